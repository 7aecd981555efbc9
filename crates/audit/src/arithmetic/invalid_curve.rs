//! Points of small order that are on no curve of the standards.
//!
//! The usual formulas don't use the curve's `b`, so a point that is on another curve of the same field is multiplied there.
//! When its order is small, the product is one of few points, whatever the secret scalar.

use num_bigint::BigUint;

use super::curve::Curve;

/// A point off the curve, and the x coordinates that most of its multiples have.
pub(crate) struct SmallPoint {
    /// Its order on its own curve.
    pub(crate) order: u8,
    /// The point.
    pub(crate) x: BigUint,
    pub(crate) y: BigUint,
    /// The x coordinates of its multiples that are not infinity.
    pub(crate) multiples: Vec<BigUint>,
}

/// A point of each of the orders 2, 3 and 4. An odd scalar is caught by the first and the last, one that is no multiple of
/// three by the second: eleven scalars of twelve.
pub(crate) fn small_points(curve: &Curve) -> Vec<SmallPoint> {
    let numbers = || (2u32..200).map(BigUint::from);
    // y = 0: the tangent is upright.
    let second = numbers().find(|x| !curve.contains(x, &BigUint::ZERO));
    let second = second.map(|x| SmallPoint { order: 2, multiples: vec![x.clone()], x, y: BigUint::ZERO });
    let third = numbers().find_map(|x| of_order_three(curve, x));
    let fourth = numbers().find_map(|x| of_order_four(curve, &x));
    [second, third, fourth].into_iter().flatten().collect()
}

/// 2P = -P: the slope's square is 3x, so y² = (3x² + a)² / 12x.
fn of_order_three(curve: &Curve, x: BigUint) -> Option<SmallPoint> {
    let p = &curve.p;
    let t = tangent(curve, &x);
    let y = curve.root(&(&t * &t * (&x * 12u8).modinv(p)? % p))?;
    let point = SmallPoint { order: 3, multiples: vec![x.clone()], x, y };
    (!curve.contains(&point.x, &point.y)).then_some(point)
}

/// 2P has y = 0: with t = 3x² + a, y² is a root of 8Y² - 12xtY + t³.
fn of_order_four(curve: &Curve, x: &BigUint) -> Option<SmallPoint> {
    let p = &curve.p;
    let t = tangent(curve, x);
    let (linear, cube) = (x * &t * 12u8 % p, &t * &t * &t % p);
    let discriminant = (&linear * &linear + p * 32u8 - &cube * 32u8 % p) % p;
    let root = curve.root(&discriminant)?;
    let half = BigUint::from(16u8).modinv(p)?;
    let squares = [(&linear + &root) * &half % p, (&linear + p - &root) * &half % p];
    let y = squares.iter().find_map(|square| curve.root(square))?;
    let slope = &t * (&y * 2u8).modinv(p)? % p;
    let doubled = (&slope * &slope + p * 2u8 - x * 2u8) % p;
    let point = SmallPoint { order: 4, multiples: vec![x.clone(), doubled], x: x.clone(), y };
    (!curve.contains(&point.x, &point.y)).then_some(point)
}

/// 3x² + a.
fn tangent(curve: &Curve, x: &BigUint) -> BigUint {
    (x * x * 3u8 + &curve.a) % &curve.p
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_points_have_their_order_and_are_off_their_curves() {
        for crv in ["P-256", "P-384", "P-521"] {
            let curve = Curve::of(crv).unwrap();
            let points = small_points(&curve);
            assert_eq!(points.iter().map(|point| point.order).collect::<Vec<_>>(), [2, 3, 4], "{crv}");
            for SmallPoint { order, x, y, multiples } in points {
                assert!(!curve.contains(&x, &y), "{crv}, order {order}");
                let point = Some((x, y));
                assert_eq!(curve.multiply(&point, &BigUint::from(order)), None, "{crv}, order {order}");
                for scalar in 1..order {
                    let (x, _) = curve.multiply(&point, &BigUint::from(scalar)).unwrap();
                    assert!(multiples.contains(&x), "{crv}, order {order}");
                }
            }
        }
    }
}

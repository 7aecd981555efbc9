//! Short Weierstrass curves: y² = x³ + ax + b over a prime field.

use num_bigint::BigUint;

/// A curve with its generator.
#[derive(Debug, Clone)]
pub(crate) struct Curve {
    /// The field's prime.
    pub(crate) p: BigUint,
    pub(super) a: BigUint,
    b: BigUint,
    /// The order of the generator.
    pub(crate) n: BigUint,
    generator: (BigUint, BigUint),
    /// How many bytes a coordinate has.
    pub(crate) coordinate_bytes: usize,
}

/// A point; `None` is the one at infinity.
pub(crate) type Point = Option<(BigUint, BigUint)>;

impl Curve {
    /// The curve of a `crv`.
    #[expect(clippy::many_single_char_names, reason = "the names of the standards")]
    pub(crate) fn of(crv: &str) -> Option<Self> {
        let hex = |text: &str| BigUint::parse_bytes(text.as_bytes(), 16);
        let [p, b, n, x, y] = match crv {
            "P-256" => P256,
            "P-384" => P384,
            "P-521" => P521,
            "secp256k1" => SECP256K1,
            _ => return None,
        };
        let p = hex(p)?;
        let a = if crv == "secp256k1" { BigUint::ZERO } else { &p - 3u8 };
        let coordinate_bytes = usize::try_from(p.bits().div_ceil(8)).ok()?;
        Some(Self { a, b: hex(b)?, n: hex(n)?, generator: (hex(x)?, hex(y)?), coordinate_bytes, p })
    }

    /// The curve that a signature algorithm fixes.
    pub(crate) fn of_algorithm(alg: &str) -> Option<Self> {
        Self::of(crate::known::algorithms::find(alg)?.crv)
    }

    /// Whether the coordinates are in range and satisfy the equation.
    pub(crate) fn contains(&self, x: &BigUint, y: &BigUint) -> bool {
        x < &self.p && y < &self.p && (y * y) % &self.p == self.right_side(x)
    }

    /// The points with this x coordinate, if there are any.
    pub(crate) fn lift(&self, x: &BigUint) -> Option<[(BigUint, BigUint); 2]> {
        // Every prime here is 3 mod 4, so the root is a power.
        let y = self.right_side(x).modpow(&((&self.p + 1u8) >> 2), &self.p);
        self.contains(x, &y).then(|| [(x.clone(), y.clone()), (x.clone(), &self.p - y)])
    }

    /// A square root, if there is one.
    pub(super) fn root(&self, square: &BigUint) -> Option<BigUint> {
        // Every prime here is 3 mod 4, so the root is a power.
        let root = square.modpow(&((&self.p + 1u8) >> 2), &self.p);
        (&root * &root % &self.p == *square).then_some(root)
    }

    /// `scalar` times the generator.
    pub(crate) fn base(&self, scalar: &BigUint) -> Point {
        self.multiply(&Some(self.generator.clone()), scalar)
    }

    /// `scalar` times a point.
    pub(crate) fn multiply(&self, point: &Point, scalar: &BigUint) -> Point {
        let mut sum = None;
        for bit in (0..scalar.bits()).rev() {
            sum = self.add(&sum, &sum);
            if scalar.bit(bit) {
                sum = self.add(&sum, point);
            }
        }
        sum
    }

    /// The sum of two points.
    pub(crate) fn add(&self, left: &Point, right: &Point) -> Point {
        let (Some((x1, y1)), Some((x2, y2))) = (left, right) else {
            return left.clone().or_else(|| right.clone());
        };
        let p = &self.p;
        let slope = if x1 != x2 {
            (y2 + p - y1) * (x2 + p - x1).modinv(p)?
        } else if y1 == y2 {
            (x1 * x1 * 3u8 + &self.a) * (y1 * 2u8).modinv(p)?
        } else {
            return None;
        } % p;
        let x = (&slope * &slope + p + p - x1 - x2) % p;
        let y = (slope * (x1 + p - &x) + p - y1) % p;
        Some((x, y))
    }

    /// The negative of a point.
    pub(crate) fn negate(&self, point: &Point) -> Point {
        point.as_ref().map(|(x, y)| (x.clone(), (&self.p - y) % &self.p))
    }

    fn right_side(&self, x: &BigUint) -> BigUint {
        (x * x * x + &self.a * x + &self.b) % &self.p
    }
}

/// p, b, n, and the generator's x and y (FIPS 186-4 appendix D; SEC 2).
type Constants = [&'static str; 5];

const P256: Constants = [
    "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
    "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
];
const P384: Constants = [
    "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
    "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
    "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
    "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
];
const P521: Constants = [
    "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00",
    "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
    "00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66",
    "011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650",
];
const SECP256K1: Constants = [
    "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f",
    "07",
    "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
    "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
    "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generators_are_on_their_curves_and_have_their_order() {
        for crv in ["P-256", "P-384", "P-521", "secp256k1"] {
            let curve = Curve::of(crv).unwrap();
            let (x, y) = &curve.generator;
            assert!(curve.contains(x, y), "{crv}");
            assert!(!curve.contains(y, x), "{crv}");
            assert_eq!(curve.base(&curve.n), None, "{crv}");
            let twice = curve.base(&BigUint::from(2u8));
            assert_eq!(curve.add(&Some(curve.generator.clone()), &Some(curve.generator.clone())), twice, "{crv}");
            assert_eq!(curve.lift(x).unwrap().iter().filter(|(_, root)| root == y).count(), 1, "{crv}");
        }
    }
}

//! ECDH on P-256 as a careless library does it: the formulas of the curve, and no look at whether a point is on it.

use aws_lc_rs::agreement::PrivateKey;
use aws_lc_rs::encoding::{AsBigEndian, EcPrivateKeyBin};
use num_bigint::BigUint;

type Point = Option<(BigUint, BigUint)>;

/// The x coordinate of the private key times a point.
pub(super) fn agree(key: &PrivateKey, x: &[u8], y: &[u8]) -> Option<Vec<u8>> {
    let p = BigUint::parse_bytes(b"ffffffff00000001000000000000000000000000ffffffffffffffffffffffff", 16).unwrap();
    let scalar: EcPrivateKeyBin<'_> = key.as_be_bytes().unwrap();
    let scalar = BigUint::from_bytes_be(scalar.as_ref());
    let point = Some((BigUint::from_bytes_be(x), BigUint::from_bytes_be(y)));
    let mut sum = None;
    for bit in (0..scalar.bits()).rev() {
        sum = add(&p, &sum, &sum);
        if scalar.bit(bit) {
            sum = add(&p, &sum, &point);
        }
    }
    let bytes = sum?.0.to_bytes_be();
    Some([vec![0; 32 - bytes.len()], bytes].concat())
}

fn add(p: &BigUint, left: &Point, right: &Point) -> Point {
    let (Some((x1, y1)), Some((x2, y2))) = (left, right) else { return left.clone().or_else(|| right.clone()) };
    let slope = if x1 != x2 {
        (y2 + p - y1) * (x2 + p - x1).modinv(p)?
    } else if y1 == y2 {
        (x1 * x1 * 3u8 + p - 3u8) * (y1 * 2u8).modinv(p)?
    } else {
        return None;
    };
    let x = (&slope * &slope + p + p - x1 - x2) % p;
    let y = (slope % p * (x1 + p - &x) + p - y1) % p;
    Some((x, y))
}

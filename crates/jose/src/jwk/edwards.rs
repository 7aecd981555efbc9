//! Checks of public keys on Curve25519. Nothing here is secret, so that nothing needs constant time.

use crate::error::Error;

/// Checks an Ed25519 public key: the canonical encoding of a point on the curve (RFC 8032 section 5.1.3) that is not
/// of small order.
///
/// For a point of small order a signature can be made without a private key that holds for every message; the
/// cryptographic library accepts such points, and such signatures.
pub(super) fn check_public_key(key: &[u8; 32]) -> Result<(), Error> {
    let y = without_sign(*key);
    if !is_reduced(&y) {
        return Err(Error::KeyEncoding);
    }
    if SMALL_ORDER_Y.contains(&y) {
        return Err(Error::PointSmallOrder);
    }
    if is_on_curve(Field::from_bytes(&y)) { Ok(()) } else { Err(Error::PointInvalid) }
}

/// Checks an X25519 public key: not of small order, so that the shared secret is not zero (RFC 7748 section 6.1).
pub(super) fn check_montgomery(key: &[u8; 32]) -> Result<(), Error> {
    if SMALL_ORDER_U.contains(&without_sign(*key)) { Err(Error::PointSmallOrder) } else { Ok(()) }
}

/// The top bit is the sign of x in Ed25519, and ignored in X25519.
fn without_sign(mut key: [u8; 32]) -> [u8; 32] {
    let [.., last] = &mut key;
    *last &= 0x7f;
    key
}

/// Whether a number of 255 bits is below p = 2^255 - 19.
fn is_reduced(y: &[u8; 32]) -> bool {
    let [first, middle @ .., last] = y;
    *first < 0xed || *last != 0x7f || middle.iter().any(|byte| *byte != 0xff)
}

/// RFC 8032 section 5.1.3: x^2 = (y^2 - 1) / (d y^2 + 1) must be a square. A quotient is one if the product is.
fn is_on_curve(y: Field) -> bool {
    let squared = y.times(y);
    let (numerator, denominator) = (squared.minus_one(), D.times(squared).plus_one());
    numerator.times(denominator).is_square()
}

/// A number modulo p in five limbs of 51 bits and a little more.
#[derive(Debug, Clone, Copy)]
struct Field([u64; 5]);

impl Field {
    const ONE: Self = Self([1, 0, 0, 0, 0]);

    fn from_bytes(bytes: &[u8; 32]) -> Self {
        let ([a, b, c, d], _) = bytes.as_chunks::<8>() else { return Self::ONE };
        let [a, b, c, d] = [a, b, c, d].map(|word| u64::from_le_bytes(*word));
        Self([a & LIMB, (a >> 51 | b << 13) & LIMB, (b >> 38 | c << 26) & LIMB, (c >> 25 | d << 39) & LIMB, d >> 12])
    }

    /// The product, by columns; what overflows 2^255 comes back in 19 times.
    fn times(self, other: Self) -> Self {
        let [a0, a1, a2, a3, a4] = self.0.map(u128::from);
        let [b0, b1, b2, b3, b4] = other.0.map(u128::from);
        Self::carry([
            a0 * b0 + 19 * (a1 * b4 + a2 * b3 + a3 * b2 + a4 * b1),
            a0 * b1 + a1 * b0 + 19 * (a2 * b4 + a3 * b3 + a4 * b2),
            a0 * b2 + a1 * b1 + a2 * b0 + 19 * (a3 * b4 + a4 * b3),
            a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0 + 19 * (a4 * b4),
            a0 * b4 + a1 * b3 + a2 * b2 + a3 * b1 + a4 * b0,
        ])
    }

    fn carry(columns: [u128; 5]) -> Self {
        let mut carry = 0;
        let limbs = columns.map(|column| {
            let sum = column + carry;
            carry = sum >> 51;
            low(sum)
        });
        let [first, second, rest @ ..] = limbs;
        let first = u128::from(first) + 19 * carry;
        let second = second + low(first >> 51);
        let [third, fourth, fifth] = rest;
        Self([low(first), second, third, fourth, fifth])
    }

    fn plus_one(self) -> Self {
        self.plus([1, 0, 0, 0, 0])
    }

    /// Adds p - 1.
    fn minus_one(self) -> Self {
        self.plus([LIMB - 19, LIMB, LIMB, LIMB, LIMB])
    }

    fn plus(self, other: [u64; 5]) -> Self {
        let mut other = other.into_iter();
        Self::carry(self.0.map(|limb| u128::from(limb) + other.next().map_or(0, u128::from)))
    }

    /// Euler's criterion: z^((p - 1) / 2) = 1. The exponent is 2^254 - 10.
    fn is_square(self) -> bool {
        let exponent = [u64::MAX >> 2, u64::MAX, u64::MAX, u64::MAX - 9];
        let bits = exponent.iter().flat_map(|word| (0..64).rev().map(move |bit| word >> bit & 1 == 1));
        let power = bits.fold(Self::ONE, |power, bit| {
            let squared = power.times(power);
            if bit { squared.times(self) } else { squared }
        });
        power.is_one()
    }

    fn is_one(self) -> bool {
        // Limbs may carry a little more than 51 bits, and the number may be p + 1: two rounds settle both.
        let settled = Self::carry(Self::carry(self.0.map(u128::from)).0.map(u128::from));
        settled.0 == Self::ONE.0 || settled.0 == [LIMB - 17, LIMB, LIMB, LIMB, LIMB]
    }
}

/// The low 51 bits.
fn low(sum: u128) -> u64 {
    u64::try_from(sum & u128::from(LIMB)).unwrap_or(0)
}

const LIMB: u64 = (1 << 51) - 1;

/// The curve's constant d (RFC 8032 section 5.1).
const D: Field = Field([
    929_955_233_495_203,
    466_365_720_129_213,
    1_662_059_464_998_953,
    2_033_849_074_728_123,
    1_442_794_654_840_575,
]);

/// The y of the points of order 1, 2, 4 and 8.
const SMALL_ORDER_Y: [[u8; 32]; 5] = [
    number(1, 0, 0),
    number(0xec, 0xff, 0x7f),
    number(0, 0, 0),
    *b"\x26\xe8\x95\x8f\xc2\xb2\x27\xb0\x45\xc3\xf4\x89\xf2\xef\x98\xf0\xd5\xdf\xac\x05\xd3\xc6\x33\x39\xb1\x38\x02\x88\x6d\x53\xfc\x05",
    *b"\xc7\x17\x6a\x70\x3d\x4d\xd8\x4f\xba\x3c\x0b\x76\x0d\x10\x67\x0f\x2a\x20\x53\xfa\x2c\x39\xcc\xc6\x4e\xc7\xfd\x77\x92\xac\x03\x7a",
];

/// The u of the points of small order on Curve25519 and its twist, as numbers of 255 bits: 0, 1, p - 1, p, p + 1 and
/// two of order 8.
const SMALL_ORDER_U: [[u8; 32]; 7] = [
    number(0, 0, 0),
    number(1, 0, 0),
    number(0xec, 0xff, 0x7f),
    number(0xed, 0xff, 0x7f),
    number(0xee, 0xff, 0x7f),
    *b"\xe0\xeb\x7a\x7c\x3b\x41\xb8\xae\x16\x56\xe3\xfa\xf1\x9f\xc4\x6a\xda\x09\x8d\xeb\x9c\x32\xb1\xfd\x86\x62\x05\x16\x5f\x49\xb8\x00",
    *b"\x5f\x9c\x95\xbc\xa3\x50\x8c\x24\xb1\xd0\xb1\x55\x9c\x83\xef\x5b\x04\x44\x5c\xc4\x58\x1c\x8e\x86\xd8\x22\x4e\xdd\xd0\x9f\x11\x57",
];

/// A number by its first byte, those in the middle, and its last.
const fn number(first: u8, middle: u8, last: u8) -> [u8; 32] {
    let mut bytes = [middle; 32];
    let [low, .., high] = &mut bytes;
    *low = first;
    *high = last;
    bytes
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};

    use super::*;

    #[test]
    fn real_keys_pass() {
        for seed in 0..=255 {
            let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
            assert_eq!(check_public_key(pair.public_key().as_ref().try_into().unwrap()), Ok(()));
        }
    }

    #[test]
    fn about_half_of_all_numbers_are_no_points() {
        let is_point = |y: &u8| check_public_key(&number(*y, 0, 0)).is_ok();
        // Calculated independently with big integers.
        let points: Vec<u8> = (2..40).filter(is_point).collect();
        assert_eq!(
            points,
            [3, 4, 5, 6, 9, 10, 14, 15, 16, 18, 19, 21, 23, 24, 25, 26, 27, 28, 29, 30, 32, 33, 35, 37, 39]
        );
    }

    #[test]
    fn points_of_small_order_and_unreduced_numbers_are_refused() {
        for y in SMALL_ORDER_Y {
            let mut negative = y;
            negative[31] |= 0x80;
            assert_eq!(check_public_key(&y), Err(Error::PointSmallOrder));
            assert_eq!(check_public_key(&negative), Err(Error::PointSmallOrder));
        }
        for first in 0xed..=0xff {
            for last in [0x7f, 0xff] {
                assert_eq!(check_public_key(&number(first, 0xff, last)), Err(Error::KeyEncoding));
            }
        }
        for u in SMALL_ORDER_U {
            assert_eq!(check_montgomery(&u), Err(Error::PointSmallOrder));
        }
        assert_eq!(check_montgomery(&number(9, 0, 0)), Ok(()));
    }
}

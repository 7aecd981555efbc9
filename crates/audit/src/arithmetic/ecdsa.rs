//! What signatures tell of the key: its private half when a nonce was used twice, its public half always.

use aws_lc_rs::digest;
use num_bigint::BigUint;

use super::curve::{Curve, Point};
use crate::evidence::{Key, Token, to_base64url};

/// Whether two signatures have the same `r`.
pub(crate) fn same_nonce(first: &[u8], second: &[u8]) -> bool {
    let half = first.len() / 2;
    first.len() == second.len() && half >= 32 && first.get(..half) == second.get(..half)
}

/// Computes the private key from two tokens with one nonce, and shows that it is the key: its public half verifies the
/// first signature, or is among the published keys. Gives the public key's thumbprint-like name, never the private key.
pub(crate) fn recover_private<'a>(
    first: &Token,
    second: &Token,
    mut published: impl Iterator<Item = &'a Key>,
) -> Option<String> {
    let curve = Curve::of_algorithm(first.alg())?;
    let n = &curve.n;
    let (r, s1, z1) = parts(first, &curve)?;
    let (_, s2, z2) = parts(second, &curve)?;
    // The nonces may be negatives of each other: s and n - s both belong to the same r.
    for s2 in [s2.clone(), n - &s2] {
        let difference = (&s1 + n - &s2) % n;
        let Some(inverse) = difference.modinv(n) else { continue };
        let k = ((&z1 + n - &z2) % n) * inverse % n;
        let d = ((&s1 * &k + n - &z1) % n) * r.modinv(n)? % n;
        let public = curve.base(&d)?;
        let k_point = curve.base(&k)?;
        if k_point.0 % n != r {
            continue;
        }
        let text = point_text(&public, &curve);
        let known = published.any(|key| key.integer("x").as_ref() == Some(&public.0));
        return Some(if known { format!("{text} (published)") } else { text });
    }
    None
}

/// The public keys that could have made a signature: usually two.
pub(crate) fn recover_public(token: &Token) -> Vec<(BigUint, BigUint)> {
    let recover = || -> Option<Vec<(BigUint, BigUint)>> {
        let curve = Curve::of_algorithm(token.alg())?;
        let n = &curve.n;
        let (r, s, z) = parts(token, &curve)?;
        let inverse = r.modinv(n)?;
        let minus_z = curve.negate(&curve.base(&(z % n)));
        let keys = curve.lift(&r)?.into_iter().filter_map(|point| {
            let sum: Point = curve.add(&curve.multiply(&Some(point), &s), &minus_z);
            curve.multiply(&sum, &inverse)
        });
        Some(keys.collect())
    };
    recover().unwrap_or_default()
}

/// r, s and the hash as an integer.
fn parts(token: &Token, curve: &Curve) -> Option<(BigUint, BigUint, BigUint)> {
    let signature = token.signature();
    let (r, s) = signature.split_at_checked(curve.coordinate_bytes).filter(|(r, s)| r.len() == s.len())?;
    let hash = match token.alg() {
        "ES256" | "ES256K" => &digest::SHA256,
        "ES384" => &digest::SHA384,
        "ES512" => &digest::SHA512,
        _ => return None,
    };
    let z = BigUint::from_bytes_be(digest::digest(hash, token.signing_input().as_bytes()).as_ref());
    Some((BigUint::from_bytes_be(r), BigUint::from_bytes_be(s), z))
}

fn point_text(point: &(BigUint, BigUint), curve: &Curve) -> String {
    let mut bytes = point.0.to_bytes_be();
    while bytes.len() < curve.coordinate_bytes {
        bytes.insert(0, 0);
    }
    format!("x = {}", to_base64url(&bytes))
}

#[cfg(test)]
#[expect(clippy::many_single_char_names, reason = "the names of the standards")]
mod tests {
    use super::*;
    use crate::outcome::Place;

    fn sign(claims: &str, d: &BigUint, k: &BigUint) -> Token {
        let curve = Curve::of("P-256").unwrap();
        let n = &curve.n;
        let input = format!("{}.{}", to_base64url(br#"{"alg":"ES256"}"#), to_base64url(claims.as_bytes()));
        let z = BigUint::from_bytes_be(digest::digest(&digest::SHA256, input.as_bytes()).as_ref());
        let r = curve.base(k).unwrap().0 % n;
        let s = k.modinv(n).unwrap() * (z + &r * d) % n;
        let fixed = |value: &BigUint| {
            let bytes = value.to_bytes_be();
            [vec![0; 32 - bytes.len()], bytes].concat()
        };
        let signature = to_base64url(&[fixed(&r), fixed(&s)].concat());
        Token::parse(&format!("{input}.{signature}"), Place::default()).unwrap()
    }

    #[test]
    fn the_private_key_follows_from_a_nonce_used_twice() {
        let (d, k) = (BigUint::from(0x1234_5678_9abc_def0_u64), BigUint::from(0xdead_beef_u32));
        let (first, second) = (sign(r#"{"sub":"a"}"#, &d, &k), sign(r#"{"sub":"b"}"#, &d, &k));
        assert!(same_nonce(&first.signature(), &second.signature()));
        let curve = Curve::of("P-256").unwrap();
        let expected = point_text(&curve.base(&d).unwrap(), &curve);
        assert_eq!(recover_private(&first, &second, std::iter::empty()), Some(expected));
        let other = sign(r#"{"sub":"b"}"#, &d, &(k + 1u8));
        assert!(!same_nonce(&first.signature(), &other.signature()));
    }

    #[test]
    fn the_public_key_follows_from_one_signature() {
        let (d, k) = (BigUint::from(987_654_321_u64), BigUint::from(123_456_u32));
        let public = Curve::of("P-256").unwrap().base(&d).unwrap();
        assert!(recover_public(&sign(r#"{"sub":"a"}"#, &d, &k)).contains(&public));
    }
}

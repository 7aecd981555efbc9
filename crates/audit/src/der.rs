//! As much DER as forged certificates and the many texts of a public key need.

use probity_jose::{SignatureAlgorithm, SigningKey};

use crate::evidence::{Json, Key, to_base64};
use crate::outcome::Place;

/// A public key as SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7).
pub(crate) fn spki(key: &Key) -> Option<Vec<u8>> {
    let bits = |bytes: &[u8]| tagged(0x03, &[&[0][..], bytes].concat());
    let (algorithm, public) = match (key.kty(), key.crv()) {
        ("RSA", _) => (sequence(&[&oid(RSA), &[5, 0]]), bits(&pkcs1(key)?)),
        ("EC", crv) => {
            let curve = match crv {
                "P-256" => P256,
                "P-384" => P384,
                "P-521" => P521,
                "secp256k1" => SECP256K1,
                _ => return None,
            };
            (sequence(&[&oid(EC), &oid(curve)]), bits(&point(key)?))
        }
        ("OKP", "Ed25519") => (sequence(&[&oid(ED25519)]), bits(&key.bytes("x")?)),
        _ => return None,
    };
    Some(sequence(&[&algorithm, &public]))
}

/// An RSA key as RSAPublicKey (RFC 8017 appendix A.1.1).
pub(crate) fn pkcs1(key: &Key) -> Option<Vec<u8>> {
    Some(sequence(&[&integer(&key.integer("n")?.to_bytes_be()), &integer(&key.integer("e")?.to_bytes_be())]))
}

/// An EC point, uncompressed.
pub(crate) fn point(key: &Key) -> Option<Vec<u8>> {
    Some([&[4][..], &key.bytes("x")?, &key.bytes("y")?].concat())
}

/// A PEM text with lines of 64 characters and a line end behind.
pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let text = to_base64(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// A certificate that a key of ours signs for itself.
pub(crate) fn self_signed(key: &SigningKey) -> Option<Vec<u8>> {
    let jwk = Key { json: Json::parse(&key.public_jwk()?)?, place: Place::default() };
    let algorithm = match key.algorithm() {
        SignatureAlgorithm::Rs256 => sequence(&[&oid(SHA256_RSA), &[5, 0]]),
        SignatureAlgorithm::Es256 => sequence(&[&oid(ECDSA_SHA256)]),
        SignatureAlgorithm::EdDsa | SignatureAlgorithm::Ed25519 => sequence(&[&oid(ED25519)]),
        _ => return None,
    };
    let name = sequence(&[&tagged(0x31, &sequence(&[&oid(COMMON_NAME), &tagged(0x0c, b"probity-audit")]))]);
    let validity = sequence(&[&tagged(0x17, b"200101000000Z"), &tagged(0x17, b"491231235959Z")]);
    let tbs =
        sequence(&[&tagged(0xa0, &integer(&[2])), &integer(&[1]), &algorithm, &name, &validity, &name, &spki(&jwk)?]);
    let signature = key.sign(&tbs).ok()?;
    let signature = match key.algorithm() {
        SignatureAlgorithm::Es256 => {
            let (r, s) = signature.split_at_checked(signature.len() / 2)?;
            sequence(&[&integer(r), &integer(s)])
        }
        _ => signature,
    };
    Some(sequence(&[&tbs, &algorithm, &tagged(0x03, &[&[0][..], &signature].concat())]))
}

fn tagged(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = contents.len();
    let mut der = vec![tag];
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => der.push(short),
        Ok(short) => der.extend([0x81, short]),
        Err(_) => {
            der.push(0x82);
            der.extend(u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes());
        }
    }
    der.extend(contents);
    der
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tagged(0x30, &parts.concat())
}

fn integer(bytes: &[u8]) -> Vec<u8> {
    let significant: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
    let padded = if significant.first().is_none_or(|byte| *byte >= 0x80) {
        [vec![0], significant].concat()
    } else {
        significant
    };
    tagged(0x02, &padded)
}

fn oid(bytes: &[u8]) -> Vec<u8> {
    tagged(0x06, bytes)
}

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const SHA256_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const P384: &[u8] = &[0x2b, 0x81, 4, 0, 0x22];
const P521: &[u8] = &[0x2b, 0x81, 4, 0, 0x23];
const SECP256K1: &[u8] = &[0x2b, 0x81, 4, 0, 0x0a];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const COMMON_NAME: &[u8] = &[0x55, 4, 3];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_certificates_hold_our_keys() {
        for algorithm in [SignatureAlgorithm::Rs256, SignatureAlgorithm::Es256, SignatureAlgorithm::EdDsa] {
            let key = SigningKey::generate(algorithm).unwrap();
            let jwk = Key { json: Json::parse(&key.public_jwk().unwrap()).unwrap(), place: Place::default() };
            let certificate = self_signed(&key).unwrap();
            assert_eq!(crate::live::certificate_key(&certificate), spki(&jwk), "{algorithm}");
        }
        assert!(self_signed(&SigningKey::generate(SignatureAlgorithm::Hs256).unwrap()).is_none());
    }
}

//! Checks signatures, each flaw in its own way.

use aws_lc_rs::{digest, hmac};
use num_bigint::BigUint;
use probity_audit::evidence::{Json, base64, base64url, to_base64, to_base64url};
use probity_jose::{SignatureAlgorithm, SigningKey, VerifyingKey};

use super::{Flaw, Refusal, SECRET, Verifier};

impl Verifier {
    pub(super) fn check_signature(
        &self,
        alg: &str,
        header: &Json,
        input: &str,
        signature: &[u8],
    ) -> Result<(), Refusal> {
        let flaw = self.flaw;
        let hs = |secret: &[u8]| alg == "HS256" && mac(secret, input) == signature;
        let own = self.keys.own.public_jwk().unwrap();
        let accepted = match flaw {
            Flaw::SignatureIgnored => true,
            Flaw::NoneAccepted => alg == "none",
            Flaw::NoneInOddCase => alg == "nOnE",
            Flaw::EmptySignatureAccepted => signature.is_empty(),
            Flaw::PemAsSecret | Flaw::PemOfRecoveredKeyAsSecret => hs(pem(&own).as_bytes()),
            Flaw::DerAsSecret => hs(&spki(&own)),
            Flaw::KeySetAsSecret => hs(self.keys.set(flaw).as_bytes()),
            Flaw::ZeroSignatureAccepted => {
                alg == "ES256" && signature.len() == 64 && signature.iter().all(|byte| *byte == 0)
            }
            Flaw::EmptySecretAccepted => hs(b""),
            Flaw::CommonSecretAccepted => hs(b"your-384-bit-secret"),
            Flaw::PublishedSecretTrusted => hs(SECRET),
            Flaw::KidIsAFile => header.text("kid").is_some_and(|kid| kid.contains("/dev/null")) && hs(b""),
            Flaw::KidReachesSql => header
                .text("kid")
                .and_then(|kid| kid.split_once("' UNION SELECT '"))
                .is_some_and(|(_, rest)| hs(rest.split('\'').next().unwrap().as_bytes())),
            Flaw::EmbeddedKeyTrusted => header.get("jwk").is_some_and(|jwk| {
                let alg = alg.parse().ok();
                alg.and_then(|alg| VerifyingKey::from_jwk(jwk.to_string().as_bytes(), alg).ok())
                    .is_some_and(|key| key.verify(input.as_bytes(), signature).is_ok())
            }),
            Flaw::EmbeddedCertificateTrusted => header
                .get("x5c")
                .and_then(|chain| base64(chain.elements().first()?.as_str()?))
                .is_some_and(|der| certificate_verifies(&der, input, signature)),
            Flaw::CertificateUrlTrusted => self.fetched().is_some_and(|pem| {
                let text: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
                base64(&text).is_some_and(|der| certificate_verifies(&der, input, signature))
            }),
            Flaw::KeyUrlTrusted => self.fetched().and_then(|set| Json::parse(&set)).is_some_and(|set| {
                set.get("keys").map(Json::elements).unwrap_or_default().iter().any(|jwk| {
                    let alg = alg.parse().ok();
                    alg.and_then(|alg| VerifyingKey::from_jwk(jwk.to_string().as_bytes(), alg).ok())
                        .is_some_and(|key| key.verify(input.as_bytes(), signature).is_ok())
                })
            }),
            Flaw::IssuerNotBoundToKeys => verifies(&self.keys.other_issuer, input, signature),
            Flaw::WithdrawnKeyTrusted => verifies(&self.keys.withdrawn, input, signature),
            Flaw::CubeRootAccepted => {
                let block =
                    (BigUint::from_bytes_be(signature).modpow(&BigUint::from(3u8), &self.keys.cube)).to_bytes_be();
                let hash = digest::digest(&digest::SHA256, input.as_bytes());
                // The careless check: padding, hash, and no look at what follows.
                block.windows(32).any(|window| window == hash.as_ref()) && block.first() == Some(&1)
            }
            Flaw::AlgorithmNotBound if alg == "HS512" => {
                hmac::sign(&hmac::Key::new(hmac::HMAC_SHA512, SECRET), input.as_bytes()).as_ref() == signature
            }
            _ => false,
        };
        if accepted {
            return Ok(());
        }
        if uses_hmac(flaw) {
            let tag = mac(SECRET, input);
            let right = if flaw == Flaw::MacComparedByItsLength {
                !signature.is_empty() && tag.starts_with(signature)
            } else {
                tag == signature
            };
            return if alg == "HS256" && right { Ok(()) } else { Err("signature".into()) };
        }
        if alg != "ES256" {
            return Err("alg".into());
        }
        if header.text("kid") != Some("k1") && flaw != Flaw::UnknownKidFallsBack {
            return Err("kid".into());
        }
        if verifies(&self.keys.own, input, signature) { Ok(()) } else { Err("signature".into()) }
    }
}

/// Whether a verifier of this flaw takes tokens by HMAC.
pub(crate) fn uses_hmac(flaw: Flaw) -> bool {
    matches!(flaw, Flaw::MacComparedByItsLength | Flaw::AlgorithmNotBound)
}

pub(super) fn mac(secret: &[u8], input: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), input.as_bytes()).as_ref().to_vec()
}

fn verifies(key: &SigningKey, input: &str, signature: &[u8]) -> bool {
    key.verifying_key().unwrap().verify(input.as_bytes(), signature).is_ok()
}

/// SubjectPublicKeyInfo of a P-256 key: a fixed prefix and the point.
fn spki(jwk: &str) -> Vec<u8> {
    let jwk = Json::parse(jwk).unwrap();
    let prefix = probity_audit::evidence::hex("3059301306072a8648ce3d020106082a8648ce3d03010703420004").unwrap();
    [prefix, base64url(jwk.text("x").unwrap()).unwrap(), base64url(jwk.text("y").unwrap()).unwrap()].concat()
}

fn pem(jwk: &str) -> String {
    let text = to_base64(&spki(jwk));
    let (first, second) = text.split_at(64);
    format!("-----BEGIN PUBLIC KEY-----\n{first}\n{second}\n-----END PUBLIC KEY-----\n")
}

/// Whether a P-256 key in a certificate verifies: its point stands at a fixed place before the signature.
fn certificate_verifies(der: &[u8], input: &str, signature: &[u8]) -> bool {
    let at = der.windows(2).position(|window| window == [0, 4]).unwrap_or(0) + 2;
    der.get(at..at + 64).is_some_and(|point| {
        let (x, y) = point.split_at(32);
        let jwk = format!(r#"{{"kty":"EC","crv":"P-256","x":"{}","y":"{}"}}"#, to_base64url(x), to_base64url(y));
        VerifyingKey::from_jwk(jwk.as_bytes(), SignatureAlgorithm::Es256)
            .is_ok_and(|key| key.verify(input.as_bytes(), signature).is_ok())
    })
}

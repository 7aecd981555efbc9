//! The keys of the play, and the tokens that they sign.

use aws_lc_rs::encoding::{AsBigEndian, EcPrivateKeyBin};
use aws_lc_rs::{aead, agreement, digest};
use num_bigint::BigUint;
use probity_audit::evidence::{Json, to_base64url};
use probity_jose::{SignatureAlgorithm, SigningKey};

use super::Flaw;
use super::signature::{mac, uses_hmac};

/// The keys of the play.
pub(crate) struct Keys {
    pub(crate) own: SigningKey,
    pub(crate) other_issuer: SigningKey,
    pub(crate) withdrawn: SigningKey,
    pub(crate) dpop: SigningKey,
    pub(crate) decryption: agreement::PrivateKey,
    pub(crate) cube: BigUint,
}

impl Keys {
    pub(crate) fn new() -> Self {
        let key = |kid: &str| SigningKey::generate(SignatureAlgorithm::Es256).unwrap().with_key_id(kid);
        Self {
            own: key("k1"),
            other_issuer: key("other"),
            withdrawn: key("old"),
            dpop: key("dpop"),
            decryption: odd_key(),
            // Any modulus will do: nobody needs its factors to be fooled by a cube root.
            cube: (BigUint::from(1u8) << 2047u32)
                + BigUint::from_bytes_be(digest::digest(&digest::SHA512, b"cube").as_ref())
                + 1u8,
        }
    }

    /// The published key set.
    pub(crate) fn set(&self, flaw: Flaw) -> String {
        let mut keys = vec![self.own.public_jwk().unwrap()];
        if decrypts(flaw) {
            let public = self.decryption.compute_public_key().unwrap();
            let (x, y) = public.as_ref()[1..].split_at(32);
            keys.push(format!(
                r#"{{"kty":"EC","crv":"P-256","use":"enc","kid":"e1","x":"{}","y":"{}"}}"#,
                to_base64url(x),
                to_base64url(y)
            ));
        }
        if flaw == Flaw::CubeRootAccepted {
            keys.push(format!(
                r#"{{"kty":"RSA","kid":"cube","e":"Aw","n":"{}"}}"#,
                to_base64url(&self.cube.to_bytes_be())
            ));
        }
        if flaw == Flaw::PublishedSecretTrusted {
            keys.push(format!(r#"{{"kty":"oct","kid":"leaked","k":"{}"}}"#, to_base64url(SECRET)));
        }
        format!(r#"{{"keys":[{}]}}"#, keys.join(","))
    }
}

/// Whether a verifier of this flaw has a key for encryption.
pub(super) fn decrypts(flaw: Flaw) -> bool {
    matches!(
        flaw,
        Flaw::EncryptedTakenForSigned
            | Flaw::NestedEncryptedAccepted
            | Flaw::InvalidCurveAccepted
            | Flaw::UnpacksEverything
    )
}

/// A key whose scalar is odd: every point of order 2 gives such keys away.
fn odd_key() -> agreement::PrivateKey {
    loop {
        let key = agreement::PrivateKey::generate(&agreement::ECDH_P256).unwrap();
        let scalar: EcPrivateKeyBin<'_> = key.as_be_bytes().unwrap();
        if scalar.as_ref().last().is_some_and(|byte| byte % 2 == 1) {
            return key;
        }
    }
}

/// The secret of verifiers that use HMAC, and of those that decrypt.
pub(crate) const SECRET: &[u8; 32] = b"\x8b\x01\xf3 a long secret, nobody's!!\x11\x99\x02";

pub(crate) const ISSUER: &str = "https://issuer.example";
pub(crate) const AUDIENCE: &str = "https://api.example";

/// The claims of a good token.
pub(crate) fn claims(now: i64) -> Json {
    let text = format!(
        r#"{{"iss":"{ISSUER}","sub":"alice","aud":"{AUDIENCE}","client_id":"web","iat":{},"exp":{},"jti":"9f4e1d3c-9a8b-4c21"}}"#,
        now - 10,
        now + 1_800
    );
    Json::parse(&text).unwrap()
}

/// A good token.
pub(crate) fn mint(key: &SigningKey, flaw: Flaw, claims: &Json) -> String {
    typed(key, flaw, "at+jwt", claims)
}

/// A token of a type.
pub(crate) fn typed(key: &SigningKey, flaw: Flaw, typ: &str, claims: &Json) -> String {
    let alg = if uses_hmac(flaw) { "HS256" } else { "ES256" };
    let header = format!(r#"{{"alg":"{alg}","kid":"{}","typ":"{typ}"}}"#, key.key_id().unwrap());
    let input = format!("{}.{}", to_base64url(header.as_bytes()), to_base64url(claims.to_string().as_bytes()));
    let signature = if uses_hmac(flaw) { mac(SECRET, &input) } else { key.sign(input.as_bytes()).unwrap() };
    format!("{input}.{}", to_base64url(&signature))
}

/// A token encrypted by the shared key.
pub(crate) fn encrypted(inner: &str) -> String {
    let header = to_base64url(br#"{"alg":"dir","enc":"A256GCM","cty":"JWT"}"#);
    let cipher = aead::LessSafeKey::new(aead::UnboundKey::new(&aead::AES_256_GCM, SECRET).unwrap());
    let mut sealed = inner.as_bytes().to_vec();
    let nonce = aead::Nonce::try_assume_unique_for_key(&[9; 12]).unwrap();
    let tag = cipher.seal_in_place_separate_tag(nonce, aead::Aad::from(header.as_str()), &mut sealed).unwrap();
    format!("{header}..{}.{}.{}", to_base64url(&[9; 12]), to_base64url(&sealed), to_base64url(tag.as_ref()))
}

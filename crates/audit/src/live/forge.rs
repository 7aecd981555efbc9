//! Forged tokens, and tokens minted with the operator's key.

use probity_jose::{SignatureAlgorithm, SigningKey};

use super::plan::Attempt;
use super::request::Shot;
use super::scene::Scene;
use super::signer::{Signer, hmac_sign};
use crate::evidence::{Json, base64url, to_base64url};

/// Makes tokens that nobody should accept. Their claims are the valid token's, so that only the trick decides.
#[derive(Debug, Clone, Copy)]
pub struct Forge<'a> {
    pub(super) scene: &'a Scene,
}

impl Forge<'_> {
    /// The valid token's claims with a harmless member more: a forged token differs from the valid one in what it says.
    pub fn claims_json(&self) -> Json {
        self.scene.valid.claims.with("probity_audit", Json::from(self.scene.marker.as_str()))
    }

    /// The valid token's header with another algorithm.
    pub fn header(&self, alg: &str) -> Json {
        self.scene.valid.header.with("alg", Json::from(alg))
    }

    /// Header and claims, encoded, without signature.
    pub fn input(&self, header: &Json, claims: &Json) -> String {
        format!("{}.{}", to_base64url(header.to_string().as_bytes()), to_base64url(claims.to_string().as_bytes()))
    }

    /// A token with a given signature; the twin has as many random-looking bytes.
    pub fn with_signature(&self, what: &str, header: &Json, signature: &[u8]) -> Attempt {
        let input = self.input(header, &self.claims_json());
        let twin = noise(signature.len().max(32));
        Attempt::forgery(
            what,
            format!("{input}.{}", to_base64url(signature)),
            format!("{input}.{}", to_base64url(&twin)),
        )
    }

    /// A token signed with a secret; the twin with another one.
    pub fn hmac(&self, what: &str, header: &Json, secret: &[u8]) -> Attempt {
        let alg = header.text("alg").unwrap_or("HS256").to_owned();
        let input = self.input(header, &self.claims_json());
        let sign = |secret: &[u8]| to_base64url(&hmac_sign(&alg, secret, input.as_bytes()).unwrap_or_default());
        Attempt::forgery(what, format!("{input}.{}", sign(secret)), format!("{input}.{}", sign(&noise(48))))
    }

    /// A token signed by a key of ours; the twin has a broken signature.
    pub fn signed_by(&self, what: &str, header: &Json, key: &SigningKey) -> Attempt {
        self.claims_signed_by(what, header, &self.claims_json(), key)
    }

    /// A token with these claims signed by a key of ours; the twin has a broken signature.
    pub fn claims_signed_by(&self, what: &str, header: &Json, claims: &Json, key: &SigningKey) -> Attempt {
        let input = self.input(header, claims);
        let signature = key.sign(input.as_bytes()).unwrap_or_default();
        let twin = format!("{input}.{}", to_base64url(&flip(&signature)));
        Attempt::forgery(what, format!("{input}.{}", to_base64url(&signature)), twin)
    }

    /// A token as the operator gave it; the twin has a broken signature.
    pub fn given(&self, what: &str, token: &str) -> Attempt {
        Attempt { twin_is_forgery: false, ..Attempt::forgery(what, token.to_owned(), break_signature(token)) }
    }

    /// Any text in place of the token; the twin is the valid token with a broken signature.
    pub fn text(&self, what: &str, text: impl Into<String>) -> Attempt {
        Attempt::forgery(what, text.into(), break_signature(&self.scene.valid.text))
    }

    /// Keys of ours, one of each type.
    pub fn own_keys(&self) -> &[SigningKey] {
        &self.scene.forgery_keys
    }
}

/// Makes tokens that are validly signed by the operator's key; the twin of each has a broken signature.
#[derive(Debug, Clone, Copy)]
pub struct Minted<'a> {
    pub(super) scene: &'a Scene,
    pub(super) signer: &'a Signer,
}

impl Minted<'_> {
    /// The key's own algorithm.
    pub fn algorithm_name(&self) -> &str {
        self.signer.algorithm()
    }

    /// The header that the valid token has, for this key.
    pub fn header(&self) -> Json {
        let header = self.scene.valid.header.with("alg", Json::from(self.signer.algorithm()));
        match self.signer.kid() {
            Some(kid) => header.with("kid", Json::from(kid)),
            None => header,
        }
    }

    /// The valid token's claims, with fresh times and a new `jti`.
    pub fn claims_json(&self) -> Json {
        let now = self.scene.now;
        let claims = self.scene.valid.claims.with("exp", (now + 900).into()).with("iat", (now - 1).into());
        let claims = if claims.get("nbf").is_some() { claims.with("nbf", (now - 1).into()) } else { claims };
        if claims.get("jti").is_some() { claims.with("jti", Json::from(self.scene.marker.as_str())) } else { claims }
    }

    /// A plain token, which must be accepted for anything else to mean something.
    pub fn plain(&self) -> Attempt {
        self.token("a plain token signed by the operator's key", &self.header(), &self.claims_json())
    }

    /// A token with these claims.
    pub fn claims(&self, what: &str, change: impl FnOnce(Json) -> Json) -> Attempt {
        self.token(what, &self.header(), &change(self.claims_json()))
    }

    /// A token with one claim set.
    pub fn claim(&self, what: &str, name: &str, value: Json) -> Attempt {
        self.claims(what, |claims| claims.with(name, value))
    }

    /// A token without a claim.
    pub fn without_claim(&self, what: &str, name: &str) -> Attempt {
        self.claims(what, |claims| claims.without(name))
    }

    /// A token with another header.
    pub fn with_header(&self, what: &str, change: impl FnOnce(Json) -> Json) -> Attempt {
        self.token(what, &change(self.header()), &self.claims_json())
    }

    /// A token whose claims are any text.
    pub fn raw_claims(&self, what: &str, change: impl FnOnce(String) -> String) -> Attempt {
        self.raw(
            what,
            &self.header().to_string(),
            change(self.claims_json().to_string()).as_bytes(),
            self.signer.algorithm(),
        )
    }

    /// A token signed by another algorithm of the same key.
    pub fn algorithm(&self, what: &str, alg: &str) -> Attempt {
        let header = self.header().with("alg", Json::from(alg));
        self.raw(what, &header.to_string(), self.claims_json().to_string().as_bytes(), alg)
    }

    /// A token of this header and these claims.
    pub fn token(&self, what: &str, header: &Json, claims: &Json) -> Attempt {
        self.raw(what, &header.to_string(), claims.to_string().as_bytes(), self.signer.algorithm())
    }

    /// A token of this header and payload, byte for byte.
    pub fn raw(&self, what: &str, header: &str, payload: &[u8], alg: &str) -> Attempt {
        let input = format!("{}.{}", to_base64url(header.as_bytes()), to_base64url(payload));
        self.signature(what, &input, alg)
    }

    /// A token whose signature covers the raw payload instead of its encoding (RFC 7797).
    pub fn unencoded(&self, what: &str, header: &Json) -> Attempt {
        let payload = self.claims_json().to_string();
        let head = to_base64url(header.to_string().as_bytes());
        let signature = self.signer.sign(format!("{head}.{payload}").as_bytes()).unwrap_or_default();
        let input = format!("{head}.{}", to_base64url(payload.as_bytes()));
        let twin = format!("{input}.{}", to_base64url(&flip(&signature)));
        let shot = Shot::token(format!("{input}.{}", to_base64url(&signature)));
        Attempt::new(what, shot, Shot::token(twin))
    }

    fn signature(&self, what: &str, input: &str, alg: &str) -> Attempt {
        let signature = self.signer.sign_as(alg, input.as_bytes()).unwrap_or_default();
        let twin = format!("{input}.{}", to_base64url(&flip(&signature)));
        Attempt::new(what, Shot::token(format!("{input}.{}", to_base64url(&signature))), Shot::token(twin))
    }
}

/// Flips a significant bit in the middle: the last character's unused bits are ignored by many decoders, and so prove
/// nothing.
pub fn flip(signature: &[u8]) -> Vec<u8> {
    let mut flipped = signature.to_vec();
    let middle = flipped.len() / 2;
    if let Some(byte) = flipped.get_mut(middle) {
        *byte ^= 0x40;
    }
    flipped
}

/// A token with a bit of its last part flipped.
pub fn break_last_part(token: &str) -> String {
    break_signature(token)
}

/// A token with a significant bit of its signature flipped.
pub(super) fn break_signature(token: &str) -> String {
    let Some((input, signature)) = token.rsplit_once('.') else {
        return format!("{token}x");
    };
    let bytes = base64url(signature).filter(|bytes| !bytes.is_empty()).unwrap_or_else(|| noise(64));
    format!("{input}.{}", to_base64url(&flip(&bytes)))
}

/// Bytes that are no signature of anything.
pub(super) fn noise(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from((at * 197 + 91) % 251).unwrap_or(7)).collect()
}

/// The algorithms that keys of ours are made for.
pub const fn to_forge_keys() -> [SignatureAlgorithm; 4] {
    [SignatureAlgorithm::Rs256, SignatureAlgorithm::Es256, SignatureAlgorithm::EdDsa, SignatureAlgorithm::Hs256]
}

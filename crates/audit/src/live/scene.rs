//! What the attacks start from: the valid token, the keys, what the operator supplied.

use probity_jose::SigningKey;

use super::forge::break_signature;
use super::forge::{Forge, Minted};
use super::options::Supplies;
use super::plan::{Attempt, Plan};
use super::request::Carried;
use super::signer::Signer;
use crate::arithmetic::curve::Curve;
use crate::arithmetic::ecdsa;
use crate::evidence::{Json, Key, Token, to_base64url};
use crate::outcome::Outcome;

/// The circumstances of a live audit. Pure: it plans, it does not send.
#[derive(Debug)]
pub struct Scene {
    /// A token that the endpoint accepts.
    pub valid: Token,
    /// The issuer's public keys, as far as they are known.
    pub keys: Vec<Key>,
    /// The texts of the key sets, byte for byte.
    pub key_set_texts: Vec<String>,
    /// The certificate of the endpoint's TLS, in DER, when there is one.
    pub certificate: Option<Vec<u8>>,
    /// Other tokens that the operator gave.
    pub others: Vec<OtherToken>,
    pub(super) supplies: Supplies,
    pub(super) forgery_keys: std::sync::Arc<[SigningKey]>,
    pub(super) now: i64,
    pub(super) marker: String,
    pub(super) url: String,
    pub(super) carrier: Carried,
    pub(super) changes_state: bool,
}

/// A token of another kind, audience, environment or state, that the endpoint must refuse.
#[derive(Debug, Clone)]
pub struct OtherToken {
    /// `id`, `refresh`, `logout`, `assertion`, `audience`, `environment`, `tenant`, `dpop`, `mtls`, `expired`, `withdrawn`.
    pub kind: String,
    /// The token.
    pub text: String,
}

impl Scene {
    /// Seconds since 1970.
    pub fn now(&self) -> i64 {
        self.now
    }

    /// The audit's name for itself in tokens.
    pub fn marker(&self) -> &str {
        &self.marker
    }

    /// The valid token's claims.
    pub fn claims(&self) -> &Json {
        &self.valid.claims
    }

    /// The valid token's `iss`.
    pub fn issuer(&self) -> Option<&str> {
        self.valid.issuer()
    }

    /// The valid token's `aud`.
    pub fn audiences(&self) -> Vec<&str> {
        self.valid.audiences()
    }

    /// The operator's signing key.
    pub fn signer(&self) -> Option<&Signer> {
        self.supplies.signer.as_ref()
    }

    /// The endpoint.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where the token goes.
    pub fn carrier(&self) -> Option<&Carried> {
        Some(&self.carrier)
    }

    /// Whether the request does more than read.
    pub fn changes_state(&self) -> bool {
        self.changes_state
    }

    /// The valid token with a bit of its signature flipped.
    pub fn broken_token(&self) -> String {
        break_signature(&self.valid.text)
    }

    /// Makes forged tokens.
    pub fn forge(&self) -> Forge<'_> {
        Forge { scene: self }
    }

    /// Makes tokens signed by the operator's key.
    pub fn minted(&self) -> Option<Minted<'_>> {
        self.signer().map(|signer| Minted { scene: self, signer })
    }

    /// A plan of tokens that are validly signed, if the operator gave a key.
    pub fn signed(&self, attempts: impl FnOnce(&Minted<'_>) -> Vec<Attempt>) -> Plan {
        match self.minted() {
            Some(minted) => Plan::Signed(attempts(&minted)),
            None => Plan::Skip(needs_signer()),
        }
    }

    /// Why no token can be signed, when none can.
    pub fn cannot_sign(&self) -> Option<Outcome> {
        self.signer().is_none().then(needs_signer)
    }

    /// The private half of a key that is published for encryption.
    pub fn wrong_use_signer(&self) -> Option<&Signer> {
        self.supplies.wrong_use_signer.as_ref()
    }

    /// The key of another issuer that the endpoint trusts.
    pub fn other_issuer_signer(&self) -> Option<&Signer> {
        self.supplies.other_issuer_signer.as_ref()
    }

    /// The shared key that the endpoint decrypts with.
    pub fn encryption_secret(&self) -> Option<&[u8]> {
        self.supplies.encryption_secret.as_deref()
    }

    /// The key that a DPoP-bound token is bound to.
    pub fn dpop_key(&self) -> Option<SigningKey> {
        self.supplies.dpop_key.as_ref().and_then(|jwk| SigningKey::from_jwk(jwk.as_bytes()).ok())
    }

    /// The public keys that could have signed the valid token, computed from an ECDSA signature.
    pub fn recovered_keys(&self) -> Vec<Key> {
        let Some(curve) = Curve::of_algorithm(self.valid.alg()) else { return Vec::new() };
        let crv = crate::known::algorithms::find(self.valid.alg()).map_or("", |known| known.crv);
        let fixed = |value: &num_bigint::BigUint| {
            let bytes = value.to_bytes_be();
            to_base64url(&[vec![0; curve.coordinate_bytes.saturating_sub(bytes.len())], bytes].concat())
        };
        let keys = ecdsa::recover_public(&self.valid).into_iter().map(|(x, y)| {
            let members = [("kty", "EC".to_owned()), ("crv", crv.to_owned()), ("x", fixed(&x)), ("y", fixed(&y))];
            let json =
                Json::Object(members.into_iter().map(|(name, value)| (name.to_owned(), Json::String(value))).collect());
            Key { json, place: crate::Place::of("the signature") }
        });
        keys.collect()
    }

    /// The operator's other tokens of a kind.
    pub fn other_tokens<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a str> {
        self.others.iter().filter(move |other| other.kind == kind).map(|other| other.text.as_str())
    }

    /// A plan of sending the operator's other tokens of these kinds, which must be refused.
    pub fn must_refuse(&self, kinds: &[(&str, &str)]) -> Plan {
        let attempts: Vec<Attempt> = kinds
            .iter()
            .flat_map(|(kind, what)| self.other_tokens(kind).map(|token| self.forge().given(what, token)))
            .collect();
        if attempts.is_empty() {
            let names: Vec<String> = kinds.iter().map(|(kind, _)| format!("--other {kind}=TOKEN")).collect();
            return Plan::not_tested(format!("needs {}", names.join(" or ")));
        }
        Plan::Attempts(attempts)
    }
}

fn needs_signer() -> Outcome {
    Outcome::not_tested("needs --signing-key FILE: a private key that the endpoint trusts")
}

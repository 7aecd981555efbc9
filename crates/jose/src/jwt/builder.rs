//! Builds a [`Verifier`], one decision after the other. A forgotten one does not compile.

use core::time::Duration;

use super::profile::Profile;
use super::{Audience, Issuer, TokenType, Verifier};
use crate::algorithm::SignatureAlgorithm;
use crate::jws;
use crate::limits::Limits;

/// A verifier in the making.
///
/// ```compile_fail
/// use probity_jose::{SignatureAlgorithm, jwt};
/// // An audience is missing.
/// let verifier: jwt::Verifier =
///     jwt::Verifier::access_token().issuer("https://as.example").algorithms([SignatureAlgorithm::Es256]);
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Builder<State> {
    profile: Profile,
    typ: TokenType,
    required_claims: Vec<String>,
    state: State,
}

/// Next: [`issuer`](Builder::issuer).
#[derive(Debug, Clone)]
pub struct NeedsIssuer(());

/// Next: [`audience`](Builder::audience).
#[derive(Debug, Clone)]
pub struct NeedsAudience {
    issuer: Issuer,
}

/// Last: [`algorithms`](Builder::algorithms).
#[derive(Debug, Clone)]
pub struct NeedsAlgorithms {
    issuer: Issuer,
    audience: Audience,
}

impl Verifier {
    /// Tokens of one's own kind. They must expire; other required claims are up to the caller.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use probity_jose::{SignatureAlgorithm, jwt};
    /// let mut verifier = jwt::Verifier::custom(jwt::TokenType::Exactly("invitation+jwt".into()))
    ///     .issuer("https://shop.example")
    ///     .audience("https://shop.example")
    ///     .algorithms([SignatureAlgorithm::Hs256]);
    /// verifier.required_claims.push("email".into());
    /// verifier.leeway = Duration::from_secs(5);
    /// ```
    pub fn custom(typ: TokenType) -> Builder<NeedsIssuer> {
        Builder::new(Profile::Plain, typ, &["exp"])
    }
}

impl<State> Builder<State> {
    fn with_state<Next>(self, state: Next) -> Builder<Next> {
        Builder { profile: self.profile, typ: self.typ, required_claims: self.required_claims, state }
    }
}

impl Builder<NeedsIssuer> {
    pub(super) fn new(profile: Profile, typ: TokenType, required: &[&str]) -> Self {
        let required_claims = required.iter().map(ToString::to_string).collect();
        Self { profile, typ, required_claims, state: NeedsIssuer(()) }
    }

    /// Accepts tokens of this issuer: `iss` must be there and be exactly this.
    pub fn issuer(self, issuer: impl Into<String>) -> Builder<NeedsAudience> {
        self.with_issuer(Issuer::Exactly(issuer.into()))
    }

    /// Accepts tokens of anybody who holds one of the keys. Right only when all keys belong to one party and tokens
    /// have no `iss`.
    pub fn danger_accept_any_issuer(self) -> Builder<NeedsAudience> {
        self.with_issuer(Issuer::Any)
    }

    fn with_issuer(self, issuer: Issuer) -> Builder<NeedsAudience> {
        self.with_state(NeedsAudience { issuer })
    }
}

impl Builder<NeedsAudience> {
    /// Accepts tokens whose `aud` names this audience, among others or alone.
    pub fn audience(self, audience: impl Into<String>) -> Builder<NeedsAlgorithms> {
        self.with_audience(Audience::Includes(vec![audience.into()]))
    }

    /// Accepts tokens whose `aud` names one of these audiences. Without any, nothing is accepted.
    pub fn any_audience_of(self, audiences: impl IntoIterator<Item = String>) -> Builder<NeedsAlgorithms> {
        self.with_audience(Audience::Includes(audiences.into_iter().collect()))
    }

    /// Accepts tokens whose `aud` is this audience alone.
    pub fn only_audience(self, audience: impl Into<String>) -> Builder<NeedsAlgorithms> {
        self.with_audience(Audience::Only(audience.into()))
    }

    /// Accepts tokens for anybody. A token that was given to somebody else can then be used here.
    pub fn danger_accept_any_audience(self) -> Builder<NeedsAlgorithms> {
        self.with_audience(Audience::Any)
    }

    fn with_audience(self, audience: Audience) -> Builder<NeedsAlgorithms> {
        let issuer = self.state.issuer.clone();
        self.with_state(NeedsAlgorithms { issuer, audience })
    }
}

impl Builder<NeedsAlgorithms> {
    /// Allows these algorithms and no other. The empty list allows nothing.
    pub fn algorithms(self, algorithms: impl IntoIterator<Item = SignatureAlgorithm>) -> Verifier {
        let mut signature = jws::Verifier::new(algorithms);
        signature.limits = Limits::JWT;
        Verifier {
            signature,
            profile: self.profile,
            typ: self.typ,
            issuer: self.state.issuer,
            audience: self.state.audience,
            required_claims: self.required_claims,
            leeway: Duration::ZERO,
            issued_ahead: Duration::ZERO,
            max_age: None,
        }
    }
}

//! The verdict on a request: pure. The token's signature, its revocation and the lease are the verifier's part, which is given
//! as a function.

use std::time::Duration;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use probity_verifier::dpop::{Proof, ProofChecker, ProvenRequest};
use probity_verifier::{
    AccessToken, BadCredentials, Credentials, Freshness, Judged, Rejection, Scheme, UnixTime, credentials,
};

use crate::Refusal;
use crate::certificate::CertificateHeader;
use crate::cors;
use crate::path::RoutePath;
use crate::peer::Network;
use crate::question::Question;
use crate::rule::{Access, Rule, Staleness};

/// The headers by which the application learns who calls. A proxy must remove them from what comes in.
pub mod identity {
    use http::HeaderName;

    /// `sub`.
    pub const SUBJECT: HeaderName = HeaderName::from_static("x-auth-subject");
    /// `client_id`.
    pub const CLIENT: HeaderName = HeaderName::from_static("x-auth-client");
    /// `scope`, separated by spaces.
    pub const SCOPE: HeaderName = HeaderName::from_static("x-auth-scope");
    /// `sid`, when the token belongs to a user's session.
    pub const SESSION: HeaderName = HeaderName::from_static("x-auth-session");
    /// `iss`.
    pub const ISSUER: HeaderName = HeaderName::from_static("x-auth-issuer");
    /// `jti`, for logs.
    pub const TOKEN_ID: HeaderName = HeaderName::from_static("x-auth-token-id");

    /// All of them.
    pub const ALL: [HeaderName; 6] = [SUBJECT, CLIENT, SCOPE, SESSION, ISSUER, TOKEN_ID];
}

/// The header with the proof of possession (RFC 9449 section 4.1).
pub(crate) const PROOF: HeaderName = HeaderName::from_static("dpop");

/// What a guard lets pass.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The first that fits a request decides about it.
    pub rules: Vec<Rule>,
    /// Who may ask.
    pub proxies: Vec<Network>,
    /// Checks proofs for tokens that are bound to a key (RFC 9449); without it, such tokens are refused.
    pub proofs: Option<ProofChecker>,
    /// How a proxy says which certificate the client has shown it.
    pub certificates: Option<CertificateHeader>,
}

/// What was decided about a request, and by which rule.
#[derive(Debug)]
pub struct Decision<'p> {
    /// The rule that fits the request; nothing when none does or the request can't be matched.
    pub rule: Option<&'p Rule>,
    /// The verdict.
    pub verdict: Verdict,
}

/// The verdict on a request.
#[derive(Debug)]
pub enum Verdict {
    /// It passes, with these identity headers.
    Pass(Pass),
    /// It passes with these if the authority says that the token is active: the guard is not current.
    Introspect(Pass),
    /// It does not pass.
    Refuse(Refusal),
}

/// A request that passes.
#[derive(Debug)]
pub struct Pass {
    /// Who calls; nothing where anyone may.
    pub token: Option<AccessToken>,
    /// The proof that whoever sends a token which is bound to a key holds that key. It counts only when it is used for the first
    /// time.
    pub proof: Option<Proof>,
    /// All identity headers, an absent claim as the empty text, so that a proxy which copies them overwrites whatever the
    /// client sent.
    pub identity: HeaderMap,
    /// For how long the guard has not been current, when the request passes all the same.
    pub stale_for: Option<Duration>,
}

/// Decides about a request. `judge` says what the verifier thinks of a token; `now` is the wall clock.
pub fn decide<'p>(
    policy: &'p Policy,
    question: &Question<'_>,
    judge: impl FnOnce(&str) -> Result<Judged, Rejection>,
    now: UnixTime,
) -> Decision<'p> {
    let rule = match policy.route(question) {
        Ok(rule) => rule,
        Err(refusal) => return Decision { rule: None, verdict: Verdict::Refuse(refusal) },
    };
    let verdict = apply(policy, rule, question, judge, now);
    Decision { rule: Some(rule), verdict: verdict.unwrap_or_else(Verdict::Refuse) }
}

impl Policy {
    /// The rule that decides about a request.
    ///
    /// # Errors
    /// The request can't be matched for certain, or no rule is for it.
    pub fn route(&self, question: &Question<'_>) -> Result<&Rule, Refusal> {
        if !question.peer.is_some_and(|peer| self.proxies.iter().any(|network| network.contains(peer))) {
            return Err(Refusal::UntrustedPeer);
        }
        question.refuse_smuggling(self.certificates.as_ref().map(|header| &header.name))?;
        let by_method = self.rules.iter().any(|rule| !rule.methods.is_empty());
        let by_path = self.rules.iter().any(|rule| !rule.paths.is_empty());
        if by_method && question.overrides_method() {
            return Err(Refusal::OverriddenMethod);
        }
        let method = if by_method { question.method.ok_or(Refusal::UnknownRequest)? } else { "" };
        let path = if by_path { question.target.ok_or(Refusal::UnknownRequest)? } else { "/" };
        let path = RoutePath::parse(path)?;
        let fitting = self.rules.iter().find(|rule| rule.fits_method(method) && rule.fits_path(&path));
        fitting.ok_or(Refusal::NoRule)
    }

    /// How the proxy answers a browser that asks whether a page of another origin may send a request, by the rule for that request;
    /// nothing when this is no such question, or no rule answers it.
    pub fn preflight(&self, question: &Question<'_>) -> Option<(&Rule, Result<HeaderMap, Refusal>)> {
        let method = cors::asks_for(question.method?, question.headers)?;
        let rule = self.route(&Question { method: Some(method), ..*question }).ok()?;
        Some((rule, rule.cors.as_ref()?.preflight(question.headers)))
    }
}

fn apply(
    policy: &Policy,
    rule: &Rule,
    question: &Question<'_>,
    judge: impl FnOnce(&str) -> Result<Judged, Rejection>,
    now: UnixTime,
) -> Result<Verdict, Refusal> {
    let credential = credentials(question.headers, question.target.unwrap_or_default());
    match rule.access {
        Access::Nobody => return Err(Refusal::Nobody),
        Access::Anyone => {
            return match credential {
                Err(BadCredentials::Several) => Err(Refusal::SeveralCredentials),
                _ => {
                    Ok(Verdict::Pass(Pass { token: None, proof: None, identity: identity_of(None)?, stale_for: None }))
                }
            };
        }
        Access::Token => {}
    }
    let Credentials { scheme, token } = credential?;
    if scheme == Scheme::Dpop && policy.proofs.is_none() {
        return Err(Refusal::MalformedCredentials);
    }
    let Judged { token, freshness } = judge(token)?;
    fulfil(rule, &token, now)?;
    let proof = match scheme {
        Scheme::Bearer if token.bound_certificate().is_some() => {
            check_certificate(policy, question, &token)?;
            None
        }
        // RFC 9449 section 7.2: a bound token without its proof is no bearer token.
        Scheme::Bearer if token.is_sender_constrained() => return Err(Refusal::SenderConstrained),
        Scheme::Bearer => None,
        Scheme::Dpop => Some(prove(policy, question, &token, now)?),
    };
    let pass = Pass { identity: identity_of(Some(&token))?, token: Some(token), proof, stale_for: None };
    match (freshness, rule.stale) {
        (Freshness::Current, _) => Ok(Verdict::Pass(pass)),
        (Freshness::Stale(_), Staleness::Introspect) => Ok(Verdict::Introspect(pass)),
        (Freshness::Stale(Some(stale_for)), Staleness::Open(most)) if stale_for <= most => {
            Ok(Verdict::Pass(Pass { stale_for: Some(stale_for), ..pass }))
        }
        (Freshness::Stale(_), Staleness::Closed | Staleness::Open(_)) => Err(Rejection::Stale.into()),
    }
}

/// The proof of a request whose token is bound to a key.
fn prove(policy: &Policy, question: &Question<'_>, token: &AccessToken, now: UnixTime) -> Result<Proof, Refusal> {
    let (Some(method), Some(target)) = (question.method, question.target) else {
        return Err(Refusal::UnknownRequest);
    };
    // RFC 9449 section 4.3, step 1: one header.
    let mut proofs = question.headers.get_all(PROOF).iter();
    let proof = match (proofs.next(), proofs.next()) {
        (Some(proof), None) => proof.to_str().map_err(|_| Refusal::BadProof)?,
        _ => return Err(Refusal::BadProof),
    };
    let checker = policy.proofs.as_ref().ok_or(Refusal::BadProof)?;
    checker.check(proof, token, ProvenRequest { method, target }, now).ok_or(Refusal::BadProof)
}

/// RFC 8705 section 3: the certificate of the client must be the one to which the token is bound.
fn check_certificate(policy: &Policy, question: &Question<'_>, token: &AccessToken) -> Result<(), Refusal> {
    let shown = match &policy.certificates {
        // The connection is the proxy's, and so is its certificate.
        Some(header) if header.is_from(question.peer) => header.read(question.headers),
        _ => question.certificate.cloned(),
    };
    let is_bound_to_it = shown.is_some_and(|shown| token.bound_certificate() == Some(shown.as_str()));
    if is_bound_to_it { Ok(()) } else { Err(Refusal::WrongCertificate) }
}

/// What a rule requires of a verified token.
fn fulfil(rule: &Rule, token: &AccessToken, now: UnixTime) -> Result<(), Refusal> {
    if !token.is_for(rule.audience_of(token.issuer())) {
        return Err(Refusal::WrongAudience);
    }
    if !rule.scopes.iter().all(|scope| token.has_scope(scope)) {
        return Err(Refusal::InsufficientScope { required: rule.scopes.join(" ") });
    }
    if rule.unmet_claim(token).is_some() {
        return Err(Refusal::UnmetClaim);
    }
    let class = token.authentication_class();
    let class_fits =
        rule.acr_values.is_empty() || class.is_some_and(|class| rule.acr_values.iter().any(|acr| acr == class));
    let is_recent = rule.max_authentication_age.is_none_or(|most| {
        token.authenticated().is_some_and(|authenticated| now.since(authenticated) <= most.as_secs())
    });
    if class_fits && is_recent {
        return Ok(());
    }
    Err(Refusal::InsufficientAuthentication {
        max_age: rule.max_authentication_age.map(|most| most.as_secs()),
        acr_values: rule.acr_values.join(" "),
    })
}

/// # Errors
/// [`Refusal::UnprintableIdentity`]
fn identity_of(token: Option<&AccessToken>) -> Result<HeaderMap, Refusal> {
    let of = |claim: fn(&AccessToken) -> Option<&str>| token.and_then(claim).unwrap_or_default();
    let values = [
        (identity::SUBJECT, of(|token| Some(token.subject()))),
        (identity::CLIENT, of(AccessToken::client)),
        (identity::SCOPE, of(|token| Some(token.scope()))),
        (identity::SESSION, of(AccessToken::session_id)),
        (identity::ISSUER, of(|token| Some(token.issuer()))),
        (identity::TOKEN_ID, of(AccessToken::id)),
    ];
    values.into_iter().map(|(name, value)| header(name, value)).collect()
}

fn header(name: HeaderName, value: &str) -> Result<(HeaderName, HeaderValue), Refusal> {
    HeaderValue::from_str(value).map(|value| (name, value)).map_err(|_| Refusal::UnprintableIdentity)
}

#[cfg(test)]
mod tests;

//! Why a token was accepted or refused, step by step, without a word of the token itself.

use std::borrow::Cow;

use super::checks::{self, Subject};
use super::{RegisteredClaims, Verifier};
use crate::algorithm::SignatureAlgorithm;
use crate::error::Error;
use crate::json::Document;
use crate::jwk::JwkSet;
use crate::jws::{Header, Parts, verify_with};
use crate::key::VerifyingKey;
use crate::time::UnixTime;

/// What a step of the verification looks at, in the order of the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Check {
    /// The token's size.
    Size,
    /// Three parts separated by dots.
    Form,
    /// The header can be read.
    Header,
    /// The algorithm and the extensions are accepted, and a key fits.
    Key,
    /// The signature.
    Signature,
    /// `typ`, and that the payload is encoded.
    Type,
    /// The claims can be read, and have the right types.
    Claims,
    /// `iss`.
    Issuer,
    /// `aud`.
    Audience,
    /// `exp`.
    Expiry,
    /// `nbf`.
    NotBefore,
    /// `iat`.
    IssuedAt,
    /// The maximum age.
    Age,
    /// The claims that must be there.
    RequiredClaims,
    /// The rules of the kind of token.
    Profile,
}

/// What a step has found. Numbers, names of algorithms and the verifier's own keys; never text of the token.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Detail {
    /// Nothing more to say.
    None,
    /// A size in bytes and its limit.
    Size {
        /// What it is.
        bytes: usize,
        /// What it may be.
        limit: usize,
    },
    /// The header's algorithm.
    Algorithm(SignatureAlgorithm),
    /// How many keys were tried.
    Candidates(usize),
    /// The thumbprint of the key with which the signature is valid.
    Key(String),
    /// A date in the token and the time of the check.
    Date {
        /// What the token says.
        claim: UnixTime,
        /// What time it is.
        now: UnixTime,
    },
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What was looked at.
    pub check: Check,
    /// What was found.
    pub detail: Detail,
    /// Whether it passed.
    pub outcome: Result<(), Error>,
}

/// All steps up to the first that failed, or up to acceptance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The steps in their order. Only the last one can have failed.
    pub steps: Vec<Step>,
}

impl Explanation {
    /// What [`Verifier::verify`] says about this token, apart from the caller's own type of claims.
    ///
    /// # Errors
    /// The reason to refuse it.
    pub fn outcome(&self) -> Result<(), Error> {
        self.steps.last().map_or(Ok(()), |step| step.outcome)
    }
}

impl Check {
    /// The name for other programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Size => "size",
            Self::Form => "form",
            Self::Header => "header",
            Self::Key => "key",
            Self::Signature => "signature",
            Self::Type => "type",
            Self::Claims => "claims",
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::Expiry => "expiry",
            Self::NotBefore => "not_before",
            Self::IssuedAt => "issued_at",
            Self::Age => "age",
            Self::RequiredClaims => "required_claims",
            Self::Profile => "profile",
        }
    }
}

impl Verifier {
    /// Verifies a token and keeps a trace. The result says why, but is not a verified token.
    ///
    /// ```
    /// use probity_jose::{JwkSet, SignatureAlgorithm, SigningKey, UnixTime, jwt};
    /// let key = SigningKey::generate(SignatureAlgorithm::Es256)?;
    /// let token = jwt::sign("at+jwt", &serde_json::json!({"iss": "https://other.example"}), &key)?;
    /// let verifier = jwt::Verifier::access_token()
    ///     .issuer("https://as.example")
    ///     .audience("https://api.example")
    ///     .algorithms([SignatureAlgorithm::Es256]);
    /// let explanation = verifier.explain(&token, &JwkSet::from(key.verifying_key()?), UnixTime::from_secs(0));
    /// let last = explanation.steps.last().unwrap();
    /// assert_eq!((last.check, last.outcome), (jwt::Check::Issuer, Err(probity_jose::Error::WrongIssuer)));
    /// # Ok::<(), probity_jose::Error>(())
    /// ```
    pub fn explain(&self, token: &str, keys: &JwkSet, now: UnixTime) -> Explanation {
        let mut trace = Trace(Vec::new());
        // The outcome stands in the last step.
        let _ = self.trace(token, keys, now, &mut trace);
        Explanation { steps: trace.0 }
    }

    fn trace(&self, token: &str, keys: &JwkSet, now: UnixTime, trace: &mut Trace) -> Result<(), Error> {
        let limit = self.signature.limits.token_bytes;
        let fits = if token.len() > limit { Err(Error::TokenTooLarge) } else { Ok(()) };
        trace.add(Check::Size, Detail::Size { bytes: token.len(), limit }, fits)?;
        let parts = trace.add(Check::Form, Detail::None, Parts::split(token))?;
        let header = self.signature.read_protected(parts.header).map_err(|error| parts.explain(error));
        let detail = header.as_ref().map_or(Detail::None, |header| Detail::Algorithm(header.algorithm()));
        let header = trace.add(Check::Header, detail, header)?;
        self.trace_signature(&parts, &header, keys, trace)?;
        let typ = if header.is_payload_encoded() { self.typ.check(header.typ()) } else { Err(Error::B64InJwt) };
        trace.add(Check::Type, Detail::None, typ)?;
        let payload = trace.add_failure(Check::Claims, crate::base64url::decode(parts.payload))?;
        let document = trace.add_failure(Check::Claims, Document::parse(&payload))?;
        let registered = trace.add(Check::Claims, Detail::None, RegisteredClaims::read(document.root()))?;
        let subject = Subject { policy: self, claims: document.root(), registered: &registered, now };
        for (check, function) in checks::CHECKS {
            trace.add(check, date(check, &registered, now), function(&subject))?;
        }
        Ok(())
    }

    fn trace_signature(
        &self,
        parts: &Parts<'_>,
        header: &Header,
        keys: &JwkSet,
        trace: &mut Trace,
    ) -> Result<(), Error> {
        let candidates = self.signature.candidates(header, keys);
        let count = candidates.as_ref().map_or(0, |candidates| candidates.as_slice().len());
        let candidates = trace.add(Check::Key, Detail::Candidates(count), candidates)?;
        let key = verify_with(&candidates, parts.signed.as_bytes(), parts.signature);
        // What follows a dot too many is no base64url, but the dot is what is wrong.
        let key = key.map_err(|error| parts.explain(error)).and_then(|key| decodes(parts, header).map(|()| key));
        let detail = |key: &VerifyingKey| Detail::Key(key.thumbprint().to_owned());
        let detail = key.as_ref().map_or(Detail::None, detail);
        trace.add(Check::Signature, detail, key).map(|_| ())
    }
}

/// Whether the payload has the form that the header says.
fn decodes(parts: &Parts<'_>, header: &Header) -> Result<(), Error> {
    parts.read_payload(header, &mut Vec::new()).map_err(|error| parts.explain(error))
}

fn date(check: Check, registered: &RegisteredClaims<Cow<'_, str>>, now: UnixTime) -> Detail {
    let claim = match check {
        Check::Expiry => registered.exp,
        Check::NotBefore => registered.nbf,
        Check::IssuedAt | Check::Age => registered.iat,
        _ => None,
    };
    claim.map_or(Detail::None, |claim| Detail::Date { claim, now })
}

/// The steps so far.
struct Trace(Vec<Step>);

impl Trace {
    fn add<T>(&mut self, check: Check, detail: Detail, outcome: Result<T, Error>) -> Result<T, Error> {
        let passed = outcome.as_ref().map(|_| ()).map_err(|error| *error);
        self.0.push(Step { check, detail, outcome: passed });
        outcome
    }

    /// Adds a step only when it failed: a later one speaks for both.
    fn add_failure<T>(&mut self, check: Check, outcome: Result<T, Error>) -> Result<T, Error> {
        if outcome.is_err() { self.add(check, Detail::None, outcome) } else { outcome }
    }
}

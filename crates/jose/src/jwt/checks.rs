//! The checks of claims, each a function of the same shape, in one table that verifying and explaining share.

use std::borrow::Cow;

use super::explain::Check;
use super::profile::Profile;
use super::{Audience, Issuer, RegisteredClaims, Verifier};
use crate::error::Error;
use crate::json::Value;
use crate::time::UnixTime;

/// What a check looks at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) policy: &'a Verifier,
    pub(super) claims: Value<'a>,
    pub(super) registered: &'a RegisteredClaims<Cow<'a, str>>,
    pub(super) now: UnixTime,
}

type Checks = [(Check, fn(&Subject<'_>) -> Result<(), Error>); 8];

/// The checks in their order.
pub(super) const CHECKS: Checks = [
    (Check::Issuer, issuer),
    (Check::Audience, audience),
    (Check::Expiry, expiry),
    (Check::NotBefore, not_before),
    (Check::IssuedAt, issued_at),
    (Check::Age, age),
    (Check::RequiredClaims, required_claims),
    (Check::Profile, profile),
];

/// All checks, up to the first that fails.
pub(super) fn check(subject: &Subject<'_>) -> Result<(), Error> {
    CHECKS.iter().try_for_each(|(_, check)| check(subject))
}

fn issuer(subject: &Subject<'_>) -> Result<(), Error> {
    match &subject.policy.issuer {
        Issuer::Exactly(issuer) if subject.registered.iss.as_deref() != Some(issuer) => Err(Error::WrongIssuer),
        Issuer::Exactly(_) | Issuer::Any => Ok(()),
    }
}

fn audience(subject: &Subject<'_>) -> Result<(), Error> {
    let named = subject.registered.aud.as_slice();
    let fits = match &subject.policy.audience {
        Audience::Includes(accepted) => {
            named.iter().any(|audience| accepted.iter().any(|accepted| accepted == audience))
        }
        Audience::Only(audience) => matches!(named, [only] if only == audience),
        Audience::Any => true,
    };
    if fits { Ok(()) } else { Err(Error::WrongAudience) }
}

/// RFC 7519 section 4.1.4: on or after `exp` the token must not be accepted.
fn expiry(subject: &Subject<'_>) -> Result<(), Error> {
    match subject.registered.exp {
        Some(exp) if exp <= subject.earliest() => Err(Error::Expired),
        _ => Ok(()),
    }
}

/// RFC 7519 section 4.1.5: before `nbf` the token must not be accepted.
fn not_before(subject: &Subject<'_>) -> Result<(), Error> {
    match subject.registered.nbf {
        Some(nbf) if nbf > subject.latest() => Err(Error::NotYetValid),
        _ => Ok(()),
    }
}

/// A token from the future means that a clock is wrong, and its age can't be known.
fn issued_at(subject: &Subject<'_>) -> Result<(), Error> {
    match subject.registered.iat {
        Some(iat) if iat > subject.latest().plus(subject.policy.issued_ahead.as_secs()) => Err(Error::IssuedInFuture),
        _ => Ok(()),
    }
}

fn age(subject: &Subject<'_>) -> Result<(), Error> {
    let Some(max_age) = subject.policy.max_age else { return Ok(()) };
    let issued = subject.registered.iat.ok_or(Error::ClaimMissing)?;
    if subject.earliest().since(issued) > max_age.as_secs() { Err(Error::TooOld) } else { Ok(()) }
}

fn required_claims(subject: &Subject<'_>) -> Result<(), Error> {
    let present = |name: &String| subject.registered.has(name).unwrap_or_else(|| subject.claims.member(name).is_some());
    if subject.policy.required_claims.iter().all(present) { Ok(()) } else { Err(Error::ClaimMissing) }
}

fn profile(subject: &Subject<'_>) -> Result<(), Error> {
    if subject.policy.profile == Profile::Plain { Ok(()) } else { subject.policy.profile.check(subject) }
}

impl Subject<'_> {
    /// The moment that it may be at the issuer, if its clock is behind.
    fn earliest(&self) -> UnixTime {
        self.now.minus(self.policy.leeway.as_secs())
    }

    /// The moment that it may be at the issuer, if its clock is ahead.
    fn latest(&self) -> UnixTime {
        self.now.plus(self.policy.leeway.as_secs())
    }

    /// A claim that must be a string if it is there.
    pub(super) fn text(&self, name: &str) -> Result<Option<Cow<'_, str>>, Error> {
        self.claims.member(name).map(|value| value.as_str().ok_or(Error::ClaimMalformed)).transpose()
    }
}

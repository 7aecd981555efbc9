//! The checks of verified claims.

use super::{Audience, Issuer, RegisteredClaims, Verifier};
use crate::error::Error;
use crate::json::Value;
use crate::time::UnixTime;

/// Checks the claims against a policy.
pub(super) fn check(
    policy: &Verifier,
    claims: Value<'_>,
    registered: &RegisteredClaims,
    now: UnixTime,
) -> Result<(), Error> {
    issuer(&policy.issuer, registered)?;
    audience(&policy.audience, registered)?;
    times(policy, registered, now)?;
    required(policy, claims, registered)
}

fn issuer(policy: &Issuer, registered: &RegisteredClaims) -> Result<(), Error> {
    match policy {
        Issuer::Exactly(issuer) if registered.iss.as_ref() != Some(issuer) => Err(Error::WrongIssuer),
        Issuer::Exactly(_) | Issuer::Any => Ok(()),
    }
}

fn audience(policy: &Audience, registered: &RegisteredClaims) -> Result<(), Error> {
    let fits = match policy {
        Audience::Includes(accepted) => registered.aud.iter().any(|audience| accepted.contains(audience)),
        Audience::Only(audience) => registered.aud.as_slice() == core::slice::from_ref(audience),
        Audience::Any => true,
    };
    if fits { Ok(()) } else { Err(Error::WrongAudience) }
}

fn times(policy: &Verifier, registered: &RegisteredClaims, now: UnixTime) -> Result<(), Error> {
    let leeway = policy.leeway.as_secs();
    let (earliest, latest) = (now.minus(leeway), now.plus(leeway));
    // RFC 7519 section 4.1.4: on or after `exp` the token must not be accepted.
    if registered.exp.is_some_and(|exp| exp <= earliest) {
        return Err(Error::Expired);
    }
    // RFC 7519 section 4.1.5.
    if registered.nbf.is_some_and(|nbf| nbf > latest) {
        return Err(Error::NotYetValid);
    }
    if registered.iat.is_some_and(|iat| iat > latest.plus(policy.issued_ahead.as_secs())) {
        return Err(Error::IssuedInFuture);
    }
    let Some(max_age) = policy.max_age else { return Ok(()) };
    let issued = registered.iat.ok_or(Error::ClaimMissing)?;
    if earliest.since(issued) > max_age.as_secs() { Err(Error::TooOld) } else { Ok(()) }
}

fn required(policy: &Verifier, claims: Value<'_>, registered: &RegisteredClaims) -> Result<(), Error> {
    let present = |name: &String| registered.has(name).unwrap_or_else(|| claims.member(name).is_some());
    if policy.required_claims.iter().all(present) { Ok(()) } else { Err(Error::ClaimMissing) }
}

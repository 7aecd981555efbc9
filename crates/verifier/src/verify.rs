//! The decision about one token: signature and claims, then revocation, then the lease, in this order.

use core::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use probity_jose::{JwkSet, SignatureAlgorithm, UnixTime, VerifyingKey, jwt};

use crate::access_token::{AccessToken, UnknownStatus};
use crate::cache::TokenCache;
use crate::clock::BootTime;
use crate::revocation::{Lease, Level, Replica};

/// How far a token's `iat` may be ahead of our clock: the issuer's may be a little fast, and an `iat` in the future harms
/// nobody, since `exp` is checked on its own.
pub const ISSUED_AHEAD: Duration = Duration::from_mins(1);

/// Why a token is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The token itself is no good: malformed, forged, expired, for somebody else.
    #[error("{0}")]
    Invalid(#[from] probity_jose::Error),
    /// Whether the token is revoked can't be known.
    #[error(transparent)]
    UnknownStatus(#[from] UnknownStatus),
    /// The token has been revoked.
    #[error("the token has been revoked")]
    Revoked(Level),
    /// The replica is not current, so that nothing can be accepted. The token may be good.
    #[error("revocations are not current")]
    Stale,
    /// The issuer's keys are not there yet. The token may be good.
    #[error("the issuer's keys are not available")]
    NoKeys,
}

impl Rejection {
    /// The stable code for logs and answers.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid(error) => error.code(),
            Self::UnknownStatus(_) => "token.unknown_status",
            Self::Revoked(level) => level.code(),
            Self::Stale => "replica.stale",
            Self::NoKeys => "keys.unavailable",
        }
    }

    /// Whether the token names a key that is not among the issuer's, as far as they are known.
    pub fn is_unknown_key(&self) -> bool {
        self.code() == "jws.key_not_found"
    }

    /// Whether this says nothing about the token: the same request may be accepted a moment later (503, not 401).
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::Stale | Self::NoKeys)
    }
}

/// Checks signature and claims of an issuer's access token for whichever audience; neither revocation nor lease.
///
/// For the issuer itself, which must recognise every token that it has signed.
///
/// # Errors
/// [`Rejection::Invalid`], [`Rejection::UnknownStatus`].
pub fn access_token_of_any_audience(
    issuer: &str,
    algorithms: &[SignatureAlgorithm],
    token: &str,
    keys: &JwkSet,
    now: UnixTime,
) -> Result<AccessToken, Rejection> {
    let policy = jwt::Verifier::access_token().issuer(issuer).danger_accept_any_audience();
    let mut policy = policy.algorithms(algorithms.iter().copied());
    policy.issued_ahead = ISSUED_AHEAD;
    verified(&policy, &issuer.into(), token, keys, now)
}

/// `issuer` is the one whose tokens the policy accepts.
fn verified(
    policy: &jwt::Verifier,
    issuer: &Arc<str>,
    text: &str,
    keys: &JwkSet,
    now: UnixTime,
) -> Result<AccessToken, Rejection> {
    let token = policy.verify(text, keys, now)?;
    let times = times(policy, token.registered());
    Ok(AccessToken::new(text, token, issuer, times)?)
}

/// The seconds in which a policy finds nothing wrong with a token's times: `nbf`, `iat`, `exp`.
fn times(policy: &jwt::Verifier, claims: &jwt::RegisteredClaims) -> Range<UnixTime> {
    let leeway = policy.leeway.as_secs();
    let issued = claims.iat.unwrap_or_default().minus(policy.issued_ahead.as_secs());
    let start = claims.nbf.unwrap_or_default().max(issued).minus(leeway);
    let end = claims.exp.unwrap_or_default().plus(leeway);
    start..end
}

/// Whether the replica was current when a token was judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// It was.
    Current,
    /// It was not: revocations may be missing. How long ago it was last current; nothing when that was never so, or the
    /// replica is not trusted any more for what it is.
    Stale(Option<Duration>),
}

/// A token that nothing is wrong with, as far as is known.
#[derive(Debug, Clone)]
pub struct Judged {
    /// The token.
    pub token: AccessToken,
    /// How far that is known.
    pub freshness: Freshness,
}

/// Checks access tokens of one issuer for one or several audiences.
///
/// A token that was verified is remembered, up to a fixed number of them. To find it again spares the check of its
/// signature, and nothing else.
#[derive(Debug)]
pub struct TokenVerifier {
    policy: jwt::Verifier,
    issuer: Arc<str>,
    cache: TokenCache,
    replica: Arc<Replica>,
    lease: Arc<Lease>,
}

impl TokenVerifier {
    /// A verifier of RFC 9068 access tokens from the replica's issuer, for one of these audiences. It remembers about as
    /// many tokens as `remembered` says; none at zero.
    pub fn new(
        audiences: &[String],
        algorithms: &[SignatureAlgorithm],
        remembered: usize,
        replica: Arc<Replica>,
        lease: Arc<Lease>,
    ) -> Self {
        let mut policy =
            jwt::Verifier::access_token().issuer(replica.issuer()).audience("").algorithms(algorithms.iter().copied());
        policy.audience = jwt::Audience::Includes(audiences.to_vec());
        policy.issued_ahead = ISSUED_AHEAD;
        Self { policy, issuer: replica.issuer().into(), cache: TokenCache::new(remembered), replica, lease }
    }

    /// Decides about one token. Nothing here waits, locks or calls out; of a token that is remembered, nothing is allocated.
    ///
    /// `boot` reads the clock that counts suspended time. It is a function and not a moment because it must be read
    /// after everything else: a worker that is stopped in the middle must not decide by the time before.
    ///
    /// # Errors
    /// [`Rejection`]. A bad token is refused as such also while the replica is stale; only a token that would be
    /// accepted gets [`Rejection::Stale`].
    pub fn check(
        &self,
        token: &str,
        keys: &JwkSet,
        wall: UnixTime,
        boot: impl FnOnce() -> BootTime,
    ) -> Result<AccessToken, Rejection> {
        let judged = self.judge(token, keys, wall, boot)?;
        if judged.freshness == Freshness::Current { Ok(judged.token) } else { Err(Rejection::Stale) }
    }

    /// The same, but leaves it to the caller what to do with a good token while the replica is stale.
    ///
    /// # Errors
    /// [`Rejection`], but never [`Rejection::Stale`].
    pub fn judge(
        &self,
        token: &str,
        keys: &JwkSet,
        wall: UnixTime,
        boot: impl FnOnce() -> BootTime,
    ) -> Result<Judged, Rejection> {
        let token = match self.remembered(token, keys, wall) {
            Some(token) => token,
            None => self.verify(token, keys, wall)?,
        };
        if let Some(level) = self.replica.check(&token.facts()) {
            return Err(Rejection::Revoked(level));
        }
        let now = boot();
        let freshness = if self.lease.holds(now) { Freshness::Current } else { Freshness::Stale(self.stale_for(now)) };
        Ok(Judged { token, freshness })
    }

    /// A token that was verified before, with a key that is still there, and whose times are right at this moment. For
    /// any other, verifying it anew finds the reason.
    fn remembered(&self, token: &str, keys: &JwkSet, wall: UnixTime) -> Option<AccessToken> {
        let found = self.cache.find(token)?;
        let holds = found.times().contains(&wall) && keys.keys().iter().any(|key| is_same_key(key, found.key()));
        holds.then_some(found)
    }

    fn verify(&self, token: &str, keys: &JwkSet, wall: UnixTime) -> Result<AccessToken, Rejection> {
        let token = verified(&self.policy, &self.issuer, token, keys, wall)?;
        self.cache.remember(&token, wall);
        Ok(token)
    }

    /// How long ago the lease ended. A lease that never was, or was ended before its time, says nothing.
    fn stale_for(&self, now: BootTime) -> Option<Duration> {
        let until = self.lease.until();
        (until != BootTime::default()).then(|| now.since(until))
    }
}

/// The same key for the same algorithm under the same name. The thumbprint (RFC 7638) stands for the key itself.
fn is_same_key(one: &VerifyingKey, other: &VerifyingKey) -> bool {
    one.thumbprint() == other.thumbprint() && one.algorithm() == other.algorithm() && one.key_id() == other.key_id()
}

#[cfg(test)]
mod tests;

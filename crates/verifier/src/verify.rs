//! The decision about one token: signature and claims, then revocation, then the lease, in this order.
//!
//! A foreign issuer's token is looked up in the same replica, and in its issuer's own status list if it names one.

use core::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use probity_jose::{JwkSet, SignatureAlgorithm, UnixTime, VerifyingKey, jwt};

use crate::access_token::{AccessToken, UnknownStatus};
use crate::cache::TokenCache;
use crate::clock::BootTime;
use crate::revocation::{Lease, Level, MAX_FOREIGN_TOKEN_SECONDS, Replica};
use crate::status_list::{Status, StatusListError, StatusLists, StatusReference};

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
    /// What the issuer's status list says of the token can't be known.
    #[error(transparent)]
    StatusList(#[from] StatusListError),
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
            Self::StatusList(error) => error.code(),
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
        match self {
            Self::Stale | Self::NoKeys => true,
            Self::StatusList(error) => error.is_temporary(),
            Self::Invalid(_) | Self::UnknownStatus(_) | Self::Revoked(_) => false,
        }
    }
}

/// Recognises the access tokens of one issuer, for whichever audience: neither revocation nor lease is looked at.
///
/// For the issuer itself, which is asked about every token that it has signed, and about the same one again and again.
#[derive(Debug)]
pub struct OwnTokens {
    issuer: Arc<str>,
    cache: TokenCache,
}

impl OwnTokens {
    /// It remembers about as many tokens whose signatures it has verified as `remembered` says; none at zero.
    pub fn new(issuer: &str, remembered: usize) -> Self {
        Self { issuer: issuer.into(), cache: TokenCache::new(remembered) }
    }

    /// Checks signature and claims. The algorithms are those of the keys.
    ///
    /// # Errors
    /// [`Rejection::Invalid`], [`Rejection::UnknownStatus`].
    pub fn verify(&self, token: &str, keys: &JwkSet, now: UnixTime) -> Result<AccessToken, Rejection> {
        if let Some(known) = self.cache.find(token).filter(|known| still_holds(known, keys, now)) {
            return Ok(known);
        }
        let policy = jwt::Verifier::access_token().issuer(&*self.issuer).danger_accept_any_audience();
        let mut policy = policy.algorithms(keys.keys().iter().map(VerifyingKey::algorithm));
        policy.issued_ahead = ISSUED_AHEAD;
        let verified = policy.verify(token, keys, now)?;
        let times = times(&policy, verified.registered());
        let token = AccessToken::new(token, verified, &self.issuer, times)?;
        self.cache.remember(&token, now);
        Ok(token)
    }
}

/// Whether a token that was verified before is one still: its key is there, and its times are right at this moment.
fn still_holds(known: &AccessToken, keys: &JwkSet, now: UnixTime) -> bool {
    known.times().contains(&now) && keys.keys().iter().any(|key| is_same_key(key, known.key()))
}

/// The seconds in which a policy finds nothing wrong with a token's times: `nbf`, `iat`, `exp` and its age.
fn times(policy: &jwt::Verifier, claims: &jwt::RegisteredClaims) -> Range<UnixTime> {
    let leeway = policy.leeway.as_secs();
    let issued = claims.iat.unwrap_or_default().minus(policy.issued_ahead.as_secs());
    let start = claims.nbf.unwrap_or_default().max(issued).minus(leeway);
    let end = claims.exp.unwrap_or_default().plus(leeway);
    // `exp` is the first second that is too late, the greatest age the last that is not.
    let too_old = policy.max_age.map(|age| claims.iat.unwrap_or_default().plus(age.as_secs() + leeway + 1));
    start..too_old.map_or(end, |too_old| too_old.min(end))
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
    /// The status lists of an issuer that is not the replica's.
    foreign: Option<Arc<StatusLists>>,
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
        let policy = policy(replica.issuer(), audiences, algorithms);
        let issuer = replica.issuer().into();
        Self { policy, issuer, foreign: None, cache: TokenCache::new(remembered), replica, lease }
    }

    /// Makes it a verifier of the tokens of another issuer, which the replica knows of by name only, and whose status lists
    /// are these.
    ///
    /// A token is accepted for at most [`MAX_FOREIGN_TOKEN_SECONDS`] after it was issued: for how long the replica knows of its
    /// revocation.
    #[must_use]
    pub fn of_foreign_issuer(self, issuer: &str, lists: Arc<StatusLists>) -> Self {
        let mut policy = self.policy;
        policy.issuer = jwt::Issuer::Exactly(issuer.to_owned());
        policy.max_age = Some(Duration::from_secs(MAX_FOREIGN_TOKEN_SECONDS));
        Self { policy, issuer: issuer.into(), foreign: Some(lists), ..self }
    }

    /// Whose tokens it accepts.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Whether exactly this token was verified before.
    pub(crate) fn remembers(&self, token: &str) -> bool {
        self.cache.find(token).is_some()
    }

    /// Where the status of a token is said, if it is good as far as that can be known without.
    pub(crate) fn status_of(&self, token: &str, keys: &JwkSet, wall: UnixTime) -> Option<StatusReference> {
        let verified = self.remembered(token, keys, wall).or_else(|| self.verify(token, keys, wall).ok())?;
        verified.status().cloned()
    }

    /// The issuer's status lists, when it is not the replica's issuer.
    pub(crate) const fn lists(&self) -> Option<&Arc<StatusLists>> {
        self.foreign.as_ref()
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
        if let (Some(lists), Some(reference)) = (&self.foreign, token.status())
            && lists.status(reference, wall, now)? != Status::Valid
        {
            return Err(Rejection::Revoked(Level::StatusList));
        }
        let freshness = if self.lease.holds(now) { Freshness::Current } else { Freshness::Stale(self.stale_for(now)) };
        Ok(Judged { token, freshness })
    }

    /// A token that was verified before, with a key that is still there, and whose times are right at this moment. For
    /// any other, verifying it anew finds the reason.
    fn remembered(&self, token: &str, keys: &JwkSet, wall: UnixTime) -> Option<AccessToken> {
        self.cache.find(token).filter(|found| still_holds(found, keys, wall))
    }

    fn verify(&self, token: &str, keys: &JwkSet, wall: UnixTime) -> Result<AccessToken, Rejection> {
        let verified = self.policy.verify(token, keys, wall)?;
        let times = times(&self.policy, verified.registered());
        let token = match self.foreign {
            None => AccessToken::new(token, verified, &self.issuer, times)?,
            Some(_) => AccessToken::foreign(token, verified, &self.issuer, times),
        };
        self.cache.remember(&token, wall);
        Ok(token)
    }

    /// How long ago the lease ended. A lease that never was, or was ended before its time, says nothing.
    fn stale_for(&self, now: BootTime) -> Option<Duration> {
        let until = self.lease.until();
        (until != BootTime::default()).then(|| now.since(until))
    }
}

fn policy(issuer: &str, audiences: &[String], algorithms: &[SignatureAlgorithm]) -> jwt::Verifier {
    let policy = jwt::Verifier::access_token().issuer(issuer).any_audience_of(audiences.iter().cloned());
    let mut policy = policy.algorithms(algorithms.iter().copied());
    policy.issued_ahead = ISSUED_AHEAD;
    policy
}

/// The same key for the same algorithm under the same name. The thumbprint (RFC 7638) stands for the key itself.
fn is_same_key(one: &VerifyingKey, other: &VerifyingKey) -> bool {
    one.thumbprint() == other.thumbprint() && one.algorithm() == other.algorithm() && one.key_id() == other.key_id()
}

#[cfg(test)]
mod tests;

//! The decision about one token: signature and claims, then revocation, then the lease, in this order.

use std::sync::Arc;
use std::time::Duration;

use probity_jose::{JwkSet, SignatureAlgorithm, UnixTime, jwt};

use crate::access_token::{AccessToken, UnknownStatus};
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
    Ok(AccessToken::new(policy.verify(token, keys, now)?)?)
}

/// Checks access tokens of one issuer for one audience.
#[derive(Debug)]
pub struct TokenVerifier {
    policy: jwt::Verifier,
    replica: Arc<Replica>,
    lease: Arc<Lease>,
}

impl TokenVerifier {
    /// A verifier of RFC 9068 access tokens from the replica's issuer.
    pub fn new(audience: &str, algorithms: &[SignatureAlgorithm], replica: Arc<Replica>, lease: Arc<Lease>) -> Self {
        let mut policy = jwt::Verifier::access_token()
            .issuer(replica.issuer())
            .audience(audience)
            .algorithms(algorithms.iter().copied());
        policy.issued_ahead = ISSUED_AHEAD;
        Self { policy, replica, lease }
    }

    /// Decides about one token. Nothing here waits, locks or calls out.
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
        let token = AccessToken::new(self.policy.verify(token, keys, wall)?)?;
        if let Some(level) = self.replica.check(&token.facts()) {
            return Err(Rejection::Revoked(level));
        }
        if self.lease.holds(boot()) { Ok(token) } else { Err(Rejection::Stale) }
    }
}

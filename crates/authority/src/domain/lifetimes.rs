//! How long things live, and the bounds of that.

use probity_jose::UnixTime;
use serde::{Deserialize, Serialize};

/// The longest life of an access token, in seconds: a longer one is a session in disguise, and revocations of it would
/// have to be remembered as long.
pub const MAX_ACCESS_TOKEN_SECONDS: u64 = 3_600;

/// The longest life of an authorization code, in seconds (RFC 6749 section 4.1.2 recommends ten minutes at most).
pub const MAX_CODE_SECONDS: u64 = 600;

/// The longest life of a session or a refresh token family, in seconds: a year.
pub const MAX_SESSION_SECONDS: u64 = 366 * 24 * 3_600;

/// Lifetimes in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lifetimes {
    /// Access tokens; 5 minutes by default, at most [`MAX_ACCESS_TOKEN_SECONDS`].
    pub access_token: u64,
    /// ID tokens; 5 minutes by default, at most [`MAX_ACCESS_TOKEN_SECONDS`].
    pub id_token: u64,
    /// Authorization codes; 1 minute by default, at most [`MAX_CODE_SECONDS`].
    pub code: u64,
    /// A session from login to its end, whatever happens in it; 12 hours by default, at most [`MAX_SESSION_SECONDS`].
    pub session: u64,
    /// A session that is not used, by a request for authorization or a refresh of its tokens; 1 hour by default, as NIST SP
    /// 800-63B has it, at most [`MAX_SESSION_SECONDS`].
    pub idle: u64,
    /// A refresh token family from its first token to its end; 30 days by default, at most [`MAX_SESSION_SECONDS`].
    pub refresh: u64,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self { access_token: 300, id_token: 300, code: 60, session: 12 * 3_600, idle: 3_600, refresh: 30 * 24 * 3_600 }
    }
}

/// Lifetimes of one client's tokens in seconds. What is absent is as for everybody.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClientLifetimes {
    /// Its access tokens.
    pub access_token: Option<u64>,
    /// Its ID tokens.
    pub id_token: Option<u64>,
    /// Its refresh token families.
    pub refresh: Option<u64>,
}

impl ClientLifetimes {
    /// Checks that each is within the bounds that hold for everybody.
    ///
    /// # Errors
    /// As [`Lifetimes::check`].
    pub fn check(&self) -> Result<(), LifetimesError> {
        Lifetimes::default().of(self).check()
    }
}

/// A lifetime out of its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {seconds} s is not between 1 and {most} s: {reason}")]
pub struct LifetimesError {
    name: &'static str,
    seconds: u64,
    most: u64,
    reason: &'static str,
}

impl Lifetimes {
    /// These lifetimes for a client with some of its own.
    #[must_use]
    pub fn of(self, own: &ClientLifetimes) -> Self {
        Self {
            access_token: own.access_token.unwrap_or(self.access_token),
            id_token: own.id_token.unwrap_or(self.id_token),
            refresh: own.refresh.unwrap_or(self.refresh),
            ..self
        }
    }

    /// Checks that each is within its bounds.
    ///
    /// # Errors
    /// Names the first that is not, and why it has a bound.
    pub fn check(&self) -> Result<(), LifetimesError> {
        const SHORT: &str = "a token that lives longer is a session in disguise; use refresh tokens";
        const CODE: &str = "a code is redeemed at once (RFC 6749 section 4.1.2)";
        const YEAR: &str = "nobody remembers a login that is older than a year";
        for (name, seconds, most, reason) in [
            ("access_token", self.access_token, MAX_ACCESS_TOKEN_SECONDS, SHORT),
            ("id_token", self.id_token, MAX_ACCESS_TOKEN_SECONDS, SHORT),
            ("code", self.code, MAX_CODE_SECONDS, CODE),
            ("session", self.session, MAX_SESSION_SECONDS, YEAR),
            ("idle", self.idle, MAX_SESSION_SECONDS, YEAR),
            ("refresh", self.refresh, MAX_SESSION_SECONDS, YEAR),
        ] {
            if !(1..=most).contains(&seconds) {
                return Err(LifetimesError { name, seconds, most, reason });
            }
        }
        Ok(())
    }
}

/// When the last access token that exists or is being issued at `now` has expired: how long a revocation is kept.
///
/// It counts the longest life that a configuration may set, so that a shorter one may be set at any time.
pub const fn last_token_expiry(now: UnixTime) -> UnixTime {
    // One second more: a token issued after a watermark may carry an `iat` in the next second.
    now.plus(MAX_ACCESS_TOKEN_SECONDS + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_token_of_more_than_an_hour_is_refused_with_the_reason() {
        let error = Lifetimes { access_token: 3_601, ..Lifetimes::default() }.check().unwrap_err().to_string();
        assert!(error.starts_with("access_token: 3601 s") && error.contains("session in disguise"), "{error}");
        assert_eq!(Lifetimes { access_token: 3_600, ..Lifetimes::default() }.check(), Ok(()));
    }

    #[test]
    fn a_lifetime_of_zero_is_refused() {
        assert!(Lifetimes { code: 0, ..Lifetimes::default() }.check().is_err());
    }
}

//! Sessions: one login of one subject, on the server's side.

use probity_jose::{UnixTime, base64url};
use probity_verifier::revocation::SessionIndex;

use super::authentication::Authentication;

/// Bytes of randomness in a `sid`.
pub const SESSION_ID_BYTES: usize = 16;

/// A session that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// `sid`: names the session in tokens. Not the cookie.
    pub id: String,
    /// `sub`.
    pub subject: String,
    /// How and when the user last proved who they are.
    pub authentication: Authentication,
    /// When it ends if it is not used before: at its idle limit, or at its latest end.
    pub expires: UnixTime,
    /// When it ends, whatever happens in it.
    pub latest_end: UnixTime,
    /// Its place in the session lists.
    pub place: SessionIndex,
}

/// The longest time, in seconds, that uses of a session are not written down after one that was.
pub const MAX_STEP_SECONDS: u64 = 60;

/// The text of a session's or family's identifier.
pub fn id_text(entropy: [u8; SESSION_ID_BYTES]) -> String {
    base64url::encode(&entropy)
}

impl Session {
    /// Whether it is over by the clock.
    pub fn is_over(&self, now: UnixTime) -> bool {
        now >= self.expires
    }

    /// When it ends after a use at `now`, if nothing more happens in it for the idle limit in seconds.
    pub fn expires_after_use(&self, now: UnixTime, idle: u64) -> UnixTime {
        now.plus(idle).min(self.latest_end)
    }

    /// The same, if that is late enough to be written down: a session is written at most once a minute however often it is
    /// used, and ends by at most a tenth of the idle limit too early for that.
    pub fn extended(&self, now: UnixTime, idle: u64) -> Option<UnixTime> {
        let expires = self.expires_after_use(now, idle);
        let step = (idle / 10).clamp(1, MAX_STEP_SECONDS);
        (expires >= self.expires.plus(step)).then_some(expires)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(expires: u64) -> Session {
        Session {
            id: "s".into(),
            subject: "u".into(),
            authentication: Authentication::by_password(UnixTime::from_secs(100)),
            expires: UnixTime::from_secs(expires),
            latest_end: UnixTime::from_secs(10_000),
            place: SessionIndex { list: 0, index: 0 },
        }
    }

    #[test]
    fn a_use_extends_a_session_up_to_its_latest_end_and_at_most_once_a_minute() {
        let extended =
            |expires, now, idle| session(expires).extended(UnixTime::from_secs(now), idle).map(UnixTime::as_secs);
        assert_eq!(extended(3_700, 159, 3_600), None);
        assert_eq!(extended(3_700, 160, 3_600), Some(3_760));
        assert_eq!(extended(9_000, 9_000, 3_600), Some(10_000));
        assert_eq!(extended(10_000, 9_500, 3_600), None);
        // A tenth of a short limit.
        assert_eq!((extended(200, 110, 100), extended(200, 109, 100)), (Some(210), None));
        // A limit that has become shorter takes nothing away.
        assert_eq!(extended(3_700, 160, 60), None);
    }
}

//! Devices without a browser: RFC 8628. A device shows a short code, and its user types it in elsewhere.

use probity_jose::UnixTime;

use super::scope::Scope;

/// How long, in seconds, a device waits for its user.
pub const DEVICE_CODE_SECONDS: u64 = 600;

/// How long, in seconds, a device waits before it asks again (section 3.2).
pub const POLL_SECONDS: u64 = 5;

/// Bytes of randomness that a user code takes.
pub const USER_CODE_ENTROPY: usize = 16;

/// The letters of a user code: no vowels, so that no word comes out, and none that look alike (section 6.1).
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// The letters of a code: 34 bits, which nobody guesses in ten minutes at the pace of password checks.
const USER_CODE_LETTERS: usize = 8;

/// The longest text that is read as a user code, in bytes.
const MAX_USER_CODE_BYTES: usize = 32;

/// What a user types in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserCode(String);

impl UserCode {
    /// A code from fresh randomness: two bytes for each letter, so that none is more likely to speak of.
    pub fn new(entropy: [u8; USER_CODE_ENTROPY]) -> Self {
        let letter = |pair: &[u8]| {
            let number = pair.iter().fold(0_usize, |number, byte| number << 8 | usize::from(*byte));
            LETTERS.get(number % LETTERS.len()).map_or('B', |byte| char::from(*byte))
        };
        Self(entropy.chunks(2).map(letter).collect())
    }

    /// Reads what somebody has typed: case, spaces and dashes do not matter.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_USER_CODE_BYTES {
            return None;
        }
        let letters = text.chars().filter(|c| !matches!(c, ' ' | '-')).map(|c| c.to_ascii_uppercase());
        let code: String = letters.collect();
        let is_good = code.len() == USER_CODE_LETTERS && code.bytes().all(|byte| LETTERS.contains(&byte));
        is_good.then_some(Self(code))
    }

    /// Without the dash.
    pub fn letters(&self) -> &str {
        &self.0
    }

    /// As it is shown.
    pub fn shown(&self) -> String {
        let (left, right) = self.0.split_at_checked(USER_CODE_LETTERS / 2).unwrap_or((&self.0, ""));
        format!("{left}-{right}")
    }
}

/// Where a device's request stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceState {
    /// The user has not decided.
    Pending,
    /// The user does not want it.
    Denied,
    /// The user has allowed it.
    Granted {
        /// Who.
        subject: String,
        /// In which session.
        session_id: String,
        /// The grant that it was redeemed for, once it was.
        redeemed_for: Option<String>,
    },
}

/// A device that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRequest {
    /// The client on the device.
    pub client_id: String,
    /// What it asks for.
    pub scope: Scope,
    /// Where its tokens are to be good.
    pub resources: Vec<String>,
    /// When it stops waiting.
    pub expires: UnixTime,
    /// How long it has to wait before it asks again, in seconds.
    pub pause: u64,
    /// When it last asked.
    pub polled: UnixTime,
    /// Where it stands.
    pub state: DeviceState,
}

/// What asking comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Poll {
    /// Tokens for this user and session.
    Redeem {
        /// Who.
        subject: String,
        /// In which session.
        session_id: String,
    },
    /// It was redeemed before: two have the code, so the grant of then must die.
    Replayed {
        /// The grant.
        family: String,
    },
    /// Not yet, or never: `error` and `error_description` (section 3.5).
    Wait {
        /// `error`.
        error: &'static str,
        /// `error_description`.
        description: &'static str,
        /// The pause from now on.
        pause: u64,
    },
    /// The code is no good.
    Refused,
}

impl DeviceRequest {
    /// What it comes to when a client asks with its code.
    pub fn poll(&self, client_id: &str, now: UnixTime) -> Poll {
        let wait = |error, description, pause| Poll::Wait { error, description, pause };
        if self.client_id != client_id {
            return Poll::Refused;
        }
        match &self.state {
            DeviceState::Granted { redeemed_for: Some(family), .. } => Poll::Replayed { family: family.clone() },
            _ if now >= self.expires => wait("expired_token", "the user has not decided in time", self.pause),
            DeviceState::Denied => wait("access_denied", "the user does not allow it", self.pause),
            // Section 3.5: whoever asks too often waits five seconds more from then on.
            DeviceState::Pending if now.since(self.polled) < self.pause => {
                wait("slow_down", "wait longer before asking again", self.pause.saturating_add(POLL_SECONDS))
            }
            DeviceState::Pending => wait("authorization_pending", "the user has not decided yet", self.pause),
            DeviceState::Granted { subject, session_id, redeemed_for: None } => {
                Poll::Redeem { subject: subject.clone(), session_id: session_id.clone() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_000);

    fn waiting(state: DeviceState) -> DeviceRequest {
        DeviceRequest {
            client_id: "tv".into(),
            scope: Scope::default(),
            resources: Vec::new(),
            expires: NOW.plus(600),
            pause: 5,
            polled: NOW,
            state,
        }
    }

    fn error(poll: Poll) -> &'static str {
        match poll {
            Poll::Wait { error, .. } => error,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_user_code_reads_back_however_it_is_typed() {
        let code = UserCode::new([7; USER_CODE_ENTROPY]);
        assert_eq!(code.shown().len(), 9);
        for text in [code.shown(), code.letters().to_lowercase(), format!(" {} ", code.shown())] {
            assert_eq!(UserCode::parse(&text), Some(code.clone()), "{text}");
        }
        for text in ["", "BCDF", "BCDF-GHJA", "BCDFGHJKL", "ÄCDFGHJ", &"B".repeat(100)] {
            assert_eq!(UserCode::parse(text), None, "{text}");
        }
    }

    #[test]
    fn section_3_5_a_device_waits_until_its_user_has_decided() {
        let pending = waiting(DeviceState::Pending);
        assert_eq!(error(pending.poll("tv", NOW.plus(5))), "authorization_pending");
        assert!(matches!(pending.poll("tv", NOW.plus(4)), Poll::Wait { error: "slow_down", pause: 10, .. }));
        assert_eq!(error(pending.poll("tv", NOW.plus(600))), "expired_token");
        assert_eq!(error(waiting(DeviceState::Denied).poll("tv", NOW.plus(5))), "access_denied");
    }

    #[test]
    fn what_was_granted_is_redeemed_once_by_its_client_in_time() {
        let granted = |redeemed_for: Option<&str>| {
            let redeemed_for = redeemed_for.map(str::to_owned);
            waiting(DeviceState::Granted { subject: "u".into(), session_id: "s".into(), redeemed_for })
        };
        assert!(matches!(granted(None).poll("tv", NOW), Poll::Redeem { .. }));
        assert_eq!(granted(None).poll("radio", NOW), Poll::Refused);
        assert_eq!(error(granted(None).poll("tv", NOW.plus(600))), "expired_token");
        assert_eq!(granted(Some("f")).poll("tv", NOW.plus(900)), Poll::Replayed { family: "f".into() });
        assert_eq!(granted(Some("f")).poll("radio", NOW), Poll::Refused, "another client kills nothing");
    }
}

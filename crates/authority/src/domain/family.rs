//! Refresh token families: the grant that a code was redeemed for, and the chain of refresh tokens of it.
//!
//! A refresh token is the family's identifier, a counter and a MAC over both. The store holds one row per family with its
//! current counter, so storage does not grow with rotation, and the successor of a token is the same whenever it is
//! computed.

use aws_lc_rs::hmac;
use probity_jose::{UnixTime, base64url};
use zeroize::Zeroizing;

use super::confirmation::Confirmation;
use super::grant::Grant;
use super::secret::{MalformedSecret, PlainSecret, SecretKind};

/// For how long, in seconds, the predecessor of the current token is answered with the current one: parallel tabs, lost
/// responses.
pub const REPEAT_SECONDS: u64 = 10;

/// Bytes of a family's identifier.
pub const FAMILY_ID_BYTES: usize = 16;

const COUNTER_BYTES: usize = 4;
const MAC_BYTES: usize = 32;

/// A grant with its refresh tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    /// Its identifier: the `family` claim of access tokens.
    pub id: String,
    /// The client that it belongs to.
    pub client_id: String,
    /// Who granted it.
    pub subject: String,
    /// The session that it belongs to and ends with; none when it goes on without the user (`offline_access`).
    pub session_id: Option<String>,
    /// What was granted.
    pub grant: Grant,
    /// What its refresh tokens are bound to: those of public clients, whom nothing else authenticates (RFC 8705 section 4,
    /// RFC 9449 section 5).
    pub confirmation: Confirmation,
    /// The counter of the current refresh token.
    pub counter: u32,
    /// When the current refresh token was issued.
    pub rotated: UnixTime,
    /// When the family ends, whatever happens in it.
    pub expires: UnixTime,
    /// Whether it has been revoked.
    pub revoked: bool,
}

/// What presenting a refresh token comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresh {
    /// It is the current one: the next takes its place.
    Rotate {
        /// The counter of the next one.
        next: u32,
    },
    /// It is the predecessor, presented again at once: the answer is the current one once more.
    Repeat,
    /// It was used before, so that two parties have it: the family must die (RFC 9700 section 4.14.2).
    Reused,
    /// The family is revoked or over.
    Dead,
}

impl Family {
    /// Decides what presenting the token with this counter comes to.
    pub fn present(&self, counter: u32, now: UnixTime) -> Refresh {
        if self.revoked || now >= self.expires {
            return Refresh::Dead;
        }
        if counter == self.counter {
            // A family lives a year at most; four billion rotations do not fit.
            return self.counter.checked_add(1).map_or(Refresh::Dead, |next| Refresh::Rotate { next });
        }
        let is_predecessor = counter.checked_add(1) == Some(self.counter);
        if is_predecessor && now.since(self.rotated) <= REPEAT_SECONDS {
            return Refresh::Repeat;
        }
        // Also a counter that was never issued: only a store that has lost rotations can see one.
        Refresh::Reused
    }
}

/// The key of all refresh tokens' MACs.
#[derive(Debug)]
pub struct RefreshKey(hmac::Key);

impl RefreshKey {
    /// Bytes of the key.
    pub const BYTES: usize = 32;

    /// The key of these bytes.
    pub fn new(bytes: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// The refresh token of a family with this counter.
    ///
    /// # Errors
    /// [`MalformedSecret`] when the identifier is not one of ours.
    pub fn token(&self, family: &str, counter: u32) -> Result<PlainSecret, MalformedSecret> {
        let id: [u8; FAMILY_ID_BYTES] =
            base64url::decode(family).ok().and_then(|bytes| bytes.try_into().ok()).ok_or(MalformedSecret)?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(FAMILY_ID_BYTES + COUNTER_BYTES + MAC_BYTES));
        bytes.extend_from_slice(&id);
        bytes.extend_from_slice(&counter.to_be_bytes());
        let mac = hmac::sign(&self.0, &bytes);
        bytes.extend_from_slice(mac.as_ref());
        Ok(PlainSecret::from_bytes(SecretKind::RefreshToken, &bytes))
    }

    /// Reads a refresh token that this key has made: its family and counter.
    ///
    /// # Errors
    /// [`MalformedSecret`] for anything else.
    pub fn read(&self, token: &str) -> Result<(String, u32), MalformedSecret> {
        let bytes = PlainSecret::bytes_of(SecretKind::RefreshToken, token)?;
        let (id, rest) = bytes.split_first_chunk::<FAMILY_ID_BYTES>().ok_or(MalformedSecret)?;
        let (counter, mac) = rest.split_first_chunk::<COUNTER_BYTES>().ok_or(MalformedSecret)?;
        let signed = bytes.get(..FAMILY_ID_BYTES + COUNTER_BYTES).ok_or(MalformedSecret)?;
        hmac::verify(&self.0, signed, mac).map_err(|_| MalformedSecret)?;
        Ok((base64url::encode(id), u32::from_be_bytes(*counter)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: UnixTime = UnixTime::from_secs(1_000);

    fn family() -> Family {
        Family {
            id: base64url::encode(&[3; FAMILY_ID_BYTES]),
            client_id: "app".into(),
            subject: "u".into(),
            session_id: Some("s".into()),
            grant: Grant::sample(NOW),
            confirmation: Confirmation::default(),
            counter: 7,
            rotated: UnixTime::from_secs(995),
            expires: UnixTime::from_secs(2_000),
            revoked: false,
        }
    }

    #[test]
    fn the_current_token_rotates() {
        assert_eq!(family().present(7, NOW), Refresh::Rotate { next: 8 });
    }

    #[test]
    fn the_predecessor_is_repeated_within_ten_seconds_and_reuse_after_that() {
        assert_eq!(family().present(6, UnixTime::from_secs(1_005)), Refresh::Repeat);
        assert_eq!(family().present(6, UnixTime::from_secs(1_006)), Refresh::Reused);
    }

    #[test]
    fn any_other_counter_is_reuse() {
        for counter in [0, 5, 8, u32::MAX] {
            assert_eq!(family().present(counter, NOW), Refresh::Reused, "{counter}");
        }
    }

    #[test]
    fn a_revoked_or_expired_family_is_dead_whatever_is_presented() {
        for counter in [0, 6, 7, 8] {
            assert_eq!(Family { revoked: true, ..family() }.present(counter, NOW), Refresh::Dead);
            assert_eq!(family().present(counter, UnixTime::from_secs(2_000)), Refresh::Dead);
        }
    }

    #[test]
    fn the_successor_is_the_same_whenever_it_is_computed() {
        let key = RefreshKey::new(&[1; 32]);
        let token = |counter| key.token(&family().id, counter).unwrap().expose().to_owned();
        assert_eq!(token(8), token(8));
        assert_ne!(token(8), token(9));
    }

    proptest! {
        #[test]
        fn a_token_reads_back_with_its_key_only(id in any::<[u8; FAMILY_ID_BYTES]>(), counter in any::<u32>()) {
            let id = base64url::encode(&id);
            let token = RefreshKey::new(&[1; 32]).token(&id, counter).unwrap();
            prop_assert_eq!(RefreshKey::new(&[1; 32]).read(token.expose()), Ok((id, counter)));
            prop_assert_eq!(RefreshKey::new(&[2; 32]).read(token.expose()), Err(MalformedSecret));
        }

        #[test]
        fn a_token_with_a_changed_counter_is_refused(counter in any::<u32>(), other in any::<u32>()) {
            prop_assume!(counter != other);
            let key = RefreshKey::new(&[1; 32]);
            let token = key.token(&family().id, counter).unwrap();
            let mut bytes = PlainSecret::bytes_of(SecretKind::RefreshToken, token.expose()).unwrap();
            bytes[FAMILY_ID_BYTES..FAMILY_ID_BYTES + COUNTER_BYTES].copy_from_slice(&other.to_be_bytes());
            let forged = PlainSecret::from_bytes(SecretKind::RefreshToken, &bytes);
            prop_assert_eq!(key.read(forged.expose()), Err(MalformedSecret));
        }
    }
}

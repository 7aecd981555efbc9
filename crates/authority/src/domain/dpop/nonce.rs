//! Nonces: RFC 9449 section 8. A proof with one was made lately, and not in advance.

use aws_lc_rs::hmac;
use probity_jose::{UnixTime, base64url};

/// How long a nonce is given out, in seconds; it is accepted for as long again.
pub const NONCE_SECONDS: u64 = 60;

/// Bytes of the MAC in a nonce.
const MAC_BYTES: usize = 16;

/// Gives out nonces: MACs over the time, in steps of [`NONCE_SECONDS`].
#[derive(Debug)]
pub struct Nonces(hmac::Key);

impl Nonces {
    /// Bytes of the key.
    pub const BYTES: usize = 32;

    /// Nonces under a fresh key: those of an earlier process, whose memory of used proofs is gone, are no good any more.
    pub fn new(key: [u8; Self::BYTES]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, &key))
    }

    /// The nonce that is given out.
    pub fn current(&self, now: UnixTime) -> String {
        self.of(now.as_secs() / NONCE_SECONDS)
    }

    /// The nonces that are accepted, the likeliest first.
    pub fn accepted(&self, now: UnixTime) -> [String; 2] {
        let step = now.as_secs() / NONCE_SECONDS;
        [self.of(step), self.of(step.saturating_sub(1))]
    }

    fn of(&self, step: u64) -> String {
        let tag = hmac::sign(&self.0, &step.to_be_bytes());
        base64url::encode(tag.as_ref().get(..MAC_BYTES).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_good_for_one_to_two_steps_and_only_under_its_key() {
        let nonces = Nonces::new([1; Nonces::BYTES]);
        let at = |seconds| UnixTime::from_secs(seconds);
        let given = nonces.current(at(6_059));
        assert!(nonces.accepted(at(6_059)).contains(&given));
        assert!(nonces.accepted(at(6_119)).contains(&given));
        assert!(!nonces.accepted(at(6_120)).contains(&given));
        assert!(!nonces.accepted(at(5_999)).contains(&given), "nor before it was given out");
        assert!(!Nonces::new([2; Nonces::BYTES]).accepted(at(6_059)).contains(&given));
    }
}

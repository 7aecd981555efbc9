//! Proof Key for Code Exchange: RFC 7636, method S256 only.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest;
use probity_jose::base64url;

/// RFC 7636 section 4.1: 43 to 128 unreserved characters.
pub const VERIFIER_CHARS: core::ops::RangeInclusive<usize> = 43..=128;

/// An S256 challenge: SHA-256 of the verifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Challenge([u8; 32]);

impl Challenge {
    /// Reads a `code_challenge`; nothing when it is not a SHA-256 as base64url.
    pub fn parse(text: &str) -> Option<Self> {
        base64url::decode(text).ok()?.try_into().ok().map(Self)
    }

    /// As it is written in requests and in the store.
    pub fn to_text(&self) -> String {
        base64url::encode(&self.0)
    }

    /// Whether a `code_verifier` belongs to it.
    pub fn is_met_by(&self, verifier: &str) -> bool {
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        VERIFIER_CHARS.contains(&verifier.len())
            && verifier.bytes().all(unreserved)
            && verify_slices_are_equal(digest::digest(&digest::SHA256, verifier.as_bytes()).as_ref(), &self.0).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 7636 appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    #[test]
    fn the_example_of_the_specification_holds() {
        let challenge = Challenge::parse(CHALLENGE).unwrap();
        assert!(challenge.is_met_by(VERIFIER));
        assert_eq!(challenge.to_text(), CHALLENGE);
    }

    #[test]
    fn another_or_malformed_verifier_does_not_meet_the_challenge() {
        let challenge = Challenge::parse(CHALLENGE).unwrap();
        for verifier in ["", CHALLENGE, &VERIFIER[1..], &format!("{VERIFIER}a"), &VERIFIER.to_lowercase()] {
            assert!(!challenge.is_met_by(verifier), "{verifier}");
        }
        // A verifier that hashes right but is not one: too short, or with a character that is reserved.
        for odd in ["short", "dBjftJeZ4CVP+mB92K27uhbUJU1p1r/wW1gFWFOEjXk"] {
            let hash = digest::digest(&digest::SHA256, odd.as_bytes());
            let challenge = Challenge::parse(&base64url::encode(hash.as_ref())).unwrap();
            assert!(!challenge.is_met_by(odd), "{odd}");
        }
    }

    #[test]
    fn a_challenge_is_exactly_a_sha_256() {
        for text in ["", "AAAA", &format!("{CHALLENGE}="), &CHALLENGE[1..], VERIFIER.trim_end_matches('k')] {
            assert_eq!(Challenge::parse(text), None, "{text}");
        }
    }
}

//! Authorization codes: RFC 6749 section 4.1.2, bound to their request by PKCE.

use probity_jose::UnixTime;

use super::grant::Grant;
use super::pkce::Challenge;

/// What an authorization code stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeGrant {
    /// The client that it was issued to.
    pub client_id: String,
    /// Where it was sent.
    pub redirect_uri: String,
    /// Who logged in.
    pub subject: String,
    /// In which session.
    pub session_id: String,
    /// What was granted.
    pub grant: Grant,
    /// `nonce` of the request, for the ID token.
    pub nonce: Option<String>,
    /// The PKCE challenge.
    pub challenge: Challenge,
    /// When it can no longer be redeemed.
    pub expires: UnixTime,
    /// The grant that it was redeemed for, once it was.
    pub redeemed_for: Option<String>,
}

/// What presenting a code comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redemption {
    /// It may be redeemed.
    Redeem,
    /// It was redeemed before: the grant of then must die (RFC 6749 section 4.1.2).
    Replayed {
        /// The grant.
        family: String,
    },
    /// It is refused, and nothing changes.
    Refused(&'static str),
}

impl CodeGrant {
    /// Decides what presenting this code comes to. Whoever is not its client, or does not have the verifier, changes nothing:
    /// a code that leaked can't be used to kill a grant.
    pub fn present(
        &self,
        client_id: &str,
        redirect_uri: Option<&str>,
        verifier: Option<&str>,
        now: UnixTime,
    ) -> Redemption {
        if self.client_id != client_id {
            return Redemption::Refused("the code was issued to another client");
        }
        // RFC 6749 section 4.1.3 wants it when the request had it; OAuth 2.1 dropped it. What is sent must fit.
        if redirect_uri.is_some_and(|uri| uri != self.redirect_uri) {
            return Redemption::Refused("the code was sent to another redirect_uri");
        }
        let Some(verifier) = verifier else {
            return Redemption::Refused("code_verifier is missing");
        };
        if !self.challenge.is_met_by(verifier) {
            return Redemption::Refused("code_verifier does not fit code_challenge");
        }
        if let Some(family) = &self.redeemed_for {
            return Redemption::Replayed { family: family.clone() };
        }
        if now >= self.expires {
            return Redemption::Refused("the code has expired");
        }
        Redemption::Redeem
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const NOW: UnixTime = UnixTime::from_secs(1_000);

    fn grant() -> CodeGrant {
        CodeGrant {
            client_id: "app".into(),
            redirect_uri: "https://app.example/cb".into(),
            subject: "u".into(),
            session_id: "s".into(),
            grant: Grant::sample(NOW),
            nonce: None,
            challenge: Challenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM").unwrap(),
            expires: UnixTime::from_secs(1_060),
            redeemed_for: None,
        }
    }

    fn present(grant: &CodeGrant) -> Redemption {
        grant.present("app", Some("https://app.example/cb"), Some(VERIFIER), NOW)
    }

    #[test]
    fn a_code_is_redeemed_by_its_client_with_its_verifier_before_it_expires() {
        assert_eq!(present(&grant()), Redemption::Redeem);
        assert_eq!(grant().present("app", None, Some(VERIFIER), NOW), Redemption::Redeem);
        assert!(matches!(present(&CodeGrant { expires: NOW, ..grant() }), Redemption::Refused(_)));
    }

    #[test]
    fn a_redeemed_code_that_comes_again_kills_its_grant() {
        let redeemed = CodeGrant { redeemed_for: Some("f".into()), ..grant() };
        assert_eq!(present(&redeemed), Redemption::Replayed { family: "f".into() });
        // Also long after the code has expired.
        assert_eq!(present(&CodeGrant { expires: NOW, ..redeemed }), Redemption::Replayed { family: "f".into() });
    }

    #[test]
    fn whoever_has_only_the_code_can_neither_redeem_it_nor_kill_the_grant() {
        let redeemed = CodeGrant { redeemed_for: Some("f".into()), ..grant() };
        let other = "https://evil.example/cb";
        for grant in [grant(), redeemed] {
            for outcome in [
                grant.present("other", None, Some(VERIFIER), NOW),
                grant.present("app", Some(other), Some(VERIFIER), NOW),
                grant.present("app", None, None, NOW),
                grant.present("app", None, Some(&VERIFIER.replace('d', "e")), NOW),
            ] {
                assert!(matches!(outcome, Redemption::Refused(_)), "{outcome:?}");
            }
        }
    }
}

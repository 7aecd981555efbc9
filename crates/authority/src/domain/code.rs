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
    /// The PKCE challenge; nothing when the client was excused from it.
    pub challenge: Option<Challenge>,
    /// The thumbprint of the one key that may redeem it (RFC 9449 section 10).
    pub key: Option<String>,
    /// When it can no longer be redeemed.
    pub expires: UnixTime,
    /// The grant that it was redeemed for, once it was.
    pub redeemed_for: Option<String>,
}

/// What comes with a code.
#[derive(Debug, Clone, Copy)]
pub struct Presentation<'a> {
    /// The client, authenticated if it can be.
    pub client_id: &'a str,
    /// Whether the client has authenticated itself.
    pub authenticated: bool,
    /// `redirect_uri`
    pub redirect_uri: Option<&'a str>,
    /// `code_verifier`
    pub verifier: Option<&'a str>,
    /// The thumbprint of a key that was proven.
    pub key: Option<&'a str>,
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
    pub fn present(&self, presented: Presentation<'_>, now: UnixTime) -> Redemption {
        if self.client_id != presented.client_id {
            return Redemption::Refused("the code was issued to another client");
        }
        // RFC 6749 section 4.1.3 wants it when the request had it; OAuth 2.1 dropped it. What is sent must fit.
        if presented.redirect_uri.is_some_and(|uri| uri != self.redirect_uri) {
            return Redemption::Refused("the code was sent to another redirect_uri");
        }
        match (&self.challenge, presented.verifier) {
            (Some(challenge), Some(verifier)) if challenge.is_met_by(verifier) => {}
            (Some(_), Some(_)) => return Redemption::Refused("code_verifier does not fit code_challenge"),
            (Some(_), None) => return Redemption::Refused("code_verifier is missing"),
            // RFC 9700 section 2.1.1: somebody has taken the challenge out of the request.
            (None, Some(_)) => return Redemption::Refused("code_verifier without a code_challenge in the request"),
            (None, None) if presented.authenticated => {}
            // It has become a public client since.
            (None, None) => return Redemption::Refused("a public client needs PKCE"),
        }
        // RFC 9449 section 10.
        if self.key.is_some() && self.key.as_deref() != presented.key {
            return Redemption::Refused("the code is for a key that was not proven");
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
            challenge: Challenge::parse("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            expires: UnixTime::from_secs(1_060),
            key: None,
            redeemed_for: None,
        }
    }

    fn present(grant: &CodeGrant) -> Redemption {
        grant.present(GOOD, NOW)
    }

    const GOOD: Presentation<'_> = Presentation {
        client_id: "app",
        authenticated: false,
        redirect_uri: Some("https://app.example/cb"),
        verifier: Some(VERIFIER),
        key: None,
    };

    #[test]
    fn a_code_is_redeemed_by_its_client_with_its_verifier_before_it_expires() {
        assert_eq!(present(&grant()), Redemption::Redeem);
        assert_eq!(grant().present(Presentation { redirect_uri: None, ..GOOD }, NOW), Redemption::Redeem);
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
        let wrong = VERIFIER.replace('d', "e");
        for grant in [grant(), redeemed] {
            for presented in [
                Presentation { client_id: "other", ..GOOD },
                Presentation { redirect_uri: Some("https://evil.example/cb"), ..GOOD },
                Presentation { verifier: None, ..GOOD },
                Presentation { verifier: Some(&wrong), ..GOOD },
            ] {
                let outcome = grant.present(presented, NOW);
                assert!(matches!(outcome, Redemption::Refused(_)), "{outcome:?}");
            }
        }
    }

    #[test]
    fn a_code_without_challenge_is_redeemed_without_verifier_by_a_client_that_has_authenticated_itself() {
        let grant = CodeGrant { challenge: None, ..grant() };
        let good = Presentation { authenticated: true, verifier: None, ..GOOD };
        assert_eq!(grant.present(good, NOW), Redemption::Redeem);
        for bad in [Presentation { authenticated: false, ..good }, Presentation { verifier: Some(VERIFIER), ..good }] {
            assert!(matches!(grant.present(bad, NOW), Redemption::Refused(_)), "{bad:?}");
        }
    }

    #[test]
    fn a_code_for_a_key_is_redeemed_with_that_key_only() {
        let grant = CodeGrant { key: Some("k".into()), ..grant() };
        assert_eq!(grant.present(Presentation { key: Some("k"), ..GOOD }, NOW), Redemption::Redeem);
        for key in [None, Some("l")] {
            assert!(matches!(grant.present(Presentation { key, ..GOOD }, NOW), Redemption::Refused(_)), "{key:?}");
        }
    }
}

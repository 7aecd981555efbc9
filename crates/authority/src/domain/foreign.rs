//! Orders to revoke what another issuer has issued. This authority knows no more of it than the name.

use probity_jose::UnixTime;
use probity_verifier::revocation::{BadIdentifier, MAX_FOREIGN_TOKEN_SECONDS, Revocation, Target};
use url::Url;

use super::lifetimes::MAX_SESSION_SECONDS;

/// How much longer than a token may live a record of it is kept, in seconds: the order, the commit and the other issuer's
/// clock are not at one moment.
const SLACK_SECONDS: u64 = 300;

/// What is to die, and of whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignOrder {
    issuer: String,
    target: Target,
    expires: UnixTime,
}

/// An order that no record can carry out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadForeignOrder {
    /// No token can have it.
    #[error(transparent)]
    Identifier(#[from] BadIdentifier),
    /// No issuer is called so.
    #[error("an issuer is a URL")]
    Issuer,
    /// It would lapse at once, or be kept for longer than a session may live.
    #[error("expires is a moment in the future, at most a year from now")]
    Expires,
}

impl ForeignOrder {
    /// An order as of `now`. The record is kept until `expires`; without it, as long as a guard may accept what it kills.
    ///
    /// What is issued again and again under the same name (a session, a family, a key) is dead for a year, since nobody
    /// tells this authority when it has ended.
    ///
    /// # Errors
    /// [`BadForeignOrder`]
    pub fn new(
        issuer: &str,
        target: Target,
        expires: Option<UnixTime>,
        now: UnixTime,
    ) -> Result<Self, BadForeignOrder> {
        let most = now.plus(MAX_SESSION_SECONDS);
        if Url::parse(issuer).is_err() {
            return Err(BadForeignOrder::Issuer);
        }
        if expires.is_some_and(|expires| expires <= now || expires > most) {
            return Err(BadForeignOrder::Expires);
        }
        let usual = match target {
            Target::Token(_) | Target::Subject { .. } | Target::Client { .. } | Target::Everything { .. } => {
                now.plus(MAX_FOREIGN_TOKEN_SECONDS + SLACK_SECONDS)
            }
            Target::Session(_) | Target::SessionId(_) | Target::Family(_) | Target::Key(_) => most,
        };
        let order = Self { issuer: issuer.to_owned(), target, expires: expires.unwrap_or(usual) };
        order.record().check()?;
        Ok(order)
    }

    /// The record for the guards.
    pub fn record(&self) -> Revocation {
        Revocation { issuer: Some(self.issuer.clone()), target: self.target.clone(), expires: self.expires }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_000_000);
    const IDP: &str = "https://idp.example/";

    fn order(issuer: &str, target: Target, expires: Option<UnixTime>) -> Result<Revocation, BadForeignOrder> {
        ForeignOrder::new(issuer, target, expires, NOW).map(|order| order.record())
    }

    #[test]
    fn a_record_outlives_every_token_that_a_guard_accepts() {
        for target in [
            Target::Token("j".into()),
            Target::Subject { subject: "u".into(), through: NOW },
            Target::Client { client: "c".into(), through: NOW },
            Target::Everything { through: NOW },
        ] {
            let record = order(IDP, target, None).unwrap();
            assert_eq!(record.issuer.as_deref(), Some(IDP));
            assert!(record.expires > NOW.plus(MAX_FOREIGN_TOKEN_SECONDS), "{record:?}");
            assert!(record.expires < NOW.plus(2 * MAX_FOREIGN_TOKEN_SECONDS), "{record:?}");
        }
    }

    #[test]
    fn what_is_issued_again_under_its_name_stays_dead_for_a_year() {
        for target in [Target::SessionId("s".into()), Target::Family("f".into()), Target::Key("k".into())] {
            assert_eq!(order(IDP, target, None).unwrap().expires, NOW.plus(MAX_SESSION_SECONDS));
        }
    }

    #[test]
    fn a_record_is_kept_as_long_as_was_said() {
        let expires = NOW.plus(10);
        assert_eq!(order(IDP, Target::SessionId("s".into()), Some(expires)).unwrap().expires, expires);
        for expires in [NOW, NOW.minus(1), NOW.plus(MAX_SESSION_SECONDS + 1)] {
            let refused = order(IDP, Target::Token("j".into()), Some(expires));
            assert_eq!(refused, Err(BadForeignOrder::Expires), "{expires:?}");
        }
    }

    #[test]
    fn a_name_that_nobody_can_have_is_refused() {
        let token = || Target::Token("j".into());
        assert_eq!(order("idp", token(), None), Err(BadForeignOrder::Issuer));
        assert_eq!(order("", token(), None), Err(BadForeignOrder::Issuer));
        let long = format!("{IDP}{}", "x".repeat(512));
        assert_eq!(order(&long, token(), None), Err(BadForeignOrder::Identifier(BadIdentifier)));
        assert_eq!(order(IDP, Target::Token(String::new()), None), Err(BadForeignOrder::Identifier(BadIdentifier)));
    }
}

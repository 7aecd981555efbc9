//! Reads access tokens that this authority has issued, for whichever audience.

use probity_jose::UnixTime;
use probity_verifier::{AccessToken, access_token_of_any_audience};

use crate::authority::State;
use crate::keys::ALGORITHM;

impl State {
    /// The token, if this authority has signed it and it has not expired; revoked ones too.
    pub(super) fn own_token(&self, token: &str, now: UnixTime) -> Option<AccessToken> {
        access_token_of_any_audience(&self.issuer, &[ALGORITHM], token, &self.keys.current().published, now).ok()
    }

    /// What was signed, by this authority, with a key that is not compromised, whether the token has expired or not. `expires`
    /// is what the token itself says.
    ///
    /// # Errors
    /// The code of what is wrong with it.
    pub(super) fn signed_token(
        &self,
        token: &str,
        expires: Option<UnixTime>,
        now: UnixTime,
    ) -> Result<AccessToken, &'static str> {
        // As of a moment at which it was good, if it ever was.
        let moment = expires.map_or(now, |expires| now.min(expires.minus(1)));
        access_token_of_any_audience(&self.issuer, &[ALGORITHM], token, &self.keys.current().published, moment)
            .map_err(|rejection| rejection.code())
    }

    /// The token, if it is good in every respect.
    pub(super) fn live_token(&self, token: &str, now: UnixTime) -> Option<AccessToken> {
        self.own_token(token, now).filter(|token| self.hub.replica().check(&token.facts()).is_none())
    }
}

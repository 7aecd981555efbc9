//! Reads access tokens that this authority has issued, for whichever audience.

use probity_jose::UnixTime;
use probity_verifier::{AccessToken, access_token_of_any_audience};

use crate::authority::State;
use crate::domain::algorithm::PublicAlgorithm;

impl State {
    /// The token, if this authority has signed it and it has not expired; revoked ones too.
    pub(super) fn own_token(&self, token: &str, now: UnixTime) -> Option<AccessToken> {
        let algorithms: Vec<_> = self.keys.algorithms().iter().copied().map(PublicAlgorithm::get).collect();
        access_token_of_any_audience(&self.issuer, &algorithms, token, &self.keys.current().published, now).ok()
    }

    /// The token, if it is good in every respect.
    pub(super) fn live_token(&self, token: &str, now: UnixTime) -> Option<AccessToken> {
        self.own_token(token, now).filter(|token| self.hub.replica().check(&token.facts()).is_none())
    }
}

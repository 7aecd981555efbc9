//! Reads access tokens that this authority has issued, signed or opaque, for whichever audience.

use probity_jose::{UnixTime, base64url};
use probity_verifier::{AccessToken, Rejection};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::authority::State;
use crate::domain::confirmation::Confirmation;
use crate::domain::opaque_token::{EnvelopeKey, is_opaque};

/// An access token of ours: its signature and its times are good.
pub(super) struct OwnToken {
    pub(super) token: AccessToken,
    /// Everything that it says.
    pub(super) claims: Map<String, Value>,
}

impl OwnToken {
    /// What it is bound to.
    ///
    /// # Errors
    /// To something that is not understood, so that whether it may be used can't be known.
    pub(super) fn confirmation(&self) -> Result<Confirmation, serde_json::Error> {
        self.claims.get("cnf").map_or(Ok(Confirmation::default()), |cnf| serde_json::from_value(cnf.clone()))
    }
}

impl State {
    /// The token, if this authority has signed it and it has not expired; revoked ones too.
    pub(super) fn own_token(&self, token: &str, now: UnixTime) -> Option<OwnToken> {
        let opened = self.opened(token)?;
        let token = opened.as_deref().map_or(token, String::as_str);
        let verified = self.signed_at(token, now).ok()?;
        // Its signature covers this text.
        let payload = base64url::decode(token.split('.').nth(1)?).ok()?;
        Some(OwnToken { token: verified, claims: serde_json::from_slice(&payload).ok()? })
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
        self.signed_at(token, moment).map_err(|rejection| rejection.code())
    }

    /// What is in the envelope of an opaque token. Some nothing for a token that is none, and nothing for one that is not ours.
    #[expect(clippy::option_option, reason = "no envelope is no fault")]
    pub(super) fn opened(&self, token: &str) -> Option<Option<Zeroizing<String>>> {
        if is_opaque(token) { EnvelopeKey::new(self.keys.secret()).open(token).map(Some) } else { Some(None) }
    }

    fn signed_at(&self, token: &str, moment: UnixTime) -> Result<AccessToken, Rejection> {
        self.own_tokens.verify(token, &self.keys.current().published, moment)
    }

    /// The token, if it is good in every respect.
    pub(super) fn live_token(&self, token: &str, now: UnixTime) -> Option<OwnToken> {
        self.own_token(token, now).filter(|own| self.hub.replica().check(&own.token.facts()).is_none())
    }
}

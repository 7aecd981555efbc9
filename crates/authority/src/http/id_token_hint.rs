//! `id_token_hint`: an ID token of ours that comes back, expired or not (OpenID Connect Core 1.0 section 3.1.2.1).

use std::time::Duration;

use probity_jose::{UnixTime, base64url, jwt};
use serde::Deserialize;

use crate::authority::State;
use crate::domain::lifetimes::MAX_SESSION_SECONDS;

/// How long after its expiry an ID token is good as a hint: as long as its session could last.
const MAX_AGE: Duration = Duration::from_secs(MAX_SESSION_SECONDS);

/// What a hint says.
#[derive(Debug, Deserialize)]
pub(super) struct Hint {
    /// What the client calls the user.
    #[serde(rename = "sub")]
    pub(super) subject: String,
    /// The session of the login.
    #[serde(rename = "sid")]
    pub(super) session_id: Option<String>,
    /// The client.
    #[serde(rename = "aud")]
    pub(super) client_id: String,
}

/// What says whose keys and audience a hint is to be checked for.
#[derive(Deserialize)]
struct Unverified {
    aud: String,
}

impl State {
    /// Reads a hint that was issued to whichever client.
    pub(super) fn read_hint_of_any_client(&self, token: &str, now: UnixTime) -> Option<Hint> {
        let payload = base64url::decode(token.split('.').nth(1)?).ok()?;
        let Unverified { aud } = serde_json::from_slice(&payload).ok()?;
        self.read_id_token_hint(token, &aud, now)
    }

    /// Reads a hint that was issued to a client; nothing when this authority has not signed it for that one.
    pub(super) fn read_id_token_hint(&self, token: &str, client_id: &str, now: UnixTime) -> Option<Hint> {
        let ring = self.keys.current();
        let algorithms = ring.published.keys().iter().map(probity_jose::VerifyingKey::algorithm);
        let mut policy = jwt::Verifier::custom(jwt::TokenType::Untyped)
            .issuer(&self.issuer)
            .only_audience(client_id)
            .algorithms(algorithms);
        policy.leeway = MAX_AGE;
        policy.verify::<Hint>(token, &ring.published, now).ok().map(jwt::Verified::into_claims)
    }
}

//! Logout: OpenID Connect RP-Initiated Logout 1.0 and Back-Channel Logout 1.0.

use probity_jose::UnixTime;
use serde::Serialize;
use serde_json::{Value, json};

use super::authorization::MAX_ECHOED_BYTES;
use super::client::Client;
use super::parameters::Parameters;

/// `typ` of a logout token: Back-Channel Logout section 2.4.
pub const TYPE: &str = "logout+jwt";

/// How long, in seconds, a logout token is good: section 2.4 recommends two minutes at most.
pub const LOGOUT_TOKEN_SECONDS: u64 = 120;

/// How often a client is told, until it has understood.
pub const MAX_ATTEMPTS: u32 = 6;

/// Where the user goes after the logout, if anywhere; the one reason why not.
///
/// # Errors
/// Says to the user what is wrong.
pub fn destination(parameters: &Parameters, client: Option<&Client>) -> Result<Option<String>, &'static str> {
    let Some(uri) = parameters.get("post_logout_redirect_uri") else {
        return Ok(None);
    };
    // RP-Initiated Logout section 3: exactly one of the client's, and only if the client is known.
    let registered = client.map(|client| client.metadata.post_logout_redirect_uris.as_slice()).unwrap_or_default();
    if !registered.iter().any(|known| known == uri) {
        return Err("The address to go to after signing out is not registered for this application.");
    }
    let state = parameters.get("state").filter(|state| state.len() <= MAX_ECHOED_BYTES);
    Ok(Some(match state {
        Some(state) => super::authorization::with_query(uri, [("state", state)]),
        None => uri.to_owned(),
    }))
}

/// What tells a client that a session has ended: Back-Channel Logout section 2.4. It has no `nonce`, so that it can't be
/// taken for an ID token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogoutClaims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    iat: u64,
    exp: u64,
    jti: &'a str,
    sid: &'a str,
    events: Value,
}

impl<'a> LogoutClaims<'a> {
    /// For a client, about a session of the user whom it calls `subject`.
    pub fn new(
        issuer: &'a str,
        client_id: &'a str,
        subject: &'a str,
        session_id: &'a str,
        token_id: &'a str,
        now: UnixTime,
    ) -> Self {
        Self {
            iss: issuer,
            sub: subject,
            aud: client_id,
            iat: now.as_secs(),
            exp: now.plus(LOGOUT_TOKEN_SECONDS).as_secs(),
            jti: token_id,
            sid: session_id,
            events: json!({ "http://schemas.openid.net/event/backchannel-logout": {} }),
        }
    }
}

/// When a client that was told in vain `attempts` times is told again, if ever: soon at first, then ever later.
pub const fn next_attempt(attempts: u32, now: UnixTime) -> Option<UnixTime> {
    if attempts >= MAX_ATTEMPTS { None } else { Some(now.plus(5_u64.saturating_pow(attempts))) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::client::metadata::ClientMetadata;

    #[test]
    fn a_user_goes_only_where_the_client_has_registered() {
        let metadata = ClientMetadata {
            post_logout_redirect_uris: vec!["https://app.example/bye?x=1".into()],
            ..ClientMetadata::default()
        };
        let client = Client { metadata, ..Client::sample() };
        let ask = |uri: &str| Parameters::default().with("post_logout_redirect_uri", uri).with("state", "s t");
        let good = ask("https://app.example/bye?x=1");
        assert_eq!(destination(&good, Some(&client)), Ok(Some("https://app.example/bye?x=1&state=s+t".into())));
        let silent = good.clone().without("state");
        assert_eq!(destination(&silent, Some(&client)), Ok(Some("https://app.example/bye?x=1".into())));
        assert!(destination(&good, None).is_err(), "of nobody");
        for uri in ["https://app.example/bye", "https://app.example/bye?x=1#y", "https://evil.example/"] {
            assert!(destination(&ask(uri), Some(&client)).is_err(), "{uri}");
        }
        assert_eq!(destination(&Parameters::default(), None), Ok(None));
    }

    #[test]
    fn a_client_is_told_ever_later_and_then_no_more() {
        let now = UnixTime::from_secs(1_000);
        let waits: Vec<_> = (1..MAX_ATTEMPTS).map(|attempts| next_attempt(attempts, now).unwrap().since(now)).collect();
        assert_eq!(waits, [5, 25, 125, 625, 3_125]);
        assert_eq!(next_attempt(MAX_ATTEMPTS, now), None);
    }
}

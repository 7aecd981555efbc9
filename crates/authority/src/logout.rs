//! Tells clients that a session has ended: OpenID Connect Back-Channel Logout 1.0 section 2.5.
//!
//! Who is to be told is written with the session's end, so that nobody is forgotten when the process dies in between.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use probity_jose::{UnixTime, base64url};
use probity_verifier::clock::unix_now;
use tracing::{info, warn};

use crate::authority::State;
use crate::domain::access_token::TOKEN_ID_BYTES;
use crate::domain::logout::{LogoutClaims, TYPE, next_attempt};
use crate::entropy;
use crate::outbound;
use crate::store::{LogoutNotice, StoreError, Write};

/// How often the store is asked who is to be told, when nobody says that there is somebody.
const LOOK: Duration = Duration::from_secs(5);

/// How many are told at once, and in one turn.
const AT_ONCE: usize = 8;
const PER_TURN: u32 = 64;

/// Tells whoever is to be told, again and again.
pub(crate) async fn keep_telling(state: Arc<State>) {
    loop {
        // Either is a reason to look.
        let _ = tokio::time::timeout(LOOK, state.sessions_ended.notified()).await;
        loop {
            match state.tell_clients(unix_now()).await {
                // As many as there may be: there may be more.
                Ok(told) if told >= PER_TURN => {}
                Ok(_) => break,
                Err(error) => {
                    warn!(error = %error, "who is to be told of a logout can't be known at this moment");
                    break;
                }
            }
        }
    }
}

impl State {
    /// Tells whoever is to be told now; how many that were.
    pub(crate) async fn tell_clients(&self, now: UnixTime) -> Result<u32, StoreError> {
        let notices = self.store.due_notices(now, PER_TURN).await?;
        let told = stream::iter(&notices).for_each_concurrent(AT_ONCE, |notice| async move {
            let attempts = notice.attempts.saturating_add(1);
            let after = match self.tell(notice, now).await {
                Ok(()) => notice.drop(),
                Err(reason) => {
                    let (client, sid) = (notice.client_id.as_str(), notice.session_id.as_str());
                    if let Some(due) = next_attempt(attempts, now) {
                        info!(client, sid, attempts, reason, "a client was told of a logout in vain");
                        notice.put_off(due)
                    } else {
                        warn!(code = "logout.untold", client, sid, reason, "a client is not told of a logout any more");
                        notice.drop()
                    }
                }
            };
            if let Err(error) = self.store.apply(Write::from(after)).await {
                // It is told once more: a client takes a second logout for none.
                warn!(error = %error, "that a client was told of a logout could not be noted");
            }
        });
        told.await;
        Ok(u32::try_from(notices.len()).unwrap_or(u32::MAX))
    }

    async fn tell(&self, notice: &LogoutNotice, now: UnixTime) -> Result<(), String> {
        let client = self.client(&notice.client_id).await.map_err(|error| error.to_string())?;
        // A client that is gone, or does not want to know any more, need not be told.
        let Some(client) = client else { return Ok(()) };
        let Some(uri) = &client.metadata.backchannel_logout_uri else { return Ok(()) };
        let uri = outbound::parse_url(uri).map_err(|error| error.to_string())?;
        let token_id = entropy::bytes::<TOKEN_ID_BYTES>().map_err(|error| error.to_string())?;
        let token_id = base64url::encode(&token_id);
        let claims = LogoutClaims::new(&self.issuer, &client.id, &notice.subject, &notice.session_id, &token_id, now);
        let token = self.sign(TYPE, &claims, client.metadata.id_token_signed_response_alg);
        let token = token.map_err(|error| error.to_string())?;
        self.outbound.post_form(&uri, &[("logout_token", &token)]).await.map_err(|error| error.to_string())
    }
}

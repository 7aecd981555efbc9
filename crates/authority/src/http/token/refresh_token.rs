//! Refreshing: RFC 6749 section 6, with rotation (RFC 9700 section 4.14.2).

use probity_jose::UnixTime;
use tracing::warn;

use super::TokenAnswer;
use crate::authority::State;
use crate::domain::client::Client;
use crate::domain::family::{Family, Refresh};
use crate::domain::parameters::Parameters;
use crate::domain::revocation::Order;
use crate::http::error::OAuthError;
use crate::store::{Conflict, Write, WriteError};

const UNKNOWN: OAuthError = OAuthError::InvalidGrant("the refresh token is unknown, expired, used or revoked");

/// How often a lost race is looked at again; each time somebody else has rotated the family.
const MAX_ATTEMPTS: usize = 3;

pub(super) async fn exchange(
    state: &State,
    client: &Client,
    parameters: &Parameters,
) -> Result<TokenAnswer, OAuthError> {
    let token = parameters.get("refresh_token").ok_or(OAuthError::InvalidRequest("refresh_token is missing"))?;
    let (id, counter) = state.keys.refresh().read(token).map_err(|_| UNKNOWN)?;
    for _ in 0..MAX_ATTEMPTS {
        let subject = state.store.family(&id).await?.ok_or(UNKNOWN)?.subject;
        let now = state.moment(&subject, &client.id).await?;
        // Read after the moment: a token that is dated after a revocation must not come from what was true before it.
        let family = state.store.family(&id).await?.ok_or(UNKNOWN)?;
        // RFC 6749 section 6: bound to the client. Another client's use changes nothing.
        if family.client_id != client.id {
            return Err(UNKNOWN);
        }
        // RFC 6749 section 6: never more than was granted.
        let scope = family.scope.grant(parameters.get("scope"))?;
        let current = match family.present(counter, now) {
            Refresh::Dead => return Err(UNKNOWN),
            Refresh::Reused => return Err(kill_reused(state, &family, now).await),
            Refresh::Repeat => family.counter,
            Refresh::Rotate { next } => match state.store.apply(Write::from(family.rotate(next, now))).await {
                Ok(_) => next,
                // Somebody was faster; what it comes to now is decided anew.
                Err(WriteError::Conflict(Conflict::FamilyMoved)) => continue,
                Err(error) => return Err(error.into()),
            },
        };
        let session = state.store.live_session(&family.session_id, now).await?.ok_or(UNKNOWN)?;
        let access = state.issue_for_session(client, &session, &family.id, &scope, now)?;
        let refresh = state.keys.refresh().token(&family.id, current).map_err(|_| UNKNOWN)?;
        return Ok(TokenAnswer { access, refresh: Some(refresh), id_token: None, scope });
    }
    Err(UNKNOWN)
}

async fn kill_reused(state: &State, family: &Family, now: UnixTime) -> OAuthError {
    match state.revoke(&Order::Family(family.id.clone()), now).await {
        Ok(_) => {
            let family = family.id.as_str();
            warn!(
                code = "grant.refresh_token_reused",
                family, "a used refresh token came again: its family is revoked"
            );
            UNKNOWN
        }
        Err(error) => error.into(),
    }
}

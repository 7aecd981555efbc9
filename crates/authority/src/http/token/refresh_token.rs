//! Refreshing: RFC 6749 section 6, with rotation (RFC 9700 section 4.14.2).

use probity_jose::UnixTime;
use tracing::warn;

use super::grant::GrantTokens;
use super::{TokenAnswer, TokenRequest};
use crate::authority::State;
use crate::domain::audit_log::Event;
use crate::domain::family::{Family, Refresh};
use crate::domain::revocation::Order;
use crate::domain::session::Session;
use crate::http::error::OAuthError;
use crate::store::{Conflict, Write, WriteError};

const UNKNOWN: OAuthError = OAuthError::InvalidGrant("the refresh token is unknown, expired, used or revoked");

/// How often a lost race is looked at again; each time somebody else has rotated the family.
const MAX_ATTEMPTS: usize = 3;

pub(super) async fn exchange(state: &State, request: &TokenRequest<'_>) -> Result<TokenAnswer, OAuthError> {
    let TokenRequest { client, parameters, .. } = request;
    let token = parameters.get("refresh_token").ok_or(OAuthError::InvalidRequest("refresh_token is missing"))?;
    let (id, counter) = state.keys.refresh().read(token).map_err(|_| UNKNOWN)?;
    for _ in 0..MAX_ATTEMPTS {
        let subject = state.store.family(&id).await?.ok_or(UNKNOWN)?.subject;
        let subject = state.subject_for(client, &subject);
        let now = state.moment(&subject, &client.id).await?;
        // Read after the moment: a token that is dated after a revocation must not come from what was true before it.
        let family = state.store.family(&id).await?.ok_or(UNKNOWN)?;
        // RFC 6749 section 6: bound to the client. Another client's use changes nothing.
        if family.client_id != client.id {
            return Err(UNKNOWN);
        }
        // Nor does that of anybody who does not have what it is bound to.
        if !family.confirmation.is_met_by(&request.confirmation) {
            return Err(UNKNOWN);
        }
        // RFC 6749 section 6: never more than was granted.
        let scope = family.grant.scope.grant(parameters.get("scope"))?;
        let audience = client.audience_of(&family.grant.resources, parameters.all("resource"))?;
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
        let session = match &family.session_id {
            Some(id) => Some(used_session(state, id, now).await?),
            None => None,
        };
        let tokens = GrantTokens {
            client,
            subject: &subject,
            family: &Family { counter: current, ..family },
            scope: &scope,
            audience: &audience,
            confirmation: &request.confirmation,
            session: session.as_ref(),
            session_id: session.as_ref().map(|session| session.id.as_str()),
            nonce: None,
        };
        return tokens.issue(state, now).await;
    }
    Err(UNKNOWN)
}

/// The session of the family, which is used by this and so does not end yet.
async fn used_session(state: &State, id: &str, now: UnixTime) -> Result<Session, OAuthError> {
    let session = state.store.live_session(id, now).await?.ok_or(UNKNOWN)?;
    let Some(expires) = session.extended(now, state.lifetimes.idle) else {
        return Ok(session);
    };
    match state.store.apply(Write::from(session.extend(now, expires))).await {
        Ok(_) => Ok(Session { expires, ..session }),
        Err(WriteError::Conflict(Conflict::SessionEnded)) => Err(UNKNOWN),
        Err(error) => Err(error.into()),
    }
}

async fn kill_reused(state: &State, family: &Family, now: UnixTime) -> OAuthError {
    let event = Event::new(format!("client:{}", family.client_id), "grant.refresh_token_reused", &family.id);
    match state.revoke_along(&Order::Family(family.id.clone()), Write::new().logging(event), now).await {
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

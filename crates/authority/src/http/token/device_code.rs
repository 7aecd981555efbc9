//! A device asks whether its user has decided: RFC 8628 section 3.4.

use probity_verifier::clock::unix_now;

use super::grant::{self, NewGrant};
use super::{TokenAnswer, TokenRequest};
use crate::authority::State;
use crate::domain::claims::ClaimsRequest;
use crate::domain::device::Poll;
use crate::domain::grant::Grant;
use crate::domain::secret::{PlainSecret, SecretKind};
use crate::http::error::OAuthError;
use crate::store::{Write, note_poll, redeem_device};

const UNKNOWN: OAuthError = OAuthError::InvalidGrant("the device_code is unknown or used");

pub(super) async fn exchange(state: &State, request: &TokenRequest<'_>) -> Result<TokenAnswer, OAuthError> {
    let TokenRequest { client, parameters, .. } = request;
    let code = parameters.get("device_code").ok_or(OAuthError::InvalidRequest("device_code is missing"))?;
    let code = PlainSecret::hash_of(SecretKind::DeviceCode, code).map_err(|_| UNKNOWN)?;
    let device = state.store.device(&code).await?.ok_or(UNKNOWN)?;
    let now = unix_now();
    let (subject, session_id) = match device.poll(&client.id, now) {
        Poll::Redeem { subject, session_id } => (subject, session_id),
        Poll::Replayed { family } => return Err(grant::kill_replayed(state, &family, now, UNKNOWN).await),
        Poll::Refused => return Err(UNKNOWN),
        Poll::Wait { error, description, pause } => {
            state.store.apply(Write::from(note_poll(&code, pause, now))).await?;
            return Err(OAuthError::Authorization { code: error, description });
        }
    };
    let name = state.subject_for(client, &subject);
    let now = state.moment(&name, &client.id).await?;
    let session = state.store.live_session(&session_id, now).await?;
    let session = session.ok_or(OAuthError::InvalidGrant("the session has ended"))?;
    let grant = Grant {
        scope: device.scope,
        authentication: session.authentication.clone(),
        claims: ClaimsRequest::default(),
        resources: device.resources,
    };
    let new = NewGrant { request, subject: &name, session: &session, grant, nonce: None };
    if let Some(answer) = new.open(state, now, |family| redeem_device(&code, family, now)).await? {
        return Ok(answer);
    }
    // Somebody was faster: two have the code, so nobody may keep what it gave.
    match state.store.device(&code).await?.map(|device| device.poll(&client.id, now)) {
        Some(Poll::Replayed { family }) => Err(grant::kill_replayed(state, &family, now, UNKNOWN).await),
        _ => Err(UNKNOWN),
    }
}

//! `POST /device-authorization`: a device asks for a code that its user types in elsewhere (RFC 8628 section 3.1).

use axum::Json;
use axum::extract::State;
use probity_verifier::clock::unix_now;
use serde_json::{Value, json};

use super::error::OAuthError;
use super::form::Form;
use super::{Shared, path};
use crate::domain::client::GrantType;
use crate::domain::device::{DEVICE_CODE_SECONDS, DeviceRequest, DeviceState, POLL_SECONDS, UserCode};
use crate::domain::secret::{PlainSecret, SecretHash, SecretKind};
use crate::entropy;
use crate::store::{Conflict, Write, WriteError};

/// How often another user code is drawn when a device shows the first one already.
const MAX_ATTEMPTS: usize = 3;

pub(super) async fn post(State(state): Shared, form: Form) -> Result<Json<Value>, OAuthError> {
    let client = state.authenticate(&form).await?;
    if !client.may_use(GrantType::DeviceCode) {
        return Err(OAuthError::UnauthorizedClient("the client may not use this grant type"));
    }
    let now = unix_now();
    let request = DeviceRequest {
        client_id: client.id.clone(),
        scope: client.scope.grant(form.parameters.get("scope"))?,
        resources: client.resources(form.parameters.all("resource"))?,
        expires: now.plus(DEVICE_CODE_SECONDS),
        pause: POLL_SECONDS,
        // Its first question may come at once.
        polled: now.minus(POLL_SECONDS),
        state: DeviceState::Pending,
    };
    for _ in 0..MAX_ATTEMPTS {
        let device = PlainSecret::new(SecretKind::DeviceCode, entropy::bytes()?);
        let user = UserCode::new(entropy::bytes()?);
        let write = request.add(&device.hash(), &SecretHash::of(user.letters()));
        match state.store.apply(Write::from(write)).await {
            Ok(_) => {}
            Err(WriteError::Conflict(Conflict::Taken)) => continue,
            Err(error) => return Err(error.into()),
        }
        let page = format!("{}{}", state.issuer, path::DEVICE);
        return Ok(Json(json!({
            "device_code": device.expose(),
            "user_code": user.shown(),
            "verification_uri": page,
            "verification_uri_complete": format!("{page}?user_code={}", user.shown()),
            "expires_in": DEVICE_CODE_SECONDS,
            "interval": POLL_SECONDS,
        })));
    }
    Err(OAuthError::Busy)
}

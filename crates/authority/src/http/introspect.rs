//! `POST /introspect`: RFC 7662, and signed answers by RFC 9701. A dead token is `active: false` and nothing else, whatever it
//! died of.

use ::http::HeaderMap;
use ::http::header::{ACCEPT, CONTENT_TYPE, VARY};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use probity_jose::UnixTime;
use probity_verifier::clock::unix_now;
use serde_json::{Value, json};

use super::Shared;
use super::error::OAuthError;
use super::form::Form;
use crate::authority;
use crate::domain::client::Client;

/// `typ` of a signed answer; its media type is this below `application/` (RFC 9701 section 5).
const TYPE: &str = "token-introspection+jwt";

const MEDIA_TYPE: &str = "application/token-introspection+jwt";

pub(super) async fn post(State(state): Shared, headers: HeaderMap, form: Form) -> Result<Response, OAuthError> {
    let client = state.authenticate(&form).await?;
    if client.is_public() {
        // RFC 7662 section 2.1: or anybody could try tokens here.
        return Err(OAuthError::InvalidClient);
    }
    let token = form.parameters.get("token").ok_or(OAuthError::InvalidRequest("token is missing"))?;
    let now = unix_now();
    let answer = match access_token(&state, token, now) {
        Some(answer) => Some(answer),
        None => refresh_token(&state, &client, token, now).await?,
    };
    let answer = answer.unwrap_or_else(|| json!({ "active": false }));
    // What a cache keeps must not be the other form.
    let vary = [(VARY, "accept")];
    if !wants_signed(&headers) {
        return Ok((vary, Json(answer)).into_response());
    }
    // RFC 9701 section 5: nothing of the token beside these, so that nobody takes the answer for the token itself.
    let claims = json!({ "iss": state.issuer, "aud": client.id, "iat": now.as_secs(), "token_introspection": answer });
    let signed = state.sign(TYPE, &claims, client.metadata.introspection_signed_response_alg)?;
    Ok((vary, [(CONTENT_TYPE, MEDIA_TYPE)], signed).into_response())
}

/// RFC 9701 section 4: whoever wants a signed answer names its media type.
fn wants_signed(headers: &HeaderMap) -> bool {
    let names = |value: &str| {
        value.split(',').any(|range| {
            let media_type = range.split(';').next().unwrap_or_default().trim();
            media_type.eq_ignore_ascii_case(MEDIA_TYPE)
        })
    };
    headers.get_all(ACCEPT).iter().any(|value| value.to_str().is_ok_and(names))
}

/// All claims of the token (section 2.2), and what they mean here.
fn access_token(state: &authority::State, token: &str, now: UnixTime) -> Option<Value> {
    let own = state.live_token(token, now)?;
    let is_bound_to_key = own.confirmation().ok()?.key.is_some();
    let mut claims = own.claims;
    claims.insert("active".to_owned(), true.into());
    claims.insert("token_type".to_owned(), if is_bound_to_key { "DPoP" } else { "Bearer" }.into());
    Some(claims.into())
}

/// A refresh token is shown only to its own client.
async fn refresh_token(
    state: &authority::State,
    client: &Client,
    token: &str,
    now: UnixTime,
) -> Result<Option<Value>, OAuthError> {
    let Ok((id, counter)) = state.keys.refresh().read(token) else {
        return Ok(None);
    };
    let family = state.store.family(&id).await?;
    let live = family.filter(|family| {
        family.client_id == client.id && family.counter == counter && !family.revoked && now < family.expires
    });
    // It ends with its session, which may be over for not having been used.
    if let Some(session) = live.as_ref().and_then(|family| family.session_id.as_deref())
        && state.store.live_session(session, now).await?.is_none()
    {
        return Ok(None);
    }
    Ok(live.map(|family| {
        json!({
            "active": true,
            "iss": state.issuer,
            "sub": state.subject_for(client, &family.subject),
            "client_id": family.client_id,
            "scope": family.grant.scope.to_string(),
            "exp": family.expires.as_secs(),
        })
    }))
}

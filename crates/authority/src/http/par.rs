//! `POST /par`: a client pushes its authorization request, and gets a reference to it (RFC 9126).

use ::http::{Method, StatusCode};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use probity_verifier::clock::unix_now;
use serde_json::json;

use super::dpop::ProofFor;
use super::error::OAuthError;
use super::form::Form;
use super::log::Line;
use super::{Shared, path};
use crate::domain::authorization::{AuthorizationError, AuthorizationRequest, Origin};
use crate::domain::parameters::Parameters;
use crate::domain::pushed_request::{PUSHED_SECONDS, PushedRequest, REFERENCE_PREFIX};
use crate::domain::secret::{PlainSecret, SecretKind};
use crate::entropy;
use crate::store::Write;

/// What authenticates the client: it is no part of its request (RFC 9126 section 2.1).
const CREDENTIALS: [&str; 3] = ["client_secret", "client_assertion", "client_assertion_type"];

pub(super) async fn post(State(state): Shared, form: Form) -> Result<Response, OAuthError> {
    let proof =
        state.read_proof(&form.headers, ProofFor { method: &Method::POST, path: path::PAR, access_token: None })?;
    let client = state.authenticate(&form).await?;
    let key = state.use_proof(proof)?;
    let now = unix_now();
    let parameters = CREDENTIALS.into_iter().fold(form.parameters, Parameters::without);
    if parameters.get("request_uri").is_some() {
        // Section 2.1.
        return Err(OAuthError::InvalidRequest("request_uri can't be pushed"));
    }
    let (parameters, signed) = match parameters.get("request") {
        None => (parameters, false),
        Some(object) => {
            let inside = state.read_request_object(&client, object, now).await;
            (inside.map_err(|(code, description)| OAuthError::Authorization { code, description })?, true)
        }
    };
    // Section 2.1: client_id is required, and it is the client's own.
    if parameters.get("client_id").is_some_and(|id| id != client.id) {
        return Err(OAuthError::InvalidRequest("client_id is not that of the client that authenticates itself"));
    }
    let mut parameters = parameters.with("client_id", &client.id);
    // RFC 9449 section 10.1: a proof here says the same as dpop_jkt.
    if let Some(key) = key {
        if parameters.get("dpop_jkt").is_some_and(|other| other != key) {
            return Err(OAuthError::InvalidDpopProof("the proof's key is not that of dpop_jkt"));
        }
        parameters = parameters.with("dpop_jkt", &key);
    }
    AuthorizationRequest::read(&parameters, &client, Origin { pushed: true, signed })
        .map_err(|error| at_once(&error))?;
    if let Some(hint) = parameters.get("id_token_hint") {
        let hint = state.read_id_token_hint(hint, &client.id, now);
        hint.ok_or(OAuthError::InvalidRequest("id_token_hint is no ID token of ours"))?;
    }
    let reference = PlainSecret::new(SecretKind::PushedRequest, entropy::bytes()?);
    let expires = now.plus(PUSHED_SECONDS);
    let pushed = PushedRequest { client_id: client.id.clone(), parameters, signed, expires };
    state.store.apply(Write::from(pushed.add(&reference.hash()))).await?;
    let body = json!({
        "request_uri": format!("{REFERENCE_PREFIX}{}", reference.expose()),
        "expires_in": PUSHED_SECONDS,
    });
    let mut response = (StatusCode::CREATED, Json(body)).into_response();
    response.extensions_mut().insert(Line { client: Some(client.id), ..Line::default() });
    Ok(response)
}

/// RFC 9126 section 2.3: told to the client at once, in JSON.
fn at_once(error: &AuthorizationError) -> OAuthError {
    match error {
        AuthorizationError::Unredirectable(_) => OAuthError::InvalidRequest("redirect_uri is not registered"),
        AuthorizationError::Redirectable { error, description, .. } => {
            OAuthError::Authorization { code: error, description }
        }
    }
}

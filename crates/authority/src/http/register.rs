//! `/register`: clients register themselves with an initial access token (RFC 7591, OpenID Connect Dynamic Client Registration
//! 1.0), and look after that with a token of their own (RFC 7592).

use ::http::{HeaderMap, StatusCode};
use axum::Json;
use axum::extract::{Path, State};
use probity_jose::base64url;
use probity_verifier::clock::unix_now;
use serde_json::{Map, Value};
use tracing::info;

use super::admin::JsonBody;
use super::admin::clients::{CLIENT_ID_BYTES, check, settle_secret};
use super::error::OAuthError;
use super::protected::bearer;
use super::{Shared, path};
use crate::authority;
use crate::domain::audit_log::Event;
use crate::domain::client::check::BadClient;
use crate::domain::client::registration::{RegistrationRules, registered};
use crate::domain::client::{Client, RegisteredClient};
use crate::domain::secret::{PlainSecret, SecretHash, SecretKind};
use crate::entropy;
use crate::outbound::parse_url;
use crate::store::{Conflict, Write, WriteError, delete_client, drop_consents_for, use_registration_token};

const NOT_GOOD: OAuthError = OAuthError::InvalidToken("the token is not good for this");

/// Registers a client. Its secret and the token for the rest of its life are shown this once.
pub(super) async fn post(
    State(state): Shared,
    headers: HeaderMap,
    JsonBody(body): JsonBody<Value>,
) -> Result<(StatusCode, Json<Value>), OAuthError> {
    let token = bearer(&headers).ok_or(OAuthError::NoToken)?;
    let token = PlainSecret::hash_of(SecretKind::InitialAccess, token).map_err(|_| NOT_GOOD)?;
    let now = unix_now();
    // Before anything is looked at or asked elsewhere for whoever has no token. It is used with the write.
    if !state.store.has_registration_token(&token, now).await? {
        return Err(NOT_GOOD);
    }
    let id = base64url::encode(&entropy::bytes::<CLIENT_ID_BYTES>()?);
    let (client, secret) = described(&state, &body, id, None).await?;
    let own = PlainSecret::new(SecretKind::RegistrationAccess, entropy::bytes()?);
    let write = Write::from(use_registration_token(&token, now))
        .and(client.add(now, Some(own.hash())))
        .logging(by_itself(&client.id, "client.registered"));
    match state.store.apply(write).await {
        Ok(_) => {}
        Err(WriteError::Conflict(Conflict::RegistrationTokenUsed)) => return Err(NOT_GOOD),
        Err(error) => return Err(error.into()),
    }
    info!(client_id = client.id, "a client has registered itself");
    let mut told = told(&state, &client, own.expose());
    told.insert("client_id_issued_at".to_owned(), now.as_secs().into());
    Ok((StatusCode::CREATED, Json(with_secret(told, secret.as_ref()))))
}

/// What the client has registered: RFC 7592 section 2.1. Its secret is not in it: nobody knows it but the client.
pub(super) async fn get(
    State(state): Shared,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Json<Value>, OAuthError> {
    let (known, token) = owner(&state, &headers, &id).await?;
    Ok(Json(with_secret(told(&state, &known.client, token), None)))
}

/// Replaces what the client has registered: RFC 7592 section 2.2.
pub(super) async fn put(
    State(state): Shared,
    headers: HeaderMap,
    Path(id): Path<String>,
    JsonBody(body): JsonBody<Value>,
) -> Result<Json<Value>, OAuthError> {
    let (known, token) = owner(&state, &headers, &id).await?;
    if body.get("client_id").and_then(Value::as_str) != Some(&id) {
        return Err(OAuthError::InvalidRequest("client_id must be in the body, and can't be changed"));
    }
    // Section 2.2: a client can't choose its secret.
    let is_own =
        |secret: &Value| secret.as_str().is_some_and(|text| known.client.secret.is_some_and(|hash| hash.matches(text)));
    if body.get("client_secret").is_some_and(|secret| !is_own(secret)) {
        return Err(OAuthError::InvalidRequest("client_secret is not the client's"));
    }
    let (client, secret) = described(&state, &body, id, Some(&known.client)).await?;
    match state.store.apply(Write::from(client.replace()).logging(by_itself(&client.id, "client.changed"))).await {
        Ok(_) => {}
        Err(WriteError::Conflict(Conflict::ClientChanged)) => return Err(NOT_GOOD),
        Err(error) => return Err(error.into()),
    }
    info!(client_id = client.id, "a client has changed its registration");
    Ok(Json(with_secret(told(&state, &client, token), secret.as_ref())))
}

/// Ends the client and everything that was issued to it: RFC 7592 section 2.3.
pub(super) async fn delete(
    State(state): Shared,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<StatusCode, OAuthError> {
    owner(&state, &headers, &id).await?;
    let write = Write::from(delete_client(&id)).and(drop_consents_for(&id));
    state.end_client(&id, write.logging(by_itself(&id, "client.deleted"))).await?;
    info!(client_id = id, "a client has deleted itself");
    Ok(StatusCode::NO_CONTENT)
}

fn by_itself(id: &str, action: &'static str) -> Event {
    Event::new(format!("client:{id}"), action, id)
}

/// The client whose token is presented. RFC 7592 section 2: whatever is wrong, the token is.
async fn owner<'a>(
    state: &authority::State,
    headers: &'a HeaderMap,
    id: &str,
) -> Result<(RegisteredClient, &'a str), OAuthError> {
    let token = bearer(headers).ok_or(OAuthError::NoToken)?;
    let hash = PlainSecret::hash_of(SecretKind::RegistrationAccess, token).map_err(|_| NOT_GOOD)?;
    let known = state.store.registered_client(id).await?.ok_or(NOT_GOOD)?;
    let is_own = known.registration.as_ref().is_some_and(|own| is_same(own, &hash));
    let may = is_own && !known.disabled && !state.configured_clients.contains(id);
    if may { Ok((known, token)) } else { Err(NOT_GOOD) }
}

fn is_same(one: &SecretHash, other: &SecretHash) -> bool {
    // Of hashes of 256 random bits, time tells nothing of use.
    one == other
}

/// The client that describes itself like this, with a secret if it needs a new one.
async fn described(
    state: &authority::State,
    body: &Value,
    id: String,
    before: Option<&Client>,
) -> Result<(Client, Option<PlainSecret>), OAuthError> {
    let mut client = rules(state)?.read(body, id, state.keys.algorithms())?;
    if let Some(before) = before {
        // What an administrator has decided stays.
        client.audience.clone_from(&before.audience);
        client.policy = before.policy.clone();
        // Except what no public client may have, when it has become one.
        client.policy.nonce_instead_of_pkce &= !client.is_public();
    }
    let secret = settle_secret(&mut client, before)?;
    check(state, &client)?;
    check_sector(state, &client).await?;
    Ok((client, secret))
}

fn rules(state: &authority::State) -> Result<&RegistrationRules, OAuthError> {
    state.registration.as_ref().ok_or(OAuthError::NotFound("clients can't register themselves here"))
}

/// OpenID Connect Registration 1.0 section 5: the document of the sector lists the redirect URIs, or anybody could claim to be
/// of it and learn how its users are called.
async fn check_sector(state: &authority::State, client: &Client) -> Result<(), OAuthError> {
    let Some(address) = &client.metadata.sector_identifier_uri else {
        return Ok(());
    };
    let bad = |reason: &str| BadClient::Metadata(format!("sector_identifier_uri: {reason}"));
    let url = parse_url(address).map_err(|error| bad(&error.to_string()))?;
    let answer = state.outbound.get(&url).await.map_err(|error| {
        // What our network looks like is not for whoever chose the address.
        info!(code = "client.sector_unavailable", error = %error, "no document of a sector");
        bad("it gave no document")
    })?;
    let listed: Vec<String> = serde_json::from_slice(&answer.body).map_err(|_| bad("it is no list of URIs"))?;
    match client.redirect_uris.iter().find(|uri| !listed.contains(uri)) {
        Some(missing) => Err(bad(&format!("it does not list {missing}")).into()),
        None => Ok(()),
    }
}

/// RFC 7592 section 3.
fn told(state: &authority::State, client: &Client, token: &str) -> Map<String, Value> {
    let mut told = registered(client);
    let uri = format!("{}{}/{}", state.issuer, path::REGISTER, client.id);
    told.insert("registration_client_uri".to_owned(), uri.into());
    told.insert("registration_access_token".to_owned(), token.into());
    told
}

/// RFC 7591 section 3.2.1.
fn with_secret(mut told: Map<String, Value>, secret: Option<&PlainSecret>) -> Value {
    if let Some(secret) = secret {
        told.insert("client_secret".to_owned(), secret.expose().into());
        // It does not expire.
        told.insert("client_secret_expires_at".to_owned(), 0.into());
    }
    told.into()
}

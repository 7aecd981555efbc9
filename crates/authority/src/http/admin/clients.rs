//! `/admin/v1/clients`: which applications there are. Those of the configuration file are changed there, and nowhere else.

use ::http::StatusCode;
use axum::Json;
use axum::extract::{Path, State};
use probity_jose::base64url;
use probity_verifier::clock::unix_now;
use serde::Deserialize;
use serde_json::{Value, json};
use tracing::info;

use super::{Caller, JsonBody, Query};
use crate::authority;
use crate::domain::client::check::{BadClient, Outline, check_audience, check_id, check_name};
use crate::domain::client::metadata::{AuthMethod, ClientMetadata};
use crate::domain::client::policy::ClientPolicy;
use crate::domain::client::{Client, GrantType, RegisteredClient};
use crate::domain::revocation::Order;
use crate::domain::scope::Scope;
use crate::domain::secret::{PlainSecret, SecretKind};
use crate::entropy;
use crate::http::Shared;
use crate::http::error::OAuthError;
use crate::revoke::RevokeError;
use crate::store::{Conflict, Write, WriteError, delete_client, disable_client, drop_consents_for, set_client_secret};

/// How many clients one answer lists.
const PAGE: u32 = 100;

/// Bytes of randomness in a `client_id` of ours: nobody else has it, and nobody needs to guess it.
pub(in crate::http) const CLIENT_ID_BYTES: usize = 16;

const NOBODY: OAuthError = OAuthError::NotFound("there is no such client");
const CONFIGURED: OAuthError = OAuthError::Conflict("the client is in the configuration file: change it there");

/// Clients in the order of their identifiers, a hundred after one.
pub(super) async fn list(State(state): Shared, Query(parameters): Query) -> Result<Json<Value>, OAuthError> {
    let clients = state.store.clients_after(parameters.get("after").unwrap_or_default(), PAGE).await?;
    Ok(Json(json!({ "clients": clients.iter().map(|client| shown(&state, client)).collect::<Vec<_>>() })))
}

/// One client.
pub(super) async fn show(State(state): Shared, Path(id): Path<String>) -> Result<Json<Value>, OAuthError> {
    let client = state.store.registered_client(&id).await?.ok_or(NOBODY)?;
    Ok(Json(shown(&state, &client)))
}

/// A client as an administrator describes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Description {
    client_id: Option<String>,
    client_name: Option<String>,
    grant_types: Vec<GrantType>,
    #[serde(default)]
    redirect_uris: Vec<String>,
    #[serde(default)]
    scopes: Vec<String>,
    audience: String,
    #[serde(default)]
    metadata: ClientMetadata,
    #[serde(default)]
    policy: ClientPolicy,
}

/// Adds a client. If it authenticates by a secret, that is shown this once.
pub(super) async fn add(
    State(state): Shared,
    caller: Caller,
    JsonBody(body): JsonBody<Value>,
) -> Result<(StatusCode, Json<Value>), OAuthError> {
    let description = Description::read(body)?;
    let id = match &description.client_id {
        Some(id) => id.clone(),
        None => base64url::encode(&entropy::bytes::<CLIENT_ID_BYTES>()?),
    };
    check_id(&id)?;
    let mut client = description.into_client(id)?;
    let secret = settle_secret(&mut client, None)?;
    check(&state, &client)?;
    let now = unix_now();
    match state.store.apply(Write::from(client.add(now, None)).logging(caller.does("client.added", &client.id))).await {
        Ok(_) => {
            info!(client_id = client.id, "a client was added");
            let added = RegisteredClient { client, created: now, disabled: false, registration: None };
            Ok((StatusCode::CREATED, Json(with_secret(shown(&state, &added), secret.as_ref()))))
        }
        Err(WriteError::Conflict(Conflict::Taken)) => Err(OAuthError::Conflict("a client has this client_id")),
        Err(error) => Err(error.into()),
    }
}

/// Replaces everything that is known of a client but its secret. It gets a secret when it needs one for the first time, and
/// loses it when it needs none any more.
pub(super) async fn replace(
    State(state): Shared,
    caller: Caller,
    Path(id): Path<String>,
    JsonBody(body): JsonBody<Value>,
) -> Result<Json<Value>, OAuthError> {
    let known = changeable(&state, &id).await?;
    let description = Description::read(body)?;
    if description.client_id.as_ref().is_some_and(|named| *named != id) {
        return Err(OAuthError::InvalidRequest("client_id is not that of the path, and can't be changed"));
    }
    let mut client = description.into_client(id.clone())?;
    let secret = settle_secret(&mut client, Some(&known.client))?;
    check(&state, &client)?;
    write(&state, Write::from(client.replace()).logging(caller.does("client.changed", &id))).await?;
    info!(client_id = client.id, "a client was changed");
    let changed = RegisteredClient { client, ..known };
    Ok(Json(with_secret(shown(&state, &changed), secret.as_ref())))
}

/// What of a client is to be different.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    disabled: bool,
}

/// Lets a client do nothing any more and revokes everything that was issued to it; or lets it do something again. A client of
/// the configuration file can be disabled too, and stays so over a restart: that may be urgent.
pub(super) async fn change(
    State(state): Shared,
    caller: Caller,
    Path(id): Path<String>,
    JsonBody(Change { disabled }): JsonBody<Change>,
) -> Result<Json<Value>, OAuthError> {
    let known = state.store.registered_client(&id).await?.ok_or(NOBODY)?;
    let now = unix_now();
    if disabled {
        not_oneself(&caller, &id)?;
        let event = caller.does("client.disabled", &id);
        state.end_client(&id, Write::from(disable_client(&id, Some(now))).logging(event)).await?;
    } else {
        let event = caller.does("client.enabled", &id);
        write(&state, Write::from(disable_client(&id, None)).logging(event)).await?;
    }
    info!(client_id = id, disabled, "a client was changed");
    Ok(Json(shown(&state, &RegisteredClient { disabled, ..known })))
}

/// Gives a client another secret, shown this once. The one before is no good from then on; tokens that it has brought live on
/// until they are revoked.
pub(super) async fn renew_secret(
    State(state): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, OAuthError> {
    changeable(&state, &id).await?;
    let secret = PlainSecret::new(SecretKind::ClientSecret, entropy::bytes()?);
    let event = caller.does("client.secret_renewed", &id);
    match state.store.apply(Write::from(set_client_secret(&id, secret.hash())).logging(event)).await {
        Ok(_) => {}
        Err(WriteError::Conflict(_)) => {
            return Err(OAuthError::Conflict("the client does not authenticate by a secret"));
        }
        Err(error) => return Err(error.into()),
    }
    info!(client_id = id, "a client was given another secret");
    Ok(Json(with_secret(json!({ "client_id": id }), Some(&secret))))
}

/// Deletes a client, revokes everything that was issued to it, and forgets what its users have agreed to.
pub(super) async fn delete(
    State(state): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, OAuthError> {
    changeable(&state, &id).await?;
    not_oneself(&caller, &id)?;
    let write = Write::from(delete_client(&id)).and(drop_consents_for(&id));
    state.end_client(&id, write.logging(caller.does("client.deleted", &id))).await?;
    info!(client_id = id, "a client was deleted");
    Ok(StatusCode::NO_CONTENT)
}

/// The client, unless only a file may change it.
async fn changeable(state: &authority::State, id: &str) -> Result<RegisteredClient, OAuthError> {
    let known = state.store.registered_client(id).await?.ok_or(NOBODY)?;
    if state.configured_clients.contains(id) { Err(CONFIGURED) } else { Ok(known) }
}

/// Whoever locks themselves out can't undo it.
fn not_oneself(caller: &Caller, id: &str) -> Result<(), OAuthError> {
    if caller.client == id { Err(OAuthError::Conflict("a client can't end itself")) } else { Ok(()) }
}

async fn write(state: &authority::State, write: Write) -> Result<(), OAuthError> {
    match state.store.apply(write).await {
        Ok(_) => Ok(()),
        Err(WriteError::Conflict(Conflict::ClientChanged)) => Err(NOBODY),
        Err(error) => Err(error.into()),
    }
}

impl authority::State {
    /// Applies a write, and in the same commit ends everything that was issued to a client.
    pub(in crate::http) async fn end_client(&self, id: &str, write: Write) -> Result<(), OAuthError> {
        match self.revoke_along(&Order::Client(id.to_owned()), write, unix_now()).await {
            Ok(_) => Ok(()),
            Err(RevokeError::Write(WriteError::Conflict(Conflict::ClientChanged))) => Err(NOBODY),
            Err(error) => Err(error.into()),
        }
    }
}

/// Gives a client a secret if it needs one and has none, and takes it away if it needs none.
pub(in crate::http) fn settle_secret(
    client: &mut Client,
    before: Option<&Client>,
) -> Result<Option<PlainSecret>, OAuthError> {
    client.secret = before.and_then(|before| before.secret);
    if !AuthMethod::uses_secret(client.metadata.token_endpoint_auth_method) {
        client.secret = None;
        return Ok(None);
    }
    if client.secret.is_some() {
        return Ok(None);
    }
    let secret = PlainSecret::new(SecretKind::ClientSecret, entropy::bytes()?);
    client.secret = Some(secret.hash());
    Ok(Some(secret))
}

/// Checks a client that is to be kept.
pub(in crate::http) fn check(state: &authority::State, client: &Client) -> Result<(), OAuthError> {
    check_name(&client.name)?;
    check_audience(&client.audience)?;
    let outline = Outline {
        grant_types: &client.grant_types,
        redirect_uris: &client.redirect_uris,
        has_secret: client.secret.is_some(),
        metadata: &client.metadata,
        policy: &client.policy,
    };
    outline.check()?;
    Ok(outline.check_with(state.abilities())?)
}

impl Description {
    fn read(body: Value) -> Result<Self, OAuthError> {
        // Told with the member, unlike elsewhere: there are many.
        Ok(serde_path_to_error::deserialize(body).map_err(|error| BadClient::Metadata(error.to_string()))?)
    }

    fn into_client(self, id: String) -> Result<Client, OAuthError> {
        let names = self.scopes.iter().map(String::as_str);
        let scope = Scope::from_names(names).map_err(|error| BadClient::Metadata(format!("scopes: {error}")))?;
        Ok(Client {
            name: self.client_name.unwrap_or_else(|| id.clone()),
            id,
            secret: None,
            grant_types: self.grant_types,
            redirect_uris: self.redirect_uris,
            scope,
            audience: self.audience,
            metadata: self.metadata,
            policy: self.policy,
        })
    }
}

/// What administrators see of a client; never anything of its secret but that it has one.
fn shown(state: &authority::State, registered: &RegisteredClient) -> Value {
    let RegisteredClient { client, created, disabled, registration } = registered;
    let mut metadata = serde_json::to_value(&client.metadata).unwrap_or_default();
    if let Some(members) = metadata.as_object_mut() {
        members.retain(|_, member| !member.is_null());
    }
    json!({
        "client_id": client.id,
        "client_name": client.name,
        "grant_types": client.grant_types,
        "redirect_uris": client.redirect_uris,
        "scopes": client.scope.names().collect::<Vec<_>>(),
        "audience": client.audience,
        "metadata": metadata,
        "policy": client.policy,
        "has_secret": client.secret.is_some(),
        "disabled": disabled,
        "configured": state.configured_clients.contains(&client.id),
        "self_registered": registration.is_some(),
        "created": created.as_secs(),
    })
}

fn with_secret(mut shown: Value, secret: Option<&PlainSecret>) -> Value {
    if let (Some(members), Some(secret)) = (shown.as_object_mut(), secret) {
        members.insert("client_secret".to_owned(), secret.expose().into());
    }
    shown
}

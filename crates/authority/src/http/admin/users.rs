//! `/admin/v1/users`: who can log in.

use ::http::StatusCode;
use axum::Json;
use axum::extract::{Path, State};
use probity_verifier::clock::unix_now;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tracing::info;
use zeroize::Zeroizing;

use super::{Caller, JsonBody, Query};
use crate::authority;
use crate::domain::claims::Attributes;
use crate::domain::password::{PasswordError, PasswordHash};
use crate::domain::revocation::Order;
use crate::domain::session::id_text;
use crate::domain::user::{MAX_USERNAME_BYTES, User};
use crate::entropy;
use crate::http::Shared;
use crate::http::error::OAuthError;
use crate::store::{Conflict, Write, WriteError, drop_consents_of};

/// How many users one answer lists.
const PAGE: u32 = 100;

const NOBODY: OAuthError = OAuthError::NotFound("there is no such user");

/// The user of a name; or users in the order of their names, a hundred after a name.
pub(super) async fn list(State(state): Shared, Query(parameters): Query) -> Result<Json<Value>, OAuthError> {
    let users = match parameters.get("username") {
        Some(name) => state.store.user(name).await?.into_iter().collect(),
        None => state.store.users_after(parameters.get("after").unwrap_or_default(), PAGE).await?,
    };
    Ok(Json(json!({ "users": users.iter().map(shown).collect::<Vec<_>>() })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewUser {
    username: String,
    password: String,
    #[serde(default)]
    attributes: Map<String, Value>,
}

/// Adds a user.
pub(super) async fn add(
    State(state): Shared,
    caller: Caller,
    JsonBody(new): JsonBody<NewUser>,
) -> Result<(StatusCode, Json<Value>), OAuthError> {
    if new.username.is_empty() || new.username.len() > MAX_USERNAME_BYTES || new.username.contains(char::is_control) {
        return Err(OAuthError::InvalidRequest("a username has 1 to 255 bytes and no control characters"));
    }
    let user = User {
        subject: id_text(entropy::bytes()?),
        username: new.username,
        password: hash(&state, new.password).await?,
        attributes: attributes(new.attributes)?,
        disabled: false,
    };
    match state.store.apply(Write::from(user.add(unix_now())).logging(caller.does("user.added", &user.subject))).await {
        Ok(_) => {
            info!(sub = user.subject, "a user was added");
            Ok((StatusCode::CREATED, Json(shown(&user))))
        }
        Err(WriteError::Conflict(Conflict::Taken)) => Err(OAuthError::Conflict("a user has this name")),
        Err(error) => Err(error.into()),
    }
}

/// What is to be different; what is absent stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    password: Option<String>,
    attributes: Option<Map<String, Value>>,
    disabled: Option<bool>,
}

/// Changes a user. With another password, or when the user may not log in any more, everything that they are logged in to ends.
pub(super) async fn change(
    State(state): Shared,
    caller: Caller,
    Path(subject): Path<String>,
    JsonBody(change): JsonBody<Change>,
) -> Result<Json<Value>, OAuthError> {
    let mut user = state.store.user_of_subject(&subject).await?.ok_or(NOBODY)?;
    let ends = change.password.is_some() || change.disabled == Some(true);
    // Names of what has changed, never the values: they may be secret or personal.
    let changed = [
        change.password.is_some().then_some("password"),
        change.attributes.is_some().then_some("attributes"),
        change.disabled.map(|disabled| if disabled { "disabled" } else { "enabled" }),
    ];
    let changed: Vec<_> = changed.into_iter().flatten().collect();
    let event = caller.does("user.changed", &user.subject).with(&changed.join(" "));
    if let Some(password) = change.password {
        user.password = hash(&state, password).await?;
    }
    if let Some(new) = change.attributes {
        user.attributes = attributes(new)?;
    }
    user.disabled = change.disabled.unwrap_or(user.disabled);
    write(&state, Write::from(user.update(unix_now())).logging(event)).await?;
    if ends {
        state.revoke(&Order::Subject(user.subject.clone()), unix_now()).await?;
    }
    info!(sub = user.subject, disabled = user.disabled, "a user was changed");
    Ok(Json(shown(&user)))
}

/// Deletes a user, with everything that they are logged in to and have agreed to.
pub(super) async fn delete(
    State(state): Shared,
    caller: Caller,
    Path(subject): Path<String>,
) -> Result<StatusCode, OAuthError> {
    let user = state.store.user_of_subject(&subject).await?.ok_or(NOBODY)?;
    let gone = Write::from(user.delete()).and(drop_consents_of(&user.subject));
    write(&state, gone.logging(caller.does("user.deleted", &user.subject))).await?;
    // After the user is gone, so that nobody logs in in between.
    state.revoke(&Order::Subject(user.subject.clone()), unix_now()).await?;
    info!(sub = user.subject, "a user was deleted");
    Ok(StatusCode::NO_CONTENT)
}

async fn write(state: &authority::State, write: Write) -> Result<(), OAuthError> {
    match state.store.apply(write).await {
        Ok(_) => Ok(()),
        Err(WriteError::Conflict(Conflict::UserChanged)) => Err(NOBODY),
        Err(error) => Err(error.into()),
    }
}

async fn hash(state: &authority::State, password: String) -> Result<PasswordHash, OAuthError> {
    let password = Zeroizing::new(password);
    let permit = state.hashing.clone().acquire_owned().await.map_err(|_| OAuthError::Busy)?;
    let salt = entropy::bytes()?;
    let hashing = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        PasswordHash::new(&password, salt)
    });
    hashing.await.unwrap_or(Err(PasswordError::Failed)).map_err(|error| match error {
        PasswordError::TooLong => OAuthError::InvalidRequest("the password has more than 1024 bytes"),
        PasswordError::TooShort => OAuthError::InvalidRequest("the password has fewer than 8 characters"),
        PasswordError::Malformed | PasswordError::Failed => OAuthError::Server,
    })
}

fn attributes(attributes: Map<String, Value>) -> Result<Attributes, OAuthError> {
    Attributes::new(attributes)
        .map_err(|_| OAuthError::InvalidRequest("attributes are too many, or have the name of a token's own claim"))
}

fn shown(user: &User) -> Value {
    json!({
        "sub": user.subject,
        "username": user.username,
        "disabled": user.disabled,
        "attributes": serde_json::from_str::<Value>(&user.attributes.to_text()).unwrap_or_default(),
    })
}

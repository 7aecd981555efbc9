//! `/admin/v1`: administration over JSON, for tokens with the scope of a [`Role`] and the audience `ISSUER/admin`.

mod audit_log;
pub(super) mod clients;
mod consents;
mod guards;
pub(super) mod openapi;
mod operation;
mod registration_tokens;
mod revocations;
mod sessions;
mod users;
mod why;

use std::sync::Arc;

use ::http::StatusCode;
use ::http::request::Parts;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use probity_verifier::AccessToken;
use serde::de::DeserializeOwned;

use self::operation::{Kind, Operation, Verb, member, required};
use super::error::OAuthError;
use super::protected::{PresentedToken, Protected};
use crate::authority::State;
use crate::domain::audit_log::Event;
use crate::domain::parameters::Parameters;
use crate::domain::role::Role;
use crate::domain::scope;

/// Everything that can be done.
fn operations() -> Vec<Operation> {
    use Kind::{Flag, Number, Object, Text, Texts};
    use Role::{Admin, Auditor, Operator};
    use Verb::{Delete, Get, Patch, Post, Put};
    let client = [
        member("client_id", Text),
        member("client_name", Text),
        required("grant_types", Texts),
        member("redirect_uris", Texts),
        member("scopes", Texts),
        required("audience", Text),
        member("metadata", Object),
        member("policy", Object),
    ];
    vec![
        Operation::new(Post, "/revocations", Operator, "Revoke", revocations::post).body::<revocations::Body>(&[
            member("session", Text),
            member("subject", Text),
            member("client", Text),
            member("family", Text),
            member("token", Text),
            member("key", Text),
            member("everything", Flag),
            member("issuer", Text),
            member("expires", Number),
            member("level", Text),
        ]),
        Operation::new(Post, "/why", Auditor, "Say what is known of a token", why::post).body::<why::Body>(&[
            member("token", Text),
            member("jti", Text),
            member("issuer", Text),
        ]),
        Operation::new(Get, "/guards", Auditor, "List guards", guards::list),
        Operation::new(Post, "/guards", Admin, "Register a guard", guards::add)
            .body::<guards::NewGuard>(&[required("name", Text)])
            .status(201),
        Operation::new(Get, "/sessions", Auditor, "List the live sessions of a subject", sessions::list)
            .query(&["subject"]),
        Operation::new(Get, "/consents", Auditor, "List what a subject has agreed to", consents::list)
            .query(&["subject"]),
        Operation::new(Delete, "/consents", Operator, "Withdraw a consent", consents::withdraw)
            .query(&["subject", "client_id"]),
        Operation::new(Get, "/clients", Auditor, "List clients", clients::list).query(&["after"]),
        Operation::new(Post, "/clients", Admin, "Add a client", clients::add)
            .body::<clients::Description>(&client)
            .status(201),
        Operation::new(Get, "/clients/{client_id}", Auditor, "Show a client", clients::show),
        Operation::new(Put, "/clients/{client_id}", Admin, "Replace what is known of a client", clients::replace)
            .body::<clients::Description>(&client),
        Operation::new(Patch, "/clients/{client_id}", Admin, "Disable or enable a client", clients::change)
            .body::<clients::Change>(&[required("disabled", Flag)]),
        Operation::new(Delete, "/clients/{client_id}", Admin, "Delete a client", clients::delete).status(204),
        Operation::new(
            Post,
            "/clients/{client_id}/secret",
            Admin,
            "Give a client another secret",
            clients::renew_secret,
        ),
        Operation::new(
            Post,
            "/registration-tokens",
            Admin,
            "Make a token by which clients register themselves",
            registration_tokens::add,
        )
        .body::<registration_tokens::Order>(&[member("uses", Number), member("expires_in", Number)])
        .status(201),
        Operation::new(Get, "/users", Auditor, "List users, or find one", users::list).query(&["username", "after"]),
        Operation::new(Post, "/users", Admin, "Add a user", users::add)
            .body::<users::NewUser>(&[
                required("username", Text),
                required("password", Text),
                member("attributes", Object),
            ])
            .status(201),
        Operation::new(Patch, "/users/{subject}", Admin, "Change a user", users::change).body::<users::Change>(&[
            member("password", Text),
            member("attributes", Object),
            member("disabled", Flag),
        ]),
        Operation::new(Delete, "/users/{subject}", Admin, "Delete a user", users::delete).status(204),
        Operation::new(Get, "/audit-log", Auditor, "List what was done", audit_log::list).query(&["after"]),
    ]
}

pub(super) fn router(state: &Arc<State>) -> Router<Arc<State>> {
    operations().into_iter().fold(Router::new(), |router, operation| {
        let door = Door { state: Arc::clone(state), role: operation.role };
        router.route(operation.path, operation.handler.route_layer(from_fn_with_state(door, admit)))
    })
}

/// What stands before an operation.
#[derive(Clone)]
struct Door {
    state: Arc<State>,
    role: Role,
}

/// Lets whoever has the role pass, and says to the handler who it is.
async fn admit(
    axum::extract::State(door): axum::extract::State<Door>,
    request: Request,
    next: Next,
) -> Result<Response, OAuthError> {
    let (mut parts, body) = request.into_parts();
    let token = own_token(&mut parts, &door.state).await?;
    let role = Role::of(|scope| token.has_scope(scope));
    if role.is_none_or(|role| role < door.role) {
        return Err(OAuthError::InsufficientScope(door.role.scope()));
    }
    parts.extensions.insert(Caller { client: token.client().unwrap_or_default().to_owned() });
    Ok(next.run(Request::from_parts(parts, body)).await)
}

/// Who calls an operation, and may.
#[derive(Clone)]
pub(super) struct Caller {
    /// The client whose token it is.
    pub(super) client: String,
}

impl Caller {
    /// What the caller does to something, for the audit log.
    pub(super) fn does(&self, action: &'static str, target: &str) -> Event {
        Event::new(format!("admin:{}", self.client), action, target)
    }
}

/// Shows that the caller may see how this authority fares.
pub(in crate::http) struct Observer;

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = OAuthError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, OAuthError> {
        // Every operation has its door; one that had none would be of no use.
        parts.extensions.get::<Self>().cloned().ok_or(OAuthError::NoToken)
    }
}

impl FromRequestParts<Arc<State>> for Observer {
    type Rejection = OAuthError;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<State>) -> Result<Self, OAuthError> {
        let token = own_token(parts, state).await?;
        let may = token.has_scope(scope::METRICS) || Role::of(|scope| token.has_scope(scope)).is_some();
        if may { Ok(Self) } else { Err(OAuthError::InsufficientScope(scope::METRICS)) }
    }
}

/// A live token for this very authority.
async fn own_token(parts: &mut Parts, state: &Arc<State>) -> Result<AccessToken, OAuthError> {
    let request = Protected::from_request_parts(parts, state).await?;
    let token = request.token().ok_or(OAuthError::NoToken)?;
    // No path is the address of all of this, so proofs fit none of it: administrators' tokens are bearer tokens, or bound to a
    // certificate.
    let PresentedToken::Bearer(_) = token else {
        return Err(OAuthError::InvalidToken("DPoP is not for this"));
    };
    let token = request.check(state, super::path::ADMIN, token)?.token;
    let audience = format!("{}/admin", state.issuer);
    if token.is_for(&audience) { Ok(token) } else { Err(OAuthError::InvalidToken("the token is for another audience")) }
}

/// The parameters of the query.
pub(super) struct Query(pub(super) Parameters);

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = OAuthError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, OAuthError> {
        Ok(Self(Parameters::parse(parts.uri.query().unwrap_or_default())?))
    }
}

impl Query {
    /// The subject that it must name.
    pub(super) fn subject(&self) -> Result<&str, OAuthError> {
        self.0.get("subject").ok_or(OAuthError::InvalidRequest("subject is missing"))
    }
}

/// A JSON body.
pub(super) struct JsonBody<T>(pub(in crate::http) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = OAuthError;

    async fn from_request(request: Request, state: &S) -> Result<Self, OAuthError> {
        let body = Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => OAuthError::TooLarge,
            _ => OAuthError::InvalidRequest("the body could not be read"),
        })?;
        let body = serde_json::from_slice(&body);
        body.map(Self).map_err(|_| OAuthError::InvalidRequest("the body is not the JSON object that this takes"))
    }
}

//! `POST /admin/v1/revocations`: `{"session": SID, "level": "enforced"}`, or `subject`, `client`, `family`, `token`, `key`.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;

use super::{Administrator, JsonBody};
use crate::authority;
use crate::domain::revocation::Order;
use crate::http::Shared;
use crate::http::error::OAuthError;
use crate::revoke::{AnswerLevel, Revoked};

/// Exactly one of the first six.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    session: Option<String>,
    subject: Option<String>,
    client: Option<String>,
    family: Option<String>,
    token: Option<String>,
    key: Option<String>,
    level: Option<String>,
}

pub(super) async fn post(
    State(state): Shared,
    _: Administrator,
    JsonBody(body): JsonBody<Body>,
) -> Result<Json<Revoked>, OAuthError> {
    let level = body.level.as_deref().map_or(Some(AnswerLevel::Enforced), AnswerLevel::parse);
    let level = level.ok_or(OAuthError::InvalidRequest("level is durable or enforced"))?;
    let order = order(&state, body).await?;
    Ok(Json(state.revoke_at(&order, level).await?))
}

async fn order(state: &authority::State, body: Body) -> Result<Order, OAuthError> {
    let orders = [
        body.subject.map(Order::Subject),
        body.client.map(Order::Client),
        body.family.map(Order::Family),
        body.token.map(|id| Order::Token { id, expires: None }),
        body.key.map(Order::Key),
    ];
    let mut orders = orders.into_iter().flatten();
    match (body.session, orders.next(), orders.next()) {
        (Some(id), None, None) => {
            let session = state.store.session(&id).await?.ok_or(OAuthError::NotFound("there is no such session"))?;
            Ok(Order::Session { id: session.id, place: session.place })
        }
        (None, Some(order), None) => Ok(order),
        _ => Err(OAuthError::InvalidRequest("exactly one of session, subject, client, family, token and key")),
    }
}

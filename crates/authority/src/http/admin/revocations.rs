//! `POST /admin/v1/revocations`: `{"session": SID, "level": "enforced"}`, or `subject`, `client`, `family`, `token`, `key`,
//! `everything`; with `issuer`, of another issuer.

use axum::Json;
use axum::extract::State;
use probity_jose::UnixTime;
use probity_verifier::clock::unix_now;
use probity_verifier::revocation::Target;
use serde::Deserialize;

use super::{Caller, JsonBody};
use crate::authority;
use crate::domain::foreign::{BadForeignOrder, ForeignOrder};
use crate::domain::revocation::Order;
use crate::http::Shared;
use crate::http::error::OAuthError;
use crate::revoke::{AnswerLevel, Revoked};

/// Exactly one of the first seven.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    session: Option<String>,
    subject: Option<String>,
    client: Option<String>,
    family: Option<String>,
    token: Option<String>,
    key: Option<String>,
    #[serde(default)]
    everything: bool,
    issuer: Option<String>,
    expires: Option<u64>,
    level: Option<String>,
}

pub(super) async fn post(
    State(state): Shared,
    caller: Caller,
    JsonBody(body): JsonBody<Body>,
) -> Result<Json<Revoked>, OAuthError> {
    let level = body.level.as_deref().map_or(Some(AnswerLevel::Enforced), AnswerLevel::parse);
    let level = level.ok_or(OAuthError::InvalidRequest("level is durable or enforced"))?;
    let now = unix_now();
    let named = body.named();
    let order = match body.issuer.as_deref().filter(|issuer| *issuer != state.issuer) {
        Some(issuer) => {
            let expires = body.expires.map(UnixTime::from_secs);
            Order::Foreign(ForeignOrder::new(issuer, body.what(now)?, expires, now)?)
        }
        None if body.expires.is_some() => {
            // Of what this authority has issued, it knows when it ends.
            return Err(OAuthError::InvalidRequest("expires is for revocations at another issuer"));
        }
        None => order(&state, body.what(now)?).await?,
    };
    let event = caller.does("revoked", &named).with(order.level());
    Ok(Json(state.revoke_at(&order, level, Some(event)).await?))
}

impl Body {
    /// What is to die, as it was asked for: at its issuer, when that is another one.
    fn named(&self) -> String {
        let names = [&self.session, &self.subject, &self.client, &self.family, &self.token, &self.key];
        let name = names.into_iter().flatten().next().map_or("everything", String::as_str);
        self.issuer.as_ref().map_or_else(|| name.to_owned(), |issuer| format!("{name} at {issuer}"))
    }

    /// The one thing that is named, a session by its `sid`.
    fn what(&self, now: UnixTime) -> Result<Target, OAuthError> {
        let targets = [
            self.session.clone().map(Target::SessionId),
            self.subject.clone().map(|subject| Target::Subject { subject, through: now }),
            self.client.clone().map(|client| Target::Client { client, through: now }),
            self.family.clone().map(Target::Family),
            self.token.clone().map(Target::Token),
            self.key.clone().map(Target::Key),
            self.everything.then_some(Target::Everything { through: now }),
        ];
        let mut targets = targets.into_iter().flatten();
        match (targets.next(), targets.next()) {
            (Some(target), None) => Ok(target),
            _ => Err(OAuthError::InvalidRequest(
                "exactly one of session, subject, client, family, token, key and everything",
            )),
        }
    }
}

/// The order to revoke something of this authority's own.
async fn order(state: &authority::State, what: Target) -> Result<Order, OAuthError> {
    const NO_SESSION: OAuthError = OAuthError::NotFound("there is no such session");
    Ok(match what {
        Target::SessionId(id) => {
            let session = state.store.session(&id).await?.ok_or(NO_SESSION)?;
            Order::Session { id: session.id, place: session.place }
        }
        Target::Session(_) => return Err(NO_SESSION),
        Target::Subject { subject, .. } => Order::Subject(subject),
        Target::Client { client, .. } => Order::Client(client),
        Target::Family(id) => Order::Family(id),
        Target::Token(id) => Order::Token { id, expires: None },
        Target::Key(kid) => Order::Key(kid),
        Target::Everything { .. } => Order::Everything,
    })
}

impl From<BadForeignOrder> for OAuthError {
    fn from(cause: BadForeignOrder) -> Self {
        Self::InvalidRequest(match cause {
            BadForeignOrder::Identifier(_) => "an identifier has 1 to 512 bytes",
            BadForeignOrder::Issuer => "issuer is a URL",
            BadForeignOrder::Expires => "expires is in seconds since 1970, in the future and at most a year from now",
        })
    }
}

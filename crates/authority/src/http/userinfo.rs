//! `/userinfo`: claims about the user, for the access token of a grant with `openid` (OpenID Connect Core 1.0 section 5.3).

use ::http::header::CONTENT_TYPE;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use super::Shared;
use super::error::OAuthError;
use super::form::Form;
use super::path;
use super::protected::{PresentedToken, Protected};
use crate::authority;
use crate::domain::claims::{ClaimMapping, ClaimPlace};
use crate::domain::scope;

/// `typ` of a signed response.
const TYPE: &str = "JWT";

const NOT_GOOD: OAuthError = OAuthError::InvalidToken("the token is not good");

pub(super) async fn get(State(state): Shared, request: Protected) -> Result<Response, OAuthError> {
    let token = request.token().ok_or(OAuthError::NoToken)?;
    answer(&state, &request, token).await
}

/// The token may also come in a form (RFC 6750 section 2.2), but not in two places.
pub(super) async fn post(
    State(state): Shared,
    request: Protected,
    form: Result<Form, OAuthError>,
) -> Result<Response, OAuthError> {
    let form = form.ok();
    let in_form = form.as_ref().and_then(|form| form.parameters.get("access_token"));
    match (request.token(), in_form) {
        (Some(_), Some(_)) => Err(OAuthError::InvalidRequest("the token came in more than one way")),
        (Some(token), None) => answer(&state, &request, token).await,
        (None, Some(token)) => answer(&state, &request, PresentedToken::Bearer(token)).await,
        (None, None) => Err(OAuthError::NoToken),
    }
}

async fn answer(
    state: &authority::State,
    request: &Protected,
    token: PresentedToken<'_>,
) -> Result<Response, OAuthError> {
    let token = request.check(state, path::USERINFO, token)?.token;
    if !token.has_scope(scope::OPENID) {
        return Err(OAuthError::InsufficientScope(scope::OPENID));
    }
    let family = token.facts().family.ok_or(NOT_GOOD)?;
    let family = state.store.family(family).await?.filter(|family| !family.revoked).ok_or(NOT_GOOD)?;
    let client = state.client(&family.client_id).await?.ok_or(NOT_GOOD)?;
    let user = state.store.user_of_subject(&family.subject).await?.ok_or(NOT_GOOD)?;
    // A refresh may have narrowed the scope: the token's counts.
    let granted = scope::Scope::parse(token.scope()).map_err(|_| NOT_GOOD)?;
    let mut claims = Map::from_iter([("sub".to_owned(), Value::from(token.subject()))]);
    let user = user.claims();
    claims.extend(ClaimMapping::apply(&client.policy.claims, &user, ClaimPlace::Userinfo, &granted));
    claims.extend(user.userinfo(&granted, &family.grant.claims));
    let Some(algorithm) = client.metadata.userinfo_signed_response_alg else {
        return Ok(Json(claims).into_response());
    };
    // Section 5.3.2: a signed response names its issuer and its audience.
    claims.insert("iss".to_owned(), state.issuer.as_str().into());
    claims.insert("aud".to_owned(), client.id.as_str().into());
    let signed = state.sign(TYPE, &claims, Some(algorithm))?;
    Ok(([(CONTENT_TYPE, "application/jwt")], signed).into_response())
}

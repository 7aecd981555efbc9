//! A token for another place: RFC 8693.

use probity_jose::UnixTime;
use probity_verifier::clock::unix_now;

use super::{TokenAnswer, TokenRequest};
use crate::authority::State;
use crate::domain::authentication::{Authentication, Method};
use crate::domain::scope::ScopeError;
use crate::domain::token_exchange::{ACCESS_TOKEN, ExchangeError, Incoming, JWT, exchange};
use crate::http::error::OAuthError;
use crate::http::own_token::OwnToken;
use crate::issue::TokenOrder;

const NOT_GOOD: OAuthError = OAuthError::InvalidRequest("the token is none of ours, or is dead");

pub(super) async fn answer(state: &State, request: &TokenRequest<'_>) -> Result<TokenAnswer, OAuthError> {
    let TokenRequest { client, parameters, .. } = request;
    if client.is_public() {
        return Err(OAuthError::UnauthorizedClient("token exchange is for clients that authenticate themselves"));
    }
    if parameters.get("requested_token_type").is_some_and(|wanted| wanted != ACCESS_TOKEN) {
        return Err(OAuthError::InvalidRequest("requested_token_type: only access tokens are issued here"));
    }
    let arrived = unix_now();
    let subject = presented(state, request, "subject_token", arrived)?;
    let subject = subject.ok_or(OAuthError::InvalidRequest("subject_token is missing"))?;
    let actor = presented(state, request, "actor_token", arrived)?;
    let actor = actor.as_ref().map(incoming).transpose()?;
    let decided =
        exchange(client, &request.confirmation, &incoming(&subject)?, actor.as_ref(), parameters.get("scope"))?;
    // Section 2.1: audience names the place by its name, resource by its address; here both are the same.
    let places = [parameters.all("resource"), parameters.all("audience")].concat();
    let audience = client.own_audience(&places)?;
    let claim = |name: &str| subject.claims.get(name).and_then(|value| value.as_str());
    let now = state.moment(subject.token.subject(), &client.id).await?;
    // Looked at again after the moment: what is revoked until then counts.
    request.client_must_stand(state).await?;
    if state.hub.replica().check(&subject.token.facts()).is_some() || now >= decided.expires {
        return Err(NOT_GOOD);
    }
    let session = match claim("sid") {
        Some(id) => Some(state.store.live_session(id, now).await?.ok_or(NOT_GOOD)?),
        None => None,
    };
    let authentication = authentication(&subject);
    let order = TokenOrder {
        client,
        subject: subject.token.subject(),
        scope: &decided.scope,
        audience: &audience,
        family: claim("family"),
        authentication: authentication.as_ref(),
        session: session.as_ref(),
        confirmation: &request.confirmation,
        actor: decided.actor.as_ref(),
        // It does not outlive what it was exchanged for.
        expires: Some(decided.expires),
        mapped: None,
    };
    let access = state.issue(order, now)?;
    Ok(TokenAnswer { access, refresh: None, id_token: None, scope: decided.scope, issued_type: Some(ACCESS_TOKEN) })
}

/// The token of a parameter, if it is there: live, and of the type that is said.
fn presented(
    state: &State,
    request: &TokenRequest<'_>,
    name: &'static str,
    now: UnixTime,
) -> Result<Option<OwnToken>, OAuthError> {
    let kind = request.parameters.get(&format!("{name}_type"));
    let Some(token) = request.parameters.get(name) else {
        // Section 2.1: the type without the token is an error.
        return if kind.is_none() {
            Ok(None)
        } else {
            Err(OAuthError::InvalidRequest("a token_type without its token"))
        };
    };
    if !kind.is_some_and(|kind| [ACCESS_TOKEN, JWT].contains(&kind)) {
        return Err(OAuthError::InvalidRequest("a token_type is missing, or is not that of access tokens"));
    }
    state.live_token(token, now).map(Some).ok_or(NOT_GOOD)
}

fn incoming(own: &OwnToken) -> Result<Incoming, OAuthError> {
    let token = &own.token;
    Ok(Incoming {
        subject: token.subject().to_owned(),
        client_id: token.client().ok_or(NOT_GOOD)?.to_owned(),
        audience: token.audience().to_vec(),
        scope: token.scope().to_owned(),
        expires: token.expires(),
        actor: own.claims.get("act").cloned(),
        confirmation: own.confirmation().map_err(|_| NOT_GOOD)?,
    })
}

/// How the user of the old token had logged in.
fn authentication(own: &OwnToken) -> Option<Authentication> {
    let time = own.claims.get("auth_time")?.as_u64()?;
    let methods = own.claims.get("amr").and_then(|amr| amr.as_array()).into_iter().flatten();
    let methods = methods.filter_map(|method| method.as_str().and_then(Method::parse)).collect();
    Some(Authentication { time: UnixTime::from_secs(time), methods })
}

impl From<ExchangeError> for OAuthError {
    fn from(error: ExchangeError) -> Self {
        Self::InvalidRequest(match error {
            ExchangeError::Scope(error) => return scope_error(error),
            ExchangeError::NotYours => "the subject_token was issued neither to this client nor for a place of its own",
            ExchangeError::Unproven => "the token is bound to a key or certificate that was not proven",
            ExchangeError::NotYourActor => "the actor_token was issued to another client",
            ExchangeError::TooManyActors => "too many act for each other",
        })
    }
}

fn scope_error(error: ScopeError) -> OAuthError {
    error.into()
}

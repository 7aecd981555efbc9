//! The client's own authorization: RFC 6749 section 4.4.

use super::{TokenAnswer, TokenRequest};
use crate::authority::State;
use crate::domain::scope::ScopeError;
use crate::http::error::OAuthError;
use crate::issue::TokenOrder;

pub(super) async fn exchange(state: &State, request: &TokenRequest<'_>) -> Result<TokenAnswer, OAuthError> {
    let TokenRequest { client, parameters, .. } = request;
    if client.is_public() {
        return Err(OAuthError::UnauthorizedClient("client_credentials is for clients with a secret"));
    }
    let scope = client.scope.grant(parameters.get("scope"))?;
    let audience = client.own_audience(parameters.all("resource"))?;
    let now = state.moment(&client.id, &client.id).await?;
    request.client_must_stand(state).await?;
    let order = TokenOrder {
        client,
        subject: &client.id,
        scope: &scope,
        audience: &audience,
        family: None,
        authentication: None,
        session: None,
        confirmation: &request.confirmation,
        actor: None,
        expires: None,
        mapped: None,
    };
    let access = state.issue(order, now)?;
    Ok(TokenAnswer { access, refresh: None, id_token: None, scope, issued_type: None })
}

impl From<ScopeError> for OAuthError {
    fn from(error: ScopeError) -> Self {
        Self::InvalidScope(match error {
            ScopeError::Malformed => "the scope is malformed",
            ScopeError::NotAllowed => "the scope has a name that may not be asked for here",
        })
    }
}

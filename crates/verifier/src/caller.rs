//! An axum extractor: who calls.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::de::DeserializeOwned;

use crate::access_token::AccessToken;

/// Who calls: the token that [`Protect`](crate::Protect) has let pass, and its claims as a type of the application's.
///
/// Behind a router without the layer every request is answered with 500: an unprotected handler never runs.
///
/// ```
/// #[derive(serde::Deserialize)]
/// struct Claims {
///     tenant: String,
/// }
///
/// async fn orders(caller: probity_verifier::Caller<Claims>) -> String {
///     format!("{} of {}", caller.token.subject(), caller.claims.tenant)
/// }
/// # let _: axum::Router = axum::Router::new().route("/orders", axum::routing::get(orders));
/// ```
#[derive(Debug, Clone)]
pub struct Caller<C = serde::de::IgnoredAny> {
    /// The token.
    pub token: AccessToken,
    /// All claims of its payload.
    pub claims: C,
}

/// Why it can't be said who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NoCaller {
    /// The route is not behind [`Protect`](crate::Protect).
    #[error("the route is not behind the layer that checks tokens")]
    Unprotected,
    /// The token's claims are not what the application needs.
    #[error("the token's claims are not what this needs")]
    Claims,
}

impl<S: Sync, C: DeserializeOwned> FromRequestParts<S> for Caller<C> {
    type Rejection = NoCaller;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, NoCaller> {
        let token = parts.extensions.get::<AccessToken>().ok_or(NoCaller::Unprotected)?;
        let claims = token.claims().map_err(|_| NoCaller::Claims)?;
        Ok(Self { token: token.clone(), claims })
    }
}

impl IntoResponse for NoCaller {
    fn into_response(self) -> Response {
        let status = match self {
            Self::Unprotected => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Claims => StatusCode::FORBIDDEN,
        };
        (status, format!("{self}\n")).into_response()
    }
}

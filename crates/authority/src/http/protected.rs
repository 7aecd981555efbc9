//! Requests to what access tokens protect here: userinfo and the administration (RFC 6750, RFC 8705 section 3).

use ::http::HeaderMap;
use ::http::header::AUTHORIZATION;
use ::http::request::Parts;
use axum::extract::FromRequestParts;
use probity_verifier::clock::unix_now;

use super::error::OAuthError;
use super::own_token::OwnToken;
use crate::authority::State;
use crate::domain::certificate::ClientCertificate;
use crate::domain::confirmation::Confirmation;

/// What of a request bears on its token.
pub(super) struct Protected {
    headers: HeaderMap,
    certificate: Option<ClientCertificate>,
}

impl<S: Send + Sync> FromRequestParts<S> for Protected {
    type Rejection = OAuthError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, OAuthError> {
        let certificate = parts.extensions.get::<ClientCertificate>().cloned();
        Ok(Self { headers: parts.headers.clone(), certificate })
    }
}

impl Protected {
    /// The token in the header.
    pub(super) fn token(&self) -> Option<&str> {
        bearer(&self.headers)
    }

    /// The token, if it is good in every respect and whoever sends it has what it is bound to.
    pub(super) fn check(&self, state: &State, token: &str) -> Result<OwnToken, OAuthError> {
        const NOT_GOOD: OAuthError = OAuthError::InvalidToken("the token is not good");
        let own = state.live_token(token, unix_now()).ok_or(NOT_GOOD)?;
        if !own.claims.contains_key("cnf") {
            return Ok(own);
        }
        let has_it = own.confirmation().is_some_and(|confirmation| match confirmation {
            Confirmation::Certificate(hash) => {
                self.certificate.as_ref().is_some_and(|certificate| certificate.thumbprint() == hash)
            }
        });
        if has_it { Ok(own) } else { Err(NOT_GOOD) }
    }
}

/// The token of `Authorization: Bearer`.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (only, None) = (values.next()?, values.next()) else {
        return None;
    };
    let (scheme, token) = only.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then_some(token)
}

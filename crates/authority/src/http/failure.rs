//! What goes wrong where a browser is at the other end: told to the client if it can be trusted to be one, else to the user.

use ::http::header::{HeaderValue, RETRY_AFTER};
use ::http::{Response, StatusCode};
use axum::body::Body;
use axum::response::IntoResponse;
use probity_verifier::clock::unix_now;

use super::error::{OAuthError, RETRY_SECONDS};
use super::log::Line;
use crate::authority::State;
use crate::domain::authorization::{AuthorizationError, Reply};

/// Why a page or a redirect could not be made.
pub(super) enum Failure {
    /// The request is at fault.
    Request(AuthorizationError),
    /// We are.
    Server(OAuthError),
}

impl<E: Into<OAuthError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Server(error.into())
    }
}

impl From<AuthorizationError> for Failure {
    fn from(error: AuthorizationError) -> Self {
        Self::Request(error)
    }
}

impl State {
    /// Tells the client, or the user when the client can't be told.
    pub(super) fn refuse(&self, failure: Failure) -> Response<Body> {
        match failure {
            Failure::Request(AuthorizationError::Unredirectable(message)) => {
                self.error_page(StatusCode::BAD_REQUEST, message, "invalid_request")
            }
            Failure::Request(AuthorizationError::Redirectable { reply_to, error, description }) => {
                let reply = Reply::error(*reply_to, &self.issuer, error, description);
                let mut response = self.send(&reply, unix_now()).unwrap_or_else(IntoResponse::into_response);
                response.extensions_mut().insert(Line { code: Some(error), ..Line::default() });
                response
            }
            Failure::Server(OAuthError::Busy) => {
                let message = "This is not possible at this moment. Please try again.";
                let code = OAuthError::Busy.code();
                let mut response = self.error_page(StatusCode::SERVICE_UNAVAILABLE, message, code);
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(RETRY_SECONDS));
                response
            }
            Failure::Server(error) => self.error_page(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something failed here. Please try again in a moment.",
                error.code(),
            ),
        }
    }
}

//! What goes wrong at the endpoints that answer with JSON, and the one place that says how: RFC 6749 section 5.2.

use ::http::StatusCode;
use ::http::header::{HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use tracing::{error, warn};

use super::log::Line;
use crate::domain::client::check::BadClient;
use crate::domain::parameters::ParametersError;
use crate::domain::resource::InvalidTarget;
use crate::entropy::NoEntropy;
use crate::issue::IssueError;
use crate::keys::KeyError;
use crate::moment::ClockBehind;
use crate::places::NoPlace;
use crate::revoke::RevokeError;
use crate::store::{StoreError, WriteError};

/// `Retry-After` of what is not possible at this moment.
pub(super) const RETRY_SECONDS: &str = "10";

/// The longest description that repeats something of a request.
const MAX_DESCRIPTION_CHARS: usize = 300;

/// An error of an OAuth endpoint.
#[derive(Debug)]
pub(super) enum OAuthError {
    /// The request is malformed.
    InvalidRequest(&'static str),
    /// The body is larger than it may be.
    TooLarge,
    /// The client is unknown or its credentials are wrong.
    InvalidClient,
    /// The code or refresh token is no good.
    InvalidGrant(&'static str),
    /// The client may not do this.
    UnauthorizedClient(&'static str),
    /// An error of an authorization request that is told to the client at once (RFC 9126 section 2.3).
    Authorization {
        /// `error`.
        code: &'static str,
        /// `error_description`.
        description: &'static str,
    },
    /// The resource is none that tokens are issued for here: RFC 8707 section 2.
    InvalidTarget(&'static str),
    /// The grant type is none that is supported.
    UnsupportedGrantType,
    /// A token that only others can read: RFC 7009 section 2.2.1.
    UnsupportedTokenType,
    /// The scope is malformed or more than the client may have.
    InvalidScope(&'static str),
    /// No token at all: RFC 6750 section 3.1 wants no error code then.
    NoToken,
    /// A bearer token that is no good: RFC 6750 section 3.1.
    InvalidToken(&'static str),
    /// The bearer token lacks a scope: RFC 6750 section 3.1.
    InsufficientScope(&'static str),
    /// A DPoP proof that is no good: RFC 9449 section 5.
    InvalidDpopProof(&'static str),
    /// The DPoP proof needs the nonce that comes with this answer: RFC 9449 section 8.
    UseDpopNonce,
    /// An error of a request with an access token: told by a challenge (RFC 9449 section 7.1, RFC 6750 section 3).
    AtResource(Box<OAuthError>),
    /// Too much at once.
    Busy,
    /// What is named does not exist.
    NotFound(&'static str),
    /// The name is taken.
    Conflict(&'static str),
    /// A redirect URI can't be registered: RFC 7591 section 3.2.2.
    InvalidRedirectUri(String),
    /// Something else of a client can't: RFC 7591 section 3.2.2.
    InvalidClientMetadata(String),
    /// Something of ours has failed; the cause is in the log, not in the answer.
    Server,
}

impl OAuthError {
    /// The stable code for the log.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::InvalidRequest(_) | Self::TooLarge => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant(_) => "invalid_grant",
            Self::UnauthorizedClient(_) => "unauthorized_client",
            Self::Authorization { code, .. } => code,
            Self::InvalidTarget(_) => "invalid_target",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedTokenType => "unsupported_token_type",
            Self::InvalidScope(_) => "invalid_scope",
            Self::NoToken | Self::InvalidToken(_) => "invalid_token",
            Self::InsufficientScope(_) => "insufficient_scope",
            Self::InvalidDpopProof(_) => "invalid_dpop_proof",
            Self::UseDpopNonce => "use_dpop_nonce",
            Self::AtResource(error) => error.code(),
            Self::Busy => "temporarily_unavailable",
            Self::NotFound(_) => "not_found",
            Self::Conflict(_) => "conflict",
            Self::InvalidRedirectUri(_) => "invalid_redirect_uri",
            Self::InvalidClientMetadata(_) => "invalid_client_metadata",
            Self::Server => "server_error",
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::InvalidRequest(_)
            | Self::InvalidGrant(_)
            | Self::UnauthorizedClient(_)
            | Self::Authorization { .. }
            | Self::InvalidTarget(_)
            | Self::InvalidDpopProof(_)
            | Self::UseDpopNonce
            | Self::UnsupportedGrantType
            | Self::InvalidRedirectUri(_)
            | Self::InvalidClientMetadata(_)
            | Self::UnsupportedTokenType
            | Self::InvalidScope(_) => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::InvalidClient | Self::NoToken | Self::InvalidToken(_) => StatusCode::UNAUTHORIZED,
            Self::AtResource(error) => match **error {
                Self::InvalidDpopProof(_) | Self::UseDpopNonce => StatusCode::UNAUTHORIZED,
                ref error => error.status(),
            },
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::InsufficientScope(_) => StatusCode::FORBIDDEN,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Server => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn description(&self) -> &str {
        match self {
            Self::InvalidRequest(text)
            | Self::InvalidGrant(text)
            | Self::UnauthorizedClient(text)
            | Self::InvalidScope(text)
            | Self::InvalidTarget(text)
            | Self::Authorization { description: text, .. }
            | Self::InvalidToken(text)
            | Self::InvalidDpopProof(text)
            | Self::NotFound(text)
            | Self::Conflict(text) => text,
            Self::InvalidRedirectUri(text) | Self::InvalidClientMetadata(text) => text,
            Self::UseDpopNonce => "the proof needs the nonce of the DPoP-Nonce header",
            Self::AtResource(error) => error.description(),
            Self::Busy => "this is not possible at this moment; please try again",
            Self::TooLarge => "the body is too large",
            Self::InvalidClient => "the client is unknown or its credentials are wrong",
            Self::UnsupportedGrantType => {
                "supported are authorization_code, refresh_token, client_credentials, device_code and token-exchange; the \
                 implicit and password grants are gone from OAuth 2.1 because they expose tokens and passwords"
            }
            Self::UnsupportedTokenType => {
                "only the audience can read an encrypted access token; revoke its refresh token or its session"
            }
            Self::NoToken => "an access token is needed",
            Self::InsufficientScope(_) => "the token lacks the scope that this needs",
            Self::Server => "something failed here; the log says what",
        }
    }

    fn challenges(&self) -> Vec<String> {
        let dpop = |error: &str| format!("DPoP realm=\"probity\"{error}, algs=\"{}\"", super::dpop::algorithm_names());
        match self {
            // RFC 6749 section 5.2: the scheme that the client could have used.
            Self::InvalidClient => vec!["Basic realm=\"probity\"".to_owned()],
            Self::NoToken => vec!["Bearer realm=\"probity\"".to_owned(), dpop("")],
            Self::InvalidToken(_) => {
                let error = ", error=\"invalid_token\"";
                vec![format!("Bearer realm=\"probity\"{error}"), dpop(error)]
            }
            Self::InsufficientScope(scope) => {
                let error = format!(", error=\"insufficient_scope\", scope=\"{scope}\"");
                vec![format!("Bearer realm=\"probity\"{error}"), dpop(&error)]
            }
            Self::AtResource(error) => match **error {
                Self::InvalidDpopProof(_) | Self::UseDpopNonce => vec![dpop(&format!(", error=\"{}\"", error.code()))],
                ref error => error.challenges(),
            },
            _ => Vec::new(),
        }
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let body = Json(json!({ "error": self.code(), "error_description": self.description() }));
        let mut response = (self.status(), body).into_response();
        for challenge in self.challenges() {
            if let Ok(challenge) = HeaderValue::try_from(challenge) {
                response.headers_mut().append(WWW_AUTHENTICATE, challenge);
            }
        }
        if matches!(self, Self::Busy) {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static(RETRY_SECONDS));
        }
        response.extensions_mut().insert(Line { code: Some(self.code()), ..Line::default() });
        response
    }
}

impl From<BadClient> for OAuthError {
    fn from(cause: BadClient) -> Self {
        // RFC 6749 section 5.2: printable ASCII without quotes.
        let told = |text: String| {
            let shown = |c: char| if matches!(c, ' '..='~') && !matches!(c, '"' | '\\') { c } else { '\'' };
            text.chars().map(shown).take(MAX_DESCRIPTION_CHARS).collect()
        };
        match cause {
            BadClient::RedirectUri(_) => Self::InvalidRedirectUri(told(cause.to_string())),
            BadClient::Metadata(text) => Self::InvalidClientMetadata(told(text)),
        }
    }
}

impl From<ParametersError> for OAuthError {
    fn from(error: ParametersError) -> Self {
        Self::InvalidRequest(match error {
            ParametersError::Repeated => "a parameter came more than once",
            ParametersError::Malformed => "the parameters are not percent-encoded UTF-8",
            ParametersError::TooMany => "too many parameters",
        })
    }
}

impl From<InvalidTarget> for OAuthError {
    fn from(error: InvalidTarget) -> Self {
        Self::InvalidTarget(match error {
            InvalidTarget::Malformed => "resource is no absolute URI without fragment, or there are too many",
            InvalidTarget::NotAllowed => "the resource is none that may be asked for here",
        })
    }
}

impl From<RevokeError> for OAuthError {
    fn from(cause: RevokeError) -> Self {
        match cause {
            RevokeError::BadIdentifier(_) => Self::InvalidRequest("an identifier has 1 to 512 bytes"),
            RevokeError::NoSuchKey => Self::NotFound("there is no such signing key, or it is compromised already"),
            RevokeError::Keys(cause) => cause.into(),
            RevokeError::Read(cause) => cause.into(),
            RevokeError::Write(cause) => cause.into(),
        }
    }
}

/// Logs what failed here; the client learns only that something did.
macro_rules! server_error_from {
    ($($cause:ty),+) => {$(
        impl From<$cause> for OAuthError {
            fn from(cause: $cause) -> Self {
                error!(error = %cause, "a request failed");
                Self::Server
            }
        }
    )+};
}

server_error_from!(IssueError, NoEntropy, ClockBehind);

impl From<StoreError> for OAuthError {
    fn from(cause: StoreError) -> Self {
        Self::of_store(&cause)
    }
}

impl From<WriteError> for OAuthError {
    fn from(cause: WriteError) -> Self {
        match &cause {
            WriteError::Failed(failure) => Self::of_store(failure),
            WriteError::Conflict(_) => {
                error!(error = %cause, "a request failed");
                Self::Server
            }
        }
    }
}

impl From<KeyError> for OAuthError {
    fn from(cause: KeyError) -> Self {
        match cause {
            KeyError::Read(cause) => cause.into(),
            KeyError::Write(cause) => cause.into(),
            cause => {
                error!(error = %cause, "a request failed");
                Self::Server
            }
        }
    }
}

impl From<NoPlace> for OAuthError {
    fn from(cause: NoPlace) -> Self {
        match cause {
            NoPlace::Read(cause) => cause.into(),
            NoPlace::Write(cause) => cause.into(),
            NoPlace::Full => {
                error!(error = %cause, "a request failed");
                Self::Server
            }
        }
    }
}

impl OAuthError {
    /// A store that is busy or away for a moment is no fault of the request's, and none that lasts.
    fn of_store(cause: &StoreError) -> Self {
        if cause.is_passing() {
            warn!(error = %cause, "a request failed for the moment");
            Self::Busy
        } else {
            error!(error = %cause, "a request failed");
            Self::Server
        }
    }
}

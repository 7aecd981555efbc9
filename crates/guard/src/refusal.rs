//! Why the guard lets a request not pass, and how it says so: RFC 6750 section 3.

use http::{HeaderValue, StatusCode};
use probity_verifier::Rejection;

/// Why a request does not pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No credentials came with the request.
    #[error("the request has no credentials")]
    NoCredentials,
    /// More than one credential came: which of them another hop would believe can't be known.
    #[error("the request has more than one credential")]
    SeveralCredentials,
    /// The `Authorization` header is not `Bearer` and a token.
    #[error("the Authorization header is not Bearer and a token")]
    MalformedCredentials,
    /// The token is longer than [`crate::MAX_TOKEN_BYTES`].
    #[error("the token has more than {} bytes", crate::MAX_TOKEN_BYTES)]
    TokenTooLarge,
    /// The token is not accepted.
    #[error("{0}")]
    Rejected(#[from] Rejection),
    /// The token lacks a scope that the route requires.
    #[error("the token lacks the scope that this needs")]
    InsufficientScope {
        /// All scopes that the route requires, separated by spaces.
        required: String,
    },
    /// The token's subject, client or scope has characters that no header can carry.
    #[error("the token's identity can't be written in a header")]
    UnprintableIdentity,
}

impl Refusal {
    /// The stable code for logs and answers.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoCredentials => "guard.no_credentials",
            Self::SeveralCredentials => "guard.several_credentials",
            Self::MalformedCredentials => "guard.malformed_credentials",
            Self::TokenTooLarge => "guard.token_too_large",
            Self::Rejected(rejection) => rejection.code(),
            Self::InsufficientScope { .. } => "guard.insufficient_scope",
            Self::UnprintableIdentity => "guard.unprintable_identity",
        }
    }

    /// The status for the client.
    ///
    /// A malformed request is a 401 too, where RFC 6750 would have 400: a proxy that asks a forward-auth server takes
    /// any status but 2xx, 401 and 403 for the server's own failure. A temporary rejection is 503 and never 401, or
    /// clients would throw good tokens away.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Rejected(rejection) if rejection.is_temporary() => StatusCode::SERVICE_UNAVAILABLE,
            Self::InsufficientScope { .. } => StatusCode::FORBIDDEN,
            _ => StatusCode::UNAUTHORIZED,
        }
    }

    /// The `error` of RFC 6750 section 3.1; a request without credentials gets none.
    pub const fn error(&self) -> Option<&'static str> {
        match self {
            Self::NoCredentials => None,
            Self::SeveralCredentials | Self::MalformedCredentials | Self::TokenTooLarge => Some("invalid_request"),
            Self::Rejected(rejection) if rejection.is_temporary() => Some("temporarily_unavailable"),
            Self::Rejected(_) | Self::UnprintableIdentity => Some("invalid_token"),
            Self::InsufficientScope { .. } => Some("insufficient_scope"),
        }
    }

    /// The value of `WWW-Authenticate`, for 401 and 403.
    pub fn challenge(&self) -> Option<HeaderValue> {
        if self.status() == StatusCode::SERVICE_UNAVAILABLE {
            return None;
        }
        let mut challenge = String::from("Bearer realm=\"probity\"");
        if let Some(error) = self.error() {
            challenge.push_str(", error=\"");
            challenge.push_str(error);
            challenge.push_str("\", error_description=\"");
            challenge.extend(self.to_string().chars().filter(|c| is_quotable(*c)));
            challenge.push('"');
        }
        if let Self::InsufficientScope { required } = self {
            challenge.push_str(", scope=\"");
            challenge.extend(required.chars().filter(|c| is_quotable(*c)));
            challenge.push('"');
        }
        HeaderValue::try_from(challenge).ok()
    }
}

/// RFC 6750 section 3: what may stand in `error_description` and `scope`.
const fn is_quotable(c: char) -> bool {
    matches!(c, ' '..='~') && c != '"' && c != '\\'
}

#[cfg(test)]
mod tests {
    use super::*;
    use probity_verifier::revocation::Level;

    fn challenge(refusal: &Refusal) -> String {
        refusal.challenge().map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    }

    #[test]
    fn a_request_without_credentials_is_asked_for_them_and_told_no_error() {
        assert_eq!(challenge(&Refusal::NoCredentials), "Bearer realm=\"probity\"");
    }

    #[test]
    fn a_revoked_token_is_an_invalid_token() {
        let refusal = Refusal::Rejected(Rejection::Revoked(Level::Session));
        assert_eq!((refusal.status(), refusal.code()), (StatusCode::UNAUTHORIZED, "revoked.session"));
        assert_eq!(
            challenge(&refusal),
            "Bearer realm=\"probity\", error=\"invalid_token\", error_description=\"the token has been revoked\""
        );
    }

    #[test]
    fn staleness_is_never_the_tokens_fault() {
        for rejection in [Rejection::Stale, Rejection::NoKeys] {
            let refusal = Refusal::Rejected(rejection);
            assert_eq!(refusal.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(refusal.challenge(), None);
        }
    }

    #[test]
    fn a_missing_scope_names_what_is_required_and_can_break_no_header() {
        let refusal = Refusal::InsufficientScope { required: "orders:read a\"b\\c\r\nd".into() };
        assert_eq!(refusal.status(), StatusCode::FORBIDDEN);
        assert!(challenge(&refusal).ends_with("scope=\"orders:read abcd\""), "{}", challenge(&refusal));
    }
}

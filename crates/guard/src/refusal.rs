//! Why the guard lets a request not pass, and how it says so: RFC 6750 section 3.

use http::{HeaderValue, StatusCode};
use probity_verifier::dpop::PROOF_ALGORITHMS;
use probity_verifier::{BadCredentials, Rejection, Scheme, SignatureAlgorithm, challenge};

use crate::path::BadPath;

/// Why a request does not pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No credentials came with the request.
    #[error("the request has no credentials")]
    NoCredentials,
    /// More than one credential came: which of them another hop would believe can't be known.
    #[error("the request has more than one credential")]
    SeveralCredentials,
    /// The `Authorization` header is not a scheme that is accepted and a token.
    #[error("the Authorization header is not a scheme that is accepted and a token")]
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
    /// Whoever asks is none of the proxies that may.
    #[error("this address may not ask")]
    UntrustedPeer,
    /// A header could make another hop see another caller than the token's.
    #[error("a header of the request is a disguised or dropped identity header")]
    SmuggledIdentity,
    /// The proxy does not say which request it asks about, or says it twice.
    #[error("the original method or path is missing or comes twice")]
    UnknownRequest,
    /// The path could be read in several ways.
    #[error("the path is refused: {0}")]
    BadPath(#[from] BadPath),
    /// The request asks the application to take its method for another one, where rules depend on the method.
    #[error("the request overrides its method")]
    OverriddenMethod,
    /// No rule is for this request.
    #[error("no rule is for this method and path")]
    NoRule,
    /// The rule lets nobody pass.
    #[error("nobody may do this")]
    Nobody,
    /// The token is for another audience than the rule's.
    #[error("the token is for another audience")]
    WrongAudience,
    /// The token is bound to a key of its sender, which a bearer token does not prove.
    #[error("the token is bound to a key and is no bearer token")]
    SenderConstrained,
    /// The token is bound to a certificate (RFC 8705) that the client has not shown.
    #[error("the token is bound to a certificate that was not shown")]
    WrongCertificate,
    /// The token came by the scheme `DPoP` without a good proof that its sender holds its key.
    #[error("the proof that the sender holds the token's key is missing or no good")]
    BadProof,
    /// The proof came before.
    #[error("the proof was used before")]
    UsedProof,
    /// So many proofs are remembered that whether this one came before can't be known.
    #[error("the memory of proofs is full")]
    ProofsFull,
    /// A claim is not as the rule requires.
    #[error("a claim of the token is not as this needs")]
    UnmetClaim,
    /// The user was authenticated too long ago or not well enough (RFC 9470 section 3).
    #[error("a more recent or stronger authentication is needed")]
    InsufficientAuthentication {
        /// The greatest age of the authentication, in seconds.
        max_age: Option<u64>,
        /// The classes of which one is needed, separated by spaces.
        acr_values: String,
    },
    /// The authority, asked about the token while the guard is not current, says that it is dead.
    #[error("the authority says that the token is not active")]
    Inactive,
    /// The cookie would speak for a request that another site has made.
    #[error("the request comes from another site")]
    CrossSite,
    /// A page of an origin that the rule does not name asks whether it may.
    #[error("pages of this origin may not do this")]
    CrossOrigin,
    /// The session's token has expired and the authority can't be asked for another one.
    #[error("the session can't be continued for the moment")]
    SessionUnavailable,
    /// The token's subject has made all requests that the rule's limit allows for now.
    #[error("too many requests: the next may come in {seconds} s")]
    TooManyRequests {
        /// How long to wait for the next.
        seconds: u64,
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
            Self::UntrustedPeer => "guard.untrusted_peer",
            Self::SmuggledIdentity => "guard.smuggled_identity",
            Self::UnknownRequest => "guard.unknown_request",
            Self::BadPath(_) => "guard.bad_path",
            Self::OverriddenMethod => "guard.overridden_method",
            Self::NoRule => "guard.no_rule",
            Self::Nobody => "guard.nobody",
            Self::WrongAudience => "guard.wrong_audience",
            Self::SenderConstrained => "guard.sender_constrained",
            Self::WrongCertificate => "guard.wrong_certificate",
            Self::BadProof => "guard.bad_proof",
            Self::UsedProof => "guard.used_proof",
            Self::ProofsFull => "guard.proofs_full",
            Self::UnmetClaim => "guard.unmet_claim",
            Self::InsufficientAuthentication { .. } => "guard.insufficient_authentication",
            Self::Inactive => "guard.inactive",
            Self::CrossSite => "guard.cross_site",
            Self::CrossOrigin => "guard.cross_origin",
            Self::SessionUnavailable => "guard.session_unavailable",
            Self::TooManyRequests { .. } => "guard.too_many_requests",
            Self::UnprintableIdentity => "guard.unprintable_identity",
        }
    }

    /// The status for the client.
    ///
    /// A malformed request is a 401 too, where RFC 6750 would have 400: a proxy that asks a forward-auth server takes
    /// any status but 2xx, 401 and 403 for the server's own failure. What no token can change is 403. A temporary rejection
    /// is 503 and never 401, or clients would throw good tokens away.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Rejected(rejection) if rejection.is_temporary() => StatusCode::SERVICE_UNAVAILABLE,
            Self::ProofsFull | Self::SessionUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            // RFC 6585 section 4.
            Self::TooManyRequests { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::InsufficientScope { .. }
            | Self::UntrustedPeer
            | Self::SmuggledIdentity
            | Self::UnknownRequest
            | Self::BadPath(_)
            | Self::OverriddenMethod
            | Self::NoRule
            | Self::Nobody
            | Self::CrossSite
            | Self::CrossOrigin
            | Self::UnmetClaim => StatusCode::FORBIDDEN,
            Self::NoCredentials
            | Self::SeveralCredentials
            | Self::MalformedCredentials
            | Self::TokenTooLarge
            | Self::Rejected(_)
            | Self::WrongAudience
            | Self::SenderConstrained
            | Self::WrongCertificate
            | Self::BadProof
            | Self::UsedProof
            | Self::InsufficientAuthentication { .. }
            | Self::Inactive
            | Self::UnprintableIdentity => StatusCode::UNAUTHORIZED,
        }
    }

    /// After how many seconds the same request may pass, where it is only for now that it does not: `Retry-After`.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::TooManyRequests { seconds } => Some(*seconds),
            _ => (self.status() == StatusCode::SERVICE_UNAVAILABLE).then_some(UNAVAILABLE_SECONDS),
        }
    }

    /// The `error` of RFC 6750 section 3.1; a request without credentials gets none.
    pub const fn error(&self) -> Option<&'static str> {
        match self {
            Self::NoCredentials => None,
            Self::SeveralCredentials | Self::MalformedCredentials | Self::TokenTooLarge => Some("invalid_request"),
            Self::Rejected(rejection) if rejection.is_temporary() => Some("temporarily_unavailable"),
            Self::ProofsFull | Self::SessionUnavailable => Some("temporarily_unavailable"),
            Self::TooManyRequests { .. } => Some("too_many_requests"),
            // RFC 9449 section 7.1.
            Self::BadProof | Self::UsedProof => Some("invalid_dpop_proof"),
            Self::Rejected(_)
            | Self::WrongAudience
            | Self::SenderConstrained
            | Self::WrongCertificate
            | Self::Inactive
            | Self::UnprintableIdentity => Some("invalid_token"),
            Self::InsufficientScope { .. } => Some("insufficient_scope"),
            // RFC 9470 section 3.
            Self::InsufficientAuthentication { .. } => Some("insufficient_user_authentication"),
            Self::UntrustedPeer
            | Self::SmuggledIdentity
            | Self::UnknownRequest
            | Self::BadPath(_)
            | Self::OverriddenMethod
            | Self::NoRule
            | Self::Nobody
            | Self::CrossSite
            | Self::CrossOrigin
            | Self::UnmetClaim => Some("access_denied"),
        }
    }

    /// The value of `WWW-Authenticate`, for what another token could change. `resource_metadata` is where the resource's
    /// metadata is (RFC 9728 section 5.1), if it has some.
    pub fn challenge(&self, resource_metadata: Option<&str>) -> Option<HeaderValue> {
        if self.retry_after().is_some() || self.error() == Some("access_denied") {
            return None;
        }
        let description = self.to_string();
        let mut parameters = Vec::new();
        if let Some(error) = self.error() {
            parameters.extend([("error", error), ("error_description", &description)]);
        }
        let age;
        match self {
            Self::InsufficientScope { required } => parameters.push(("scope", required)),
            Self::InsufficientAuthentication { max_age, acr_values } => {
                if let Some(seconds) = max_age {
                    age = seconds.to_string();
                    parameters.push(("max_age", &age));
                }
                if !acr_values.is_empty() {
                    parameters.push(("acr_values", acr_values));
                }
            }
            _ => {}
        }
        let algorithms;
        let scheme = match self {
            Self::BadProof | Self::UsedProof | Self::SenderConstrained => {
                algorithms = PROOF_ALGORITHMS.map(SignatureAlgorithm::name).join(" ");
                parameters.push(("algs", &algorithms));
                Scheme::Dpop
            }
            _ => Scheme::Bearer,
        };
        parameters.extend(resource_metadata.map(|address| ("resource_metadata", address)));
        challenge(scheme, parameters)
    }
}

/// What a client that came at a bad moment should wait: a heartbeat and some.
const UNAVAILABLE_SECONDS: u64 = 1;

impl From<BadCredentials> for Refusal {
    fn from(bad: BadCredentials) -> Self {
        match bad {
            BadCredentials::Missing => Self::NoCredentials,
            BadCredentials::Several => Self::SeveralCredentials,
            BadCredentials::Malformed => Self::MalformedCredentials,
            BadCredentials::TooLarge => Self::TokenTooLarge,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use probity_verifier::revocation::Level;

    fn challenge(refusal: &Refusal) -> String {
        refusal.challenge(None).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
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
            assert_eq!(refusal.challenge(None), None);
        }
    }

    #[test]
    fn too_many_requests_are_not_the_tokens_fault_either() {
        let refusal = Refusal::TooManyRequests { seconds: 7 };
        assert_eq!((refusal.status(), refusal.challenge(None)), (StatusCode::TOO_MANY_REQUESTS, None));
        assert_eq!((refusal.retry_after(), Refusal::Nobody.retry_after()), (Some(7), None));
    }

    #[test]
    fn a_missing_scope_names_what_is_required_and_can_break_no_header() {
        let refusal = Refusal::InsufficientScope { required: "orders:read a\"b\\c\r\nd".into() };
        assert_eq!(refusal.status(), StatusCode::FORBIDDEN);
        assert!(challenge(&refusal).ends_with("scope=\"orders:read abcd\""), "{}", challenge(&refusal));
    }

    #[test]
    fn a_step_up_says_what_is_needed() {
        let refusal = Refusal::InsufficientAuthentication { max_age: Some(300), acr_values: "phr mfa".into() };
        assert_eq!(refusal.status(), StatusCode::UNAUTHORIZED);
        let challenge = challenge(&refusal);
        assert!(challenge.contains("error=\"insufficient_user_authentication\""), "{challenge}");
        assert!(challenge.ends_with("max_age=\"300\", acr_values=\"phr mfa\""), "{challenge}");
    }

    #[test]
    fn a_challenge_points_to_the_resources_metadata() {
        let challenge = Refusal::NoCredentials.challenge(Some("https://api.example/.well-known/x")).unwrap();
        assert_eq!(challenge, "Bearer realm=\"probity\", resource_metadata=\"https://api.example/.well-known/x\"");
    }

    #[test]
    fn what_no_token_can_change_is_403_and_asks_for_none() {
        for refusal in [Refusal::NoRule, Refusal::Nobody, Refusal::SmuggledIdentity, Refusal::UnmetClaim] {
            assert_eq!((refusal.status(), refusal.challenge(None)), (StatusCode::FORBIDDEN, None));
        }
    }
}

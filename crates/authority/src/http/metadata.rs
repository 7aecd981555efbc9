//! What the authority says of itself: OpenID Connect Discovery 1.0 section 3, RFC 8414 section 2.
//!
//! It names nothing that is not there.

use ::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::Router;
use axum::routing::get;
use serde_json::{Value, json};

use super::path;
use crate::authority::State;
use crate::domain::client::GrantType;
use crate::domain::scope;
use crate::keys::ALGORITHM;

/// How long the document may be kept: it changes only when the authority is reconfigured.
const CACHE: &str = "public, max-age=300";

/// Both documents, at their places; for an issuer with a path RFC 8414 section 3.1 puts the name before it.
pub(super) fn router(state: &State, base: &str) -> Router {
    let document = bytes::Bytes::from(document(&state.issuer).to_string());
    let respond = move || {
        let document = document.clone();
        async move { ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, CACHE)], document) }
    };
    Router::new()
        .route(&format!("{base}{}", path::OPENID_CONFIGURATION), get(respond.clone()))
        .route(&format!("{}{base}", path::OAUTH_METADATA), get(respond))
}

fn document(issuer: &str) -> Value {
    let at = |path: &str| format!("{issuer}{path}");
    let methods = ["client_secret_basic", "client_secret_post", "none"];
    let confidential = ["client_secret_basic", "client_secret_post"];
    json!({
        "issuer": issuer,
        "authorization_endpoint": at(path::AUTHORIZE),
        "token_endpoint": at(path::TOKEN),
        "jwks_uri": at(path::JWKS),
        "revocation_endpoint": at(path::REVOKE),
        "introspection_endpoint": at(path::INTROSPECT),
        "status_list_aggregation_endpoint": at(path::STATUS_LISTS),
        "probity_revocation_stream_endpoint": at(path::REVOCATION_STREAM),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": GrantType::ALL.map(GrantType::name),
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "introspection_endpoint_auth_methods_supported": confidential,
        "scopes_supported": [scope::OPENID, scope::OFFLINE_ACCESS],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM.name()],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "auth_time", "amr", "nonce", "sid"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "authorization_response_iss_parameter_supported": true,
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
    })
}

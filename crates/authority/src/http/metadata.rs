//! What the authority says of itself: OpenID Connect Discovery 1.0 section 3, RFC 8414 section 2.
//!
//! It names nothing that is not there.

use ::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::Router;
use axum::routing::get;
use serde_json::{Value, json};

use super::{path, request_object};
use crate::authority::State;
use crate::domain::authentication::CLASSES;
use crate::domain::authorization::ResponseMode;
use crate::domain::claims;
use crate::domain::client::GrantType;
use crate::domain::scope;

/// How long the document may be kept: it changes only when the authority is reconfigured.
const CACHE: &str = "public, max-age=300";

/// Both documents, at their places; for an issuer with a path RFC 8414 section 3.1 puts the name before it.
pub(super) fn router(state: &State, base: &str) -> Router {
    let document = bytes::Bytes::from(document(state).to_string());
    let respond = move || {
        let document = document.clone();
        async move { ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, CACHE)], document) }
    };
    Router::new()
        .route(&format!("{base}{}", path::OPENID_CONFIGURATION), get(respond.clone()))
        .route(&format!("{}{base}", path::OAUTH_METADATA), get(respond))
}

fn document(state: &State) -> Value {
    let issuer = state.issuer.as_str();
    let algorithms: Vec<_> = state.keys.algorithms().iter().map(|algorithm| algorithm.name()).collect();
    let scopes: Vec<_> = [scope::OPENID, scope::OFFLINE_ACCESS].into_iter().chain(claims::claim_scopes()).collect();
    let about_login = ["sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "amr", "nonce", "sid", "at_hash"];
    let at = |path: &str| format!("{issuer}{path}");
    let certified = state.asks_for_certificates;
    let vouched = state.vouchers.is_some();
    let confidential: Vec<_> = ["client_secret_basic", "client_secret_post", "private_key_jwt"]
        .into_iter()
        .chain(vouched.then_some("tls_client_auth"))
        .chain(certified.then_some("self_signed_tls_client_auth"))
        .collect();
    let methods: Vec<_> = confidential.iter().copied().chain(["none"]).collect();
    let mut document = json!({
        "issuer": issuer,
        "authorization_endpoint": at(path::AUTHORIZE),
        "token_endpoint": at(path::TOKEN),
        "pushed_authorization_request_endpoint": at(path::PAR),
        "device_authorization_endpoint": at(path::DEVICE_AUTHORIZATION),
        "require_pushed_authorization_requests": false,
        "userinfo_endpoint": at(path::USERINFO),
        "jwks_uri": at(path::JWKS),
        "revocation_endpoint": at(path::REVOKE),
        "introspection_endpoint": at(path::INTROSPECT),
        "status_list_aggregation_endpoint": at(path::STATUS_LISTS),
        "probity_revocation_stream_endpoint": at(path::REVOCATION_STREAM),
        "response_types_supported": ["code"],
        "response_modes_supported": ResponseMode::ALL.map(|(name, _)| name),
        "grant_types_supported": GrantType::ALL.map(GrantType::name),
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "introspection_endpoint_auth_methods_supported": confidential,
        "token_endpoint_auth_signing_alg_values_supported": request_object::algorithm_names(),
        "revocation_endpoint_auth_signing_alg_values_supported": request_object::algorithm_names(),
        "introspection_endpoint_auth_signing_alg_values_supported": request_object::algorithm_names(),
        "tls_client_certificate_bound_access_tokens": certified,
        "dpop_signing_alg_values_supported": request_object::algorithm_names(),
        "scopes_supported": scopes,
        "subject_types_supported": ["public", "pairwise"],
        "id_token_signing_alg_values_supported": algorithms,
        "userinfo_signing_alg_values_supported": algorithms,
        "introspection_signing_alg_values_supported": algorithms,
        "authorization_signing_alg_values_supported": algorithms,
        "claim_types_supported": ["normal"],
        "claims_supported": about_login.into_iter().chain(claims::standard_claims()).collect::<Vec<_>>(),
        "acr_values_supported": CLASSES,
        "ui_locales_supported": ["en"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "authorization_response_iss_parameter_supported": true,
        "claims_parameter_supported": true,
        "request_parameter_supported": true,
        // Only for what was pushed: this authority fetches no requests from elsewhere.
        "request_uri_parameter_supported": false,
        "request_object_signing_alg_values_supported": request_object::algorithm_names(),
        "require_signed_request_object": false,
    });
    if let Some(document) = document.as_object_mut() {
        // RP-Initiated Logout 1.0 section 2.1, Back-Channel Logout 1.0 section 2.1.
        document.insert("end_session_endpoint".to_owned(), at(path::LOGOUT).into());
        document.insert("backchannel_logout_supported".to_owned(), true.into());
        document.insert("backchannel_logout_session_supported".to_owned(), true.into());
        if state.client_documents.is_some() {
            document.insert("client_id_metadata_document_supported".to_owned(), true.into());
        }
        if state.registration.is_some() {
            document.insert("registration_endpoint".to_owned(), at(path::REGISTER).into());
        }
        if let Some(base) = &state.certified_base {
            document.insert("mtls_endpoint_aliases".to_owned(), endpoint_aliases(base));
        }
    }
    document
}

/// Where the endpoints are at which clients present certificates: RFC 8705 section 5.
fn endpoint_aliases(base: &str) -> Value {
    let at = |path: &str| format!("{base}{path}");
    json!({
        "token_endpoint": at(path::TOKEN),
        "pushed_authorization_request_endpoint": at(path::PAR),
        "device_authorization_endpoint": at(path::DEVICE_AUTHORIZATION),
        "revocation_endpoint": at(path::REVOKE),
        "introspection_endpoint": at(path::INTROSPECT),
        "userinfo_endpoint": at(path::USERINFO),
    })
}

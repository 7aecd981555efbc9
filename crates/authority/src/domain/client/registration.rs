//! Clients that register themselves: RFC 7591, OpenID Connect Dynamic Client Registration 1.0.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::check::BadClient;
use super::metadata::{AuthMethod, ClientMetadata};
use super::policy::ClientPolicy;
use super::{Client, GrantType};
use crate::domain::algorithm::PublicAlgorithm;
use crate::domain::scope::Scope;

/// The most registrations that one initial access token is good for.
pub const MAX_TOKEN_USES: u32 = 1_000;

/// The longest life of an initial access token, in seconds: 30 days.
pub const MAX_TOKEN_SECONDS: u64 = 30 * 24 * 3_600;

/// What clients that register themselves may be at most.
#[derive(Debug, Clone)]
pub struct RegistrationRules {
    /// The grants that they may use.
    pub grant_types: Vec<GrantType>,
    /// The scopes that they may ask for.
    pub scope: Scope,
    /// The `aud` of their access tokens.
    pub audience: String,
    /// What is decided about them.
    pub policy: ClientPolicy,
}

/// The members that are kept beside [`ClientMetadata`].
#[derive(Deserialize)]
struct Said {
    redirect_uris: Option<Vec<String>>,
    grant_types: Option<Vec<GrantType>>,
    response_types: Option<Vec<String>>,
    client_name: Option<String>,
    scope: Option<String>,
}

impl RegistrationRules {
    /// The client that describes itself like this, without a secret. What is not understood is left out (RFC 7591 section 2);
    /// what is absent has the defaults of OpenID Connect, as far as these `algorithms` allow.
    ///
    /// # Errors
    /// [`BadClient`]. Whether the whole can work is checked elsewhere.
    pub fn read(&self, body: &Value, id: String, algorithms: &[PublicAlgorithm]) -> Result<Client, BadClient> {
        let bad = |reason: String| BadClient::Metadata(reason);
        let body = body.as_object().ok_or_else(|| bad("the body is no JSON object".to_owned()))?;
        let said: Said = read(body.clone())?;
        let mut metadata: ClientMetadata = read(understood(body))?;
        // RFC 7591 section 2.
        metadata.token_endpoint_auth_method.get_or_insert(AuthMethod::ClientSecretBasic);
        // OpenID Connect Registration 1.0 section 2, JARM section 3, RFC 9701 section 6.
        let default = [PublicAlgorithm::RS256].into_iter().find(|default| algorithms.contains(default));
        let default = default.or_else(|| algorithms.first().copied());
        for algorithm in [
            &mut metadata.id_token_signed_response_alg,
            &mut metadata.authorization_signed_response_alg,
            &mut metadata.introspection_signed_response_alg,
        ] {
            *algorithm = algorithm.or(default);
        }
        let mut grant_types = Vec::new();
        for grant in said.grant_types.unwrap_or_else(|| vec![GrantType::AuthorizationCode]) {
            if !self.grant_types.contains(&grant) {
                return Err(bad(format!("grant_types: {} is not for clients that register themselves", grant.name())));
            }
            if !grant_types.contains(&grant) {
                grant_types.push(grant);
            }
        }
        // RFC 7591 section 2.1: the two lists say the same.
        let wanted: &[&str] = if grant_types.contains(&GrantType::AuthorizationCode) { &["code"] } else { &[] };
        if said.response_types.is_some_and(|types| types != wanted) {
            return Err(bad(format!("response_types: {wanted:?} is what fits the grant_types")));
        }
        let scope = match said.scope {
            // What is more than it may have is left out: RFC 7591 section 2.
            Some(text) => {
                let asked = Scope::parse(&text).map_err(|error| bad(format!("scope: {error}")))?;
                let allowed = asked.names().filter(|name| self.scope.contains(name));
                Scope::from_names(allowed).map_err(|error| bad(format!("scope: {error}")))?
            }
            None => self.scope.clone(),
        };
        let mut policy = self.policy.clone();
        policy.nonce_instead_of_pkce &= metadata.token_endpoint_auth_method != Some(AuthMethod::None);
        Ok(Client {
            name: said.client_name.unwrap_or_else(|| id.clone()),
            id,
            secret: None,
            grant_types,
            redirect_uris: said.redirect_uris.unwrap_or_default(),
            scope,
            audience: self.audience.clone(),
            metadata,
            policy,
        })
    }
}

/// What a client is told that it has registered (RFC 7591 section 3.2.1), without its credentials.
pub fn registered(client: &Client) -> Map<String, Value> {
    let mut told = members(&client.metadata);
    told.retain(|_, member| !member.is_null());
    let uses_code = client.may_use(GrantType::AuthorizationCode);
    let more = [
        ("client_id", json!(client.id)),
        ("client_name", json!(client.name)),
        ("redirect_uris", json!(client.redirect_uris)),
        ("grant_types", json!(client.grant_types)),
        ("response_types", if uses_code { json!(["code"]) } else { json!([]) }),
        ("scope", json!(client.scope.to_string())),
    ];
    told.extend(more.map(|(name, value)| (name.to_owned(), value)));
    told
}

/// The members of a description that [`ClientMetadata`] has too. Null is absent (RFC 7592 section 2.2).
fn understood(body: &Map<String, Value>) -> Map<String, Value> {
    let known = members(&ClientMetadata::default());
    let kept = body.iter().filter(|(name, value)| known.contains_key(*name) && !value.is_null());
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn members(metadata: &ClientMetadata) -> Map<String, Value> {
    match serde_json::to_value(metadata) {
        Ok(Value::Object(members)) => members,
        // A structure has members.
        _ => Map::new(),
    }
}

fn read<T: serde::de::DeserializeOwned>(members: Map<String, Value>) -> Result<T, BadClient> {
    serde_path_to_error::deserialize(Value::Object(members)).map_err(|error| BadClient::Metadata(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> RegistrationRules {
        RegistrationRules {
            grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            scope: Scope::parse("openid email").unwrap(),
            audience: "https://api.example".into(),
            policy: ClientPolicy { third_party: true, ..ClientPolicy::default() },
        }
    }

    fn read(body: &Value, algorithms: &[PublicAlgorithm]) -> Result<Client, BadClient> {
        rules().read(body, "id".into(), algorithms)
    }

    #[test]
    fn what_a_client_does_not_say_has_the_defaults_of_openid_connect() {
        let both = [PublicAlgorithm::ES256, PublicAlgorithm::RS256];
        let client = read(&json!({ "redirect_uris": ["https://a.example/cb"] }), &both).unwrap();
        assert_eq!(client.metadata.id_token_signed_response_alg, Some(PublicAlgorithm::RS256));
        assert_eq!(client.metadata.userinfo_signed_response_alg, None);
        assert_eq!(client.metadata.token_endpoint_auth_method, Some(AuthMethod::ClientSecretBasic));
        assert_eq!(
            (client.grant_types, client.scope.to_string()),
            (vec![GrantType::AuthorizationCode], "openid email".into())
        );
        assert!(client.policy.third_party);
        let without = read(&json!({}), &both[..1]).unwrap();
        assert_eq!(without.metadata.id_token_signed_response_alg, Some(PublicAlgorithm::ES256), "RS256 can't be had");
    }

    #[test]
    fn what_is_not_understood_is_left_out_and_what_is_too_much_is_not_given() {
        let body = json!({
            "client_name#de": "Laden", "logo_uri": "https://a.example/l", "policy": { "third_party": false },
            "audience": "https://other.example", "scope": "openid probity:admin", "jwks_uri": null,
        });
        let client = read(&body, &[PublicAlgorithm::ES256]).unwrap();
        assert_eq!((client.scope.to_string().as_str(), client.audience.as_str()), ("openid", "https://api.example"));
        assert!(client.policy.third_party && registered(&client).get("logo_uri").is_none());
        for bad in [
            json!({ "grant_types": ["client_credentials"] }),
            json!({ "grant_types": ["implicit"] }),
            json!({ "response_types": ["code", "token"] }),
            json!({ "grant_types": ["refresh_token"], "response_types": ["code"] }),
            json!({ "id_token_signed_response_alg": "HS256" }),
            json!({ "token_endpoint_auth_method": "client_secret_jwt" }),
            json!({ "redirect_uris": "https://a.example" }),
            json!({ "scope": "a  b" }),
            json!([]),
        ] {
            assert!(matches!(read(&bad, &[PublicAlgorithm::ES256]), Err(BadClient::Metadata(_))), "{bad}");
        }
    }
}

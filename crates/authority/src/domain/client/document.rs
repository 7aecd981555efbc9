//! Clients that nobody has registered: their `client_id` is the address of a document about them
//! (draft-ietf-oauth-client-id-metadata-document).

use serde_json::Value;
use url::Url;

use super::check::{Abilities, BadClient, Outline, check_name};
use super::metadata::AuthMethod;
use super::registration::RegistrationRules;
use super::{Client, MAX_CLIENT_ID_BYTES};

/// The longest document, in bytes. The draft recommends 5 KiB; keys may be inside.
pub const MAX_DOCUMENT_BYTES: usize = 16 * 1024;

/// What such clients may be at most, and whose.
#[derive(Debug, Clone)]
pub struct DocumentRules {
    /// The hosts whose documents count.
    pub hosts: Vec<String>,
    /// What the clients may be at most.
    pub rules: RegistrationRules,
}

impl DocumentRules {
    /// The address of the document, if this `client_id` is one whose document counts. It is compared
    /// as it is written, so it must be written as it is asked.
    pub fn address(&self, id: &str) -> Option<Url> {
        let url = Url::parse(id).ok().filter(|_| id.len() <= MAX_CLIENT_ID_BYTES)?;
        let is_good = url.as_str() == id
            && url.scheme() == "https"
            && url.port().is_none()
            && url.path() != "/"
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        let host = url.host_str()?;
        (is_good && self.hosts.iter().any(|allowed| allowed == host)).then_some(url)
    }

    /// The client that the document at this address describes.
    ///
    /// # Errors
    /// [`BadClient`]
    pub fn read(&self, address: &Url, body: &[u8], abilities: Abilities<'_>) -> Result<Client, BadClient> {
        let bad = |reason: &str| BadClient::Metadata(reason.to_owned());
        if body.len() > MAX_DOCUMENT_BYTES {
            return Err(BadClient::Metadata(format!("the document is larger than {MAX_DOCUMENT_BYTES} bytes")));
        }
        let mut document: Value = serde_json::from_slice(body).map_err(|_| bad("the document is no JSON"))?;
        let members = document.as_object_mut().ok_or_else(|| bad("the document is no JSON object"))?;
        if members.get("client_id").and_then(Value::as_str) != Some(address.as_str()) {
            return Err(bad("client_id: is not the address of the document"));
        }
        // A secret that everybody can read is none.
        if members.contains_key("client_secret") || members.contains_key("client_secret_expires_at") {
            return Err(bad("client_secret: a document has none"));
        }
        members.entry("token_endpoint_auth_method").or_insert_with(|| "none".into());
        let mut client = self.rules.read(&document, address.to_string(), abilities.algorithms)?;
        if AuthMethod::uses_secret(client.metadata.token_endpoint_auth_method) {
            return Err(bad("token_endpoint_auth_method: a document has no secret"));
        }
        if client.metadata.sector_identifier_uri.is_some() {
            return Err(bad("sector_identifier_uri: only for clients that are registered"));
        }
        let outline = Outline {
            grant_types: &client.grant_types,
            redirect_uris: &client.redirect_uris,
            has_secret: false,
            metadata: &client.metadata,
            policy: &client.policy,
        };
        outline.check().and_then(|()| outline.check_with(abilities)).and_then(|()| check_name(&client.name))?;
        if let Some(host) = address.host_str()
            && client.name != client.id
        {
            // Users see whose word the name is.
            client.name = format!("{} ({host})", client.name);
        }
        Ok(client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::algorithm::PublicAlgorithm;
    use crate::domain::client::GrantType;
    use crate::domain::client::policy::ClientPolicy;
    use crate::domain::scope::Scope;
    use serde_json::json;

    fn rules() -> DocumentRules {
        let rules = RegistrationRules {
            grant_types: vec![GrantType::AuthorizationCode],
            scope: Scope::parse("openid").unwrap(),
            audience: "https://api.example".into(),
            policy: ClientPolicy::default(),
        };
        DocumentRules { hosts: vec!["client.example".into()], rules }
    }

    #[test]
    fn only_a_plain_address_of_a_known_host_names_a_document() {
        assert!(rules().address("https://client.example/app").is_some());
        for id in [
            "https://client.example",
            "https://client.example/",
            "http://client.example/app",
            "https://other.example/app",
            "https://client.example.evil.example/app",
            "https://client.example:8443/app",
            "https://client.example:443/app",
            "https://CLIENT.example/app",
            "https://user@client.example/app",
            "https://client.example/a/../app",
            "https://client.example/app#x",
            "https://client.example/app?x",
            "https://client.example\\app",
            "client.example/app",
            &format!("https://client.example/{}", "x".repeat(MAX_CLIENT_ID_BYTES)),
        ] {
            assert_eq!(rules().address(id), None, "{id}");
        }
    }

    #[test]
    fn a_document_is_about_its_own_address_and_has_no_secret() {
        let address = Url::parse("https://client.example/app").unwrap();
        let abilities = Abilities { algorithms: &[PublicAlgorithm::ES256], certificates: false, vouchers: false };
        let read = |document: &Value| rules().read(&address, document.to_string().as_bytes(), abilities);
        let good = json!({
            "client_id": address.as_str(), "client_name": "Shop", "redirect_uris": ["https://client.example/cb"],
        });
        let client = read(&good).unwrap();
        assert!(client.is_public());
        assert_eq!((client.id.as_str(), client.name.as_str()), (address.as_str(), "Shop (client.example)"));
        for (name, value) in [
            ("client_id", json!("https://client.example/other")),
            ("client_id", json!(null)),
            ("client_secret", json!("s")),
            ("client_secret_expires_at", json!(0)),
            ("token_endpoint_auth_method", json!("client_secret_basic")),
            ("token_endpoint_auth_method", json!("client_secret_post")),
            ("sector_identifier_uri", json!("https://client.example/sector")),
            ("grant_types", json!(["client_credentials"])),
            ("redirect_uris", json!([])),
            ("client_name", json!("x\ny")),
            ("id_token_signed_response_alg", json!("RS256")),
            ("padding", json!("x".repeat(MAX_DOCUMENT_BYTES))),
        ] {
            let mut document = good.clone();
            document[name] = value;
            assert!(read(&document).is_err(), "{name}");
        }
    }
}

//! Clients: RFC 6749 section 2.

pub mod access_token_format;
pub mod check;
pub mod document;
pub mod keys;
pub mod metadata;
pub mod policy;
pub mod redirect_uri;
pub mod registration;
#[cfg(test)]
mod sample;

use probity_jose::UnixTime;
use serde::{Deserialize, Serialize};

use super::scope::Scope;
use super::secret::SecretHash;
use metadata::{AuthMethod, ClientMetadata, SubjectType};
use policy::ClientPolicy;

/// The longest `client_id`, in bytes.
pub const MAX_CLIENT_ID_BYTES: usize = 255;

/// The shortest client secret, in characters: it is stored as a plain hash, so it must not be guessable.
pub const MIN_CLIENT_SECRET_CHARS: usize = 32;

/// A grant type: RFC 6749 section 1.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// A user's authorization: RFC 6749 section 4.1.
    AuthorizationCode,
    /// The client's own authorization: RFC 6749 section 4.4.
    ClientCredentials,
    /// RFC 6749 section 6.
    RefreshToken,
    /// A device without a browser: RFC 8628.
    #[serde(rename = "urn:ietf:params:oauth:grant-type:device_code")]
    DeviceCode,
    /// A token for another place: RFC 8693.
    #[serde(rename = "urn:ietf:params:oauth:grant-type:token-exchange")]
    TokenExchange,
}

impl GrantType {
    /// Every grant type.
    pub const ALL: [Self; 5] =
        [Self::AuthorizationCode, Self::ClientCredentials, Self::RefreshToken, Self::DeviceCode, Self::TokenExchange];

    /// The name in requests and metadata.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::ClientCredentials => "client_credentials",
            Self::RefreshToken => "refresh_token",
            Self::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
            Self::TokenExchange => "urn:ietf:params:oauth:grant-type:token-exchange",
        }
    }

    /// The grant type of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grant| grant.name() == name)
    }
}

/// A registered client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// `client_id`.
    pub id: String,
    /// What the login page calls it.
    pub name: String,
    /// The hash of its secret; a client without one is public.
    pub secret: Option<SecretHash>,
    /// The grants that it may use.
    pub grant_types: Vec<GrantType>,
    /// Where authorization responses may go.
    pub redirect_uris: Vec<String>,
    /// The scopes that it may have.
    pub scope: Scope,
    /// The `aud` of its access tokens.
    pub audience: String,
    /// The rest of what it says of itself.
    pub metadata: ClientMetadata,
    /// What the operator has decided about it.
    pub policy: ClientPolicy,
}

/// A client as its administrators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredClient {
    /// What it is, when it may do something.
    pub client: Client,
    /// Since when it is known; 0 when that was before this was noted, or a file says so.
    pub created: UnixTime,
    /// Whether it may do nothing.
    pub disabled: bool,
    /// The hash of the token by which it looks after its own registration (RFC 7592), if it has registered itself.
    pub registration: Option<SecretHash>,
}

impl Client {
    /// Whether it may use a grant.
    pub fn may_use(&self, grant: GrantType) -> bool {
        self.grant_types.contains(&grant)
    }

    /// Whether it can't authenticate itself (RFC 6749 section 2.1).
    pub fn is_public(&self) -> bool {
        match self.metadata.token_endpoint_auth_method {
            None => self.secret.is_none(),
            Some(method) => method == AuthMethod::None,
        }
    }

    /// Whether it may leave out PKCE in requests that allow for that: OAuth 2.1 section 7.5.1.
    pub fn may_omit_pkce(&self) -> bool {
        self.policy.nonce_instead_of_pkce && !self.is_public()
    }

    /// Whether it authenticates itself by a method.
    pub fn authenticates_by(&self, method: AuthMethod) -> bool {
        match self.metadata.token_endpoint_auth_method {
            Some(registered) => registered == method,
            None if self.secret.is_none() => method == AuthMethod::None,
            None => matches!(method, AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost),
        }
    }

    /// The sector whose names its users have there; nothing when they have the same name everywhere.
    pub fn sector(&self) -> Option<String> {
        match self.metadata.subject_type {
            SubjectType::Public => None,
            // Registration refuses a client without a single sector; if one is there all the same, it is a sector of its own.
            SubjectType::Pairwise => Some(self.metadata.sector(&self.redirect_uris).unwrap_or_else(|| self.id.clone())),
        }
    }

    /// The redirect URI of an authorization request: the one that was asked for if it is registered, or the only one when
    /// none was asked for. Nothing else, however alike (RFC 9700 section 2.1).
    pub fn redirect_uri<'a>(&'a self, requested: Option<&'a str>) -> Option<&'a str> {
        match (requested, self.redirect_uris.as_slice()) {
            (None, [only]) => Some(only),
            (None, _) => None,
            (Some(uri), registered) => registered.iter().any(|known| redirect_uri::is_same(known, uri)).then_some(uri),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(uris: &[&str]) -> Client {
        Client { redirect_uris: uris.iter().map(|uri| (*uri).to_owned()).collect(), ..Client::sample() }
    }

    #[test]
    fn only_the_very_same_redirect_uri_is_accepted() {
        let client = client(&["https://app.example/cb", "https://app.example/other"]);
        assert_eq!(client.redirect_uri(Some("https://app.example/cb")), Some("https://app.example/cb"));
        for uri in [
            "https://app.example/cb/",
            "https://app.example/cb?x=1",
            "https://app.example/cb#x",
            "https://app.example:443/cb",
            "https://APP.example/cb",
            "https://app.example/../cb",
            "https://app.example.evil.example/cb",
            "http://app.example/cb",
            "",
        ] {
            assert_eq!(client.redirect_uri(Some(uri)), None, "{uri}");
        }
        assert_eq!(client.redirect_uri(None), None, "with two registered, one must be asked for");
    }

    #[test]
    fn the_port_of_a_loopback_address_may_be_any_and_nothing_else_of_it() {
        let client = client(&["http://127.0.0.1/cb"]);
        assert_eq!(client.redirect_uri(None), Some("http://127.0.0.1/cb"));
        assert!(client.redirect_uri(Some("http://127.0.0.1:50123/cb")).is_some());
        for uri in [
            "http://127.0.0.1:50123/other",
            "http://localhost:50123/cb",
            "http://127.0.0.2:50123/cb",
            "http://user@127.0.0.1:50123/cb",
            "http://127.0.0.1:50123/x/../cb",
            "http://127.1:50123/cb",
            "https://127.0.0.1:50123/cb",
            "http://127.0.0.1:50123/cb#",
        ] {
            assert_eq!(client.redirect_uri(Some(uri)), None, "{uri}");
        }
    }

    #[test]
    fn a_grant_type_reads_back_from_its_name() {
        GrantType::ALL.into_iter().for_each(|grant| assert_eq!(GrantType::parse(grant.name()), Some(grant)));
        assert_eq!(GrantType::parse("password"), None);
    }
}

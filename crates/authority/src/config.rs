//! The authority's configuration file.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use url::Url;

use crate::domain::algorithm::PublicAlgorithm;
use crate::domain::claims::Attributes;
pub use crate::domain::client::GrantType;
use crate::domain::client::check::{Abilities, Outline, check_audience};
use crate::domain::client::document::DocumentRules;
use crate::domain::client::metadata::ClientMetadata;
use crate::domain::client::policy::ClientPolicy;
use crate::domain::client::redirect_uri;
use crate::domain::client::registration::RegistrationRules;
use crate::domain::key_rotation::KeyRotation;
use crate::domain::lifetimes::{Lifetimes, LifetimesError};
use crate::domain::scope::{OWN_SCOPES, Scope};

/// `serve.toml`. Unknown keys are refused. Paths are relative to the file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthorityConfig {
    /// The issuer identifier: an `https` URL without query and fragment, exactly as tokens and metadata carry it.
    pub issuer: String,
    /// Where to listen.
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// The folder of the embedded store (SQLite). Either this or `postgres`.
    pub data: Option<PathBuf>,
    /// The PostgreSQL database that is the store.
    pub postgres: Option<PostgresConfig>,
    /// The file with the master key, under which private keys are encrypted: 32 bytes as base64url.
    pub master_key_file: PathBuf,
    /// The master key before: what is sealed under it is sealed anew at the start. Remove it when that has worked.
    pub previous_master_key_file: Option<PathBuf>,
    /// Serve HTTPS with this certificate. Without it, `plain_http` must be set.
    pub tls: Option<TlsConfig>,
    /// Serve plain HTTP, on a loopback address only: for tests, or behind a proxy on the same machine.
    #[serde(default)]
    pub plain_http: bool,
    /// The algorithms that tokens are signed with, a key each; the first is the default.
    #[serde(default = "default_signing_algorithms")]
    pub signing_algorithms: Vec<PublicAlgorithm>,
    /// When keys are replaced.
    #[serde(default)]
    pub key_rotation: KeyRotation,
    /// How long tokens and sessions live.
    #[serde(default)]
    pub lifetimes: Lifetimes,
    /// Ask TLS clients for certificates (RFC 8705). Without it, nobody can authenticate by one.
    pub client_certificates: Option<ClientCertificatesConfig>,
    /// Proofs of possession (RFC 9449).
    #[serde(default)]
    pub dpop: DpopConfig,
    /// How addresses that clients name are asked.
    #[serde(default)]
    pub outbound: OutboundConfig,
    /// Let clients register themselves (RFC 7591), with tokens that administrators make. Without it, none can.
    pub registration: Option<RegistrationConfig>,
    /// Know clients by the documents at the addresses that are their names. Without it, none is known so.
    pub client_id_documents: Option<ClientIdDocumentsConfig>,
    /// Clients that exist from the start; what the file says of them replaces what the store has.
    #[serde(default)]
    pub clients: Vec<ClientConfig>,
    /// Users that are created when they do not exist yet.
    #[serde(default)]
    pub users: Vec<UserConfig>,
    /// Guards that may follow revocations from the start.
    #[serde(default)]
    pub guards: Vec<GuardConfig>,
}

/// A PostgreSQL database.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostgresConfig {
    /// The file with the connection string, one line: `postgres://user:password@host/database`, or `key=value` pairs.
    pub connection_file: PathBuf,
    /// Certificates (PEM) by which the database is trusted, over TLS. Required for one on another machine.
    pub ca_file: Option<PathBuf>,
}

/// A certificate chain and its key, both PEM.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// The chain, leaf first.
    pub certificate_file: PathBuf,
    /// The private key.
    pub key_file: PathBuf,
    /// Accept TLS 1.2 beside 1.3.
    #[serde(default)]
    pub allow_tls12: bool,
}

/// A client.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientConfig {
    /// `client_id`.
    pub client_id: String,
    /// The file with the client's secret, one line; a client without it is public (RFC 6749 section 2.1).
    pub client_secret_file: Option<PathBuf>,
    /// What the login page calls it; its `client_id` when absent.
    pub client_name: Option<String>,
    /// The grants that it may use.
    pub grant_types: Vec<GrantType>,
    /// Where authorization responses may go, compared exactly (RFC 9700 section 2.1).
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// The scopes that it may ask for; it gets all of them when it asks for none.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The `aud` of its access tokens.
    pub audience: String,
    /// The rest of its metadata, by the names of RFC 7591 and what extends it.
    #[serde(default)]
    pub metadata: ClientMetadata,
    /// What you decide about it.
    #[serde(default)]
    pub policy: ClientPolicy,
}

/// Clients that register themselves: what they may be at most.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistrationConfig {
    /// The scopes that they may ask for.
    pub scopes: Vec<String>,
    /// The `aud` of their access tokens.
    pub audience: String,
    /// The grants that they may use.
    #[serde(default = "default_registration_grants")]
    pub grant_types: Vec<GrantType>,
    /// Whether they are somebody else's: their users are then asked what they may have.
    #[serde(default = "default_third_party")]
    pub third_party: bool,
    /// Whether confidential ones may leave out PKCE in OpenID requests with a `nonce` (OAuth 2.1 section 7.5.1).
    #[serde(default)]
    pub nonce_instead_of_pkce: bool,
}

/// Clients whose `client_id` is the https address of a document about them (draft-ietf-oauth-client-id-metadata-document): whose
/// documents count, and what the clients may be at most. They are public, or have keys.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientIdDocumentsConfig {
    /// The hosts whose documents count, compared exactly. Whoever publishes there can make clients.
    pub hosts: Vec<String>,
    /// The scopes that they may ask for.
    pub scopes: Vec<String>,
    /// The `aud` of their access tokens.
    pub audience: String,
    /// The grants that they may use.
    #[serde(default = "default_registration_grants")]
    pub grant_types: Vec<GrantType>,
    /// Whether they are somebody else's: their users are then asked what they may have.
    #[serde(default = "default_third_party")]
    pub third_party: bool,
}

/// Client certificates: RFC 8705.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClientCertificatesConfig {
    /// Certificate authorities (PEM) that vouch for certificates of clients with `tls_client_auth`. Without it, only
    /// self-signed ones can authenticate.
    pub ca_file: Option<PathBuf>,
    /// Ask for certificates only here, not at `listen`: browsers that have certificates ask their users about it.
    pub listen: Option<SocketAddr>,
    /// Where clients reach that: an https URL without path. Required beside `listen`.
    pub url: Option<String>,
}

/// Proofs of possession: RFC 9449.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DpopConfig {
    /// Whether each proof needs a nonce of ours, so that it can't have been made in advance. A client's first proof then
    /// costs one more round trip.
    pub require_nonce: bool,
}

impl Default for DpopConfig {
    fn default() -> Self {
        Self { require_nonce: true }
    }
}

/// Requests that the authority makes itself, to addresses that clients name: key sets, client documents, logout.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutboundConfig {
    /// Certificates (PEM) by which other servers are trusted, besides the system's.
    pub ca_file: Option<PathBuf>,
    /// Ask addresses of this machine and its network too. Whoever can register a client can then make the authority
    /// knock at every door in there.
    pub allow_private_addresses: bool,
}

/// A user.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserConfig {
    /// What the user types to log in.
    pub username: String,
    /// The file with the password, one line. Read only when the user does not exist yet.
    pub password_file: PathBuf,
    /// What is known about the user, by claim name (OpenID Connect Core 1.0 section 5.1).
    #[serde(default)]
    pub attributes: serde_json::Map<String, serde_json::Value>,
}

/// A guard.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuardConfig {
    /// A name for logs and lists.
    pub name: String,
    /// The file with its credential (`pgc_...`), one line.
    pub credential_file: PathBuf,
}

/// A configuration that can't work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The issuer is no URL that an issuer may have.
    #[error("issuer: {0}")]
    Issuer(&'static str),
    /// Neither `tls` nor `plain_http`.
    #[error("tls: a certificate is needed; for plain HTTP on a loopback address set plain_http = true")]
    NoTls,
    /// Both `tls` and `plain_http`.
    #[error("plain_http: can't be set beside tls")]
    PlainAndTls,
    /// Neither or both of `data` and `postgres`.
    #[error("data: a store is either a folder (data) or a database (postgres)")]
    Store,
    /// A lifetime out of its range.
    #[error("lifetimes: {0}")]
    Lifetimes(#[from] LifetimesError),
    /// Keys that would change too often or too seldom.
    #[error("key_rotation: {0}")]
    KeyRotation(&'static str),
    /// No algorithm, or one twice.
    #[error("signing_algorithms: at least one, and none twice")]
    Algorithms,
    /// What clients that register themselves may not be.
    #[error("registration: {0}")]
    Registration(&'static str),
    /// What clients that describe themselves may not be.
    #[error("client_id_documents: {0}")]
    ClientIdDocuments(&'static str),
    /// Client certificates that can't be asked for.
    #[error("client_certificates: {0}")]
    ClientCertificates(&'static str),
    /// A user that can't be.
    #[error("users: {username}: {reason}")]
    User {
        /// Which.
        username: String,
        /// Why not.
        reason: String,
    },
    /// A client that can't work.
    #[error("clients: {client_id}: {reason}")]
    Client {
        /// Which.
        client_id: String,
        /// Why not.
        reason: String,
    },
}

impl AuthorityConfig {
    /// The same configuration with every path that is not absolute below `folder`.
    #[must_use]
    pub fn relative_to(mut self, folder: &Path) -> Self {
        let secrets = self.clients.iter_mut().filter_map(|client| client.client_secret_file.as_mut());
        let passwords = self.users.iter_mut().map(|user| &mut user.password_file);
        let credentials = self.guards.iter_mut().map(|guard| &mut guard.credential_file);
        let tls = self.tls.iter_mut().flat_map(|tls| [&mut tls.certificate_file, &mut tls.key_file]);
        let postgres =
            self.postgres.iter_mut().flat_map(|site| [Some(&mut site.connection_file), site.ca_file.as_mut()]);
        let own = [self.data.as_mut(), Some(&mut self.master_key_file), self.outbound.ca_file.as_mut()]
            .into_iter()
            .chain(postgres)
            .flatten();
        let certificates = self.client_certificates.iter_mut().filter_map(|certificates| certificates.ca_file.as_mut());
        let own = own.chain(certificates).chain(self.previous_master_key_file.as_mut());
        for path in secrets.chain(passwords).chain(credentials).chain(tls).chain(own) {
            *path = folder.join(&*path);
        }
        self
    }

    /// Checks everything that can be checked without looking at files.
    ///
    /// # Errors
    /// [`ConfigError`] names the key and what is wrong with it.
    pub fn check(&self) -> Result<(), ConfigError> {
        check_issuer(&self.issuer, self.plain_http).map_err(ConfigError::Issuer)?;
        match (&self.tls, self.plain_http) {
            (None, false) => return Err(ConfigError::NoTls),
            (Some(_), true) => return Err(ConfigError::PlainAndTls),
            _ => {}
        }
        if self.data.is_some() == self.postgres.is_some() {
            return Err(ConfigError::Store);
        }
        let distinct: BTreeSet<_> = self.signing_algorithms.iter().collect();
        if distinct.is_empty() || distinct.len() != self.signing_algorithms.len() {
            return Err(ConfigError::Algorithms);
        }
        if let Some(certificates) = &self.client_certificates {
            self.check_certificates(certificates).map_err(ConfigError::ClientCertificates)?;
        }
        self.registration.as_ref().map(RegistrationConfig::rules).transpose()?;
        self.client_id_documents.as_ref().map(ClientIdDocumentsConfig::rules).transpose()?;
        self.key_rotation.check().map_err(ConfigError::KeyRotation)?;
        self.lifetimes.check()?;
        let certificates = self.client_certificates.as_ref();
        let abilities = Abilities {
            algorithms: &self.signing_algorithms,
            certificates: certificates.is_some(),
            vouchers: certificates.is_some_and(|certificates| certificates.ca_file.is_some()),
        };
        for client in &self.clients {
            let outline = client.outline();
            outline.check().and_then(|()| outline.check_with(abilities)).map_err(|reason| ConfigError::Client {
                client_id: client.client_id.clone(),
                reason: reason.to_string(),
            })?;
        }
        for user in &self.users {
            Attributes::new(user.attributes.clone()).map_err(|error| ConfigError::User {
                username: user.username.clone(),
                reason: format!("attributes: {error}"),
            })?;
        }
        Ok(())
    }
}

impl AuthorityConfig {
    fn check_certificates(&self, certificates: &ClientCertificatesConfig) -> Result<(), &'static str> {
        if self.plain_http {
            return Err("certificates come with TLS, not with plain_http");
        }
        match (certificates.listen, &certificates.url) {
            (None, None) => Ok(()),
            (Some(_), Some(url)) => {
                let url = Url::parse(url).map_err(|_| "url: not a URL")?;
                let is_bare = url.scheme() == "https" && url.path() == "/" && url.query().is_none();
                if is_bare && url.fragment().is_none() { Ok(()) } else { Err("url: an https URL without path") }
            }
            _ => Err("listen and url come together"),
        }
    }
}

impl RegistrationConfig {
    /// What clients that register themselves may be at most.
    ///
    /// # Errors
    /// [`ConfigError::Registration`]
    pub fn rules(&self) -> Result<RegistrationRules, ConfigError> {
        let scope = Scope::from_names(self.scopes.iter().map(String::as_str));
        let scope = scope.map_err(|_| ConfigError::Registration("scopes: malformed, or too many"))?;
        if scope.names().any(|name| name.starts_with(OWN_SCOPES)) {
            return Err(ConfigError::Registration("scopes: none that opens this authority itself"));
        }
        check_audience(&self.audience).map_err(|_| ConfigError::Registration("audience: empty or too long"))?;
        let policy = ClientPolicy {
            third_party: self.third_party,
            nonce_instead_of_pkce: self.nonce_instead_of_pkce,
            ..ClientPolicy::default()
        };
        let (grant_types, audience) = (self.grant_types.clone(), self.audience.clone());
        Ok(RegistrationRules { grant_types, scope, audience, policy })
    }
}

impl ClientIdDocumentsConfig {
    /// Whose documents count, and what the clients may be at most.
    ///
    /// # Errors
    /// [`ConfigError::ClientIdDocuments`]
    pub fn rules(&self) -> Result<DocumentRules, ConfigError> {
        let is_host = |host: &String| {
            let url = Url::parse(&format!("https://{host}/"));
            url.is_ok_and(|url| url.host_str() == Some(host) && url.port().is_none())
        };
        if self.hosts.is_empty() || !self.hosts.iter().all(is_host) {
            return Err(ConfigError::ClientIdDocuments("hosts: at least one, in lower case and without port"));
        }
        let rules = RegistrationConfig {
            scopes: self.scopes.clone(),
            audience: self.audience.clone(),
            grant_types: self.grant_types.clone(),
            third_party: self.third_party,
            nonce_instead_of_pkce: false,
        };
        let rules = rules.rules().map_err(|error| match error {
            ConfigError::Registration(reason) => ConfigError::ClientIdDocuments(reason),
            other => other,
        })?;
        Ok(DocumentRules { hosts: self.hosts.clone(), rules })
    }
}

impl ClientConfig {
    fn outline(&self) -> Outline<'_> {
        Outline {
            grant_types: &self.grant_types,
            redirect_uris: &self.redirect_uris,
            has_secret: self.client_secret_file.is_some(),
            metadata: &self.metadata,
            policy: &self.policy,
        }
    }
}

/// RFC 8414 section 2: an `https` URL without query or fragment; `http` only on loopback and only when asked.
fn check_issuer(issuer: &str, plain_http: bool) -> Result<(), &'static str> {
    let url = Url::parse(issuer).map_err(|_| "not a URL")?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err("has a query or fragment (RFC 8414 section 2)");
    }
    if issuer.ends_with('/') {
        return Err("ends with a slash; write it without");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("has a user name or password");
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if plain_http && redirect_uri::is_this_machine(&url) => Ok(()),
        "http" => Err("is not https; plain http is for a loopback host with plain_http = true"),
        _ => Err("is not https"),
    }
}

fn default_registration_grants() -> Vec<GrantType> {
    vec![GrantType::AuthorizationCode, GrantType::RefreshToken]
}

const fn default_third_party() -> bool {
    true
}

/// The default of `listen`.
pub fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8443))
}

/// The default of `signing_algorithms`: ours, and the one that OpenID Connect clients expect (Discovery 1.0 section 3).
pub fn default_signing_algorithms() -> Vec<PublicAlgorithm> {
    vec![PublicAlgorithm::ES256, PublicAlgorithm::RS256, PublicAlgorithm::EDDSA]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_https_or_plain_http_on_loopback_when_asked() {
        assert_eq!(check_issuer("https://as.example/tenant", false), Ok(()));
        assert_eq!(check_issuer("http://127.0.0.1:8080", true), Ok(()));
        for (issuer, plain) in [
            ("http://127.0.0.1:8080", false),
            ("http://as.example", true),
            ("https://as.example/?x=1", false),
            ("https://as.example/#x", false),
            ("https://as.example/", false),
            ("https://user@as.example", false),
            ("ftp://as.example", false),
            ("as.example", false),
        ] {
            assert!(check_issuer(issuer, plain).is_err(), "{issuer}");
        }
    }
}

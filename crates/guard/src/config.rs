//! The guard's configuration file.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use probity_verifier::dpop::ProofChecker;
use probity_verifier::status_list::StatusLists;
use serde::Deserialize;

use crate::browser::BrowserConfig;
use crate::proxy::{ProxyConfig, ProxyPlan, UpstreamConfig};
use crate::question::is_protected;
use crate::{
    Access, BadResource, CertificateFormat, CertificateHeader, Condition, Cors, Limit, MAX_OPEN, Network, Pattern,
    Policy, ResourceMetadata, Rule, Staleness,
};

/// `guard.toml`. Unknown keys are refused.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuardConfig {
    /// The issuer whose tokens are accepted, exactly as its metadata names it.
    pub issuer: String,
    /// The audience that tokens must name: this application.
    pub audience: String,
    /// The file with the guard credential that the authority has registered (`pgc_...`).
    pub credential_file: PathBuf,
    /// Where the proxy asks. Plain HTTP: a loopback address, unless `tls` is given.
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// The addresses and networks from which a proxy may ask.
    #[serde(default = "default_proxies")]
    pub proxies: Vec<String>,
    /// Where to reach the authority when not at the issuer's own address: scheme, host and port.
    pub authority: Option<String>,
    /// Certificates (PEM) to trust for the authority instead of the platform's.
    pub ca_file: Option<PathBuf>,
    /// Scopes that every request needs, where there are no rules.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Signature algorithms that are accepted.
    #[serde(default = "default_algorithms")]
    pub algorithms: Vec<String>,
    /// How many verified tokens are remembered, so that their signatures need not be checked again.
    #[serde(default = "default_remembered_tokens")]
    pub remembered_tokens: usize,
    /// What the resource says of itself (RFC 9728).
    pub resource: Option<ResourceConfig>,
    /// How tokens that are bound to a key are accepted (RFC 9449).
    pub dpop: Option<DpopConfig>,
    /// How a proxy says which certificate a client has shown it (RFC 8705).
    pub client_certificates: Option<CertificateConfig>,
    /// As whom the guard asks the authority about tokens, for rules with `stale = "introspect"`.
    pub introspection: Option<IntrospectionConfig>,
    /// Rules per route; the first that fits decides, and a request that none fits is refused.
    #[serde(default)]
    pub rules: Vec<RuleConfig>,
    /// Limits on the requests of each subject, by the names that rules call them.
    #[serde(default)]
    pub limits: BTreeMap<String, LimitConfig>,
    /// What pages of other origins may do, by the names that rules call it; the proxy sees to it.
    #[serde(default)]
    pub cors: BTreeMap<String, CorsConfig>,
    /// Other issuers whose tokens are accepted.
    #[serde(default)]
    pub issuers: Vec<IssuerConfig>,
    /// Serve HTTPS with this certificate.
    pub tls: Option<TlsConfig>,
    /// Pass requests on to applications.
    pub proxy: Option<ProxyConfig>,
    /// The applications; the first that has a path gets the request.
    #[serde(default)]
    pub upstream: Vec<UpstreamConfig>,
    /// Log users in, and keep their tokens from their browsers; the proxy does it.
    pub browser: Option<BrowserConfig>,
    /// Whether `listen` may be plain HTTP on an address that other machines reach.
    #[serde(default)]
    pub plain_http_beyond_loopback: bool,
    /// For how many seconds the guard goes on after it is told to stop, while `/readyz` says that it is not ready.
    #[serde(default)]
    pub drain_delay: u64,
}

/// An issuer beside the authority: any that publishes its keys by OpenID Connect Discovery and issues RFC 9068 tokens.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerConfig {
    /// The issuer, exactly as its metadata names it.
    pub issuer: String,
    /// The audience that its tokens must name, where a rule does not say; the guard's when absent.
    pub audience: Option<String>,
    /// Signature algorithms that are accepted of it.
    #[serde(default = "default_algorithms")]
    pub algorithms: Vec<String>,
    /// The issuer of the authority that says which of its tokens are revoked: the guard's `issuer`. Its tokens are accepted
    /// only while what that authority says is current.
    pub revocations_from: String,
    /// What the addresses of its status lists may begin with: `https://`, and a slash at the end. Its own origin when absent.
    #[serde(default)]
    pub status_lists: Vec<String>,
    /// Certificates (PEM) to trust for it instead of the platform's.
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
}

/// The resource, as its clients know it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceConfig {
    /// Its https address.
    pub identifier: String,
    /// Its name for people.
    pub name: Option<String>,
    /// Scopes that a client may want.
    #[serde(default)]
    pub scopes: Vec<String>,
}

/// What proofs of possession must be for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DpopConfig {
    /// The origins by which clients know the application.
    pub origins: Vec<String>,
}

/// A header in which proxies say which certificate a client has shown them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateConfig {
    /// The header.
    pub header: String,
    /// How the certificate stands in it: `rfc9440`, `escaped_pem` or `sha256_hex`.
    pub format: CertificateFormat,
    /// The addresses and networks of the proxies that are believed. They must set the header in each request, or remove it.
    pub from: Vec<String>,
}

/// A confidential client of the authority.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntrospectionConfig {
    /// `client_id`.
    pub client_id: String,
    /// The file with its secret, one line.
    pub client_secret_file: PathBuf,
}

/// A rule.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleConfig {
    /// Its name, for logs and `probity guard check`.
    pub name: String,
    /// Methods; all when empty.
    #[serde(default)]
    pub methods: Vec<String>,
    /// Paths: `*` is one segment, `**` at the end is the rest; all when empty.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Who may pass: `token`, `anyone` or `nobody`.
    #[serde(default)]
    pub access: Access,
    /// Scopes that are all needed.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The audience that the token must name, instead of the guard's.
    pub audience: Option<String>,
    /// What claims must be.
    #[serde(default)]
    pub claims: BTreeMap<String, Condition>,
    /// How many seconds ago the user may have been authenticated at most.
    pub max_authentication_age: Option<u64>,
    /// Authentication context classes of which one is needed.
    #[serde(default)]
    pub acr_values: Vec<String>,
    /// What happens while the guard can't know of revocations.
    #[serde(default)]
    pub stale: StaleConfig,
    /// The limit on the requests of each subject, by name; rules that name the same one share it.
    pub limit: Option<String>,
    /// What pages of other origins may do, by name.
    pub cors: Option<String>,
}

/// How many requests each subject may make.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitConfig {
    /// So many requests,
    pub requests: u32,
    /// in so many seconds.
    pub seconds: u64,
    /// How many of them may come at once; all when absent.
    pub burst: Option<u32>,
}

/// `"closed"`, `"introspect"` or `{ open = SECONDS }`.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StaleConfig {
    /// Refuse for now.
    #[default]
    Closed,
    /// Ask the authority.
    Introspect,
    /// Let pass, for so many seconds.
    Open(u64),
}

/// What pages of other origins may do.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorsConfig {
    /// The origins, exactly as browsers send them.
    pub origins: Vec<String>,
    /// Headers that their pages may send.
    #[serde(default = "default_cors_headers")]
    pub headers: Vec<String>,
    /// Headers of answers that they may read, beside those that every page may.
    #[serde(default)]
    pub expose: Vec<String>,
    /// Whether they may send cookies.
    #[serde(default)]
    pub credentials: bool,
    /// For how many seconds a browser remembers that they may.
    #[serde(default = "default_cors_max_age")]
    pub max_age: u64,
}

/// Which key of the configuration can't work, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {reason}")]
pub struct BadConfig {
    key: String,
    reason: String,
}

impl GuardConfig {
    /// What the guard lets pass.
    ///
    /// # Errors
    /// [`BadConfig`]
    pub fn policy(&self) -> Result<Policy, BadConfig> {
        self.check_issuers()?;
        self.check_limits()?;
        self.check_cors()?;
        let network = |text: &String| text.parse::<Network>().map_err(|error| bad("proxies", &error));
        let proxies = self.proxies.iter().map(network).collect::<Result<_, _>>()?;
        let checker = |dpop: &DpopConfig| ProofChecker::new(&dpop.origins).map_err(|error| bad("dpop.origins", &error));
        let proofs = self.dpop.as_ref().map(checker).transpose()?;
        let certificates = self.client_certificates.as_ref().map(certificate_header).transpose()?;
        if self.rules.is_empty() {
            let rule = Rule {
                scopes: self.scopes.clone(),
                foreign_audiences: self.foreign_audiences(),
                ..Rule::for_all(self.audience.as_str())
            };
            return Ok(Policy { rules: vec![rule], proxies, proofs, certificates });
        }
        if !self.scopes.is_empty() {
            return Err(bad("scopes", &"where there are rules, each has its own"));
        }
        let mut rules: Vec<Rule> = Vec::with_capacity(self.rules.len());
        for config in &self.rules {
            if rules.iter().any(|rule| rule.name == config.name) {
                return Err(bad(&format!("rules.{}", config.name), &"another rule has this name"));
            }
            rules.push(self.rule(config)?);
        }
        Ok(Policy { rules, proxies, proofs, certificates })
    }

    fn rule(&self, config: &RuleConfig) -> Result<Rule, BadConfig> {
        let bad = |key: &str, reason: &dyn std::fmt::Display| bad(&format!("rules.{}.{key}", config.name), reason);
        let pattern =
            |text: &String| text.parse::<Pattern>().map_err(|error| bad("paths", &format!("{text}: {error}")));
        if let Some(method) = config.methods.iter().find(|method| http::Method::from_bytes(method.as_bytes()).is_err())
        {
            return Err(bad("methods", &format!("{method} is no method")));
        }
        let demands = !config.scopes.is_empty() || !config.claims.is_empty() || !config.acr_values.is_empty();
        if config.access != Access::Token && (demands || config.max_authentication_age.is_some()) {
            return Err(bad("access", &"a rule that looks at no token can't demand anything of it"));
        }
        let limit = config
            .limit
            .as_ref()
            .map(|name| self.limit(name).ok_or_else(|| bad("limit", &format!("{name} is not among limits"))));
        let limit = limit.transpose()?.transpose()?;
        if config.access != Access::Token && limit.is_some() {
            return Err(bad("limit", &"a rule that looks at no token knows no subject"));
        }
        let cors = config.cors.as_ref();
        let cors = cors.map(|name| self.cors(name).ok_or_else(|| bad("cors", &format!("{name} is not among cors"))));
        let stale = match config.stale {
            StaleConfig::Closed => Staleness::Closed,
            StaleConfig::Introspect if self.introspection.is_none() => {
                return Err(bad("stale", &"the guard needs [introspection] to ask the authority"));
            }
            StaleConfig::Introspect => Staleness::Introspect,
            StaleConfig::Open(seconds) if seconds > MAX_OPEN.as_secs() => {
                return Err(bad("stale", &format!("open for at most {} seconds", MAX_OPEN.as_secs())));
            }
            StaleConfig::Open(seconds) => Staleness::Open(Duration::from_secs(seconds)),
        };
        Ok(Rule {
            name: config.name.clone(),
            methods: config.methods.clone(),
            paths: config.paths.iter().map(pattern).collect::<Result<_, _>>()?,
            access: config.access,
            scopes: config.scopes.clone(),
            audience: config.audience.clone().unwrap_or_else(|| self.audience.clone()),
            foreign_audiences: if config.audience.is_some() { BTreeMap::new() } else { self.foreign_audiences() },
            claims: config.claims.clone().into_iter().collect(),
            max_authentication_age: config.max_authentication_age.map(Duration::from_secs),
            acr_values: config.acr_values.clone(),
            stale,
            limit,
            cors: cors.transpose()?.transpose()?,
        })
    }

    /// Those that no rule names too: a limit that limits nobody is a mistake.
    fn check_limits(&self) -> Result<(), BadConfig> {
        for name in self.limits.keys() {
            self.limit(name).transpose()?;
            if !self.rules.iter().any(|rule| rule.limit.as_ref() == Some(name)) {
                return Err(bad(&format!("limits.{name}"), &"no rule has this limit"));
            }
        }
        Ok(())
    }

    fn limit(&self, name: &str) -> Option<Result<Limit, BadConfig>> {
        let LimitConfig { requests, seconds, burst } = self.limits.get(name)?;
        let limit = Limit::new(name, *requests, *seconds, *burst);
        Some(limit.map_err(|error| bad(&format!("limits.{name}"), &error)))
    }

    fn check_cors(&self) -> Result<(), BadConfig> {
        for name in self.cors.keys() {
            self.cors(name).transpose()?;
            if self.proxy.is_none() {
                return Err(bad(&format!("cors.{name}"), &"only a proxy can see to it: [proxy] is needed"));
            }
            if !self.rules.iter().any(|rule| rule.cors.as_ref() == Some(name)) {
                return Err(bad(&format!("cors.{name}"), &"no rule has it"));
            }
        }
        Ok(())
    }

    fn cors(&self, name: &str) -> Option<Result<Cors, BadConfig>> {
        let CorsConfig { origins, headers, expose, credentials, max_age } = self.cors.get(name)?;
        let cors = Cors::new(origins, headers, expose, *credentials, *max_age);
        Some(cors.map_err(|error| bad(&format!("cors.{name}"), &error)))
    }

    fn check_issuers(&self) -> Result<(), BadConfig> {
        for other in &self.issuers {
            if other.revocations_from != self.issuer {
                let key = format!("issuers.{}.revocations_from", other.issuer);
                return Err(bad(&key, &"is not the guard's issuer, so nobody says what is revoked"));
            }
            if let Some(prefix) = other.status_lists.iter().find(|prefix| !StatusLists::is_prefix(prefix)) {
                let key = format!("issuers.{}.status_lists", other.issuer);
                return Err(bad(&key, &format!("{prefix}: expected an https address with a slash at the end")));
            }
        }
        Ok(())
    }

    fn foreign_audiences(&self) -> BTreeMap<String, String> {
        let own = |other: &IssuerConfig| Some((other.issuer.clone(), other.audience.clone()?));
        self.issuers.iter().filter_map(own).collect()
    }

    /// Every audience that a rule accepts in tokens of the authority.
    pub fn audiences(&self) -> Vec<String> {
        self.audiences_with(&self.audience)
    }

    /// Every audience that a rule accepts in tokens of another issuer.
    pub fn audiences_of(&self, other: &IssuerConfig) -> Vec<String> {
        self.audiences_with(other.audience.as_ref().unwrap_or(&self.audience))
    }

    fn audiences_with(&self, usual: &str) -> Vec<String> {
        let mut audiences = vec![usual.to_owned()];
        for audience in self.rules.iter().filter_map(|rule| rule.audience.as_ref()) {
            if !audiences.contains(audience) {
                audiences.push(audience.clone());
            }
        }
        audiences
    }

    /// What the proxy is to do, if the guard is one.
    ///
    /// # Errors
    /// [`BadConfig`]
    pub fn proxy_plan(&self) -> Result<Option<ProxyPlan>, BadConfig> {
        if self.browser.is_some() && self.proxy.is_none() {
            return Err(bad("browser", &"only a proxy can log users in: [proxy] is needed"));
        }
        match &self.proxy {
            None if !self.upstream.is_empty() => Err(bad("upstream", &"without [proxy] nothing is passed on")),
            proxy => proxy.as_ref().map(|proxy| proxy.plan(&self.upstream)).transpose(),
        }
    }

    /// What the resource says of itself, if it does.
    ///
    /// # Errors
    /// [`BadConfig`]
    pub fn resource_metadata(&self) -> Result<Option<ResourceMetadata>, BadConfig> {
        let metadata = |resource: &ResourceConfig| {
            let ResourceConfig { identifier, name, scopes } = resource;
            let others = self.issuers.iter().map(|other| other.issuer.as_str());
            let issuers: Vec<_> = std::iter::once(self.issuer.as_str()).chain(others).collect();
            ResourceMetadata::new(identifier, &issuers, scopes, name.as_deref())
        };
        let metadata = self.resource.as_ref().map(metadata).transpose();
        metadata.map_err(|error: BadResource| bad("resource.identifier", &error))
    }
}

fn certificate_header(config: &CertificateConfig) -> Result<CertificateHeader, BadConfig> {
    let name = config.header.parse::<http::HeaderName>().ok().filter(|name| !is_protected(name.as_str()));
    let name = name.ok_or_else(|| bad("client_certificates.header", &"no name of a header that is free"))?;
    let network = |text: &String| text.parse::<Network>().map_err(|error| bad("client_certificates.from", &error));
    let from: Vec<_> = config.from.iter().map(network).collect::<Result<_, _>>()?;
    if from.is_empty() {
        return Err(bad("client_certificates.from", &"nobody is believed"));
    }
    Ok(CertificateHeader { name, format: config.format, from })
}

pub(crate) fn bad(key: &str, reason: &dyn std::fmt::Display) -> BadConfig {
    BadConfig { key: key.to_owned(), reason: reason.to_string() }
}

/// The default of `listen`.
pub fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 9080))
}

/// The default of `proxies`: this machine.
pub fn default_proxies() -> Vec<String> {
    vec!["127.0.0.0/8".to_owned(), "::1".to_owned()]
}

/// The default of `headers` of `[cors]`: a token and the type of a body.
fn default_cors_headers() -> Vec<String> {
    vec!["authorization".to_owned(), "content-type".to_owned()]
}

/// The default of `max_age` of `[cors]`.
const fn default_cors_max_age() -> u64 {
    600
}

/// The default of `algorithms`.
pub fn default_algorithms() -> Vec<String> {
    vec!["ES256".to_owned()]
}

/// The default of `remembered_tokens`.
pub const fn default_remembered_tokens() -> usize {
    probity_verifier::REMEMBERED_TOKENS
}

//! The guard's configuration file.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

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
    /// Where to reach the authority when not at the issuer's own address: scheme, host and port.
    pub authority: Option<String>,
    /// Certificates (PEM) to trust for the authority instead of the platform's.
    pub ca_file: Option<PathBuf>,
    /// Scopes that every request needs.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Signature algorithms that are accepted.
    #[serde(default = "default_algorithms")]
    pub algorithms: Vec<String>,
    /// Serve HTTPS with this certificate.
    pub tls: Option<TlsConfig>,
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

/// The default of `listen`.
pub fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 9080))
}

/// The default of `algorithms`.
pub fn default_algorithms() -> Vec<String> {
    vec!["ES256".to_owned()]
}

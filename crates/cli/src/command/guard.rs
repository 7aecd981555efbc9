//! `probity guard`: verifies requests in front of an application.

mod reload;
mod service;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use probity_guard::browser::BrowserConfig;
use probity_guard::config::{
    GuardConfig, IntrospectionConfig, IssuerConfig, TlsConfig, default_algorithms, default_listen, default_proxies,
};
use probity_guard::proxy::{ProxyConfig, UpstreamConfig};
use probity_jose::SignatureAlgorithm;
use probity_verifier::{ForeignIssuer, IntrospectionClient, REMEMBERED_TOKENS, RelyingParty, TrustConfig};
use tracing::info;
use url::Url;

use super::guard_check::CheckArgs;
use crate::client;
use crate::config_file;
use crate::failure::{Doing, Failure, Kind};
use crate::listen::stop_signal;
use crate::logging::{self, LogFormat};
use crate::random;

pub(crate) use service::start;

/// Verify requests in front of an application: forward authentication for nginx `auth_request` and the like.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(after_help = "Examples:\n  \
    probity guard --config probity-data/guard.toml\n  \
    probity guard --issuer https://localhost:8443 --audience https://api.localhost \\\n    \
    --credential-file probity-data/guard.credential --ca-file probity-data/ca.pem\n\n\
    A proxy then asks about each request: 200 with X-Auth-* headers, 401 or 403 with WWW-Authenticate, or 503 with \
    Retry-After while revocations are not current. nginx, HAProxy and Apache ask at http://127.0.0.1:9080/verify, Caddy \
    and Traefik at /forward-auth, Envoy at /ext-authz. /readyz says whether revocations are current, /metrics counts.\n\n\
    The log goes to standard error; PROBITY_LOG sets its level (info, debug, probity_guard=debug).")]
pub(crate) struct GuardArgs {
    #[command(subcommand)]
    command: Option<GuardCommand>,
    /// The configuration file; without it, the options below.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["issuer", "audience", "credential_file"])]
    config: Option<PathBuf>,
    /// The issuer whose tokens are accepted.
    #[arg(long, value_name = "URL", required_unless_present = "config")]
    issuer: Option<String>,
    /// The audience that tokens must name: this application.
    #[arg(long, value_name = "URI", required_unless_present = "config")]
    audience: Option<String>,
    /// The file with the guard credential (pgc_...) that the authority has registered.
    #[arg(long, value_name = "FILE", required_unless_present = "config")]
    credential_file: Option<PathBuf>,
    /// Where the proxy asks; port 0 lets the system choose.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "config", default_value_t = default_listen())]
    listen: SocketAddr,
    /// Where to reach the authority when not at the issuer's own address.
    #[arg(long, value_name = "URL", conflicts_with = "config")]
    authority: Option<String>,
    /// Certificates (PEM) to trust for the authority instead of the platform's.
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    ca_file: Option<PathBuf>,
    /// A scope that every request needs; may be repeated.
    #[arg(long = "scope", value_name = "SCOPE", conflicts_with = "config")]
    scopes: Vec<String>,
    /// The form of log lines.
    #[arg(long, value_enum, default_value_t)]
    log: LogFormat,
}

#[derive(Debug, Subcommand)]
enum GuardCommand {
    Check(CheckArgs),
}

impl GuardArgs {
    /// Runs until the process is asked to stop.
    ///
    /// # Errors
    /// A configuration that can't work, or an address that can't be bound.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        if let Some(GuardCommand::Check(check)) = self.command {
            return check.run().await;
        }
        logging::start(self.log, "info");
        let (file, stop) = (self.config.clone(), stop_signal());
        let config = self.into_config()?;
        let running = start(&config, stop).await?;
        let _reloading = file.map(|file| reload::watch(file, &config, running.service));
        info!(address = %running.address, issuer = config.issuer, audience = config.audience, "the guard is listening");
        if let Some(address) = running.proxy {
            info!(address = %address, "the proxy is listening");
        }
        running.task.await.doing("the guard")
    }

    fn into_config(self) -> Result<GuardConfig, Failure> {
        if let Some(path) = &self.config {
            return load(path);
        }
        // clap has seen to these three.
        let missing = || Failure::new("--issuer, --audience and --credential-file are required");
        Ok(GuardConfig {
            issuer: self.issuer.ok_or_else(missing)?,
            audience: self.audience.ok_or_else(missing)?,
            credential_file: self.credential_file.ok_or_else(missing)?,
            listen: self.listen,
            proxies: default_proxies(),
            authority: self.authority,
            ca_file: self.ca_file,
            scopes: self.scopes,
            algorithms: default_algorithms(),
            remembered_tokens: REMEMBERED_TOKENS,
            resource: None,
            dpop: None,
            client_certificates: None,
            introspection: None,
            rules: Vec::new(),
            limits: BTreeMap::new(),
            cors: BTreeMap::new(),
            issuers: Vec::new(),
            tls: None,
            proxy: None,
            upstream: Vec::new(),
            browser: None,
            plain_http_beyond_loopback: false,
            drain_delay: 0,
        })
    }
}

/// Reads a configuration file; paths in it are relative to it.
///
/// # Errors
/// Says which key of which file can't work.
pub(crate) fn load(file: &Path) -> Result<GuardConfig, Failure> {
    let config: GuardConfig = config_file::load(file)?;
    let folder = config_file::folder(file);
    Ok(GuardConfig {
        credential_file: folder.join(config.credential_file),
        ca_file: config.ca_file.map(|path| folder.join(path)),
        issuers: config
            .issuers
            .into_iter()
            .map(|other| IssuerConfig { ca_file: other.ca_file.map(|path| folder.join(path)), ..other })
            .collect(),
        introspection: config
            .introspection
            .map(|client| IntrospectionConfig { client_secret_file: folder.join(client.client_secret_file), ..client }),
        browser: config.browser.map(|browser| BrowserConfig {
            client_secret_file: browser.client_secret_file.map(|path| folder.join(path)),
            ..browser
        }),
        tls: config.tls.map(|tls| within(folder, tls)),
        proxy: config.proxy.map(|proxy| ProxyConfig { tls: proxy.tls.map(|tls| within(folder, tls)), ..proxy }),
        upstream: config
            .upstream
            .into_iter()
            .map(|upstream| UpstreamConfig { ca_file: upstream.ca_file.map(|path| folder.join(path)), ..upstream })
            .collect(),
        ..config
    })
}

fn within(folder: &Path, tls: TlsConfig) -> TlsConfig {
    TlsConfig { certificate_file: folder.join(tls.certificate_file), key_file: folder.join(tls.key_file) }
}

/// What the verifier needs, with the files that the configuration names.
///
/// # Errors
/// Names the key or file that can't work.
pub(crate) fn trust_config(config: &GuardConfig) -> Result<TrustConfig, Failure> {
    let algorithms = algorithms(&config.algorithms)?;
    // A guard's credential goes there, and its keys come from there.
    client::check_address(&config.issuer).doing("issuer")?;
    config.authority.as_deref().map_or(Ok(()), client::check_address).doing("authority")?;
    let authority = config.authority.as_deref().map(Url::parse).transpose();
    let introspection = config.introspection.as_ref().map(|client| {
        let secret = client::read_secret(&client.client_secret_file)?;
        Ok::<_, Failure>(IntrospectionClient::new(client.client_id.as_str(), secret.as_str()))
    });
    let certificates = config.ca_file.as_deref().map(client::read).transpose();
    Ok(TrustConfig {
        issuer: config.issuer.clone(),
        audiences: config.audiences(),
        algorithms,
        remembered_tokens: config.remembered_tokens,
        authority: authority.or_kind(Kind::Configuration).doing("authority")?,
        certificate_authorities: certificates.or_kind(Kind::Configuration)?,
        introspection: introspection.transpose().or_kind(Kind::Configuration)?,
        credential: client::read_secret(&config.credential_file).or_kind(Kind::Configuration)?.to_string(),
        instance: random::bytes()?,
        foreign: config.issuers.iter().map(|other| foreign_issuer(config, other)).collect::<Result<_, _>>()?,
    })
}

/// The client through which users log in.
fn relying_party(config: &GuardConfig, browser: &BrowserConfig) -> Result<RelyingParty, Failure> {
    let secret = browser.client_secret_file.as_deref().map(client::read_secret).transpose();
    let secret = secret.or_kind(Kind::Configuration)?;
    let secret = secret.as_ref().map(|secret| secret.as_str());
    Ok(RelyingParty::new(browser.client_id.as_str(), secret, algorithms(&config.algorithms)?))
}

fn foreign_issuer(config: &GuardConfig, other: &IssuerConfig) -> Result<ForeignIssuer, Failure> {
    let doing = || format!("issuers: {}", other.issuer);
    // Its keys come from there.
    client::check_address(&other.issuer).doing(doing())?;
    let certificates = other.ca_file.as_deref().map(client::read).transpose();
    Ok(ForeignIssuer {
        issuer: other.issuer.clone(),
        audiences: config.audiences_of(other),
        algorithms: algorithms(&other.algorithms).doing(doing())?,
        certificate_authorities: certificates.or_kind(Kind::Configuration)?,
        status_lists: other.status_lists.clone(),
    })
}

fn algorithms(names: &[String]) -> Result<Vec<SignatureAlgorithm>, Failure> {
    let algorithms = names.iter().map(|name| name.parse::<SignatureAlgorithm>());
    let algorithms: Vec<_> = algorithms.collect::<Result<_, _>>().or_kind(Kind::Configuration).doing("algorithms")?;
    if algorithms.is_empty() {
        return Err(Failure::new("algorithms: an empty list accepts nothing").of_kind(Kind::Configuration));
    }
    Ok(algorithms)
}

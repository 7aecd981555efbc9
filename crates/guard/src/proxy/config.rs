//! `[proxy]` and `[[upstream]]` of the guard's configuration.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use http::uri::Authority;
use serde::Deserialize;

use crate::Pattern;
use crate::config::{BadConfig, TlsConfig, bad};

/// `[proxy]`: the guard passes requests on itself, instead of being asked about them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProxyConfig {
    /// Where clients come. Plain HTTP: a loopback address, unless `tls` is given.
    pub listen: SocketAddr,
    /// Serve HTTPS with this certificate.
    pub tls: Option<TlsConfig>,
    /// Whether clients are asked for certificates in TLS, for tokens that are bound to one (RFC 8705).
    #[serde(default)]
    pub client_certificates: bool,
    /// The names by which clients know the applications, without ports; all when empty.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// Whether applications see the token too.
    #[serde(default)]
    pub pass_token: bool,
    /// Whether `listen` may be plain HTTP on an address that other machines reach.
    #[serde(default)]
    pub plain_http_beyond_loopback: bool,
    /// Seconds within which an application must take a connection.
    #[serde(default = "default_connect_timeout")]
    pub connect_timeout: u64,
    /// Seconds within which it must begin to answer, from when it has the whole request.
    #[serde(default = "default_response_timeout")]
    pub response_timeout: u64,
    /// The longest pause within a body, in seconds.
    #[serde(default = "default_body_timeout")]
    pub body_timeout: u64,
    /// The longest silence of a WebSocket or an event stream, in seconds.
    #[serde(default = "default_stream_timeout")]
    pub stream_timeout: u64,
}

/// `[[upstream]]`: an application behind the proxy.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpstreamConfig {
    /// Its name, for logs.
    pub name: String,
    /// Where it listens: scheme, host and port.
    pub url: String,
    /// The paths that are its own; all when empty. The first application that has a path gets the request.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Certificates (PEM) to trust for it instead of the platform's.
    pub ca_file: Option<PathBuf>,
    /// Whether HTTP/2 is spoken where TLS agrees on it.
    #[serde(default)]
    pub http2: bool,
    /// Whether it gets the client's `Host` instead of its own.
    #[serde(default)]
    pub preserve_host: bool,
}

/// What the proxy is to do, checked.
#[derive(Debug, Clone)]
pub struct ProxyPlan {
    pub(super) hosts: Vec<String>,
    pub(super) pass_token: bool,
    pub(super) connect_timeout: Duration,
    pub(super) response_timeout: Duration,
    pub(super) body_timeout: Duration,
    pub(super) stream_timeout: Duration,
    pub(super) upstreams: Vec<UpstreamPlan>,
}

/// An application, checked.
#[derive(Debug, Clone)]
pub(super) struct UpstreamPlan {
    pub(super) name: String,
    pub(super) is_https: bool,
    pub(super) authority: Authority,
    pub(super) paths: Vec<Pattern>,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) http2: bool,
    pub(super) preserve_host: bool,
}

impl ProxyConfig {
    /// Checks it together with the applications.
    ///
    /// # Errors
    /// [`BadConfig`]
    pub fn plan(&self, upstreams: &[UpstreamConfig]) -> Result<ProxyPlan, BadConfig> {
        let seconds = |key: &str, value: u64| match value {
            0 => Err(bad(&format!("proxy.{key}"), &"at least one second")),
            value => Ok(Duration::from_secs(value)),
        };
        if self.client_certificates && self.tls.is_none() {
            return Err(bad("proxy.client_certificates", &"clients show certificates in TLS: [proxy.tls] is needed"));
        }
        if upstreams.is_empty() {
            return Err(bad("upstream", &"a proxy needs an application to pass requests on to"));
        }
        for (at, upstream) in upstreams.iter().enumerate() {
            if upstreams.iter().take(at).any(|other| other.name == upstream.name) {
                return Err(bad(&format!("upstream.{}", upstream.name), &"another application has this name"));
            }
        }
        if let Some(host) = self.hosts.iter().find(|host| host.contains(['/', ':', '@']) || host.is_empty()) {
            return Err(bad("proxy.hosts", &format!("{host:?} is no name without port")));
        }
        Ok(ProxyPlan {
            hosts: self.hosts.clone(),
            pass_token: self.pass_token,
            connect_timeout: seconds("connect_timeout", self.connect_timeout)?,
            response_timeout: seconds("response_timeout", self.response_timeout)?,
            body_timeout: seconds("body_timeout", self.body_timeout)?,
            stream_timeout: seconds("stream_timeout", self.stream_timeout)?,
            upstreams: upstreams.iter().map(UpstreamConfig::plan).collect::<Result<_, _>>()?,
        })
    }
}

impl ProxyPlan {
    /// The longest pause within a body.
    pub const fn body_timeout(&self) -> Duration {
        self.body_timeout
    }
}

impl UpstreamConfig {
    fn plan(&self) -> Result<UpstreamPlan, BadConfig> {
        let bad = |key: &str, reason: &dyn std::fmt::Display| bad(&format!("upstream.{}.{key}", self.name), reason);
        let url = url::Url::parse(&self.url).map_err(|error| bad("url", &error))?;
        let is_https = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(bad("url", &"http or https")),
        };
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
            return Err(bad("url", &"scheme, host and port and nothing else"));
        }
        if self.http2 && (!is_https || self.preserve_host) {
            return Err(bad("http2", &"HTTP/2 needs https, and names the application's own host"));
        }
        if self.ca_file.is_some() && !is_https {
            return Err(bad("ca_file", &"the url is not https"));
        }
        let authority = url.authority().parse().map_err(|error: http::uri::InvalidUri| bad("url", &error))?;
        let pattern =
            |text: &String| text.parse::<Pattern>().map_err(|error| bad("paths", &format!("{text}: {error}")));
        Ok(UpstreamPlan {
            name: self.name.clone(),
            is_https,
            authority,
            paths: self.paths.iter().map(pattern).collect::<Result<_, _>>()?,
            ca_file: self.ca_file.clone(),
            http2: self.http2,
            preserve_host: self.preserve_host,
        })
    }
}

const fn default_connect_timeout() -> u64 {
    2
}

const fn default_response_timeout() -> u64 {
    30
}

const fn default_body_timeout() -> u64 {
    30
}

const fn default_stream_timeout() -> u64 {
    3_600
}

#[cfg(test)]
mod tests {
    use crate::config::GuardConfig;

    #[test]
    fn a_proxy_that_can_not_be_meant_is_refused() {
        let plan = |text: &str| {
            let start = "issuer = \"https://as.example\"\naudience = \"a\"\ncredential_file = \"x\"\n[proxy]\nlisten = \"127.0.0.1:1\"\n";
            toml::from_str::<GuardConfig>(&format!("{start}{text}")).unwrap().proxy_plan().map(|plan| plan.is_some())
        };
        let app = "[[upstream]]\nname = \"app\"\nurl = \"http://127.0.0.1:3000\"\n";
        assert_eq!(plan(app), Ok(true));
        for (text, key) in [
            ("", "upstream"),
            (&format!("response_timeout = 0\n{app}"), "proxy.response_timeout"),
            (&format!("client_certificates = true\n{app}"), "proxy.client_certificates"),
            (&format!("hosts = [\"a:80\"]\n{app}"), "proxy.hosts"),
            (&format!("{app}{app}"), "upstream.app"),
            (&format!("{app}paths = [\"/a*\"]"), "upstream.app.paths"),
            (&format!("{app}http2 = true"), "upstream.app.http2"),
            (&format!("{app}ca_file = \"x\""), "upstream.app.ca_file"),
            ("[[upstream]]\nname = \"app\"\nurl = \"http://127.0.0.1:3000/api\"\n", "upstream.app.url"),
            ("[[upstream]]\nname = \"app\"\nurl = \"ftp://127.0.0.1\"\n", "upstream.app.url"),
            ("[[upstream]]\nname = \"app\"\nurl = \"http://user@127.0.0.1\"\n", "upstream.app.url"),
        ] {
            let refused = plan(text).unwrap_err().to_string();
            assert!(refused.starts_with(&format!("{key}: ")), "{text}: {refused}");
        }
    }
}

//! An application behind the proxy, and the connections to it.

use std::time::Duration;

use http::uri::{Authority, Scheme, Uri};
use http::{Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tracing::debug;

use super::body::{Progress, UploadBody};
use super::config::{ProxyPlan, UpstreamPlan};
use crate::config::{BadConfig, bad};
use crate::{Pattern, RoutePath};

/// How long a connection without a request is kept. Node.js, which closes them soonest of those in wide use, waits 5 s: a
/// request that meets the application's own goodbye is lost.
const KEPT: Duration = Duration::from_secs(4);

/// The most connections without a request that are kept.
const MAX_KEPT: usize = 1_024;

/// The most bytes of an answer's head.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// An application.
#[derive(Debug)]
pub(super) struct Upstream {
    name: String,
    authority: Authority,
    scheme: Scheme,
    paths: Vec<Pattern>,
    preserve_host: bool,
    client: Client<HttpsConnector<HttpConnector>, UploadBody>,
    /// Speaks HTTP/1.1 only: a connection can become a WebSocket there.
    upgrader: Client<HttpsConnector<HttpConnector>, UploadBody>,
    response_timeout: Duration,
}

/// Why an application gave no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum UpstreamError {
    /// No application has this path.
    #[error("no application is here")]
    None,
    /// It takes no connection.
    #[error("the application can't be reached")]
    Unreachable,
    /// It took the request and did not begin to answer in time.
    #[error("the application did not answer in time")]
    Timeout,
    /// The request's body broke off or paused for too long.
    #[error("the request did not come whole")]
    Request,
    /// The connection broke, or the answer was no HTTP.
    #[error("the application's answer was not understood")]
    Broken,
}

impl UpstreamError {
    /// The stable code for logs and answers.
    pub const fn code(self) -> &'static str {
        match self {
            Self::None => "upstream.none",
            Self::Unreachable => "upstream.unreachable",
            Self::Timeout => "upstream.timeout",
            Self::Request => "request.broken_off",
            Self::Broken => "upstream.broken",
        }
    }

    /// The status for the client.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::None => StatusCode::NOT_FOUND,
            Self::Unreachable | Self::Broken => StatusCode::BAD_GATEWAY,
            Self::Timeout => StatusCode::GATEWAY_TIMEOUT,
            Self::Request => StatusCode::REQUEST_TIMEOUT,
        }
    }
}

impl Upstream {
    /// Prepares for connections; none is made.
    ///
    /// # Errors
    /// The certificates can't be used.
    pub(super) fn new(plan: &UpstreamPlan, proxy: &ProxyPlan) -> Result<Self, BadConfig> {
        let client = |http2| Ok::<_, BadConfig>(client(connector(plan, proxy.connect_timeout, http2)?));
        Ok(Self {
            name: plan.name.clone(),
            authority: plan.authority.clone(),
            scheme: if plan.is_https { Scheme::HTTPS } else { Scheme::HTTP },
            paths: plan.paths.clone(),
            preserve_host: plan.preserve_host,
            client: client(plan.http2)?,
            upgrader: client(false)?,
            response_timeout: proxy.response_timeout,
        })
    }

    /// Whether a path is its own.
    pub(super) fn has(&self, path: &RoutePath<'_>) -> bool {
        self.paths.is_empty() || self.paths.iter().any(|pattern| pattern.fits(path))
    }

    /// The value of `Host` for it.
    pub(super) fn host<'a>(&'a self, client_host: &'a str) -> &'a str {
        if self.preserve_host { client_host } else { self.authority.as_str() }
    }

    /// Sends a request, and waits until the answer begins.
    ///
    /// A request is sent a second time only when the connection that was kept for it turned out to be closed and nothing
    /// of the request has gone out: hyper sees to that.
    pub(super) async fn send(
        &self,
        mut request: Request<UploadBody>,
        progress: &Progress,
        websocket: bool,
    ) -> Result<Response<Incoming>, UpstreamError> {
        let mut uri = std::mem::take(request.uri_mut()).into_parts();
        uri.scheme = Some(self.scheme.clone());
        uri.authority = Some(self.authority.clone());
        *request.uri_mut() = Uri::from_parts(uri).map_err(|_| UpstreamError::Broken)?;
        *request.version_mut() = Version::HTTP_11;
        let client = if websocket { &self.upgrader } else { &self.client };
        let mut answer = std::pin::pin!(client.request(request));
        loop {
            let seen = progress.seen();
            match tokio::time::timeout(self.response_timeout, &mut answer).await {
                Ok(answer) => return answer.map_err(|error| self.reason(&error)),
                // A long request is no slow answer.
                Err(_) if progress.seen() != seen => {}
                Err(_) => return Err(UpstreamError::Timeout),
            }
        }
    }

    fn reason(&self, error: &Error) -> UpstreamError {
        let source = std::error::Error::source(error);
        let name = self.name.as_str();
        debug!(upstream = name, error = %error, source = source.map(display), "a request to an application failed");
        if error.is_connect() {
            UpstreamError::Unreachable
        } else if source.and_then(|source| source.downcast_ref()).is_some_and(hyper::Error::is_user) {
            UpstreamError::Request
        } else {
            UpstreamError::Broken
        }
    }
}

fn client(connector: HttpsConnector<HttpConnector>) -> Client<HttpsConnector<HttpConnector>, UploadBody> {
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .timer(TokioTimer::new())
        .pool_idle_timeout(KEPT)
        .pool_max_idle_per_host(MAX_KEPT)
        .http1_max_buf_size(MAX_HEAD_BYTES)
        .http2_max_header_list_size(u32::try_from(MAX_HEAD_BYTES).unwrap_or(u32::MAX))
        .set_host(false)
        .build(connector)
}

fn connector(
    plan: &UpstreamPlan,
    connect_timeout: Duration,
    http2: bool,
) -> Result<HttpsConnector<HttpConnector>, BadConfig> {
    let bad = |reason: &dyn std::fmt::Display| bad(&format!("upstream.{}.ca_file", plan.name), reason);
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_nodelay(true);
    http.set_connect_timeout(Some(connect_timeout));
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let builder = match &plan.ca_file {
        Some(file) => {
            let mut roots = rustls::RootCertStore::empty();
            for certificate in CertificateDer::pem_file_iter(file).map_err(|error| bad(&error))? {
                roots.add(certificate.map_err(|error| bad(&error))?).map_err(|error| bad(&error))?;
            }
            let config = rustls::ClientConfig::builder_with_provider(provider.into())
                .with_safe_default_protocol_versions()
                .map_err(|error| bad(&error))?
                .with_root_certificates(roots)
                .with_no_client_auth();
            HttpsConnectorBuilder::new().with_tls_config(config)
        }
        None => {
            HttpsConnectorBuilder::new().with_provider_and_platform_verifier(provider).map_err(|error| bad(&error))?
        }
    };
    let builder = builder.https_or_http();
    Ok(if http2 {
        builder.enable_all_versions().wrap_connector(http)
    } else {
        builder.enable_http1().wrap_connector(http)
    })
}

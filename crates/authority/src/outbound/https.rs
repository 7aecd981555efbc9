//! Requests over HTTPS, to public addresses only.

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::redirect::Policy;
use tracing::error;
use url::Url;

use super::address::is_public;
use super::{Answering, MAX_ANSWER_BYTES, Outbound, OutboundAnswer, OutboundError, literal_address};

/// How long one request may take, with its answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Makes requests over HTTPS.
pub(crate) struct Https {
    /// Made when it is first needed: reading the system's certificates takes time, and most authorities ask nobody.
    client: LazyLock<Option<reqwest::Client>, Box<dyn FnOnce() -> Option<reqwest::Client> + Send>>,
    reach: Reach,
}

/// How far requests go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// To public addresses.
    World,
    /// Also to addresses of this network.
    Everywhere,
}

impl Https {
    /// Trusts the certificates of the system and these, and goes into this network only if that is allowed.
    pub(crate) fn new(allow_private: bool, trusted: Vec<reqwest::Certificate>) -> Self {
        let reach = if allow_private { Reach::Everywhere } else { Reach::World };
        let make = move || {
            let builder = reqwest::Client::builder()
                .https_only(true)
                .redirect(Policy::none())
                .no_proxy()
                .timeout(TIMEOUT)
                .connect_timeout(CONNECT_TIMEOUT)
                .user_agent(concat!("probity/", env!("CARGO_PKG_VERSION")))
                .dns_resolver(Arc::new(Resolver(reach)))
                .tls_certs_merge(trusted);
            let made = builder.build();
            made.inspect_err(|error| error!(error = %error, "no client for outbound requests can be made")).ok()
        };
        Self { client: LazyLock::new(Box::new(make)), reach }
    }

    fn client(&self) -> Result<&reqwest::Client, OutboundError> {
        self.client.as_ref().ok_or_else(|| OutboundError::Unreachable("TLS can't be set up".to_owned()))
    }

    fn check(&self, url: &Url) -> Result<(), OutboundError> {
        // A name is checked when it is resolved, so that it can't lead elsewhere a moment later.
        match literal_address(url) {
            Some(address) if !self.reach.covers(address) => Err(OutboundError::Private),
            _ => Ok(()),
        }
    }

    async fn fetch(&self, url: &Url) -> Result<OutboundAnswer, OutboundError> {
        self.check(url)?;
        let request = self.client()?.get(url.clone()).header(ACCEPT, "application/json, application/jwk-set+json");
        let mut response = request.send().await.map_err(unreachable)?;
        if response.status() != reqwest::StatusCode::OK {
            return Err(OutboundError::Status(response.status().as_u16()));
        }
        let media_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if body.len() + chunk.len() > MAX_ANSWER_BYTES {
                return Err(OutboundError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(OutboundAnswer { media_type, body })
    }

    async fn post(&self, url: &Url, form: &[(&'static str, &str)]) -> Result<(), OutboundError> {
        self.check(url)?;
        let response = self.client()?.post(url.clone()).form(form).send().await.map_err(unreachable)?;
        if response.status().is_success() { Ok(()) } else { Err(OutboundError::Status(response.status().as_u16())) }
    }
}

impl Outbound for Https {
    fn get<'a>(&'a self, url: &'a Url) -> Answering<'a, OutboundAnswer> {
        Box::pin(self.fetch(url))
    }

    fn post_form<'a>(&'a self, url: &'a Url, form: &'a [(&'static str, &'a str)]) -> Answering<'a, ()> {
        Box::pin(self.post(url, form))
    }
}

impl Reach {
    fn covers(self, address: std::net::IpAddr) -> bool {
        self == Self::Everywhere || is_public(address)
    }
}

/// The system's resolver, whose answers lose every address that may not be asked.
struct Resolver(Reach);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|address| reach.covers(address.ip())).collect();
            if allowed.is_empty() {
                return Err(OutboundError::Private.into());
            }
            let allowed: Addrs = Box::new(allowed.into_iter());
            Ok(allowed)
        })
    }
}

fn unreachable(error: reqwest::Error) -> OutboundError {
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        if cause.downcast_ref() == Some(&OutboundError::Private) {
            return OutboundError::Private;
        }
        source = cause.source();
    }
    // Without the address: it is the client's, and may hold a secret.
    OutboundError::Unreachable(error.without_url().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertifiedKey, generate_simple_self_signed};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    /// A server on this machine that gives one answer to everybody, and counts who has connected.
    struct Server {
        url: Url,
        certificate: reqwest::Certificate,
        connections: Arc<std::sync::atomic::AtomicUsize>,
    }

    async fn serve(answer: impl Into<Vec<u8>>) -> Server {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = rustls::pki_types::PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config =
            rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![cert.der().clone()], key).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}/keys", listener.local_addr().unwrap().port());
        let connections = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let (acceptor, answer, count) = (TlsAcceptor::from(Arc::new(config)), answer.into(), Arc::clone(&connections));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                let Ok(mut stream) = acceptor.accept(socket).await else { continue };
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(&answer).await;
                let _ = stream.shutdown().await;
            }
        });
        let certificate = reqwest::Certificate::from_der(cert.der()).unwrap();
        Server { url: Url::parse(&url).unwrap(), certificate, connections }
    }

    fn response(head: &str, body: &str) -> String {
        format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
    }

    #[tokio::test]
    async fn nothing_of_this_network_is_asked_by_name_or_by_address() {
        let server = serve(response("200 OK\r\nContent-Type: application/json", "{}")).await;
        let guarded = Https::new(false, vec![server.certificate.clone()]);
        assert_eq!(guarded.get(&server.url).await, Err(OutboundError::Private));
        for host in ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"] {
            let url = Url::parse(&format!("https://{host}:{}/", server.url.port().unwrap())).unwrap();
            assert_eq!(guarded.get(&url).await, Err(OutboundError::Private), "{host}");
            assert_eq!(guarded.post_form(&url, &[]).await, Err(OutboundError::Private), "{host}");
        }
        assert_eq!(server.connections.load(std::sync::atomic::Ordering::Relaxed), 0);
        let open = Https::new(true, vec![server.certificate]);
        let answer = open.get(&server.url).await.unwrap();
        assert_eq!((answer.media_type.as_str(), answer.body.as_slice()), ("application/json", &b"{}"[..]));
    }

    #[tokio::test]
    async fn a_redirect_is_not_followed() {
        let elsewhere = serve(response("200 OK", "{}")).await;
        let server = serve(response(&format!("302 Found\r\nLocation: {}", elsewhere.url), "")).await;
        let open = Https::new(true, vec![server.certificate, elsewhere.certificate]);
        assert_eq!(open.get(&server.url).await, Err(OutboundError::Status(302)));
        assert_eq!(elsewhere.connections.load(std::sync::atomic::Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn a_large_answer_is_not_read_to_its_end() {
        let server = serve(response("200 OK", &"x".repeat(MAX_ANSWER_BYTES + 1))).await;
        let open = Https::new(true, vec![server.certificate]);
        assert_eq!(open.get(&server.url).await, Err(OutboundError::TooLarge));
    }

    #[tokio::test]
    async fn a_certificate_that_nobody_trusts_is_no_answer() {
        let server = serve(response("200 OK", "{}")).await;
        let open = Https::new(true, Vec::new());
        assert!(matches!(open.get(&server.url).await, Err(OutboundError::Unreachable(_))));
    }
}

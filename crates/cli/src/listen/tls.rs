//! TLS: its configuration from files, and what a client has proven in its handshake.

use std::path::Path;
use std::sync::Arc;

use probity_authority::ClientCertificate;
use rustls::ServerConfig;
use rustls::server::NoClientAuth;
use rustls::server::danger::ClientCertVerifier;
use tokio_rustls::server::TlsStream;

use super::ListenError;
use super::certificate::{Certificate, CertificateFiles};

/// Makes a TLS configuration from PEM files: TLS 1.3, and 1.2 only when asked. With `clients`, clients are asked for
/// certificates. When the files change, connections from then on get what is in them.
///
/// # Errors
/// [`ListenError::Certificate`] names the file and what is wrong with it.
pub(crate) fn tls_config(
    certificate: &Path,
    key: &Path,
    allow_tls12: bool,
    clients: Option<Arc<dyn ClientCertVerifier>>,
) -> Result<Arc<ServerConfig>, ListenError> {
    let versions: &[_] =
        if allow_tls12 { &[&rustls::version::TLS13, &rustls::version::TLS12] } else { &[&rustls::version::TLS13] };
    let builder = ServerConfig::builder_with_protocol_versions(versions);
    let files = CertificateFiles { certificate: certificate.to_owned(), key: key.to_owned() };
    let certificate = Certificate::read(files, Arc::clone(builder.crypto_provider()))?;
    let mut config = builder
        .with_client_cert_verifier(clients.unwrap_or_else(|| Arc::new(NoClientAuth)))
        .with_cert_resolver(certificate);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The certificate that the client has presented, if it was asked for one and has one.
pub(super) fn client_certificate<S>(stream: &TlsStream<S>) -> Option<ClientCertificate> {
    let (_, connection) = stream.get_ref();
    ClientCertificate::new(connection.peer_certificates()?.iter().map(|der| der.to_vec()).collect())
}

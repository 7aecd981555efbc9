//! Client certificates in TLS: asked for, proven, and vouched for by a certificate authority or not (RFC 8705).

use std::path::Path;
use std::sync::Arc;

use probity_jose::UnixTime;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{self, CertificateDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, RootCertStore, SignatureScheme};

use crate::domain::certificate::ClientCertificate;

/// Whose word counts for client certificates.
#[derive(Debug, Clone)]
pub(crate) struct Vouchers(Arc<dyn ClientCertVerifier>);

impl Vouchers {
    /// The certificate authorities of a PEM file.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub(crate) fn read(file: &Path) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        let certificates = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        for certificate in certificates.map_err(|error| error.to_string())? {
            roots.add(certificate).map_err(|error| error.to_string())?;
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider).build();
        verifier.map(Self).map_err(|error| error.to_string())
    }

    /// Whether one of them vouches for a certificate at a moment.
    pub(crate) fn vouch_for(&self, certificate: &ClientCertificate, now: UnixTime) -> bool {
        let chain: Vec<_> = certificate.chain().iter().map(|der| CertificateDer::from(der.as_slice())).collect();
        let Some((leaf, intermediates)) = chain.split_first() else {
            return false;
        };
        let now = pki_types::UnixTime::since_unix_epoch(std::time::Duration::from_secs(now.as_secs()));
        self.0.verify_client_cert(leaf, intermediates, now).is_ok()
    }
}

/// Asks each TLS client for a certificate, and takes whichever it has, or none: that the client has its private key is
/// proven; whether it is good for anything is decided where a request needs it.
///
/// For the listener's `rustls::ServerConfig`. The listener then puts the chain into each request as a
/// [`ClientCertificate`].
pub fn client_certificate_verifier() -> Arc<dyn ClientCertVerifier> {
    Arc::new(AnyCertificate(aws_lc_rs::default_provider()))
}

#[derive(Debug)]
struct AnyCertificate(CryptoProvider);

impl ClientCertVerifier for AnyCertificate {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        // No hint: self-signed ones will do.
        &[]
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: pki_types::UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertifiedKey, generate_simple_self_signed};
    use rustls::pki_types::PrivateKeyDer;
    use rustls::sign::SingleCertAndKey;
    use rustls::{ClientConfig, ServerConfig};
    use tokio_rustls::{TlsAcceptor, TlsConnector};

    /// What a server with our verifier sees of a client with this certificate.
    async fn presented(client: Option<CertifiedKey<rcgen::KeyPair>>) -> std::io::Result<Option<Vec<Vec<u8>>>> {
        let server = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(server.cert.der().clone()).unwrap();
        let key = |key: &rcgen::KeyPair| PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
        let builder = builder.unwrap().with_client_cert_verifier(client_certificate_verifier());
        let config = builder.with_single_cert(vec![server.cert.der().clone()], key(&server.signing_key)).unwrap();
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let builder = builder.with_root_certificates(roots);
        let client = match client {
            Some(client) => {
                // Without the check that the key is the certificate's: a thief would leave it out too.
                let signer = aws_lc_rs::sign::any_supported_type(&key(&client.signing_key)).unwrap();
                let certified = rustls::sign::CertifiedKey::new(vec![client.cert.der().clone()], signer);
                builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(certified)))
            }
            None => builder.with_no_client_auth(),
        };
        let (one, other) = tokio::io::duplex(1 << 16);
        let connector = TlsConnector::from(Arc::new(client));
        let connecting = tokio::spawn(async move { connector.connect("localhost".try_into().unwrap(), one).await });
        let accepted = TlsAcceptor::from(Arc::new(config)).accept(other).await?;
        connecting.await.unwrap()?;
        let (_, connection) = accepted.get_ref();
        Ok(connection.peer_certificates().map(|chain| chain.iter().map(|der| der.to_vec()).collect()))
    }

    #[tokio::test]
    async fn a_client_with_any_certificate_or_none_is_let_in_and_what_it_has_proven_is_seen() {
        assert_eq!(presented(None).await.unwrap(), None);
        let client = generate_simple_self_signed(["client".to_owned()]).unwrap();
        let der = client.cert.der().to_vec();
        assert_eq!(presented(Some(client)).await.unwrap(), Some(vec![der]));
    }

    #[tokio::test]
    async fn a_client_without_its_certificates_key_is_not_let_in() {
        let client = generate_simple_self_signed(["client".to_owned()]).unwrap();
        let signing_key = generate_simple_self_signed(["other".to_owned()]).unwrap().signing_key;
        let error = presented(Some(CertifiedKey { cert: client.cert, signing_key })).await.unwrap_err();
        assert!(error.to_string().contains("BadSignature"), "{error}");
    }
}

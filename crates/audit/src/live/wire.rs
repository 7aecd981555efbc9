//! Below HTTP: the certificate of a server, and whether it still speaks old versions of TLS.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use url::Url;

/// The certificate that a server shows, in DER. Nothing is sent over the connection.
pub(super) async fn certificate(url: &Url, connect_to: Option<IpAddr>) -> Option<Vec<u8>> {
    let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
    let port = url.port_or_known_default()?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().ok()?;
    let config = config.dangerous().with_custom_certificate_verifier(Arc::new(Recorder)).with_no_client_auth();
    let connect = async {
        let stream = connect(&host, port, connect_to).await?;
        let name = ServerName::try_from(host).ok()?;
        let stream = tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await.ok()?;
        let (_, connection) = stream.get_ref();
        connection.peer_certificates()?.first().map(|certificate| certificate.to_vec())
    };
    tokio::time::timeout(TIMEOUT, connect).await.ok().flatten()
}

/// The public key in a certificate, as DER SubjectPublicKeyInfo.
pub fn certificate_key(certificate: &[u8]) -> Option<Vec<u8>> {
    // Certificate ::= SEQUENCE { tbs SEQUENCE { [0] version?, serial, algorithm, issuer, validity, subject, key, .. } .. }
    let mut rest = contents(contents(certificate)?)?;
    if rest.first() == Some(&0xa0) {
        rest = element(rest)?.1;
    }
    for _ in 0..5 {
        rest = element(rest)?.1;
    }
    element(rest).map(|(key, _)| key.to_vec())
}

/// Whether a server answers a ClientHello of TLS 1.0 or 1.1 with a ServerHello.
pub async fn speaks_old_tls(host: &str, port: u16, minor: u8, connect_to: Option<IpAddr>) -> Option<bool> {
    let hello = client_hello(host, minor);
    let ask = async {
        let mut stream = connect(host, port, connect_to).await?;
        stream.write_all(&hello).await.ok()?;
        let mut answer = [0; 11];
        match stream.read_exact(&mut answer).await {
            // A handshake record with a ServerHello of that version.
            Ok(_) => Some(answer.first() == Some(&22) && answer.get(5) == Some(&2) && answer.get(10) == Some(&minor)),
            Err(_) => Some(false),
        }
    };
    tokio::time::timeout(TIMEOUT, ask).await.ok().flatten()
}

async fn connect(host: &str, port: u16, connect_to: Option<IpAddr>) -> Option<TcpStream> {
    match connect_to {
        Some(address) => TcpStream::connect((address, port)).await.ok(),
        None => TcpStream::connect((host, port)).await.ok(),
    }
}

fn client_hello(host: &str, minor: u8) -> Vec<u8> {
    let length = |bytes: usize| u16::try_from(bytes).unwrap_or(0).to_be_bytes();
    let ciphers: [u16; 8] = [0xc013, 0xc014, 0xc009, 0xc00a, 0x002f, 0x0035, 0x000a, 0x00ff];
    let mut extensions = Vec::new();
    let mut name = vec![0];
    name.extend(length(host.len()));
    name.extend(host.as_bytes());
    for (kind, body) in
        [(0u16, [length(name.len()).to_vec(), name].concat()), (10, vec![0, 6, 0, 23, 0, 24, 0, 25]), (11, vec![1, 0])]
    {
        extensions.extend(kind.to_be_bytes());
        extensions.extend(length(body.len()));
        extensions.extend(body);
    }
    let mut body = vec![3, minor];
    body.extend([0x50; 32]);
    body.push(0);
    body.extend(length(ciphers.len() * 2));
    ciphers.iter().for_each(|cipher| body.extend(cipher.to_be_bytes()));
    body.extend([1, 0]);
    body.extend(length(extensions.len()));
    body.extend(extensions);
    let mut handshake = vec![1, 0];
    handshake.extend(length(body.len()));
    handshake.extend(body);
    let mut record = vec![22, 3, 1];
    record.extend(length(handshake.len()));
    record.extend(handshake);
    record
}

/// The contents of a DER element.
fn contents(der: &[u8]) -> Option<&[u8]> {
    let (start, length) = header(der)?;
    der.get(start..start.checked_add(length)?)
}

/// The first DER element, whole, and what follows it.
fn element(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (start, length) = header(der)?;
    der.split_at_checked(start.checked_add(length)?)
}

fn header(der: &[u8]) -> Option<(usize, usize)> {
    let first = usize::from(*der.get(1)?);
    if first < 0x80 {
        return Some((2, first));
    }
    let bytes = first & 0x7f;
    let digits = der.get(2..2 + bytes).filter(|_| bytes <= 3)?;
    Some((2 + bytes, digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit))))
}

/// Accepts every certificate, because it only looks at it: nothing secret goes over such a connection.
#[derive(Debug)]
struct Recorder;

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::aws_lc_rs::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

/// How long a connection may take.
const TIMEOUT: Duration = Duration::from_secs(10);

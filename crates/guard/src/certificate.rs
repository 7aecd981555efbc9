//! Which certificate a client has shown (RFC 8705): proven by its TLS connection, or told by a proxy that ends TLS. Pure.

use std::net::IpAddr;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use http::header::{HeaderMap, HeaderName};
use percent_encoding::percent_decode_str;
use serde::Deserialize;

use crate::peer::Network;

/// The longest header with a certificate that is read, in bytes.
pub const MAX_CERTIFICATE_HEADER_BYTES: usize = 16 * 1024;

/// `x5t#S256`: the hash of a certificate that a client has proven to have (RFC 8705 section 3.1).
///
/// A listener puts it among the extensions of each request of the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thumbprint(String);

impl Thumbprint {
    /// Of a certificate in DER.
    pub fn of(der: &[u8]) -> Self {
        Self(BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, der)))
    }

    /// In base64url, as a token names it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How a proxy writes a certificate into a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificateFormat {
    /// DER in base64 between colons: `Client-Cert` of RFC 9440.
    Rfc9440,
    /// PEM, percent-encoded: nginx's `$ssl_client_escaped_cert`.
    EscapedPem,
    /// SHA-256 of the DER in hexadecimal: Caddy's `tls_client_fingerprint`, HAProxy's `ssl_c_der,sha2(256),hex`.
    Sha256Hex,
}

/// A header in which some proxies say which certificate a client has shown them.
#[derive(Debug, Clone)]
pub struct CertificateHeader {
    /// Its name.
    pub name: HeaderName,
    /// How the certificate stands in it.
    pub format: CertificateFormat,
    /// The proxies that are believed.
    pub from: Vec<Network>,
}

impl CertificateHeader {
    /// Whether what stands in the header is believed.
    pub(crate) fn is_from(&self, peer: Option<IpAddr>) -> bool {
        peer.is_some_and(|peer| self.from.iter().any(|network| network.contains(peer)))
    }

    /// The certificate that the header names; nothing when it comes twice or can't be read.
    pub(crate) fn read(&self, headers: &HeaderMap) -> Option<Thumbprint> {
        let mut values = headers.get_all(&self.name).iter();
        let value = values.next()?.to_str().ok()?;
        if values.next().is_some() || value.len() > MAX_CERTIFICATE_HEADER_BYTES {
            return None;
        }
        match self.format {
            CertificateFormat::Rfc9440 => {
                let inside = value.strip_prefix(':')?.strip_suffix(':')?;
                certificate(inside)
            }
            CertificateFormat::EscapedPem => {
                let pem = percent_decode_str(value).decode_utf8().ok()?;
                let inside = pem.trim().strip_prefix(BEGIN)?.strip_suffix(END)?;
                certificate(&inside.split_ascii_whitespace().collect::<String>())
            }
            CertificateFormat::Sha256Hex => hash(value),
        }
    }
}

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

fn certificate(base64: &str) -> Option<Thumbprint> {
    let der = BASE64_STANDARD.decode(base64).ok().filter(|der| !der.is_empty())?;
    Some(Thumbprint::of(&der))
}

fn hash(hexadecimal: &str) -> Option<Thumbprint> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, []) = hexadecimal.as_bytes().as_chunks::<2>() else { return None };
    let bytes: Vec<u8> =
        pairs.iter().map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect::<Option<_>>()?;
    (bytes.len() == SHA256.output_len()).then(|| Thumbprint(BASE64_URL_SAFE_NO_PAD.encode(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DER: &[u8] = b"a certificate";

    fn read(format: CertificateFormat, values: &[&str]) -> Option<Thumbprint> {
        let name = HeaderName::from_static("client-cert");
        let mut headers = HeaderMap::new();
        values.iter().for_each(|value| _ = headers.append(&name, value.parse().unwrap()));
        CertificateHeader { name, format, from: Vec::new() }.read(&headers)
    }

    #[test]
    fn each_format_names_the_same_certificate() {
        let known = Some(Thumbprint::of(DER));
        assert_eq!(read(CertificateFormat::Rfc9440, &[":YSBjZXJ0aWZpY2F0ZQ==:"]), known);
        let pem = "-----BEGIN%20CERTIFICATE-----%0AYSBjZXJ0%0AaWZpY2F0ZQ%3D%3D%0A-----END%20CERTIFICATE-----%0A";
        assert_eq!(read(CertificateFormat::EscapedPem, &[pem]), known);
        let hex = "81acd762140fa692a142822d2fbe4dc6f54bcaa501f68ab37e5aeed0bafe4d99";
        assert_eq!(read(CertificateFormat::Sha256Hex, &[hex]), known);
        assert_eq!(read(CertificateFormat::Sha256Hex, &[&hex.to_uppercase()]), known);
    }

    #[test]
    fn what_does_not_name_one_certificate_names_none() {
        let one = ":YSBjZXJ0aWZpY2F0ZQ==:";
        let long = format!(":{}:", "YSBj".repeat(MAX_CERTIFICATE_HEADER_BYTES / 4));
        for values in
            [&[][..], &[one, one], &[""], &["::"], &["YSBj"], &[":YSBj"], &[":Y:"], &[":YSBj:, :YSBj:"], &[&long]]
        {
            assert_eq!(read(CertificateFormat::Rfc9440, values), None, "{values:?}");
        }
        let two = "-----BEGIN CERTIFICATE-----YSBj-----END CERTIFICATE-----".repeat(2);
        for value in ["", "YSBj", "-----BEGIN CERTIFICATE----------END CERTIFICATE-----", &two] {
            assert_eq!(read(CertificateFormat::EscapedPem, &[value]), None, "{value}");
        }
        for value in ["", "00", &"0".repeat(63), &"0".repeat(66), &"g".repeat(64)] {
            assert_eq!(read(CertificateFormat::Sha256Hex, &[value]), None, "{value}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_fail(text in "[ -~]{0,200}") {
            for format in [CertificateFormat::Rfc9440, CertificateFormat::EscapedPem, CertificateFormat::Sha256Hex] {
                let thumbprint = read(format, &[&text]);
                prop_assert!(thumbprint.is_none_or(|thumbprint| thumbprint.as_str().len() == 43));
            }
        }
    }
}

//! Client certificates: who they are about (RFC 8705 sections 2.1 and 2.2), and the thumbprint that binds tokens to them
//! (section 3.1).

use core::net::IpAddr;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_lc_rs::digest;
use probity_jose::{JwkSet, base64url};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Name;

use super::client::metadata::{CertificateSubject, ClientMetadata};

/// The most attributes of a name that are looked at.
const MAX_ATTRIBUTES: usize = 32;

/// The certificate chain that a client has presented in its TLS handshake, leaf first. That it has the leaf's private key
/// is proven by the handshake; who vouches for the chain is not checked here.
///
/// The listener puts it among the extensions of each request of the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    chain: Arc<[Vec<u8>]>,
}

impl ClientCertificate {
    /// A chain of certificates in DER, leaf first; nothing when it is empty.
    pub fn new(chain: Vec<Vec<u8>>) -> Option<Self> {
        (!chain.is_empty()).then(|| Self { chain: chain.into() })
    }

    /// The certificates in DER, leaf first.
    pub fn chain(&self) -> &[Vec<u8>] {
        &self.chain
    }

    /// `x5t#S256`: the hash of the leaf (RFC 8705 section 3.1).
    pub fn thumbprint(&self) -> String {
        base64url::encode(digest::digest(&digest::SHA256, self.leaf()).as_ref())
    }

    /// Whether it is about the client that has registered this subject.
    pub fn is_about(&self, subject: &CertificateSubject<'_>) -> bool {
        self.parsed().is_some_and(|certificate| match subject {
            CertificateSubject::Name(name) => {
                Name::of(certificate.subject()).zip(Name::parse(name)).is_some_and(|(is, wanted)| is == wanted)
            }
            CertificateSubject::Dns(wanted) => has_alternative_name(&certificate, |name| match name {
                GeneralName::DNSName(dns) => dns.eq_ignore_ascii_case(wanted),
                _ => false,
            }),
            CertificateSubject::Uri(wanted) => {
                has_alternative_name(&certificate, |name| matches!(name, GeneralName::URI(uri) if uri == wanted))
            }
            CertificateSubject::Ip(wanted) => has_alternative_name(&certificate, |name| match name {
                GeneralName::IPAddress(bytes) => address(bytes).is_some_and(|is| wanted.parse() == Ok(is)),
                _ => false,
            }),
            CertificateSubject::Email(wanted) => has_alternative_name(
                &certificate,
                |name| matches!(name, GeneralName::RFC822Name(mail) if mail == wanted),
            ),
        })
    }

    /// Whether its key is one of the client's registered keys (RFC 8705 section 2.2).
    pub fn has_key_of(&self, keys: &JwkSet) -> bool {
        self.parsed().is_some_and(|certificate| {
            let own = certificate.public_key().raw;
            keys.keys().iter().filter_map(probity_jose::VerifyingKey::to_public_der).any(|key| key == own)
        })
    }

    fn leaf(&self) -> &[u8] {
        self.chain.first().map(Vec::as_slice).unwrap_or_default()
    }

    fn parsed(&self) -> Option<X509Certificate<'_>> {
        let (rest, certificate) = X509Certificate::from_der(self.leaf()).ok()?;
        rest.is_empty().then_some(certificate)
    }
}

fn has_alternative_name(certificate: &X509Certificate<'_>, is_it: impl Fn(&GeneralName<'_>) -> bool) -> bool {
    let names = certificate.subject_alternative_name().ok().flatten();
    names.is_some_and(|names| names.value.general_names.iter().any(is_it))
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return Some(v4.into());
    }
    <[u8; 16]>::try_from(bytes).ok().map(Into::into)
}

/// A distinguished name: its relative names from the most general on, each a set of attributes by object identifier.
#[derive(Debug, PartialEq, Eq)]
struct Name(Vec<BTreeSet<(String, String)>>);

impl Name {
    /// The name in a certificate; nothing when a value has no text form.
    fn of(name: &X509Name<'_>) -> Option<Self> {
        let relative = name.iter().take(MAX_ATTRIBUTES).map(|relative| {
            let attributes = relative.iter().map(|attribute| {
                Some((attribute.attr_type().to_id_string(), attribute.attr_value().as_str().ok().map(normalized)?))
            });
            attributes.collect::<Option<BTreeSet<_>>>()
        });
        relative.collect::<Option<Vec<_>>>().map(Self)
    }

    /// Reads a name as RFC 4514 writes it: the most specific part first.
    fn parse(text: &str) -> Option<Self> {
        let known: BTreeMap<&str, &str> = ATTRIBUTES.into_iter().collect();
        let mut relative = Vec::new();
        for part in split(text, ',') {
            let mut attributes = BTreeSet::new();
            for attribute in split(part, '+') {
                let (name, value) = attribute.trim_start().split_once('=')?;
                let upper = name.trim().to_ascii_uppercase();
                let identifier = match known.get(upper.as_str()) {
                    Some(identifier) => (*identifier).to_owned(),
                    None if upper.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') => upper,
                    None => return None,
                };
                attributes.insert((identifier, normalized(&unescaped(value)?)));
            }
            relative.push(attributes);
        }
        if relative.len() > MAX_ATTRIBUTES {
            return None;
        }
        relative.reverse();
        Some(Self(relative))
    }
}

/// RFC 4517 section 4.2.11, caseIgnoreMatch: neither case nor the number of spaces counts.
fn normalized(text: &str) -> String {
    text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

/// Splits at a separator that is not escaped (RFC 4514 section 3).
fn split(text: &str, separator: char) -> Vec<&str> {
    let mut escaped = false;
    text.split(|c: char| {
        let splits = c == separator && !escaped;
        escaped = c == '\\' && !escaped;
        splits
    })
    .collect()
}

/// RFC 4514 section 2.4: a backslash before a special character, or before two hexadecimal digits.
fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let first = rest.next()?;
        match char::from(first).to_digit(16) {
            Some(high) => {
                let low = char::from(rest.next()?).to_digit(16)?;
                bytes.push(u8::try_from(high * 16 + low).ok()?);
            }
            None => bytes.push(first),
        }
    }
    String::from_utf8(bytes).ok()
}

/// RFC 4514 section 3, and what certificates use besides.
const ATTRIBUTES: [(&str, &str); 14] = [
    ("CN", "2.5.4.3"),
    ("SN", "2.5.4.4"),
    ("SERIALNUMBER", "2.5.4.5"),
    ("C", "2.5.4.6"),
    ("L", "2.5.4.7"),
    ("ST", "2.5.4.8"),
    ("STREET", "2.5.4.9"),
    ("O", "2.5.4.10"),
    ("OU", "2.5.4.11"),
    ("ORGANIZATIONIDENTIFIER", "2.5.4.97"),
    ("DC", "0.9.2342.19200300.100.1.25"),
    ("UID", "0.9.2342.19200300.100.1.1"),
    ("EMAILADDRESS", "1.2.840.113549.1.9.1"),
    ("E", "1.2.840.113549.1.9.1"),
];

impl CertificateSubject<'_> {
    /// Whether a certificate can be about it at all.
    ///
    /// # Errors
    /// Says what it should be.
    pub fn check(&self) -> Result<(), &'static str> {
        match self {
            Self::Name(name) if Name::parse(name).is_none() => Err("not a distinguished name (RFC 4514)"),
            Self::Ip(address) if address.parse::<IpAddr>().is_err() => Err("not an IP address"),
            Self::Dns("") | Self::Uri("") | Self::Email("") => Err("empty"),
            _ => Ok(()),
        }
    }
}

impl ClientMetadata {
    /// What a certificate of the client must be about: the one subject that it has registered (RFC 8705 section 2.1.2).
    pub fn certificate_subject(&self) -> Option<CertificateSubject<'_>> {
        let registered = [
            self.tls_client_auth_subject_dn.as_deref().map(CertificateSubject::Name),
            self.tls_client_auth_san_dns.as_deref().map(CertificateSubject::Dns),
            self.tls_client_auth_san_uri.as_deref().map(CertificateSubject::Uri),
            self.tls_client_auth_san_ip.as_deref().map(CertificateSubject::Ip),
            self.tls_client_auth_san_email.as_deref().map(CertificateSubject::Email),
        ];
        let mut registered = registered.into_iter().flatten();
        match (registered.next(), registered.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use probity_jose::{SignatureAlgorithm, VerifyingKey};
    use rcgen::{CertificateParams, CustomExtension, DistinguishedName, DnType, KeyPair, SanType};

    fn certificate() -> (ClientCertificate, KeyPair) {
        let mut params = CertificateParams::new(vec!["Client.example".into()]).unwrap();
        let mut name = DistinguishedName::new();
        name.push(DnType::CountryName, "DE");
        name.push(DnType::OrganizationName, "Example, Inc.");
        name.push(DnType::CommonName, "Billing  Service");
        params.distinguished_name = name;
        params.subject_alt_names.extend([
            SanType::URI("urn:client:1".try_into().unwrap()),
            SanType::IpAddress("192.0.2.7".parse().unwrap()),
            SanType::IpAddress("2001:db8::7".parse().unwrap()),
            SanType::Rfc822Name("billing@example.org".try_into().unwrap()),
        ]);
        let key = KeyPair::generate().unwrap();
        let der = params.self_signed(&key).unwrap().der().to_vec();
        (ClientCertificate::new(vec![der]).unwrap(), key)
    }

    #[test]
    fn a_certificate_is_about_exactly_the_subject_that_was_registered() {
        use CertificateSubject::{Dns, Email, Ip, Name, Uri};
        let (certificate, _) = certificate();
        for subject in [
            Name("CN=Billing Service,O=Example\\, Inc.,C=DE"),
            Name("cn=billing service, o=Example\\2c Inc., C=de"),
            Name("2.5.4.3=Billing Service,2.5.4.10=Example\\, Inc.,2.5.4.6=DE"),
            Dns("client.example"),
            Uri("urn:client:1"),
            Ip("192.0.2.7"),
            Ip("2001:DB8:0:0::7"),
            Email("billing@example.org"),
        ] {
            assert!(certificate.is_about(&subject), "{subject:?}");
        }
        for subject in [
            Name("CN=Billing Service"),
            Name("CN=Billing Service,O=Example\\, Inc."),
            Name("C=DE,O=Example\\, Inc.,CN=Billing Service"),
            Name("CN=Billing Service,O=Example,C=DE"),
            Name("CN=Billing Service+O=Example\\, Inc.,C=DE"),
            Name("X=Billing Service,O=Example\\, Inc.,C=DE"),
            Name(""),
            Name("CN"),
            Name("CN=\\"),
            Dns("example"),
            Dns("x.client.example"),
            Dns("192.0.2.7"),
            Uri("urn:client:12"),
            Uri("billing@example.org"),
            Ip("192.0.2.8"),
            Ip("client.example"),
            Ip(""),
            Email("other@example.org"),
        ] {
            assert!(!certificate.is_about(&subject), "{subject:?}");
        }
    }

    #[test]
    fn an_address_that_is_none_is_nobodys() {
        let mut params = CertificateParams::default();
        // SEQUENCE { [7] of five bytes }
        let names = vec![0x30, 7, 0x87, 5, 192, 0, 2, 7, 1];
        params.custom_extensions = vec![CustomExtension::from_oid_content(&[2, 5, 29, 17], names)];
        let der = params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec();
        let certificate = ClientCertificate::new(vec![der]).unwrap();
        for text in ["", "192.0.2", "192.0.2.7"] {
            assert!(!certificate.is_about(&CertificateSubject::Ip(text)), "{text}");
        }
    }

    #[test]
    fn a_self_signed_certificate_is_the_clients_if_its_key_is() {
        let (certificate, key) = certificate();
        let own = VerifyingKey::from_public_pem(&key.public_key_pem(), SignatureAlgorithm::Es256).unwrap();
        let other = KeyPair::generate().unwrap();
        let other = VerifyingKey::from_public_pem(&other.public_key_pem(), SignatureAlgorithm::Es256).unwrap();
        assert!(certificate.has_key_of(&JwkSet::from_iter([other.clone(), own])));
        assert!(!certificate.has_key_of(&JwkSet::from(other)));
        assert!(!certificate.has_key_of(&JwkSet::default()));
    }

    #[test]
    fn what_is_no_certificate_is_about_nobody() {
        assert_eq!(ClientCertificate::new(vec![]), None);
        let (good, _) = certificate();
        let mut longer = good.chain()[0].clone();
        longer.push(0);
        for bytes in [vec![], vec![0x30, 0x00], vec![0xff; 100], longer] {
            let certificate = ClientCertificate::new(vec![bytes]).unwrap();
            assert!(!certificate.is_about(&CertificateSubject::Dns("client.example")));
        }
    }
}

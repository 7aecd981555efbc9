//! What a client says of itself, by the names of RFC 7591 section 2 and the specifications that added to it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::keys;
use super::redirect_uri::{self, MAX_REDIRECT_URI_BYTES, MAX_REDIRECT_URIS};
use crate::domain::algorithm::PublicAlgorithm;

/// The most `default_acr_values`.
const MAX_ACR_VALUES: usize = 16;

/// The longest of them, in bytes.
const MAX_ACR_VALUE_BYTES: usize = 256;

/// How a user is named to a client: OpenID Connect Core 1.0 section 8.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectType {
    /// By the same name to every client.
    #[default]
    Public,
    /// By a name that clients of other sectors do not know.
    Pairwise,
}

/// How a client authenticates itself: RFC 7591 section 2, RFC 8705 section 2. Shared keys (`client_secret_jwt`) are not
/// among them: the store has only hashes of secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    /// Not at all: a public client.
    None,
    /// By its secret in the `Authorization` header.
    ClientSecretBasic,
    /// By its secret in the body.
    ClientSecretPost,
    /// By an assertion that it has signed (RFC 7523).
    PrivateKeyJwt,
    /// By a certificate that a certificate authority vouches for.
    TlsClientAuth,
    /// By a certificate with a registered key.
    SelfSignedTlsClientAuth,
}

impl AuthMethod {
    /// Whether a client without a choice of its own, or with this one, has a secret.
    pub fn uses_secret(method: Option<Self>) -> bool {
        matches!(method, None | Some(Self::ClientSecretBasic | Self::ClientSecretPost))
    }
}

/// What the certificate of a client with [`AuthMethod::TlsClientAuth`] must be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateSubject<'a> {
    /// The subject's distinguished name, as RFC 4514 writes it.
    Name(&'a str),
    /// A DNS name among the alternative names.
    Dns(&'a str),
    /// A URI.
    Uri(&'a str),
    /// An IP address.
    Ip(&'a str),
    /// An e-mail address.
    Email(&'a str),
}

/// The metadata of a client beside what every client has. What is absent has the default of its specification or ours.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "the specifications' own members")]
pub struct ClientMetadata {
    /// How it authenticates itself, at every endpoint. When it says nothing: by its secret, either way, if it has one.
    pub token_endpoint_auth_method: Option<AuthMethod>,
    /// The algorithm that its assertions must have.
    pub token_endpoint_auth_signing_alg: Option<PublicAlgorithm>,
    /// The subject of its certificate (RFC 8705 section 2.1.2): this, or exactly one of the next four.
    pub tls_client_auth_subject_dn: Option<String>,
    /// A DNS name of its certificate.
    pub tls_client_auth_san_dns: Option<String>,
    /// A URI of its certificate.
    pub tls_client_auth_san_uri: Option<String>,
    /// An IP address of its certificate.
    pub tls_client_auth_san_ip: Option<String>,
    /// An e-mail address of its certificate.
    pub tls_client_auth_san_email: Option<String>,
    /// Whether its tokens are bound to its certificate (RFC 8705 section 3.4).
    pub tls_client_certificate_bound_access_tokens: bool,
    /// Whether its tokens are bound to a key (RFC 9449 section 5.2).
    pub dpop_bound_access_tokens: bool,
    /// The algorithm of its ID tokens.
    pub id_token_signed_response_alg: Option<PublicAlgorithm>,
    /// The algorithm of userinfo responses; without it they are plain JSON.
    pub userinfo_signed_response_alg: Option<PublicAlgorithm>,
    /// With which algorithm introspection's answers are signed for whoever asks for signed ones (RFC 9701 section 6).
    pub introspection_signed_response_alg: Option<PublicAlgorithm>,
    /// The algorithm of authorization responses in the mode `jwt` (JARM section 3).
    pub authorization_signed_response_alg: Option<PublicAlgorithm>,
    /// How users are named to it.
    pub subject_type: SubjectType,
    /// Where the redirect URIs of its sector are listed (OpenID Connect Core 1.0 section 8.1).
    pub sector_identifier_uri: Option<String>,
    /// `max_age` of requests that have none (OpenID Connect Registration 1.0 section 2).
    pub default_max_age: Option<u64>,
    /// `acr_values` of requests that have none.
    pub default_acr_values: Vec<String>,
    /// Where users may go after a logout (RP-Initiated Logout 1.0 section 3.1), compared exactly.
    pub post_logout_redirect_uris: Vec<String>,
    /// Where it is told that a session has ended (Back-Channel Logout 1.0 section 2.2).
    pub backchannel_logout_uri: Option<String>,
    /// Whether it must be told which one. It always is.
    pub backchannel_logout_session_required: bool,
    /// Whether `auth_time` must be in its ID tokens. It always is.
    pub require_auth_time: bool,
    /// Its public keys (RFC 7591 section 2).
    pub jwks: Option<Value>,
    /// Where its public keys are. Not beside `jwks`.
    pub jwks_uri: Option<String>,
    /// The algorithm that its request objects must have (OpenID Connect Registration 1.0 section 2).
    pub request_object_signing_alg: Option<PublicAlgorithm>,
    /// Whether its requests must be signed (RFC 9101 section 10.5).
    pub require_signed_request_object: bool,
    /// Whether its requests must be pushed (RFC 9126 section 6).
    pub require_pushed_authorization_requests: bool,
}

impl ClientMetadata {
    /// The sector of a pairwise client: the host that its users' names belong to (OpenID Connect Core 1.0 section 8.1).
    /// Nothing when there is no single one.
    pub fn sector(&self, redirect_uris: &[String]) -> Option<String> {
        if let Some(uri) = &self.sector_identifier_uri {
            return host(uri);
        }
        let mut hosts = redirect_uris.iter().map(|uri| host(uri));
        let first = hosts.next()??;
        hosts.all(|other| other.as_ref() == Some(&first)).then_some(first)
    }

    /// Whether it presents certificates.
    pub const fn needs_certificate(&self) -> bool {
        let method = self.token_endpoint_auth_method;
        self.tls_client_certificate_bound_access_tokens
            || matches!(method, Some(AuthMethod::TlsClientAuth | AuthMethod::SelfSignedTlsClientAuth))
    }

    /// The algorithms that the authority is to sign with for it.
    pub fn algorithms(&self) -> impl Iterator<Item = PublicAlgorithm> {
        let chosen = [
            self.id_token_signed_response_alg,
            self.userinfo_signed_response_alg,
            self.introspection_signed_response_alg,
            self.authorization_signed_response_alg,
        ];
        chosen.into_iter().flatten()
    }

    /// Checks what can be checked without asking anybody.
    ///
    /// # Errors
    /// Names the member and says what is wrong with it.
    pub fn check(&self, redirect_uris: &[String]) -> Result<(), String> {
        let has_keys = self.jwks.is_some() || self.jwks_uri.is_some();
        match self.token_endpoint_auth_method {
            Some(AuthMethod::PrivateKeyJwt | AuthMethod::SelfSignedTlsClientAuth) if !has_keys => {
                return Err("jwks: the token_endpoint_auth_method needs keys".to_owned());
            }
            Some(AuthMethod::TlsClientAuth) if self.certificate_subject().is_none() => {
                let reason =
                    "tls_client_auth_subject_dn: tls_client_auth needs this, or exactly one tls_client_auth_san";
                return Err(reason.to_owned());
            }
            _ => {}
        }
        if let Some(subject) = self.certificate_subject() {
            subject.check().map_err(|reason| format!("tls_client_auth: its subject is {reason}"))?;
        }
        if self.subject_type == SubjectType::Pairwise && self.sector(redirect_uris).is_none() {
            return Err(
                "sector_identifier_uri: pairwise subjects need one, or redirect URIs of a single host".to_owned()
            );
        }
        if let Some(jwks) = &self.jwks {
            if self.jwks_uri.is_some() {
                return Err("jwks_uri: not beside jwks (RFC 7591 section 2)".to_owned());
            }
            keys::parse(jwks.to_string().as_bytes()).map_err(|reason| format!("jwks: {reason}"))?;
        }
        let too_long = |class: &String| class.len() > MAX_ACR_VALUE_BYTES;
        if self.default_acr_values.len() > MAX_ACR_VALUES || self.default_acr_values.iter().any(too_long) {
            return Err(format!(
                "default_acr_values: more than {MAX_ACR_VALUES}, or one has more than {MAX_ACR_VALUE_BYTES} bytes"
            ));
        }
        if self.post_logout_redirect_uris.len() > MAX_REDIRECT_URIS {
            return Err(format!("post_logout_redirect_uris: more than {MAX_REDIRECT_URIS}"));
        }
        for uri in &self.post_logout_redirect_uris {
            redirect_uri::check(uri).map_err(|reason| format!("post_logout_redirect_uris: {uri}: {reason}"))?;
        }
        for (name, uri) in [
            ("jwks_uri", &self.jwks_uri),
            ("sector_identifier_uri", &self.sector_identifier_uri),
            ("backchannel_logout_uri", &self.backchannel_logout_uri),
        ] {
            if let Some(uri) = uri {
                check_address(uri).map_err(|reason| format!("{name}: {reason}"))?;
            }
        }
        Ok(())
    }
}

/// An address that the authority may ask.
fn check_address(uri: &str) -> Result<(), &'static str> {
    let url = Url::parse(uri).map_err(|_| "not a URL")?;
    if url.scheme() != "https" || url.host().is_none() || !url.username().is_empty() || url.fragment().is_some() {
        return Err("not an https address without user name and fragment");
    }
    if uri.len() > MAX_REDIRECT_URI_BYTES { Err("too long") } else { Ok(()) }
}

fn host(uri: &str) -> Option<String> {
    Url::parse(uri).ok()?.host_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pairwise_client_belongs_to_one_sector_or_is_refused() {
        let uris = |uris: &[&str]| uris.iter().map(|uri| (*uri).to_owned()).collect::<Vec<_>>();
        let pairwise = ClientMetadata { subject_type: SubjectType::Pairwise, ..ClientMetadata::default() };
        let same = uris(&["https://a.example/1", "https://a.example:444/2"]);
        assert_eq!(pairwise.sector(&same).as_deref(), Some("a.example"));
        assert_eq!(pairwise.check(&same), Ok(()));
        let several = uris(&["https://a.example/1", "https://b.example/2"]);
        assert!(pairwise.check(&several).unwrap_err().starts_with("sector_identifier_uri"));
        assert!(pairwise.check(&[]).is_err());
        let listed = ClientMetadata { sector_identifier_uri: Some("https://s.example/list".into()), ..pairwise };
        assert_eq!(listed.sector(&several).as_deref(), Some("s.example"));
    }

    #[test]
    fn unknown_members_are_refused_where_an_operator_writes_them() {
        assert!(serde_json::from_str::<ClientMetadata>(r#"{"id_token_signed_response_algo":"ES256"}"#).is_err());
        assert!(serde_json::from_str::<ClientMetadata>(r#"{"id_token_signed_response_alg":"HS256"}"#).is_err());
    }
}

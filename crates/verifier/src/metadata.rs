//! What an issuer says of itself: OpenID Connect Discovery 1.0 section 3, RFC 8414 section 2.

use serde::Deserialize;
use url::Url;

use crate::fetch::{self, FetchError};

/// Where the document is, below the issuer (OpenID Connect Discovery 1.0 section 4).
const WELL_KNOWN: &str = "/.well-known/openid-configuration";

/// The parts of an issuer's metadata that a verifier needs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Metadata {
    /// The issuer identifier: exactly the one that was asked for.
    pub issuer: String,
    /// Where the keys are.
    pub jwks_uri: Url,
    /// Where the issuer is asked about a token (RFC 7662).
    pub introspection_endpoint: Option<Url>,
    /// Where a browser goes to log in.
    pub authorization_endpoint: Option<Url>,
    /// Where codes and refresh tokens are redeemed.
    pub token_endpoint: Option<Url>,
    /// Where authorization requests are sent ahead of the browser (RFC 9126).
    pub pushed_authorization_request_endpoint: Option<Url>,
    /// Where a browser goes to log out (RP-Initiated Logout 1.0).
    pub end_session_endpoint: Option<Url>,
    /// Whether answers to authorization requests name the issuer (RFC 9207 section 3).
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
    /// Where guards follow revocations; only Probity's authority has it.
    #[serde(rename = "probity_revocation_stream_endpoint")]
    pub revocation_stream_endpoint: Option<Url>,
}

/// Why an issuer's metadata can't be used.
#[derive(Debug, thiserror::Error)]
pub enum MetadataError {
    /// The document could not be fetched.
    #[error("the metadata can't be fetched: {0}")]
    Fetch(#[from] FetchError),
    /// The document is not what the specification says.
    #[error("the metadata can't be read: {0}")]
    Malformed(#[from] serde_json::Error),
    /// The document belongs to another issuer (OpenID Connect Discovery 1.0 section 4.3).
    #[error("the metadata is of another issuer")]
    OtherIssuer,
    /// The keys would come over a connection that anybody may change, although the issuer's metadata do not.
    #[error("the metadata of an https issuer name keys that are not")]
    InsecureKeys,
    /// A client's secret or a user's code would be sent in clear text, although the issuer's metadata are not.
    #[error("the metadata of an https issuer name an endpoint for logins that is not")]
    InsecureEndpoint,
    /// The issuer is no URL.
    #[error("the issuer is no URL: {0}")]
    BadUrl(#[from] url::ParseError),
}

impl Metadata {
    /// Fetches and checks the metadata of `issuer`, asking at `base` instead of the issuer's own address when given.
    pub(crate) async fn fetch(
        client: &reqwest::Client,
        issuer: &str,
        base: Option<&Url>,
    ) -> Result<Self, MetadataError> {
        let issuer_url = Url::parse(&format!("{}{WELL_KNOWN}", issuer.trim_end_matches('/')))?;
        let document = fetch::get(client, &rebased(issuer_url, base)).await?;
        Self::read(&document, issuer, base)
    }

    fn read(document: &[u8], issuer: &str, base: Option<&Url>) -> Result<Self, MetadataError> {
        let metadata: Self = serde_json::from_slice(document)?;
        if metadata.issuer != issuer {
            return Err(MetadataError::OtherIssuer);
        }
        if issuer.starts_with("https:") && metadata.jwks_uri.scheme() != "https" {
            return Err(MetadataError::InsecureKeys);
        }
        let endpoints = [
            &metadata.authorization_endpoint,
            &metadata.token_endpoint,
            &metadata.pushed_authorization_request_endpoint,
            &metadata.end_session_endpoint,
        ];
        if issuer.starts_with("https:") && endpoints.into_iter().flatten().any(|endpoint| endpoint.scheme() != "https")
        {
            return Err(MetadataError::InsecureEndpoint);
        }
        Ok(Self {
            jwks_uri: rebased(metadata.jwks_uri, base),
            introspection_endpoint: metadata.introspection_endpoint.map(|url| rebased(url, base)),
            revocation_stream_endpoint: metadata.revocation_stream_endpoint.map(|url| rebased(url, base)),
            token_endpoint: metadata.token_endpoint.map(|url| rebased(url, base)),
            pushed_authorization_request_endpoint: metadata
                .pushed_authorization_request_endpoint
                .map(|url| rebased(url, base)),
            // The rest is for browsers, which reach the issuer by its own name.
            ..metadata
        })
    }
}

/// The same resource at another scheme, host and port.
fn rebased(mut url: Url, base: Option<&Url>) -> Url {
    if let Some(base) = base {
        // Each of these fails only for URLs without a host, which neither of the two is.
        let _ = url.set_scheme(base.scheme());
        let _ = url.set_host(base.host_str());
        let _ = url.set_port(base.port());
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_base_changes_scheme_host_and_port_and_nothing_else() {
        let url = Url::parse("https://as.example/tenant/jwks?x=1").unwrap();
        let base = Url::parse("http://127.0.0.1:9000").unwrap();
        assert_eq!(rebased(url.clone(), Some(&base)).as_str(), "http://127.0.0.1:9000/tenant/jwks?x=1");
        assert_eq!(rebased(url.clone(), None), url);
    }

    #[test]
    fn metadata_are_of_the_issuer_that_was_asked_and_name_keys_that_nobody_can_change_on_the_way() {
        let read = |issuer: &str, jwks_uri: &str| {
            let document = serde_json::json!({"issuer": "https://as.example", "jwks_uri": jwks_uri}).to_string();
            Metadata::read(document.as_bytes(), issuer, None)
        };
        let metadata = read("https://as.example", "https://keys.example/jwks").unwrap();
        assert_eq!(metadata.jwks_uri.as_str(), "https://keys.example/jwks");
        let other = read("https://as.example/", "https://keys.example/jwks");
        assert!(matches!(other, Err(MetadataError::OtherIssuer)));
        let insecure = read("https://as.example", "http://keys.example/jwks");
        assert!(matches!(insecure, Err(MetadataError::InsecureKeys)));
        let document = r#"{"issuer":"https://as.example","jwks_uri":"https://as.example/k","token_endpoint":"http://as.example/t"}"#;
        let insecure = Metadata::read(document.as_bytes(), "https://as.example", None);
        assert!(matches!(insecure, Err(MetadataError::InsecureEndpoint)));
    }
}

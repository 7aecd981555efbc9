//! An issuer's metadata (RFC 8414, OpenID Connect Discovery) or a resource's (RFC 9728).

use super::json::Json;
use crate::outcome::Place;

/// A metadata document, as it was published.
#[derive(Debug, Clone)]
pub struct Metadata {
    /// The members.
    pub json: Json,
    /// The URL that it was fetched from, when it was.
    pub url: Option<String>,
    /// Where it was found.
    pub place: Place,
}

impl Metadata {
    /// Reads a document.
    pub fn parse(text: &str, url: Option<String>, place: Place) -> Option<Self> {
        let json = Json::parse(text).filter(Json::is_object)?;
        Some(Self { json, url, place })
    }

    /// A member that is a list of strings; none when it is absent.
    pub fn list(&self, name: &str) -> Vec<&str> {
        self.json.get(name).map(Json::strings).unwrap_or_default()
    }

    /// `issuer`.
    pub fn issuer(&self) -> Option<&str> {
        self.json.text("issuer")
    }

    /// Whether it describes an issuer, not a resource.
    pub fn is_issuer(&self) -> bool {
        self.issuer().is_some() || self.json.get("token_endpoint").is_some()
    }

    /// The members whose values are URLs of endpoints, and `jwks_uri`.
    pub fn endpoints(&self) -> impl Iterator<Item = (&str, &str)> {
        let members = self.json.members().iter();
        let endpoints = members.filter(|(name, _)| name.ends_with("_endpoint") || name == "jwks_uri");
        endpoints.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
    }
}

/// Whether a URL is of this machine, where plain HTTP is no weakness.
pub fn is_local(url: &str) -> bool {
    let host = url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
    crate::live::is_loopback(host.trim_matches(['[', ']']))
}

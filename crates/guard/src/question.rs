//! What a proxy asks about: the method and target of the original request, and its headers.

use std::net::IpAddr;

use http::header::{CONNECTION, HeaderMap, HeaderName};
use http::{Method, Uri};

use crate::decide::identity;
use crate::{Refusal, Thumbprint};

/// How a proxy says which request it asks about. Where it asks, which its own configuration says, chooses this: a client
/// could send the headers of another convention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Convention {
    /// `X-Original-Method` and `X-Original-URI`: nginx, and what is configured by hand.
    Original,
    /// `X-Forwarded-Method` and `X-Forwarded-Uri`: Caddy and Traefik.
    Forwarded,
    /// The question's own method, and its path behind a prefix: Envoy.
    Itself,
}

/// A request that is asked about.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The original method, when it is known.
    pub method: Option<&'a str>,
    /// The original target, path and query, when it is known.
    pub target: Option<&'a str>,
    /// The original headers.
    pub headers: &'a HeaderMap,
    /// Who asks, when that is known.
    pub peer: Option<IpAddr>,
    /// The certificate that the client itself has proven to have, to the guard. That of a proxy which asks is none.
    pub certificate: Option<&'a Thumbprint>,
}

/// Headers by which some applications let a request say that its method is another one.
const METHOD_OVERRIDES: [&str; 3] = ["x-http-method-override", "x-http-method", "x-method-override"];

impl<'a> Question<'a> {
    /// Reads a proxy's question. A header that comes twice says nothing.
    pub fn read(convention: Convention, method: &'a Method, uri: &'a Uri, headers: &'a HeaderMap) -> Self {
        let (method, target) = match convention {
            Convention::Original => (sole(headers, "x-original-method"), sole(headers, "x-original-uri")),
            Convention::Forwarded => (sole(headers, "x-forwarded-method"), sole(headers, "x-forwarded-uri")),
            Convention::Itself => {
                let target = uri.path_and_query().and_then(|target| target.as_str().strip_prefix(ITSELF_PREFIX));
                (Some(method.as_str()), target)
            }
        };
        Self { method, target, headers, peer: None, certificate: None }
    }

    /// The same question from this address.
    pub fn from(self, peer: Option<IpAddr>) -> Self {
        Self { peer, ..self }
    }

    /// Refuses a request whose headers could make another hop see another caller. `certificate` is the header that names the
    /// client's certificate, if one does.
    ///
    /// # Errors
    /// [`Refusal::SmuggledIdentity`]
    pub fn refuse_smuggling(&self, certificate: Option<&HeaderName>) -> Result<(), Refusal> {
        let is_protected = |name: &str| {
            is_protected(name) || certificate.is_some_and(|certificate| name.eq_ignore_ascii_case(certificate.as_str()))
        };
        let disguised = |name: &HeaderName| {
            let name = name.as_str();
            // CGI and what descends from it reads `_` as `-`.
            name.contains('_') && is_protected(&name.replace('_', "-"))
        };
        // RFC 9110 section 7.6.1: whoever forwards the request drops the headers that Connection names.
        let dropped =
            self.headers.get_all(CONNECTION).iter().any(|value| {
                value.to_str().map_or(true, |value| value.split(',').any(|name| is_protected(name.trim())))
            });
        if dropped || self.headers.keys().any(disguised) { Err(Refusal::SmuggledIdentity) } else { Ok(()) }
    }

    /// Whether the request asks the application to take it for one with another method.
    pub fn overrides_method(&self) -> bool {
        METHOD_OVERRIDES.iter().any(|name| self.headers.contains_key(*name))
    }
}

/// Before the original path in Envoy's questions.
pub const ITSELF_PREFIX: &str = "/ext-authz";

/// The headers on which decisions hang.
pub(crate) fn is_protected(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('_', "-");
    let others = ["authorization", "x-original-method", "x-original-uri", "x-forwarded-method", "x-forwarded-uri"];
    identity::ALL.iter().any(|known| known.as_str() == name) || others.contains(&name.as_str())
}

/// The value of a header that comes once and is text.
fn sole<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    if values.next().is_some() { None } else { value.to_str().ok() }
}

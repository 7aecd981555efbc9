//! An HTTP request with its response, recorded by a browser, a proxy or by us.

use super::token::{Carrier, Token, find_tokens};
use crate::outcome::Place;

/// A request and its response.
#[derive(Debug, Clone, Default)]
pub struct Exchange {
    /// `GET`.
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// The request's headers, names as written.
    pub request_headers: Vec<(String, String)>,
    /// The request's body as text.
    pub request_body: String,
    /// The response's status; 0 when there was none.
    pub status: u16,
    /// The response's headers.
    pub response_headers: Vec<(String, String)>,
    /// The response's body as text.
    pub response_body: String,
    /// When it happened, in seconds since 1970, when that is known.
    pub seen: Option<i64>,
    /// Where it was found.
    pub place: Place,
}

impl Exchange {
    /// A response header.
    pub fn response_header(&self, name: &str) -> Option<&str> {
        header(&self.response_headers, name)
    }

    /// A request header.
    pub fn request_header(&self, name: &str) -> Option<&str> {
        header(&self.request_headers, name)
    }

    /// Host of the URL, in lower case.
    pub fn host(&self) -> String {
        url::Url::parse(&self.url).ok().and_then(|url| url.host_str().map(str::to_ascii_lowercase)).unwrap_or_default()
    }

    /// Whether the URL says `https`.
    pub fn is_https(&self) -> bool {
        self.url.starts_with("https:") || self.url.starts_with("wss:")
    }

    /// Whether the response is a page or a script.
    pub fn is_page(&self) -> bool {
        let content_type = self.response_header("content-type").unwrap_or_default();
        content_type.contains("html") || content_type.contains("javascript")
    }

    /// The cookies that the response sets.
    pub fn cookies(&self) -> Vec<Cookie> {
        let lines = self.response_headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
        // A browser's recording joins several with line ends.
        lines.flat_map(|(_, value)| value.split('\n')).filter_map(|line| Cookie::parse(line, self)).collect()
    }

    /// Every token in it, with how it travelled.
    pub fn tokens(&self) -> Vec<Token> {
        let mut tokens = Vec::new();
        let mut add = |text: &str, carrier: Carrier| {
            for (_, found) in find_tokens(text) {
                if let Some(token) = Token::parse(found, self.place.clone()) {
                    tokens.push(Token { carrier: carrier.clone(), seen: self.seen, ..token });
                }
            }
        };
        add(&self.url, Carrier::Url);
        for (name, value) in self.request_headers.iter().chain(&self.response_headers) {
            match name.to_ascii_lowercase().as_str() {
                "cookie" => value.split(';').for_each(|pair| {
                    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                    add(value, Carrier::Cookie(name.trim().to_owned()));
                }),
                "set-cookie" => value.split('\n').for_each(|line| {
                    let (name, value) = line.split_once('=').unwrap_or((line, ""));
                    add(value, Carrier::Cookie(name.trim().to_owned()));
                }),
                "location" | "referer" => add(value, Carrier::Url),
                _ => add(value, Carrier::Header(name.clone())),
            }
        }
        add(&self.request_body, Carrier::Body);
        add(&self.response_body, Carrier::Body);
        tokens
    }
}

/// A `Set-Cookie` line.
#[derive(Debug, Clone)]
pub struct Cookie {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
    /// The attributes, names in lower case.
    pub attributes: Vec<(String, String)>,
    /// The URL of the response.
    pub url: String,
    /// When it was set.
    pub seen: Option<i64>,
    /// Where it was found.
    pub place: Place,
}

impl Cookie {
    fn parse(line: &str, exchange: &Exchange) -> Option<Self> {
        let mut parts = line.split(';');
        let (name, value) = parts.next()?.split_once('=')?;
        let attributes = parts.map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (name.trim().to_ascii_lowercase(), value.trim().to_owned())
        });
        Some(Self {
            name: name.trim().to_owned(),
            value: value.trim().to_owned(),
            attributes: attributes.collect(),
            url: exchange.url.clone(),
            seen: exchange.seen,
            place: exchange.place.path(format!("Set-Cookie {}", name.trim())),
        })
    }

    /// An attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The token that it carries.
    pub fn token(&self) -> Option<Token> {
        let (_, text) = find_tokens(&self.value).into_iter().next()?;
        let token = Token::parse(text, self.place.clone())?;
        Some(Token { carrier: Carrier::Cookie(self.name.clone()), seen: self.seen, ..token })
    }

    /// Whether the line deletes the cookie.
    pub fn deletes(&self) -> bool {
        self.attribute("max-age").is_some_and(|age| age.parse::<i64>().is_ok_and(|age| age <= 0))
            || (self.value.is_empty() && self.attribute("expires").is_some())
    }

    /// The line as a report may show it.
    pub fn redacted(&self) -> String {
        let attributes: String = self
            .attributes
            .iter()
            .map(|(name, value)| if value.is_empty() { format!("; {name}") } else { format!("; {name}={value}") })
            .collect();
        format!("{}={}{attributes}", self.name, crate::redact::value(&self.value))
    }
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

//! The request that an endpoint is asked with, and its variations.

use url::Url;

use crate::evidence::{RequestText, find_tokens};

/// A request that needs a token, and where in it the token goes.
#[derive(Debug, Clone)]
pub struct Target {
    /// `GET`, `HEAD`, or whatever the operator's own request says.
    pub method: String,
    /// Where.
    pub url: Url,
    /// Headers beside the one that carries the token.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
    /// Where the token goes.
    pub carrier: Carried,
}

/// Where in a request a token goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carried {
    /// In a header, after a prefix such as `Bearer `.
    Header(String, String),
    /// In a cookie.
    Cookie(String),
    /// In the query, under a name.
    Query(String),
    /// In a form body, under a name.
    Form(String),
}

impl Carried {
    /// `Authorization: Bearer`.
    pub fn bearer() -> Self {
        Self::Header("Authorization".to_owned(), "Bearer ".to_owned())
    }
}

/// Why a text is no target.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TargetError {
    /// Neither a URL, nor a raw request, nor a curl line.
    #[error("neither a URL, nor a raw HTTP request, nor a curl line")]
    Unreadable,
    /// The URL is no `http` or `https` URL.
    #[error("the URL must begin with http:// or https://")]
    Scheme,
    /// No JWT is in the request.
    #[error("there is no JWT in the request; give one with --token")]
    NoToken,
}

impl Target {
    /// A `GET` of a URL with a bearer token.
    ///
    /// # Errors
    /// [`TargetError::Scheme`].
    pub fn get(url: &str) -> Result<Self, TargetError> {
        let url = Url::parse(url).map_err(|_| TargetError::Unreadable)?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(TargetError::Scheme);
        }
        Ok(Self { method: "GET".to_owned(), url, headers: Vec::new(), body: String::new(), carrier: Carried::bearer() })
    }

    /// A raw request or a curl line with a token somewhere in it: the target, and the token.
    ///
    /// # Errors
    /// [`TargetError`].
    pub fn from_request(text: &str) -> Result<(Self, Option<String>), TargetError> {
        let request = RequestText::parse(text, "https").ok_or(TargetError::Unreadable)?;
        let mut target = Self::get(&request.url)?;
        target.method = request.method;
        target.body = request.body;
        let mut token = None;
        for (name, value) in request.headers {
            let Some((at, found)) = find_tokens(&value).into_iter().next().filter(|_| token.is_none()) else {
                target.headers.push((name, value));
                continue;
            };
            token = Some(found.to_owned());
            if name.eq_ignore_ascii_case("cookie") {
                let pairs = value.split(';').map(str::trim);
                let (with, without): (Vec<_>, Vec<_>) = pairs.partition(|pair| pair.contains(found));
                let cookie = with.first().and_then(|pair| pair.split_once('=')).map_or("token", |(name, _)| name);
                target.carrier = Carried::Cookie(cookie.to_owned());
                if !without.is_empty() {
                    target.headers.push((name, without.join("; ")));
                }
            } else {
                target.carrier = Carried::Header(name, value.get(..at).unwrap_or_default().to_owned());
            }
        }
        let in_query = target.url.query_pairs().find(|(_, value)| !find_tokens(value).is_empty());
        if let (None, Some((name, value))) = (&token, in_query) {
            token = Some(value.into_owned());
            target.carrier = Carried::Query(name.into_owned());
            target.url = without_query(&target.url, &target.carrier);
        }
        Ok((target, token))
    }

    /// Whether the method only reads.
    pub fn is_idempotent(&self) -> bool {
        matches!(self.method.as_str(), "GET" | "HEAD" | "OPTIONS")
    }

    /// The host, in lower case.
    pub fn host(&self) -> String {
        self.url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_ascii_lowercase()
    }

    /// Whether the host is this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.host())
    }
}

/// Whether a host is this machine.
pub fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// One variation of the target's request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shot {
    /// The token, where the target's own goes; none leaves the place empty.
    pub token: Option<String>,
    /// Another place for the token.
    pub carrier: Option<Carried>,
    /// Headers beside the target's.
    pub headers: Vec<(String, String)>,
    /// A further token in a further place.
    pub also: Option<(Carried, String)>,
    /// Another URL than the target's.
    pub url: Option<Url>,
    /// Another method.
    pub method: Option<String>,
}

impl Shot {
    /// With a token in the target's place.
    pub fn token(text: impl Into<String>) -> Self {
        Self { token: Some(text.into()), ..Self::default() }
    }

    /// Without a token.
    pub fn bare() -> Self {
        Self::default()
    }

    /// The token in another place.
    pub fn carried(mut self, carrier: Carried) -> Self {
        self.carrier = Some(carrier);
        self
    }

    /// A header more.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The whole request: method, URL, headers, body.
    pub(super) fn fire_at(&self, target: &Target) -> (String, Url, Vec<(String, String)>, String) {
        let mut url = self.url.clone().unwrap_or_else(|| target.url.clone());
        let mut headers = target.headers.clone();
        let mut body = target.body.clone();
        let carrier = self.carrier.as_ref().unwrap_or(&target.carrier);
        let own = self.token.as_ref().map(|token| (carrier, token));
        for (carrier, token) in own.into_iter().chain(self.also.as_ref().map(|(carrier, token)| (carrier, token))) {
            match carrier {
                Carried::Header(name, prefix) => headers.push((name.clone(), format!("{prefix}{token}"))),
                Carried::Cookie(name) => {
                    let pair = format!("{name}={token}");
                    match headers.iter_mut().find(|(name, _)| name.eq_ignore_ascii_case("cookie")) {
                        Some((_, cookies)) => *cookies = format!("{cookies}; {pair}"),
                        None => headers.push(("Cookie".to_owned(), pair)),
                    }
                }
                Carried::Query(name) => {
                    url.query_pairs_mut().append_pair(name, token);
                }
                Carried::Form(name) => {
                    let mut form = url::form_urlencoded::Serializer::new(body);
                    body = form.append_pair(name, token).finish();
                    headers.push(("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned()));
                }
            }
        }
        headers.extend(self.headers.iter().cloned());
        (self.method.clone().unwrap_or_else(|| target.method.clone()), url, headers, body)
    }
}

fn without_query(url: &Url, carrier: &Carried) -> Url {
    let mut stripped = url.clone();
    if let Carried::Query(hidden) = carrier {
        let kept: Vec<(String, String)> = url
            .query_pairs()
            .filter(|(name, _)| name != hidden)
            .map(|(n, v)| (n.into_owned(), v.into_owned()))
            .collect();
        stripped.set_query(None);
        if !kept.is_empty() {
            stripped.query_pairs_mut().extend_pairs(kept);
        }
    }
    stripped
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2ln";

    #[test]
    fn the_place_of_the_token_is_found() {
        let of = |text: &str| Target::from_request(text).unwrap();
        let (target, token) = of(&format!("curl http://localhost/a -H 'X-Auth: T {TOKEN}' -H 'A: b'"));
        assert_eq!((target.carrier, token.as_deref()), (Carried::Header("X-Auth".into(), "T ".into()), Some(TOKEN)));
        assert_eq!(target.headers, [("A".to_owned(), "b".to_owned())]);
        let (target, _) = of(&format!("GET /a HTTP/1.1\nHost: x.example\nCookie: a=1; s={TOKEN}; b=2\n\n"));
        assert_eq!(target.carrier, Carried::Cookie("s".into()));
        assert_eq!(target.headers, [("Cookie".to_owned(), "a=1; b=2".to_owned())]);
        let (target, _) = of(&format!("curl 'http://localhost/a?x=1&t={TOKEN}'"));
        assert_eq!((target.carrier, target.url.as_str()), (Carried::Query("t".into()), "http://localhost/a?x=1"));
    }

    #[test]
    fn a_shot_goes_to_the_same_place() {
        let (target, _) = Target::from_request(&format!("curl http://localhost/a -b 'a=1; s={TOKEN}'")).unwrap();
        let (method, url, headers, body) = Shot::token("forged").fire_at(&target);
        assert_eq!((method.as_str(), url.as_str(), body.as_str()), ("GET", "http://localhost/a", ""));
        assert_eq!(headers, [("Cookie".to_owned(), "a=1; s=forged".to_owned())]);
        assert!(Target::get("file:///etc/passwd").is_err());
    }
}

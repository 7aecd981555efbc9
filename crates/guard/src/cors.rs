//! Which pages of other origins may use an application from a browser: the CORS protocol of the Fetch Standard, pure.

use http::Method;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderName, HeaderValue, ORIGIN, VARY,
};

use crate::Refusal;

/// The longest time for which a browser may remember the answer to a preflight, in seconds. Browsers have less.
pub const MAX_PREFLIGHT_AGE: u64 = 86_400;

/// What pages of other origins may do. Origins are compared as they are; there is no "all".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cors {
    origins: Vec<HeaderValue>,
    allowed_headers: HeaderValue,
    exposed_headers: HeaderValue,
    credentials: bool,
    max_age: u64,
}

/// What can't be allowed to other origins.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadCors {
    /// No origin: `*`, `null`, or what no browser would send.
    #[error("{0}: expected an origin as browsers send it, like https://shop.example.org")]
    Origin(String),
    /// No origin at all.
    #[error("at least one origin")]
    NoOrigin,
    /// No header; `*` is none either.
    #[error("{0}: no name of a header")]
    Header(String),
    /// More than [`MAX_PREFLIGHT_AGE`].
    #[error("max_age is at most {MAX_PREFLIGHT_AGE}")]
    Age,
}

impl Cors {
    /// Lets pages of `origins` send `allowed` headers and read `exposed` ones, with cookies when `credentials` is set. A browser
    /// may remember for `max_age` seconds that it may.
    ///
    /// # Errors
    /// [`BadCors`]
    pub fn new(
        origins: &[String],
        allowed: &[String],
        exposed: &[String],
        credentials: bool,
        max_age: u64,
    ) -> Result<Self, BadCors> {
        if origins.is_empty() {
            return Err(BadCors::NoOrigin);
        }
        if max_age > MAX_PREFLIGHT_AGE {
            return Err(BadCors::Age);
        }
        Ok(Self {
            origins: origins.iter().map(|text| origin(text)).collect::<Result<_, _>>()?,
            allowed_headers: list(allowed)?,
            exposed_headers: list(exposed)?,
            credentials,
            max_age,
        })
    }

    /// The origins whose pages may.
    pub fn origins(&self) -> impl Iterator<Item = &str> {
        self.origins.iter().filter_map(|origin| origin.to_str().ok())
    }

    /// Whether they may send cookies.
    pub const fn credentials(&self) -> bool {
        self.credentials
    }

    /// The headers of the answer to a preflight. What the browser asks for is not compared with what is allowed: it does that.
    ///
    /// # Errors
    /// [`Refusal::CrossOrigin`]
    pub(crate) fn preflight(&self, came: &HeaderMap) -> Result<HeaderMap, Refusal> {
        let origin = self.allowed(came).ok_or(Refusal::CrossOrigin)?;
        let mut headers = HeaderMap::new();
        self.allow(origin, &mut headers);
        // The rule is for this method, or it would not be asked.
        if let Some(method) = sole(came, &ACCESS_CONTROL_REQUEST_METHOD) {
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, method.clone());
        }
        if !self.allowed_headers.is_empty() {
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, self.allowed_headers.clone());
        }
        headers.insert(ACCESS_CONTROL_MAX_AGE, self.max_age.into());
        for name in [ORIGIN, ACCESS_CONTROL_REQUEST_METHOD, ACCESS_CONTROL_REQUEST_HEADERS] {
            headers.append(VARY, name.into());
        }
        Ok(headers)
    }

    /// Says in an answer who may read it, in place of whatever the application says about that.
    pub(crate) fn mark(&self, origin: Option<&HeaderValue>, answer: &mut HeaderMap) {
        let theirs: Vec<HeaderName> =
            answer.keys().filter(|name| name.as_str().starts_with("access-control-")).cloned().collect();
        for name in theirs {
            answer.remove(name);
        }
        if let Some(origin) = origin {
            self.allow(origin, answer);
            if !self.exposed_headers.is_empty() {
                answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, self.exposed_headers.clone());
            }
        }
        // Also where no origin came: a cache must not give that answer to a page.
        answer.append(VARY, ORIGIN.into());
    }

    /// The origin of a request, if its pages may.
    pub(crate) fn allowed<'a>(&self, came: &'a HeaderMap) -> Option<&'a HeaderValue> {
        sole(came, &ORIGIN).filter(|origin| self.origins.contains(origin))
    }

    fn allow(&self, origin: &HeaderValue, headers: &mut HeaderMap) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        if self.credentials {
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
    }
}

/// The method that a browser asks for before it sends the request itself; nothing when this is no such question.
pub(crate) fn asks_for<'a>(method: &str, headers: &'a HeaderMap) -> Option<&'a str> {
    if method != Method::OPTIONS.as_str() || !headers.contains_key(ORIGIN) {
        return None;
    }
    sole(headers, &ACCESS_CONTROL_REQUEST_METHOD)?.to_str().ok()
}

fn sole<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    values.next().is_none().then_some(value)
}

fn origin(text: &str) -> Result<HeaderValue, BadCors> {
    let bad = || BadCors::Origin(text.to_owned());
    let url = url::Url::parse(text).map_err(|_| bad())?;
    // Nor is there a pattern: a star in a host would only look like one.
    let is_as_sent =
        !text.contains('*') && ["http", "https"].contains(&url.scheme()) && url.origin().ascii_serialization() == text;
    if is_as_sent { HeaderValue::from_str(text).map_err(|_| bad()) } else { Err(bad()) }
}

fn list(names: &[String]) -> Result<HeaderValue, BadCors> {
    let name = |text: &String| match text.parse::<HeaderName>() {
        Ok(name) if text != "*" => Ok(name.to_string()),
        _ => Err(BadCors::Header(text.clone())),
    };
    let text = names.iter().map(name).collect::<Result<Vec<_>, _>>()?.join(", ");
    HeaderValue::from_str(&text).map_err(|_| BadCors::Header(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SHOP: &str = "https://shop.example";

    fn cors(credentials: bool) -> Cors {
        let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
        let origins = texts(&[SHOP, "http://localhost:3000"]);
        Cors::new(&origins, &texts(&["Authorization", "content-type"]), &texts(&["etag"]), credentials, 600).unwrap()
    }

    fn map(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        map
    }

    fn lines(headers: &HeaderMap) -> Vec<String> {
        let mut lines: Vec<_> =
            headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        lines.sort();
        lines
    }

    #[test]
    fn a_preflight_is_answered_with_what_is_allowed() {
        let came = map(&[("origin", SHOP), ("access-control-request-method", "PUT")]);
        assert_eq!(asks_for("OPTIONS", &came), Some("PUT"));
        assert_eq!(
            lines(&cors(false).preflight(&came).unwrap()),
            [
                "access-control-allow-headers: authorization, content-type",
                "access-control-allow-methods: PUT",
                "access-control-allow-origin: https://shop.example",
                "access-control-max-age: 600",
                "vary: access-control-request-headers",
                "vary: access-control-request-method",
                "vary: origin",
            ]
        );
        assert_eq!(cors(true).preflight(&came).unwrap()[ACCESS_CONTROL_ALLOW_CREDENTIALS], "true");
    }

    #[test]
    fn other_requests_are_no_preflight() {
        let (origin, method) = (("origin", SHOP), ("access-control-request-method", "PUT"));
        assert_eq!(asks_for("GET", &map(&[origin, method])), None);
        assert_eq!(asks_for("OPTIONS", &map(&[origin])), None);
        assert_eq!(asks_for("OPTIONS", &map(&[method])), None);
        assert_eq!(asks_for("OPTIONS", &map(&[origin, method, method])), None);
    }

    #[test]
    fn an_answer_says_what_the_guard_allows_and_not_what_the_application_does() {
        let theirs =
            [("access-control-allow-origin", "*"), ("access-control-allow-credentials", "true"), ("vary", "accept")];
        let mut answer = map(&theirs);
        cors(false).mark(Some(&HeaderValue::from_static(SHOP)), &mut answer);
        assert_eq!(
            lines(&answer),
            [
                "access-control-allow-origin: https://shop.example",
                "access-control-expose-headers: etag",
                "vary: accept",
                "vary: origin"
            ]
        );
        let mut answer = map(&theirs);
        cors(true).mark(None, &mut answer);
        assert_eq!(lines(&answer), ["vary: accept", "vary: origin"]);
    }

    #[test]
    fn what_would_allow_more_than_it_says_is_refused() {
        let new = |origins: &[&str], header: &str| {
            let origins: Vec<_> = origins.iter().map(|&text| text.to_owned()).collect();
            Cors::new(&origins, &[header.to_owned()], &[], true, 1).map(drop)
        };
        assert_eq!(new(&[SHOP, "https://[::1]:8443"], "dpop"), Ok(()));
        assert_eq!(new(&[], "dpop"), Err(BadCors::NoOrigin));
        for bad in [
            "*",
            "null",
            "",
            "shop.example",
            "https://shop.example/",
            "https://Shop.example",
            "https://*.example",
            "https://shop.example:443",
            "https://a@shop.example",
            "file:///x",
            "https://shop.example/a",
        ] {
            assert_eq!(new(&[SHOP, bad], "dpop"), Err(BadCors::Origin(bad.to_owned())), "{bad}");
        }
        for bad in ["*", "", "a b"] {
            assert_eq!(new(&[SHOP], bad), Err(BadCors::Header(bad.to_owned())));
        }
        assert_eq!(Cors::new(&[SHOP.to_owned()], &[], &[], false, MAX_PREFLIGHT_AGE + 1), Err(BadCors::Age));
    }

    proptest! {
        #[test]
        fn only_a_named_origin_is_ever_allowed(
            origins in prop::collection::vec(prop::sample::select(vec![
                SHOP, "*", "null", "https://shop.example.evil", "https://SHOP.example", "http://shop.example",
                "https://shop.example:444", "https://shop.example/", "https://shop.example, https://evil.example", "",
            ]), 0..3),
            credentials: bool,
        ) {
            let pairs: Vec<_> = origins.iter().map(|&origin| ("origin", origin)).collect();
            let (came, cors) = (map(&pairs), cors(credentials));
            let is_named = origins == [SHOP];
            prop_assert_eq!(cors.preflight(&came).is_ok(), is_named);
            let mut answer = HeaderMap::new();
            cors.mark(cors.allowed(&came), &mut answer);
            let allowed = answer.get(ACCESS_CONTROL_ALLOW_ORIGIN);
            prop_assert_eq!(allowed.is_some(), is_named);
            prop_assert!(allowed.is_none_or(|value| value == SHOP));
            prop_assert_eq!(answer.contains_key(ACCESS_CONTROL_ALLOW_CREDENTIALS), is_named && credentials);
            prop_assert_eq!(&answer[VARY], "origin");
        }
    }
}

//! Whether the guard understands a request in the one way in which the application will: pure. Whatever could be read
//! differently is refused, and nothing of it goes on.

use http::header::{CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderMap, HeaderName, TRANSFER_ENCODING, UPGRADE};
use http::request::Parts;
use http::uri::Authority;
use http::{Method, StatusCode, Version};

/// What is known of a request that can be passed on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Understood<'a> {
    /// Path and query.
    pub(super) target: &'a str,
    /// For which host it is, with the port if one is named.
    pub(super) host: &'a str,
    /// Whether it wants to become a WebSocket.
    pub(super) websocket: bool,
}

/// Why a request is not passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Misunderstood {
    /// `CONNECT` would make the guard a tunnel; `TRACE` sends back what it gets, credentials included.
    #[error("this method is not passed on")]
    Method,
    /// HTTP/1.0 names no host and does not say where a body ends.
    #[error("HTTP/1.1 or HTTP/2 is needed")]
    Version,
    /// The target is no path: RFC 9112 section 3.2 knows three other forms.
    #[error("the target is not a path in ASCII")]
    Target,
    /// No host, several, or one that is none (RFC 9112 section 3.2).
    #[error("the request does not name one host")]
    Host,
    /// A transfer coding that is not just `chunked`, or a length beside it (RFC 9112 section 6.1).
    #[error("the transfer coding is not understood")]
    TransferEncoding,
    /// More than one length (RFC 9112 section 6.3).
    #[error("the length is not one number")]
    ContentLength,
    /// RFC 9110 section 10.1.1 knows `100-continue` and nothing else.
    #[error("the expectation is not understood")]
    Expect,
    /// A WebSocket handshake that is none (RFC 6455 section 4.2.1).
    #[error("the WebSocket handshake is malformed")]
    Upgrade,
    /// A header whose name is one of HTTP's own to whoever reads `_` as `-`.
    #[error("a header's name is another one in disguise")]
    DisguisedHeader,
    /// `Connection` names a header that belongs to the message and not to the connection (RFC 9110 section 7.6.1).
    #[error("the Connection header is not understood")]
    Connection,
}

impl Misunderstood {
    /// The stable code for logs and answers.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Method => "request.method",
            Self::Version => "request.version",
            Self::Target => "request.target",
            Self::Host => "request.host",
            Self::TransferEncoding => "request.transfer_encoding",
            Self::ContentLength => "request.content_length",
            Self::Expect => "request.expect",
            Self::Upgrade => "request.upgrade",
            Self::DisguisedHeader => "request.disguised_header",
            Self::Connection => "request.connection",
        }
    }

    /// The status for the client.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Method => StatusCode::NOT_IMPLEMENTED,
            Self::Version => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            Self::Expect => StatusCode::EXPECTATION_FAILED,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

/// Reads a request as it is after HTTP has been parsed.
///
/// # Errors
/// [`Misunderstood`]
pub(super) fn understand(request: &Parts) -> Result<Understood<'_>, Misunderstood> {
    let headers = &request.headers;
    if request.version < Version::HTTP_11 {
        return Err(Misunderstood::Version);
    }
    if [Method::CONNECT, Method::TRACE].contains(&request.method) {
        return Err(Misunderstood::Method);
    }
    let target = target(request)?;
    let host = host(request)?;
    framing(headers)?;
    if headers.get(EXPECT).is_some_and(|value| !value.as_bytes().eq_ignore_ascii_case(b"100-continue")) {
        return Err(Misunderstood::Expect);
    }
    if headers.keys().any(is_disguised) {
        return Err(Misunderstood::DisguisedHeader);
    }
    connection(headers)?;
    Ok(Understood { target, host, websocket: websocket(request)? })
}

fn target(request: &Parts) -> Result<&str, Misunderstood> {
    // In HTTP/2 scheme and authority are there always; in HTTP/1.1 they are the absolute form, which is for proxies that
    // the client chose.
    let absolute = request.version < Version::HTTP_2 && request.uri.scheme().is_some();
    let target = request.uri.path_and_query().map(http::uri::PathAndQuery::as_str).ok_or(Misunderstood::Target)?;
    let is_path = target.starts_with('/') && target.bytes().all(|byte| byte.is_ascii_graphic());
    if absolute || !is_path { Err(Misunderstood::Target) } else { Ok(target) }
}

/// The one host. HTTP/2 has it in `:authority`, and a `Host` beside it must be the same.
fn host(request: &Parts) -> Result<&str, Misunderstood> {
    let mut headers = request.headers.get_all(HOST).iter();
    let header = headers.next().map(|value| value.to_str().map_err(|_| Misunderstood::Host)).transpose()?;
    if headers.next().is_some() {
        return Err(Misunderstood::Host);
    }
    let pseudo = request.uri.authority().map(Authority::as_str);
    let host = match (pseudo, header) {
        (Some(pseudo), Some(header)) if !pseudo.eq_ignore_ascii_case(header) => return Err(Misunderstood::Host),
        (Some(host), _) | (None, Some(host)) => host,
        (None, None) => return Err(Misunderstood::Host),
    };
    let authority: Authority = host.parse().map_err(|_| Misunderstood::Host)?;
    let name = authority.host();
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-._[]:".contains(&byte);
    let with_port = authority.port().map_or(name.len(), |port| name.len() + 1 + port.as_str().len());
    if name.is_empty() || !name.bytes().all(known) || with_port != host.len() {
        return Err(Misunderstood::Host);
    }
    Ok(host)
}

fn framing(headers: &HeaderMap) -> Result<(), Misunderstood> {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let (coding, length) = (codings.next(), lengths.next());
    if let Some(coding) = coding
        && (codings.next().is_some() || length.is_some() || !coding.as_bytes().eq_ignore_ascii_case(b"chunked"))
    {
        return Err(Misunderstood::TransferEncoding);
    }
    let is_number = |value: &http::HeaderValue| !value.is_empty() && value.as_bytes().iter().all(u8::is_ascii_digit);
    if lengths.next().is_some() || length.is_some_and(|length| !is_number(length)) {
        return Err(Misunderstood::ContentLength);
    }
    Ok(())
}

/// CGI, WSGI and what descends from them read `Transfer_Encoding` as `Transfer-Encoding`.
fn is_disguised(name: &HeaderName) -> bool {
    let name = name.as_str();
    name.contains('_') && is_of_http(&name.replace('_', "-"))
}

fn is_of_http(name: &str) -> bool {
    const NAMES: [&str; 14] = [
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "cookie",
        "expect",
        "forwarded",
        "host",
        "keep-alive",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ];
    NAMES.contains(&name) || name.starts_with("x-forwarded-") || name.starts_with("x-original-")
}

/// What `Connection` names is dropped before the request goes on. What says whose request it is and how long must not be.
fn connection(headers: &HeaderMap) -> Result<(), Misunderstood> {
    const MAY_GO: [&str; 8] =
        ["close", "keep-alive", "upgrade", "te", "http2-settings", "proxy-connection", "trailer", "transfer-encoding"];
    for value in headers.get_all(CONNECTION) {
        let value = value.to_str().map_err(|_| Misunderstood::Connection)?;
        for name in value.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| Misunderstood::Connection)?;
            let is_private = name.as_str().starts_with("x-") && !is_of_http(name.as_str());
            if !is_private && !MAY_GO.contains(&name.as_str()) {
                return Err(Misunderstood::Connection);
            }
        }
    }
    Ok(())
}

fn websocket(request: &Parts) -> Result<bool, Misunderstood> {
    let headers = &request.headers;
    let names_websocket = |value: &http::HeaderValue| {
        value.to_str().is_ok_and(|value| value.split(',').any(|name| name.trim().eq_ignore_ascii_case("websocket")))
    };
    // Any other protocol may be ignored (RFC 9110 section 7.8), and is.
    if request.version != Version::HTTP_11 || !headers.get_all(UPGRADE).iter().any(names_websocket) {
        return Ok(false);
    }
    let sole = |name: &str| {
        let mut values = headers.get_all(name).iter();
        values.next().filter(|_| values.next().is_none()).map(http::HeaderValue::as_bytes)
    };
    let wants = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let wants_upgrade =
        wants.flat_map(|value| value.split(',')).any(|name| name.trim().eq_ignore_ascii_case("upgrade"));
    let has_body =
        headers.contains_key(TRANSFER_ENCODING) || headers.get(CONTENT_LENGTH).is_some_and(|length| length != "0");
    let is_handshake = request.method == Method::GET
        && wants_upgrade
        && !has_body
        && sole("upgrade").is_some_and(|value| value.eq_ignore_ascii_case(b"websocket"))
        && sole("sec-websocket-version") == Some(b"13")
        // RFC 6455 section 4.1: 16 bytes in base64.
        && sole("sec-websocket-key").is_some_and(|key| key.len() == 24 && key.ends_with(b"=="));
    if is_handshake { Ok(true) } else { Err(Misunderstood::Upgrade) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    type Headers = Vec<(&'static str, &'static str)>;

    fn outcome(change: impl FnOnce(http::request::Builder) -> http::request::Builder) -> &'static str {
        let request = change(Request::builder().uri("/orders?page=2")).body(()).unwrap();
        let (parts, ()) = request.into_parts();
        match understand(&parts) {
            Ok(Understood { websocket: true, .. }) => "websocket",
            Ok(_) => "understood",
            Err(misunderstood) => misunderstood.code(),
        }
    }

    #[test]
    fn a_plain_request_is_understood() {
        let request = Request::builder().uri("/orders?page=2").header("host", "api.example:8443").body(()).unwrap();
        let (parts, ()) = request.into_parts();
        let understood = Understood { target: "/orders?page=2", host: "api.example:8443", websocket: false };
        assert_eq!(understand(&parts), Ok(understood));
    }

    #[test]
    fn what_http_itself_reads_in_one_way_only_goes_on() {
        for (headers, code) in [
            (&[("host", "a")][..], "understood"),
            (&[("host", "[::1]:80")], "understood"),
            (&[], "request.host"),
            (&[("host", "")], "request.host"),
            (&[("host", "a"), ("host", "a")], "request.host"),
            (&[("host", "user@a")], "request.host"),
            (&[("host", "a/b")], "request.host"),
            (&[("host", "a b")], "request.host"),
            (&[("host", "a,b")], "request.host"),
            (&[("host", "a:b")], "request.host"),
            (&[("host", "a"), ("transfer-encoding", "Chunked")], "understood"),
            (&[("host", "a"), ("transfer-encoding", "gzip, chunked")], "request.transfer_encoding"),
            (&[("host", "a"), ("transfer-encoding", "chunked"), ("content-length", "0")], "request.transfer_encoding"),
            (
                &[("host", "a"), ("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")],
                "request.transfer_encoding",
            ),
            (&[("host", "a"), ("content-length", "5")], "understood"),
            (&[("host", "a"), ("content-length", "+5")], "request.content_length"),
            (&[("host", "a"), ("content-length", "5, 5")], "request.content_length"),
            (&[("host", "a"), ("content-length", "5"), ("content-length", "5")], "request.content_length"),
            (&[("host", "a"), ("expect", "100-Continue")], "understood"),
            (&[("host", "a"), ("expect", "200-ok")], "request.expect"),
            (&[("host", "a"), ("transfer_encoding", "chunked")], "request.disguised_header"),
            (&[("host", "a"), ("content_length", "5")], "request.disguised_header"),
            (&[("host", "a"), ("x_forwarded_for", "::1")], "request.disguised_header"),
            (&[("host", "a"), ("x_request_id", "5")], "understood"),
            (&[("host", "a"), ("connection", "close, TE")], "understood"),
            (&[("host", "a"), ("connection", "x-of-this-hop")], "understood"),
            (&[("host", "a"), ("connection", "host")], "request.connection"),
            (&[("host", "a"), ("connection", "content-length")], "request.connection"),
            (&[("host", "a"), ("connection", "cookie")], "request.connection"),
            (&[("host", "a"), ("connection", "x-forwarded-for")], "request.connection"),
            (&[("host", "a"), ("connection", "a b")], "request.connection"),
        ] {
            let outcome =
                outcome(|request| headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)));
            assert_eq!(outcome, code, "{headers:?}");
        }
    }

    #[test]
    fn methods_versions_and_targets_that_are_for_others_do_not_go_on() {
        let with_host = |request: http::request::Builder| request.header("host", "a");
        assert_eq!(outcome(|request| with_host(request).method("CONNECT")), "request.method");
        assert_eq!(outcome(|request| with_host(request).method("TRACE")), "request.method");
        assert_eq!(outcome(|request| with_host(request).method("QUERY")), "understood");
        assert_eq!(outcome(|request| with_host(request).version(Version::HTTP_10)), "request.version");
        for uri in ["http://a/orders", "*", "/\u{e4}"] {
            assert_eq!(outcome(|request| with_host(request).uri(uri)), "request.target", "{uri}");
        }
        let second =
            |uri: &'static str| move |request: http::request::Builder| request.version(Version::HTTP_2).uri(uri);
        assert_eq!(outcome(second("https://a/orders")), "understood");
        assert_eq!(outcome(|request| second("https://a/orders")(request).header("host", "A")), "understood");
        assert_eq!(outcome(|request| second("https://a/orders")(request).header("host", "b")), "request.host");
        assert_eq!(outcome(|request| second("https://u@a/orders")(request)), "request.host");
    }

    #[test]
    fn only_a_whole_handshake_becomes_a_websocket_and_no_other_protocol_is_spoken() {
        const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
        let handshake = [
            ("host", "a"),
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "websocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", KEY),
        ];
        let with = |change: &dyn Fn(&mut Headers)| {
            let mut headers = handshake.to_vec();
            change(&mut headers);
            outcome(|request| headers.iter().fold(request, |request, (name, value)| request.header(*name, *value)))
        };
        assert_eq!(with(&|_| {}), "websocket");
        for missing in [1, 3, 4] {
            assert_eq!(with(&|headers| _ = headers.remove(missing)), "request.upgrade", "{:?}", handshake[missing]);
        }
        assert_eq!(with(&|headers| headers[2].1 = "h2c"), "understood");
        assert_eq!(with(&|headers| headers[2].1 = "websocket, h2c"), "request.upgrade");
        assert_eq!(with(&|headers| headers.push(("content-length", "5"))), "request.upgrade");
        assert_eq!(with(&|headers| headers.push(("transfer-encoding", "chunked"))), "request.upgrade");
        assert_eq!(with(&|headers| headers.push(("sec-websocket-key", KEY))), "request.upgrade");
    }
}

//! The headers of a message on its way through: pure.

use std::net::IpAddr;

use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, COOKIE, EXPECT, FORWARDED, HOST, HeaderMap, HeaderName, HeaderValue,
    PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE, VIA,
};

use crate::decide::{PROOF, identity};

/// What the application learns about a request beside what the client said.
#[derive(Debug)]
pub(super) struct About<'a> {
    /// Who sent it.
    pub(super) peer: Option<IpAddr>,
    /// `http` or `https`.
    pub(super) scheme: &'static str,
    /// For which host.
    pub(super) host: &'a str,
    /// Who calls: all identity headers, empty where there is nothing to say.
    pub(super) identity: &'a HeaderMap,
    /// Whether the application sees the token.
    pub(super) pass_token: bool,
    /// The header by which a proxy in front tells the guard of the client's certificate.
    pub(super) certificate_header: Option<&'a HeaderName>,
    /// Whether the request is a WebSocket handshake.
    pub(super) websocket: bool,
    /// The value of `Host` for the application.
    pub(super) upstream_host: &'a str,
}

/// The headers with which a request goes on: of those that came, what is for the application; then what the guard says.
pub(super) fn for_upstream(came: &HeaderMap, about: &About<'_>) -> HeaderMap {
    let named = named_by_connection(came);
    let mut headers = HeaderMap::with_capacity(came.len() + 8);
    for (name, value) in came {
        let is_ours = is_of_one_hop(name) || named.contains(name) || says_who_or_where(name) || *name == COOKIE;
        if !is_ours
            && *name != HOST
            && *name != CONTENT_LENGTH
            && about.certificate_header != Some(name)
            && (about.pass_token || (*name != AUTHORIZATION && *name != PROOF))
        {
            headers.append(name.clone(), value.clone());
        }
    }
    // RFC 9113 section 8.2.3: HTTP/2 may split what HTTP/1.1 has in one line.
    if let Some(cookies) = joined(came, &COOKIE, b"; ") {
        headers.insert(COOKIE, cookies);
    }
    let identity = about.identity.iter().filter(|(_, value)| !value.is_empty());
    headers.extend(identity.map(|(name, value)| (name.clone(), value.clone())));
    let mut say = |name: HeaderName, value: &str| {
        // A host and an address are always values.
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.append(name, value);
        }
    };
    say(HOST, about.upstream_host);
    say(HeaderName::from_static("x-forwarded-host"), about.host);
    say(HeaderName::from_static("x-forwarded-proto"), about.scheme);
    if let Some(peer) = about.peer {
        let peer = peer.to_canonical();
        say(HeaderName::from_static("x-forwarded-for"), &peer.to_string());
        // RFC 7239 section 6: an IPv6 address stands in brackets and quotes.
        let node = if peer.is_ipv6() { format!("\"[{peer}]\"") } else { peer.to_string() };
        say(FORWARDED, &format!("for={node};host=\"{}\";proto={}", about.host, about.scheme));
    }
    say(VIA, VIA_US);
    if about.websocket {
        say(CONNECTION, "upgrade");
        say(UPGRADE, "websocket");
    }
    headers
}

/// The headers with which an answer goes back.
pub(super) fn for_client(came: &HeaderMap, websocket: bool) -> HeaderMap {
    let named = named_by_connection(came);
    let mut headers = HeaderMap::with_capacity(came.len() + 2);
    for (name, value) in came {
        if !is_of_one_hop(name) && !named.contains(name) {
            headers.append(name.clone(), value.clone());
        }
    }
    headers.append(VIA, HeaderValue::from_static(VIA_US));
    if websocket {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    }
    headers
}

/// RFC 9110 section 7.6.3.
const VIA_US: &str = "1.1 probity";

/// RFC 9110 section 7.6.1, and what came before it.
fn is_of_one_hop(name: &HeaderName) -> bool {
    let standard =
        [CONNECTION, EXPECT, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];
    standard.contains(name) || ["keep-alive", "proxy-connection", "http2-settings"].contains(&name.as_str())
}

fn named_by_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    let values = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).filter_map(|name| name.trim().parse().ok()).collect()
}

/// Who calls, from where, and for which path: only the guard says so.
fn says_who_or_where(name: &HeaderName) -> bool {
    const OTHERS: [&str; 5] = ["forwarded", "x-real-ip", "x-client-ip", "x-rewrite-url", "x-forwarded"];
    let text = name.as_str();
    identity::ALL.contains(name)
        || OTHERS.contains(&text)
        || text.starts_with("x-forwarded-")
        || text.starts_with("x-original-")
}

fn joined(headers: &HeaderMap, name: &HeaderName, between: &[u8]) -> Option<HeaderValue> {
    let values: Vec<&[u8]> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
    if values.is_empty() { None } else { HeaderValue::from_bytes(&values.join(between)).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn map(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        map
    }

    fn about(identity: &HeaderMap) -> About<'_> {
        About {
            peer: Some("2001:db8::1".parse().unwrap()),
            scheme: "https",
            host: "shop.example",
            identity,
            pass_token: false,
            certificate_header: None,
            websocket: false,
            upstream_host: "127.0.0.1:3000",
        }
    }

    fn text(headers: &HeaderMap) -> Vec<String> {
        let mut lines: Vec<_> =
            headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        lines.sort();
        lines
    }

    #[test]
    fn the_application_sees_what_is_meant_for_it_and_what_the_guard_says() {
        let identity = map(&[("x-auth-subject", "alice"), ("x-auth-session", "")]);
        let came = map(&[
            ("accept", "text/html"),
            ("accept", "*/*"),
            ("host", "shop.example"),
            ("cookie", "a=1"),
            ("cookie", "b=2"),
            ("authorization", "Bearer t"),
            ("connection", "keep-alive, x-hop"),
            ("keep-alive", "timeout=5"),
            ("x-hop", "1"),
            ("te", "trailers"),
            ("upgrade", "h2c"),
            ("http2-settings", "x"),
            ("transfer-encoding", "chunked"),
            ("expect", "100-continue"),
            ("x-auth-subject", "root"),
            ("x-auth-client", "root"),
            ("x-forwarded-for", "10.0.0.1"),
            ("x-forwarded-prefix", "/admin"),
            ("forwarded", "for=10.0.0.1"),
            ("x-original-url", "/admin"),
            ("x-rewrite-url", "/admin"),
            ("via", "1.1 front"),
        ]);
        assert_eq!(
            text(&for_upstream(&came, &about(&identity))),
            [
                "accept: */*",
                "accept: text/html",
                "cookie: a=1; b=2",
                "forwarded: for=\"[2001:db8::1]\";host=\"shop.example\";proto=https",
                "host: 127.0.0.1:3000",
                "via: 1.1 front",
                "via: 1.1 probity",
                "x-auth-subject: alice",
                "x-forwarded-for: 2001:db8::1",
                "x-forwarded-host: shop.example",
                "x-forwarded-proto: https",
            ]
        );
        let certificate = HeaderName::from_static("x-cert");
        let came_with = map(&[("x-cert", "1"), ("x-cert", "2"), ("accept", "*/*")]);
        let told = About { certificate_header: Some(&certificate), ..about(&identity) };
        assert!(!for_upstream(&came_with, &told).contains_key("x-cert"), "it is for the guard");
        let with_token = About { pass_token: true, websocket: true, ..about(&identity) };
        let headers = for_upstream(&came, &with_token);
        assert_eq!(headers[AUTHORIZATION], "Bearer t");
        assert_eq!(
            (&headers[CONNECTION], &headers[UPGRADE]),
            (&"upgrade".parse().unwrap(), &"websocket".parse().unwrap())
        );
    }

    #[test]
    fn an_answer_loses_what_was_for_the_hop_before() {
        let came = map(&[
            ("content-length", "5"),
            ("connection", "close, x-hop"),
            ("x-hop", "1"),
            ("set-cookie", "a=1"),
            ("set-cookie", "b=2"),
            ("transfer-encoding", "chunked"),
        ]);
        let expected = ["content-length: 5", "set-cookie: a=1", "set-cookie: b=2", "via: 1.1 probity"];
        assert_eq!(text(&for_client(&came, false)), expected);
    }

    proptest! {
        #[test]
        fn an_identity_header_is_the_guards_or_not_there(
            which in 0..identity::ALL.len(),
            value in "[a-z]{1,5}",
            subject in prop::option::of("[A-Z]{1,5}"),
        ) {
            let said = subject.unwrap_or_default();
            let identity = map(&[("x-auth-subject", &said)]);
            let known = identity::ALL;
            let name = known[which].as_str();
            let came = map(&[(name, &value), (name, &value), ("connection", "close")]);
            let headers = for_upstream(&came, &about(&identity));
            prop_assert!(identity::ALL.iter().flat_map(|name| headers.get_all(name)).all(|value| *value == *said));
        }
    }
}

//! Whether a request that a cookie speaks for was made by the application's own pages: pure.
//!
//! Fetch Metadata says so, and `Origin`; a browser sends them by itself, and no page can change them. What neither says of an
//! unsafe request is refused.

use http::header::{HeaderMap, ORIGIN, UPGRADE};
use http::{HeaderName, Method};

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// Whether the cookie may speak for the request. `origin` is the application's own.
pub(super) fn is_own(method: &Method, headers: &HeaderMap, origin: &str) -> bool {
    // A WebSocket begins with GET, and from then on is as unsafe as anything; CORS does not hold it back.
    let is_safe = [Method::GET, Method::HEAD].contains(method) && !headers.contains_key(UPGRADE);
    let from_here = match text(headers, &ORIGIN) {
        Said::Once(said) => Some(said == origin),
        Said::Nothing => None,
        Said::Unclear => return false,
    };
    let site = match text(headers, &SITE) {
        Said::Once(site) => Some(site),
        Said::Nothing => None,
        Said::Unclear => return false,
    };
    if is_safe {
        // A link from elsewhere leads here, but nothing else from elsewhere is answered.
        let followed = matches!(text(headers, &MODE), Said::Once("navigate"))
            && !matches!(text(headers, &DEST), Said::Once("object" | "embed" | "iframe" | "frame" | "fencedframe"));
        return match site {
            Some("same-origin" | "none") | None => from_here != Some(false),
            Some(_) => followed && *method == Method::GET,
        };
    }
    match from_here {
        // `none` is a user's own doing, such as a reload.
        Some(from_here) => from_here && matches!(site, Some("same-origin" | "none") | None),
        None => matches!(site, Some("same-origin" | "none")),
    }
}

/// Whether the request loads a page into a browser's window, so that it can be sent to log in.
pub(super) fn is_navigation(method: &Method, headers: &HeaderMap) -> bool {
    if *method != Method::GET || headers.contains_key(UPGRADE) {
        return false;
    }
    match (text(headers, &MODE), text(headers, &DEST)) {
        (Said::Once(mode), Said::Once(dest)) => mode == "navigate" && dest == "document",
        (Said::Nothing, Said::Nothing) => headers
            .get(http::header::ACCEPT)
            .and_then(|accept| accept.to_str().ok())
            .is_some_and(|accept| accept.split(',').any(|kind| kind.trim().starts_with("text/html"))),
        _ => false,
    }
}

enum Said<'a> {
    Nothing,
    Once(&'a str),
    Unclear,
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Said<'a> {
    let mut values = headers.get_all(name).iter();
    match (values.next().map(|value| value.to_str()), values.next()) {
        (None, _) => Said::Nothing,
        (Some(Ok(value)), None) => Said::Once(value),
        _ => Said::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OWN: &str = "https://shop.example";

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        map
    }

    fn own(method: &Method, pairs: &[(&str, &str)]) -> bool {
        is_own(method, &headers(pairs), OWN)
    }

    #[test]
    fn the_applications_own_pages_may_do_everything() {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            assert!(own(&method, &[("sec-fetch-site", "same-origin"), ("origin", OWN)]));
            assert!(own(&method, &[("sec-fetch-site", "same-origin")]));
        }
        assert!(own(&Method::POST, &[("origin", OWN)]), "a browser without Fetch Metadata");
        assert!(own(&Method::POST, &[("origin", OWN), ("sec-fetch-site", "none")]), "a reload");
        assert!(own(&Method::GET, &[]));
        assert!(own(&Method::GET, &[("upgrade", "websocket"), ("origin", OWN)]));
    }

    #[test]
    fn other_sites_may_only_link_here() {
        let link = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        assert!(own(&Method::GET, &link));
        assert!(!own(&Method::POST, &link));
        assert!(!own(&Method::GET, &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")]));
        let frame = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")];
        assert!(!own(&Method::GET, &frame));
    }

    #[test]
    fn what_says_nothing_is_safe_or_refused() {
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS] {
            assert!(!own(&method, &[]));
        }
        assert!(!own(&Method::GET, &[("upgrade", "websocket")]));
    }

    proptest! {
        #[test]
        fn no_unsafe_request_with_a_foreign_origin_or_site_passes(
            method in prop::sample::select(vec!["POST", "PUT", "PATCH", "DELETE", "GET"]),
            origin in prop::sample::select(vec!["null", "http://shop.example", "https://shop.example.evil", "https://evil.example", "https://shop.example:8443", ""]),
            site in prop::option::of(prop::sample::select(vec!["same-origin", "same-site", "cross-site", "none", "x"])),
            mode in prop::sample::select(vec!["navigate", "cors", "no-cors", "websocket"]),
            twice in any::<bool>(),
        ) {
            let mut pairs = vec![("upgrade", "websocket"), ("origin", origin), ("sec-fetch-mode", mode)];
            pairs.extend(site.map(|site| ("sec-fetch-site", site)));
            if twice {
                pairs.push(("origin", OWN));
            }
            prop_assert!(!is_own(&method.parse().unwrap(), &headers(&pairs), OWN));
        }

        #[test]
        fn a_same_site_sibling_can_do_nothing_unsafe(method in prop::sample::select(vec!["POST", "PUT", "DELETE"]), origin in prop::option::of(Just(OWN))) {
            let mut pairs = vec![("sec-fetch-site", "same-site")];
            pairs.extend(origin.map(|origin| ("origin", origin)));
            prop_assert!(!is_own(&method.parse().unwrap(), &headers(&pairs), OWN));
        }
    }
}

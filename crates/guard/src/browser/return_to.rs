//! Where a browser goes after a login: a path of the application and nothing else. Pure.

/// The longest path that is remembered, in bytes: it travels in `state`, of which an authority takes some 2,000.
pub(super) const MAX_RETURN_BYTES: usize = 1_024;

/// A path, with its query, that every browser understands to be on this very origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReturnTo(String);

impl ReturnTo {
    /// Reads one. The back end's own pages, below `prefix`, are none: a login that leads to a login never ends.
    pub(super) fn parse(text: &str, prefix: &str) -> Option<Self> {
        // The WHATWG URL standard reads a backslash as a slash and drops tabs and newlines; a second slash begins a host.
        let is_path = text.starts_with('/') && !text.starts_with("//");
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\' && byte != b'#');
        let path = text.split('?').next().unwrap_or_default();
        let dotted = path.split('/').any(|segment| segment.starts_with('.') && segment.trim_matches('.').is_empty());
        let own = text.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
        let fits = is_path && is_plain && !dotted && !own && text.len() <= MAX_RETURN_BYTES;
        fits.then(|| Self(text.to_owned()))
    }

    /// The root, which is always good.
    pub(super) fn root() -> Self {
        Self("/".to_owned())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use url::Url;

    const ORIGIN: &str = "https://shop.example";

    #[test]
    fn a_path_is_taken_and_what_could_leave_the_origin_is_not() {
        for good in ["/", "/orders", "/orders?x=1&y=//evil.example", "/a/b.c/..d", "/.well-known/x", "/%2f%2fevil"] {
            assert_eq!(ReturnTo::parse(good, "/.probity").as_ref().map(ReturnTo::as_str), Some(good));
        }
        for bad in [
            "",
            "orders",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example",
            "/\t/evil.example",
            "/ /x",
            "/x\r\nSet-Cookie: a=b",
            "/ü",
            "/#x",
            "/../x",
            "/a/./b",
            "javascript:alert(1)",
            "/.probity/login",
            "/.probity",
            "/.probity?x",
            &format!("/{}", "x".repeat(MAX_RETURN_BYTES)),
        ] {
            assert_eq!(ReturnTo::parse(bad, "/.probity"), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_taken_is_on_this_origin_and_itself(text in "/[/\\\\.a:@?#%\t\r\n]{0,4}[a-z./:@]{0,8}|\\PC{0,20}") {
            if let Some(path) = ReturnTo::parse(&text, "/.probity") {
                let url = Url::parse(ORIGIN).unwrap().join(path.as_str()).unwrap();
                prop_assert_eq!(url.origin().ascii_serialization(), ORIGIN);
                prop_assert!(!url.path().starts_with("/.probity/"));
            }
        }
    }
}

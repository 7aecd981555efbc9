//! The path of a request, in the one form in which rules are matched. Whatever another hop might read differently is refused.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// The longest path that is looked at, in bytes.
pub const MAX_PATH_BYTES: usize = 8 * 1024;

/// The most segments of a path.
pub const MAX_SEGMENTS: usize = 64;

/// A path as its decoded segments. A slash at the end makes no difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoutePath<'a>(Vec<Cow<'a, str>>);

/// Why a path is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum BadPath {
    /// It is longer than [`MAX_PATH_BYTES`] or has more than [`MAX_SEGMENTS`] segments.
    #[error("it is too long")]
    TooLong,
    /// It does not begin with a slash.
    #[error("it does not begin with /")]
    NotAbsolute,
    /// Two slashes in a row: some servers read them as one.
    #[error("it has an empty segment")]
    EmptySegment,
    /// `.` or `..`, plain or encoded.
    #[error("it has a dot segment")]
    DotSegment,
    /// A slash or backslash within a segment, plain or encoded.
    #[error("it has a slash or backslash within a segment")]
    Separator,
    /// `;`, which some servers cut off with what follows.
    #[error("it has a path parameter")]
    Parameter,
    /// `?` or `#` in encoded form: what follows would be query to whoever decodes twice.
    #[error("it has an encoded delimiter")]
    Delimiter,
    /// A percent sign without two hexadecimal digits, or one that appears only after decoding.
    #[error("its percent-encoding is malformed or doubled")]
    Encoding,
    /// Not UTF-8, or a control character, NUL among them.
    #[error("it has bytes that are no text")]
    NotText,
}

impl<'a> RoutePath<'a> {
    /// Reads the path of an origin-form target (RFC 9112 section 3.2.1); its query is left out.
    ///
    /// # Errors
    /// [`BadPath`]
    pub fn parse(target: &'a str) -> Result<Self, BadPath> {
        let path = target.split_once('?').map_or(target, |(path, _)| path);
        if path.len() > MAX_PATH_BYTES {
            return Err(BadPath::TooLong);
        }
        let path = path.strip_prefix('/').ok_or(BadPath::NotAbsolute)?;
        let path = path.strip_suffix('/').unwrap_or(path);
        if path.is_empty() {
            // A second slash was the one that has been taken off.
            return if target.starts_with("//") { Err(BadPath::EmptySegment) } else { Ok(Self(Vec::new())) };
        }
        if path.split('/').count() > MAX_SEGMENTS {
            return Err(BadPath::TooLong);
        }
        path.split('/').map(segment).collect::<Result<_, _>>().map(Self)
    }

    /// The decoded segments.
    pub fn segments(&self) -> &[Cow<'a, str>] {
        &self.0
    }
}

fn segment(raw: &str) -> Result<Cow<'_, str>, BadPath> {
    if raw.is_empty() {
        return Err(BadPath::EmptySegment);
    }
    if !is_well_encoded(raw.as_bytes()) {
        return Err(BadPath::Encoding);
    }
    let decoded = percent_decode_str(raw).decode_utf8().map_err(|_| BadPath::NotText)?;
    if decoded == "." || decoded == ".." {
        return Err(BadPath::DotSegment);
    }
    match decoded.chars().find_map(forbidden) {
        Some(reason) => Err(reason),
        None => Ok(decoded),
    }
}

fn is_well_encoded(raw: &[u8]) -> bool {
    let mut after_percent = raw.split(|byte| *byte == b'%').skip(1);
    after_percent.all(|rest| matches!(rest, [high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit()))
}

/// What must not be in a segment, after decoding.
fn forbidden(c: char) -> Option<BadPath> {
    match c {
        '/' | '\\' => Some(BadPath::Separator),
        ';' => Some(BadPath::Parameter),
        '?' | '#' => Some(BadPath::Delimiter),
        '%' => Some(BadPath::Encoding),
        c if c.is_control() => Some(BadPath::NotText),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn segments(target: &str) -> Vec<String> {
        let path = RoutePath::parse(target).unwrap_or_else(|error| panic!("{target}: {error}"));
        path.segments().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_plain_path_is_its_segments_and_its_query_is_no_part_of_it() {
        assert_eq!(segments("/"), [""; 0]);
        assert_eq!(segments("/?a=/../b"), [""; 0]);
        assert_eq!(segments("/orders/7?x=%2f//"), ["orders", "7"]);
        assert_eq!(segments("/orders/"), ["orders"]);
        assert_eq!(segments("/a%20b/%c3%a4/.well-known/..."), ["a b", "ä", ".well-known", "..."]);
        assert_eq!(segments("/%61dmin"), ["admin"], "encoded and plain letters are the same");
    }

    #[test]
    fn every_known_path_trick_is_refused() {
        for (target, reason) in [
            ("", BadPath::NotAbsolute),
            ("admin", BadPath::NotAbsolute),
            ("*", BadPath::NotAbsolute),
            ("http://elsewhere/admin", BadPath::NotAbsolute),
            ("?/admin", BadPath::NotAbsolute),
            ("//", BadPath::EmptySegment),
            ("//admin", BadPath::EmptySegment),
            ("/public//admin", BadPath::EmptySegment),
            ("/admin//", BadPath::EmptySegment),
            ("/./admin", BadPath::DotSegment),
            ("/public/../admin", BadPath::DotSegment),
            ("/public/..", BadPath::DotSegment),
            ("/public/%2e%2E/admin", BadPath::DotSegment),
            ("/public/.%2e/admin", BadPath::DotSegment),
            ("/public/..;/admin", BadPath::Parameter),
            ("/public/..%3b/admin", BadPath::Parameter),
            ("/admin;x=1", BadPath::Parameter),
            ("/public%2fadmin", BadPath::Separator),
            ("/public/..%2Fadmin", BadPath::Separator),
            ("/public\\..\\admin", BadPath::Separator),
            ("/public%5cadmin", BadPath::Separator),
            ("/admin%3Fx", BadPath::Delimiter),
            ("/admin%23", BadPath::Delimiter),
            ("/admin#x", BadPath::Delimiter),
            ("/%252e%252e/admin", BadPath::Encoding),
            ("/admin%", BadPath::Encoding),
            ("/admin%2", BadPath::Encoding),
            ("/%u002e/admin", BadPath::Encoding),
            ("/admin%zz", BadPath::Encoding),
            ("/admin%00", BadPath::NotText),
            ("/admin%0a", BadPath::NotText),
            ("/admin\u{7f}", BadPath::NotText),
            ("/%c0%ae%c0%ae/admin", BadPath::NotText),
            ("/%ff", BadPath::NotText),
        ] {
            assert_eq!(RoutePath::parse(target), Err(reason), "{target}");
        }
        assert_eq!(RoutePath::parse(&format!("/{}", "a".repeat(MAX_PATH_BYTES))), Err(BadPath::TooLong));
        assert_eq!(RoutePath::parse(&"/a".repeat(MAX_SEGMENTS + 1)), Err(BadPath::TooLong));
        assert_eq!(segments(&"/a".repeat(MAX_SEGMENTS)).len(), MAX_SEGMENTS);
    }

    proptest! {
        #[test]
        fn what_is_accepted_means_the_same_to_every_way_of_reading_it(target in "/[a-zA-Z0-9%./;\\\\?#_~ -]{0,40}") {
            if let Ok(path) = RoutePath::parse(&target) {
                // Decoding once more, joining and resolving dots all change nothing.
                let joined = format!("/{}", path.segments().join("/"));
                let url = url::Url::parse("http://host").unwrap().join(&joined.replace(' ', "%20")).unwrap();
                let resolved = percent_decode_str(url.path()).decode_utf8().unwrap().into_owned();
                prop_assert_eq!(resolved, joined.clone());
                prop_assert!(!joined.contains("//") && !joined.contains('%'));
            }
        }
    }
}

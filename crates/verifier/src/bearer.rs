//! Tokens in HTTP: finds the one credential of a request (RFC 6750 section 2.1 and RFC 9449 section 7.1, and no other way), and
//! asks for one (RFC 6750 section 3).

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};

/// The longest token that is looked at, in bytes.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// Why a request has no credential that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum BadCredentials {
    /// None came.
    #[error("the request has no credentials")]
    Missing,
    /// More than one came: which of them another hop would believe can't be known.
    #[error("the request has more than one credential")]
    Several,
    /// The `Authorization` header is not `Bearer` and a token.
    #[error("the Authorization header is not Bearer and a token")]
    Malformed,
    /// The token is longer than [`MAX_TOKEN_BYTES`].
    #[error("the token has more than {MAX_TOKEN_BYTES} bytes")]
    TooLarge,
}

/// The scheme by which a token came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// RFC 6750.
    Bearer,
    /// RFC 9449 section 7.1: with a proof.
    Dpop,
}

/// The credential of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credentials<'a> {
    /// The scheme by which the token came.
    pub scheme: Scheme,
    /// The token.
    pub token: &'a str,
}

/// The bearer token of a request with these headers for this URI.
///
/// # Errors
/// As [`credentials`]; [`BadCredentials::Malformed`] for another scheme.
pub fn bearer_token<'a>(headers: &'a HeaderMap, uri: &str) -> Result<&'a str, BadCredentials> {
    match credentials(headers, uri)? {
        Credentials { scheme: Scheme::Bearer, token } => Ok(token),
        Credentials { scheme: Scheme::Dpop, .. } => Err(BadCredentials::Malformed),
    }
}

/// The credential of a request with these headers for this URI.
///
/// # Errors
/// [`BadCredentials`]. A token in the query is no credential (RFC 9700 section 4.3.2), but beside a header it is one too
/// many.
pub fn credentials<'a>(headers: &'a HeaderMap, uri: &str) -> Result<Credentials<'a>, BadCredentials> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Err(BadCredentials::Missing);
    };
    if values.next().is_some() || query_has_token(uri) {
        return Err(BadCredentials::Several);
    }
    if value.len() > MAX_TOKEN_BYTES + "Bearer ".len() {
        return Err(BadCredentials::TooLarge);
    }
    // RFC 9110 section 11.1: the scheme's case does not matter. Exactly one space, then b64token.
    let text = value.to_str().map_err(|_| BadCredentials::Malformed)?;
    let (scheme, token) = text.split_once(' ').ok_or(BadCredentials::Malformed)?;
    let scheme = [(Scheme::Bearer, "Bearer"), (Scheme::Dpop, "DPoP")]
        .into_iter()
        .find_map(|(known, name)| scheme.eq_ignore_ascii_case(name).then_some(known))
        .ok_or(BadCredentials::Malformed)?;
    if is_b64token(token) { Ok(Credentials { scheme, token }) } else { Err(BadCredentials::Malformed) }
}

/// The value of `WWW-Authenticate` that asks for a token (RFC 6750 section 3, RFC 9449 section 7.1), with these parameters after
/// the realm. What may not stand in one is left out of it.
pub fn challenge<'a>(scheme: Scheme, parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> Option<HeaderValue> {
    let scheme = match scheme {
        Scheme::Bearer => "Bearer",
        Scheme::Dpop => "DPoP",
    };
    let mut challenge = format!("{scheme} realm=\"probity\"");
    for (name, value) in parameters {
        challenge.extend([", ", name, "=\""]);
        challenge.extend(value.chars().filter(|c| is_quotable(*c)));
        challenge.push('"');
    }
    HeaderValue::try_from(challenge).ok()
}

/// RFC 6750 section 3: what may stand in `error_description` and `scope`.
const fn is_quotable(c: char) -> bool {
    matches!(c, ' '..='~') && c != '"' && c != '\\'
}

/// RFC 6750 section 2.1: one or more of these, then any number of `=`.
fn is_b64token(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    !body.is_empty() && body.bytes().all(allowed)
}

fn query_has_token(uri: &str) -> bool {
    let query = uri.split_once('?').map_or("", |(_, query)| query);
    query.split(['&', ';']).any(|pair| {
        let name = pair.split_once('=').map_or(pair, |(name, _)| name);
        // An encoded name means the same to whoever decodes it.
        name == "access_token" || (name.contains('%') && decoded_is_access_token(name))
    })
}

fn decoded_is_access_token(name: &str) -> bool {
    let mut rest = name.as_bytes();
    let mut wanted = b"access_token".iter();
    while let Some((first, tail)) = rest.split_first() {
        let (byte, tail) = match (first, tail) {
            (b'%', [high, low, tail @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, tail),
                _ => return false,
            },
            (byte, tail) => (*byte, tail),
        };
        if wanted.next() != Some(&byte) {
            return false;
        }
        rest = tail;
    }
    wanted.next().is_none()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(values: &[&str], uri: &str) -> Result<String, BadCredentials> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        bearer_token(&headers, uri).map(str::to_owned)
    }

    #[test]
    fn a_bearer_token_is_found_whatever_the_case_of_the_scheme() {
        for scheme in ["Bearer", "bearer", "BEARER"] {
            assert_eq!(find(&[&format!("{scheme} abc.def-_~+/==")], "/"), Ok("abc.def-_~+/==".into()));
        }
    }

    #[test]
    fn anything_but_one_scheme_one_space_one_token_is_malformed() {
        let bad = [
            "",
            "Bearer",
            "Bearer ",
            "Bearer  abc",
            "Bearer abc def",
            "Bearer abc,def",
            "Basic abc",
            "Bearer\tabc",
            "abc",
            "Bearer =abc",
            "Bearer a=b",
            "Bearer ab\u{e4}",
            "BearerX abc",
            "Bearer \"abc\"",
            "DPoP abc",
        ];
        for value in bad {
            assert_eq!(find(&[value], "/"), Err(BadCredentials::Malformed), "{value:?}");
        }
    }

    #[test]
    fn no_request_with_two_credentials_passes() {
        assert_eq!(find(&["Bearer a", "Bearer a"], "/"), Err(BadCredentials::Several));
        assert_eq!(find(&["Bearer a", "Basic b"], "/"), Err(BadCredentials::Several));
        for query in
            ["access_token=x", "a=b&access_token=x", "a;access_token", "acc%65ss_token=x", "%61ccess%5ftoken=1"]
        {
            assert_eq!(find(&["Bearer a"], &format!("/p?{query}")), Err(BadCredentials::Several), "{query}");
        }
        for query in ["access_tokens=x", "x=access_token", "acc%6ss_token=x", "%61"] {
            assert_eq!(find(&["Bearer a"], &format!("/p?{query}")), Ok("a".into()), "{query}");
        }
    }

    #[test]
    fn a_token_in_the_query_alone_is_no_credential() {
        assert_eq!(find(&[], "/p?access_token=abc"), Err(BadCredentials::Missing));
    }

    #[test]
    fn a_token_over_the_limit_is_refused_unseen() {
        let most = "a".repeat(MAX_TOKEN_BYTES);
        assert!(find(&[&format!("Bearer {most}")], "/").is_ok());
        assert_eq!(find(&[&format!("Bearer {most}a")], "/"), Err(BadCredentials::TooLarge));
    }
}

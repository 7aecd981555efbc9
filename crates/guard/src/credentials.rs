//! Finds the one credential of a request: RFC 6750 section 2.1, and no other way.

use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::Refusal;

/// The longest token that is looked at, in bytes.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// The token of a request with these headers for this URI.
///
/// # Errors
/// [`Refusal::NoCredentials`], [`Refusal::SeveralCredentials`], [`Refusal::MalformedCredentials`],
/// [`Refusal::TokenTooLarge`]. A token in the query is no credential (RFC 9700 section 4.3.2), but beside a header it is
/// one too many.
pub fn bearer_token<'a>(headers: &'a HeaderMap, uri: &str) -> Result<&'a str, Refusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Err(Refusal::NoCredentials);
    };
    if values.next().is_some() || query_has_token(uri) {
        return Err(Refusal::SeveralCredentials);
    }
    if value.len() > MAX_TOKEN_BYTES + "Bearer ".len() {
        return Err(Refusal::TokenTooLarge);
    }
    // RFC 9110 section 11.1: the scheme's case does not matter. Exactly one space, then b64token.
    let text = value.to_str().map_err(|_| Refusal::MalformedCredentials)?;
    let (scheme, token) = text.split_once(' ').ok_or(Refusal::MalformedCredentials)?;
    if !scheme.eq_ignore_ascii_case("Bearer") || !is_b64token(token) {
        return Err(Refusal::MalformedCredentials);
    }
    Ok(token)
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
    use http::HeaderValue;

    fn find(values: &[&str], uri: &str) -> Result<String, Refusal> {
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
            assert_eq!(find(&[value], "/"), Err(Refusal::MalformedCredentials), "{value:?}");
        }
    }

    #[test]
    fn no_request_with_two_credentials_passes() {
        assert_eq!(find(&["Bearer a", "Bearer a"], "/"), Err(Refusal::SeveralCredentials));
        assert_eq!(find(&["Bearer a", "Basic b"], "/"), Err(Refusal::SeveralCredentials));
        for query in
            ["access_token=x", "a=b&access_token=x", "a;access_token", "acc%65ss_token=x", "%61ccess%5ftoken=1"]
        {
            assert_eq!(find(&["Bearer a"], &format!("/p?{query}")), Err(Refusal::SeveralCredentials), "{query}");
        }
        for query in ["access_tokens=x", "x=access_token", "acc%6ss_token=x", "%61"] {
            assert_eq!(find(&["Bearer a"], &format!("/p?{query}")), Ok("a".into()), "{query}");
        }
    }

    #[test]
    fn a_token_in_the_query_alone_is_no_credential() {
        assert_eq!(find(&[], "/p?access_token=abc"), Err(Refusal::NoCredentials));
    }

    #[test]
    fn a_token_over_the_limit_is_refused_unseen() {
        let most = "a".repeat(MAX_TOKEN_BYTES);
        assert!(find(&[&format!("Bearer {most}")], "/").is_ok());
        assert_eq!(find(&[&format!("Bearer {most}a")], "/"), Err(Refusal::TokenTooLarge));
    }
}

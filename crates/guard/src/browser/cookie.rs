//! The one cookie: read, taken out of what goes on, and set. Pure.

use http::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};

/// Its name. `__Host-`: only this very host can set it, over TLS, for all paths (RFC 6265bis section 4.1.3.2).
pub(super) const NAME: &str = "__Host-probity";

/// The longest value that is looked at, in bytes; ours have 43.
const MAX_VALUE_BYTES: usize = 64;

/// Takes the cookie out of a request. Its value, unless it is not there, comes twice, or is none of ours.
pub(super) fn take(headers: &mut HeaderMap) -> Option<String> {
    let mut found = Vec::new();
    let mut others: Vec<Vec<u8>> = Vec::new();
    for line in headers.get_all(COOKIE) {
        for pair in line.as_bytes().split(|byte| *byte == b';').map(<[u8]>::trim_ascii) {
            let (name, value) = pair.iter().position(|byte| *byte == b'=').map_or((pair, &[][..]), |at| {
                let (name, value) = pair.split_at(at);
                (name, value.get(1..).unwrap_or_default())
            });
            // Some servers compare names without case, or drop the space around them.
            if name.trim_ascii().eq_ignore_ascii_case(NAME.as_bytes()) {
                found.push(value.to_vec());
            } else if !pair.is_empty() {
                others.push(pair.to_vec());
            }
        }
    }
    if !found.is_empty() {
        headers.remove(COOKIE);
        if let Ok(rest) = HeaderValue::from_bytes(&others.join(&b"; "[..]))
            && !rest.is_empty()
        {
            headers.insert(COOKIE, rest);
        }
    }
    match found.as_slice() {
        [value] if value.len() <= MAX_VALUE_BYTES => {
            String::from_utf8(value.clone()).ok().filter(|text| !text.is_empty())
        }
        _ => None,
    }
}

/// `Set-Cookie` with a value; it lasts until the browser is closed. `Lax`, because an authority on another site sends the
/// browser back with the code.
pub(super) fn set(value: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("{NAME}={value}; Path=/; Secure; HttpOnly; SameSite=Lax")).ok()
}

/// `Set-Cookie` that removes it.
pub(super) fn clear() -> HeaderValue {
    HeaderValue::from_static("__Host-probity=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0")
}

/// Drops what an application sets under our name.
pub(super) fn keep_ours(answer: &mut HeaderMap) {
    let is_ours = |value: &HeaderValue| {
        let name = value.as_bytes().split(|byte| *byte == b'=' || *byte == b';').next().unwrap_or_default();
        name.trim_ascii().eq_ignore_ascii_case(NAME.as_bytes())
    };
    if answer.get_all(SET_COOKIE).iter().any(is_ours) {
        let kept: Vec<_> = answer.get_all(SET_COOKIE).iter().filter(|value| !is_ours(value)).cloned().collect();
        answer.remove(SET_COOKIE);
        kept.into_iter().for_each(|value| _ = answer.append(SET_COOKIE, value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn taken(lines: &[&str]) -> (Option<String>, Vec<String>) {
        let mut headers = HeaderMap::new();
        lines.iter().for_each(|line| _ = headers.append(COOKIE, HeaderValue::from_str(line).unwrap()));
        let value = take(&mut headers);
        (value, headers.get_all(COOKIE).iter().map(|line| line.to_str().unwrap().to_owned()).collect())
    }

    #[test]
    fn the_cookie_is_read_and_the_others_go_on() {
        assert_eq!(taken(&["a=1; __Host-probity=abc; b=2"]), (Some("abc".into()), vec!["a=1; b=2".into()]));
        assert_eq!(taken(&["__Host-probity=abc"]), (Some("abc".into()), vec![]));
        assert_eq!(taken(&["a=1", "__Host-probity=abc"]), (Some("abc".into()), vec!["a=1".into()]));
        assert_eq!(taken(&["a=1"]), (None, vec!["a=1".into()]));
        assert_eq!(taken(&["x__Host-probity=abc"]), (None, vec!["x__Host-probity=abc".into()]));
    }

    #[test]
    fn a_cookie_that_comes_twice_is_none_and_neither_goes_on() {
        assert_eq!(taken(&["__Host-probity=a; __Host-probity=b; c=1"]), (None, vec!["c=1".into()]));
        assert_eq!(taken(&["__host-Probity=a", "__Host-probity=b"]), (None, vec![]));
    }

    #[test]
    fn an_application_can_not_set_it() {
        let mut answer = HeaderMap::new();
        answer.append(SET_COOKIE, HeaderValue::from_static("a=1"));
        answer.append(SET_COOKIE, HeaderValue::from_static(" __host-probity=evil; Path=/"));
        keep_ours(&mut answer);
        assert_eq!(answer.get_all(SET_COOKIE).iter().collect::<Vec<_>>(), ["a=1"]);
    }

    proptest! {
        #[test]
        fn it_never_goes_on(before in "[a-z=; ]{0,12}", after in "[a-zA-Z_=; -]{0,12}") {
            let (_, rest) = taken(&[&format!("{before};__Host-probity=secret;{after}")]);
            prop_assert!(rest.iter().all(|line| !line.contains("secret")), "{rest:?}");
        }
    }
}

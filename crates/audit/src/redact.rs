//! What a report may show of tokens and secrets.

use aws_lc_rs::digest::{SHA256, digest};

use crate::evidence::{base64url, find_tokens, to_hex};

/// A token with a hash in place of its signature: it tells all, and opens nothing.
pub(crate) fn token(text: &str) -> String {
    match text.rsplit_once('.') {
        Some((signed, signature)) if !signature.is_empty() && text.split('.').count() == 3 => {
            format!("{signed}.[{}]", fingerprint(signature.as_bytes()))
        }
        Some((_, _)) if text.split('.').count() == 5 => {
            let header = text.split('.').next().unwrap_or_default();
            format!("{header}.[encrypted, {}]", fingerprint(text.as_bytes()))
        }
        _ => text.to_owned(),
    }
}

/// A cookie's or a header's value: a token is redacted, anything long is replaced by its hash.
pub(crate) fn value(text: &str) -> String {
    let hidden = tokens_in(text);
    if hidden != text || text.len() <= 12 { hidden } else { format!("[{}]", fingerprint(text.as_bytes())) }
}

/// A text with every token in it redacted.
pub(crate) fn tokens_in(text: &str) -> String {
    let mut hidden = String::with_capacity(text.len());
    let mut from = 0;
    for (at, found) in find_tokens(text) {
        hidden.push_str(text.get(from..at).unwrap_or_default());
        hidden.push_str(&token(found));
        from = at + found.len();
    }
    hidden.push_str(text.get(from..).unwrap_or_default());
    hidden
}

/// A recovered secret: how long it is and its hash, or the secret itself when the operator wants to see it.
pub(crate) fn secret(bytes: &[u8], show: bool) -> String {
    let shown = match core::str::from_utf8(bytes) {
        Ok(text) if show && !text.is_empty() => format!(": {}", text.escape_debug()),
        _ if show => format!(": hex {}", to_hex(bytes)),
        _ => " (shown with --show-secrets)".to_owned(),
    };
    format!("{} bytes, {}{shown}", bytes.len(), fingerprint(bytes))
}

/// The first characters of a value that a person should recognise but not be able to use.
pub(crate) fn masked(text: &str) -> String {
    let start: String = text.chars().take(2).collect();
    format!("{start}… ({} characters)", text.chars().count())
}

/// The first 8 bytes of the SHA-256 of something.
pub(crate) fn fingerprint(bytes: &[u8]) -> String {
    let hash = to_hex(digest(&SHA256, bytes).as_ref());
    format!("sha256 {}", hash.get(..16).unwrap_or_default())
}

/// Header and claims of a token for a report, as JSON texts.
pub(crate) fn readable(text: &str) -> Option<String> {
    let mut parts = text.split('.');
    let part = |part: &str| base64url(part).and_then(|bytes| String::from_utf8(bytes).ok());
    let header = part(parts.next()?)?;
    let claims = parts.next().and_then(part).filter(|_| text.split('.').count() < 5);
    // A token inside a token has a signature too.
    Some(tokens_in(&claims.map_or_else(|| header.clone(), |claims| format!("{header} {claims}"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl";

    #[test]
    fn a_redacted_token_keeps_its_claims_and_loses_its_signature() {
        let text = tokens_in(&format!("Bearer {TOKEN}, {TOKEN}"));
        assert!(text.contains("eyJzdWIiOiJhIn0.[sha256 "), "{text}");
        assert!(!text.contains("c2lnbmF0dXJl"), "{text}");
    }

    #[test]
    fn a_secret_is_shown_only_on_request() {
        assert!(!secret(b"hunter2hunter2", false).contains("hunter2"));
        assert!(secret(b"hunter2hunter2", true).contains("hunter2"));
        assert!(!value("0123456789abcdef").contains("9abc"));
        assert!(!masked("alice@example.org").contains("alice"));
    }
}

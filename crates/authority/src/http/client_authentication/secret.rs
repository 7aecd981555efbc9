//! `client_secret_basic` and `client_secret_post`: RFC 6749 section 2.3.1.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use crate::domain::client::Client;
use crate::domain::secret::MAX_SECRET_BYTES;

pub(super) fn is_good(client: &Client, secret: &str) -> bool {
    secret.len() <= MAX_SECRET_BYTES && client.secret.is_some_and(|hash| hash.matches(secret))
}

/// Client and secret of an `Authorization: Basic`: both are form-encoded before they are joined.
pub(super) fn basic(header: &str) -> Option<(String, Zeroizing<String>)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let joined = Zeroizing::new(String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?);
    let (id, secret) = joined.split_once(':')?;
    let decode = |text: &str| {
        let spaced = text.replace('+', " ");
        percent_decode_str(&spaced).decode_utf8().ok().map(std::borrow::Cow::into_owned)
    };
    Some((decode(id)?, decode(secret)?.into()))
}

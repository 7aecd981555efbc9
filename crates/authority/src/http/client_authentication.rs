//! Client authentication: RFC 6749 section 2.3. One method per request.

use ::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;

use super::error::OAuthError;
use super::form::Form;
use crate::authority::State;
use crate::domain::client::{Client, MAX_CLIENT_ID_BYTES};
use crate::domain::secret::MAX_SECRET_BYTES;

impl State {
    /// The client that sends this request, authenticated if it has a secret.
    pub(super) async fn authenticate(&self, form: &Form) -> Result<Client, OAuthError> {
        let presented = Credentials::of(form)?;
        if presented.id.len() > MAX_CLIENT_ID_BYTES
            || presented.secret.as_ref().is_some_and(|secret| secret.len() > MAX_SECRET_BYTES)
        {
            return Err(OAuthError::InvalidClient);
        }
        let client = self.store.client(&presented.id).await?.ok_or(OAuthError::InvalidClient)?;
        match (&client.secret, &presented.secret) {
            (None, None) => Ok(client),
            (Some(hash), Some(secret)) if hash.matches(secret) => Ok(client),
            // A public client that sends a secret is not what it thinks it is.
            _ => Err(OAuthError::InvalidClient),
        }
    }
}

struct Credentials {
    id: String,
    secret: Option<zeroize::Zeroizing<String>>,
}

impl Credentials {
    fn of(form: &Form) -> Result<Self, OAuthError> {
        let (id, secret) = (form.parameters.get("client_id"), form.parameters.get("client_secret"));
        let mut headers = form.headers.get_all(AUTHORIZATION).iter();
        let Some(header) = headers.next() else {
            let id = id.ok_or(OAuthError::InvalidClient)?;
            return Ok(Self { id: id.to_owned(), secret: secret.map(|text| text.to_owned().into()) });
        };
        if headers.next().is_some() || secret.is_some() {
            return Err(OAuthError::InvalidRequest("more than one client authentication"));
        }
        let basic = header.to_str().ok().and_then(Self::basic).ok_or(OAuthError::InvalidClient)?;
        if id.is_some_and(|id| id != basic.id) {
            return Err(OAuthError::InvalidRequest("client_id is not that of the Authorization header"));
        }
        Ok(basic)
    }

    /// RFC 6749 section 2.3.1: both parts are form-encoded before they are joined.
    fn basic(header: &str) -> Option<Self> {
        let (scheme, encoded) = header.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("Basic") {
            return None;
        }
        let joined = zeroize::Zeroizing::new(String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?);
        let (id, secret) = joined.split_once(':')?;
        let decode = |text: &str| {
            let spaced = text.replace('+', " ");
            percent_decode_str(&spaced).decode_utf8().ok().map(std::borrow::Cow::into_owned)
        };
        Some(Self { id: decode(id)?, secret: Some(decode(secret)?.into()) })
    }
}

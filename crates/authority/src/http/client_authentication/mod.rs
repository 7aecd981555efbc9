//! Client authentication: RFC 6749 section 2.3. One method per request, and the one that the client has registered.

mod assertion;
mod certificate;
mod secret;

use ::http::header::AUTHORIZATION;
use zeroize::Zeroizing;

use super::error::OAuthError;
use super::form::Form;
use crate::authority::State;
use crate::domain::client::metadata::AuthMethod;
use crate::domain::client::{Client, MAX_CLIENT_ID_BYTES};

/// What a request presents.
struct Presented {
    client_id: String,
    credentials: Credentials,
}

enum Credentials {
    /// Nothing in the request itself; perhaps a certificate.
    None,
    /// A secret, and the method by which it came.
    Secret(AuthMethod, Zeroizing<String>),
    /// An assertion (RFC 7523).
    Assertion(String),
}

impl State {
    /// The client that sends this request, authenticated by its method if it has one.
    pub(super) async fn authenticate(&self, form: &Form) -> Result<Client, OAuthError> {
        let Presented { client_id, credentials } = Presented::of(form)?;
        if client_id.len() > MAX_CLIENT_ID_BYTES {
            return Err(OAuthError::InvalidClient);
        }
        let client = self.client(&client_id).await?.ok_or(OAuthError::InvalidClient)?;
        let is_authentic = match credentials {
            Credentials::Secret(method, secret) => client.authenticates_by(method) && secret::is_good(&client, &secret),
            Credentials::Assertion(assertion) => {
                client.authenticates_by(AuthMethod::PrivateKeyJwt) && self.accept_assertion(&client, &assertion).await?
            }
            Credentials::None => {
                client.authenticates_by(AuthMethod::None) || self.is_certified(&client, form.certificate.as_ref()).await
            }
        };
        if is_authentic { Ok(client) } else { Err(OAuthError::InvalidClient) }
    }
}

impl Presented {
    fn of(form: &Form) -> Result<Self, OAuthError> {
        const SEVERAL: OAuthError = OAuthError::InvalidRequest("more than one client authentication");
        let id = form.parameters.get("client_id");
        let in_body = form.parameters.get("client_secret");
        let assertion = form.parameters.get("client_assertion");
        let mut headers = form.headers.get_all(AUTHORIZATION).iter();
        match (headers.next(), in_body, assertion) {
            (Some(header), None, None) if headers.next().is_none() => {
                let basic = header.to_str().ok().and_then(secret::basic).ok_or(OAuthError::InvalidClient)?;
                if id.is_some_and(|id| id != basic.0) {
                    return Err(OAuthError::InvalidRequest("client_id is not that of the Authorization header"));
                }
                let credentials = Credentials::Secret(AuthMethod::ClientSecretBasic, basic.1);
                Ok(Self { client_id: basic.0, credentials })
            }
            (None, Some(secret), None) => Ok(Self {
                client_id: id.ok_or(OAuthError::InvalidClient)?.to_owned(),
                credentials: Credentials::Secret(AuthMethod::ClientSecretPost, secret.to_owned().into()),
            }),
            (None, None, Some(assertion)) => {
                if form.parameters.get("client_assertion_type") != Some(assertion::TYPE) {
                    return Err(OAuthError::InvalidRequest("client_assertion_type is not that of JWTs (RFC 7523)"));
                }
                // RFC 7521 section 4.2: client_id is not needed, and must be the assertion's if it is there.
                let issuer = assertion::issuer(assertion).ok_or(OAuthError::InvalidClient)?;
                if id.is_some_and(|id| id != issuer) {
                    return Err(OAuthError::InvalidRequest("client_id is not that of the client_assertion"));
                }
                Ok(Self { client_id: issuer, credentials: Credentials::Assertion(assertion.to_owned()) })
            }
            (None, None, None) => {
                Ok(Self { client_id: id.ok_or(OAuthError::InvalidClient)?.to_owned(), credentials: Credentials::None })
            }
            _ => Err(SEVERAL),
        }
    }
}

//! Form bodies.

use std::net::{IpAddr, SocketAddr};

use ::http::header::CONTENT_TYPE;
use ::http::{HeaderMap, StatusCode};
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};

use super::error::OAuthError;
use crate::domain::certificate::ClientCertificate;
use crate::domain::parameters::Parameters;

/// A request with an `application/x-www-form-urlencoded` body: its headers, its parameters, its connection's certificate.
pub(super) struct Form {
    pub(super) headers: HeaderMap,
    pub(super) parameters: Parameters,
    /// What the client has presented in the TLS handshake of this connection.
    pub(super) certificate: Option<ClientCertificate>,
    /// The other end of the connection.
    pub(super) peer: Option<IpAddr>,
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = OAuthError;

    async fn from_request(request: Request, state: &S) -> Result<Self, OAuthError> {
        let headers = request.headers().clone();
        let certificate = request.extensions().get::<ClientCertificate>().cloned();
        let peer = request.extensions().get::<SocketAddr>().map(SocketAddr::ip);
        if !is_form(&headers) {
            return Err(OAuthError::InvalidRequest("the body must be application/x-www-form-urlencoded"));
        }
        // RFC 6749 section 3.2: the parameters of a POST are in its body; in its address they would end up in logs.
        if request.uri().query().is_some() {
            return Err(OAuthError::InvalidRequest("parameters belong in the body, not in the address"));
        }
        let body = Bytes::from_request(request, state).await.map_err(|rejection| match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => OAuthError::TooLarge,
            _ => OAuthError::InvalidRequest("the body could not be read"),
        })?;
        let text = std::str::from_utf8(&body).map_err(|_| OAuthError::InvalidRequest("the body is not UTF-8"))?;
        Ok(Self { headers, parameters: Parameters::parse(text)?, certificate, peer })
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let text = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = text.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

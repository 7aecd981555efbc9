//! A tower layer that lets no request pass without a good token.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use http::{Method, Request, Response, StatusCode};
use tower::{Layer, Service};

use crate::access_token::AccessToken;
use crate::bearer::{BadCredentials, Scheme, bearer_token, challenge};
use crate::resource_metadata::ResourceMetadata;
use crate::trust::Trust;
use crate::verify::Rejection;

/// A layer around a service: each request needs a token that [`Trust`] accepts, with these scopes. The service finds the
/// [`AccessToken`] among the request's extensions.
///
/// What does not pass is answered with 401 or 403 and `WWW-Authenticate` (RFC 6750), or with 503 and `Retry-After` while
/// revocations are not known.
#[derive(Debug, Clone)]
pub struct Protect(Arc<Resource>);

#[derive(Debug)]
struct Resource {
    trust: Arc<Trust>,
    scopes: Vec<String>,
    metadata: Option<ResourceMetadata>,
}

impl Protect {
    /// Whoever has a good token passes. One [`Trust`] may stand behind several layers.
    pub fn new(trust: impl Into<Arc<Trust>>) -> Self {
        Self(Arc::new(Resource { trust: trust.into(), scopes: Vec::new(), metadata: None }))
    }

    /// The same, but the token must have all these scopes.
    #[must_use]
    pub fn scopes<S: Into<String>>(self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.with(|resource| resource.scopes = scopes.into_iter().map(Into::into).collect())
    }

    /// The same, and whoever has no token learns where to get one (RFC 9728): the layer serves this document and names it in
    /// `WWW-Authenticate`. MCP clients need it.
    #[must_use]
    pub fn metadata(self, metadata: ResourceMetadata) -> Self {
        self.with(|resource| resource.metadata = Some(metadata))
    }

    fn with(self, change: impl FnOnce(&mut Resource)) -> Self {
        let Resource { trust, scopes, metadata } = &*self.0;
        let (trust, scopes) = (Arc::clone(trust), scopes.clone());
        let mut resource = Resource { trust, scopes, metadata: metadata.clone() };
        change(&mut resource);
        Self(Arc::new(resource))
    }
}

impl<S> Layer<S> for Protect {
    type Service = Protected<S>;

    fn layer(&self, inner: S) -> Protected<S> {
        Protected { inner, resource: Arc::clone(&self.0) }
    }
}

/// A service behind [`Protect`].
#[derive(Debug, Clone)]
pub struct Protected<S> {
    inner: S,
    resource: Arc<Resource>,
}

impl<S, B, R> Service<Request<B>> for Protected<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    R: From<String>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        // The service that is ready goes into the future; its clone is asked anew.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let resource = Arc::clone(&self.resource);
        Box::pin(async move {
            if let Some(metadata) = &resource.metadata
                && request.method() == Method::GET
                && metadata.is_at(request.uri().path())
            {
                return Ok(document(metadata));
            }
            let (headers, uri) = (request.headers(), request.uri().path_and_query());
            let outcome = match bearer_token(headers, uri.map_or("", |uri| uri.as_str())) {
                Ok(token) => resource.admit(token).await,
                Err(bad) => Err(bad.into()),
            };
            match outcome {
                Ok(token) => {
                    request.extensions_mut().insert(token);
                    inner.call(request).await
                }
                Err(denial) => Ok(denial.response(resource.metadata.as_ref())),
            }
        })
    }
}

impl Resource {
    async fn admit(&self, token: &str) -> Result<AccessToken, Denial> {
        let token = self.trust.check(token).await?;
        // RFC 9449 section 7.2: a bound token without its proof is no bearer token.
        if token.is_sender_constrained() {
            return Err(Denial::SenderConstrained);
        }
        if !self.scopes.iter().all(|scope| token.has_scope(scope)) {
            return Err(Denial::InsufficientScope { required: self.scopes.join(" ") });
        }
        Ok(token)
    }
}

/// Why a request does not pass the layer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// There is no credential that can be used.
    #[error(transparent)]
    Credentials(#[from] BadCredentials),
    /// The token is not accepted.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The token is bound to a key of its sender, which a bearer token does not prove.
    #[error("the token is bound to a key and is no bearer token")]
    SenderConstrained,
    /// The token lacks a scope.
    #[error("the token lacks the scope that this needs")]
    InsufficientScope {
        /// All scopes that are needed, separated by spaces.
        required: String,
    },
}

impl Denial {
    /// The status: RFC 6750 section 3.1, and 503 for what says nothing about the token.
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::Credentials(BadCredentials::Missing) | Self::SenderConstrained => StatusCode::UNAUTHORIZED,
            Self::Credentials(_) => StatusCode::BAD_REQUEST,
            Self::Rejected(rejection) if rejection.is_temporary() => StatusCode::SERVICE_UNAVAILABLE,
            Self::Rejected(_) => StatusCode::UNAUTHORIZED,
            Self::InsufficientScope { .. } => StatusCode::FORBIDDEN,
        }
    }

    /// The `error` of RFC 6750 section 3.1; a request without credentials gets none.
    pub const fn error(&self) -> Option<&'static str> {
        match self {
            Self::Credentials(BadCredentials::Missing) => None,
            Self::Credentials(_) => Some("invalid_request"),
            Self::Rejected(rejection) if rejection.is_temporary() => Some("temporarily_unavailable"),
            Self::Rejected(_) | Self::SenderConstrained => Some("invalid_token"),
            Self::InsufficientScope { .. } => Some("insufficient_scope"),
        }
    }

    fn challenge(&self, metadata: Option<&ResourceMetadata>) -> Option<HeaderValue> {
        if self.status() == StatusCode::SERVICE_UNAVAILABLE {
            return None;
        }
        let description = self.to_string();
        let mut parameters = Vec::new();
        if let Some(error) = self.error() {
            parameters.extend([("error", error), ("error_description", &description)]);
        }
        if let Self::InsufficientScope { required } = self {
            parameters.push(("scope", required));
        }
        parameters.extend(metadata.map(|metadata| ("resource_metadata", metadata.address())));
        challenge(Scheme::Bearer, parameters)
    }

    fn response<R: From<String>>(&self, metadata: Option<&ResourceMetadata>) -> Response<R> {
        let error = self.error().unwrap_or("unauthorized");
        let body = serde_json::json!({"error": error, "error_description": self.to_string()});
        let mut response = json(self.status(), format!("{body}\n"));
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(challenge) = self.challenge(metadata) {
            headers.insert(WWW_AUTHENTICATE, challenge);
        } else {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// The resource's metadata, which a client in a browser may read too.
fn document<R: From<String>>(metadata: &ResourceMetadata) -> Response<R> {
    let mut response = json(StatusCode::OK, metadata.document());
    response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

fn json<R: From<String>>(status: StatusCode, body: String) -> Response<R> {
    let mut response = Response::new(R::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_token_can_change_asks_for_one() {
        let metadata = ResourceMetadata::new("https://api.example/mcp", &["https://as.example"], &[], None).unwrap();
        let address = "resource_metadata=\"https://api.example/.well-known/oauth-protected-resource/mcp\"";
        for (denial, status, said) in [
            (Denial::Credentials(BadCredentials::Missing), 401, ""),
            (Denial::Credentials(BadCredentials::Several), 400, "error=\"invalid_request\", "),
            (Denial::SenderConstrained, 401, "error=\"invalid_token\", "),
            (Denial::InsufficientScope { required: "a b".into() }, 403, "error=\"insufficient_scope\", "),
        ] {
            let response: Response<String> = denial.response(Some(&metadata));
            let challenge = response.headers()[WWW_AUTHENTICATE].to_str().unwrap();
            assert_eq!(response.status(), status, "{denial}");
            assert!(challenge.starts_with(&format!("Bearer realm=\"probity\", {said}")), "{challenge}");
            assert!(challenge.ends_with(address), "{challenge}");
            assert!(response.headers().get(RETRY_AFTER).is_none());
        }
        for rejection in [Rejection::Stale, Rejection::NoKeys] {
            let response: Response<String> = Denial::Rejected(rejection).response(Some(&metadata));
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert!(response.headers().get(WWW_AUTHENTICATE).is_none());
            assert_eq!(response.headers()[RETRY_AFTER], "1");
        }
    }
}

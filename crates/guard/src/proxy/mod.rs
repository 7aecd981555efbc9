//! The reverse proxy: what the guard lets pass goes on to an application, and its answer comes back.
//!
//! `understand` and `headers` are the decisions, without I/O; `body` and `tunnel` are what lasts, and is cut when the token
//! on which it depends is revoked, expires, or can't be checked any more.

mod body;
mod config;
mod headers;
mod tunnel;
mod understand;
mod upstream;
mod vigil;

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, UPGRADE};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode, Version};
use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Body, Incoming};
use hyper::upgrade::OnUpgrade;
use tracing::{debug, info};

pub use body::{BoxError, Download};
pub use config::{ProxyConfig, ProxyPlan, UpstreamConfig};
pub use understand::Misunderstood;
pub use upstream::UpstreamError;

use body::{Progress, Upload, UploadBody, Watch};
use headers::About;
use understand::{Understood, understand};
use upstream::Upstream;
use vigil::Vigil;

use crate::browser::{BrowserMemory, BrowserPlan, Browsers, keep_cookie_ours};
use crate::config::BadConfig;
use crate::cors::{self, Cors};
use crate::forward_auth::{Admission, Guard, json, refused};
use crate::question::Question;
use crate::{Refusal, ResourceMetadata, RoutePath, Thumbprint};

/// An answer's body: the guard's own, or the application's.
pub type ProxyBody = Either<Full<Bytes>, Download>;

/// A guard that passes requests on to applications.
#[derive(Debug)]
pub struct Proxy {
    guard: Arc<Guard>,
    plan: ProxyPlan,
    upstreams: Vec<Upstream>,
    scheme: &'static str,
    browsers: Option<Browsers>,
    /// Whether a rule lets pages of other origins in.
    has_cors: bool,
}

/// Why a request does not go on.
enum Stop {
    Misunderstood(Misunderstood),
    /// For another host than those that are served.
    Misdirected,
    Refused(Refusal),
    Upstream(UpstreamError),
}

impl From<Misunderstood> for Stop {
    fn from(reason: Misunderstood) -> Self {
        Self::Misunderstood(reason)
    }
}

impl From<Refusal> for Stop {
    fn from(reason: Refusal) -> Self {
        Self::Refused(reason)
    }
}

impl From<UpstreamError> for Stop {
    fn from(reason: UpstreamError) -> Self {
        Self::Upstream(reason)
    }
}

/// A request that goes on, but for its body.
struct Passage<'a> {
    upstream: &'a Upstream,
    websocket: bool,
    vigil: Option<Vigil>,
}

impl Proxy {
    /// A proxy that lets pass what `guard` does, whoever the peer is. `is_https` says how clients come.
    ///
    /// # Errors
    /// [`BadConfig`] names the file that can't be used.
    pub fn new(guard: &Guard, plan: ProxyPlan, is_https: bool) -> Result<Self, BadConfig> {
        let upstreams =
            plan.upstreams.iter().map(|upstream| Upstream::new(upstream, &plan)).collect::<Result<_, _>>()?;
        let scheme = if is_https { "https" } else { "http" };
        let has_cors = guard.policy().rules.iter().any(|rule| rule.cors.is_some());
        Ok(Self { guard: Arc::new(guard.for_everyone()), plan, upstreams, scheme, browsers: None, has_cors })
    }

    /// The same, which logs users in and keeps their tokens from their browsers.
    #[must_use]
    pub fn with_browsers(mut self, plan: BrowserPlan, memory: Arc<BrowserMemory>) -> Self {
        self.browsers = Some(Browsers::new(plan, Arc::clone(&self.guard), memory));
        self
    }

    /// Passes one request on, or answers why not.
    ///
    /// Among the request's extensions should be the peer's [`SocketAddr`].
    pub async fn respond<B>(&self, request: Request<B>) -> Response<ProxyBody>
    where
        B: Body<Data = Bytes, Error: Into<BoxError>> + Send + Unpin + 'static,
    {
        let (mut parts, body) = request.into_parts();
        if let Some(document) = self.metadata(&parts) {
            return document.map(Either::Left);
        }
        let cors = self.cors(&parts);
        if let (Some(cors), Some(_)) = (cors, cors::asks_for(parts.method.as_str(), &parts.headers)) {
            return self.preflight(&parts, cors).map(Either::Left);
        }
        let on_upgrade = parts.extensions.remove::<OnUpgrade>();
        // Before browsers take out or put in what they need.
        let origin = cors.and_then(|cors| cors.allowed(&parts.headers).cloned());
        let passed = match &self.browsers {
            None => self.pass(&parts, body, on_upgrade).await,
            Some(browsers) => self.pass_browser(browsers, &mut parts, body, on_upgrade).await,
        };
        let mut answer = passed.unwrap_or_else(|stop| self.say(&parts, &stop).map(Either::Left));
        if let Some(cors) = cors {
            cors.mark(origin.as_ref(), answer.headers_mut());
        }
        answer
    }

    /// What the rule for a request, or for the one that a preflight asks about, lets pages of other origins do.
    fn cors(&self, parts: &Parts) -> Option<&Cors> {
        // The back end's own addresses are for the application's own pages only.
        let is_for_browsers = self.browsers.as_ref().is_some_and(|browsers| browsers.has(parts.uri.path()));
        if !self.has_cors || is_for_browsers {
            return None;
        }
        let understood = understand(parts).ok()?;
        self.check_host(&understood).ok()?;
        let question = Question {
            method: Some(cors::asks_for(parts.method.as_str(), &parts.headers).unwrap_or(parts.method.as_str())),
            target: Some(understood.target),
            headers: &parts.headers,
            peer: parts.extensions.get::<SocketAddr>().map(SocketAddr::ip),
            certificate: None,
        };
        self.guard.policy().route(&question).ok()?.cors.as_ref()
    }

    /// Answers a browser that asks whether a page may send a request. It sends no token with this, and nothing goes on.
    fn preflight(&self, parts: &Parts, cors: &Cors) -> Response<Full<Bytes>> {
        match cors.preflight(&parts.headers) {
            Ok(headers) => {
                let mut answer = Response::new(Full::default());
                *answer.status_mut() = StatusCode::NO_CONTENT;
                *answer.headers_mut() = headers;
                answer
            }
            Err(refusal) => {
                let mut answer = self.say(parts, &self.refuse(parts, refusal));
                cors.mark(None, answer.headers_mut());
                answer
            }
        }
    }

    /// The same for requests of browsers, whose cookie stands for a token.
    async fn pass_browser<B>(
        &self,
        browsers: &Browsers,
        parts: &mut Parts,
        body: B,
        on_upgrade: Option<OnUpgrade>,
    ) -> Result<Response<ProxyBody>, Stop>
    where
        B: Body<Data = Bytes, Error: Into<BoxError>> + Send + Unpin + 'static,
    {
        if browsers.has(parts.uri.path()) {
            self.check_host(&understand(parts)?)?;
            return Ok(browsers.respond(parts, body).await.map(Either::Left));
        }
        let visit = browsers.admit(parts).await;
        if let Some(refusal) = Browsers::refuses(&visit) {
            return Err(self.refuse(parts, refusal));
        }
        match self.pass(parts, body, on_upgrade).await {
            Err(Stop::Refused(refusal)) => match browsers.turn_away(parts, visit, refusal.clone()) {
                Ok(answer) => Ok(answer.map(Either::Left)),
                Err(instead) if instead == refusal => Err(Stop::Refused(refusal)),
                Err(instead) => Err(self.refuse(parts, instead)),
            },
            Ok(mut answer) => {
                keep_cookie_ours(answer.headers_mut());
                Ok(answer)
            }
            stopped => stopped,
        }
    }

    /// A refusal that the decision did not make.
    fn refuse(&self, parts: &Parts, refusal: Refusal) -> Stop {
        self.guard.metrics().refused(&refusal);
        info!(verdict = refusal.code(), path = parts.uri.path(), "a browser's request was refused");
        Stop::Refused(refusal)
    }

    async fn pass<B>(&self, parts: &Parts, body: B, on_upgrade: Option<OnUpgrade>) -> Result<Response<ProxyBody>, Stop>
    where
        B: Body<Data = Bytes, Error: Into<BoxError>> + Send + Unpin + 'static,
    {
        let understood = understand(parts)?;
        self.check_host(&understood)?;
        let peer = parts.extensions.get::<SocketAddr>().map(SocketAddr::ip);
        let path = RoutePath::parse(understood.target).map_err(Refusal::from)?;
        let question = Question {
            method: Some(parts.method.as_str()),
            target: Some(understood.target),
            headers: &parts.headers,
            peer,
            certificate: parts.extensions.get::<Thumbprint>(),
        };
        let Admission { pass, stale } = self.guard.rule_on(&question).await?;
        let upstream = self.upstreams.iter().find(|upstream| upstream.has(&path)).ok_or(UpstreamError::None)?;
        let about = About {
            peer,
            scheme: self.scheme,
            host: understood.host,
            identity: &pass.identity,
            pass_token: self.plan.pass_token,
            certificate_header: self.guard.policy().certificates.as_ref().map(|header| &header.name),
            websocket: understood.websocket,
            upstream_host: upstream.host(understood.host),
        };
        let progress = Progress::default();
        let upload: UploadBody = Upload::new(body, progress.clone()).boxed_unsync();
        let mut onward = Request::new(upload);
        *onward.method_mut() = parts.method.clone();
        *onward.headers_mut() = headers::for_upstream(&parts.headers, &about);
        *onward.uri_mut() = understood.target.parse().map_err(|_| Misunderstood::Target)?;
        let vigil = pass.token.map(|token| Vigil::new(Arc::clone(&self.guard), token, stale));
        let passage = Passage { upstream, websocket: understood.websocket, vigil };
        self.send(passage, onward, &progress, on_upgrade).await
    }

    /// Sends it, and hands back the answer when it begins.
    async fn send(
        &self,
        passage: Passage<'_>,
        request: Request<UploadBody>,
        progress: &Progress,
        on_upgrade: Option<OnUpgrade>,
    ) -> Result<Response<ProxyBody>, Stop> {
        let Passage { upstream, websocket, vigil } = passage;
        let vigil = vigil.map(Arc::new);
        let answer = upstream.send(request, progress, websocket);
        let answer = match &vigil {
            None => answer.await?,
            // An application may take its time, and the caller's may be over before.
            Some(vigil) => tokio::select! {
                answer = answer => answer?,
                rejection = Arc::clone(vigil).ended() => return Err(Refusal::Rejected(rejection).into()),
            },
        };
        if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
            return self.switch(answer, websocket, vigil, on_upgrade).map_err(Stop::from);
        }
        let (mut parts, body) = answer.into_parts();
        let ends_by_itself = parts.headers.contains_key(CONTENT_LENGTH);
        let is_events = parts.headers.get(CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(EVENT_STREAM));
        parts.headers = headers::for_client(&parts.headers, false);
        parts.version = Version::HTTP_11;
        let patience = if is_events { self.plan.stream_timeout } else { self.plan.body_timeout };
        let vigil = match vigil.map(Arc::try_unwrap) {
            Some(Ok(vigil)) if ends_by_itself => Some(Arc::new(vigil.past_expiry())),
            Some(Ok(vigil)) => Some(Arc::new(vigil)),
            Some(Err(shared)) => Some(shared),
            None => None,
        };
        let watch = vigil.map(|vigil| Watch::new(vigil, Arc::clone(self.guard.metrics())));
        Ok(Response::from_parts(parts, Either::Right(Download::new(body, watch, patience))))
    }

    /// The application has agreed to a WebSocket: from here on bytes go both ways.
    fn switch(
        &self,
        mut answer: Response<Incoming>,
        websocket: bool,
        vigil: Option<Arc<Vigil>>,
        on_upgrade: Option<OnUpgrade>,
    ) -> Result<Response<ProxyBody>, UpstreamError> {
        let agreed =
            answer.headers().get(UPGRADE).is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"));
        let Some(client) = on_upgrade.filter(|_| websocket && agreed) else { return Err(UpstreamError::Broken) };
        let application = hyper::upgrade::on(&mut answer);
        let (patience, metrics) = (self.plan.stream_timeout, Arc::clone(self.guard.metrics()));
        tokio::spawn(async move {
            match tokio::try_join!(client, application) {
                Ok((client, application)) => tunnel::run(client, application, vigil, patience, &metrics).await,
                Err(error) => debug!(error = %error, "a WebSocket did not come to be"),
            }
        });
        let mut response = Response::new(Either::Left(Full::default()));
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        *response.headers_mut() = headers::for_client(answer.headers(), true);
        Ok(response)
    }

    fn check_host(&self, understood: &Understood<'_>) -> Result<(), Stop> {
        // `understand` has seen to it that a port is digits after the last colon.
        let name = match understood.host.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => name,
            _ => understood.host,
        };
        let is_ours = self.plan.hosts.is_empty() || self.plan.hosts.iter().any(|host| host.eq_ignore_ascii_case(name));
        if is_ours { Ok(()) } else { Err(Stop::Misdirected) }
    }

    /// The resource's metadata, which needs no token.
    fn metadata(&self, parts: &Parts) -> Option<Response<Full<Bytes>>> {
        let metadata = self.guard.metadata().filter(|metadata| metadata.is_at(parts.uri.path()))?;
        (parts.method == Method::GET).then(|| json(StatusCode::OK, metadata.document()))
    }

    fn say(&self, parts: &Parts, stop: &Stop) -> Response<Full<Bytes>> {
        let (status, code, text) = match stop {
            // The guard has logged it.
            Stop::Refused(refusal) => {
                return refused(refusal, self.guard.metadata().map(ResourceMetadata::address));
            }
            Stop::Misunderstood(reason) => (reason.status(), reason.code(), reason.to_string()),
            Stop::Misdirected => {
                (StatusCode::MISDIRECTED_REQUEST, "request.misdirected", "this host is not served here".to_owned())
            }
            Stop::Upstream(error) => (error.status(), error.code(), error.to_string()),
        };
        info!(verdict = code, status = status.as_u16(), "a request was not passed on");
        let error = if status.is_server_error() { "temporarily_unavailable" } else { "invalid_request" };
        let body = serde_json::json!({"error": error, "error_description": text, "code": code});
        let mut response = json(status, format!("{body}\n"));
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if matches!(stop, Stop::Misunderstood(_)) && parts.version < Version::HTTP_2 {
            // What comes next on this connection may not be what it seems.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// The media type of server-sent events.
const EVENT_STREAM: &[u8] = b"text/event-stream";

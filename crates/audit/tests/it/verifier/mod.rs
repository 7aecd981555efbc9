//! A strict verifier over HTTP that can be given one flaw, or another way of answering.

mod careless_curve;
mod claims;
mod encryption;
mod fetch;
mod flaw;
mod inflate;
mod keys;
mod signature;
mod token;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use probity_audit::evidence::{Json, base64url};

pub(crate) use flaw::{Flaw, Manner};
pub(crate) use keys::{AUDIENCE, ISSUER, Keys, SECRET, claims, encrypted, mint, typed};
pub(crate) use signature::uses_hmac;

/// What a verifier is.
pub(crate) struct Verifier {
    pub(crate) flaw: Flaw,
    pub(crate) manner: Manner,
    pub(crate) keys: Arc<Keys>,
    pub(crate) now: i64,
    /// Where it takes its keys from, when not from its configuration.
    keys_at: Option<String>,
    fetched: Mutex<Option<String>>,
    fetches: AtomicUsize,
    count: AtomicUsize,
}

impl Verifier {
    /// Starts on a port of this machine.
    pub(crate) async fn start(
        flaw: Flaw,
        manner: Manner,
        keys: Arc<Keys>,
        now: i64,
        keys_at: Option<String>,
    ) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let verifier = Arc::new(Self {
            flaw,
            manner,
            keys,
            now,
            keys_at,
            fetched: Mutex::default(),
            fetches: AtomicUsize::new(0),
            count: AtomicUsize::new(0),
        });
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let verifier = Arc::clone(&verifier);
                let service = service_fn(move |request| {
                    let verifier = Arc::clone(&verifier);
                    async move { Ok::<_, Infallible>(verifier.answer(request).await) }
                });
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        address
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (parts, body) = request.into_parts();
        let _ = body.collect().await;
        let header =
            |name: &str| parts.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        if self.manner == Manner::Limited && self.count.fetch_add(1, Ordering::Relaxed) % 7 == 6 {
            return Response::builder().status(429).header("retry-after", "0").body(Full::default()).unwrap();
        }
        if self.manner == Manner::Slow {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        let query = parts.uri.query().unwrap_or_default();
        let in_query = query.split('&').find_map(|pair| pair.strip_prefix("access_token=")).map(str::to_owned);
        let bearer = header("authorization").and_then(|value| value.strip_prefix("Bearer ").map(str::to_owned));
        let bound = header("authorization").and_then(|value| value.strip_prefix("DPoP ").map(str::to_owned));
        let cookie = header("cookie")
            .and_then(|value| value.split("; ").find_map(|pair| pair.strip_prefix("session=").map(str::to_owned)));
        if let Some(token) = &bearer {
            self.prepare(token).await;
        }
        let lenient = self.flaw == Flaw::SecondUrlLenient && parts.uri.path() == "/second";
        let verdict = if let Some(token) = bound {
            self.with_proof(
                &token,
                header("dpop").as_deref(),
                parts.method.as_str(),
                &format!("http://{}{}", header("host").unwrap_or_default(), parts.uri.path()),
            )
        } else {
            let token = match (bearer.or(cookie.clone()), in_query) {
                (Some(_), Some(other)) if self.flaw == Flaw::SeveralTokensAccepted => Some(other),
                (Some(_), Some(_)) => None,
                (None, Some(token)) if self.flaw == Flaw::QueryTokenAccepted => Some(token),
                (token, _) => token,
            };
            let cross_site =
                header("sec-fetch-site").as_deref() == Some("cross-site") && self.flaw != Flaw::NoCsrfDefence;
            match token {
                Some(_) if cookie.is_some() && cross_site => Err(Refusal::from("cross-site")),
                Some(token) => self.verify(&token, lenient),
                None if self.flaw == Flaw::IdentityHeaderBelieved && header("x-forwarded-user").is_some() => {
                    Ok(Json::Object(vec![("sub".to_owned(), header("x-forwarded-user").unwrap().as_str().into())]))
                }
                None => Err(Refusal::from("no token")),
            }
        };
        let verdict = if self.flaw == Flaw::TokenIgnored { Ok(Json::Object(Vec::new())) } else { verdict };
        self.respond(verdict, header("origin"))
    }

    fn respond(&self, verdict: Result<Json, Refusal>, origin: Option<String>) -> Response<Full<Bytes>> {
        let mut response = Response::builder();
        if let (Flaw::AnyOriginAllowed, Some(origin)) = (self.flaw, origin) {
            response = response
                .header("access-control-allow-origin", origin)
                .header("access-control-allow-credentials", "true");
        }
        if self.flaw == Flaw::ClockWrong {
            response = response.header("date", "Tue, 24 Nov 2015 08:16:00 GMT");
        }
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        if self.manner == Manner::Blind {
            return response.body(Full::from(format!("<html>page {number}</html>"))).unwrap();
        }
        let body = |text: String| Full::from(text);
        match verdict {
            Ok(_) if self.flaw == Flaw::TokenIgnored => response.body(body("hello".to_owned())).unwrap(),
            Ok(claims) if self.flaw == Flaw::ClaimsIntoPage => {
                let page = format!(
                    "<html>hello {}</html>",
                    claims.text("name").or_else(|| claims.text("sub")).unwrap_or_default()
                );
                response.header("content-type", "text/html").body(body(page)).unwrap()
            }
            Ok(claims) => {
                let sub = claims.text("sub").unwrap_or_default();
                response
                    .header("content-type", "application/json")
                    .body(body(format!(r#"{{"sub":{},"request":{number}}}"#, Json::from(sub))))
                    .unwrap()
            }
            Err(refusal) if refusal.status != 401 => {
                response.status(refusal.status).body(body("failed".to_owned())).unwrap()
            }
            Err(refusal) => match self.manner {
                Manner::AlwaysOk => response
                    .header("content-type", "application/json")
                    .body(body(format!(r#"{{"error":"invalid_token","request":{number}}}"#)))
                    .unwrap(),
                Manner::Redirect => response
                    .status(302)
                    .header("location", format!("/login?state={number}"))
                    .body(Full::default())
                    .unwrap(),
                _ => {
                    if self.flaw != Flaw::NoChallenge {
                        response = response.header("www-authenticate", "Bearer error=\"invalid_token\"");
                    }
                    let text = match self.flaw {
                        Flaw::TracesShown => "Traceback (most recent call last):\n  File \"app.py\"",
                        Flaw::ClaimsReadFirst => refusal.reason,
                        _ => "invalid_token",
                    };
                    response.status(401).body(body(format!(r#"{{"error":"{text}"}}"#))).unwrap()
                }
            },
        }
    }
}

/// Why a token is refused.
#[derive(Debug)]
struct Refusal {
    status: u16,
    reason: &'static str,
}

impl From<&'static str> for Refusal {
    fn from(reason: &'static str) -> Self {
        Self { status: 401, reason }
    }
}

fn json(part: &str) -> Result<Json, Refusal> {
    base64url(part).and_then(|bytes| Json::from_bytes(&bytes)).filter(Json::is_object).ok_or(Refusal::from("json"))
}

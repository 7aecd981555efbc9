//! Rules about TLS, on a server with a flaw below HTTP and on a correct one.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use probity_audit::evidence::{Evidence, KeySet, Token, base64, to_base64url};
use probity_audit::live::{LiveOptions, Prober, Supplies, Target};
use probity_audit::{Allow, Audit, Place, Policy, Report, Status};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::samples::{NOW, token};

/// A certificate for localhost that nobody else uses, and its key.
const CERTIFICATE: &str = include_str!("certificate.pem");
const KEY: &str = include_str!("key.pem");

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_speaks_old_tls_is_found() {
    let report = audit("localhost", start(Flaw::OldTls).await, None).await;
    let result = report.results.iter().find(|result| result.rule.id == "STO-13").unwrap();
    assert_eq!(result.status, Status::Fail, "{:?}", result.notes);
    assert!(result.findings[0].claim.contains("TLS 1.0 and TLS 1.1"), "{}", result.findings[0].claim);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_new_tls_and_a_key_for_it_alone_is_left_alone() {
    let report = audit("localhost", start(Flaw::None).await, Some(&"A".repeat(86))).await;
    for id in ["STO-13", "KEY-23"] {
        let result = report.results.iter().find(|result| result.rule.id == id).unwrap();
        assert_eq!(result.status, Status::Pass, "{id}: {:?} {:?}", result.notes, result.findings);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tls_key_that_signs_tokens_too_is_found() {
    let der: String = CERTIFICATE.lines().filter(|line| !line.starts_with('-')).collect();
    let der = base64(&der).unwrap();
    let point = der.windows(4).position(|window| window[..2] == [0x42, 0] && window[2] == 4).unwrap() + 3;
    let report = audit("localhost", start(Flaw::None).await, Some(&to_base64url(&der[point..point + 64]))).await;
    let result = report.results.iter().find(|result| result.rule.id == "KEY-23").unwrap();
    assert_eq!(result.status, Status::Fail, "{:?}", result.notes);
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_beside_https_is_found_by_how_it_answers() {
    for (flaw, expected, claim) in [
        (Flaw::PlainHttp, Status::Fail, "served over plain HTTP"),
        (Flaw::TokenInRedirect, Status::Fail, "with the token in the URL"),
        (Flaw::Redirect, Status::Review, "sent in clear before"),
        (Flaw::None, Status::Pass, ""),
    ] {
        // By another name: on this machine nobody would be on the way.
        let report = audit("api.example", start(flaw).await, None).await;
        let result = report.results.iter().find(|result| result.rule.id == "STO-12").unwrap();
        assert_eq!(result.status, expected, "{flaw:?}: {:?}", result.notes);
        assert!(result.findings.iter().all(|finding| finding.claim.contains(claim)), "{flaw:?}: {:?}", result.findings);
        let plain = report.requests.iter().filter(|request| request.rule == "STO-12").count();
        assert_eq!(plain, 1, "{flaw:?}");
    }
}

async fn audit(host: &str, address: SocketAddr, key: Option<&str>) -> Report {
    let good = token(r#"{"alg":"ES256"}"#, r#"{"sub":"alice"}"#);
    let mut evidence = Evidence::default();
    if let Some(point) = key {
        let point = probity_audit::evidence::base64url(point).unwrap();
        let (x, y) = point.split_at(32);
        let jwk = format!(r#"{{"kty":"EC","crv":"P-256","x":"{}","y":"{}"}}"#, to_base64url(x), to_base64url(&y[..32]));
        evidence.key_sets.push(KeySet::parse(&jwk, Place::of("keys.json")).unwrap());
    }
    let options = LiveOptions {
        target: Target::get(&format!("https://{host}:{}/me", address.port())).unwrap(),
        token: good.text.clone(),
        accept_when: Vec::new(),
        others: Vec::new(),
        supplies: Supplies::default(),
        second: None,
        authorities: Some(CERTIFICATE.to_owned()),
        listener: None,
        connect_to: Some(address.ip()),
        max_requests: 100,
        requests_per_second: 0,
        allow_dos_probe: false,
        marker: "probity-audit-test".to_owned(),
    };
    evidence.add_token(Token::parse(&good.text, Place::of("the valid token")).unwrap());
    let prober = Prober::new(options, &evidence, &Policy::default(), NOW, tokio::runtime::Handle::current()).unwrap();
    tokio::task::spawn_blocking(move || {
        let mut audit = Audit::of("a server", evidence, NOW);
        audit.only = ["STO-12", "STO-13", "KEY-23"].map(str::to_owned).to_vec();
        audit.prober = Some(prober);
        audit.allow = Allow { active: true, ..Allow::default() };
        audit.run()
    })
    .await
    .unwrap()
}

/// What is wrong with a server below its handling of tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    None,
    /// It answers handshakes of TLS 1.0 and 1.1 too.
    OldTls,
    /// It serves the same over plain HTTP.
    PlainHttp,
    /// It redirects plain HTTP to HTTPS, and writes the token into the URL.
    TokenInRedirect,
    /// It redirects plain HTTP to HTTPS.
    Redirect,
}

/// A server that accepts one token by its text.
async fn start(flaw: Flaw) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let chain = vec![CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_no_client_auth().with_single_cert(chain, key).unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, Arc::clone(&config), flaw));
        }
    });
    address
}

async fn serve(mut stream: TcpStream, config: Arc<rustls::ServerConfig>, flaw: Flaw) {
    let mut start = [0; 11];
    while stream.peek(&mut start).await.is_ok_and(|seen| seen > 0 && seen < start.len()) {}
    if start[0] != HANDSHAKE {
        return match flaw {
            Flaw::None | Flaw::OldTls => {}
            Flaw::PlainHttp => answer(stream, None).await,
            Flaw::TokenInRedirect => answer(stream, Some("https://api.example/me?token=")).await,
            Flaw::Redirect => answer(stream, Some("https://api.example/me")).await,
        };
    }
    if flaw == Flaw::OldTls && start[9] == 3 && start[10] < 3 {
        // A record with the beginning of a ServerHello of the same version.
        stream.write_all(&[HANDSHAKE, 3, start[10], 0, 6, 2, 0, 0, 2, 3, start[10]]).await.unwrap();
        return;
    }
    let Ok(stream) = tokio_rustls::TlsAcceptor::from(config).accept(stream).await else { return };
    answer(stream, None).await;
}

/// The type of a TLS record with which a client begins.
const HANDSHAKE: u8 = 22;

async fn answer(stream: impl AsyncRead + AsyncWrite + Unpin, redirect: Option<&'static str>) {
    let service = service_fn(|request: Request<Incoming>| async move {
        let good = token(r#"{"alg":"ES256"}"#, r#"{"sub":"alice"}"#).text;
        let given = request.headers().get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let given = given.trim_start_matches("Bearer ");
        let answer = match redirect {
            Some(url) if url.ends_with('=') => {
                Response::builder().status(308).header("location", format!("{url}{given}"))
            }
            Some(url) => Response::builder().status(308).header("location", url),
            None => Response::builder().status(if given == good { 200 } else { 401 }),
        };
        Ok::<_, Infallible>(answer.body(Full::<Bytes>::default()).unwrap())
    });
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

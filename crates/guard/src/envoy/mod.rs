//! Envoy's external authorization over gRPC: `envoy.service.auth.v3.Authorization/Check`, by the same decision as everywhere.
//!
//! gRPC is HTTP/2, one message with five bytes before it, and a status in the trailers: hyper has all of that.

mod messages;

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::SocketAddr;

use bytes::{BufMut, Bytes, BytesMut};
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body_util::combinators::WithTrailers;
use http_body_util::{BodyExt, Collected, Full, Limited};
use hyper::body::Body;
use prost::Message;

use crate::forward_auth::{Guard, refused};
use crate::question::Question;
use crate::{Refusal, ResourceMetadata};
use messages::{
    BoolValue, CheckRequest, CheckResponse, Denied, HeaderOption, HttpRequest, HttpStatus, OVERWRITE, Ok as Passes,
    Status,
};

/// Where Envoy asks over gRPC.
pub const CHECK_PATH: &str = "/envoy.service.auth.v3.Authorization/Check";

/// The longest question that is read, in bytes: 64 KiB of headers, and what Envoy says beside them.
const MAX_QUESTION_BYTES: usize = 256 * 1024;

/// The most headers of a question.
const MAX_HEADERS: usize = 1_000;

/// Before each message: whether it is compressed, and its length in four bytes.
const PREFIX_BYTES: usize = 5;

/// The answer to a gRPC call.
pub type GrpcBody = WithTrailers<Full<Bytes>, Ready<Option<Result<HeaderMap, Infallible>>>>;

/// A status of gRPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Code {
    Ok = 0,
    InvalidArgument = 3,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    Unimplemented = 12,
    Unavailable = 14,
    Unauthenticated = 16,
}

/// What a question asks about.
#[derive(Debug, PartialEq, Eq)]
struct Asked {
    method: String,
    target: String,
    headers: HeaderMap,
}

impl Guard {
    /// Answers one gRPC question of Envoy's.
    ///
    /// Among the request's extensions must be the peer's [`SocketAddr`], or every question is refused.
    pub async fn check<B>(&self, request: Request<B>) -> Response<GrpcBody>
    where
        B: Body<Data = Bytes> + Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let is_grpc =
            request.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(GRPC.as_bytes()));
        if !is_grpc {
            let mut response = grpc(Bytes::new(), Code::Unimplemented);
            *response.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return response;
        }
        let peer = request.extensions().get::<SocketAddr>().map(SocketAddr::ip);
        let body = match Limited::new(request.into_body(), MAX_QUESTION_BYTES).collect().await {
            Ok(body) => body.to_bytes(),
            Err(_) => return grpc(Bytes::new(), Code::ResourceExhausted),
        };
        let asked = match read(&body) {
            Ok(asked) => asked,
            Err(code) => return grpc(Bytes::new(), code),
        };
        let Asked { method, target, headers } = &asked;
        let question = Question { method: Some(method), target: Some(target), headers, peer, certificate: None };
        let answer = match self.rule_on(&question).await {
            Ok(admission) => passes(&admission.pass.identity),
            Err(refusal) => denied(&refusal, self.metadata().map(ResourceMetadata::address)).await,
        };
        grpc(framed(&answer), Code::Ok)
    }
}

/// Reads a question. What is not understood in whole is no question: nothing passes by it.
fn read(body: &[u8]) -> Result<Asked, Code> {
    let (prefix, message) = body.split_at_checked(PREFIX_BYTES).ok_or(Code::InvalidArgument)?;
    let [compressed, length @ ..] = prefix else { return Err(Code::InvalidArgument) };
    if *compressed != 0 {
        return Err(Code::Unimplemented);
    }
    let length = length.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
    if length != message.len() {
        return Err(Code::InvalidArgument);
    }
    let question = CheckRequest::decode(message).map_err(|_| Code::InvalidArgument)?;
    let request = question.attributes.and_then(|attributes| attributes.request);
    asked(request.and_then(|request| request.http).ok_or(Code::InvalidArgument)?).ok_or(Code::InvalidArgument)
}

fn asked(http: HttpRequest) -> Option<Asked> {
    let raw = http.header_map.map(|map| map.headers).unwrap_or_default().into_iter();
    let raw = raw.map(|header| match header.raw_value.as_slice() {
        [] => (header.key, header.value.into_bytes()),
        raw => (header.key, raw.to_vec()),
    });
    let plain = http.headers.into_iter().map(|entry| (entry.key, entry.value.into_bytes()));
    // Envoy sends one or the other. Should both come, what comes twice is refused as such.
    let mut headers = HeaderMap::new();
    for (count, (name, value)) in raw.chain(plain).enumerate() {
        if count >= MAX_HEADERS {
            return None;
        }
        // Pseudo-headers of HTTP/2, which say what method and path say.
        if !name.starts_with(':') {
            headers.append(name.parse::<HeaderName>().ok()?, HeaderValue::from_bytes(&value).ok()?);
        }
    }
    (!http.method.is_empty() && !http.path.is_empty()).then_some(Asked {
        method: http.method,
        target: http.path,
        headers,
    })
}

/// The identity headers replace what the client sent under their names; those that have nothing to say are removed.
fn passes(identity: &HeaderMap) -> CheckResponse {
    let (said, silent): (Vec<_>, Vec<_>) = identity.iter().partition(|(_, value)| !value.is_empty());
    let ok = Passes {
        headers: said.into_iter().map(|(name, value)| option(name, value)).collect(),
        headers_to_remove: silent.into_iter().map(|(name, _)| name.to_string()).collect(),
    };
    CheckResponse { status: Some(Status { code: Code::Ok as i32 }), denied: None, ok: Some(ok) }
}

async fn denied(refusal: &Refusal, metadata: Option<&str>) -> CheckResponse {
    let (parts, body) = refused(refusal, metadata).into_parts();
    let body = body.collect().await.map(Collected::to_bytes).unwrap_or_default();
    let code = match parts.status {
        StatusCode::UNAUTHORIZED => Code::Unauthenticated,
        StatusCode::SERVICE_UNAVAILABLE => Code::Unavailable,
        StatusCode::TOO_MANY_REQUESTS => Code::ResourceExhausted,
        _ => Code::PermissionDenied,
    };
    let denied = Denied {
        status: Some(HttpStatus { code: parts.status.as_u16().into() }),
        headers: parts.headers.iter().map(|(name, value)| option(name, value)).collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    CheckResponse { status: Some(Status { code: code as i32 }), denied: Some(denied), ok: None }
}

fn option(name: &HeaderName, value: &HeaderValue) -> HeaderOption {
    let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
    let header = messages::HeaderValue { key: name.to_string(), value, raw_value: Vec::new() };
    HeaderOption { header: Some(header), append: Some(BoolValue { value: false }), append_action: OVERWRITE }
}

fn framed(message: &CheckResponse) -> Bytes {
    let mut bytes = BytesMut::with_capacity(PREFIX_BYTES + message.encoded_len());
    bytes.put_u8(0);
    bytes.put_u32(u32::try_from(message.encoded_len()).unwrap_or_default());
    // A buffer that grows takes everything.
    let _ = message.encode(&mut bytes);
    bytes.freeze()
}

fn grpc(message: Bytes, code: Code) -> Response<GrpcBody> {
    let status = HeaderValue::from(code as u16);
    let mut trailers = HeaderMap::new();
    trailers.insert(HeaderName::from_static("grpc-status"), status);
    let mut response = Response::new(Full::new(message).with_trailers(ready(Some(Ok(trailers)))));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(GRPC));
    response
}

const GRPC: &str = "application/grpc";

#[cfg(test)]
mod tests {
    use super::messages::{AttributeContext, HeaderEntry, RawHeaders, Request as Inner};
    use super::*;
    use proptest::prelude::*;

    fn question(http: HttpRequest) -> Vec<u8> {
        let message = CheckRequest { attributes: Some(AttributeContext { request: Some(Inner { http: Some(http) }) }) };
        let mut bytes = vec![0];
        bytes.extend(u32::try_from(message.encoded_len()).unwrap().to_be_bytes());
        bytes.extend(message.encode_to_vec());
        bytes
    }

    fn http(headers: &[(&str, &str)]) -> HttpRequest {
        let headers = headers.iter().map(|(key, value)| HeaderEntry { key: (*key).into(), value: (*value).into() });
        HttpRequest { method: "GET".into(), path: "/a?b".into(), headers: headers.collect(), header_map: None }
    }

    #[test]
    fn a_question_is_read_with_every_header() {
        let asked =
            read(&question(http(&[(":path", "/x"), ("authorization", "Bearer t"), ("x_auth_subject", "root")])))
                .unwrap();
        assert_eq!((asked.method.as_str(), asked.target.as_str(), asked.headers.len()), ("GET", "/a?b", 2));
        assert_eq!(asked.headers["authorization"], "Bearer t");
        let twice = http(&[("authorization", "Bearer a"), ("authorization", "Bearer b")]);
        assert_eq!(read(&question(twice)).unwrap().headers.get_all("authorization").iter().count(), 2);
        let raw = messages::HeaderValue {
            key: "authorization".into(),
            value: String::new(),
            raw_value: b"Bearer b".to_vec(),
        };
        let both = HttpRequest {
            header_map: Some(RawHeaders { headers: vec![raw] }),
            ..http(&[("authorization", "Bearer a")])
        };
        assert_eq!(read(&question(both)).unwrap().headers.get_all("authorization").iter().count(), 2);
    }

    #[test]
    fn what_is_not_understood_in_whole_is_no_question() {
        let good = question(http(&[]));
        assert!(read(&good).is_ok());
        assert_eq!(read(&good[..good.len() - 1]), Err(Code::InvalidArgument));
        assert_eq!(read(&[good.as_slice(), &[0]].concat()), Err(Code::InvalidArgument));
        // A whole field behind the end that the prefix names.
        assert_eq!(read(&[good.as_slice(), &[0x7a, 0]].concat()), Err(Code::InvalidArgument));
        assert_eq!(read(&[&[1], &good[1..]].concat()), Err(Code::Unimplemented));
        assert_eq!(read(&[0; 5]), Err(Code::InvalidArgument));
        for bad in [http(&[("a b", "c")]), http(&[("a", "c\r\nd: e")]), http(&[("", "c")])] {
            assert_eq!(read(&question(bad)), Err(Code::InvalidArgument));
        }
        for bad in
            [HttpRequest { method: String::new(), ..http(&[]) }, HttpRequest { path: String::new(), ..http(&[]) }]
        {
            assert_eq!(read(&question(bad)), Err(Code::InvalidArgument));
        }
    }

    #[test]
    fn every_identity_header_is_overwritten_or_removed() {
        let mut identity = HeaderMap::new();
        identity.insert("x-auth-subject", HeaderValue::from_static("alice"));
        identity.insert("x-auth-session", HeaderValue::from_static(""));
        let ok = passes(&identity).ok.unwrap();
        assert_eq!(ok.headers_to_remove, ["x-auth-session"]);
        let [subject] = ok.headers.as_slice() else { panic!("{ok:?}") };
        assert_eq!((subject.append_action, subject.append.as_ref().unwrap().value), (OVERWRITE, false));
        assert_eq!(subject.header.as_ref().unwrap().value, "alice");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut framed = vec![0];
            framed.extend(u32::try_from(bytes.len()).unwrap().to_be_bytes());
            framed.extend(&bytes);
            let _ = read(&framed);
            let _ = read(&bytes);
        }
    }
}

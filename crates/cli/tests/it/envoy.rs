//! Envoy's gRPC protocol, spoken by a client that is written from its protocol files and knows nothing of the guard's own code.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

use crate::harness::{Authority, Guard};

const CHECK: &str = "/envoy.service.auth.v3.Authorization/Check";

/// A field of the protobuf wire format that has a length.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    let mut length = content.len();
    while length >= 0x80 {
        bytes.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    bytes.push(u8::try_from(length).unwrap());
    [bytes.as_slice(), content].concat()
}

/// The fields of a message: number, and the bytes or the number that it holds.
fn fields(mut bytes: &[u8]) -> Vec<(u64, Vec<u8>, u64)> {
    fn varint(bytes: &mut &[u8]) -> u64 {
        let mut value = 0;
        for shift in (0..).step_by(7) {
            let (first, rest) = bytes.split_first().unwrap();
            *bytes = rest;
            value |= u64::from(first & 0x7f) << shift;
            if first & 0x80 == 0 {
                break;
            }
        }
        value
    }
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes);
        let value = varint(&mut bytes);
        if tag & 7 == 2 {
            let (content, rest) = bytes.split_at(usize::try_from(value).unwrap());
            all.push((tag >> 3, content.to_vec(), 0));
            bytes = rest;
        } else {
            all.push((tag >> 3, Vec::new(), value));
        }
    }
    all
}

fn sole(bytes: &[u8], number: u64) -> Option<(Vec<u8>, u64)> {
    let mut found: Vec<_> = fields(bytes).into_iter().filter(|(known, ..)| *known == number).collect();
    assert!(found.len() < 2);
    found.pop().map(|(_, content, value)| (content, value))
}

/// `CheckRequest` with `attributes.request.http`, beside fields that a guard need not know.
fn question(method: &str, path: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    let entries = headers.iter().map(|(name, value)| [field(1, name.as_bytes()), field(2, value.as_bytes())].concat());
    let entries: Vec<u8> = entries.flat_map(|entry| field(3, &entry)).collect();
    let rest = [field(5, b"shop.example"), field(6, b"https"), field(10, b"HTTP/2")].concat();
    let http = [field(1, b"17"), field(2, method.as_bytes()), entries, field(4, path.as_bytes()), rest].concat();
    let request = [field(1, &[8, 1]), field(2, &http)].concat();
    field(1, &[field(1, b""), field(4, &request), field(10, &[field(1, b"k"), field(2, b"v")].concat())].concat())
}

/// What Envoy would do.
#[derive(Debug, PartialEq, Eq)]
enum Does {
    Pass {
        set: Vec<(String, String)>,
        remove: Vec<String>,
    },
    Deny {
        status: u64,
        headers: Vec<(String, String)>,
        body: String,
    },
    /// The call failed: `grpc-status`.
    Fail(String),
}

fn options(message: &[u8]) -> Vec<(String, String)> {
    let options = fields(message).into_iter().filter(|(number, ..)| *number == 2);
    let text = |bytes: &[u8], number| String::from_utf8(sole(bytes, number).unwrap_or_default().0).unwrap();
    options
        .map(|(_, option, _)| {
            assert_eq!(sole(&option, 3).unwrap().1, 2, "OVERWRITE_IF_EXISTS_OR_ADD");
            assert_eq!(sole(&option, 2).unwrap().0, b"", "append is false");
            let header = sole(&option, 1).unwrap().0;
            (text(&header, 1), text(&header, 2))
        })
        .collect()
}

fn ask_with(port: u16, kind: &str, framed: Vec<u8>) -> Does {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (trailers, body) = runtime.block_on(async {
        let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
        let request = http::Request::post(format!("http://127.0.0.1:{port}{CHECK}"));
        let request =
            request.header("content-type", kind).header("te", "trailers").body(Full::new(Bytes::from(framed)));
        let answer = client.request(request.unwrap()).await.unwrap();
        assert_eq!(answer.headers()["content-type"], "application/grpc");
        let body = answer.into_body().collect().await.unwrap();
        (body.trailers().cloned().unwrap(), body.to_bytes())
    });
    let status = trailers["grpc-status"].to_str().unwrap().to_owned();
    if status != "0" {
        assert!(body.is_empty());
        return Does::Fail(status);
    }
    let (prefix, message) = body.split_at(5);
    assert_eq!(prefix, [&[0][..], &u32::try_from(message.len()).unwrap().to_be_bytes()].concat());
    // `google.rpc.Status`: zero is the default and not written.
    let code = sole(&sole(message, 1).unwrap().0, 1).map_or(0, |(_, code)| code);
    match (sole(message, 2), sole(message, 3)) {
        (None, Some((ok, _))) if code == 0 => {
            let remove = fields(&ok).into_iter().filter(|(number, ..)| *number == 5);
            let remove = remove.map(|(_, name, _)| String::from_utf8(name).unwrap()).collect();
            Does::Pass { set: options(&ok), remove }
        }
        (Some((denied, _)), None) if code != 0 => Does::Deny {
            status: sole(&sole(&denied, 1).unwrap().0, 1).unwrap().1,
            headers: options(&denied),
            body: String::from_utf8(sole(&denied, 3).unwrap().0).unwrap(),
        },
        other => panic!("{code} {other:?}"),
    }
}

fn ask(guard: &Guard, method: &str, path: &str, headers: &[(&str, &str)]) -> Does {
    let message = question(method, path, headers);
    let framed = [&[0][..], &u32::try_from(message.len()).unwrap().to_be_bytes(), &message].concat();
    ask_with(guard.port, "application/grpc", framed)
}

fn code(does: &Does) -> (u64, String) {
    let Does::Deny { status, body, .. } = does else { panic!("{does:?}") };
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    (*status, body["code"].as_str().unwrap().to_owned())
}

#[test]
fn envoy_asks_over_grpc_and_gets_the_same_verdicts() {
    let authority = Authority::start();
    let rules = "[[rules]]\nname = \"read\"\nmethods = [\"GET\"]\npaths = [\"/orders/**\"]\n";
    let guard = Guard::start_with(&authority, rules);
    let token = authority.service_token();
    let bearer = format!("Bearer {token}");
    let good = [(":authority", "shop.example"), ("authorization", bearer.as_str()), ("x-auth-subject", "root")];
    let Does::Pass { set, remove } = ask(&guard, "GET", "/orders/7?x=1", &good) else { panic!() };
    let subject = guard.get("/ext-authz/orders/7", &[("Authorization", &bearer)]).header("x-auth-subject").to_owned();
    assert!(set.contains(&("x-auth-subject".to_owned(), subject)), "{set:?}");
    // This token has no session and no scope: what is sent under these names is taken away.
    assert_eq!(remove, ["x-auth-scope", "x-auth-session"]);

    assert_eq!(code(&ask(&guard, "POST", "/orders/7", &good)), (403, "guard.no_rule".to_owned()));
    assert_eq!(code(&ask(&guard, "GET", "/orders/../admin", &good)), (403, "guard.bad_path".to_owned()));
    let none = ask(&guard, "GET", "/orders/7", &[]);
    assert_eq!(code(&none), (401, "guard.no_credentials".to_owned()));
    let Does::Deny { headers, .. } = none else { panic!() };
    assert!(
        headers.iter().any(|(name, value)| name == "www-authenticate" && value.starts_with("Bearer")),
        "{headers:?}"
    );
    let disguised = [("authorization", bearer.as_str()), ("x_auth_subject", "root")];
    assert_eq!(code(&ask(&guard, "GET", "/orders/7", &disguised)).1, "guard.smuggled_identity");
    let both = format!("{bearer},{bearer}");
    assert_eq!(code(&ask(&guard, "GET", "/orders/7", &[("authorization", &both)])).0, 401);
    let twice = [("authorization", bearer.as_str()), ("authorization", bearer.as_str())];
    assert_eq!(code(&ask(&guard, "GET", "/orders/7", &twice)).1, "guard.several_credentials");

    authority.admin_json(&["revoke", "client", "service"]);
    assert_eq!(code(&ask(&guard, "GET", "/orders/7", &good)), (401, "revoked.client".to_owned()));
}

#[test]
fn a_call_that_is_not_understood_is_a_failure_and_never_an_answer() {
    let authority = Authority::start();
    let guard = Guard::start_with(&authority, "[[rules]]\nname = \"open\"\naccess = \"anyone\"\n");
    assert!(matches!(ask(&guard, "GET", "/", &[]), Does::Pass { .. }));
    let port = guard.port;
    assert_eq!(ask_with(port, "application/grpc", Vec::new()), Does::Fail("3".to_owned()));
    assert_eq!(ask_with(port, "application/grpc", vec![1, 0, 0, 0, 0]), Does::Fail("12".to_owned()));
    assert_eq!(ask_with(port, "application/grpc", vec![0, 0, 0, 0, 9, 1]), Does::Fail("3".to_owned()));
    assert_eq!(ask_with(port, "application/grpc", vec![0; 300 * 1024]), Does::Fail("8".to_owned()));
    assert_eq!(ask_with(port, "application/json", Vec::new()), Does::Fail("12".to_owned()));
}

#[test]
fn a_stranger_may_not_ask_over_grpc_either() {
    let authority = Authority::start();
    let guard = Guard::start_with(&authority, "proxies = [\"10.0.0.1\"]\n");
    let bearer = format!("Bearer {}", authority.service_token());
    assert_eq!(code(&ask(&guard, "GET", "/", &[("authorization", &bearer)])), (403, "guard.untrusted_peer".to_owned()));
}

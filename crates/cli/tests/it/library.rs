//! Services that check tokens themselves, as examples/ has them.

use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::harness::{Answer, Authority, PROBITY, Process, claims, exchange, free_port, get, text, wait_for};

/// One of the examples with the credential of the configuration.
struct Service {
    _process: Process,
    port: u16,
}

impl Service {
    fn start(authority: &Authority, example: &str) -> Self {
        let port = free_port();
        let program = Path::new(PROBITY).with_file_name("examples").join(example);
        assert!(program.exists(), "this test needs the examples: `cargo xtask test` builds them");
        let mut command = Command::new(program);
        command
            .env("ISSUER", authority.issuer())
            .env("AUDIENCE", authority.audience())
            .env("RESOURCE", format!("http://localhost:{port}/mcp"))
            .env("CREDENTIAL_FILE", authority.data("guard.credential"))
            .env("CA_FILE", authority.data("ca.pem"))
            .env("LISTEN", format!("127.0.0.1:{port}"));
        let process = Process::start(&mut command, authority.folder.path().join(format!("{example}.log")));
        wait_for("the service to listen", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        let service = Self { _process: process, port };
        let token = authority.service_token();
        wait_for("the service to be current", || service.get("/orders", &token).status != 503);
        service
    }

    fn get(&self, path: &str, token: &str) -> Answer {
        get(self.port, path, &[("Authorization", &format!("Bearer {token}"))])
    }

    fn call(&self, token: Option<&str>, message: &Value) -> Answer {
        let authorization = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        let body = message.to_string();
        let head = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n";
        let request = format!("{head}{authorization}Content-Length: {}\r\n\r\n{body}", body.len());
        exchange(self.port, request.as_bytes())
    }
}

#[test]
fn an_axum_handler_learns_who_calls_and_a_revoked_token_never_reaches_it() {
    let authority = Authority::start();
    let service = Service::start(&authority, "axum");
    let (token, client) = (authority.service_token(), authority.service().0.to_owned());
    let answer = service.get("/orders", &token);
    assert_eq!((answer.status, answer.body), (200, format!("hello, {client}; you came by {client}\n")));

    let nobody = get(service.port, "/orders", &[]);
    assert_eq!((nobody.status, nobody.header("www-authenticate")), (401, "Bearer realm=\"probity\""));
    for bad in ["garbage", &token[..token.len() - 4], ""] {
        let answer = service.get("/orders", bad);
        assert!([400, 401].contains(&answer.status) && !answer.body.contains("hello"), "{bad}: {answer:?}");
    }

    let admin = authority.admin_json(&["revoke", "token", text(&claims(&token), "/jti")]);
    assert_eq!(text(&admin, "/level"), "enforced");
    let answer = service.get("/orders", &token);
    assert_eq!((answer.status, answer.body.contains("hello")), (401, false), "{answer:?}");
    assert!(answer.header("www-authenticate").contains("error=\"invalid_token\""), "{answer:?}");
}

#[test]
fn an_axum_service_accepts_nothing_while_the_authority_is_gone() {
    let mut authority = Authority::start();
    let service = Service::start(&authority, "axum");
    let token = authority.service_token();
    assert_eq!(service.get("/orders", &token).status, 200);
    authority.process.kill();
    wait_for("the lease to end", || service.get("/orders", &token).status == 503);
    assert_eq!(service.get("/orders", &token).header("retry-after"), "1");
}

#[test]
fn an_mcp_client_without_a_token_finds_the_authority_and_with_one_its_tools() {
    let authority = Authority::start();
    let service = Service::start(&authority, "mcp");
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});

    let refused = service.call(None, &list);
    let address = format!("http://localhost:{}/.well-known/oauth-protected-resource/mcp", service.port);
    let challenge = format!("Bearer realm=\"probity\", resource_metadata=\"{address}\"");
    assert_eq!((refused.status, refused.header("www-authenticate")), (401, challenge.as_str()));
    let metadata = get(service.port, "/.well-known/oauth-protected-resource/mcp", &[]);
    assert_eq!(metadata.header("access-control-allow-origin"), "*");
    let metadata = metadata.json();
    assert_eq!(metadata["authorization_servers"], json!([authority.issuer()]));
    assert_eq!(text(&metadata, "/resource"), format!("http://localhost:{}/mcp", service.port));

    let token = authority.service_token();
    let answer = service.call(Some(&token), &list).json();
    assert_eq!(text(&answer, "/result/tools/0/name"), "whoami");
    let call = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "whoami"}});
    let answer = service.call(Some(&token), &call).json();
    assert_eq!(text(&answer, "/result/content/0/text"), authority.service().0);
}

//! A real nginx with `auth_request`, configured by the file that examples/nginx offers.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::harness::{Answer, Authority, Guard, Process, claims, free_port, get, text, wait_for};

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/nginx/nginx.conf");

/// An nginx in front of an application that says who calls.
pub(crate) struct Nginx {
    process: Process,
    port: u16,
    _folder: TempDir,
}

impl Nginx {
    /// Starts nginx with the example's configuration, on free ports.
    pub(crate) fn start(guard_port: u16) -> Self {
        let folder = TempDir::new().unwrap();
        let (port, application) = (free_port(), free_port());
        let mut config = fs::read_to_string(EXAMPLE).unwrap();
        for (known, ours) in [(9080, guard_port), (8080, port), (8081, application)] {
            let known = format!("127.0.0.1:{known}");
            assert!(config.contains(&known), "the example no longer names {known}");
            config = config.replace(&known, &format!("127.0.0.1:{ours}"));
        }
        // What nginx logs is looked through for tokens too.
        assert!(config.contains("access_log off;"));
        config = config.replace("access_log off;", "access_log /dev/stderr;");
        // Started by root, nginx gives up its rights, and could then not enter a folder that is ours alone.
        config.insert_str(0, "user root;\n");
        let file = folder.path().join("nginx.conf");
        fs::write(&file, config).unwrap();
        fs::create_dir(folder.path().join("temp")).unwrap();
        let mut command = Command::new(program());
        command.arg("-p").arg(folder.path()).arg("-c").arg(&file).args(["-e", "stderr"]);
        let log = folder.path().join("nginx.log");
        let process = Process::start(&mut command, log);
        wait_for("nginx to listen", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        Self { process, port, _folder: folder }
    }

    /// Calls the application through nginx.
    pub(crate) fn call(&self, headers: &[(&str, &str)]) -> Answer {
        get(self.port, "/orders?page=2", headers)
    }

    /// Calls with a token.
    pub(crate) fn call_with(&self, token: &str) -> Answer {
        self.call(&[("Authorization", &format!("Bearer {token}"))])
    }

    /// What nginx has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.process.log).unwrap()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // The master is asked to stop, so that it stops its workers; killed, it would leave them behind.
        self.process.terminate();
    }
}

fn program() -> &'static str {
    let known = ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx"];
    let found = known.into_iter().find(|path| Path::new(path).exists());
    found.expect("this test needs nginx: apt-get install nginx-light (`cargo xtask test` does it as root)")
}

#[test]
fn nginx_passes_who_calls_until_the_token_is_revoked_and_then_refuses() {
    let authority = Authority::start();
    let guard = Guard::start(&authority);
    let nginx = Nginx::start(guard.port);
    let token = authority.service_token();

    let answer = nginx.call_with(&token);
    let client = authority.service().0;
    assert_eq!(answer.status, 200, "{answer:?}\n{}", nginx.log());
    assert!(answer.body.starts_with(&format!("hello, {client}, from client {client}")), "{answer:?}");

    let admin = authority.admin_json(&["revoke", "token", text(&claims(&token), "/jti")]);
    assert_eq!(text(&admin, "/level"), "enforced");
    let answer = nginx.call_with(&token);
    assert_eq!(answer.status, 401, "{answer:?}");
    assert!(answer.header("www-authenticate").contains("error=\"invalid_token\""), "{answer:?}");
    assert!(!answer.body.contains("hello"));
}

#[test]
fn nginx_lets_nothing_pass_that_the_guard_refuses() {
    let authority = Authority::start();
    let guard = Guard::start(&authority);
    let nginx = Nginx::start(guard.port);
    let token = authority.service_token();
    let bearer = format!("Bearer {token}");
    let bad: [&[(&str, &str)]; 5] = [
        &[],
        &[("Authorization", "Bearer garbage")],
        &[("Authorization", "Basic YTpi")],
        &[("Authorization", &bearer), ("Authorization", &bearer)],
        &[("X-Auth-Subject", "root")],
    ];
    for headers in bad {
        let answer = nginx.call(headers);
        // nginx itself refuses a second Authorization header in its later versions.
        assert!([400, 401].contains(&answer.status), "{headers:?}: {answer:?}");
        assert!(answer.status == 400 || answer.header("www-authenticate").starts_with("Bearer"), "{answer:?}");
    }
    let megabyte = nginx.call_with(&"a".repeat(1 << 20));
    assert!([400, 431, 494].contains(&megabyte.status), "{megabyte:?}");
    assert_eq!(nginx.call_with(&token).status, 200);
}

#[test]
fn a_client_can_not_forge_the_headers_that_say_who_calls() {
    let authority = Authority::start();
    let guard = Guard::start(&authority);
    let nginx = Nginx::start(guard.port);
    let bearer = format!("Bearer {}", authority.service_token());
    let forged = [("Authorization", bearer.as_str()), ("X-Auth-Subject", "root"), ("X-Auth-Session", "forged")];
    let answer = nginx.call(&forged);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(!answer.body.contains("root"), "{answer:?}");
}

#[test]
fn while_the_guard_can_not_know_or_is_gone_clients_are_told_to_come_back() {
    let mut authority = Authority::start();
    let mut guard = Guard::start(&authority);
    let nginx = Nginx::start(guard.port);
    let token = authority.service_token();
    assert_eq!(nginx.call_with(&token).status, 200);
    authority.process.kill();
    wait_for("the lease to end", || nginx.call_with(&token).status != 200);
    let stale = nginx.call_with(&token);
    assert_eq!((stale.status, stale.header("retry-after")), (503, "1"), "{stale:?}");
    assert_eq!(stale.header("www-authenticate"), "", "the token is not at fault");
    guard.process.kill();
    let gone = nginx.call_with(&token);
    assert_eq!((gone.status, gone.header("retry-after")), (503, "1"), "{gone:?}");
}

//! The real Caddy, HAProxy and Apache, configured by the files that examples/ offers.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::harness::{Answer, Authority, Guard, Process, claims, free_port, get, text, wait_for};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");

/// What is different between the proxies.
struct Kind {
    /// Its folder in examples/, whose files are all taken.
    folder: &'static str,
    /// The program, and the Debian package that has it.
    program: (&'static str, &'static str),
    /// The arguments, in a copy of the folder.
    arguments: &'static [&'static str],
}

const CADDY: Kind = Kind {
    folder: "caddy",
    program: ("/usr/bin/caddy", "caddy"),
    arguments: &["run", "--config", "Caddyfile", "--adapter", "caddyfile"],
};

const HAPROXY: Kind =
    Kind { folder: "haproxy", program: ("/usr/sbin/haproxy", "haproxy"), arguments: &["-db", "-f", "haproxy.cfg"] };

const APACHE: Kind = Kind {
    folder: "apache",
    program: ("/usr/sbin/apache2", "apache2 lua-socket"),
    arguments: &["-d", ".", "-f", "httpd.conf", "-D", "FOREGROUND"],
};

/// A proxy in front of an application that says who calls.
struct Proxy {
    process: Process,
    port: u16,
    _folder: TempDir,
}

impl Proxy {
    /// Starts a proxy with its example's files, on free ports.
    fn start(kind: &Kind, guard_port: u16) -> Self {
        let folder = TempDir::new().unwrap();
        let (port, application) = (free_port(), free_port());
        let mut seen = [false; 3];
        for file in fs::read_dir(Path::new(EXAMPLES).join(kind.folder)).unwrap() {
            let file = file.unwrap();
            let mut content = fs::read_to_string(file.path()).unwrap();
            for (at, (known, ours)) in [(9080, guard_port), (8080, port), (8081, application)].into_iter().enumerate() {
                let known = format!(":{known}");
                seen[at] |= content.contains(&known);
                content = content.replace(&known, &format!(":{ours}"));
            }
            fs::write(folder.path().join(file.file_name()), content).unwrap();
        }
        assert_eq!(seen, [true; 3], "the example no longer names the ports");
        let (program, package) = kind.program;
        assert!(Path::new(program).exists(), "this test needs {package}: `cargo xtask test` installs it as root");
        let mut command = Command::new(program);
        command.args(kind.arguments).current_dir(folder.path()).env("APACHE_RUN_DIR", folder.path());
        // Caddy keeps what it knows in the home folder.
        command.env("HOME", folder.path()).env_remove("XDG_DATA_HOME").env_remove("XDG_CONFIG_HOME");
        let process = Process::start(&mut command, folder.path().join("proxy.log"));
        let proxy = Self { process, port, _folder: folder };
        wait_for("the proxy to listen", || {
            [port, application].iter().all(|port| TcpStream::connect(("127.0.0.1", *port)).is_ok())
        });
        proxy
    }

    fn call(&self, target: &str, headers: &[(&str, &str)]) -> Answer {
        get(self.port, target, headers)
    }

    fn call_with(&self, target: &str, token: &str) -> Answer {
        self.call(target, &[("Authorization", &format!("Bearer {token}"))])
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.process.log).unwrap()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Asked, it stops its workers too; killed, it would leave them behind.
        self.process.terminate();
    }
}

/// The same for every proxy: what passes, what does not, and what happens when the guard can't know.
fn a_proxy_passes_what_the_guard_passes_and_nothing_else(kind: &Kind) {
    let mut authority = Authority::start();
    let rules = "[[rules]]\nname = \"nobody\"\npaths = [\"/internal/**\"]\naccess = \"nobody\"\n\
                 [[rules]]\nname = \"orders\"\nmethods = [\"GET\"]\npaths = [\"/orders/**\"]\n";
    let mut guard = Guard::start_with(&authority, rules);
    let proxy = Proxy::start(kind, guard.port);
    let token = authority.service_token();
    let client = authority.service().0.to_owned();

    let answer = proxy.call_with("/orders/7?page=2", &token);
    assert_eq!(answer.status, 200, "{answer:?}\n{}", proxy.log());
    assert!(answer.body.contains(&format!("hello, {client}, from client {client}")), "{answer:?}");
    forged_headers(&proxy, &token);
    bad_credentials(&proxy, &token);
    rules_and_paths(&proxy, &token);

    let revoked = authority.service_token();
    assert_eq!(proxy.call_with("/orders", &revoked).status, 200);
    let admin = authority.admin_json(&["revoke", "token", text(&claims(&revoked), "/jti")]);
    assert_eq!(text(&admin, "/level"), "enforced");
    let answer = proxy.call_with("/orders", &revoked);
    assert_eq!(answer.status, 401, "{answer:?}");
    assert!(answer.header("www-authenticate").contains("error=\"invalid_token\""), "{answer:?}");
    assert!(!answer.body.contains("hello"));

    authority.process.kill();
    wait_for("the lease to end", || proxy.call_with("/orders", &token).status != 200);
    let stale = proxy.call_with("/orders", &token);
    assert_eq!((stale.status, stale.header("retry-after")), (503, "1"), "{stale:?}");
    guard.process.kill();
    let gone = proxy.call_with("/orders", &token);
    assert!([502, 503].contains(&gone.status) && !gone.body.contains("hello"), "{gone:?}");
}

fn forged_headers(proxy: &Proxy, token: &str) {
    let bearer = format!("Bearer {token}");
    for (name, value) in [
        ("X-Auth-Subject", "root"),
        ("x-auth-session", "root"),
        ("X_Auth_Subject", "root"),
        ("X-Auth_Client", "root"),
        ("X-Original-URI", "/internal"),
        ("X-Original-Method", "DELETE"),
        ("X-Forwarded-Uri", "/internal"),
        ("Connection", "X-Auth-Subject"),
    ] {
        let answer = proxy.call("/orders", &[("Authorization", &bearer), (name, value)]);
        assert!(!answer.body.contains("root"), "{name}: {answer:?}");
        let named = answer.body.contains("hello, ") && !answer.body.contains("hello, ,");
        assert!(named || [400, 403].contains(&answer.status), "{name}: {answer:?}");
    }
    // And of a request that must not pass, no header makes one that does.
    for (name, value) in [("X-Original-URI", "/orders"), ("X-Forwarded-Uri", "/orders"), ("X-Rewrite-Url", "/orders")] {
        let answer = proxy.call("/internal", &[("Authorization", &bearer), (name, value)]);
        assert_eq!(answer.status, 403, "{name}: {answer:?}");
    }
}

fn bad_credentials(proxy: &Proxy, token: &str) {
    let bearer = format!("Bearer {token}");
    let bad: [&[(&str, &str)]; 5] = [
        &[],
        &[("Authorization", "Bearer garbage")],
        &[("Authorization", "Basic YTpi")],
        &[("Authorization", &bearer), ("Authorization", &bearer)],
        &[("X-Auth-Subject", "root")],
    ];
    for headers in bad {
        let answer = proxy.call("/orders", headers);
        assert!([400, 401].contains(&answer.status), "{headers:?}: {answer:?}");
        assert!(answer.status == 400 || answer.header("www-authenticate").starts_with("Bearer"), "{answer:?}");
    }
    let in_query = proxy.call_with("/orders?access_token=x", token);
    assert_eq!(in_query.status, 401, "{in_query:?}");
}

fn rules_and_paths(proxy: &Proxy, token: &str) {
    for target in [
        "/internal",
        "/internal/metrics",
        "/%69nternal",
        "/elsewhere",
        "/orders/../internal",
        "/orders/%2e%2e/internal",
        "/orders/..%2finternal",
        "/orders/..;/internal",
        "//internal",
        "/orders//",
        "/orders%00",
        "/orders%5c..%5cinternal",
        "/orders/%252e%252e/internal",
    ] {
        let answer = proxy.call_with(target, token);
        // A proxy may refuse it itself.
        assert!([400, 403, 404].contains(&answer.status), "{target}: {answer:?}");
        assert!(!answer.body.contains("hello"), "{target}: {answer:?}");
    }
}

#[test]
fn caddy_passes_what_the_guard_passes_and_nothing_else() {
    a_proxy_passes_what_the_guard_passes_and_nothing_else(&CADDY);
}

#[test]
fn haproxy_passes_what_the_guard_passes_and_nothing_else() {
    a_proxy_passes_what_the_guard_passes_and_nothing_else(&HAPROXY);
}

#[test]
fn apache_passes_what_the_guard_passes_and_nothing_else() {
    a_proxy_passes_what_the_guard_passes_and_nothing_else(&APACHE);
}

//! The servers under load: ours as it is shipped, and node `oidc-provider`.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::http::{Connection, form, get, text};
use crate::Failure;
use crate::bench::timed;
use crate::process::{cargo, root, run};

const SECRET: &str = "a-secret-of-the-benchmark-with-32-characters-or-more";

/// How often the kernel counts CPU time, in a second (`USER_HZ`, 100 on every Linux).
const TICKS: u64 = 100;

/// How long a server may take to answer for the first time.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running server. Killed when dropped.
pub(super) struct Server {
    child: Child,
    pub(super) port: u16,
    start: Start,
}

/// How a server is started.
struct Start {
    program: PathBuf,
    arguments: Vec<String>,
    /// A path that is answered with 200 when it is ready.
    ready: &'static str,
}

impl Start {
    fn run(self, port: u16) -> Result<(Server, Duration), Failure> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).env("PROBITY_LOG", "info").stdout(Stdio::null()).stderr(Stdio::null());
        let (outcome, took) = timed(|| {
            let child = command.spawn().map_err(|error| format!("{}: {error}", self.program.display()))?;
            wait(port, self.ready).map(|()| child)
        });
        Ok((Server { child: outcome?, port, start: self }, took))
    }
}

#[expect(clippy::disallowed_methods, reason = "patience is a time")]
fn wait(port: u16, path: &str) -> Result<(), Failure> {
    let end = std::time::Instant::now() + PATIENCE;
    while std::time::Instant::now() < end {
        let answer = Connection::open(port).and_then(|mut connection| connection.send(&get(path, &[])));
        if answer.is_ok_and(|answer| answer.status == 200) {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Err(format!("nobody answers on port {port}"))
}

impl Server {
    /// Starts it again on what it has stored.
    pub(super) fn restart(mut self) -> Result<(Self, Duration), Failure> {
        self.stop();
        let start = Start {
            program: self.start.program.clone(),
            arguments: self.start.arguments.clone(),
            ready: self.start.ready,
        };
        start.run(self.port)
    }

    fn stop(&mut self) {
        // Already gone is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// A token of that client.
    pub(super) fn token(&self) -> Result<String, Failure> {
        let request = form("/token", &[&basic()], "grant_type=client_credentials");
        text(&Connection::open(self.port)?.send(&request)?, "access_token")
    }

    /// The CPU time that all its threads have used.
    pub(super) fn cpu(&self) -> Result<Duration, Failure> {
        let stat = self.proc("stat")?;
        // The program's name, in parentheses, may have spaces.
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
        let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<u64>().ok());
        let used = ticks(11).zip(ticks(12)).map(|(user, system)| user + system).ok_or("/proc has changed")?;
        Ok(Duration::from_millis(used * 1_000 / TICKS))
    }

    /// What it holds of the machine's memory, in megabytes.
    pub(super) fn memory(&self) -> Result<u64, Failure> {
        let status = self.proc("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("/proc has changed")?;
        let kilobytes = line.split_whitespace().next().and_then(|text| text.parse::<u64>().ok());
        kilobytes.map(|kilobytes| kilobytes / 1_000).ok_or_else(|| "/proc has changed".to_owned())
    }

    fn proc(&self, file: &str) -> Result<String, Failure> {
        let path = format!("/proc/{}/{file}", self.child.id());
        fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The authority on a fresh store, and how long until it was ready.
pub(super) fn authority() -> Result<(Server, Duration), Failure> {
    run(cargo().args(["build", "--release", "--locked", "--quiet", "--package", "probity"]))?;
    let folder = fresh("bench-authority")?;
    let port = free_port()?;
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).map_err(|error| format!("{name}: {error}"));
    fs::create_dir(folder.join("store")).map_err(|error| error.to_string())?;
    write("master.key", &"A".repeat(43))?;
    write("bench.secret", SECRET)?;
    write("alice.password", "a-password-of-the-benchmark")?;
    write(
        "serve.toml",
        &format!(
            r#"
issuer = "http://127.0.0.1:{port}"
listen = "127.0.0.1:{port}"
plain_http = true
data = "store"
master_key_file = "master.key"
signing_algorithms = ["ES256"]
[[clients]]
client_id = "bench"
client_secret_file = "bench.secret"
grant_types = ["client_credentials"]
audience = "https://api.example"
[[clients]]
client_id = "app"
grant_types = ["authorization_code", "refresh_token"]
redirect_uris = ["https://app.example/cb"]
scopes = ["openid"]
audience = "https://api.example"
[[users]]
username = "alice"
password_file = "alice.password"
"#
        ),
    )?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let config = folder.join("serve.toml").display().to_string();
    let arguments = ["serve", "--log", "json", "--config", &config].map(str::to_owned).into();
    Start { program: target.join("release/probity"), arguments, ready: "/readyz" }.run(port)
}

/// The peer, and how long until it was ready.
pub(super) fn provider() -> Result<(Server, Duration), Failure> {
    let (source, folder) = (root().join("bench/authority"), root().join("target/bench-authority-peer"));
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    for name in ["package.json", "package-lock.json", "provider.mjs"] {
        fs::copy(source.join(name), folder.join(name)).map_err(|error| format!("{name}: {error}"))?;
    }
    run(Command::new("npm")
        .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"])
        .current_dir(&folder))?;
    let port = free_port()?;
    let program = folder.join("provider.mjs").display().to_string();
    let arguments = vec!["--no-warnings".to_owned(), program, port.to_string(), SECRET.to_owned()];
    Start { program: "node".into(), arguments, ready: "/jwks" }.run(port)
}

/// The header line of the client that acts for itself.
pub(super) fn basic() -> String {
    format!("Authorization: Basic {}", base64(format!("bench:{SECRET}").as_bytes()))
}

/// The load averages of the machine: what else runs there.
pub(super) fn load_average() -> String {
    fs::read_to_string("/proc/loadavg").unwrap_or_default().split(' ').take(3).collect::<Vec<_>>().join(" ")
}

fn fresh(name: &str) -> Result<PathBuf, Failure> {
    let folder = root().join("target").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(Path::new(&folder)).map_err(|error| error.to_string())?;
    Ok(folder)
}

fn free_port() -> Result<u16, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    listener.local_addr().map(|address| address.port()).map_err(|error| error.to_string())
}

/// RFC 4648 section 4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let groups = bytes.chunks(3).flat_map(|group| {
        let bits = group.iter().chain(&[0, 0]).take(3).fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        (0..4).map(move |at| {
            let letter = LETTERS.get(bits >> (18 - 6 * at) & 63).copied().unwrap_or(b'=');
            char::from(if at > group.len() { b'=' } else { letter })
        })
    });
    groups.collect()
}

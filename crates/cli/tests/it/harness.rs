//! Starts the real binary and real nginx on loopback, and stops them by their own process id.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// How long anything that should happen soon may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The binary under test.
pub const PROBITY: &str = env!("CARGO_BIN_EXE_probity");

/// A process of ours that is killed when dropped.
pub struct Process {
    child: Child,
    /// What it wrote to standard error.
    pub log: PathBuf,
}

impl Process {
    /// Starts the command with its standard error going to `log`.
    pub fn start(command: &mut Command, log: PathBuf) -> Self {
        let file = File::options().create(true).append(true).open(&log).unwrap();
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(file).spawn().unwrap();
        Self { child, log }
    }

    /// The first line of its standard output.
    pub fn first_line(&mut self) -> String {
        let mut line = String::new();
        let mut lines = BufReader::new(self.child.stdout.as_mut().unwrap());
        lines.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "no output; the log says:\n{}", fs::read_to_string(&self.log).unwrap());
        line
    }

    /// Sends a signal by name: KILL, STOP, CONT, TERM.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success(), "kill -s {name}");
    }

    /// SIGKILL, and waits until the process is gone.
    pub fn kill(&mut self) {
        self.signal("KILL");
        self.child.wait().unwrap();
    }

    /// SIGTERM; the exit status.
    pub fn terminate(&mut self) -> std::process::ExitStatus {
        self.signal("TERM");
        self.child.wait().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Already gone is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// An authority with its data folder.
pub struct Authority {
    pub process: Process,
    pub folder: Arc<TempDir>,
    pub port: u16,
    /// What `serve --dev --json` printed at its first start.
    pub dev: Value,
}

impl Authority {
    /// Starts an authority on a fresh data folder.
    pub fn start() -> Self {
        Self::start_on(free_port())
    }

    /// Starts an authority on a fresh data folder and this port.
    pub fn start_on(port: u16) -> Self {
        let folder = Arc::new(TempDir::new().unwrap());
        let (process, dev) = Self::spawn(folder.path(), port);
        Self { process, folder, port, dev }
    }

    fn spawn(folder: &Path, port: u16) -> (Process, Value) {
        let mut command = Command::new(PROBITY);
        command
            .args(["serve", "--dev", "--json", "--log", "json", "--listen", &format!("127.0.0.1:{port}")])
            .arg("--data")
            .arg(folder.join("data"))
            .env("PROBITY_LOG", "trace");
        let mut process = Process::start(&mut command, folder.join("authority.log"));
        let dev = serde_json::from_str(&process.first_line()).unwrap();
        (process, dev)
    }

    /// Starts the authority again after it was killed, on the same data and port.
    pub fn restart(&mut self) -> Value {
        let (process, ready) = Self::spawn(self.folder.path(), self.port);
        self.process = process;
        ready
    }

    pub fn issuer(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    pub fn data(&self, name: &str) -> PathBuf {
        self.folder.path().join("data").join(name)
    }

    pub fn audience(&self) -> &str {
        text(&self.dev, "/audience")
    }

    /// `client_id` and secret of the first confidential client.
    pub fn service(&self) -> (&str, &str) {
        (text(&self.dev, "/service/client_id"), text(&self.dev, "/service/client_secret"))
    }

    /// An HTTP client that trusts the development certificate and follows no redirect.
    pub fn client(&self) -> reqwest::blocking::Client {
        let pem = fs::read(self.data("ca.pem")).unwrap();
        reqwest::blocking::Client::builder()
            .tls_certs_only(reqwest::Certificate::from_pem_bundle(&pem).unwrap())
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .build()
            .unwrap()
    }

    /// A token of the first confidential client.
    pub fn service_token(&self) -> String {
        let (id, secret) = self.service();
        let request = self.client().post(format!("{}/token", self.issuer())).basic_auth(id, Some(secret));
        let answer = request.form(&[("grant_type", "client_credentials")]).send().unwrap();
        assert_eq!(answer.status(), 200);
        text(&answer.json().unwrap(), "/access_token").to_owned()
    }

    /// Runs `probity admin`.
    pub fn admin(&self, arguments: &[&str]) -> Output {
        let profile = self.data("admin.toml");
        Command::new(PROBITY).arg("admin").arg("--profile").arg(profile).args(arguments).output().unwrap()
    }

    /// Runs `probity admin --json`, which must succeed, and gives its answer.
    pub fn admin_json(&self, arguments: &[&str]) -> Value {
        let output = self.admin(&[&["--json"], arguments].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// A guard of an authority.
pub struct Guard {
    pub process: Process,
    pub port: u16,
    folder: Arc<TempDir>,
}

impl Guard {
    /// Starts a guard and waits until it accepts tokens.
    pub fn start(authority: &Authority) -> Self {
        let guard = Self::start_unready(authority, "guard");
        guard.wait_until_ready();
        guard
    }

    /// Starts a guard and waits until it answers, whatever it answers.
    pub fn start_unready(authority: &Authority, name: &str) -> Self {
        let port = free_port();
        let mut command = Command::new(PROBITY);
        command
            .args(["guard", "--log", "json", "--listen", &format!("127.0.0.1:{port}")])
            .args(["--issuer", &authority.issuer(), "--audience", authority.audience()])
            .arg("--credential-file")
            .arg(authority.data("guard.credential"))
            .arg("--ca-file")
            .arg(authority.data("ca.pem"))
            .env("PROBITY_LOG", "trace");
        let log = authority.folder.path().join(format!("{name}.log"));
        let process = Process::start(&mut command, log);
        let guard = Self { process, port, folder: Arc::clone(&authority.folder) };
        wait_for("the guard to listen", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        guard
    }

    pub fn wait_until_ready(&self) {
        wait_for("the guard to be ready", || self.get("/readyz", &[]).status == 200);
    }

    /// What the guard says of a token.
    pub fn verify(&self, token: &str) -> Answer {
        self.get("/verify", &[("Authorization", &format!("Bearer {token}"))])
    }

    pub fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        get(self.port, path, headers)
    }

    /// The log of this guard.
    pub fn log(&self) -> String {
        let _ = &self.folder;
        fs::read_to_string(&self.process.log).unwrap()
    }
}

/// An HTTP answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    /// The value of a header, empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// The stable code in a refusal's body.
    pub fn code(&self) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap_or(Value::Null);
        body.get("code").and_then(Value::as_str).unwrap_or_default().to_owned()
    }
}

/// GET over plain HTTP to a port of this machine, written by hand so that any header can be sent.
pub fn get(port: u16, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    exchange(port, request.as_bytes())
}

/// Sends bytes and reads one HTTP answer.
pub fn exchange(port: u16, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // A server may answer and close before it has read everything.
    let _ = stream.write_all(request);
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok()).unwrap_or(0);
    let headers = lines.filter_map(|line| line.split_once(": ")).map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    Answer { status, headers, body: body.to_owned() }
}

/// Waits for something that takes a moment; fails after [`PATIENCE`].
pub fn wait_for(what: &str, mut done: impl FnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
    start.elapsed()
}

/// The text at a JSON pointer.
pub fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no {pointer} in {value}"))
}

/// The claims of a token, unverified.
pub fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&probity_jose::base64url::decode(payload).unwrap()).unwrap()
}

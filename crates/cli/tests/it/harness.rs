//! Starts the real binary and real nginx on loopback, and stops them by their own process id.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::Value;
use tempfile::TempDir;

/// How long anything that should happen soon may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The binary under test.
pub(crate) const PROBITY: &str = env!("CARGO_BIN_EXE_probity");

/// A process of ours that is killed when dropped.
pub(crate) struct Process {
    child: Child,
    /// What it wrote to standard error.
    pub(crate) log: PathBuf,
}

impl Process {
    /// Starts the command with its standard error going to `log`.
    pub(crate) fn start(command: &mut Command, log: PathBuf) -> Self {
        let file = File::options().create(true).append(true).open(&log).unwrap();
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(file).spawn().unwrap();
        Self { child, log }
    }

    /// The first line of its standard output.
    pub(crate) fn first_line(&mut self) -> String {
        let mut line = String::new();
        let mut lines = BufReader::new(self.child.stdout.as_mut().unwrap());
        lines.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "no output; the log says:\n{}", fs::read_to_string(&self.log).unwrap());
        line
    }

    /// Sends a signal by name: KILL, STOP, CONT, TERM.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success(), "kill -s {name}");
    }

    /// SIGKILL, and waits until the process is gone.
    pub(crate) fn kill(&mut self) {
        self.signal("KILL");
        self.child.wait().unwrap();
    }

    /// SIGINT, as Ctrl-C sends it; the exit status.
    pub(crate) fn interrupt(&mut self) -> std::process::ExitStatus {
        self.signal("INT");
        self.child.wait().unwrap()
    }

    /// SIGTERM; the exit status.
    pub(crate) fn terminate(&mut self) -> std::process::ExitStatus {
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

/// A port that nobody listens on, below those that the system gives to outgoing connections, and never the same twice.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(std::process::id() % 10_000).unwrap();
    let mut candidates = (0..10_000).map(|_| 20_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000);
    candidates.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}

/// An authority with its data folder.
pub(crate) struct Authority {
    pub(crate) process: Process,
    pub(crate) folder: Arc<TempDir>,
    pub(crate) port: u16,
    /// What `serve --dev --json` printed at its first start.
    pub(crate) dev: Value,
    /// What a later start logs.
    pub(crate) log_level: &'static str,
}

impl Authority {
    /// Starts an authority on a fresh data folder.
    pub(crate) fn start() -> Self {
        Self::start_on(free_port())
    }

    /// Starts an authority on a fresh data folder and this port.
    pub(crate) fn start_on(port: u16) -> Self {
        let folder = Arc::new(TempDir::new().unwrap());
        let log_level = "trace";
        let (process, dev) = Self::spawn(folder.path(), port, log_level);
        Self { process, folder, port, dev, log_level }
    }

    fn spawn(folder: &Path, port: u16, log_level: &str) -> (Process, Value) {
        let mut command = Command::new(PROBITY);
        command
            .args(["serve", "--dev", "--json", "--log", "json", "--listen", &format!("127.0.0.1:{port}")])
            .arg("--data")
            .arg(folder.join("data"))
            .env("PROBITY_LOG", log_level);
        let mut process = Process::start(&mut command, folder.join("authority.log"));
        let dev = serde_json::from_str(&process.first_line()).unwrap();
        (process, dev)
    }

    /// Starts the authority again after it was killed, on the same data and port.
    pub(crate) fn restart(&mut self) -> Value {
        let (process, ready) = Self::spawn(self.folder.path(), self.port, self.log_level);
        self.process = process;
        ready
    }

    /// Starts the authority again with this in the `[lifetimes]` of its configuration.
    pub(crate) fn set(&mut self, lifetime: &str) {
        self.configure(&format!("[lifetimes]\n{lifetime}"));
    }

    /// Starts the authority again with more in its configuration.
    pub(crate) fn configure(&mut self, lines: &str) {
        let file = self.data("serve.toml");
        let config = fs::read_to_string(&file).unwrap();
        assert!(!config.contains("\n[lifetimes]"), "{config}");
        fs::write(&file, format!("{config}\n{lines}\n")).unwrap();
        self.process.terminate();
        self.restart();
    }

    pub(crate) fn issuer(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    pub(crate) fn data(&self, name: &str) -> PathBuf {
        self.folder.path().join("data").join(name)
    }

    pub(crate) fn audience(&self) -> &str {
        text(&self.dev, "/audience")
    }

    /// `client_id` and secret of the first confidential client.
    pub(crate) fn service(&self) -> (&str, &str) {
        (text(&self.dev, "/service/client_id"), text(&self.dev, "/service/client_secret"))
    }

    /// `client_id` and redirect URI of the public client.
    pub(crate) fn app(&self) -> (&str, &str) {
        (text(&self.dev, "/app/client_id"), text(&self.dev, "/app/redirect_uri"))
    }

    /// User name and password.
    pub(crate) fn user(&self) -> (&str, &str) {
        (text(&self.dev, "/user/username"), text(&self.dev, "/user/password"))
    }

    /// What the token endpoint says to an authorization code.
    pub(crate) fn redeem(&self, code: &str, verifier: &str) -> Answer {
        let (id, redirect_uri) = self.app();
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", id),
            ("redirect_uri", redirect_uri),
            ("code", code),
            ("code_verifier", verifier),
        ];
        let client = self.client();
        client.send(client.post("/token").form(&form))
    }

    /// What the token endpoint says to a refresh token.
    pub(crate) fn refresh(&self, refresh: &str) -> Answer {
        let form = [("grant_type", "refresh_token"), ("client_id", self.app().0), ("refresh_token", refresh)];
        let client = self.client();
        client.send(client.post("/token").form(&form))
    }

    /// Every byte of the store: the file and its write-ahead log.
    pub(crate) fn store(&self) -> Vec<Vec<u8>> {
        ["probity.db", "probity.db-wal"].map(|name| fs::read(self.data("store").join(name)).unwrap()).into()
    }

    /// An HTTP client that trusts the development certificate and follows no redirect.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.issuer(), &fs::read(self.data("ca.pem")).unwrap(), None)
    }

    /// The same with a certificate to present, in PEM with its key.
    pub(crate) fn client_with_certificate(&self, pem: &str) -> Client {
        let identity = reqwest::Identity::from_pem(pem.as_bytes()).unwrap();
        Client::new(self.issuer(), &fs::read(self.data("ca.pem")).unwrap(), Some(identity))
    }

    /// A TLS connection on which any bytes can be sent.
    pub(crate) fn tls(&self) -> impl Read + Write {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut trusted = rustls::RootCertStore::empty();
        trusted.add(CertificateDer::from_pem_file(self.data("ca.pem")).unwrap()).unwrap();
        let config = rustls::ClientConfig::builder().with_root_certificates(trusted).with_no_client_auth();
        let connection = rustls::ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        rustls::StreamOwned::new(connection, stream)
    }

    /// A token of the first confidential client.
    pub(crate) fn service_token(&self) -> String {
        let (id, secret) = self.service();
        let client = self.client();
        let request = client.post("/token").basic_auth(id, Some(secret));
        let answer = client.send(request.form(&[("grant_type", "client_credentials")]));
        assert_eq!(answer.status, 200, "{answer:?}");
        text(&answer.json(), "/access_token").to_owned()
    }

    /// Runs `probity admin`.
    pub(crate) fn admin(&self, arguments: &[&str]) -> Output {
        let profile = self.data("admin.toml");
        Command::new(PROBITY).arg("admin").arg("--profile").arg(profile).args(arguments).output().unwrap()
    }

    /// Runs `probity admin --json`, which must succeed, and gives its answer.
    pub(crate) fn admin_json(&self, arguments: &[&str]) -> Value {
        let output = self.admin(&[&["--json"], arguments].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// A guard of an authority.
pub(crate) struct Guard {
    pub(crate) process: Process,
    pub(crate) port: u16,
    folder: Arc<TempDir>,
}

impl Guard {
    /// Starts a guard with the credential of the configuration, and waits until it accepts tokens.
    pub(crate) fn start(authority: &Authority) -> Self {
        let guard = Self::start_unready(authority, "guard");
        guard.wait_until_ready();
        guard
    }

    /// Registers another guard, starts it, and waits until it accepts tokens.
    pub(crate) fn start_another(authority: &Authority, name: &str) -> Self {
        let output = authority.admin(&["add-guard", name]);
        assert!(output.status.success(), "{output:?}");
        let credential = authority.folder.path().join(format!("{name}.credential"));
        fs::write(&credential, &output.stdout).unwrap();
        let guard = Self::spawn(authority, name, &credential);
        guard.wait_until_ready();
        guard
    }

    /// Starts a guard with the credential of the configuration; `name` is its log's.
    pub(crate) fn start_unready(authority: &Authority, name: &str) -> Self {
        Self::spawn(authority, name, &authority.data("guard.credential"))
    }

    /// Starts a guard with the authority's `guard.toml` and more lines of it, and waits until it accepts tokens.
    pub(crate) fn start_with(authority: &Authority, lines: &str) -> Self {
        let port = free_port();
        let generated = fs::read_to_string(authority.data("guard.toml")).unwrap();
        let kept: Vec<&str> = generated.lines().filter(|line| !line.starts_with("listen")).collect();
        let file = authority.data("rules.toml");
        fs::write(&file, format!("listen = \"127.0.0.1:{port}\"\n{}\n{lines}", kept.join("\n"))).unwrap();
        let mut command = Command::new(PROBITY);
        command.args(["guard", "--log", "json", "--config"]).arg(&file).env("PROBITY_LOG", "trace");
        let process = Process::start(&mut command, authority.folder.path().join("guard.log"));
        let guard = Self { process, port, folder: Arc::clone(&authority.folder) };
        wait_for("the guard to listen", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        guard.wait_until_ready();
        guard
    }

    /// Starts a guard with a credential.
    pub(crate) fn spawn(authority: &Authority, name: &str, credential: &Path) -> Self {
        let port = free_port();
        let mut command = Command::new(PROBITY);
        command
            .args(["guard", "--log", "json", "--listen", &format!("127.0.0.1:{port}")])
            .args(["--issuer", &authority.issuer(), "--audience", authority.audience()])
            .arg("--credential-file")
            .arg(credential)
            .arg("--ca-file")
            .arg(authority.data("ca.pem"))
            .env("PROBITY_LOG", "trace");
        let log = authority.folder.path().join(format!("{name}.log"));
        let process = Process::start(&mut command, log);
        let guard = Self { process, port, folder: Arc::clone(&authority.folder) };
        wait_for("the guard to listen", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        guard
    }

    pub(crate) fn wait_until_ready(&self) {
        wait_for("the guard to be ready", || self.get("/readyz", &[]).status == 200);
    }

    /// What the guard says of a token.
    pub(crate) fn verify(&self, token: &str) -> Answer {
        self.get("/verify", &[("Authorization", &format!("Bearer {token}"))])
    }

    pub(crate) fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        get(self.port, path, headers)
    }

    /// The log of this guard.
    pub(crate) fn log(&self) -> String {
        let _ = &self.folder;
        fs::read_to_string(&self.process.log).unwrap()
    }
}

/// An HTTP client of one authority, for tests that do one thing after the other.
pub(crate) struct Client {
    issuer: String,
    http: reqwest::Client,
    runtime: tokio::runtime::Runtime,
}

impl Client {
    fn new(issuer: String, pem: &[u8], identity: Option<reqwest::Identity>) -> Self {
        // A second test that comes here finds the same provider installed.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let builder = reqwest::Client::builder()
            .tls_certs_only(reqwest::Certificate::from_pem_bundle(pem).unwrap())
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE);
        let builder = match identity {
            Some(identity) => builder.identity(identity),
            None => builder,
        };
        let http = builder.build().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { issuer, http, runtime }
    }

    /// A request for a path of the authority, or for a whole URL.
    pub(crate) fn get(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.get(self.url(path))
    }

    pub(crate) fn post(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.post(self.url(path))
    }

    fn url(&self, path: &str) -> String {
        if path.starts_with('/') { format!("{}{path}", self.issuer) } else { path.to_owned() }
    }

    /// Sends a request and reads the whole answer.
    pub(crate) fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        self.try_send(request).unwrap()
    }

    /// The same, where the other side may die meanwhile.
    pub(crate) fn try_send(&self, request: reqwest::RequestBuilder) -> Result<Answer, reqwest::Error> {
        self.runtime.block_on(async {
            let answer = request.send().await?;
            let status = answer.status().as_u16();
            let headers = answer.headers().iter();
            let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
            Ok(Answer { status, headers, body: answer.text().await? })
        })
    }
}

/// An HTTP answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    /// The value of a header, empty when it is not there.
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// The body, which must be JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The stable code in a refusal's body; empty when there is none.
    pub(crate) fn code(&self) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap_or(Value::Null);
        body.get("code").and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// Status and OAuth error code.
    pub(crate) fn error(&self) -> (u16, String) {
        (self.status, text(&self.json(), "/error").to_owned())
    }
}

/// GET over plain HTTP to a port of this machine, written by hand so that any header can be sent.
pub(crate) fn get(port: u16, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    headers.iter().for_each(|(name, value)| request.extend([name, ": ", value, "\r\n"]));
    request.push_str("\r\n");
    exchange(port, request.as_bytes())
}

/// Sends bytes and reads one HTTP answer.
pub(crate) fn exchange(port: u16, request: &[u8]) -> Answer {
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

#[expect(clippy::disallowed_methods, reason = "a test measures what a person would with a watch")]
/// Waits for something that takes a moment; fails after [`PATIENCE`].
pub(crate) fn wait_for(what: &str, mut done: impl FnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
    start.elapsed()
}

/// The text at a JSON pointer.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no {pointer} in {value}"))
}

/// The claims of a token, unverified.
pub(crate) fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&probity_jose::base64url::decode(payload).unwrap()).unwrap()
}

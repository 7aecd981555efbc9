//! Services on libraries that nobody here wrote, installed from the registries of node and Python. With `PROBITY_OFFLINE`
//! set, the tests do with what an earlier run has installed, or say that they were skipped.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use probity_audit::evidence::{Evidence, Json, KeySet, Token, to_base64url};
use probity_audit::live::{LiveOptions, Prober, Signer, Supplies, Target};
use probity_audit::{Allow, Audit, Place, Policy, Report, Status, Verdict};
use probity_jose::{SignatureAlgorithm, SigningKey};

/// What the service does with its library, what must fail, and what the verdict must be.
struct Case {
    service: &'static str,
    must_fail: &'static [&'static str],
    verdict: Verdict,
}

const NODE: &[Case] = &[
    Case { service: "jose", must_fail: &[], verdict: Verdict::NotShownInsecure },
    Case { service: "jose-new", must_fail: &["SIG-12"], verdict: Verdict::NotShownInsecure },
    // CVE-2015-9235.
    Case { service: "jsonwebtoken-old", must_fail: &["SIG-04"], verdict: Verdict::Forgeable },
    // Its newest version ignores `crit`, which RFC 7515 section 4.1.11 forbids.
    Case { service: "jsonwebtoken", must_fail: &["SIG-12", "SIG-13"], verdict: Verdict::SeriousWeakness },
    Case { service: "express-jwt", must_fail: &["SIG-13"], verdict: Verdict::SeriousWeakness },
    Case { service: "jsonwebtoken-decode", must_fail: &["SIG-01"], verdict: Verdict::Forgeable },
    Case { service: "jsonwebtoken-ignores-exp", must_fail: &["CLM-02"], verdict: Verdict::SeriousWeakness },
    Case { service: "jsonwebtoken-weak", must_fail: &["KEY-01"], verdict: Verdict::Forgeable },
    // CVE-2016-10555: the token chooses the algorithm.
    Case { service: "jwt-simple", must_fail: &["SIG-04"], verdict: Verdict::Forgeable },
];

const PYTHON: &[Case] = &[
    // CVE-2026-32597: `crit` is ignored before 2.12.
    Case { service: "pyjwt", must_fail: &["SIG-13"], verdict: Verdict::SeriousWeakness },
    Case { service: "pyjwt-no-audience", must_fail: &["CLM-10", "CLM-11"], verdict: Verdict::SeriousWeakness },
    Case { service: "python-jose", must_fail: &["SIG-13", "CLM-10"], verdict: Verdict::SeriousWeakness },
];

#[tokio::test(flavor = "multi_thread")]
async fn services_on_node_libraries_get_the_verdict_that_they_deserve() {
    let source = source("node");
    let Some(folder) = workshop("node", &source.join("package-lock.json"), |folder| {
        for name in ["package.json", "package-lock.json"] {
            std::fs::copy(source.join(name), folder.join(name)).unwrap();
        }
        must(Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(folder));
    }) else {
        return;
    };
    // Beside its packages, where node looks for them.
    std::fs::copy(source.join("service.js"), folder.join("service.js")).unwrap();
    for case in NODE {
        judge(case, || {
            let mut node = Command::new("node");
            node.args(["--no-warnings"]).arg(folder.join("service.js"));
            node
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn services_on_python_libraries_get_the_verdict_that_they_deserve() {
    let source = source("python");
    let Some(folder) = workshop("python", &source.join("requirements.txt"), |folder| {
        must(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder.join("venv")));
        let mut pip = Command::new(folder.join("venv/bin/pip"));
        pip.args(["install", "--quiet", "--disable-pip-version-check", "-r"]);
        must(pip.arg(source.join("requirements.txt")));
    }) else {
        return;
    };
    for case in PYTHON {
        judge(case, || {
            let mut python = Command::new(folder.join("venv/bin/python"));
            python.arg(source.join("service.py"));
            python
        })
        .await;
    }
}

async fn judge(case: &Case, program: impl FnOnce() -> Command) {
    let key = SigningKey::generate(SignatureAlgorithm::Rs256).unwrap().with_key_id("k1");
    let secret = "secret";
    let keys = tempfile::tempdir().unwrap();
    std::fs::write(keys.path().join("public.pem"), pem(&key)).unwrap();
    std::fs::write(keys.path().join("secret.txt"), secret).unwrap();
    let service = Service::start(program(), case.service, keys.path());
    let (port, weak) = (service.port, case.service.ends_with("weak"));
    let report = tokio::task::spawn_blocking(move || audit(port, &key, weak.then_some(secret))).await.unwrap();
    drop(service);
    let failed: Vec<String> = report
        .with_status(Status::Fail)
        .iter()
        .map(|result| format!("{} {}", result.rule.id, result.findings[0].claim))
        .collect();
    println!("{}: {}\n  {}", case.service, report.verdict.name(), failed.join("\n  "));
    for id in case.must_fail {
        let found = failed.iter().any(|line| line.starts_with(id));
        assert!(found, "{}: {id} is not in {failed:?}; {}", case.service, report.headline());
    }
    assert_eq!(report.verdict, case.verdict, "{}: {failed:?}; {}", case.service, report.headline());
}

fn audit(port: u16, key: &SigningKey, secret: Option<&str>) -> Report {
    let now = now();
    let header =
        if secret.is_some() { r#"{"alg":"HS256","typ":"JWT"}"# } else { r#"{"alg":"RS256","typ":"JWT","kid":"k1"}"# };
    let claims = format!(
        r#"{{"iss":"https://issuer.example","sub":"alice","aud":"https://api.example","iat":{},"exp":{},"jti":"9f4e1d3c-9a8b-4c21"}}"#,
        now - 10,
        now + 1_800
    );
    let input = format!("{}.{}", to_base64url(header.as_bytes()), to_base64url(claims.as_bytes()));
    let signer = match secret {
        Some(secret) => Signer::from_secret(secret.as_bytes(), "HS256"),
        None => Signer::from_jwk(&key.to_jwk(), None).unwrap(),
    };
    let token = format!("{input}.{}", to_base64url(&signer.sign(input.as_bytes()).unwrap()));
    let mut evidence = Evidence::default();
    evidence.add_token(Token::parse(&token, Place::of("the valid token")).unwrap());
    if secret.is_none() {
        evidence.key_sets.push(KeySet::parse(&key.public_jwk().unwrap(), Place::of("keys.json")).unwrap());
    }
    let options = LiveOptions {
        target: Target::get(&format!("http://127.0.0.1:{port}/me")).unwrap(),
        token,
        accept_when: Vec::new(),
        others: Vec::new(),
        supplies: Supplies { signer: Some(signer), ..Supplies::default() },
        second: None,
        authorities: None,
        listener: None,
        connect_to: None,
        max_requests: 2_000,
        requests_per_second: 0,
        allow_dos_probe: false,
        marker: "probity-audit-test".to_owned(),
    };
    let prober = Prober::new(options, &evidence, &Policy::default(), now, tokio::runtime::Handle::current()).unwrap();
    let mut audit = Audit::of("a real service", evidence, now);
    audit.prober = Some(prober);
    audit.allow = Allow { active: true, ..Allow::default() };
    audit.run()
}

/// A running service, ended when it is dropped.
struct Service {
    child: Child,
    port: u16,
}

impl Service {
    fn start(mut program: Command, service: &str, keys: &Path) -> Self {
        let mut child = program.arg(service).arg(keys).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().parse().unwrap_or_else(|_| panic!("{service} does not start: {line:?}"));
        Self { child, port }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What is installed, and the service's own text.
fn source(language: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/real").join(language)
}

/// A folder with a language's packages, which stays from run to run. They are installed again when the list of them has
/// changed; nothing when they would have to be and must not.
fn workshop(language: &str, wanted: &Path, install: impl FnOnce(&Path)) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("audit-targets").join(language);
    std::fs::create_dir_all(&folder).unwrap();
    // Whoever comes second waits.
    let lock = std::fs::File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    let (stamp, wanted) = (folder.join("installed"), std::fs::read_to_string(wanted).unwrap());
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Some(folder);
    }
    if std::env::var_os("PROBITY_OFFLINE").is_some() {
        println!("skipped: the packages for {language} are not installed, and PROBITY_OFFLINE is set");
        return None;
    }
    install(&folder);
    std::fs::write(stamp, wanted).unwrap();
    Some(folder)
}

fn must(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// SubjectPublicKeyInfo of a 2048-bit RSA key: a fixed beginning, the modulus, the exponent.
fn pem(key: &SigningKey) -> String {
    let jwk = Json::parse(&key.public_jwk().unwrap()).unwrap();
    let n = probity_audit::evidence::base64url(jwk.text("n").unwrap()).unwrap();
    let start =
        probity_audit::evidence::hex("30820122300d06092a864886f70d01010105000382010f003082010a0282010100").unwrap();
    let der = [start, n, vec![2, 3, 1, 0, 1]].concat();
    let text = probity_audit::evidence::to_base64(&der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
}

#[expect(clippy::disallowed_methods, reason = "a live service and its auditor share the real time")]
fn now() -> i64 {
    i64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

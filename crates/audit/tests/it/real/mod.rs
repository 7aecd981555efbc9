//! Services on libraries that nobody here wrote, from the registries: installed when node and npm, or Python with venv,
//! are there. Without them, or with `PROBITY_OFFLINE` set, the tests say that they were skipped.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use probity_audit::evidence::{Evidence, Json, KeySet, Token, to_base64url};
use probity_audit::live::{LiveOptions, Prober, Signer, Supplies, Target};
use probity_audit::{Allow, Audit, Place, Policy, Report, Status, Verdict};
use probity_jose::{SignatureAlgorithm, SigningKey};

/// The library, its package and version, what must fail, and what the verdict must be.
struct Case {
    library: &'static str,
    packages: &'static [&'static str],
    must_fail: &'static [&'static str],
    verdict: Verdict,
}

const NODE: &[Case] = &[
    Case { library: "jose", packages: &["jose@4.15.9"], must_fail: &[], verdict: Verdict::NotShownInsecure },
    // Its newest version ignores `crit`, which RFC 7515 section 4.1.11 forbids.
    Case {
        library: "jsonwebtoken",
        packages: &["jsonwebtoken@9.0.2"],
        must_fail: &["SIG-12", "SIG-13"],
        verdict: Verdict::SeriousWeakness,
    },
    Case {
        library: "express-jwt",
        packages: &["express-jwt@8.4.1", "express@4.19.2"],
        must_fail: &["SIG-13"],
        verdict: Verdict::SeriousWeakness,
    },
    Case {
        library: "jsonwebtoken-decode",
        packages: &["jsonwebtoken@9.0.2"],
        must_fail: &["SIG-01"],
        verdict: Verdict::Forgeable,
    },
    Case {
        library: "jsonwebtoken-ignores-exp",
        packages: &["jsonwebtoken@9.0.2"],
        must_fail: &["CLM-02"],
        verdict: Verdict::SeriousWeakness,
    },
    Case {
        library: "jsonwebtoken-weak",
        packages: &["jsonwebtoken@9.0.2"],
        must_fail: &["KEY-01"],
        verdict: Verdict::Forgeable,
    },
    // CVE-2016-10555: the token chooses the algorithm.
    Case {
        library: "jwt-simple",
        packages: &["jwt-simple@0.3.0"],
        must_fail: &["SIG-04"],
        verdict: Verdict::Forgeable,
    },
];

const PYTHON: &[Case] = &[
    // CVE-2026-32597: `crit` is ignored before 2.12.
    Case {
        library: "pyjwt",
        packages: &["PyJWT[crypto]==2.10.1"],
        must_fail: &["SIG-13"],
        verdict: Verdict::SeriousWeakness,
    },
    Case {
        library: "pyjwt-no-audience",
        packages: &["PyJWT[crypto]==2.10.1"],
        must_fail: &["CLM-10", "CLM-11"],
        verdict: Verdict::SeriousWeakness,
    },
    Case {
        library: "python-jose",
        packages: &["python-jose[cryptography]==3.3.0"],
        must_fail: &["SIG-13", "CLM-10"],
        verdict: Verdict::SeriousWeakness,
    },
];

#[tokio::test(flavor = "multi_thread")]
async fn services_on_node_libraries_get_the_verdict_that_they_deserve() {
    if let Some(reason) = lacks(&["node", "npm"]) {
        println!("skipped: {reason}");
        return;
    }
    for case in NODE {
        let folder = folder(case);
        if !folder.join("node_modules").exists() {
            std::fs::write(folder.join("package.json"), "{}").unwrap();
            let mut npm = Command::new("npm");
            npm.args(["install", "--no-audit", "--no-fund", "--silent"]).args(case.packages).current_dir(&folder);
            if !npm.status().is_ok_and(|status| status.success()) {
                println!("skipped: npm could not install {:?}", case.packages);
                return;
            }
        }
        judge(case, "node", &folder, "node.js").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn services_on_python_libraries_get_the_verdict_that_they_deserve() {
    if let Some(reason) = lacks(&["python3"]) {
        println!("skipped: {reason}");
        return;
    }
    for case in PYTHON {
        let folder = folder(case);
        let python = folder.join("venv/bin/python");
        if !python.exists() {
            let made = Command::new("python3").args(["-m", "venv", "venv"]).current_dir(&folder).status();
            let mut pip = Command::new(&python);
            pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
                .args(case.packages)
                .current_dir(&folder);
            if !made.is_ok_and(|status| status.success()) || !pip.status().is_ok_and(|status| status.success()) {
                let _ = std::fs::remove_dir_all(folder.join("venv"));
                println!("skipped: pip could not install {:?}", case.packages);
                return;
            }
        }
        judge(case, &python.to_string_lossy(), &folder, "python.py").await;
    }
}

async fn judge(case: &Case, runtime: &str, folder: &Path, script: &str) {
    let key = SigningKey::generate(SignatureAlgorithm::Rs256).unwrap().with_key_id("k1");
    let secret = "secret";
    std::fs::write(folder.join("public.pem"), pem(&key)).unwrap();
    std::fs::write(folder.join("secret.txt"), secret).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/real").join(script);
    let service = Service::start(runtime, &script, case.library, folder);
    let (port, weak) = (service.port, case.library.ends_with("weak"));
    let report = tokio::task::spawn_blocking(move || audit(port, &key, weak.then_some(secret))).await.unwrap();
    drop(service);
    let failed: Vec<String> = report
        .with_status(Status::Fail)
        .iter()
        .map(|result| format!("{} {}", result.rule.id, result.findings[0].claim))
        .collect();
    println!("{} ({}): {}\n  {}", case.library, case.packages.join(", "), report.verdict.name(), failed.join("\n  "));
    for id in case.must_fail {
        assert!(
            failed.iter().any(|line| line.starts_with(id)),
            "{}: {id} is not in {failed:?}; {}",
            case.library,
            report.headline()
        );
    }
    assert_eq!(report.verdict, case.verdict, "{}: {failed:?}; {}", case.library, report.headline());
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
    fn start(runtime: &str, script: &Path, library: &str, folder: &Path) -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut child = Command::new(runtime)
            .arg(script)
            .args([library, &folder.to_string_lossy(), &port.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line.trim(), "ready", "{library} does not start");
        Self { child, port }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lacks(programs: &[&str]) -> Option<String> {
    if std::env::var_os("PROBITY_OFFLINE").is_some() {
        return Some("PROBITY_OFFLINE is set".to_owned());
    }
    let missing = programs
        .iter()
        .find(|program| !Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success()));
    missing.map(|program| format!("{program} is not there"))
}

fn folder(case: &Case) -> PathBuf {
    let name = case.packages.join("_").replace(['[', ']', '=', '@', '/'], "-");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("real").join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
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

//! The project's own verdict files, in `vectors/`: walked, never listed. `vectors/README.md` says what is in them.

mod encryption;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use probity_jose::jwk::Jwk;
use probity_jose::{Error, Fault, JwkSet, SignatureAlgorithm, UnixTime, VerifyingKey, base64url, jws, jwt};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[expect(dead_code, reason = "for people")]
    title: String,
    keys: BTreeMap<String, Value>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    id: String,
    section: String,
    why: String,
    verdict: String,
    key: Option<String>,
    /// Of signatures, or of key management.
    algs: Option<Vec<String>>,
    encs: Option<Vec<String>>,
    // The doors: exactly one of them.
    jws: Option<String>,
    jws_json: Option<String>,
    jwt: Option<String>,
    dpop: Option<String>,
    jwk: Option<String>,
    jwks: Option<String>,
    jwe: Option<String>,
    jwe_json: Option<String>,
    nested: Option<String>,
    // What goes with them.
    detached: Option<String>,
    require: Option<Require>,
    policy: Option<Policy>,
    alg: Option<SignatureAlgorithmName>,
    method: Option<String>,
    uri: Option<String>,
    now: Option<u64>,
    access_token: Option<String>,
    nonce: Option<String>,
    zip: Option<bool>,
    understood: Option<Vec<String>>,
    unknown_kid: Option<bool>,
    recipient: Option<String>,
    // What is found when the verdict is `valid`.
    payload: Option<String>,
    aad: Option<String>,
    thumbprint: Option<String>,
    keys: Option<usize>,
    skipped: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(try_from = "String")]
struct SignatureAlgorithmName(SignatureAlgorithm);

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Require {
    All,
    Any,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Policy {
    profile: Option<String>,
    issuer: Option<String>,
    audience: Option<String>,
    typ: Option<String>,
    now: u64,
    leeway: Option<u64>,
    max_age: Option<u64>,
    nonce: Option<String>,
}

impl TryFrom<String> for SignatureAlgorithmName {
    type Error = Error;

    fn try_from(name: String) -> Result<Self, Error> {
        name.parse().map(Self)
    }
}

#[test]
fn each_vector_has_its_verdict() {
    let mut wrong = Vec::new();
    let mut ran = 0;
    for (path, file) in files() {
        for case in &file.cases {
            let outcome = run(&file, case);
            let verdict = outcome.as_ref().map_or_else(|error| error.code(), |()| "valid");
            if verdict != case.verdict {
                wrong.push(format!("{} {}: {verdict} instead of {}", path.display(), case.id, case.verdict));
            }
            ran += 1;
        }
    }
    println!("{ran} vectors ran");
    assert!(wrong.is_empty(), "{} wrong verdicts:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn each_vector_says_what_it_is_about() {
    let mut attacks = 0;
    for (path, file) in files() {
        let mut ids = BTreeSet::new();
        for case in &file.cases {
            let name = format!("{} {}", path.display(), case.id);
            assert!(ids.insert(&case.id), "{name} stands twice");
            assert!(!case.section.is_empty() && !case.why.is_empty(), "{name} has no reason");
            let doors = [&case.jws, &case.jws_json, &case.jwt, &case.dpop, &case.jwk, &case.jwks];
            let doors = doors.into_iter().chain([&case.jwe, &case.jwe_json, &case.nested]);
            assert_eq!(doors.filter(|door| door.is_some()).count(), 1, "{name} has one door");
            let known = case.verdict == "valid" || Error::ALL.iter().any(|error| error.code() == case.verdict);
            assert!(known, "{name} has a verdict that does not exist");
            attacks += usize::from(path.to_string_lossy().contains("attack"));
        }
    }
    assert!(attacks >= 300, "{attacks} attacks");
}

/// Each reason to refuse a token or a key must have a vector. This list may only shrink.
#[test]
fn each_error_has_a_vector() {
    // Only a PEM text and a caller's own type can cause these; tests in `keys.rs` and `tokens.rs` do.
    let elsewhere =
        [Error::Pem, Error::ClaimsMismatch, Error::JsonTooLarge, Error::NotPrivate, Error::KeyAlgorithmMissing];
    let verdicts: BTreeSet<String> = files()
        .iter()
        .flat_map(|(_, file)| file.cases.iter())
        .flat_map(|case| case.skipped.iter().flatten().chain([&case.verdict]))
        .cloned()
        .collect();
    let missing: Vec<_> = Error::ALL
        .iter()
        .filter(|error| error.fault() != Fault::Caller && !elsewhere.contains(error))
        .filter(|error| !verdicts.contains(error.code()))
        .collect();
    assert!(missing.is_empty(), "no vector for {missing:?}");
}

/// The security manual names the vectors that prove its claims.
#[test]
fn each_vector_of_the_manual_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let vectors = fs::canonicalize(root.join("../../vectors")).unwrap();
    let known: BTreeSet<String> = files()
        .iter()
        .flat_map(|(path, file)| {
            let path = fs::canonicalize(path).unwrap();
            let name = path.strip_prefix(&vectors).unwrap().to_string_lossy().into_owned();
            file.cases.iter().map(move |case| format!("{name}#{}", case.id)).collect::<Vec<_>>()
        })
        .collect();
    let mut named = 0;
    for entry in fs::read_dir(root.join("src/manual")).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        for reference in text.split('`').filter(|part| part.starts_with("attack/") && part.contains('#')) {
            assert!(known.contains(reference), "the manual names {reference}");
            named += 1;
        }
    }
    assert!(named > 60, "the manual names {named} vectors");
}

fn run(file: &File, case: &Case) -> Result<(), Error> {
    if let Some(jwk) = &case.jwk {
        let thumbprint = match &case.alg {
            Some(SignatureAlgorithmName(algorithm)) => {
                VerifyingKey::from_jwk(jwk.as_bytes(), *algorithm)?.thumbprint().to_owned()
            }
            None => Jwk::parse(jwk.as_bytes())?.thumbprint(),
        };
        expect(case, case.thumbprint.as_ref(), &thumbprint);
        return Ok(());
    }
    if let Some(set) = &case.jwks {
        let set = JwkSet::parse(set.as_bytes())?;
        expect(case, case.keys.as_ref(), &set.keys().len());
        let skipped = set.skipped().iter().map(|key| key.reason.code().to_owned()).collect();
        expect(case, case.skipped.as_ref(), &skipped);
        return Ok(());
    }
    if let Some(proof) = &case.dpop {
        return run_dpop(case, proof);
    }
    if let Some(token) = &case.nested {
        return encryption::run_nested(file, case, token);
    }
    if case.jwe.is_some() || case.jwe_json.is_some() {
        return encryption::run(file, case);
    }
    let keys = keys(&file.keys[case.key.as_ref().expect("a key")])?;
    let all = || SignatureAlgorithm::ALL.to_vec();
    let parse = |names: &Vec<String>| names.iter().map(|name| name.parse().expect("an alg")).collect();
    let algorithms = case.algs.as_ref().map_or_else(all, parse);
    if let Some(token) = &case.jwt {
        return run_jwt(case, token, &keys, algorithms);
    }
    let payload = run_jws(case, &keys, &jws::Verifier::new(algorithms))?;
    expect(case, case.payload.as_ref(), &base64url::encode(&payload));
    Ok(())
}

fn run_jws(case: &Case, keys: &JwkSet, verifier: &jws::Verifier) -> Result<Vec<u8>, Error> {
    let detached = case.detached.as_ref().map(|text| base64url::decode(text).unwrap());
    if let Some(token) = &case.jws {
        if let Some(content) = detached {
            return verifier.verify_detached(token, &content, keys).map(|_| content);
        }
        let first = verifier.verify(token, keys).map(jws::Verified::into_payload);
        // The second time the header may be known: that must change nothing.
        assert_eq!(verifier.verify(token, keys).map(jws::Verified::into_payload), first, "{}", case.id);
        return first;
    }
    let document = case.jws_json.as_ref().expect("a door").as_bytes();
    let required = match case.require.expect("how many signatures must be valid") {
        Require::All => jws::Required::All,
        Require::Any => jws::Required::ANY,
    };
    let outcome = match detached {
        Some(content) => verifier.verify_json_detached(document, &content, keys, required),
        None => verifier.verify_json(document, keys, required),
    };
    outcome.map(jws::VerifiedJson::into_payload)
}

fn run_jwt(case: &Case, token: &str, keys: &JwkSet, algorithms: Vec<SignatureAlgorithm>) -> Result<(), Error> {
    let policy = case.policy.as_ref().expect("a policy");
    let now = UnixTime::from_secs(policy.now);
    let (issuer, audience) = (policy.issuer.clone(), policy.audience.clone());
    let plain = policy.typ.clone().map_or(jwt::TokenType::Unchecked, jwt::TokenType::Exactly);
    let builder = match policy.profile.as_deref() {
        None => jwt::Verifier::custom(plain),
        Some("access_token") => jwt::Verifier::access_token(),
        Some("logout_token") => jwt::Verifier::logout_token(),
        Some("client_assertion") => jwt::Verifier::client_assertion(),
        Some("request_object") => jwt::Verifier::request_object(),
        Some("id_token") => {
            let verifier = jwt::IdTokenVerifier::new(issuer.unwrap(), audience.unwrap(), algorithms);
            return verifier.verify::<Value>(token, keys, now, policy.nonce.as_deref()).map(|_| ());
        }
        Some(other) => panic!("no profile {other}"),
    };
    let builder = match issuer {
        Some(issuer) => builder.issuer(issuer),
        None => builder.danger_accept_any_issuer(),
    };
    let builder = match (audience, policy.profile.as_deref()) {
        (Some(audience), Some("client_assertion")) => builder.only_audience(audience),
        (Some(audience), _) => builder.audience(audience),
        (None, _) => builder.danger_accept_any_audience(),
    };
    let mut verifier = builder.algorithms(algorithms);
    verifier.leeway = Duration::from_secs(policy.leeway.unwrap_or(0));
    verifier.max_age = policy.max_age.map(Duration::from_secs);
    let outcome = verifier.verify::<Value>(token, keys, now).map(|_| ());
    // What explains must not decide otherwise.
    assert_eq!(verifier.explain(token, keys, now).outcome(), outcome, "{}", case.id);
    outcome
}

fn run_dpop(case: &Case, proof: &str) -> Result<(), Error> {
    let request = jwt::DpopRequest {
        method: case.method.as_ref().expect("a method"),
        uri: case.uri.as_ref().expect("an address"),
        access_token: case.access_token.as_deref(),
        nonce: case.nonce.as_deref(),
    };
    let verifier = jwt::DpopVerifier::new(SignatureAlgorithm::ALL.iter().copied());
    let proof = verifier.verify(proof, &request, UnixTime::from_secs(case.now.expect("a time")))?;
    expect(case, case.thumbprint.as_ref(), &proof.thumbprint().to_owned());
    Ok(())
}

fn keys(key: &Value) -> Result<JwkSet, Error> {
    let text = key.to_string();
    if key.get("keys").is_some() { JwkSet::parse(text.as_bytes()) } else { JwkSet::from_jwk(text.as_bytes()) }
}

fn expect<T: PartialEq + std::fmt::Debug>(case: &Case, expected: Option<&T>, found: &T) {
    if let Some(expected) = expected {
        assert_eq!(found, expected, "{}", case.id);
    }
}

/// All verdict files below `vectors/`.
fn files() -> Vec<(PathBuf, File)> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the folder of the vectors") {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "json") {
                let text = fs::read_to_string(&path).unwrap();
                let file = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                files.push((path, file));
            }
        }
    }
    files
}

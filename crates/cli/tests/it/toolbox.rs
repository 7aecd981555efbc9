//! The JOSE toolbox: JSON lines in, JSON lines out.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use probity_jose::jwe::{ContentEncryptionAlgorithm, DecryptionKey, KeyManagementAlgorithm};
use probity_jose::{SignatureAlgorithm, base64url};
use serde_json::{Value, json};

use crate::harness::PROBITY;

fn run(arguments: &[&str], input: &[u8]) -> Output {
    feed(Command::new(PROBITY).args(arguments), input)
}

/// Runs a command with this on its standard input.
pub(crate) fn feed(command: &mut Command, input: &[u8]) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writing = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    // A process that does not want its input closes the pipe.
    let _ = writing.join().unwrap();
    output
}

/// Runs a batch command over lines; one answer for each, with its identifier.
pub(crate) fn batch(command: &[&str], lines: &[Value]) -> Vec<Value> {
    let input: Vec<String> = lines.iter().map(Value::to_string).collect();
    let output = run(&[command, &["--batch"]].concat(), input.join("\n").as_bytes());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), lines.len());
    answers.iter().zip(lines).for_each(|(answer, line)| assert_eq!(answer["id"], line["id"]));
    answers
}

/// A private JWK.
pub(crate) fn generate(alg: &str) -> Value {
    let output = run(&["key", "generate", "--alg", alg, "--kid", "k"], b"");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{alg}: {output:?}"))
}

#[test]
fn every_algorithm_signs_and_verifies_and_its_name_is_needed() {
    let names: Vec<&str> = SignatureAlgorithm::ALL.iter().map(|algorithm| algorithm.name()).collect();
    let keys: Vec<Value> = names.iter().map(|name| generate(name)).collect();
    let to_sign: Vec<Value> = keys
        .iter()
        .map(|key| json!({"id": key["alg"], "key": key, "header": {"typ": "x"}, "payload": base64url::encode(b"payload")}))
        .collect();
    let signed = batch(&["jws", "sign"], &to_sign);
    let to_verify: Vec<Value> = names
        .iter()
        .zip(keys.iter().zip(&signed))
        .flat_map(|(name, (key, signed))| {
            let line = |algs: &[&str]| json!({"id": name, "jws": signed["jws"], "key": key, "algs": algs});
            [line(&[name]), line(&[]), line(&["none", "HS1"])]
        })
        .collect();
    for (at, answer) in batch(&["jws", "verify"], &to_verify).iter().enumerate() {
        if at % 3 == 0 {
            assert_eq!(answer["valid"], true, "{answer}");
            assert_eq!(answer["payload"], base64url::encode(b"payload"));
            assert_eq!((&answer["header"]["alg"], &answer["header"]["typ"]), (&answer["id"], &json!("x")));
        } else {
            assert_eq!(
                (&answer["valid"], &answer["error"]),
                (&json!(false), &json!("jws.alg_not_allowed")),
                "{answer}"
            );
        }
    }
}

#[test]
fn a_line_that_can_not_be_read_gets_its_answer_and_the_next_is_not_disturbed() {
    let key = generate("ES256");
    let good = json!({"id": "good", "key": key, "header": {}, "payload": ""}).to_string();
    let lines = ["{", "[]", "{\"id\":7}", "{\"id\":7,\"id\":8}", "\u{feff}", "nonsense", &good];
    let output = run(&["jws", "sign", "--batch"], lines.join("\n").as_bytes());
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), lines.len());
    for answer in &answers[..6] {
        assert_eq!(answer["error"], "batch.malformed_line", "{answer}");
    }
    assert_eq!(answers[2]["id"], 7);
    assert!(answers[6]["jws"].is_string());
}

#[test]
fn a_token_is_judged_by_what_its_line_asks_for() {
    let key = generate("ES256");
    let claims = json!({"iss": "https://as.example", "aud": ["a", "b"], "exp": 1_000, "sub": "s"}).to_string();
    let line =
        json!({"id": 1, "key": key, "header": {"typ": "at+jwt"}, "payload": base64url::encode(claims.as_bytes())});
    let token = batch(&["jws", "sign"], &[line])[0]["jws"].clone();
    let ask = |change: Value| {
        let mut line = json!({"id": 1, "token": token, "keys": {"keys": [key]}, "algs": ["ES256"], "now": 999});
        line.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        line
    };
    let cases = [
        (ask(json!({})), ""),
        (ask(json!({"issuer": "https://as.example", "audience": "b", "typ": "at+jwt"})), ""),
        (ask(json!({"issuer": null, "audience": null, "typ": null})), ""),
        (ask(json!({"issuer": "https://other.example"})), "jwt.wrong_issuer"),
        (ask(json!({"audience": "c"})), "jwt.wrong_audience"),
        (ask(json!({"typ": "JWT"})), "jwt.wrong_type"),
        (ask(json!({"now": 1_000})), "jwt.expired"),
        (ask(json!({"now": 1_000, "leeway": 1})), ""),
        (ask(json!({"algs": []})), "jws.alg_not_allowed"),
        (ask(json!({"keys": generate("ES256")})), "jws.bad_signature"),
        (ask(json!({"token": "x"})), "jws.not_compact"),
    ];
    let lines: Vec<Value> = cases.iter().map(|(line, _)| line.clone()).collect();
    for (answer, (line, error)) in batch(&["jwt", "verify"], &lines).iter().zip(&cases) {
        assert_eq!(answer["valid"], error.is_empty(), "{line} {answer}");
        assert_eq!(answer["error"].as_str().unwrap_or_default(), *error, "{line}");
        if error.is_empty() {
            assert_eq!((&answer["claims"]["sub"], &answer["header"]["alg"]), (&json!("s"), &json!("ES256")));
        }
    }
}

/// A private JWK for a key management algorithm and a content encryption.
pub(crate) fn encryption_key(alg: KeyManagementAlgorithm, enc: ContentEncryptionAlgorithm) -> Value {
    let key = match alg {
        KeyManagementAlgorithm::Dir => DecryptionKey::generate_direct(enc),
        alg if alg.name().starts_with("PBES2") => DecryptionKey::from_password(alg, "a long enough password"),
        alg => DecryptionKey::generate(alg),
    };
    serde_json::from_str(&key.unwrap().to_jwk()).unwrap()
}

#[test]
fn every_way_to_encrypt_decrypts_and_the_names_are_needed() {
    let ways: Vec<(&str, &str, Value)> = KeyManagementAlgorithm::ALL
        .iter()
        .zip(ContentEncryptionAlgorithm::ALL.iter().cycle())
        .chain(ContentEncryptionAlgorithm::ALL.iter().map(|enc| (&KeyManagementAlgorithm::Dir, enc)))
        .map(|(alg, enc)| (alg.name(), enc.name(), encryption_key(*alg, *enc)))
        .collect();
    let plaintext = base64url::encode(b"plaintext");
    let to_encrypt: Vec<Value> = ways
        .iter()
        .map(|(alg, enc, key)| {
            let mut header = json!({"alg": alg, "enc": enc});
            if alg.starts_with("PBES2") {
                header["p2c"] = json!(1_000);
            }
            json!({"id": alg, "key": key, "header": header, "plaintext": plaintext})
        })
        .collect();
    let encrypted = batch(&["jwe", "encrypt"], &to_encrypt);
    let to_decrypt: Vec<Value> = ways
        .iter()
        .zip(&encrypted)
        .flat_map(|((alg, enc, key), made)| {
            let line = |algs: &[&str], encs: &[&str]| {
                json!({"id": alg, "jwe": made["jwe"], "key": key, "algs": algs, "encs": encs})
            };
            [line(&[alg], &[enc]), line(&[], &[enc]), line(&[alg], &[])]
        })
        .collect();
    for (at, answer) in batch(&["jwe", "decrypt"], &to_decrypt).iter().enumerate() {
        if at % 3 == 0 {
            assert_eq!((&answer["valid"], &answer["plaintext"]), (&json!(true), &json!(plaintext)), "{answer}");
            assert_eq!(answer["header"]["alg"], answer["id"]);
        } else {
            assert_eq!(answer["valid"], false, "{answer}");
        }
    }
}

#[test]
fn a_key_goes_through_every_form_and_keeps_its_name() {
    for alg in ["ES256", "ES512", "RS256", "Ed25519", "ML-DSA-44", "ECDH-ES+A256KW", "RSA-OAEP-256"] {
        let key = generate(alg);
        let text = key.to_string();
        let thumbprint = run(&["key", "thumbprint"], text.as_bytes()).stdout;
        assert_eq!(thumbprint.len(), 44, "{alg}");
        for form in ["pem", "der"] {
            let converted = run(&["key", "convert", "--to", form], text.as_bytes());
            assert!(converted.status.success(), "{alg} {form}: {converted:?}");
            let back = run(&["key", "convert", "--to", "jwk", "--alg", alg], &converted.stdout);
            assert_eq!(run(&["key", "thumbprint"], &back.stdout).stdout, thumbprint, "{alg} {form}");
            let without = run(&["key", "convert", "--to", "jwk"], &converted.stdout);
            assert!(!without.status.success(), "{alg}: PEM and DER do not say the algorithm");
        }
        let public = run(&["key", "public"], text.as_bytes());
        let jwk: Value = serde_json::from_slice(&public.stdout).unwrap();
        assert!(jwk.get("d").or(jwk.get("priv")).is_none(), "{alg}");
        assert_eq!(run(&["key", "thumbprint"], &public.stdout).stdout, thumbprint, "{alg}");
    }
    assert!(!run(&["key", "public"], generate("HS256").to_string().as_bytes()).status.success());
    for (options, good) in [
        (&["--alg", "none"][..], false),
        (&["--alg", "RSA1_5"], false),
        (&["--alg", "dir"], false),
        (&["--alg", "dir", "--enc", "A256GCM"], true),
        (&["--alg", "ECDH-ES", "--crv", "X25519"], true),
        (&["--alg", "ES256", "--crv", "X25519"], false),
        (&["--alg", "ES256", "--enc", "A256GCM"], false),
        (&["--alg", "PBES2-HS256+A128KW"], false),
        (&["--alg", "A192KW"], true),
    ] {
        let made = run(&[&["key", "generate"], options].concat(), b"");
        assert_eq!(made.status.success(), good, "{options:?}: {made:?}");
    }
    assert!(!run(&["key", "thumbprint"], b"").status.success());
}

#[test]
fn decoding_shows_a_broken_token_and_trusts_nothing() {
    let output = run(&["jwt", "decode"], b"eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4Iiwic3ViIjoieSJ9.");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && text.starts_with("NOT VERIFIED"), "{text}");
    assert!(text.contains("not signed at all") && text.contains("a strict reader says"), "{text}");
    let output = run(&["jwt", "decode", "--json"], b"\xff\xff");
    assert!(serde_json::from_slice::<Value>(&output.stdout).is_ok());
}

/// Verdicts of the public set that a strict verifier must contradict: its number, what ours is, and why.
const OVERRIDES: [(u64, bool, &str); 8] = [
    (346, false, "the JWK says PS256, the header PS384"),
    (347, false, "the JWK's alg is ES521, which does not exist"),
    (350, false, "the JWK says PS256, the header PS384"),
    (351, false, "the JWK's alg is ES521, which does not exist"),
    (367, true, "byte for byte the valid case 357"),
    (370, true, "byte for byte the valid case 357"),
    (372, false, "a `?` in base64url"),
    (373, false, "a `?` in base64url"),
];

/// A public set of vectors, when the folder with them is there.
fn public_set(name: &str) -> Option<Value> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors/wycheproof").join(name);
    let text = std::fs::read(&file).ok();
    if text.is_none() {
        println!("0 public vectors ran: {name} is not there");
    }
    text.map(|text| serde_json::from_slice(&text).unwrap())
}

/// Runs every case of a set through a batch command and compares the verdicts.
fn agree(set: &Value, command: &[&str], line: impl Fn(&Value, &Value) -> Value, verdict: impl Fn(u64, &Value) -> bool) {
    let (mut lines, mut expected) = (Vec::new(), Vec::new());
    for group in set["testGroups"].as_array().unwrap() {
        for test in group["tests"].as_array().unwrap() {
            lines.push(line(group, test));
            expected.push(verdict(test["tcId"].as_u64().unwrap(), test));
        }
    }
    let answers = batch(command, &lines);
    for (answer, expected) in answers.iter().zip(&expected) {
        assert_eq!(answer["valid"], *expected, "{answer}");
    }
    println!("{} public vectors ran", answers.len());
    assert!(answers.len() > 50);
}

#[test]
fn the_public_signature_vectors_agree_through_the_batch() {
    let Some(set) = public_set("json_web_signature_test.json") else { return };
    let algs: Vec<&str> = SignatureAlgorithm::ALL.iter().map(|algorithm| algorithm.name()).collect();
    let line = |group: &Value, test: &Value| {
        let key = group.get("public").unwrap_or(&group["private"]);
        json!({"id": test["tcId"], "jws": test["jws"], "key": key, "algs": algs})
    };
    let verdict = |id, test: &Value| {
        let contradicted = OVERRIDES.iter().find(|(number, ..)| *number == id).map(|(_, verdict, _)| *verdict);
        contradicted.unwrap_or(test["result"] == "valid")
    };
    agree(&set, &["jws", "verify"], line, verdict);
}

/// Valid cases that need RSA1_5, which is refused on purpose.
const NEED_RSA1_5: [u64; 8] = [100, 101, 102, 103, 104, 105, 112, 128];

#[test]
fn the_public_encryption_vectors_agree_through_the_batch() {
    let Some(set) = public_set("json_web_encryption_test.json") else { return };
    let algs: Vec<&str> = KeyManagementAlgorithm::ALL.iter().map(|algorithm| algorithm.name()).collect();
    let encs: Vec<&str> = ContentEncryptionAlgorithm::ALL.iter().map(|encryption| encryption.name()).collect();
    let line = |group: &Value, test: &Value| json!({"id": test["tcId"], "jwe": test["jwe"], "key": group["private"], "algs": algs, "encs": encs, "zip": true});
    agree(&set, &["jwe", "decrypt"], line, |id, test| test["result"] == "valid" && !NEED_RSA1_5.contains(&id));
}

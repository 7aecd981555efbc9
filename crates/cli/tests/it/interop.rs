//! Two independent implementations read what we make, and we read what they make (see `interop/README.md`).

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use probity_jose::jwe::{ContentEncryptionAlgorithm, KeyManagementAlgorithm};
use probity_jose::{SignatureAlgorithm, base64url};
use serde_json::{Value, json};

use crate::toolbox::{batch, encryption_key, feed, generate};

/// What is signed and encrypted: all byte values.
fn message() -> String {
    base64url::encode(&(0..=u8::MAX).collect::<Vec<u8>>())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A folder for a peer's packages that stays from run to run; whoever comes second waits.
fn workshop(name: &str) -> (PathBuf, fs::File) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("interop").join(name);
    fs::create_dir_all(&folder).unwrap();
    let lock = fs::File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    (folder, lock)
}

fn must(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Installs again only when what is to be installed has changed.
fn install(folder: &Path, wanted: &Path, work: impl FnOnce()) {
    let (stamp, wanted) = (folder.join("installed"), fs::read_to_string(wanted).unwrap());
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return;
    }
    work();
    fs::write(stamp, wanted).unwrap();
}

/// `jose` on node.
fn node() -> Command {
    node_program("node", "interop/node", &["peer.mjs"])
}

/// `joserfc` on Python.
fn python() -> Command {
    python_program("python", "interop/python", "peer.py")
}

/// The first of some files in a folder of the project, on node, with the packages that lie in the folder's lock file.
pub(crate) fn node_program(name: &str, source: &str, files: &[&str]) -> Command {
    let (folder, _lock) = workshop(name);
    let source = root().join(source);
    install(&folder, &source.join("package-lock.json"), || {
        for name in ["package.json", "package-lock.json"] {
            fs::copy(source.join(name), folder.join(name)).unwrap();
        }
        must(Command::new("npm").args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(&folder));
    });
    for file in files {
        fs::copy(source.join(file), folder.join(file)).unwrap();
    }
    let mut command = Command::new("node");
    command.arg("--no-warnings").arg(folder.join(files[0]));
    command
}

/// A file in a folder of the project, on Python, with the packages that the folder's requirements.txt names.
pub(crate) fn python_program(name: &str, source: &str, file: &str) -> Command {
    let (folder, _lock) = workshop(name);
    let source = root().join(source);
    install(&folder, &source.join("requirements.txt"), || {
        must(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder.join("venv")));
        let mut pip = Command::new(folder.join("venv/bin/pip"));
        must(
            pip.args(["install", "--quiet", "--disable-pip-version-check", "-r"]).arg(source.join("requirements.txt")),
        );
    });
    let mut command = Command::new(folder.join("venv/bin/python"));
    command.arg(source.join(file));
    command
}

/// Asks a peer; one answer for each line.
fn ask(peer: &mut Command, lines: &[Value]) -> Vec<Value> {
    let input: Vec<String> = lines.iter().map(Value::to_string).collect();
    let output = feed(peer, input.join("\n").as_bytes());
    let text = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), lines.len(), "{}", String::from_utf8_lossy(&output.stderr));
    answers
}

/// The answer's member; nothing when the peer does not have the algorithm.
fn product<'a>(answer: &'a Value, member: &str, line: &Value) -> Option<&'a str> {
    if answer["unsupported"] == true {
        return None;
    }
    Some(answer[member].as_str().unwrap_or_else(|| panic!("{line}: {answer}")))
}

/// Signatures in both directions; the algorithms that the peer has.
fn signatures(peer: &mut Command) -> BTreeSet<String> {
    let keys: Vec<Value> = SignatureAlgorithm::ALL.iter().map(|algorithm| generate(algorithm.name())).collect();
    let to_sign: Vec<Value> =
        keys.iter().map(|key| json!({"id": key["alg"], "key": key, "header": {}, "payload": message()})).collect();
    let ours = batch(&["jws", "sign"], &to_sign);
    let questions: Vec<Value> = keys
        .iter()
        .zip(&ours)
        .flat_map(|(key, ours)| {
            [
                json!({"op": "sign", "alg": key["alg"], "key": key, "payload": message()}),
                json!({"op": "verify", "alg": key["alg"], "key": key, "jws": ours["jws"]}),
            ]
        })
        .collect();
    let answers = ask(peer, &questions);
    let (mut theirs, mut shared) = (Vec::new(), BTreeSet::new());
    for ((key, questions), answers) in keys.iter().zip(questions.chunks(2)).zip(answers.chunks(2)) {
        let (Some(signed), Some(payload)) =
            (product(&answers[0], "jws", &questions[0]), product(&answers[1], "payload", &questions[1]))
        else {
            continue;
        };
        assert_eq!(payload, message(), "{}", key["alg"]);
        theirs.push(json!({"id": key["alg"], "jws": signed, "key": key, "algs": [key["alg"]]}));
        shared.insert(key["alg"].as_str().unwrap().to_owned());
    }
    for answer in batch(&["jws", "verify"], &theirs) {
        assert_eq!((&answer["valid"], &answer["payload"]), (&json!(true), &json!(message())), "{answer}");
    }
    shared
}

/// Encryption in both directions, each key management with each content encryption; the pairs that the peer has.
fn encryption(peer: &mut Command) -> BTreeSet<String> {
    let mut ways = Vec::new();
    for alg in KeyManagementAlgorithm::ALL {
        for enc in ContentEncryptionAlgorithm::ALL {
            ways.push((alg.name(), enc.name(), encryption_key(*alg, *enc)));
        }
    }
    let to_encrypt: Vec<Value> = ways
        .iter()
        .map(|(alg, enc, key)| {
            let mut header = json!({"alg": alg, "enc": enc});
            if alg.starts_with("PBES2") {
                header["p2c"] = json!(1_000);
            }
            json!({"id": alg, "key": key, "header": header, "plaintext": message()})
        })
        .collect();
    let ours = batch(&["jwe", "encrypt"], &to_encrypt);
    let questions: Vec<Value> = ways
        .iter()
        .zip(&ours)
        .flat_map(|((alg, enc, key), ours)| {
            [
                json!({"op": "encrypt", "alg": alg, "enc": enc, "key": key, "plaintext": message()}),
                json!({"op": "decrypt", "alg": alg, "enc": enc, "key": key, "jwe": ours["jwe"]}),
            ]
        })
        .collect();
    let answers = ask(peer, &questions);
    let (mut theirs, mut shared) = (Vec::new(), BTreeSet::new());
    for (((alg, enc, key), questions), answers) in ways.iter().zip(questions.chunks(2)).zip(answers.chunks(2)) {
        let (Some(encrypted), Some(plaintext)) =
            (product(&answers[0], "jwe", &questions[0]), product(&answers[1], "plaintext", &questions[1]))
        else {
            continue;
        };
        assert_eq!(plaintext, message(), "{alg} {enc}");
        theirs.push(json!({"id": alg, "jwe": encrypted, "key": key, "algs": [alg], "encs": [enc]}));
        shared.insert(format!("{alg} {enc}"));
    }
    for answer in batch(&["jwe", "decrypt"], &theirs) {
        assert_eq!((&answer["valid"], &answer["plaintext"]), (&json!(true), &json!(message())), "{answer}");
    }
    shared
}

/// The pairs of key management and content encryption: all that we have but those with these key managements.
fn pairs_without(missing: &[&str]) -> BTreeSet<String> {
    let named = KeyManagementAlgorithm::ALL.iter().filter(|alg| !missing.contains(&alg.name()));
    let pairs = named.flat_map(|alg| ContentEncryptionAlgorithm::ALL.iter().map(move |enc| format!("{alg} {enc}")));
    pairs.collect()
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

const COMMON: [&str; 14] = [
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
    "EdDSA", "Ed25519",
];

#[test]
fn signatures_are_exchanged_with_jose_for_node() {
    // The least is named, so that a peer that suddenly refuses an algorithm is noticed.
    let shared = signatures(&mut node());
    assert!(shared.is_superset(&names(&COMMON)), "{shared:?}");
}

#[test]
fn encryption_is_exchanged_with_jose_for_node() {
    assert_eq!(encryption(&mut node()), pairs_without(&[]));
}

#[test]
fn signatures_are_exchanged_with_joserfc() {
    assert_eq!(signatures(&mut python()), names(&[&COMMON[..], &["ES256K"]].concat()));
}

#[test]
fn encryption_is_exchanged_with_joserfc() {
    assert_eq!(encryption(&mut python()), pairs_without(&["RSA-OAEP-384", "RSA-OAEP-512"]));
}

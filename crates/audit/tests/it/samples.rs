//! Makes evidence of the texts in the rules' examples.

use aws_lc_rs::{digest, hmac};
use num_bigint::BigUint;
use probity_audit::evidence::{
    Evidence, Exchange, Json, KeySet, Metadata, RequestText, TextFile, Token, parse_response, seconds_of_iso,
    to_base64url,
};
use probity_audit::{Audit, Example, Input, Place, Policy, Report};

/// Seconds since 1970 at which the examples are looked at.
pub(crate) const NOW: i64 = 1_700_000_100;

/// Runs one rule over an example.
pub(crate) fn run(rule: &str, example: Example) -> Report {
    let mut audit = Audit::of("example", evidence(example), NOW);
    audit.only = vec![rule.to_owned()];
    audit.policy = Policy { assurance_level: example.text.contains("@aal").then_some(3), ..Policy::default() };
    audit.run()
}

/// The evidence that an example describes.
pub(crate) fn evidence(example: Example) -> Evidence {
    let mut evidence = Evidence::default();
    match example.input {
        Input::Tokens => tokens(example.text).into_iter().for_each(|token| evidence.add_token(token)),
        Input::KeySets => evidence.key_sets = key_sets(example.text),
        Input::Metadata => evidence.metadata = metadata(example.text),
        Input::Http => exchanges(example.text).into_iter().for_each(|exchange| evidence.add_exchange(exchange)),
        Input::File => {
            let (name, text) = example.text.split_once('\n').unwrap();
            evidence.add_file(TextFile::new(name.trim_start_matches("# "), text));
        }
        Input::Behaviour => {}
    }
    evidence
}

/// A token with these parts, signed by a secret, or with a signature that is made up.
pub(crate) fn token(header: &str, claims: &str) -> Token {
    let mut header = Json::parse(header).unwrap_or_else(|| panic!("{header}"));
    let secret = header.text("@secret").map(str::to_owned);
    header = header.without("@secret").without("@aal");
    let input = format!("{}.{}", to_base64url(header.to_string().as_bytes()), to_base64url(claims.as_bytes()));
    let signature = match secret {
        Some(secret) => {
            hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), input.as_bytes()).as_ref().to_vec()
        }
        None if header.text("alg") == Some("none") => Vec::new(),
        None => digest::digest(&digest::SHA512, input.as_bytes()).as_ref().to_vec(),
    };
    Token::parse(&format!("{input}.{}", to_base64url(&signature)), Place::of("token 1")).unwrap()
}

fn tokens(text: &str) -> Vec<Token> {
    let mut lines = text.lines();
    let mut tokens = Vec::new();
    while let Some(line) = lines.next() {
        if line.starts_with('{') {
            tokens.push(token(line, lines.next().unwrap()));
        } else {
            let line = line.replace("@dir", &sealed_by_a_known_key(line));
            tokens.push(Token::parse(&line, Place::of("token 1")).unwrap_or_else(|| panic!("{line}")));
        }
    }
    tokens
}

/// Ciphertext and tag by A128GCM under the key of RFC 7516 appendix A.3.3.
fn sealed_by_a_known_key(line: &str) -> String {
    use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
    let key = probity_audit::evidence::base64url("GawgguFyGrWKav7AX4VKUg").unwrap();
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key).unwrap());
    let mut content = b"{}".to_vec();
    let nonce = Nonce::try_assume_unique_for_key(&[0; 12]).unwrap();
    let tag = key.seal_in_place_separate_tag(nonce, Aad::from(line.split('.').next().unwrap()), &mut content).unwrap();
    format!("{}.{}", to_base64url(&content), to_base64url(tag.as_ref()))
}

fn key_sets(text: &str) -> Vec<KeySet> {
    let mut sets = Vec::new();
    let (mut url, mut seen, mut cache) = (None, None, None);
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let mut words = comment.split(' ');
            url = words.next().map(str::to_owned);
            let second = words.next();
            seen = second.and_then(|word| word.parse().ok());
            cache = second.filter(|word| word.contains('=')).map(str::to_owned);
            continue;
        }
        let mut set =
            KeySet::parse(&numbers(line), Place::of(url.clone().unwrap_or_else(|| "keys.json".to_owned()))).unwrap();
        set.urls = url.take().into_iter().collect();
        set.seen = seen.take();
        set.cache_control = cache.take();
        sets.push(set);
    }
    sets
}

fn metadata(text: &str) -> Vec<Metadata> {
    let mut url = "https://issuer.example/.well-known/openid-configuration".to_owned();
    let mut documents = Vec::new();
    for line in text.lines() {
        match line.strip_prefix("# ") {
            Some(other) => other.clone_into(&mut url),
            None => documents.push(Metadata::parse(line, Some(url.clone()), Place::of(url.clone())).unwrap()),
        }
    }
    documents
}

fn exchanges(text: &str) -> Vec<Exchange> {
    let text = text.replace(
        "@large",
        &format!(
            "{}.{}.{}",
            to_base64url(br#"{"alg":"ES256"}"#),
            to_base64url(format!(r#"{{"x":"{}"}}"#, "x".repeat(9_000)).as_bytes()),
            "c2ln"
        ),
    );
    text.split("\n===\n").map(exchange).collect()
}

fn exchange(text: &str) -> Exchange {
    let (request, response) = text.split_once("\n---\n").unwrap();
    let target = request.split(' ').nth(1).unwrap();
    // A WebSocket's handshake is written with its own scheme.
    let websocket = target.starts_with("ws");
    let readable =
        if websocket { request.replace("wss://", "https://").replace("ws://", "http://") } else { request.to_owned() };
    let parsed = RequestText::parse(&readable, "https").unwrap_or_else(|| panic!("{request}"));
    let mut exchange = Exchange {
        method: parsed.method,
        url: if websocket { target.to_owned() } else { parsed.url },
        seen: parsed.headers.iter().find(|(name, _)| name == "Date").and_then(|(_, date)| seconds_of_iso(date)),
        request_headers: parsed.headers,
        request_body: parsed.body,
        place: Place::of("example.har"),
        ..Exchange::default()
    };
    parse_response(response, &mut exchange).unwrap_or_else(|| panic!("{response}"));
    exchange
}

/// Puts made numbers in the place of their names.
fn numbers(line: &str) -> String {
    let mut line = line.to_owned();
    for (name, make) in NUMBERS {
        if line.contains(name) {
            line = line.replace(name, &to_base64url(&make().to_bytes_be()));
        }
    }
    line
}

type Make = fn() -> BigUint;

const NUMBERS: [(&str, Make); 8] = [
    ("@roca", || flawed_prime(1_000, 1 << 36) * flawed_prime(1_005, 1 << 37)),
    ("@close", || {
        let p = prime(&((BigUint::from(3u8) << 1022u32) + 99u8));
        &p * prime(&(&p + 1_000u32))
    }),
    ("@small", || prime(&(BigUint::from(1u8) << 2047u32)) * 10_007u32),
    ("@shared1", || shared() * prime(&(BigUint::from(7u8) << 1021u32))),
    ("@shared2", || shared() * prime(&(BigUint::from(6u8) << 1021u32))),
    ("@wiener_e", || wiener().1),
    ("@wiener_n", || wiener().0),
    ("@patterned", || (BigUint::from(1u8) << 2047u32) + 12_345u32),
];

fn shared() -> BigUint {
    prime(&((BigUint::from(5u8) << 1021u32) + 7u8))
}

fn wiener() -> (BigUint, BigUint) {
    let p = prime(&(BigUint::from(3u8) << 510u32));
    let q = prime(&(BigUint::from(5u8) << 509u32));
    let phi = (&p - 1u8) * (&q - 1u8);
    let e = (0..).map(|step| BigUint::from(1_000_003u32 + 2 * step)).find_map(|d| d.modinv(&phi)).unwrap();
    (p * q, e)
}

/// A prime as the library of CVE-2017-15361 makes them.
fn flawed_prime(exponent: u32, from: u64) -> BigUint {
    let m: BigUint = (2..=167u32).filter(|n| (2..*n).all(|d| n % d != 0)).map(BigUint::from).product();
    let residue = BigUint::from(65_537u32).modpow(&BigUint::from(exponent), &m);
    (from..u64::MAX).map(|k| &m * k + &residue).find(is_prime).unwrap()
}

fn prime(from: &BigUint) -> BigUint {
    let mut candidate = from | BigUint::from(1u8);
    while !is_prime(&candidate) {
        candidate += 2u8;
    }
    candidate
}

/// Fermat's test to the base 2 and 3: enough for numbers that nobody chose to deceive.
fn is_prime(n: &BigUint) -> bool {
    let small = [3u32, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97];
    if small.iter().any(|prime| n % prime == BigUint::ZERO) {
        return false;
    }
    [2u8, 3].iter().all(|base| BigUint::from(*base).modpow(&(n - 1u8), n) == BigUint::from(1u8))
}

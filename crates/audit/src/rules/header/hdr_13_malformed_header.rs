//! HDR-13: Malformed header causes a server error.

use crate::live::{Class, Prober, Shot};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "HDR-13",
    title: "Malformed header causes a server error",
    tier: Tier::Active,
    severity: Severity::Low,
    references: "RFC 8725 3.7; ASVS 16.5.3; CWE-20",
    why: "An input that makes the parser fail is a place to look for more, and an easy way to make noise in the logs.",
    fix: "Refuse everything malformed with 401: the parser must be total.",
    bad: Example::behaviour("A header whose `alg` is a list is answered with 500."),
    good: Example::behaviour("Everything malformed is answered with 401."),
    checks: &[Check::Probe(probe)],
};

fn probe(prober: &mut Prober) -> Outcome {
    let mut failed = Vec::new();
    for (what, token) in malformed(&prober.scene()) {
        let answer = prober.send(what, &Shot::token(token));
        // 503 is how a server says that it is busy.
        if answer.status >= 500 && answer.class != Class::Limited {
            failed.push((what, answer.status, answer.number));
        }
    }
    if failed.is_empty() {
        return Outcome::passed("no malformed header makes the server fail");
    }
    let names: Vec<String> = failed.iter().map(|(what, status, _)| format!("{what} ({status})")).collect();
    let mut finding = fail(format!("The server fails on: {}.", names.join(", "))).proof(Proof::ProvenLive);
    finding.requests = failed.into_iter().map(|(_, _, number)| number).collect();
    finding.into()
}

/// Tokens with headers that no parser may trip over.
pub(crate) fn malformed(scene: &crate::live::Scene) -> Vec<(&'static str, String)> {
    let (claims, signature) = (scene.valid.part(1), scene.valid.part(2));
    let raw = |bytes: &[u8]| format!("{}.{claims}.{signature}", to_base64url(bytes));
    let utf16: Vec<u8> = "{\"alg\":\"RS256\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    vec![
        ("alg a list", raw(br#"{"alg":["RS256"]}"#)),
        ("alg null", raw(br#"{"alg":null}"#)),
        ("alg a number", raw(br#"{"alg":256}"#)),
        ("alg an object", raw(br#"{"alg":{}}"#)),
        ("typ an object", raw(br#"{"alg":"RS256","typ":{}}"#)),
        ("header a list", raw(b"[]")),
        ("header a text", raw(b"\"RS256\"")),
        ("header no JSON", raw(b"alg=RS256")),
        ("header empty", format!(".{claims}.{signature}")),
        ("invalid UTF-8", raw(b"{\"alg\":\"RS256\",\"x\":\"\xff\xfe\"}")),
        ("UTF-16", raw(&utf16)),
        ("a byte order mark", raw(b"\xef\xbb\xbf{\"alg\":\"RS256\"}")),
        ("NUL in alg", raw(b"{\"alg\":\"RS256\\u0000\"}")),
        ("no base64", format!("!!!.{claims}.{signature}")),
        ("only dots", "..".to_owned()),
    ]
}

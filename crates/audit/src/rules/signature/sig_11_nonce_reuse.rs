//! SIG-11: ECDSA nonce reuse across collected tokens.

use crate::arithmetic::ecdsa;
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "SIG-11",
    title: "ECDSA nonce reuse across collected tokens",
    tier: Tier::Passive,
    severity: Severity::Critical,
    references: "RFC 8725 3.2; RFC 6979; ASVS 11.3.4; CWE-323",
    why: "Two ECDSA signatures with one nonce give away the private key by school algebra.",
    fix: "Use deterministic nonces (RFC 6979), and replace the key now.",
    bad: Example::tokens(
        r"eyJhbGciOiJFUzI1NiIsImtpZCI6InIifQ.eyJzdWIiOiJhIn0.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAg
eyJhbGciOiJFUzI1NiIsImtpZCI6InIifQ.eyJzdWIiOiJiIn0.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAw",
    ),
    good: Example::tokens(
        r"eyJhbGciOiJFUzI1NiIsImtpZCI6InIifQ.eyJzdWIiOiJhIn0.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAg
eyJhbGciOiJFUzI1NiIsImtpZCI6InIifQ.eyJzdWIiOiJiIn0.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAw",
    ),
    checks: &[Check::Tokens(check)],
};

fn check(tokens: &[Token], setting: &Setting<'_>) -> Outcome {
    let signed: Vec<&Token> = tokens.iter().filter(|token| !token.encrypted && token.alg().starts_with("ES")).collect();
    if signed.len() < 2 {
        return Outcome::not_applicable("it takes two tokens signed with ECDSA");
    }
    let mut findings = Vec::new();
    for (at, first) in signed.iter().enumerate() {
        for second in signed.iter().skip(at + 1) {
            let same_key = first.alg() == second.alg() && first.kid() == second.kid();
            if !same_key || !ecdsa::same_nonce(&first.signature(), &second.signature()) {
                continue;
            }
            if first.signing_input() == second.signing_input() {
                continue;
            }
            findings.push(judge(first, second, setting));
        }
    }
    Outcome::of(findings)
}

/// A common `r` under another signing input is the same nonce, or the same nonce negated: show that it gives the key.
fn judge(first: &Token, second: &Token, setting: &Setting<'_>) -> Finding {
    let place = Place::of(format!("{} and {}", first.place, second.place));
    match ecdsa::recover_private(first, second, setting.evidence.keys()) {
        Some(found) => fail("Two tokens were signed with one nonce, and the private key was computed from them.")
            .proof(Proof::ProvenOffline)
            .fact("public key of the recovered private key", found),
        None => fail("Two tokens with different content have one ECDSA nonce: the private key follows from them.")
            .severity(Severity::High),
    }
    .at(place)
}

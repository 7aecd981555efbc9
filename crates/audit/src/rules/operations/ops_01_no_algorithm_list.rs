//! OPS-01: No algorithm allow list, or mixed families.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "OPS-01",
    title: "No algorithm allow list, or mixed families",
    tier: Tier::Passive,
    severity: Severity::High,
    references: "RFC 8725 3.1; ASVS 9.1.2; CWE-757",
    why: "A verifier without a list of algorithms takes what the token says.",
    fix: "Name the algorithms of one family.",
    bad: Example::file(
        r#"# app.js
jwt.verify(token, key, { algorithms: ["RS256", "HS256"] })"#,
    ),
    good: Example::file(
        r#"# app.js
jwt.verify(token, key, { algorithms: ["RS256"], issuer, audience })"#,
    ),
    checks: &[Check::File(check)],
};

fn check(file: &TextFile, _: &Setting<'_>) -> Outcome {
    if file.kind != FileKind::Config {
        return Outcome::not_applicable("no configuration or source");
    }
    let mut findings = Vec::new();
    for (number, line) in file.lines() {
        let lower = line.to_ascii_lowercase();
        if lower.contains("algorithms") {
            let (hmac, other) = (
                lower.contains("hs256") || lower.contains("hs512"),
                ["rs256", "es256", "ps256", "eddsa"].iter().any(|alg| lower.contains(alg)),
            );
            if hmac && other {
                findings.push(
                    fail("HMAC and public-key algorithms are allowed together.")
                        .proof(Proof::Declared)
                        .at(file.place().line(number)),
                );
            }
            if lower.contains("\"none\"") || lower.contains("'none'") {
                findings.push(
                    fail("`none` is among the allowed algorithms.")
                        .proof(Proof::Declared)
                        .at(file.place().line(number)),
                );
            }
        }
        // Calls that are whole on one line; longer ones are left alone.
        let call = ["jwt.verify(", "jwt.decode(", "expressjwt("].iter().find(|call| lower.contains(**call));
        let whole = lower.ends_with(')') || lower.ends_with(");");
        if let (Some(call), true, false) = (call, whole, lower.contains("algorithm")) {
            let unverified = *call == "jwt.decode(" && !lower.contains(',');
            if !unverified {
                findings.push(
                    review("A token is verified without a list of algorithms on this line.")
                        .proof(Proof::Declared)
                        .at(file.place().line(number)),
                );
            }
        }
    }
    Outcome::of(findings)
}

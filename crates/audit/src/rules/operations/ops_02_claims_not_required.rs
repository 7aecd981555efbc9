//! OPS-02: exp, iss or aud not required.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "OPS-02",
    title: "exp, iss or aud not required",
    tier: Tier::Passive,
    severity: Severity::High,
    references: "RFC 8725 3.8, 3.9; ASVS 9.2.1, 9.2.3; CWE-345",
    why: "A check that is switched off, or that a missing claim passes, is no check.",
    fix: "Require `exp`, `iss` and `aud`.",
    bad: Example::file(
        r#"# app.py
jwt.decode(token, key, algorithms=["RS256"], options={"verify_aud": False})"#,
    ),
    good: Example::file(
        r#"# app.py
jwt.decode(token, key, algorithms=["RS256"], audience="api", issuer="https://issuer.example")"#,
    ),
    checks: &[Check::File(check)],
};

fn check(file: &TextFile, _: &Setting<'_>) -> Outcome {
    if file.kind != FileKind::Config {
        return Outcome::not_applicable("no configuration or source");
    }
    let off = [
        "verify_exp",
        "verify_aud",
        "verify_iss",
        "verify_nbf",
        "validate_exp",
        "validate_aud",
        "validatelifetime",
        "validateaudience",
        "validateissuer",
        "requireexpirationtime",
    ];
    let findings = file.lines().filter_map(|(number, line)| {
        let lower: String =
            line.to_ascii_lowercase().chars().filter(|c| !c.is_whitespace() && !matches!(c, '"' | '\'')).collect();
        let switched = off
            .iter()
            .find(|name| [":false", "=false"].iter().any(|end| lower.contains(&format!("{name}{end}"))))
            .copied()
            .or_else(|| lower.contains("ignoreexpiration:true").then_some("ignoreExpiration"))?;
        Some(
            fail(format!("A check is switched off: `{switched}`."))
                .proof(Proof::Declared)
                .at(file.place().line(number)),
        )
    });
    Outcome::of(findings.collect())
}

//! OPS-03: Verification switched off.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "OPS-03",
    title: "Verification switched off",
    tier: Tier::Passive,
    severity: Severity::Critical,
    references: "ASVS 9.1.1; CWE-347",
    why: "A token that is not verified is a wish.",
    fix: "Switch verification on.",
    bad: Example::file(
        r#"# app.py
claims = jwt.decode(token, options={"verify_signature": False})"#,
    ),
    good: Example::file(
        r#"# app.py
claims = jwt.decode(token, key, algorithms=["ES256"])"#,
    ),
    checks: &[Check::File(check)],
};

fn check(file: &TextFile, _: &Setting<'_>) -> Outcome {
    if file.kind != FileKind::Config {
        return Outcome::not_applicable("no configuration or source");
    }
    let marks = [
        "verify_signature:false",
        "verify_signature=false",
        "verify=false",
        "insecure_decode(",
        "insecure_disable_signature_validation",
        "dangerous_insecure_decode",
        "skipverification:true",
        "skip_verify:true",
        "requiresignedtokens=false",
        "validateissuersigningkey=false",
        "parseunverified(",
    ];
    let findings = file.lines().filter_map(|(number, line)| {
        let lower: String =
            line.to_ascii_lowercase().chars().filter(|c| !c.is_whitespace() && !matches!(c, '"' | '\'')).collect();
        let about_tokens = lower.contains("jwt")
            || lower.contains("token")
            || lower.contains("decode")
            || lower.contains("verify_signature")
            || lower.contains("unverified")
            || lower.contains("signature");
        let mark = marks.iter().find(|mark| lower.contains(**mark)).filter(|_| about_tokens)?;
        Some(
            fail(format!("Verification is switched off: `{mark}`."))
                .proof(Proof::Declared)
                .at(file.place().line(number)),
        )
    });
    Outcome::of(findings.collect())
}

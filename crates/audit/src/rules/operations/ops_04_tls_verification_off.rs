//! OPS-04: TLS verification off for key fetch.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "OPS-04",
    title: "TLS verification off for key fetch",
    tier: Tier::Passive,
    severity: Severity::High,
    references: "ASVS 12.3.2; CWE-295",
    why: "Whoever is on the way can then hand out keys of his own.",
    fix: "Switch certificate verification on, and name your own authority if you have one.",
    bad: Example::file(
        r"# config.yaml
jwks: { url: https://issuer.example/jwks, insecureSkipVerify: true }",
    ),
    good: Example::file(
        r"# config.yaml
jwks: { url: https://issuer.example/jwks, caFile: ca.pem }",
    ),
    checks: &[Check::File(check)],
};

fn check(file: &TextFile, _: &Setting<'_>) -> Outcome {
    if file.kind != FileKind::Config {
        return Outcome::not_applicable("no configuration or source");
    }
    let marks = [
        "insecureskipverify:true",
        "insecure_skip_verify=true",
        "insecure_skip_verify:true",
        "rejectunauthorized:false",
        "node_tls_reject_unauthorized=0",
        "danger_accept_invalid_certs(true)",
        "ssl_verify:false",
        "verify_ssl=false",
        "tls_verify=false",
        "sslverify=false",
        "verify_peer=>false",
    ];
    let findings = file.lines().filter_map(|(number, line)| {
        let lower: String =
            line.to_ascii_lowercase().chars().filter(|c| !c.is_whitespace() && !matches!(c, '"' | '\'')).collect();
        let mark = marks.iter().find(|mark| lower.contains(**mark))?;
        Some(
            fail(format!("TLS certificates are not verified: `{mark}`."))
                .proof(Proof::Declared)
                .at(file.place().line(number)),
        )
    });
    Outcome::of(findings.collect())
}

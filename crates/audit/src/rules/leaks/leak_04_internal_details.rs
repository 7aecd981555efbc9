//! LEAK-04: Internal details in claims.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "LEAK-04",
    title: "Internal details in claims",
    tier: Tier::Passive,
    severity: Severity::Low,
    references: "ASVS 13.4.6; CWE-200",
    why: "Addresses, hosts and paths of the inside help whoever gets in.",
    fix: "Remove it.",
    bad: Example::tokens(
        r#"{"alg":"ES256"}
{"sub":"1","node":"10.1.2.3"}"#,
    ),
    good: Example::tokens(
        r#"{"alg":"ES256"}
{"sub":"1","node":"eu-1"}"#,
    ),
    checks: &[Check::Token(check)],
};

fn check(token: &Token, _: &Setting<'_>) -> Outcome {
    let mut findings = Vec::new();
    token.claims.walk("", &mut |path, value| {
        let Some(text) = value.as_str() else { return };
        let private = text.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_private());
        let path_like = ["/home/", "/var/", "/etc/", "/opt/", "C:\\"].iter().any(|start| text.starts_with(start));
        let suffix = text.rsplit('.').next().unwrap_or_default();
        let host =
            text.contains('.') && (["internal", "corp"].contains(&suffix) || text.ends_with(".svc.cluster.local"));
        if private || path_like || host {
            findings.push(
                fail(format!("The claim `{path}` names something of the inside."))
                    .fact("value", text)
                    .at(token.place.path(format!("claims.{path}"))),
            );
        }
    });
    Outcome::of(findings)
}

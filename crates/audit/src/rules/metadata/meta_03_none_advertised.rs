//! META-03: none advertised.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "META-03",
    title: "none advertised",
    tier: Tier::Passive,
    severity: Severity::High,
    references: "RFC 8414 2 (MUST NOT for token_endpoint_auth); OIDC Discovery 3; ASVS 9.1.2; CWE-347",
    why: "An issuer that offers `none` invites clients to accept tokens without signatures.",
    fix: "Take `none` out of the list.",
    bad: Example::metadata(
        r#"{"issuer":"https://issuer.example","id_token_signing_alg_values_supported":["RS256","none"]}"#,
    ),
    good: Example::metadata(r#"{"issuer":"https://issuer.example","id_token_signing_alg_values_supported":["ES256"]}"#),
    checks: &[Check::Metadata(check)],
};

fn check(document: &Metadata, _: &Setting<'_>) -> Outcome {
    if !document.is_issuer() {
        return Outcome::not_applicable("not the metadata of an issuer");
    }

    let lists = document.json.members().iter().filter(|(name, _)| name.contains("signing_alg"));
    let findings = lists.filter(|(_, value)| value.strings().iter().any(|alg| alg.eq_ignore_ascii_case("none"))).map(
        |(name, _)| {
            let finding = fail(format!("`{name}` offers `none`."));
            // OpenID Connect Discovery section 3 permits it for responses from the token endpoint: a look is enough there.
            if name == "request_object_signing_alg_values_supported" {
                finding.severity(Severity::Medium)
            } else {
                finding
            }
        },
    );
    Outcome::of(findings.map(|finding| finding.proof(Proof::Declared)).collect())
}

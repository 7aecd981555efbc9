//! META-13: Documents contradict each other.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "META-13",
    title: "Documents contradict each other",
    tier: Tier::Passive,
    severity: Severity::Low,
    references: "RFC 8414; RFC 9728; CWE-436",
    why: "Clients that read one document and clients that read the other behave differently.",
    fix: "Write all documents from one source.",
    bad: Example::metadata(
        r#"# https://issuer.example/.well-known/openid-configuration
{"issuer":"https://issuer.example","jwks_uri":"https://issuer.example/a"}
# https://issuer.example/.well-known/oauth-authorization-server
{"issuer":"https://issuer.example","jwks_uri":"https://issuer.example/b"}"#,
    ),
    good: Example::metadata(
        r#"# https://issuer.example/.well-known/openid-configuration
{"issuer":"https://issuer.example","jwks_uri":"https://issuer.example/a"}
# https://issuer.example/.well-known/oauth-authorization-server
{"issuer":"https://issuer.example","jwks_uri":"https://issuer.example/a"}"#,
    ),
    checks: &[Check::Evidence(check)],
};

fn check(evidence: &Evidence, _: &Setting<'_>) -> Outcome {
    let issuers: Vec<&Metadata> = evidence.metadata.iter().filter(|document| document.is_issuer()).collect();
    let mut findings = Vec::new();
    for (at, first) in issuers.iter().enumerate() {
        for second in issuers.iter().skip(at + 1).filter(|second| second.issuer() == first.issuer()) {
            for (name, value) in first.json.members() {
                if second.json.get(name).is_some_and(|other| other != value)
                    && (name.ends_with("_endpoint") || name == "jwks_uri")
                {
                    findings.push(
                        fail(format!("Two documents of one issuer disagree about `{name}`."))
                            .proof(Proof::Declared)
                            .at(first.place.clone()),
                    );
                }
            }
        }
        for token in evidence.tokens.iter().filter(|token| token.issuer().is_some() && token.issuer() == first.issuer())
        {
            let offered = first.list("id_token_signing_alg_values_supported");
            if token.kind() == Kind::Id && !offered.is_empty() && !offered.contains(&token.alg()) {
                findings.push(
                    fail(format!("An ID token is signed with {}, which the metadata do not name.", token.alg()))
                        .at(token.place.clone()),
                );
            }
        }
    }
    if issuers.len() < 2 && findings.is_empty() {
        return Outcome::not_applicable("it takes two documents, or a document and tokens of its issuer");
    }
    Outcome::of(findings)
}

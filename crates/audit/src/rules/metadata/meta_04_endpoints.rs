//! META-04: Endpoint not on https or on a foreign host.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "META-04",
    title: "Endpoint not on https or on a foreign host",
    tier: Tier::Passive,
    severity: Severity::High,
    references: "RFC 8414 2; CWE-319",
    why: "A token that goes to an endpoint without TLS is everyone's.",
    fix: "Serve every endpoint over https.",
    bad: Example::metadata(r#"{"issuer":"https://issuer.example","token_endpoint":"http://issuer.example/token"}"#),
    good: Example::metadata(r#"{"issuer":"https://issuer.example","token_endpoint":"https://issuer.example/token"}"#),
    checks: &[Check::Metadata(check)],
};

fn check(document: &Metadata, _: &Setting<'_>) -> Outcome {
    if !document.is_issuer() {
        return Outcome::not_applicable("not the metadata of an issuer");
    }

    let mut findings = Vec::new();
    let host = |url: &str| url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let own = document.issuer().and_then(host);
    for (name, url) in document.endpoints() {
        if !url.starts_with("https://") && !crate::evidence::is_local(url) {
            findings.push(fail(format!("`{name}` is not on https.")).proof(Proof::Declared).fact(name, url));
        } else if own.is_some() && host(url) != own {
            // Large issuers have several hosts: worth knowing, not wrong.
            findings.push(
                review(format!("`{name}` is on another host than the issuer."))
                    .severity(Severity::Info)
                    .fact(name, url),
            );
        }
    }
    Outcome::of(findings)
}

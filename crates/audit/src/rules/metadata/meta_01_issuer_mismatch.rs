//! META-01: issuer does not match the URL.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "META-01",
    title: "issuer does not match the URL",
    tier: Tier::Passive,
    severity: Severity::High,
    references: "RFC 8414 3.3 MUST; ASVS 10.5.3; CWE-346",
    why: "Metadata that claim to be of another issuer let one issuer speak for another.",
    fix: "Write the issuer exactly as clients ask for it.",
    bad: Example::metadata(r#"{"issuer":"https://other.example","token_endpoint":"https://issuer.example/token"}"#),
    good: Example::metadata(r#"{"issuer":"https://issuer.example"}"#),
    checks: &[Check::Metadata(check)],
};

fn check(document: &Metadata, _: &Setting<'_>) -> Outcome {
    if !document.is_issuer() {
        return Outcome::not_applicable("not the metadata of an issuer");
    }

    let (Some(issuer), Some(url)) = (document.issuer(), document.url.as_deref()) else {
        return Outcome::not_applicable("not fetched, or without `issuer`");
    };
    // RFC 8414 section 3: the well-known part goes after the host, and OpenID Connect Discovery puts it at the end.
    let expected = |issuer: &str| {
        let parsed = url::Url::parse(issuer).ok()?;
        let origin = parsed.origin().ascii_serialization();
        let path = parsed.path().trim_end_matches('/').to_owned();
        Some([
            format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/')),
            format!("{origin}/.well-known/oauth-authorization-server{path}"),
            format!("{origin}/.well-known/openid-configuration{path}"),
        ])
    };
    if expected(issuer).is_some_and(|urls| urls.iter().any(|expected| expected == url)) {
        return Outcome::pass();
    }
    fail("`issuer` is not the issuer that the document was fetched for.").fact("issuer", issuer).fact("URL", url).into()
}

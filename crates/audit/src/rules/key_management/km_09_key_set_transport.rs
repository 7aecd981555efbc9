//! KM-09: JWKS not on HTTPS, redirects, or foreign host.

use crate::evidence::is_local;
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "KM-09",
    title: "JWKS not on HTTPS, redirects, or foreign host",
    tier: Tier::Passive,
    severity: Severity::High,
    references: "RFC 8414 2; 8725bis 3.8; CWE-319",
    why: "Whoever can change the key set on its way can sign.",
    fix: "Serve the key set over HTTPS, from a host of the issuer, without redirects.",
    bad: Example::key_sets(
        r#"# http://issuer.example/jwks.json
{"kty":"EC","kid":"k","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
    ),
    good: Example::key_sets(
        r#"# https://issuer.example/jwks.json
{"kty":"EC","kid":"k","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
    ),
    checks: &[Check::KeySet(check)],
};

fn check(set: &KeySet, _: &Setting<'_>) -> Outcome {
    let Some(first) = set.url() else {
        return Outcome::not_applicable("not fetched");
    };
    if let Some(plain) = set.urls.iter().find(|url| url.starts_with("http:") && !is_local(url)) {
        return fail(format!("The key set comes over plain HTTP: {plain}.")).into();
    }
    let host = |url: &str| url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
    match set.urls.iter().find(|url| host(url) != host(first)) {
        Some(other) => {
            fail(format!("The key set's URL redirects to another host: {other}.")).severity(Severity::Medium).into()
        }
        None if set.urls.len() > 1 => review("The key set's URL redirects.").severity(Severity::Low).into(),
        None => Outcome::pass(),
    }
}

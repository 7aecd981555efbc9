//! HDR-16: Signed claims reach an injection sink.

use crate::live::Prober;
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "HDR-16",
    title: "Signed claims reach an injection sink",
    tier: Tier::SigningKey,
    severity: Severity::High,
    references: "8725bis 3.10 (renamed: carefully evaluate received claims); CWE-20; CWE-79; CWE-89",
    why: "A signed claim is still an input: its text came from a user, or from another issuer.",
    fix: "Treat claims as input: escape, bind and validate them.",
    bad: Example::behaviour(
        "A `name` with `<script>` comes back unescaped, or a quote in `sub` makes the server fail.",
    ),
    good: Example::behaviour("Claims are treated as input."),
    checks: &[Check::Probe(probe)],
};

fn probe(prober: &mut Prober) -> Outcome {
    if let Some(reason) = prober.scene().cannot_sign() {
        return reason;
    }
    if !prober.minted_token_works() {
        return Outcome::inconclusive("a plain token signed with --signing-key is refused");
    }
    let scene = prober.scene();
    let Some(minted) = scene.minted() else {
        return Outcome::inconclusive("no token could be signed");
    };
    let plain = prober.send("a plain token", &minted.plain().shot);
    let markup = "<pr0b1ty>'\"{{7*7}}";
    let mut findings = Vec::new();
    for name in ["sub", "name", "email", "roles"] {
        let attempt = minted.claim(&format!("markup in {name}"), name, markup.into());
        let answer = prober.send(&attempt.what, &attempt.shot);
        let html = answer.header("content-type").is_some_and(|kind| kind.contains("html"));
        let finding = if answer.status >= 500 && plain.status < 500 {
            fail(format!("Markup and quotes in `{name}` make the server fail.")).severity(Severity::Medium)
        } else if html && answer.body.contains("<pr0b1ty>") {
            fail(format!("`{name}` is written into the page without escaping."))
        } else if answer.body.contains("49") && !plain.body.contains("49") && answer.body.contains("pr0b1ty") {
            fail(format!("`{name}` is evaluated as a template."))
        } else {
            continue;
        };
        let mut finding = finding.proof(Proof::ProvenLive);
        finding.requests = vec![answer.number];
        findings.push(finding);
    }
    Outcome::of(findings)
}

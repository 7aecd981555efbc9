//! KEY-15: Key from a broken generator (Debian, keypair).

use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "KEY-15",
    title: "Key from a broken generator (Debian, keypair)",
    tier: Tier::Passive,
    severity: Severity::Critical,
    references: "CVE-2008-0166; CVE-2021-41117; ASVS 11.6.1; CWE-338",
    why: "Some generators had so little randomness that all their keys have been listed.",
    fix: "Make a new key.",
    bad: Example::behaviour("A key set with a key that is on the list of `--blocklist`."),
    good: Example::behaviour("A key set whose keys are on no list."),
    checks: &[Check::Key(check)],
};

fn check(key: &Key, setting: &Setting<'_>) -> Outcome {
    let Some(modulus) = key.modulus() else {
        return Outcome::not_applicable("no RSA key");
    };
    let Some(list) = setting.blocklist else {
        return Outcome::not_tested("it needs a list that is too large to come along: --blocklist FILE");
    };
    match list.find(&modulus) {
        Some(flaw) => fail(format!("{} was made by a broken generator: its private half is listed.", key.name()))
            .proof(Proof::ProvenOffline)
            .fact("number of the flaw", flaw.to_string())
            .into(),
        None => Outcome::passed(format!("not among {} keys", list.len())),
    }
}

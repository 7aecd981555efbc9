//! DOS-02: Decompression bomb.

use crate::live::{Attempt, Class, Plan, Prober, Shot};
use crate::rules::prelude::*;
use crate::secrets::encrypt_compressed;

pub(super) static RULE: Rule = Rule {
    id: "DOS-02",
    title: "Decompression bomb",
    tier: Tier::DosProbe,
    severity: Severity::High,
    references: "8725bis 2.12/3.15 (new); CVE-2024-28102; CVE-2024-33664; CWE-409",
    why: "A small token can become a large one when it is unpacked.",
    fix: "Stop unpacking at about 250 kB.",
    bad: Example::behaviour("A token with `zip: DEF` that unpacks to 1 MB is read."),
    good: Example::behaviour("Unpacking stops at about 250 kB."),
    checks: &[Check::Probe(probe)],
};

fn probe(prober: &mut Prober) -> Outcome {
    let scene = prober.scene();
    let Some(minted) = scene.minted() else {
        return Outcome::not_tested("needs --signing-key FILE: what is unpacked must be a good token");
    };
    let token = |padding: usize| {
        let attempt = minted.claims("", |claims| claims.with("padding", "a".repeat(padding).as_str().into()));
        attempt.shot.token.unwrap_or_default()
    };
    let small = token(8);
    for key in &scene.keys {
        let Some((_, text)) = encrypt_compressed(key, small.as_bytes()).into_iter().next() else { continue };
        let what = format!("a good token, compressed and encrypted to {}", key.name());
        if prober.send(&what, &Shot::token(text)).class != Class::Accepted {
            continue;
        }
        let attempts = SIZES.into_iter().filter_map(|(name, size)| {
            let (_, bomb) = encrypt_compressed(key, token(size).as_bytes()).into_iter().next()?;
            let twin = crate::live::break_last_part(&bomb);
            Some(Attempt::new(format!("a token that unpacks to {name}"), Shot::token(bomb), Shot::token(twin)))
        });
        let attempts = attempts.collect();
        return prober.carry_out(Plan::of(attempts));
    }
    Outcome::not_applicable("a good token, compressed and encrypted to a key of the set, is not accepted")
}

/// How large tokens become, in words and bytes of the claim that is padded.
const SIZES: [(&str, usize); 2] = [("1 MB", 750_000), ("4 MB", 3_000_000)];

//! JWE-04: Weak direct or password key.

use crate::rules::prelude::*;
use crate::secrets::{each_variant, known_secrets};
use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

pub(super) static RULE: Rule = Rule {
    id: "JWE-04",
    title: "Weak direct or password key",
    tier: Tier::Passive,
    severity: Severity::High,
    references: "RFC 8725 3.5; RFC 7518 8.8; CWE-1391",
    why: "A key that can be guessed encrypts nothing.",
    fix: "Take random bytes as the key.",
    bad: Example::tokens("eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..AAAAAAAAAAAAAAAA.@dir"),
    good: Example::tokens("eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..AAAAAAAAAAAAAAAA.Y3Q.dGFndGFndGFndGFndGFndA"),
    checks: &[Check::Token(check)],
};

fn check(token: &Token, setting: &Setting<'_>) -> Outcome {
    if !token.encrypted {
        return Outcome::not_applicable("not encrypted");
    }
    if token.alg() != "dir" {
        return Outcome::not_tested(format!("candidates are tried for `dir` only, and this is {}", token.alg()));
    }
    let algorithm = match token.header.text("enc") {
        Some("A128GCM") => &AES_128_GCM,
        Some("A256GCM") => &AES_256_GCM,
        _ => return Outcome::not_tested("candidates are tried for A128GCM and A256GCM only"),
    };
    let part = |at: usize| base64url(token.part(at)).unwrap_or_default();
    let (iv, sealed) = (part(2), [part(3), part(4)].concat());
    let opens = |key: &[u8]| -> bool {
        let (Ok(key), Ok(nonce)) = (UnboundKey::new(algorithm, key), Nonce::try_assume_unique_for_key(&iv)) else {
            return false;
        };
        let mut sealed = sealed.clone();
        LessSafeKey::new(key).open_in_place(nonce, Aad::from(token.part(0)), &mut sealed).is_ok()
    };
    let mut tried = 0;
    for known in known_secrets() {
        let hit = each_variant(&known.bytes, &mut |key, encoding| {
            tried += 1;
            opens(key).then(|| (key.to_vec(), encoding))
        });
        if let Some((key, encoding)) = hit {
            return fail("The encryption key is publicly known: the token was decrypted.")
                .proof(Proof::ProvenOffline)
                .severity(Severity::High)
                .fact("key", crate::redact::secret(&key, setting.policy.show_secrets))
                .fact("known from", format!("{}, {}", known.source, encoding.name()))
                .into();
        }
    }
    Outcome::passed(format!("not among {tried} candidates"))
}

//! SIG-12: Token text is malleable.

use crate::live::{Plan, Scene};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "SIG-12",
    title: "Token text is malleable",
    tier: Tier::Active,
    severity: Severity::Low,
    references: "8725bis 3.14; OWASP JWT cheat sheet (deny list bypass); RFC 7515 2; CWE-347; becomes high with REV-05",
    why: "If several texts are the same token, a list of refused texts refuses only one of them.",
    fix: "Decode base64url strictly; name revoked tokens by issuer and `jti`, never by their text.",
    bad: Example::behaviour(
        "The token with `=` at its end, or with other unused bits in its last character, is accepted.",
    ),
    good: Example::behaviour("Only the exact text is accepted."),
    checks: &[Check::Attack(attack)],
};

fn attack(scene: &Scene) -> Plan {
    Plan::of(
        variants(scene)
            .into_iter()
            .map(|(what, text)| scene.forge().text(&what, text))
            .map(|attempt| crate::live::Attempt { twin_is_forgery: false, ..attempt })
            .collect(),
    )
}

/// Other texts of the same token. The ECDSA twin (r, n - s) is not among them: every correct verifier accepts it, so it
/// tells nothing of this one.
pub(crate) fn variants(scene: &Scene) -> Vec<(String, String)> {
    let text = scene.valid.text.as_str();
    let mut all = vec![
        ("`=` behind the signature".to_owned(), format!("{text}=")),
        ("`==` behind the signature".to_owned(), format!("{text}==")),
        ("a space in front".to_owned(), format!(" {text}")),
        ("a dot behind".to_owned(), format!("{text}.")),
        ("a space in the signature".to_owned(), insert_space(text)),
    ];
    if let Some(other) = unused_bits(text) {
        all.push(("other unused bits in the last character".to_owned(), other));
    }
    all
}

fn insert_space(text: &str) -> String {
    let at = text.len().saturating_sub(4);
    format!("{} {}", text.get(..at).unwrap_or(text), text.get(at..).unwrap_or_default())
}

/// The text with another last character that decodes to the same bytes, when there is one.
fn unused_bits(text: &str) -> Option<String> {
    let (input, signature) = text.rsplit_once('.')?;
    let bytes = base64url(signature)?;
    let start = signature.get(..signature.len().checked_sub(1)?)?;
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let other = alphabet
        .chars()
        .map(|last| format!("{start}{last}"))
        .find(|other| other != signature && base64url(other).as_deref() == Some(&bytes))?;
    Some(format!("{input}.{other}"))
}

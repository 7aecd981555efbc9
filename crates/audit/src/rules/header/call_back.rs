//! Tokens that name a URL of our listener: whoever calls it has believed the token.

use core::time::Duration;

use crate::live::{Attempt, Forge, Listener, Plan, Prober};
use crate::rules::prelude::*;

/// A token with a URL in it, and the path at the listener that only a reader of the token knows.
pub(super) struct Lure {
    pub(super) attempt: Attempt,
    pub(super) path: String,
}

/// Sends lures. A call is proof by itself; an accepted token is worse.
pub(super) fn cast(prober: &mut Prober, lures: Vec<Lure>, fetched: Severity, claim: &str) -> Outcome {
    let Some(listener) = prober.listener() else { return no_listener() };
    let paths: Vec<String> = lures.iter().map(|lure| lure.path.clone()).collect();
    let names: Vec<String> = lures.iter().map(|lure| lure.attempt.what.clone()).collect();
    let first = prober.log().len() + 1;
    let outcome = prober.carry_out(Plan::of(lures.into_iter().map(|lure| lure.attempt).collect()));
    if let Outcome::Found(findings) = outcome {
        let called = paths.iter().any(|path| listener.calls(path) > 0);
        let more = if called { "it fetched the key from our listener" } else { "our listener was not called" };
        return Outcome::Found(findings.into_iter().map(|finding| finding.fact("listener", more)).collect());
    }
    let runtime = prober.runtime().clone();
    runtime.block_on(listener.wait(&paths, prober.patience()));
    let called: Vec<&str> =
        names.iter().zip(&paths).filter(|(_, path)| listener.calls(path) > 0).map(|(name, _)| name.as_str()).collect();
    if called.is_empty() {
        return match outcome {
            Outcome::Pass(note) => Outcome::passed(format!("our listener was not called; {note}")),
            other => other,
        };
    }
    let mut finding = fail(format!("{claim}: {}.", called.join("; ")))
        .proof(Proof::ProvenLive)
        .severity(fetched)
        .fact("listener", format!("{} was called at a path that stood only in the token", listener.address()));
    finding.requests = (first..=prober.log().len()).collect();
    finding.at(Place::of(prober.scene().url().to_owned())).into()
}

/// Without a listener nothing can be known.
pub(super) fn no_listener() -> Outcome {
    Outcome::not_tested("it waits for call-backs: --allow oob --listener ADDRESS")
}

/// A path that nobody can guess.
pub(super) fn path(prober: &Prober, rule: &str, number: usize) -> String {
    format!("/{}/{rule}-{number}", prober.scene().marker())
}

/// Our public keys that a verifier could fetch, as a JWK Set, each under the valid token's `kid` and under ours.
pub(super) fn key_set(forge: Forge<'_>, kid: &str) -> String {
    let keys = forge.own_keys().iter().filter_map(|key| Json::parse(&key.public_jwk()?)).flat_map(|jwk| {
        [jwk.with("kid", kid.into()), jwk.with("kid", OWN_KID.into())].map(|jwk| jwk.with("use", "sig".into()))
    });
    let keys = keys.collect();
    Json::Object(vec![("keys".to_owned(), Json::Array(keys))]).to_string()
}

/// Whether a plain URL in `jku` is fetched; asked once more by each rule that is about less plain ones.
pub(super) fn plain_is_fetched(prober: &mut Prober, listener: &Listener, rule: &str) -> bool {
    let path = path(prober, rule, 0);
    let scene = prober.scene();
    let forge = scene.forge();
    let Some(key) = forge.own_keys().first() else { return false };
    let header = forge.header(&key.algorithm().to_string()).with("jku", listener.url(&path).as_str().into());
    let attempt = forge.signed_by("a plain URL in jku", &header, key);
    prober.send(&attempt.what, &attempt.shot);
    let runtime = prober.runtime().clone();
    runtime.block_on(listener.wait(core::slice::from_ref(&path), Duration::from_millis(50)));
    listener.calls(&path) > 0
}

pub(super) const OWN_KID: &str = "probity-audit";

//! Proofs of possession (RFC 9449) that must not be accepted.

use probity_jose::SigningKey;

use super::discriminator::Class;
use super::prober::Prober;
use super::request::{Carried, Shot};
use crate::evidence::{Json, Key, Token, to_base64url};
use crate::outcome::{Outcome, Place, Proof, fail};

/// Sends a good proof, then proofs that are each wrong in one way.
pub(crate) fn probe(prober: &mut Prober) -> Outcome {
    let scene = prober.scene();
    let Some(key) = scene.dpop_key() else {
        return Outcome::not_tested("needs a DPoP-bound token and its key: --other dpop=TOKEN --dpop-key FILE");
    };
    let Some(bound) = scene.other_tokens("dpop").next().map(str::to_owned) else {
        return Outcome::not_tested("needs a DPoP-bound token: --other dpop=TOKEN");
    };
    let jkt =
        Token::parse(&bound, Place::default()).and_then(|token| token.claim("cnf")?.text("jkt").map(str::to_owned));
    if jkt.as_deref() != Some(&key.thumbprint()) {
        return Outcome::inconclusive("the DPoP key is not the one that the token is bound to");
    }
    let now = prober.wall_clock();
    let (method, url) = (prober.target().method.clone(), prober.target().url.clone());
    let mut htu = url.clone();
    htu.set_query(None);
    let good = Json::Object(vec![
        ("jti".to_owned(), "probity-0".into()),
        ("htm".to_owned(), method.as_str().into()),
        ("htu".to_owned(), htu.as_str().into()),
        ("iat".to_owned(), now.into()),
        (
            "ath".to_owned(),
            to_base64url(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bound.as_bytes()).as_ref())
                .as_str()
                .into(),
        ),
    ]);
    let ask = |prober: &mut Prober, what: &str, claims: &Json, typ: &str, key: &SigningKey| {
        let shot = Shot::token(bound.as_str())
            .carried(Carried::Header("Authorization".to_owned(), "DPoP ".to_owned()))
            .header("DPoP", &proof(claims, typ, key));
        prober.send(what, &shot)
    };
    if ask(prober, "a good proof", &good, "dpop+jwt", &key).class != Class::Accepted {
        return Outcome::inconclusive("a good proof is not accepted: a nonce may be required");
    }
    let fresh = |at: usize, name: &str, value: Json| {
        good.with("jti", format!("probity-{at}").as_str().into()).with(name, value)
    };
    let mut accepted = Vec::new();
    let mut numbers = Vec::new();
    let mut judge = |what: &'static str, answer: &super::Answer| {
        if answer.class == Class::Accepted {
            accepted.push(what);
            numbers.push(answer.number);
        }
    };
    let answer = ask(prober, "the same proof again", &good, "dpop+jwt", &key);
    judge("a replayed proof", &answer);
    let variants = [
        ("another method", fresh(1, "htm", "DELETE".into())),
        ("another URL", fresh(2, "htu", "https://probity-audit.invalid/".into())),
        ("an old proof", fresh(3, "iat", (now - 7_200).into())),
        ("a proof of the future", fresh(4, "iat", (now + 7_200).into())),
        ("a proof for another token", fresh(5, "ath", to_base64url(&[7; 32]).as_str().into())),
        ("a proof without ath", good.with("jti", "probity-6".into()).without("ath")),
        ("a proof without jti", good.without("jti")),
    ];
    for (what, claims) in variants {
        let answer = ask(prober, what, &claims, "dpop+jwt", &key);
        judge(what, &answer);
    }
    let answer = ask(prober, "a proof typed JWT", &good.with("jti", "probity-8".into()), "JWT", &key);
    judge("a proof typed JWT", &answer);
    if let Some(other) = scene.forge().own_keys().get(1) {
        let answer = ask(prober, "a proof by another key", &good.with("jti", "probity-9".into()), "dpop+jwt", other);
        judge("a proof by another key", &answer);
    }
    if accepted.is_empty() {
        return Outcome::passed("ten wrong proofs refused");
    }
    let mut finding = fail(format!("The endpoint accepted: {}.", accepted.join("; "))).proof(Proof::ProvenLive);
    finding.requests = numbers;
    finding.into()
}

fn proof(claims: &Json, typ: &str, key: &SigningKey) -> String {
    let jwk = key.public_jwk().and_then(|jwk| Json::parse(&jwk)).map(|json| Key { json, place: Place::default() });
    let names = ["kty", "crv", "x", "y", "n", "e"];
    let public: Vec<(String, Json)> = jwk
        .map(|jwk| jwk.json.members().iter().filter(|(name, _)| names.contains(&name.as_str())).cloned().collect())
        .unwrap_or_default();
    let header = Json::Object(vec![
        ("typ".to_owned(), typ.into()),
        ("alg".to_owned(), key.algorithm().to_string().as_str().into()),
        ("jwk".to_owned(), Json::Object(public)),
    ]);
    let input =
        format!("{}.{}", to_base64url(header.to_string().as_bytes()), to_base64url(claims.to_string().as_bytes()));
    let signature = key.sign(input.as_bytes()).unwrap_or_default();
    format!("{input}.{}", to_base64url(&signature))
}

//! KM-12: Certificate in JWK wrong.

use crate::live::certificate_key;
use crate::rules::prelude::*;
use aws_lc_rs::digest;

pub(super) static RULE: Rule = Rule {
    id: "KM-12",
    title: "Certificate in JWK wrong",
    tier: Tier::Passive,
    severity: Severity::Medium,
    references: "RFC 7517 4.7-4.9; CWE-295",
    why: "A certificate that belongs to another key lets verifiers disagree about who signed.",
    fix: "Put the key's own certificate there, or none.",
    bad: Example::key_sets(
        r#"{"kty":"EC","kid":"k","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","x5c":["MIIBhTCCASugAwIBAgIUWoQcQvwQOeeXKVBFVjKDnRregakwCgYIKoZIzj0EAwIwGDEWMBQGA1UEAwwNcHJvYml0eS1hdWRpdDAeFw0yNjExMjQxMDI5MTVaFw0zNjExMjExMDI5MTVaMBgxFjAUBgNVBAMMDXByb2JpdHktYXVkaXQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATXuOXiIHBzd9w6dnz9KoHAQCCr2pkulsDU5L6IbF+THhrBZ/7jFTnWlhetMkD053/6zsJEPHgk6Xa4gSW+8v7wo1MwUTAdBgNVHQ4EFgQUfqW293h4P8HG/b1kwB/EO/yRfn0wHwYDVR0jBBgwFoAUfqW293h4P8HG/b1kwB/EO/yRfn0wDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiBAxU/kcT2G1erSALwBdJ20SIJGMUhj/YyxSeWvfLdjPgIhAMkGoGE+QfW0ASyh7eolLgew79LwgDJvXfhljKJP4jHi"]}"#,
    ),
    good: Example::key_sets(
        r#"{"kty":"EC","kid":"k","crv":"P-256","x":"17jl4iBwc3fcOnZ8_SqBwEAgq9qZLpbA1OS-iGxfkx4","y":"GsFn_uMVOdaWF60yQPTnf_rOwkQ8eCTpdriBJb7y_vA","x5c":["MIIBhTCCASugAwIBAgIUWoQcQvwQOeeXKVBFVjKDnRregakwCgYIKoZIzj0EAwIwGDEWMBQGA1UEAwwNcHJvYml0eS1hdWRpdDAeFw0yNjExMjQxMDI5MTVaFw0zNjExMjExMDI5MTVaMBgxFjAUBgNVBAMMDXByb2JpdHktYXVkaXQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATXuOXiIHBzd9w6dnz9KoHAQCCr2pkulsDU5L6IbF+THhrBZ/7jFTnWlhetMkD053/6zsJEPHgk6Xa4gSW+8v7wo1MwUTAdBgNVHQ4EFgQUfqW293h4P8HG/b1kwB/EO/yRfn0wHwYDVR0jBBgwFoAUfqW293h4P8HG/b1kwB/EO/yRfn0wDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiBAxU/kcT2G1erSALwBdJ20SIJGMUhj/YyxSeWvfLdjPgIhAMkGoGE+QfW0ASyh7eolLgew79LwgDJvXfhljKJP4jHi"]}"#,
    ),
    checks: &[Check::Key(check)],
};

fn check(key: &Key, _: &Setting<'_>) -> Outcome {
    let Some(first) = key.json.get("x5c").and_then(|chain| chain.elements().first()?.as_str()) else {
        return Outcome::not_applicable("no certificate in the key");
    };
    let Some(certificate) = base64(first) else {
        return fail(format!("The certificate of {} is no base64.", key.name())).severity(Severity::Low).into();
    };
    let Some(spki) = certificate_key(&certificate) else {
        return fail(format!("The certificate of {} can't be read.", key.name())).severity(Severity::Low).into();
    };
    // The key's own bytes must be in the certificate's key: the modulus, the point, or the raw key.
    let own = match key.kty() {
        "RSA" => key.integer("n").map(|n| n.to_bytes_be()),
        "EC" => key.bytes("x").zip(key.bytes("y")).map(|(x, y)| [x, y].concat()),
        _ => key.bytes("x"),
    };
    if !own.is_some_and(|own| spki.windows(own.len().max(1)).any(|window| window == own)) {
        return fail(format!("The certificate of {} is for another key.", key.name())).into();
    }
    let prints = [("x5t#S256", &digest::SHA256), ("x5t", &digest::SHA1_FOR_LEGACY_USE_ONLY)];
    for (name, hash) in prints {
        let stated = key.json.text(name).and_then(base64url);
        if stated.is_some_and(|stated| stated != digest::digest(hash, &certificate).as_ref()) {
            return fail(format!("`{name}` of {} is not its certificate's.", key.name())).into();
        }
    }
    Outcome::passed("the certificate is for the key; its dates and chain are not looked at")
}

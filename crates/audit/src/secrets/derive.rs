//! Secrets that follow from what is known of the target: its names with the usual endings.

use crate::evidence::Token;

/// Candidates from the names in a token and its key, each with the rule that made it.
pub fn derived(token: &Token, year: i64) -> Vec<(String, String)> {
    let mut names: Vec<(String, &'static str)> = Vec::new();
    let mut add = |text: &str, from: &'static str| {
        let text = text.trim_start_matches("https://").trim_start_matches("http://").trim_end_matches('/');
        for piece in core::iter::once(text).chain(text.split(['.', '/', ':', '-', '_', '@', ' '])) {
            if piece.len() >= 2 && piece.len() <= 64 && !names.iter().any(|(name, _)| name == piece) {
                names.push((piece.to_owned(), from));
            }
        }
    };
    for (claim, from) in
        [("iss", "iss"), ("client_id", "client_id"), ("azp", "azp"), ("sub", "sub"), ("tenant", "tenant")]
    {
        add(token.claims.text(claim).unwrap_or_default(), from);
    }
    token.audiences().into_iter().for_each(|audience| add(audience, "aud"));
    add(token.kid().unwrap_or_default(), "kid");
    names.truncate(MAX_NAMES);
    let mut candidates = Vec::new();
    for (name, from) in names {
        let capital: String =
            name.chars().enumerate().map(|(at, c)| if at == 0 { c.to_ascii_uppercase() } else { c }).collect();
        for form in [name.clone(), name.to_lowercase(), name.to_uppercase(), capital] {
            for (before, after) in AROUND {
                let text = format!("{before}{form}{after}").replace("{year}", &year.to_string());
                let last = format!("{before}{form}{after}").replace("{year}", &(year - 1).to_string());
                let rule = format!("`{from}` with {before:?} before and {after:?} behind");
                if last != text {
                    candidates.push((last, rule.clone()));
                }
                candidates.push((text, rule));
            }
        }
    }
    candidates
}

/// What people put around a name.
const AROUND: [(&str, &str); 38] = [
    ("", ""),
    ("", "secret"),
    ("", "-secret"),
    ("", "_secret"),
    ("", "Secret"),
    ("", "SECRET"),
    ("", "_SECRET"),
    ("", "key"),
    ("", "-key"),
    ("", "_key"),
    ("", "Key"),
    ("", "jwt"),
    ("", "-jwt"),
    ("", "_jwt"),
    ("", "-jwt-secret"),
    ("", "_jwt_secret"),
    ("", "JwtSecret"),
    ("", "jwtsecret"),
    ("", "-secret-key"),
    ("", "_secret_key"),
    ("", "SecretKey"),
    ("", "secretkey"),
    ("", "1"),
    ("", "12"),
    ("", "123"),
    ("", "1234"),
    ("", "!"),
    ("", "{year}"),
    ("", "@{year}"),
    ("", "{year}!"),
    ("", "-prod"),
    ("", "-dev"),
    ("secret", ""),
    ("secret-", ""),
    ("my", ""),
    ("my-", "-secret"),
    ("jwt-", ""),
    ("super-secret-", ""),
];

/// How many names of a token are used.
const MAX_NAMES: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::to_base64url;
    use crate::outcome::Place;

    #[test]
    fn names_in_the_token_become_candidates() {
        let claims = r#"{"iss":"https://login.acme.example","aud":"orders"}"#;
        let text = format!("{}.{}.x", to_base64url(br#"{"alg":"HS256"}"#), to_base64url(claims.as_bytes()));
        let all = derived(&Token::parse(&text, Place::default()).unwrap(), 2026);
        for expected in
            ["acme-secret", "AcmeSecretKey", "orders2026", "orders2025!", "login.acme.example", "ACME_SECRET"]
        {
            assert!(all.iter().any(|(text, _)| text == expected), "{expected}");
        }
        assert!(all.len() < 20_000);
    }
}

//! A token as it was found.

use super::encoding::base64url;
use super::json::Json;
use crate::outcome::Place;

/// A JWT in compact form, not trusted in any way.
#[derive(Debug, Clone)]
pub struct Token {
    /// The text.
    pub text: String,
    /// The header; an empty object when it can't be read.
    pub header: Json,
    /// The claims; an empty object when they are encrypted or can't be read.
    pub claims: Json,
    /// Whether it has five parts.
    pub encrypted: bool,
    /// Where it was found.
    pub place: Place,
    /// When it was seen, in seconds since 1970, when that is known.
    pub seen: Option<i64>,
    /// How it travelled.
    pub carrier: Carrier,
}

/// How a token travelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carrier {
    /// Given by the operator, or found in a file.
    Given,
    /// In a request or response header of this name.
    Header(String),
    /// In a cookie of this name.
    Cookie(String),
    /// In a URL.
    Url,
    /// In a body.
    Body,
}

/// What a token is for, as far as it says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// RFC 9068, or something that looks like an access token.
    Access,
    /// OpenID Connect.
    Id,
    /// A refresh token that is a JWT.
    Refresh,
    /// Back-channel logout.
    Logout,
    /// RFC 9449.
    DpopProof,
    /// Other declared types, as `statuslist+jwt`.
    Other,
}

impl Token {
    /// Reads the compact form, leniently.
    pub fn parse(text: &str, place: Place) -> Option<Self> {
        let text = text.trim();
        let parts: Vec<&str> = text.split('.').collect();
        let encrypted = parts.len() == 5;
        if text.len() > MAX_TOKEN_BYTES || !(encrypted || parts.len() == 3 || parts.len() == 2) {
            return None;
        }
        let object = |part: &str| base64url(part).and_then(|bytes| Json::from_bytes(&bytes)).filter(Json::is_object);
        let header = object(parts.first()?)?;
        let claims = if encrypted { None } else { object(parts.get(1)?) };
        // Two parts joined by a dot are no token unless both are objects: `eyJ…` also begins other base64.
        if !encrypted && claims.is_none() && header.get("alg").is_none() {
            return None;
        }
        Some(Self {
            text: text.to_owned(),
            header,
            claims: claims.unwrap_or(Json::Object(Vec::new())),
            encrypted,
            place,
            seen: None,
            carrier: Carrier::Given,
        })
    }

    /// One part, as it is in the text.
    pub fn part(&self, at: usize) -> &str {
        self.text.split('.').nth(at).unwrap_or_default()
    }

    /// What the signature covers.
    pub fn signing_input(&self) -> &str {
        self.text.rfind('.').map_or("", |end| self.text.get(..end).unwrap_or_default())
    }

    /// The signature's bytes.
    pub fn signature(&self) -> Vec<u8> {
        if self.encrypted { Vec::new() } else { base64url(self.part(2)).unwrap_or_default() }
    }

    /// `alg`.
    pub fn alg(&self) -> &str {
        self.header.text("alg").unwrap_or_default()
    }

    /// `kid`.
    pub fn kid(&self) -> Option<&str> {
        self.header.text("kid")
    }

    /// Whether it is signed with a secret.
    pub fn is_hmac(&self) -> bool {
        !self.encrypted && matches!(self.alg(), "HS256" | "HS384" | "HS512")
    }

    /// A claim.
    pub fn claim(&self, name: &str) -> Option<&Json> {
        self.claims.get(name)
    }

    /// A claim that is a time.
    pub fn time(&self, name: &str) -> Option<i64> {
        self.claim(name).and_then(Json::as_i64)
    }

    /// Seconds from `iat` (or `nbf`) to `exp`.
    pub fn lifetime(&self) -> Option<i64> {
        let from = self.time("iat").or_else(|| self.time("nbf"))?;
        self.time("exp")?.checked_sub(from)
    }

    /// `iss`.
    pub fn issuer(&self) -> Option<&str> {
        self.claims.text("iss")
    }

    /// `aud` as a list.
    pub fn audiences(&self) -> Vec<&str> {
        self.claim("aud").map(Json::strings).unwrap_or_default()
    }

    /// What it is for, as far as it says so.
    pub fn kind(&self) -> Kind {
        let typ = self.header.text("typ").unwrap_or_default().to_ascii_lowercase();
        let typ = typ.strip_prefix("application/").unwrap_or(&typ);
        let has = |name: &str| self.claim(name).is_some();
        // Two products name the kind in a claim: `typ` and `token_use`.
        let named = self.claims.text("typ").or_else(|| self.claims.text("token_use")).unwrap_or_default();
        match (typ, named.to_ascii_lowercase().as_str()) {
            ("at+jwt", _) | (_, "bearer" | "access") => Kind::Access,
            ("dpop+jwt", _) => Kind::DpopProof,
            ("logout+jwt", _) | (_, "logout") => Kind::Logout,
            (_, "refresh" | "offline") => Kind::Refresh,
            (_, "id") => Kind::Id,
            _ if has("htm") && has("htu") => Kind::DpopProof,
            _ if has("events") && !has("nonce") => Kind::Logout,
            ("" | "jwt", _) if ["nonce", "at_hash", "c_hash"].iter().any(|name| has(name)) => Kind::Id,
            ("" | "jwt", _) => Kind::Access,
            _ => Kind::Other,
        }
    }

    /// The token as a report may show it: header and claims, and a hash in place of the signature.
    pub fn redacted(&self) -> String {
        crate::redact::token(&self.text)
    }
}

/// The JWTs in a text, with the byte at which each begins.
pub fn find_tokens(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text.get(from..).and_then(|rest| rest.find("eyJ")).map(|at| from + at) {
        let rest = text.get(start..).unwrap_or_default();
        let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let end = rest.find(|c| !inside(c)).unwrap_or(rest.len());
        let word = rest.get(..end).unwrap_or_default().trim_end_matches('.');
        let begins_a_word = !text
            .get(..start)
            .is_some_and(|before| before.ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')));
        if begins_a_word && word.contains('.') && Token::parse(word, Place::default()).is_some() {
            found.push((start, word));
        }
        from = start + end.max(3);
        if found.len() >= MAX_TOKENS {
            break;
        }
    }
    found
}

/// The longest token that is read, in bytes.
pub const MAX_TOKEN_BYTES: usize = 1024 * 1024;

/// How many tokens are looked for in one text.
pub(super) const MAX_TOKENS: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2ln";

    #[test]
    fn tokens_are_found_in_any_text() {
        let text = format!("GET /?t={TOKEN}&x=1\nAuthorization: Bearer {TOKEN}\n eyJ. xeyJhbGciOiJub25lIn0.e30.");
        let found = find_tokens(&text);
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|(at, token)| *token == TOKEN && text[*at..].starts_with(TOKEN)));
    }

    #[test]
    fn what_is_no_token_is_not_read() {
        for text in ["", "a.b.c", "eyJ", "e30.e30.e30.e30", "..", "eyJhIjoxfQ.W10.x"] {
            assert!(Token::parse(text, Place::default()).is_none(), "{text}");
        }
    }

    #[test]
    fn the_kind_is_what_the_token_says() {
        let kind = |header: &str, claims: &str| {
            let text = format!(
                "{}.{}.",
                crate::evidence::to_base64url(header.as_bytes()),
                crate::evidence::to_base64url(claims.as_bytes())
            );
            Token::parse(&text, Place::default()).unwrap().kind()
        };
        assert_eq!(kind(r#"{"alg":"ES256","typ":"at+jwt"}"#, "{}"), Kind::Access);
        assert_eq!(kind(r#"{"alg":"ES256","typ":"JWT"}"#, r#"{"nonce":"x"}"#), Kind::Id);
        assert_eq!(kind(r#"{"alg":"ES256"}"#, r#"{"typ":"Refresh"}"#), Kind::Refresh);
        assert_eq!(kind(r#"{"alg":"ES256","typ":"dpop+jwt"}"#, "{}"), Kind::DpopProof);
        assert_eq!(kind(r#"{"alg":"ES256","typ":"statuslist+jwt"}"#, "{}"), Kind::Other);
    }
}

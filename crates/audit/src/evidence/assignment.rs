//! Names with values in text files, whatever their syntax: `NAME=value`, `name: value`, `"name": "value"`.

use super::file::{FileKind, TextFile};

/// A name with a literal value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The line, from 1.
    pub line: usize,
    /// The name.
    pub name: String,
    /// The value, without quotes.
    pub value: String,
}

impl Assignment {
    /// Whether it is a literal secret for JWTs.
    pub fn is_jwt_secret(&self) -> bool {
        let name: String = self.name.to_ascii_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
        let about_tokens = ["jwt", "token", "jws", "hs256", "hs384", "hs512", "hmac", "session", "auth"];
        let named = matches!(name.as_str(), "secretkey" | "appsecret" | "signingkey" | "secretorkey")
            || (about_tokens.iter().any(|word| name.contains(word))
                && ["secret", "key", "signing"].iter().any(|word| name.contains(word)));
        let points = [
            "file", "path", "url", "uri", "name", "public", "id", "alg", "type", "ttl", "expir", "header", "arn", "ref",
        ];
        named && !points.iter().any(|word| name.ends_with(word) || name.contains("public")) && self.is_literal()
    }

    /// Whether the value is there, not a reference to where it is.
    fn is_literal(&self) -> bool {
        let value = self.value.as_str();
        let reference = [
            "${",
            "$(",
            "{{",
            "<",
            "%",
            "process.env",
            "os.",
            "env(",
            "ENV[",
            "secret://",
            "vault:",
            "arn:",
            "/",
            "file:",
        ];
        let call = value.contains('(') || value.contains("env.") || value.contains("getenv");
        value.len() >= 4
            && !reference.iter().any(|start| value.starts_with(start))
            && !call
            && !value.contains("://")
            && !matches!(value, "true" | "false" | "null" | "none" | "required" | "string")
    }
}

/// The assignments in a configuration file.
pub fn assignments(file: &TextFile) -> Vec<Assignment> {
    if file.kind != FileKind::Config {
        return Vec::new();
    }
    file.lines().take(MAX_LINES).filter_map(|(line, text)| assignment(line, text)).collect()
}

fn assignment(line: usize, text: &str) -> Option<Assignment> {
    let text = ["export ", "const ", "let ", "var ", "- ", "static ", "final ", "ENV ", "ARG "]
        .iter()
        .fold(text, |text, word| text.trim_start_matches(word));
    let (name, value) = text
        .split_once('=')
        .filter(|(name, _)| !name.contains(':') && !name.contains(' ') || name.split_whitespace().count() == 1)
        .or_else(|| text.split_once(':'))?;
    let name = name.trim().trim_matches(['"', '\'', '`', ',']).trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if name.is_empty() || name.len() > 100 || !name.chars().all(plain) {
        return None;
    }
    let value = value.trim().trim_end_matches([',', ';']).trim();
    let value = match value.chars().next() {
        Some(quote @ ('"' | '\'' | '`')) => value.get(1..)?.split(quote).next()?,
        _ => value.split(" #").next()?.trim(),
    };
    Some(Assignment { line, name: name.to_owned(), value: value.to_owned() })
}

/// How many lines of a file are read.
const MAX_LINES: usize = 200_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets(text: &str) -> Vec<String> {
        let file = TextFile::new(".env", text);
        assignments(&file).into_iter().filter(Assignment::is_jwt_secret).map(|one| one.value).collect()
    }

    #[test]
    fn secrets_are_found_in_every_syntax() {
        for text in [
            "JWT_SECRET=hunter22",
            "export JWT_SECRET='hunter22'",
            "jwt-secret: hunter22 # x",
            "  \"jwtSecret\": \"hunter22\",",
            "const JWT_SECRET = \"hunter22\";",
            "signing_key = \"hunter22\"",
            "app.auth.tokenSecret=hunter22",
        ] {
            assert_eq!(secrets(text), ["hunter22"], "{text}");
        }
    }

    #[test]
    fn references_to_secrets_are_no_secrets() {
        for text in [
            "JWT_SECRET=${SECRET}",
            "JWT_SECRET_FILE=/run/secrets/jwt",
            "jwt_public_key: abcdefgh",
            "jwtSecret: process.env.JWT_SECRET",
            "# JWT_SECRET=hunter22",
            "jwks_key_url: https://a",
            "JWT_KEY_ID=k12345",
            "secret: x",
        ] {
            assert!(secrets(text).is_empty(), "{text}");
        }
    }
}

//! `probity admin why`: what is known of a token.

use std::io::Read;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use crate::client;
use crate::failure::Failure;

/// The longest text that is read from standard input, in bytes: the longest body that an authority takes.
const MAX_INPUT_BYTES: u64 = 64 * 1024;

#[derive(Debug, Args)]
pub(super) struct WhyArgs {
    /// The token or its jti; `-` reads it from standard input.
    ///
    /// A token on the command line can be seen by every user of the machine, and stays in the shell's history.
    #[arg(allow_hyphen_values = true, required_unless_present = "token_file")]
    token: Option<String>,
    /// Read the token from a file.
    #[arg(long, value_name = "FILE", conflicts_with = "token")]
    token_file: Option<PathBuf>,
    /// The issuer of a jti, when it is not the authority itself.
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
}

impl WhyArgs {
    /// What the API is asked.
    pub(super) fn body(&self) -> Result<Value, Failure> {
        let text = match (&self.token_file, self.token.as_deref()) {
            (Some(file), _) => client::read_secret(file)?,
            (None, Some("-")) => {
                let mut text = zeroize::Zeroizing::new(String::new());
                std::io::stdin().take(MAX_INPUT_BYTES).read_to_string(&mut text)?;
                text
            }
            (None, text) => zeroize::Zeroizing::new(text.unwrap_or_default().to_owned()),
        };
        let text = text.trim();
        if text.is_empty() {
            return Err(Failure::new("there is no token"));
        }
        let is_token = text.split('.').count() == 3;
        Ok(match (&self.issuer, is_token) {
            (Some(_), true) => return Err(Failure::new("--issuer is for a jti; a token names its issuer itself")),
            (None, true) => json!({ "token": text }),
            (issuer, false) => json!({ "jti": text, "issuer": issuer }),
        })
    }
}

/// The answer for people: a line for each thing that is known.
pub(super) fn text(answer: &Value) -> String {
    let mut lines = Vec::new();
    let mut line = |name: &str, value: String| lines.push(format!("{name:<12} {value}"));
    let verdict = plain(answer.get("verdict"));
    let levels = answer.get("revoked_by").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let levels: Vec<_> = levels.iter().filter_map(Value::as_str).collect();
    line("verdict", if levels.is_empty() { verdict } else { format!("{verdict} by {}", levels.join(", ")) });
    if let Some(code) = answer.get("not_verified") {
        line("unverified", format!("{}: what follows is what the token says itself", plain(Some(code))));
    }
    for name in ["iss", "sub", "client_id", "jti", "sid", "family", "kid", "iat", "exp"] {
        if let Some(value) = answer.get(name).filter(|value| !value.is_null()) {
            line(name, plain(Some(value)));
        }
    }
    for name in ["session", "grant"] {
        if let Some(live) = answer.pointer(&format!("/{name}/live")).and_then(Value::as_bool) {
            line(name, if live { "lives".to_owned() } else { "has ended".to_owned() });
        }
    }
    let guards = answer.get("guards").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for guard in guards {
        let accepts = guard.get("accepts").and_then(Value::as_bool).unwrap_or_default();
        let says = if accepts { "may accept it" } else { "refuses it" };
        line("guard", format!("{} {says}", plain(guard.get("name"))));
    }
    lines.join("\n")
}

fn plain(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(token: &str, issuer: Option<&str>) -> Result<Value, String> {
        let why = WhyArgs { token: Some(token.into()), token_file: None, issuer: issuer.map(str::to_owned) };
        why.body().map_err(|failure| failure.to_string())
    }

    #[test]
    fn three_parts_are_a_token_and_anything_else_is_its_name() {
        assert_eq!(asked("a.b.c", None), Ok(json!({ "token": "a.b.c" })));
        assert_eq!(asked("-j", None), Ok(json!({ "jti": "-j", "issuer": null })));
        let issuer = "https://idp.example";
        assert_eq!(asked("j.k", Some(issuer)), Ok(json!({ "jti": "j.k", "issuer": issuer })));
        assert!(asked("a.b.c", Some(issuer)).is_err());
        assert!(asked(" ", None).is_err());
    }

    #[test]
    fn the_text_names_what_revoked_it_and_who_may_still_accept_it() {
        let answer = json!({
            "verdict": "revoked", "revoked_by": ["session", "token"], "jti": "j", "sid": null, "iat": 5,
            "session": {"live": false}, "grant": null,
            "guards": [{"name": "east", "accepts": true}, {"name": "west", "accepts": false}],
        });
        let expected = "verdict      revoked by session, token\njti          j\niat          5\n\
            session      has ended\nguard        east may accept it\nguard        west refuses it";
        assert_eq!(text(&answer), expected);
    }
}

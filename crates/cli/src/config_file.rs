//! Configuration files: TOML in which an unknown key is an error that names the nearest known one.

use std::path::Path;

use serde::de::DeserializeOwned;

use crate::client::read;
use crate::failure::{Doing, Failure, Kind};

/// The largest configuration file, in bytes.
const MAX_CONFIG_BYTES: usize = 1 << 20;

/// A name further off than this is no suggestion.
const MAX_DISTANCE: usize = 3;

/// Reads a configuration file.
///
/// # Errors
/// When it can't be read, is no TOML, or a key is unknown, missing or of the wrong type; the message names the file and
/// the key.
pub(crate) fn load<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    let bytes = read(path).or_kind(Kind::Configuration)?;
    let text = if bytes.len() > MAX_CONFIG_BYTES {
        Err(format!("more than {MAX_CONFIG_BYTES} bytes"))
    } else {
        String::from_utf8(bytes).map_err(|error| error.to_string())
    };
    text.and_then(|text| parse(&text)).map_err(Failure::new).or_kind(Kind::Configuration).doing(path.display())
}

/// The folder of a configuration file, to which the paths in it are relative.
pub(crate) fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Reads the text of a configuration file.
///
/// # Errors
/// A sentence that names the key and what is wrong with it.
pub(crate) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let document = toml::Deserializer::parse(text).map_err(|error| error.to_string())?;
    serde_path_to_error::deserialize(document).map_err(|error| {
        let path = error.path().to_string();
        let message = error.into_inner().message().to_owned();
        let hint = suggestion(&message).map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
        if path == "." { format!("{message}{hint}") } else { format!("{path}: {message}{hint}") }
    })
}

/// The known name nearest to the unknown one, out of serde's "unknown field `x`, expected one of `a`, `b`".
fn suggestion(message: &str) -> Option<&str> {
    let rest = message.strip_prefix("unknown field ")?;
    let mut names = rest.split('`').skip(1).step_by(2);
    let unknown = names.next()?;
    let distance = |name: &&str| strsim::damerau_levenshtein(unknown, name);
    names.min_by_key(distance).filter(|name| distance(name) <= MAX_DISTANCE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only the names matter")]
    struct Sample {
        issuer: String,
        #[serde(default)]
        inner: Option<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only the names matter")]
    struct Inner {
        certificate_file: String,
    }

    fn error(text: &str) -> String {
        parse::<Sample>(text).unwrap_err()
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest_known_name() {
        let message = error("isuer = 'x'");
        assert!(message.contains("`isuer`") && message.ends_with("did you mean `issuer`?"), "{message}");
        let message = error("issuer = 'x'\n[inner]\ncertifcate_file = 'y'");
        assert!(message.starts_with("inner") && message.ends_with("did you mean `certificate_file`?"), "{message}");
    }

    #[test]
    fn a_name_that_resembles_none_gets_no_suggestion() {
        assert!(!error("issuer = 'x'\nbanana = 1").contains("did you mean"));
    }

    #[test]
    fn a_missing_key_and_a_wrong_type_are_named() {
        assert!(error("").contains("issuer"));
        assert!(error("issuer = 7").starts_with("issuer:"), "{}", error("issuer = 7"));
    }
}

//! YAML, read into the same values as JSON.

use super::Json;

/// Reads one YAML document that means what a JSON text could mean. A document that unfolds into very much more than it
/// is, by aliases, is refused.
pub fn yaml(text: &str) -> Option<Json> {
    if text.len() > MAX_YAML_BYTES {
        return None;
    }
    let value: serde_json::Value = serde_saphyr::from_str(text).ok()?;
    Json::parse(&value.to_string())
}

/// The largest document that is read.
const MAX_YAML_BYTES: usize = 8 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_read_as_its_json_form_is() {
        let text = "openapi: 3.1.0\npaths:\n  /users: &same\n    get:\n      security: []\n  /groups: *same\n";
        let json =
            r#"{"openapi":"3.1.0","paths":{"/users":{"get":{"security":[]}},"/groups":{"get":{"security":[]}}}}"#;
        let (read, expected) = (yaml(text).unwrap(), Json::parse(json).unwrap());
        assert_eq!(read.text("openapi"), expected.text("openapi"));
        for path in ["/users", "/groups"] {
            let item = |json: &Json| json.get("paths").and_then(|paths| paths.get(path)).cloned().unwrap();
            assert_eq!(item(&read), item(&expected), "{path}");
        }
    }

    #[test]
    fn what_is_no_yaml_or_unfolds_without_end_is_refused() {
        assert_eq!(yaml("a: [1"), None);
        assert_eq!(yaml("a: *nobody"), None);
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let before = level - 1;
            let references = vec![format!("*a{before}"); 10].join(", ");
            bomb.push_str(&["a", &level.to_string(), ": &a", &level.to_string(), " [", &references, "]\n"].concat());
        }
        assert_eq!(yaml(&bomb), None);
    }
}

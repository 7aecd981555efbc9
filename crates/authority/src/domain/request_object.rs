//! Request objects: the claims of a signed authorization request as parameters (RFC 9101 section 4).

use serde_json::{Map, Value};

use super::parameters::{MAX_PARAMETERS, Parameters};

/// Claims that are about the object and not about the request (RFC 9101 section 4).
const ABOUT_OBJECT: [&str; 7] = ["iss", "aud", "exp", "nbf", "iat", "jti", "sub"];

/// The parameters that a verified request object stands for. Nothing when a claim has no form as a parameter.
pub fn parameters_of(claims: &Map<String, Value>) -> Option<Parameters> {
    if claims.len() > MAX_PARAMETERS {
        return None;
    }
    let mut parameters = Parameters::default();
    for (name, value) in claims.iter().filter(|(name, _)| !ABOUT_OBJECT.contains(&name.as_str())) {
        parameters = match value {
            // An empty one counts as omitted, as in a query.
            Value::String(text) if text.is_empty() => parameters,
            Value::String(text) => parameters.with(name, text),
            // RFC 9101 section 4: numbers as JSON numbers.
            Value::Number(number) => parameters.with(name, &number.to_string()),
            // `claims` is an object (OpenID Connect Core 1.0 section 6.1).
            Value::Object(_) => parameters.with(name, &value.to_string()),
            // RFC 8707 section 2.1: several resources.
            Value::Array(values) if name == "resource" => {
                let values = values.iter().map(|value| value.as_str().map(str::to_owned));
                parameters.with_all(name, values.collect::<Option<Vec<_>>>().filter(|values| !values.is_empty())?)
            }
            Value::Null | Value::Bool(_) | Value::Array(_) => return None,
        };
    }
    Some(parameters)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(claims: &Value) -> Option<Parameters> {
        parameters_of(claims.as_object().unwrap())
    }

    #[test]
    fn each_kind_of_claim_becomes_a_parameter() {
        let claims = json!({
            "iss": "app", "aud": "https://as.example", "exp": 1, "client_id": "app", "scope": "openid", "state": "",
            "max_age": 60, "claims": {"userinfo": {"name": null}}, "resource": ["https://a.example", "https://b.example"],
        });
        let parameters = read(&claims).unwrap();
        for (name, value) in
            [("client_id", "app"), ("scope", "openid"), ("max_age", "60"), ("claims", r#"{"userinfo":{"name":null}}"#)]
        {
            assert_eq!(parameters.get(name), Some(value), "{name}");
        }
        assert_eq!(parameters.all("resource").len(), 2);
        for name in ["iss", "aud", "exp", "state"] {
            assert_eq!(parameters.get(name), None, "{name}");
        }
    }

    #[test]
    fn a_claim_without_a_form_as_a_parameter_spoils_the_object() {
        for claims in
            [json!({"prompt": true}), json!({"state": null}), json!({"scope": ["a"]}), json!({"resource": [1]})]
        {
            assert_eq!(read(&claims), None, "{claims}");
        }
    }
}

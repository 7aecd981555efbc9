//! The `claims` parameter: OpenID Connect Core 1.0 section 5.5.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The longest `claims` parameter, in bytes.
pub(super) const MAX_CLAIMS_BYTES: usize = 8 * 1024;

/// The most claims that may be asked for, over both places.
pub const MAX_CLAIMS: usize = 64;

/// What was asked for, for each of the two places.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClaimsRequest {
    /// Claims for userinfo.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub userinfo: BTreeMap<String, Option<ClaimRequest>>,
    /// Claims for the ID token.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub id_token: BTreeMap<String, Option<ClaimRequest>>,
}

/// How one claim was asked for (section 5.5.1). Members that are not known are passed over, as the section wants it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClaimRequest {
    /// Whether it is needed.
    pub essential: bool,
    /// The value that is wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// The values of which one is wanted, the best first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<Value>>,
}

/// A `claims` parameter that can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("claims is no JSON object as OpenID Connect Core 1.0 section 5.5 describes it, or asks for too much")]
pub struct MalformedClaimsRequest;

impl ClaimsRequest {
    /// Reads the parameter.
    ///
    /// # Errors
    /// [`MalformedClaimsRequest`]
    pub fn parse(text: &str) -> Result<Self, MalformedClaimsRequest> {
        if text.len() > MAX_CLAIMS_BYTES {
            return Err(MalformedClaimsRequest);
        }
        // By way of an object: a structure could also be read from an array.
        let members: Map<String, Value> = serde_json::from_str(text).map_err(|_| MalformedClaimsRequest)?;
        let request: Self = serde_json::from_value(members.into()).map_err(|_| MalformedClaimsRequest)?;
        let count = request.userinfo.len() + request.id_token.len();
        if count > MAX_CLAIMS { Err(MalformedClaimsRequest) } else { Ok(request) }
    }

    /// Whether the user whom a client wants is this one: `sub` with a value (section 5.5.1). Anybody when it names none.
    pub fn wants_subject(&self, subject: &str) -> bool {
        self.id_token.get("sub").and_then(Option::as_ref).is_none_or(|request| request.accepts(subject))
    }

    /// Whether an authentication class will do: only an essential `acr` with values can refuse one (section 5.5.1.1).
    pub fn accepts_class(&self, class: &str) -> bool {
        let request = self.id_token.get("acr").and_then(Option::as_ref).filter(|request| request.essential);
        request.is_none_or(|request| request.accepts(class))
    }
}

impl ClaimRequest {
    fn accepts(&self, text: &str) -> bool {
        let is_it = |value: &Value| value.as_str() == Some(text);
        self.value.as_ref().is_none_or(is_it) && self.values.as_ref().is_none_or(|values| values.iter().any(is_it))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification_is_read() {
        let request = ClaimsRequest::parse(
            r#"{"userinfo": {"given_name": {"essential": true}, "nickname": null, "http://example.info/claims/groups": null},
                "id_token": {"auth_time": {"essential": true}, "acr": {"values": ["urn:mace:incommon:iap:silver"]}}}"#,
        )
        .unwrap();
        assert!(request.userinfo["given_name"].as_ref().unwrap().essential && request.userinfo["nickname"].is_none());
        assert!(request.accepts_class("urn:other"), "acr is voluntary here");
    }

    #[test]
    fn an_essential_class_and_a_subject_must_be_met() {
        let request =
            r#"{"id_token": {"acr": {"essential": true, "values": ["gold", "silver"]}, "sub": {"value": "u"}}}"#;
        let request = ClaimsRequest::parse(request).unwrap();
        assert!(request.accepts_class("silver") && !request.accepts_class("bronze"));
        assert!(request.wants_subject("u") && !request.wants_subject("v"));
        assert!(ClaimsRequest::default().wants_subject("v"));
    }

    #[test]
    fn what_is_no_claims_request_is_refused() {
        let many: Vec<String> = (0..=MAX_CLAIMS).map(|n| format!("\"c{n}\":null")).collect();
        for text in [
            "",
            "[]",
            "{",
            r#"{"userinfo":[]}"#,
            r#"{"id_token":{"acr":7}}"#,
            r#"{"id_token":{"acr":{"essential":"yes"}}}"#,
        ] {
            assert_eq!(ClaimsRequest::parse(text), Err(MalformedClaimsRequest), "{text}");
        }
        assert!(ClaimsRequest::parse(&format!("{{\"userinfo\":{{{}}}}}", many.join(","))).is_err());
        assert!(ClaimsRequest::parse(&format!("{{\"x\":\"{}\"}}", "x".repeat(MAX_CLAIMS_BYTES))).is_err());
    }
}

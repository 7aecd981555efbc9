//! Mappings of claims: which attribute of a user becomes which claim of a client's tokens, and of which type.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

use super::{Attributes, is_reserved};
use crate::domain::scope::Scope;

/// The most mappings of one client.
const MAX_MAPPINGS: usize = 32;

/// The longest name of a claim or an attribute, in bytes.
const MAX_CLAIM_NAME_BYTES: usize = 128;

/// An attribute of the user that a client learns as a claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimMapping {
    /// The claim's name. None that says something about the token.
    pub claim: String,
    /// The attribute's name.
    pub attribute: String,
    /// What the claim is. An attribute that can't be that is left out.
    #[serde(default, rename = "type")]
    pub kind: ClaimType,
    /// Where the claim goes.
    pub into: Vec<ClaimPlace>,
    /// Only in tokens with this scope. In all without it.
    pub scope: Option<String>,
}

/// The type of a claim.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimType {
    /// A text; numbers and truth values are written out.
    #[default]
    String,
    /// A number, also from a text that is one.
    Number,
    /// A truth value, also from the texts `true` and `false`.
    Boolean,
    /// An array of texts, also from a single text.
    Strings,
    /// Whatever the attribute is.
    Json,
}

/// Where a claim goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimPlace {
    /// Into ID tokens.
    IdToken,
    /// Into the answers of userinfo.
    Userinfo,
    /// Into access tokens, where every resource reads it.
    AccessToken,
}

impl ClaimMapping {
    /// Checks the mappings of a client.
    ///
    /// # Errors
    /// Says which of them can't be.
    pub fn check_all(mappings: &[Self]) -> Result<(), String> {
        if mappings.len() > MAX_MAPPINGS {
            return Err(format!("more than {MAX_MAPPINGS}"));
        }
        for (at, mapping) in mappings.iter().enumerate() {
            let failed = |reason: &str| Err(format!("{}: {reason}", mapping.claim));
            if is_reserved(&mapping.claim) || is_reserved(&mapping.attribute) {
                return failed("is the name of a claim that says something about the token");
            }
            if [&mapping.claim, &mapping.attribute].iter().any(|name| !(1..=MAX_CLAIM_NAME_BYTES).contains(&name.len()))
            {
                return failed("a name is empty or too long");
            }
            if mapping.into.is_empty() {
                return failed("goes nowhere: into is empty");
            }
            let clashes =
                |other: &Self| other.claim == mapping.claim && other.into.iter().any(|to| mapping.into.contains(to));
            if mappings.iter().skip(at + 1).any(clashes) {
                return failed("is mapped twice into the same place");
            }
        }
        Ok(())
    }

    /// The claims of these mappings about a user in one place, for what was granted.
    pub fn apply(mappings: &[Self], user: &Attributes, place: ClaimPlace, granted: &Scope) -> Map<String, Value> {
        let here = mappings.iter().filter(|mapping| {
            mapping.into.contains(&place) && mapping.scope.as_ref().is_none_or(|scope| granted.contains(scope))
        });
        here.filter_map(|mapping| Some((mapping.claim.clone(), mapping.kind.of(user.get(&mapping.attribute)?)?)))
            .collect()
    }

    /// Whether any of them goes there.
    pub fn any_into(mappings: &[Self], place: ClaimPlace) -> bool {
        mappings.iter().any(|mapping| mapping.into.contains(&place))
    }
}

impl ClaimType {
    /// The value as this type, if it can be that.
    fn of(self, value: &Value) -> Option<Value> {
        match (self, value) {
            (Self::Json, _)
            | (Self::String, Value::String(_))
            | (Self::Number, Value::Number(_))
            | (Self::Boolean, Value::Bool(_)) => Some(value.clone()),
            (Self::String, Value::Number(number)) => Some(number.to_string().into()),
            (Self::String, Value::Bool(truth)) => Some(truth.to_string().into()),
            (Self::Number, Value::String(text)) => text.parse::<Number>().ok().map(Value::Number),
            (Self::Boolean, Value::String(text)) => text.parse::<bool>().ok().map(Value::Bool),
            (Self::Strings, Value::String(_)) => Some(Value::Array(vec![value.clone()])),
            (Self::Strings, Value::Array(values)) if values.iter().all(Value::is_string) => Some(value.clone()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn mapping(claim: &str, attribute: &str, kind: ClaimType) -> ClaimMapping {
        let into = vec![ClaimPlace::AccessToken];
        ClaimMapping { claim: claim.into(), attribute: attribute.into(), kind, into, scope: None }
    }

    #[test]
    fn an_attribute_becomes_a_claim_of_its_type_or_is_left_out() {
        for (kind, attribute, claim) in [
            (ClaimType::String, json!("x"), Some(json!("x"))),
            (ClaimType::String, json!(7), Some(json!("7"))),
            (ClaimType::String, json!(true), Some(json!("true"))),
            (ClaimType::String, json!(["x"]), None),
            (ClaimType::Number, json!("7.5"), Some(json!(7.5))),
            (ClaimType::Number, json!(7), Some(json!(7))),
            (ClaimType::Number, json!("seven"), None),
            (ClaimType::Boolean, json!("true"), Some(json!(true))),
            (ClaimType::Boolean, json!(1), None),
            (ClaimType::Strings, json!("x"), Some(json!(["x"]))),
            (ClaimType::Strings, json!(["x", "y"]), Some(json!(["x", "y"]))),
            (ClaimType::Strings, json!(["x", 1]), None),
            (ClaimType::Json, json!({"a": [1]}), Some(json!({"a": [1]}))),
        ] {
            assert_eq!(kind.of(&attribute), claim, "{kind:?} of {attribute}");
        }
    }

    #[test]
    fn a_claim_goes_where_its_mapping_says_and_only_with_its_scope() {
        let user = Attributes::new(json!({"roles": ["a"]}).as_object().unwrap().clone()).unwrap();
        let with_scope = ClaimMapping { scope: Some("roles".into()), ..mapping("groups", "roles", ClaimType::Strings) };
        let apply = |place, scope: &str| {
            let granted = Scope::parse(scope).unwrap();
            Value::from(ClaimMapping::apply(std::slice::from_ref(&with_scope), &user, place, &granted))
        };
        assert_eq!(apply(ClaimPlace::AccessToken, "read roles"), json!({"groups": ["a"]}));
        assert_eq!(apply(ClaimPlace::AccessToken, "read"), json!({}));
        assert_eq!(apply(ClaimPlace::IdToken, "roles"), json!({}));
    }

    #[test]
    fn a_mapping_can_not_pass_for_what_the_authority_says() {
        let string = ClaimType::String;
        for bad in [mapping("sub", "x", string), mapping("client_id", "x", string), mapping("", "x", string)] {
            assert!(ClaimMapping::check_all(&[bad]).is_err());
        }
        let good = mapping("groups", "roles", string);
        assert_eq!(ClaimMapping::check_all(std::slice::from_ref(&good)), Ok(()));
        assert!(ClaimMapping::check_all(&[good.clone(), good.clone()]).is_err(), "twice");
        assert!(ClaimMapping::check_all(&[ClaimMapping { into: vec![], ..good }]).is_err());
    }
}

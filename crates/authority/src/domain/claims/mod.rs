//! Claims about users: what is known, what a client may learn, and through which token.

mod mapping;
mod request;

pub use mapping::{ClaimMapping, ClaimPlace, ClaimType};
pub use request::{ClaimRequest, ClaimsRequest, MAX_CLAIMS, MalformedClaimsRequest};

use serde_json::{Map, Value};

use super::scope::Scope;

/// The most attributes of one user.
pub const MAX_ATTRIBUTES: usize = 64;

/// The largest attributes of one user together, in bytes of JSON.
pub const MAX_ATTRIBUTES_BYTES: usize = 16 * 1024;

/// The claims that each scope stands for: OpenID Connect Core 1.0 section 5.4.
const SCOPES: [(&str, &[&str]); 4] = [
    (
        "profile",
        &[
            "name",
            "family_name",
            "given_name",
            "middle_name",
            "nickname",
            "preferred_username",
            "profile",
            "picture",
            "website",
            "gender",
            "birthdate",
            "zoneinfo",
            "locale",
            "updated_at",
        ],
    ),
    ("email", &["email", "email_verified"]),
    ("address", &["address"]),
    ("phone", &["phone_number", "phone_number_verified"]),
];

/// Every standard claim about a user (OpenID Connect Core 1.0 section 5.1).
pub fn standard_claims() -> impl Iterator<Item = &'static str> {
    SCOPES.iter().flat_map(|(_, claims)| claims.iter().copied())
}

/// The scopes that stand for claims.
pub fn claim_scopes() -> impl Iterator<Item = &'static str> {
    SCOPES.iter().map(|(scope, _)| *scope)
}

/// What is known about a user, by claim name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attributes(Map<String, Value>);

/// Attributes that no user may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AttributesError {
    /// Too many, or too large.
    #[error("more than {MAX_ATTRIBUTES} attributes or {MAX_ATTRIBUTES_BYTES} bytes")]
    TooMany,
    /// A name that a token uses for something else.
    #[error("an attribute has the name of a claim that says something about the token")]
    Reserved,
    /// No JSON object.
    #[error("attributes are a JSON object")]
    Malformed,
}

impl Attributes {
    /// Checks the attributes of a user.
    ///
    /// # Errors
    /// [`AttributesError`]
    pub fn new(attributes: Map<String, Value>) -> Result<Self, AttributesError> {
        if attributes.keys().any(|name| is_reserved(name)) {
            return Err(AttributesError::Reserved);
        }
        let attributes = Self(attributes);
        if attributes.0.len() > MAX_ATTRIBUTES || attributes.to_text().len() > MAX_ATTRIBUTES_BYTES {
            return Err(AttributesError::TooMany);
        }
        Ok(attributes)
    }

    /// As the store keeps them.
    pub fn to_text(&self) -> String {
        Value::Object(self.0.clone()).to_string()
    }

    /// Reads what [`Self::to_text`] wrote.
    ///
    /// # Errors
    /// [`AttributesError`]
    pub fn parse(text: &str) -> Result<Self, AttributesError> {
        serde_json::from_str(text).map_err(|_| AttributesError::Malformed).and_then(Self::new)
    }

    /// The same with one more, unless it is there.
    #[must_use]
    pub fn or(mut self, name: &str, value: Value) -> Self {
        self.0.entry(name).or_insert(value);
        self
    }

    /// An attribute.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The userinfo claims of a grant: those of its scopes, and those that were asked for one by one (OpenID Connect Core
    /// 1.0 sections 5.3.2, 5.4 and 5.5).
    pub fn userinfo(&self, scope: &Scope, request: &ClaimsRequest) -> Map<String, Value> {
        let of_scopes = SCOPES.iter().filter(|(name, _)| scope.contains(name)).flat_map(|(_, claims)| claims.iter());
        let asked = request.userinfo.keys().map(String::as_str).filter(|name| is_about_user(name));
        self.select(of_scopes.copied().chain(asked))
    }

    /// The claims of a grant that go into the ID token: those that were asked for there. Those of its scopes are for userinfo,
    /// since an access token comes along (section 5.4).
    pub fn id_token(&self, request: &ClaimsRequest) -> Map<String, Value> {
        self.select(request.id_token.keys().map(String::as_str).filter(|name| is_about_user(name)))
    }

    fn select<'a>(&self, names: impl Iterator<Item = &'a str>) -> Map<String, Value> {
        names.filter_map(|name| Some((name.to_owned(), self.0.get(name)?.clone()))).collect()
    }
}

/// Only standard claims can be asked for one by one: what else is known about a user takes a mapping by the operator.
fn is_about_user(name: &str) -> bool {
    standard_claims().any(|known| known == name)
}

/// Whether a claim says something about a token rather than about a user.
pub fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

const RESERVED: [&str; 30] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "azp",
    "nonce",
    "auth_time",
    "at_hash",
    "c_hash",
    "s_hash",
    "acr",
    "amr",
    "sid",
    "sub_jwk",
    "client_id",
    "scope",
    "cnf",
    "act",
    "may_act",
    "status",
    "family",
    "events",
    "active",
    "token_type",
    "username",
    "token_introspection",
    "vot",
];

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn alice() -> Attributes {
        let attributes = json!({"name": "Alice", "email": "a@x.example", "email_verified": true, "salary": 7});
        Attributes::new(attributes.as_object().unwrap().clone()).unwrap()
    }

    #[test]
    fn a_scope_stands_for_its_claims_and_what_is_not_known_is_left_out() {
        let request = ClaimsRequest::default();
        let of = |scope: &str| Value::from(alice().userinfo(&Scope::parse(scope).unwrap(), &request));
        assert_eq!(of("openid"), json!({}));
        assert_eq!(of("openid email"), json!({"email": "a@x.example", "email_verified": true}));
        assert_eq!(of("openid profile phone"), json!({"name": "Alice"}));
    }

    #[test]
    fn a_claim_that_is_asked_for_goes_where_it_was_asked_for() {
        let request = r#"{"userinfo":{"name":null},"id_token":{"email":{"essential":true},"salary":null,"sub":null}}"#;
        let request = ClaimsRequest::parse(request).unwrap();
        assert_eq!(Value::from(alice().userinfo(&Scope::default(), &request)), json!({"name": "Alice"}));
        assert_eq!(
            Value::from(alice().id_token(&request)),
            json!({"email": "a@x.example"}),
            "the salary is no standard claim"
        );
    }

    #[test]
    fn an_attribute_never_passes_for_a_claim_about_the_token() {
        for name in RESERVED {
            let attributes = json!({name: "x"}).as_object().unwrap().clone();
            assert_eq!(Attributes::new(attributes), Err(AttributesError::Reserved), "{name}");
        }
        assert!(standard_claims().all(|name| !is_reserved(name)));
    }

    #[test]
    fn attributes_have_a_largest_number_and_size() {
        let many = (0..=MAX_ATTRIBUTES).map(|n| (n.to_string(), n.into())).collect();
        assert_eq!(Attributes::new(many), Err(AttributesError::TooMany));
        let large = json!({"name": "x".repeat(MAX_ATTRIBUTES_BYTES)}).as_object().unwrap().clone();
        assert_eq!(Attributes::new(large), Err(AttributesError::TooMany));
        assert_eq!(Attributes::parse(&alice().to_text()), Ok(alice()));
    }
}

//! Rules per route: the first whose methods and paths fit a request decides about it, and a request that none fits is refused.

use std::collections::BTreeMap;
use std::time::Duration;

use probity_verifier::AccessToken;
use serde::Deserialize;
use serde_json::Value;

use crate::cors::Cors;
use crate::limit::Limit;
use crate::path::RoutePath;

/// The longest time for which a rule may let requests pass that can't be checked for revocation.
pub const MAX_OPEN: Duration = Duration::from_hours(1);

/// What is required of some requests.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Its name, for logs and explanations.
    pub name: String,
    /// The methods for which it is, exactly as they come; empty for all.
    pub methods: Vec<String>,
    /// The paths for which it is; empty for all.
    pub paths: Vec<Pattern>,
    /// Who may pass.
    pub access: Access,
    /// Scopes that must all have been granted.
    pub scopes: Vec<String>,
    /// The audience that the token must name.
    pub audience: String,
    /// Foreign issuers whose tokens must name another one.
    pub foreign_audiences: BTreeMap<String, String>,
    /// What claims must be.
    pub claims: Vec<(String, Condition)>,
    /// How long ago the user may have been authenticated at most (RFC 9470).
    pub max_authentication_age: Option<Duration>,
    /// The authentication context classes of which the token must have one (RFC 9470).
    pub acr_values: Vec<String>,
    /// What happens to a good token while the guard can't know of revocations.
    pub stale: Staleness,
    /// How many requests each subject may make.
    pub limit: Option<Limit>,
    /// Which pages of other origins may use it, where the guard passes requests on itself.
    pub cors: Option<Cors>,
}

/// Who may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Whoever has a token that fulfils the rule.
    #[default]
    Token,
    /// Anyone, with or without a token; nobody is identified.
    Anyone,
    /// Nobody.
    Nobody,
}

/// What happens to a good token while the guard can't know of revocations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Staleness {
    /// It is refused for now: 503.
    #[default]
    Closed,
    /// The authority is asked about it (RFC 7662).
    Introspect,
    /// It passes for this long after the guard was last current. Each such request is logged and counted.
    Open(Duration),
}

/// What a claim must be.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
pub enum Condition {
    /// This very value.
    Equals(Value),
    /// One of these values.
    Any(Vec<Value>),
    /// An array that has this value.
    Contains(Value),
}

impl Condition {
    /// Whether a claim is as it must be. One that is not there never is.
    pub fn holds(&self, claim: Option<&Value>) -> bool {
        claim.is_some_and(|claim| match self {
            Self::Equals(value) => claim == value,
            Self::Any(values) => values.contains(claim),
            Self::Contains(value) => claim.as_array().is_some_and(|elements| elements.contains(value)),
        })
    }
}

impl Rule {
    /// A rule for all requests, which requires a token for an audience and nothing else.
    pub fn for_all(audience: impl Into<String>) -> Self {
        Self {
            name: "all".to_owned(),
            methods: Vec::new(),
            paths: Vec::new(),
            access: Access::Token,
            scopes: Vec::new(),
            audience: audience.into(),
            foreign_audiences: BTreeMap::new(),
            claims: Vec::new(),
            max_authentication_age: None,
            acr_values: Vec::new(),
            stale: Staleness::Closed,
            limit: None,
            cors: None,
        }
    }

    /// The audience that a token of this issuer must name.
    pub fn audience_of(&self, issuer: &str) -> &str {
        self.foreign_audiences.get(issuer).unwrap_or(&self.audience)
    }

    /// Whether the rule is for requests with this method.
    pub fn fits_method(&self, method: &str) -> bool {
        self.methods.is_empty() || self.methods.iter().any(|known| known == method)
    }

    /// Whether the rule is for requests with this path.
    pub fn fits_path(&self, path: &RoutePath<'_>) -> bool {
        self.paths.is_empty() || self.paths.iter().any(|pattern| pattern.fits(path))
    }

    /// The first claim that is not as it must be.
    pub fn unmet_claim(&self, token: &AccessToken) -> Option<&str> {
        let unmet = self.claims.iter().find(|(name, condition)| !condition.holds(token.claim(name)));
        unmet.map(|(name, _)| name.as_str())
    }
}

/// Which paths: segments, where `*` is any one segment and `**`, at the end, is any number of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    segments: Vec<Segment>,
    rest: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Exactly(String),
    Any,
}

/// A pattern that can't be meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPattern {
    /// It is no path that a request could have.
    #[error("no request has this path: {0}")]
    Path(#[from] crate::path::BadPath),
    /// A star beside other characters, or `**` not at the end.
    #[error("`*` must be a whole segment, and `**` the last one")]
    Star,
}

impl std::str::FromStr for Pattern {
    type Err = BadPattern;

    fn from_str(text: &str) -> Result<Self, BadPattern> {
        let path = RoutePath::parse(text)?;
        let (rest, known) = match path.segments().split_last() {
            Some((last, known)) if last == "**" => (true, known),
            _ => (false, path.segments()),
        };
        let segment = |text: &std::borrow::Cow<'_, str>| match text.as_ref() {
            "*" => Ok(Segment::Any),
            text if text.contains('*') => Err(BadPattern::Star),
            text => Ok(Segment::Exactly(text.to_owned())),
        };
        Ok(Self { segments: known.iter().map(segment).collect::<Result<_, _>>()?, rest })
    }
}

impl Pattern {
    /// Whether a path is one of them. Letters are compared as they are: `/Admin` is not `/admin`.
    pub fn fits(&self, path: &RoutePath<'_>) -> bool {
        let (ours, theirs) = (self.segments.len(), path.segments().len());
        let length_fits = if self.rest { theirs >= ours } else { theirs == ours };
        length_fits
            && self.segments.iter().zip(path.segments()).all(|(segment, actual)| match segment {
                Segment::Exactly(text) => text == actual,
                Segment::Any => true,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fits(pattern: &str, target: &str) -> bool {
        pattern.parse::<Pattern>().unwrap().fits(&RoutePath::parse(target).unwrap())
    }

    #[test]
    fn a_pattern_matches_whole_segments() {
        for (pattern, yes, no) in [
            ("/", &["/", "/?x"][..], &["/a"][..]),
            (
                "/orders",
                &["/orders", "/orders/", "/orders?x=/a", "/%6frders"],
                &["/orders/7", "/ordersx", "/", "/Orders"],
            ),
            ("/orders/*", &["/orders/7", "/orders/7/"], &["/orders", "/orders/7/lines"]),
            ("/orders/*/lines", &["/orders/7/lines"], &["/orders/lines", "/orders/7/8/lines"]),
            ("/static/**", &["/static", "/static/a", "/static/a/b"], &["/", "/statics/a"]),
            ("/**", &["/", "/a/b"], &[]),
        ] {
            yes.iter().for_each(|target| assert!(fits(pattern, target), "{pattern} {target}"));
            no.iter().for_each(|target| assert!(!fits(pattern, target), "{pattern} {target}"));
        }
    }

    #[test]
    fn a_pattern_that_can_not_be_meant_is_refused() {
        for bad in ["/a*", "/**/a", "/a/**b", "orders", "/a//b", "/a/../b", "/a;b", ""] {
            assert!(bad.parse::<Pattern>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_condition_is_about_the_value_and_never_met_by_an_absent_claim() {
        let equals = Condition::Equals(json!("blue"));
        assert!(equals.holds(Some(&json!("blue"))));
        for other in [json!("Blue"), json!(["blue"]), json!(null), json!({"blue": true})] {
            assert!(!equals.holds(Some(&other)), "{other}");
        }
        assert!(Condition::Any(vec![json!(1), json!("b")]).holds(Some(&json!("b"))));
        assert!(!Condition::Any(vec![]).holds(Some(&json!("b"))));
        let contains = Condition::Contains(json!("admin"));
        assert!(contains.holds(Some(&json!(["user", "admin"]))));
        assert!(!contains.holds(Some(&json!("admin"))) && !contains.holds(Some(&json!("the admin"))));
        for condition in [equals, Condition::Any(vec![json!(null)]), contains] {
            assert!(!condition.holds(None));
        }
    }
}

//! What a user has granted to a client: shared by codes and refresh families.

use serde::{Deserialize, Serialize};

use super::authentication::Authentication;
use super::claims::ClaimsRequest;
use super::scope::Scope;

/// A user's grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// What the client may do. The store keeps it in a column of its own.
    #[serde(skip)]
    pub scope: Scope,
    /// How the user had proved who they are.
    pub authentication: Authentication,
    /// The claims that were asked for one by one.
    #[serde(default)]
    pub claims: ClaimsRequest,
    /// Where its tokens may be good; at the client's own audience when none was asked for (RFC 8707).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
}

#[cfg(test)]
impl Grant {
    /// A grant for tests.
    pub(crate) fn sample(time: probity_jose::UnixTime) -> Self {
        Self {
            scope: Scope::default(),
            authentication: Authentication::by_password(time),
            claims: ClaimsRequest::default(),
            resources: Vec::new(),
        }
    }
}

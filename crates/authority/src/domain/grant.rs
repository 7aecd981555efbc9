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
}

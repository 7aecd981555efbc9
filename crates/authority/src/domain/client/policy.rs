//! What the operator decides about a client. A client that registers itself can't ask for any of it.

use serde::{Deserialize, Serialize};

/// Decisions of the operator.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientPolicy {
    /// Where its tokens may be good besides its `audience`, when it asks for that (RFC 8707).
    pub resources: Vec<String>,
    /// The audiences whose tokens it may exchange, because it is called with them (RFC 8693).
    pub exchanges_tokens_for: Vec<String>,
    /// Whether tokens that it has exchanged may be silent about it: without this they name it as the actor.
    pub may_impersonate: bool,
    /// Whether it is somebody else's: its users are then asked what it may have.
    pub third_party: bool,
}

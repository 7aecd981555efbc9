//! What a token is bound to: `cnf` (RFC 7800 section 3). Whoever uses the token must prove to have it.

use serde::{Deserialize, Serialize};

/// A key or certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Confirmation {
    /// The certificate of a mutual TLS connection, by its hash (RFC 8705 section 3.1).
    #[serde(rename = "x5t#S256")]
    Certificate(String),
}

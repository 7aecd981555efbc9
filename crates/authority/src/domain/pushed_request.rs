//! Pushed authorization requests: RFC 9126.

use probity_jose::UnixTime;

use super::parameters::Parameters;

/// How a reference to a pushed request begins (RFC 9126 section 2.2).
pub const REFERENCE_PREFIX: &str = "urn:ietf:params:oauth:request_uri:";

/// How long a pushed request waits for its browser, in seconds.
pub const PUSHED_SECONDS: u64 = 90;

/// A request that its client has pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushedRequest {
    /// Who has pushed it.
    pub client_id: String,
    /// Its parameters; those of its request object if it had one.
    pub parameters: Parameters,
    /// Whether it was a request object.
    pub signed: bool,
    /// When a browser can no longer come with it.
    pub expires: UnixTime,
}

impl PushedRequest {
    /// Whether a browser that came at a moment came in time.
    pub fn is_good(&self, client_id: &str, came: UnixTime) -> bool {
        self.client_id == client_id && came < self.expires
    }
}

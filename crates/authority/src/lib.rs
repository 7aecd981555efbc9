//! The authority of Probity: OAuth 2.1 and OpenID Connect, sessions, keys, revocation.

pub mod revocation;

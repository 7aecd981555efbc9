//! JWS, JWE, JWK and JWT: strict, fast and hard to misuse.

mod time;

pub use time::UnixTime;

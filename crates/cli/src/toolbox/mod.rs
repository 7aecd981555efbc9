//! The JOSE toolbox: `probity jws`, `jwt`, `jwe` and `key`.
//!
//! The batch forms read JSON lines and write JSON lines, one for each, in the same order, so that test suites in any
//! language can drive them. A verdict is data: they end with 0 whatever it is.

mod batch;
mod decode;
pub(crate) mod jwe;
pub(crate) mod jws;
pub(crate) mod jwt;
pub(crate) mod key;

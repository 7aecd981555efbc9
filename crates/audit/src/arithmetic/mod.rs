//! Number theory for the examination of keys. Nothing here is secret, so nothing here is constant in time.

pub(crate) mod curve;
pub(crate) mod ecdsa;
pub(crate) mod factor;
pub(crate) mod invalid_curve;
pub(crate) mod roca;

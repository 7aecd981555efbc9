//! Facts that were compiled ahead: algorithms, published keys, flawed libraries.

pub(crate) mod advisories;
pub(crate) mod algorithms;
pub(crate) mod published_keys;

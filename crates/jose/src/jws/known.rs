//! Remembers headers that have been read.
//!
//! An issuer's tokens carry a handful of different headers, byte for byte. Comparing with a known one is forty times as
//! fast as reading it again.

use std::sync::{Arc, OnceLock};

use super::Header;
use crate::key::VerifyingKey;

/// The first few headers of tokens that were verified with a set of keys, each with the key that it leads to.
///
/// Only verified tokens leave a trace, so that strangers can't fill the places. A set of keys never changes, so that
/// the same header leads to the same key for as long as the set lives.
#[derive(Debug, Clone, Default)]
pub(crate) struct KnownHeaders([OnceLock<Known>; PLACES]);

#[derive(Debug, Clone)]
pub(crate) struct Known {
    encoded: Box<str>,
    pub(crate) header: Arc<Header>,
    pub(crate) key: VerifyingKey,
}

impl KnownHeaders {
    pub(crate) fn find(&self, encoded: &str) -> Option<&Known> {
        self.0.iter().map_while(OnceLock::get).find(|known| *known.encoded == *encoded)
    }

    pub(crate) fn remember(&self, encoded: &str, header: &Arc<Header>, key: &VerifyingKey) {
        let mut known = Known { encoded: encoded.into(), header: Arc::clone(header), key: key.clone() };
        for place in &self.0 {
            match place.set(known) {
                Ok(()) => return,
                Err(back) => known = back,
            }
        }
    }
}

/// How many headers are remembered: access and ID tokens of a few keys.
const PLACES: usize = 8;

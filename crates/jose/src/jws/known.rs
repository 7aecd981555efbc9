//! Remembers headers that have been read.
//!
//! An issuer's tokens carry a handful of different headers, byte for byte. Comparing with a known one is forty times as
//! fast as reading it again.

use std::sync::{Arc, OnceLock};

use super::Header;
use crate::key::VerifyingKey;

/// The first few headers of tokens that were accepted with a set of keys, each with what it leads to.
///
/// Only good tokens leave a trace, so that strangers can't fill the places. A set of keys never changes, so that the
/// same header leads to the same key for as long as the set lives.
#[derive(Debug, Clone)]
pub(crate) struct KnownHeaders<T = Known>([OnceLock<(Box<str>, T)>; PLACES]);

/// A header and the one key that it leads to.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) header: Arc<Header>,
    pub(crate) key: VerifyingKey,
}

impl<T> KnownHeaders<T> {
    pub(crate) fn find(&self, encoded: &str) -> Option<&T> {
        let known = self.0.iter().map_while(OnceLock::get).find(|(known, _)| **known == *encoded);
        known.map(|(_, leads_to)| leads_to)
    }

    pub(crate) fn remember(&self, encoded: &str, leads_to: T) {
        let mut known = (encoded.into(), leads_to);
        for place in &self.0 {
            match place.set(known) {
                Ok(()) => return,
                Err(back) => known = back,
            }
        }
    }
}

impl<T> Default for KnownHeaders<T> {
    fn default() -> Self {
        Self(Default::default())
    }
}

/// How many headers are remembered: access and ID tokens of a few keys.
const PLACES: usize = 8;

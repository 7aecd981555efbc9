//! Remembers tokens whose signatures have been verified. Whether a remembered token is still acceptable is not decided
//! here.
//!
//! A fixed number of places, four to a bucket; a token's signature chooses the bucket. To look takes no lock and
//! allocates nothing.

use core::hash::BuildHasher;
use std::hash::RandomState;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwapOption;
use probity_jose::UnixTime;

use crate::access_token::{AccessToken, Body};

/// The longest token that is remembered, in bytes: so that the number of tokens bounds the memory too.
pub(crate) const MAX_REMEMBERED_BYTES: usize = 4 * 1024;

/// How many tokens share a bucket.
const WAYS: usize = 4;

/// How many bytes at the end of a token choose its bucket: 144 bits of its signature. Nobody but the issuer can choose
/// them for a token that is verified, so that nobody can fill a bucket on purpose.
const TAIL_BYTES: usize = 24;

/// Tokens by their whole text.
#[derive(Debug)]
pub(crate) struct TokenCache {
    buckets: Box<[Bucket]>,
    hasher: RandomState,
}

/// One line of the processor's cache: the tags say which of the tokens may be the wanted one.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Bucket {
    tags: [AtomicU64; WAYS],
    tokens: [ArcSwapOption<Body>; WAYS],
}

/// What a place is worth as it is; the least is given up first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    /// The same token, verified earlier.
    Itself,
    Nothing,
    Until(UnixTime),
}

impl TokenCache {
    /// Room for at least `tokens`, give or take those whose bucket is full; for none at zero.
    pub(crate) fn new(tokens: usize) -> Self {
        // Half full, few buckets overflow.
        let buckets = if tokens == 0 { 0 } else { (tokens.saturating_mul(2) / WAYS).max(1).next_power_of_two() };
        let buckets = std::iter::repeat_with(Bucket::default).take(buckets).collect();
        Self { buckets, hasher: RandomState::new() }
    }

    /// The remembered token with exactly this text.
    pub(crate) fn find(&self, text: &str) -> Option<AccessToken> {
        let tag = self.tag(text);
        let bucket = self.bucket(tag)?;
        for (known, token) in bucket.tags.iter().zip(&bucket.tokens) {
            if known.load(Ordering::Relaxed) == tag
                && let Some(body) = &*token.load()
                && body.text() == text
            {
                return Some(AccessToken(Arc::clone(body)));
            }
        }
        None
    }

    /// Remembers a verified token, in place of the one of its bucket that ends first.
    pub(crate) fn remember(&self, token: &AccessToken, now: UnixTime) {
        let text = token.text();
        if text.len() > MAX_REMEMBERED_BYTES {
            return;
        }
        let tag = self.tag(text);
        let Some(bucket) = self.bucket(tag) else { return };
        let value = |place: &ArcSwapOption<Body>| match &*place.load() {
            Some(body) if body.text() == text => Value::Itself,
            Some(body) if body.ends() > now => Value::Until(body.ends()),
            Some(_) | None => Value::Nothing,
        };
        let places = bucket.tags.iter().zip(&bucket.tokens);
        let Some((known, place)) = places.min_by_key(|(_, place)| value(place)) else { return };
        // Between the two stores a reader may find the wrong tag with a token. It compares the text all the same.
        place.store(Some(Arc::clone(&token.0)));
        known.store(tag, Ordering::Relaxed);
    }

    fn bucket(&self, tag: u64) -> Option<&Bucket> {
        let mask = self.buckets.len().checked_sub(1)?;
        self.buckets.get(usize::try_from(tag & u64::try_from(mask).ok()?).ok()?)
    }

    fn tag(&self, text: &str) -> u64 {
        let bytes = text.as_bytes();
        let tail = bytes.last_chunk::<TAIL_BYTES>();
        tail.map_or_else(|| self.hasher.hash_one(bytes), |tail| self.hasher.hash_one(tail))
    }
}

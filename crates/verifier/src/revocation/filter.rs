//! A set of names that may say yes wrongly and never says no wrongly, in one look at memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a name is the name of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Subject,
    Client,
    Key,
    Token,
    Family,
    Session,
}

/// Bits of the filter for each name: two of them are set, so that about one stranger in a hundred is taken for a member.
const BITS_PER_NAME: usize = 32;

/// The smallest filter has so many words.
const LEAST_WORDS: usize = 16;

/// Two bits in one word for each name. Readers and the one writer need no lock. A clone is the same set.
#[derive(Debug, Clone)]
pub(super) struct Filter {
    /// A power of two, and one more: a bit for each kind of which there is a name.
    words: Arc<[AtomicU64]>,
    mask: usize,
}

impl Default for Filter {
    fn default() -> Self {
        Self::with_room_for(0)
    }
}

impl Filter {
    /// A filter that is good for a few more names, so that it need not grow at once.
    pub(super) fn with_room_for(names: usize) -> Self {
        let bits = names.saturating_mul(BITS_PER_NAME + BITS_PER_NAME / 4);
        let words = (bits / 64).next_power_of_two().max(LEAST_WORDS);
        Self { words: std::iter::repeat_with(AtomicU64::default).take(words + 1).collect(), mask: words - 1 }
    }

    /// For how many names it is good.
    pub(super) const fn capacity(&self) -> usize {
        (self.mask + 1) * 64 / BITS_PER_NAME
    }

    pub(super) fn add(&self, kind: Kind, name: &str) {
        let (word, bits) = self.place(kind, name);
        if let Some(word) = self.words.get(word) {
            // Release: whoever sees the bits finds the name in its map.
            word.fetch_or(bits, Ordering::Release);
        }
        if let Some(kinds) = self.words.last() {
            kinds.fetch_or(1 << kind as u8, Ordering::Release);
        }
    }

    /// The kinds of which there is a name, a bit each.
    #[inline]
    pub(super) fn kinds(&self) -> u64 {
        self.words.last().map_or(u64::MAX, |kinds| kinds.load(Ordering::Acquire))
    }

    #[inline]
    pub(super) fn may_hold(&self, kind: Kind, name: &str) -> bool {
        let (word, bits) = self.place(kind, name);
        self.words.get(word).is_some_and(|word| word.load(Ordering::Acquire) & bits == bits)
    }

    #[inline]
    fn place(&self, kind: Kind, name: &str) -> (usize, u64) {
        let print = fingerprint(kind, name.as_bytes());
        let word = (print >> 32) as usize & self.mask;
        (word, 1 << (print & 63) | 1 << ((print >> 6) & 63))
    }
}

/// Mixes length, first and last bytes of a name. Names that agree in all of these share their bits, which costs a look into
/// the map and nothing else; so there is nothing to gain for whoever can choose names.
#[inline]
fn fingerprint(kind: Kind, name: &[u8]) -> u64 {
    const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
    let (first, last) = match (name.first_chunk::<8>(), name.last_chunk::<8>()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => (name.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)), 0),
    };
    let length = (name.len() as u64) << 8 | kind as u64;
    let mixed = u128::from(first ^ length.wrapping_mul(MIX)) * u128::from(last.rotate_left(32) ^ 0xa076_1d64_78bd_642f);
    // The low bits of a product know little of the high bits of its factors, the high ones little of the low: both together.
    #[expect(clippy::cast_possible_truncation, reason = "both halves are folded into the low one")]
    {
        (mixed ^ (mixed >> 64)) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [Kind; 6] = [Kind::Subject, Kind::Client, Kind::Key, Kind::Token, Kind::Family, Kind::Session];

    #[test]
    fn what_was_added_is_always_found() {
        let filter = Filter::with_room_for(100);
        for length in 0..40 {
            for kind in KINDS {
                let name = "abcdefghijklmnopqrstuvwxyz0123456789-_ABCD".split_at(length).0;
                filter.add(kind, name);
                assert!(filter.may_hold(kind, name));
            }
        }
    }

    #[test]
    fn strangers_are_rarely_taken_for_members() {
        let filter = Filter::with_room_for(5_000);
        (0..filter.capacity()).for_each(|n| filter.add(Kind::Subject, &format!("subject-{n:012}")));
        for (kind, from) in [(Kind::Subject, 1_000_000), (Kind::Client, 0), (Kind::Token, 0)] {
            let taken = (from..from + 20_000).filter(|n| filter.may_hold(kind, &format!("subject-{n:012}"))).count();
            assert!(taken < 400, "{taken} of 20,000 as {kind:?}");
        }
    }
}

//! The sessions of one issuer: a bit each, in lists that expire as a whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use probity_jose::UnixTime;

use super::record::SessionIndex;

/// Lists in the order of their numbers. Cheap to clone: a changed set shares the lists that have not changed.
#[derive(Debug, Clone, Default)]
pub(super) struct SessionLists(Vec<(u32, Words)>);

/// The sessions that expire within one hour, a bit each; set means revoked.
type Words = Arc<[AtomicU64]>;

const WORD_BITS: u32 = u64::BITS;

/// The shortest list has so many words.
const LEAST_WORDS: usize = 16;

impl SessionLists {
    #[inline]
    fn get(&self, list: u32) -> Option<&[AtomicU64]> {
        // Sessions expire in every hour, so a list's place is most often its distance from the first.
        let (first, _) = self.0.first()?;
        let distance = list.wrapping_sub(*first) as usize;
        match self.0.get(distance) {
            Some((number, words)) if *number == list => Some(words),
            _ => self.search(list),
        }
    }

    #[cold]
    fn search(&self, list: u32) -> Option<&[AtomicU64]> {
        let at = self.0.binary_search_by_key(&list, |(number, _)| *number).ok()?;
        self.0.get(at).map(|(_, words)| &**words)
    }

    #[inline]
    pub(super) fn is_revoked(&self, place: SessionIndex) -> bool {
        let word = self.get(place.list).and_then(|words| words.get(word_of(place.index)));
        word.is_some_and(|word| word.load(Ordering::Acquire) & bit_of(place.index) != 0)
    }

    /// Sets a session's bit; the lists to put in the place of these when there is no room for it.
    pub(super) fn set(&self, place: SessionIndex) -> Option<Self> {
        let known = self.get(place.list).unwrap_or_default();
        let (at, bit) = (word_of(place.index), bit_of(place.index));
        if let Some(word) = known.get(at) {
            word.fetch_or(bit, Ordering::Release);
            return None;
        }
        // A little room to grow: much of it would be memory for nobody.
        let length = (at + 1 + at / 32).max(LEAST_WORDS);
        let copied = known.iter().map(|word| word.load(Ordering::Acquire)).chain(std::iter::repeat(0)).take(length);
        let words: Words =
            copied.zip(0..).map(|(word, n)| AtomicU64::new(if n == at { word | bit } else { word })).collect();
        let mut changed: Vec<_> = self.0.iter().filter(|(number, _)| *number != place.list).cloned().collect();
        let at = changed.partition_point(|(number, _)| *number < place.list);
        changed.insert(at, (place.list, words));
        Some(Self(changed))
    }

    /// The lists that have not expired at `horizon`, when some have.
    pub(super) fn after(&self, horizon: UnixTime) -> Option<Self> {
        let lives = |list: u32| SessionIndex::list_expires(list) > horizon;
        let all = self.0.iter().all(|(list, _)| lives(*list));
        (!all).then(|| Self(self.0.iter().filter(|(list, _)| lives(*list)).cloned().collect()))
    }

    /// Every session that is revoked.
    pub(super) fn revoked(&self) -> impl Iterator<Item = SessionIndex> {
        self.0.iter().flat_map(|(list, words)| {
            (0_u32..).zip(&**words).flat_map(move |(at, word)| {
                let bits = word.load(Ordering::Acquire);
                let set = (0..WORD_BITS).filter(move |bit| bits & (1 << bit) != 0);
                set.map(move |bit| SessionIndex { list: *list, index: at * WORD_BITS + bit })
            })
        })
    }

    /// A list's bits, the lowest of the first byte first.
    pub(super) fn bytes(&self, list: u32) -> Vec<u8> {
        let words = self.get(list).unwrap_or_default();
        words.iter().flat_map(|word| word.load(Ordering::Acquire).to_le_bytes()).collect()
    }

    pub(super) fn count(&self) -> usize {
        let words = self.0.iter().flat_map(|(_, words)| words.iter());
        words.map(|word| word.load(Ordering::Acquire).count_ones() as usize).sum()
    }
}

const fn word_of(index: u32) -> usize {
    (index / WORD_BITS) as usize
}

const fn bit_of(index: u32) -> u64 {
    1 << (index % WORD_BITS)
}

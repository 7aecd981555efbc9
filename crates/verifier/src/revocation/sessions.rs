//! The sessions of one issuer: a bit each, in lists that expire as a whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use probity_jose::UnixTime;

use super::record::SessionIndex;

/// Lists in the order of their numbers. Cheap to clone: a changed set shares the lists that have not changed.
#[derive(Debug, Clone, Default)]
pub(super) struct SessionLists(Vec<(u32, Arc<SessionList>)>);

impl SessionLists {
    pub(super) fn get(&self, list: u32) -> Option<&SessionList> {
        let at = self.0.binary_search_by_key(&list, |(number, _)| *number).ok()?;
        self.0.get(at).map(|(_, list)| &**list)
    }

    pub(super) fn is_revoked(&self, place: SessionIndex) -> bool {
        self.get(place.list).is_some_and(|list| list.get(place.index))
    }

    /// Sets a session's bit; the lists to put in the place of these when there is no room for it.
    pub(super) fn set(&self, place: SessionIndex) -> Option<Self> {
        let known = self.get(place.list);
        if known.is_some_and(|list| list.set(place.index)) {
            return None;
        }
        let longer = SessionList::holding(place.index, known);
        longer.set(place.index);
        // Most often a list grows; a new one comes once an hour.
        let mut changed: Vec<_> = self.0.iter().filter(|(number, _)| *number != place.list).cloned().collect();
        let at = changed.partition_point(|(number, _)| *number < place.list);
        changed.insert(at, (place.list, Arc::new(longer)));
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
        self.0.iter().flat_map(|(list, bits)| bits.indices().map(|index| SessionIndex { list: *list, index }))
    }

    pub(super) fn count(&self) -> usize {
        self.0.iter().map(|(_, list)| list.count()).sum()
    }
}

/// The sessions that expire within one hour, a bit each; set means revoked.
#[derive(Debug)]
pub(super) struct SessionList {
    words: Box<[AtomicU64]>,
}

const WORD_BITS: u32 = u64::BITS;

impl SessionList {
    /// A list long enough for `index`, with the bits of a shorter one.
    fn holding(index: u32, shorter: Option<&Self>) -> Self {
        let needed = word_of(index) + 1;
        let length = needed.next_power_of_two();
        let old = shorter.map_or(&[][..], |list| &list.words);
        let copied = old.iter().map(|word| AtomicU64::new(word.load(Ordering::Acquire)));
        let words = copied.chain(std::iter::repeat_with(AtomicU64::default)).take(length.max(old.len())).collect();
        Self { words }
    }

    fn get(&self, index: u32) -> bool {
        self.words.get(word_of(index)).is_some_and(|word| word.load(Ordering::Acquire) & bit_of(index) != 0)
    }

    /// Sets a bit; false when the list is too short.
    fn set(&self, index: u32) -> bool {
        let word = self.words.get(word_of(index));
        word.map(|word| word.fetch_or(bit_of(index), Ordering::Release)).is_some()
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.words.iter().flat_map(|word| word.load(Ordering::Acquire).to_le_bytes()).collect()
    }

    fn count(&self) -> usize {
        self.words.iter().map(|word| word.load(Ordering::Acquire).count_ones() as usize).sum()
    }

    fn indices(&self) -> impl Iterator<Item = u32> {
        (0_u32..).zip(&self.words).flat_map(|(at, word)| {
            let bits = word.load(Ordering::Acquire);
            (0..WORD_BITS).filter(move |bit| bits & (1 << bit) != 0).map(move |bit| at * WORD_BITS + bit)
        })
    }
}

const fn word_of(index: u32) -> usize {
    (index / WORD_BITS) as usize
}

const fn bit_of(index: u32) -> u64 {
    1 << (index % WORD_BITS)
}

//! What is known of names, in few bytes for each: most of it sealed into one block, the newest beside it.
//!
//! A hash table that grows while others read it pays for that with an allocation, a pointer and much empty room for each
//! name. Revocations come one by one and stay for hours, so that they can be packed: a sixteenth at most is in such a
//! table, the rest in a block that is made anew when that sixteenth is full. Readers need no lock.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arc_swap::ArcSwapOption;
use probity_jose::UnixTime;

/// Tokens issued at or before `through` are dead; the mark may go when `expires` has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) through: UnixTime,
    pub(super) expires: UnixTime,
}

impl Mark {
    fn merge(self, other: Self) -> Self {
        Self { through: self.through.max(other.through), expires: self.expires.max(other.expires) }
    }
}

/// Marks by name. Whoever changes them holds the replica's lock; readers hold nothing.
#[derive(Debug, Default)]
pub(super) struct Marks {
    sealed: ArcSwapOption<Sealed>,
    /// What is newer than the block. A name in both counts here.
    recent: papaya::HashMap<Box<str>, Mark>,
    count: AtomicUsize,
}

impl Marks {
    pub(super) fn get(&self, name: &str) -> Option<Mark> {
        // In this order: what leaves the newest is in the block before.
        let recent = self.recent.pin().get(name).copied();
        recent.or_else(|| self.sealed.load().as_ref()?.get(name))
    }

    /// Adds a mark; one that is there already is never weakened. True when the name is new.
    pub(super) fn raise(&self, name: &str, mark: Mark) -> bool {
        let known = self.get(name);
        let raised = known.map_or(mark, |known| known.merge(mark));
        if known == Some(raised) {
            return false;
        }
        self.recent.pin().insert(name.into(), raised);
        self.count.fetch_add(usize::from(known.is_none()), Ordering::Relaxed);
        let sealed = self.sealed.load().as_ref().map_or(0, |sealed| sealed.len());
        if self.recent.len() > LEAST_SEALED + sealed / SEALED_FOR_EACH_RECENT {
            self.seal(|_| true);
        }
        known.is_none()
    }

    /// Drops what expires at or before the horizon.
    pub(super) fn forget(&self, horizon: UnixTime) {
        let sealed = self.sealed.load();
        let mut older = sealed.iter().flat_map(|sealed| sealed.iter());
        let lapses = |mark: Mark| mark.expires <= horizon;
        if self.recent.pin().values().any(|mark| lapses(*mark)) || older.any(|(_, mark)| lapses(mark)) {
            self.seal(|mark| mark.expires > horizon);
        }
    }

    /// How many names there are.
    pub(super) fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Every name with its mark, in no order.
    pub(super) fn all(&self) -> Vec<(Box<str>, Mark)> {
        let recent = self.recent.pin();
        let mut all: Vec<(Box<str>, Mark)> = recent.iter().map(|(name, mark)| (name.clone(), *mark)).collect();
        if let Some(sealed) = self.sealed.load().as_ref() {
            let older = sealed.iter().filter(|(name, _)| !recent.contains_key(*name));
            all.extend(older.map(|(name, mark)| (name.into(), mark)));
        }
        all
    }

    /// Packs everything that is to stay into one block.
    fn seal(&self, stays: impl Fn(&Mark) -> bool) {
        let mut all = self.all();
        all.retain(|(_, mark)| stays(mark));
        let Some(sealed) = Sealed::new(&all) else {
            // Too much for a block: it stays where it is, and what is to go with it.
            return;
        };
        self.count.store(sealed.len(), Ordering::Relaxed);
        self.sealed.store((sealed.len() > 0).then(|| Arc::new(sealed)));
        // Readers find in the block what they no longer find here.
        self.recent.pin().clear();
    }
}

/// Names and marks in one block that does not change.
#[derive(Debug)]
struct Sealed {
    hasher: RandomState,
    /// The number of an entry and 1; 0 where there is none. Whoever collides takes the next free place.
    places: Box<[u32]>,
    /// Where each entry begins, and where the last one ends.
    starts: Box<[u32]>,
    /// Of each entry: `through` and `expires` in seven bytes each, little-endian; the name.
    bytes: Box<[u8]>,
}

impl Sealed {
    /// Packs marks whose names differ; nothing when they need more than 4 GiB.
    fn new(marks: &[(Box<str>, Mark)]) -> Option<Self> {
        let mut starts = Vec::with_capacity(marks.len() + 1);
        let mut bytes = Vec::with_capacity(marks.iter().map(|(name, _)| 2 * TIME_BYTES + name.len()).sum());
        for (name, mark) in marks {
            starts.push(u32::try_from(bytes.len()).ok()?);
            for time in [mark.through, mark.expires] {
                bytes.extend(time.as_secs().min(MAX_TIME).to_le_bytes().into_iter().take(TIME_BYTES));
            }
            bytes.extend_from_slice(name.as_bytes());
        }
        starts.push(u32::try_from(bytes.len()).ok()?);
        let places = vec![0; marks.len() + marks.len() / 3 + 1].into_boxed_slice();
        let hasher = RandomState::new();
        let mut sealed = Self { hasher, places, starts: starts.into_boxed_slice(), bytes: bytes.into_boxed_slice() };
        for (number, (name, _)) in (1..).zip(marks) {
            let free = sealed.path(name).find(|place| sealed.places.get(*place) == Some(&0))?;
            *sealed.places.get_mut(free)? = number;
        }
        Some(sealed)
    }

    fn get(&self, name: &str) -> Option<Mark> {
        let numbers = self.path(name).map_while(|place| self.places.get(place).copied().filter(|number| *number > 0));
        numbers
            .filter_map(|number| self.entry(number as usize - 1))
            .find(|(known, _)| *known == name)
            .map(|(_, mark)| mark)
    }

    /// The places to look at for a name, one after the other.
    fn path(&self, name: &str) -> impl Iterator<Item = usize> + use<> {
        let count = self.places.len();
        let start = usize::try_from(self.hasher.hash_one(name) % count as u64).unwrap_or(0);
        (start..count).chain(0..start)
    }

    fn entry(&self, number: usize) -> Option<(&str, Mark)> {
        let (start, end) = (*self.starts.get(number)?, *self.starts.get(number + 1)?);
        let (through, rest) = self.bytes.get(start as usize..end as usize)?.split_first_chunk::<TIME_BYTES>()?;
        let (expires, name) = rest.split_first_chunk::<TIME_BYTES>()?;
        let [through, expires] = [through, expires]
            .map(|time| UnixTime::from_secs(time.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte))));
        Some((core::str::from_utf8(name).ok()?, Mark { through, expires }))
    }

    fn iter(&self) -> impl Iterator<Item = (&str, Mark)> {
        (0..self.len()).filter_map(|number| self.entry(number))
    }

    fn len(&self) -> usize {
        self.starts.len() - 1
    }
}

/// So many names are never worth a block of their own.
const LEAST_SEALED: usize = 64;

/// A block is made anew when there is one newer name for so many in it.
const SEALED_FOR_EACH_RECENT: usize = 16;

const TIME_BYTES: usize = 7;

/// The latest time that a block holds: later than any that a token can name (2^53), and for whom it is the same as never.
const MAX_TIME: u64 = (1 << (8 * TIME_BYTES)) - 1;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn mark(through: u64, expires: u64) -> Mark {
        Mark { through: UnixTime::from_secs(through), expires: UnixTime::from_secs(expires) }
    }

    proptest! {
        #[test]
        fn marks_are_those_of_a_plain_map_whatever_is_sealed_meanwhile(
            steps in proptest::collection::vec((0..300_u32, 0..4_u64, 1..4_u64, prop::bool::weighted(0.02)), 0..1_500),
        ) {
            let (marks, mut plain) = (Marks::default(), BTreeMap::<String, Mark>::new());
            for (name, through, expires, forget) in steps {
                if forget {
                    marks.forget(UnixTime::from_secs(expires));
                    plain.retain(|_, mark| mark.expires > UnixTime::from_secs(expires));
                    continue;
                }
                let (name, new) = (format!("subject {name}"), mark(through, expires));
                let is_new = !plain.contains_key(&name);
                plain.entry(name.clone()).and_modify(|known| *known = known.merge(new)).or_insert(new);
                prop_assert_eq!(marks.raise(&name, new), is_new);
                prop_assert_eq!(marks.get(&name), plain.get(&name).copied());
            }
            prop_assert_eq!(marks.len(), plain.len());
            let all: BTreeMap<String, Mark> = marks.all().into_iter().map(|(name, mark)| (name.into(), mark)).collect();
            prop_assert_eq!(all.len(), marks.all().len(), "no name twice");
            prop_assert_eq!(all, plain);
            prop_assert_eq!(marks.get("nobody"), None);
        }
    }

    #[test]
    fn times_and_names_of_any_length_survive_sealing() {
        let marks = Marks::default();
        let names: Vec<String> = (0..500).map(|n| "x".repeat(n)).collect();
        for (n, name) in (0..).zip(&names) {
            marks.raise(name, mark(n, (1 << 53) + n));
        }
        for (n, name) in (0..).zip(&names) {
            assert_eq!(marks.get(name), Some(mark(n, (1 << 53) + n)));
        }
        marks.raise("never", mark(u64::MAX, u64::MAX));
        marks.seal(|_| true);
        assert!(marks.get("never").unwrap().expires > UnixTime::from_secs(1 << 53));
    }

    #[test]
    fn a_reader_never_misses_a_name_while_it_moves_into_the_block() {
        let marks = Marks::default();
        let known = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for n in 0..20_000 {
                    marks.raise(&format!("name {n}"), mark(1, 2));
                    known.store(n + 1, Ordering::Release);
                }
            });
            scope.spawn(|| {
                let mut step = 0;
                while step < 20_000 {
                    step = known.load(Ordering::Acquire);
                    for n in [step / 3, step / 2, step.saturating_sub(1)].into_iter().filter(|n| *n < step) {
                        assert!(marks.get(&format!("name {n}")).is_some(), "{n} of {step}");
                    }
                }
            });
        });
        assert_eq!(marks.len(), 20_000);
    }
}

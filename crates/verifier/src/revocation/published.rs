//! A value that one writer replaces now and then and many threads read all the time.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;

use super::names::Index;

/// How many values a thread has at hand: those of so many issuers are read without a locked instruction.
const AT_HAND: usize = 4;

/// Stamps are never used twice in a process, so that a stamp alone says which value of which replica it is.
static NEXT_STAMP: AtomicU64 = AtomicU64::new(1);

thread_local! {
    /// What this thread has read last: stamps and values. A thread that no longer reads keeps them until it ends, one for
    /// each place.
    static SEEN: RefCell<[(u64, Option<Arc<Index>>); AT_HAND]> = const { RefCell::new([const { (0, None) }; AT_HAND]) };
}

/// The value and the stamp that says whether a thread has it already.
#[derive(Debug)]
pub(super) struct Published {
    current: ArcSwap<Index>,
    stamp: AtomicU64,
    /// Where threads keep it.
    place: usize,
}

impl Default for Published {
    fn default() -> Self {
        let stamp = next_stamp();
        let place = usize::try_from(stamp).unwrap_or_default() % AT_HAND;
        Self { current: ArcSwap::default(), stamp: AtomicU64::new(stamp), place }
    }
}

impl Published {
    /// Gives the value to `read`, which must not read another one. Without a lock, and without an allocation.
    #[inline]
    pub(super) fn with<R>(&self, read: impl Fn(&Index) -> R) -> R {
        // Acquire: whoever sees a stamp finds the value that it was given to, or a later one.
        let stamp = self.stamp.load(Ordering::Acquire);
        let at_hand = SEEN.try_with(|seen| {
            let seen = seen.try_borrow().ok()?;
            match seen.get(self.place) {
                Some((known, Some(value))) if *known == stamp => Some(read(value)),
                _ => None,
            }
        });
        match at_hand {
            Ok(Some(answer)) => answer,
            _ => self.fetch(stamp, read),
        }
    }

    #[cold]
    fn fetch<R>(&self, stamp: u64, read: impl Fn(&Index) -> R) -> R {
        let value = self.load();
        let answer = read(&value);
        // A thread that is ending keeps nothing any more.
        let _ = SEEN.try_with(|seen| {
            if let Ok(mut seen) = seen.try_borrow_mut()
                && let Some(place) = seen.get_mut(self.place)
            {
                *place = (stamp, Some(value));
            }
        });
        answer
    }

    pub(super) fn load(&self) -> Arc<Index> {
        self.current.load_full()
    }

    /// Only the writer may.
    pub(super) fn store(&self, value: Index) {
        self.current.store(Arc::new(value));
        // Release, and after the value: see `with`.
        self.stamp.store(next_stamp(), Ordering::Release);
    }
}

fn next_stamp() -> u64 {
    NEXT_STAMP.fetch_add(1, Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::super::record::SessionIndex;
    use super::super::sessions::SessionLists;
    use super::*;

    const PLACES: u32 = 10;

    fn holding(index: u32) -> Index {
        let lists = SessionLists::default().set(SessionIndex { list: 5, index }).unwrap();
        Index::of(lists)
    }

    fn held(published: &Published) -> Vec<u32> {
        (0..PLACES)
            .filter(|index| published.with(|it| it.lists.is_revoked(SessionIndex { list: 5, index: *index })))
            .collect()
    }

    #[test]
    fn a_thread_never_takes_one_value_for_another_however_many_there_are() {
        let all: Vec<Published> = (0..PLACES).map(|_| Published::default()).collect();
        for _ in 0..3 {
            assert!(all.iter().all(|published| held(published).is_empty()));
        }
        for (published, index) in all.iter().zip(0..) {
            published.store(holding(index));
        }
        for _ in 0..3 {
            for (published, index) in all.iter().zip(0..) {
                assert_eq!(held(published), [index]);
            }
        }
    }

    #[test]
    fn a_replaced_value_is_seen_at_the_next_look_and_a_dropped_ones_successor_does_not_inherit_it() {
        for round in 0..100 {
            let published = Published::default();
            assert!(held(&published).is_empty(), "round {round}");
            for index in 0..PLACES {
                published.store(holding(index));
                assert_eq!(held(&published), [index]);
            }
        }
    }
}

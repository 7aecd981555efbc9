//! What an authority knows of its own past: which logs its store has held, and how far each went.
//!
//! A guard that has read further than that has seen records which the store has lost: it was restored from an old backup, or
//! its disk lied. Nothing else could tell the authority so.

use probity_verifier::revocation::{Position, Positions};

/// The most earlier logs that are remembered; a guard that comes with an older one is believed.
pub const MAX_EARLIER_LOGS: u32 = 1_000;

/// The log of this start, and those of earlier ones.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct History {
    /// The log of this start, at its beginning.
    log: Position,
    /// The last place of each earlier log.
    earlier: Vec<Position>,
}

impl History {
    /// The history of an authority whose log is that of `log`, after `earlier` ones that ended where they say.
    pub const fn new(log: Position, earlier: Vec<Position>) -> Self {
        Self { log: Position { seq: 0, ..log }, earlier }
    }

    /// The log of this start, at its beginning.
    pub const fn log(&self) -> Position {
        self.log
    }

    /// The first of `places` that the store never had or has lost, when this log has come to `head`.
    pub fn lost(&self, places: &Positions, head: Position) -> Option<Position> {
        places.iter().find(|place| !self.has(place, head))
    }

    fn has(&self, place: &Position, head: Position) -> bool {
        if place.is_in_log_of(&head) {
            return place.seq <= head.seq;
        }
        let forgotten = self.earlier.len() >= MAX_EARLIER_LOGS as usize;
        let oldest = self.earlier.iter().map(|known| known.term).min();
        let too_old_to_say = forgotten && oldest.is_some_and(|oldest| place.term < oldest);
        too_old_to_say || self.earlier.iter().any(|known| known.is_in_log_of(place) && place.seq <= known.seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use probity_verifier::revocation::Writer;

    fn at(writer: u8, term: u64, seq: u64) -> Position {
        Position { writer: Writer([writer; 8]), term, seq }
    }

    fn lost(place: Position) -> bool {
        let history = History::new(at(3, 3, 0), vec![at(1, 1, 9), at(2, 2, 4)]);
        history.lost(&place.into(), at(3, 3, 7)).is_some()
    }

    #[test]
    fn what_the_store_has_held_is_known() {
        for place in [at(3, 3, 0), at(3, 3, 7), at(2, 2, 4), at(1, 1, 3)] {
            assert!(!lost(place), "{place}");
        }
    }

    #[test]
    fn a_guard_that_has_read_further_than_the_store_goes_has_seen_what_was_lost() {
        assert!(lost(at(3, 3, 8)), "more of this log than there is");
        assert!(lost(at(2, 2, 5)), "more of an earlier log");
        assert!(lost(at(9, 3, 1)), "the same term of another life");
        assert!(lost(at(9, 4, 0)), "a later term");
    }

    #[test]
    fn a_log_older_than_all_that_are_remembered_is_believed() {
        let earlier = (10..).take(MAX_EARLIER_LOGS as usize).map(|term| at(1, term, 5)).collect();
        let history = History::new(at(2, 5_000, 0), earlier);
        assert_eq!(history.lost(&at(7, 9, 100).into(), at(2, 5_000, 0)), None);
        assert!(history.lost(&at(7, 10, 1).into(), at(2, 5_000, 0)).is_some());
    }
}

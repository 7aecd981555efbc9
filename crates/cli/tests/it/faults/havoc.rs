//! What goes wrong, and for how long.

use std::time::Duration;

use super::Edge;
use super::relay::Line;
use crate::harness::Authority;

/// Pseudo-random numbers (SplitMix64): the same seed gives the same faults.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `end`.
    pub(crate) const fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, usize::try_from(self.below(last as u64 + 1)).unwrap());
        }
    }

    /// Waits between `least` and `most` milliseconds.
    fn wait(&mut self, least: u64, most: u64) {
        std::thread::sleep(Duration::from_millis(least + self.below(most - least)));
    }
}

#[derive(Debug, Clone, Copy)]
enum EdgeFault {
    Kill,
    Stop,
    Line(Line),
}

/// Lets everything happen to a guard and its line, again and again until it is enough; how many faults there were.
pub(super) fn at_an_edge(edge: &mut Edge, mut dice: Dice, is_enough: impl Fn() -> bool) -> usize {
    let lines = [Line::Cut, Line::Silent, Line::Slow, Line::Mute, Line::Deaf].map(EdgeFault::Line);
    let mut deck = [EdgeFault::Kill, EdgeFault::Stop].into_iter().chain(lines).collect::<Vec<_>>();
    let mut faults = 0;
    loop {
        dice.shuffle(&mut deck);
        for fault in &deck {
            dice.wait(100, 800);
            match fault {
                EdgeFault::Kill => edge.process.kill(),
                EdgeFault::Stop => edge.process.signal("STOP"),
                EdgeFault::Line(line) => edge.relay.set(*line),
            }
            // Some are over before the lease, some are not.
            dice.wait(100, 3_000);
            match fault {
                EdgeFault::Kill => edge.restart(),
                EdgeFault::Stop => edge.process.signal("CONT"),
                EdgeFault::Line(_) => edge.relay.set(Line::Whole),
            }
            faults += 1;
        }
        if is_enough() {
            return faults;
        }
    }
}

/// Kills and stops the authority; how often.
pub(super) fn at_the_authority(authority: &mut Authority, mut dice: Dice, is_enough: impl Fn() -> bool) -> usize {
    let mut faults = 0;
    loop {
        dice.wait(1_500, 4_000);
        if faults % 2 == 0 {
            authority.process.kill();
            dice.wait(10, 2_500);
            authority.restart();
        } else {
            authority.process.signal("STOP");
            dice.wait(100, 3_500);
            authority.process.signal("CONT");
        }
        faults += 1;
        if faults >= 4 && is_enough() {
            return faults;
        }
    }
}

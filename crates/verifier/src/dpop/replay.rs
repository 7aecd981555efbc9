//! The memory of proofs that were used: RFC 9449 section 11.1. In this process only, and bounded.

use std::collections::HashSet;
use std::mem;

use aws_lc_rs::digest;
use probity_jose::UnixTime;

/// How many proofs one half of the memory holds: 16 MiB. When it is full, nothing more is accepted until the half turns.
pub const MAX_REMEMBERED: usize = 1 << 20;

/// A part of the hash of a proof's key and identifier: nobody finds two that are alike.
type Mark = [u8; 16];

/// The proofs that were used in this half of time and in the one before.
#[derive(Debug)]
pub struct UsedProofs {
    /// How long a proof can be good, in seconds: the length of a half.
    window: u64,
    most: usize,
    half: u64,
    current: HashSet<Mark>,
    before: HashSet<Mark>,
}

/// What using a proof comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replay {
    /// It is used for the first time.
    First,
    /// It was used before.
    Again,
    /// The memory is full, so this can't be known.
    Full,
}

impl UsedProofs {
    /// A memory for proofs that are good for `window` seconds at most from first to last, of twice `most` proofs.
    pub fn new(window: u64, most: usize) -> Self {
        Self { window: window.max(1), most, half: 0, current: HashSet::new(), before: HashSet::new() }
    }

    /// Uses the proof of a key with an identifier.
    pub fn use_up(&mut self, thumbprint: &str, id: &str, now: UnixTime) -> Replay {
        let half = now.as_secs() / self.window;
        if half > self.half {
            let old = mem::take(&mut self.current);
            self.before = if half == self.half + 1 { old } else { HashSet::new() };
            self.half = half;
        }
        let mark = mark(thumbprint, id);
        if self.before.contains(&mark) || self.current.contains(&mark) {
            return Replay::Again;
        }
        if self.current.len() >= self.most {
            return Replay::Full;
        }
        self.current.insert(mark);
        Replay::First
    }
}

fn mark(thumbprint: &str, id: &str) -> Mark {
    let mut context = digest::Context::new(&digest::SHA256);
    // A thumbprint always has the same length.
    context.update(thumbprint.as_bytes());
    context.update(id.as_bytes());
    let mut mark = Mark::default();
    mark.iter_mut().zip(context.finish().as_ref()).for_each(|(to, from)| *to = *from);
    mark
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: u64) -> UnixTime {
        UnixTime::from_secs(seconds)
    }

    #[test]
    fn a_proof_is_used_once_and_another_keys_with_the_same_identifier_is_another() {
        let mut used = UsedProofs::new(80, 10);
        assert_eq!(used.use_up("k", "1", at(1_000)), Replay::First);
        assert_eq!(used.use_up("k", "1", at(1_000)), Replay::Again);
        assert_eq!(used.use_up("l", "1", at(1_000)), Replay::First);
    }

    #[test]
    fn when_the_memory_is_full_nothing_new_is_accepted_until_it_turns() {
        let mut used = UsedProofs::new(80, 2);
        for id in ["1", "2"] {
            assert_eq!(used.use_up("k", id, at(160)), Replay::First);
        }
        assert_eq!(used.use_up("k", "3", at(239)), Replay::Full);
        assert_eq!(used.use_up("k", "1", at(239)), Replay::Again);
        assert_eq!(used.use_up("k", "3", at(240)), Replay::First);
        assert_eq!(used.use_up("k", "1", at(240)), Replay::Again, "the other half is still known");
    }

    proptest! {
        #[test]
        fn whatever_is_used_again_within_the_window_is_noticed(
            first in 0u64..10_000, later in 0u64..80, others in proptest::collection::vec(0u64..10_000, 0..20),
        ) {
            let mut used = UsedProofs::new(80, 1_000);
            used.use_up("k", "1", at(first));
            for (number, moment) in others.iter().enumerate() {
                // Time does not go back by more than a call is late.
                used.use_up("k", &format!("x{number}"), at((*moment).clamp(first, first + later)));
            }
            prop_assert_eq!(used.use_up("k", "1", at(first + later)), Replay::Again);
        }
    }
}

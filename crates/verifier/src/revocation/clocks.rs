//! Notices that the wall clock was set.

use std::time::Duration;

use probity_jose::UnixTime;

use crate::clock::BootTime;

/// How far the wall clock may run from the steady clock between two looks before that is called a step.
pub const MAX_CLOCK_STEP: Duration = Duration::from_secs(5);

/// Compares what two clocks say has passed since the last look.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct ClockWatch {
    last: Option<(BootTime, UnixTime)>,
}

impl ClockWatch {
    /// A watch that has not looked yet.
    pub const fn new() -> Self {
        Self { last: None }
    }

    /// Looks at both clocks; says by how much the wall clock was set since the last look, when that is more than
    /// [`MAX_CLOCK_STEP`].
    pub fn look(&mut self, now: BootTime, wall: UnixTime) -> Option<Duration> {
        let (boot_then, wall_then) = self.last.replace((now, wall))?;
        let steady = now.since(boot_then);
        let forth = Duration::from_secs(wall.since(wall_then));
        let back = Duration::from_secs(wall_then.since(wall));
        let step = if back.is_zero() { forth.abs_diff(steady) } else { back + steady };
        (step > MAX_CLOCK_STEP).then_some(step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WALL: UnixTime = UnixTime::from_secs(1_000_000);

    fn boot(seconds: u64) -> BootTime {
        BootTime::from_nanos(seconds * 1_000_000_000)
    }

    fn step(seconds: u64, wall: UnixTime) -> Option<u64> {
        let mut watch = ClockWatch::new();
        assert_eq!(watch.look(boot(10), WALL), None, "the first look has nothing to compare");
        watch.look(boot(10 + seconds), wall).map(|step| step.as_secs())
    }

    #[test]
    fn a_clock_that_was_set_is_noticed_in_both_directions() {
        assert_eq!(step(1, WALL.plus(3_600)), Some(3_599));
        assert_eq!(step(1, WALL.minus(3_600)), Some(3_601));
        assert_eq!(step(100, WALL), Some(100), "a clock that stands still is as bad");
    }

    #[test]
    fn clocks_that_run_together_are_no_step_even_over_a_suspend() {
        assert_eq!(step(3_600, WALL.plus(3_600)), None);
        assert_eq!(step(60, WALL.plus(55)), None);
    }
}

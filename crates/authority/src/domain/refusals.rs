//! How many refused logins the audit log takes: it is never shortened, and anybody can make logins that are refused.

use probity_jose::UnixTime;

/// The most refused logins that are noted in one minute.
pub const MAX_PER_MINUTE: u32 = 20;

/// Counts them.
#[derive(Debug, Default)]
pub struct Refusals {
    minute: u64,
    noted: u32,
    unnoted: u64,
}

impl Refusals {
    /// Whether one more is to be noted; if so, how many were not since the last one that was.
    pub fn take(&mut self, now: UnixTime) -> Option<u64> {
        let minute = now.as_secs() / 60;
        if minute != self.minute {
            (self.minute, self.noted) = (minute, 0);
        }
        if self.noted == MAX_PER_MINUTE {
            self.unnoted += 1;
            return None;
        }
        self.noted += 1;
        Some(std::mem::take(&mut self.unnoted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_refusals_makes_a_bounded_number_of_entries_and_is_counted() {
        let mut refusals = Refusals::default();
        let noted = (0..1_000).filter(|_| refusals.take(UnixTime::from_secs(61)).is_some()).count();
        assert_eq!(noted, 20);
        assert_eq!(refusals.take(UnixTime::from_secs(120)), Some(980));
        assert_eq!(refusals.take(UnixTime::from_secs(121)), Some(0));
    }
}

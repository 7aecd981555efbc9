//! How many requests each subject may make: a token bucket each, pure and bounded. Time is an argument.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::mem;
use std::time::Duration;

use probity_verifier::clock::BootTime;

/// The longest time for which a limit may count, in seconds: after it, every bucket is full again.
pub const MAX_LIMIT_SECONDS: u64 = 3_600;

/// The most requests that a limit may allow in its time.
pub const MAX_LIMIT_REQUESTS: u32 = 1_000_000;

/// How many subjects one half of the memory holds. With both halves full it takes about 10 MiB.
const MAX_SUBJECTS: usize = 100_000;

/// A limit on the requests of each subject. Rules that name the same one share what is left of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    name: String,
    /// After how long one more request may come.
    interval: Duration,
    burst: u32,
}

/// Numbers that make no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadLimit {
    /// None, or more than [`MAX_LIMIT_REQUESTS`].
    #[error("requests must be between 1 and {MAX_LIMIT_REQUESTS}")]
    Requests,
    /// None, or more than [`MAX_LIMIT_SECONDS`].
    #[error("seconds must be between 1 and {MAX_LIMIT_SECONDS}")]
    Seconds,
    /// None, or more than there are requests.
    #[error("burst must be between 1 and the number of requests")]
    Burst,
}

impl Limit {
    /// So many requests in so many seconds, spread evenly, of which `burst` may come at once: all of them when absent.
    ///
    /// # Errors
    /// [`BadLimit`]
    pub fn new(name: &str, requests: u32, seconds: u64, burst: Option<u32>) -> Result<Self, BadLimit> {
        if requests == 0 || requests > MAX_LIMIT_REQUESTS {
            return Err(BadLimit::Requests);
        }
        if seconds == 0 || seconds > MAX_LIMIT_SECONDS {
            return Err(BadLimit::Seconds);
        }
        let burst = burst.unwrap_or(requests);
        if burst == 0 || burst > requests {
            return Err(BadLimit::Burst);
        }
        Ok(Self { name: name.to_owned(), interval: Duration::from_secs(seconds) / requests, burst })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Takes one request out of a bucket that is full at `full_at`, and says when it is full then; or says how long it takes
    /// until there is one to take.
    fn take(&self, full_at: BootTime, now: BootTime) -> Result<BootTime, Duration> {
        let capacity = self.interval * self.burst;
        // Another configuration may have made the bucket smaller.
        let missing = full_at.since(now).min(capacity);
        let after = missing + self.interval;
        if after <= capacity { Ok(now.plus(after)) } else { Err(after.saturating_sub(capacity)) }
    }
}

/// What is left for whom. When the memory is full, the subjects that came least recently are forgotten, and may come anew.
#[derive(Debug)]
pub(crate) struct Buckets {
    hasher: RandomState,
    most: usize,
    /// When the halves last changed places.
    turned: BootTime,
    /// When the bucket of each subject is full again.
    current: HashMap<u64, BootTime>,
    before: HashMap<u64, BootTime>,
}

impl Default for Buckets {
    fn default() -> Self {
        Self::of(MAX_SUBJECTS)
    }
}

impl Buckets {
    /// A memory of twice `most` subjects.
    fn of(most: usize) -> Self {
        let (current, before) = Default::default();
        Self { hasher: RandomState::new(), most, turned: BootTime::default(), current, before }
    }

    /// Counts a request of an issuer's subject.
    ///
    /// # Errors
    /// It is one too many; how long to wait for the next.
    pub(crate) fn take(&mut self, limit: &Limit, issuer: &str, subject: &str, now: BootTime) -> Result<(), Duration> {
        self.turn(now);
        let key = self.hasher.hash_one((&limit.name, issuer, subject));
        let known = self.current.get(&key).copied();
        let known = known.or_else(|| self.before.remove(&key)).unwrap_or_default();
        let taken = limit.take(known, now);
        self.current.insert(key, taken.unwrap_or(known));
        taken.map(drop)
    }

    /// Forgets the older half when its buckets are full again anyway, or when its place is needed.
    fn turn(&mut self, now: BootTime) {
        let is_over = now.since(self.turned).as_secs() >= MAX_LIMIT_SECONDS;
        if is_over || self.current.len() >= self.most {
            self.before = mem::take(&mut self.current);
            self.turned = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(milliseconds: u64) -> BootTime {
        BootTime::from_nanos((1_000_000 + milliseconds) * 1_000_000)
    }

    fn limit(requests: u32, seconds: u64, burst: Option<u32>) -> Limit {
        Limit::new("some", requests, seconds, burst).unwrap()
    }

    #[test]
    fn a_burst_passes_and_then_one_for_each_interval() {
        let (mut buckets, limit) = (Buckets::of(10), limit(10, 20, Some(3)));
        let mut take = |now| buckets.take(&limit, "i", "alice", at(now));
        assert_eq!([take(0), take(0), take(500)], [Ok(()); 3]);
        assert_eq!(take(500), Err(Duration::from_millis(1500)));
        assert_eq!(take(1999), Err(Duration::from_millis(1)));
        assert_eq!(take(2000), Ok(()), "what was refused has cost nothing");
        assert_eq!(take(2000), Err(Duration::from_secs(2)));
        assert_eq!([take(60_000), take(60_000), take(60_000)], [Ok(()); 3]);
        assert!(take(60_000).is_err(), "a bucket that is full takes no more");
    }

    #[test]
    fn each_limit_issuer_and_subject_has_a_bucket_of_its_own() {
        let (mut buckets, one) = (Buckets::of(10), limit(1, 60, None));
        let other = Limit::new("other", 1, 60, None).unwrap();
        for (limit, issuer, subject) in [
            (&one, "i", "alice"),
            (&one, "i", "bob"),
            (&one, "j", "alice"),
            (&other, "i", "alice"),
            (&one, "ia", "lice"),
        ] {
            assert_eq!(buckets.take(limit, issuer, subject, at(0)), Ok(()), "{issuer} {subject}");
        }
        assert!(buckets.take(&one, "i", "alice", at(0)).is_err());
    }

    #[test]
    fn the_memory_is_bounded_and_forgets_whoever_came_least_recently() {
        let (mut buckets, limit) = (Buckets::of(10), limit(1, 3600, None));
        for n in 0..1_000 {
            assert_eq!(buckets.take(&limit, "i", &n.to_string(), at(n)), Ok(()));
            if n > 0 {
                assert!(buckets.take(&limit, "i", "0", at(n)).is_err(), "whoever goes on coming is not forgotten");
            }
            assert!(buckets.current.len() + buckets.before.len() <= 20);
        }
        assert_eq!(buckets.take(&limit, "i", "1", at(1_000)), Ok(()));
    }

    #[test]
    fn what_is_forgotten_with_time_was_full_again() {
        let (mut buckets, limit) = (Buckets::of(10), limit(2, MAX_LIMIT_SECONDS, None));
        let half = MAX_LIMIT_SECONDS * 500;
        let mut take = |now| buckets.take(&limit, "i", "alice", at(now)).is_ok();
        assert_eq!([take(0), take(half - 1), take(half - 1), take(half)], [true, true, false, true]);
        assert_eq!([take(2 * half - 1), take(2 * half), take(2 * half)], [false, true, false]);
        buckets.take(&limit, "i", "bob", at(100 * half)).unwrap();
        buckets.take(&limit, "i", "bob", at(200 * half)).unwrap();
        assert_eq!((buckets.current.len(), buckets.before.len()), (1, 0));
    }

    #[test]
    fn a_smaller_limit_of_the_same_name_makes_nobody_wait_for_the_greater_one() {
        let mut buckets = Buckets::of(10);
        let (slow, fast) = (limit(1, 3600, None), limit(10, 10, Some(1)));
        buckets.take(&slow, "i", "alice", at(0)).unwrap();
        assert_eq!(buckets.take(&fast, "i", "alice", at(0)), Err(Duration::from_secs(1)));
    }

    #[test]
    fn numbers_that_make_no_limit_are_refused() {
        let new = |requests, seconds, burst| Limit::new("x", requests, seconds, burst).map(drop);
        assert_eq!([new(0, 1, None), new(MAX_LIMIT_REQUESTS + 1, 1, None)], [Err(BadLimit::Requests); 2]);
        assert_eq!([new(1, 0, None), new(1, MAX_LIMIT_SECONDS + 1, None)], [Err(BadLimit::Seconds); 2]);
        assert_eq!([new(1, 1, Some(0)), new(1, 1, Some(2))], [Err(BadLimit::Burst); 2]);
        assert_eq!(new(MAX_LIMIT_REQUESTS, MAX_LIMIT_SECONDS, Some(MAX_LIMIT_REQUESTS)), Ok(()));
    }

    proptest! {
        #[test]
        fn no_span_of_time_has_more_than_the_burst_and_what_has_come_back(
            requests in 1..50_u32,
            seconds in 1..100_u64,
            burst in 1..50_u32,
            pauses in prop::collection::vec(0..3_000_u64, 1..200),
        ) {
            let limit = limit(requests, seconds, Some(burst.min(requests)));
            let mut buckets = Buckets::of(10);
            let mut now = 0;
            let mut passed: Vec<u64> = Vec::new();
            for pause in pauses {
                now += pause;
                if buckets.take(&limit, "i", "alice", at(now)).is_ok() {
                    passed.push(now);
                }
            }
            for (first, from) in passed.iter().enumerate() {
                for (count, to) in passed[first..].iter().enumerate() {
                    let back = Duration::from_millis(to - from).as_nanos() / limit.interval.as_nanos();
                    prop_assert!((count as u128) < u128::from(limit.burst) + back);
                }
            }
        }
    }
}

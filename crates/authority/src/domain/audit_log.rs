//! The audit log: what was done, by whom, to what, in a chain of hashes, so that a changed, missing or moved entry shows.
//!
//! Each entry's hash is the SHA-256 of the hash before it and of everything that the entry says. Whoever can write to the store
//! could make the whole chain anew: keep the hash of its head elsewhere, and it must be in the chain later.

use core::fmt;

use aws_lc_rs::digest::{Context, SHA256};
use probity_jose::{UnixTime, base64url};

/// The longest text in an entry that comes from a request, in bytes; what is longer is cut.
pub const MAX_TEXT_BYTES: usize = 512;

/// The most faults that one verification tells.
pub const MAX_FAULTS: usize = 100;

/// What was done. Never holds a secret: actors and targets are identifiers, details are names of what has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Who: `admin:CLIENT_ID`, `client:CLIENT_ID`, `user:SUB` or `authority`.
    pub actor: String,
    /// What, as `thing.happened`.
    pub action: &'static str,
    /// To what.
    pub target: String,
    /// What more there is to say; may be empty.
    pub details: String,
}

impl Event {
    /// Something that was done to a target.
    pub fn new(actor: impl Into<String>, action: &'static str, target: &str) -> Self {
        Self { actor: actor.into(), action, target: cut(target), details: String::new() }
    }

    /// The same with more to say.
    #[must_use]
    pub fn with(self, details: &str) -> Self {
        Self { details: cut(details), ..self }
    }
}

/// The hash of an entry and, by it, of all before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ChainHash([u8; 32]);

impl ChainHash {
    /// Reads what is displayed; nothing when it is not that.
    pub fn parse(text: &str) -> Option<Self> {
        base64url::decode(text).ok()?.try_into().ok().map(Self)
    }
}

impl fmt::Display for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base64url::encode(&self.0))
    }
}

/// An entry of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place, from 1, without gaps.
    pub number: u64,
    /// When it was written.
    pub time: UnixTime,
    /// [`Event::actor`].
    pub actor: String,
    /// [`Event::action`].
    pub action: String,
    /// [`Event::target`].
    pub target: String,
    /// [`Event::details`].
    pub details: String,
    /// What the log says that its hash is.
    pub hash: ChainHash,
}

impl Entry {
    /// The hash that it must have after the one before.
    pub fn hash_after(&self, before: ChainHash) -> ChainHash {
        let mut context = Context::new(&SHA256);
        context.update(LABEL);
        context.update(&before.0);
        context.update(&self.number.to_be_bytes());
        context.update(&self.time.as_secs().to_be_bytes());
        for text in [&self.actor, &self.action, &self.target, &self.details] {
            // The length keeps `ab` + `c` apart from `a` + `bc`.
            context.update(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(text.as_bytes());
        }
        let mut hash = [0; 32];
        hash.iter_mut().zip(context.finish().as_ref()).for_each(|(to, from)| *to = *from);
        ChainHash(hash)
    }
}

/// The end of a log: the number of its last entry and its hash. Written as `NUMBER:HASH`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Head {
    /// 0 when there is no entry.
    pub number: u64,
    /// Of the last entry.
    pub hash: ChainHash,
}

impl Head {
    /// Reads what is displayed; nothing when it is not that.
    pub fn parse(text: &str) -> Option<Self> {
        let (number, hash) = text.split_once(':')?;
        Some(Self { number: number.parse().ok()?, hash: ChainHash::parse(hash)? })
    }

    /// The entry that follows.
    pub fn next(self, event: Event, time: UnixTime) -> Entry {
        let Event { actor, action, target, details } = event;
        let (number, action) = (self.number + 1, action.to_owned());
        let entry = Entry { number, time, actor, action, target, details, hash: ChainHash::default() };
        Entry { hash: entry.hash_after(self.hash), ..entry }
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.number, self.hash)
    }
}

/// What is wrong with a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Entries are not there.
    #[error("entries {from} to {to} are missing")]
    Missing {
        /// The first.
        from: u64,
        /// The last.
        to: u64,
    },
    /// An entry is not what was written after the one before it.
    #[error("entry {0} has been altered, or the one before it has been replaced")]
    Altered(u64),
    /// An entry stands where it can't.
    #[error("entry {0} is out of order")]
    Misplaced(u64),
    /// The log does not end where the store says that it does.
    #[error("the log ends with entry {found}, and the store says that it ended as {stored}")]
    OtherEnd {
        /// The number of the last entry.
        found: u64,
        /// What the store says.
        stored: Head,
    },
    /// A head that was kept elsewhere is not in the chain.
    #[error("entry {0} does not have the hash that was kept: the log has been written anew")]
    OtherHistory(u64),
}

/// Goes along a log in the order of its numbers and notes what is wrong.
#[derive(Debug, Clone, Default)]
pub struct Verification {
    head: Head,
    kept: Option<Head>,
    faults: Vec<Fault>,
}

impl Verification {
    /// A verification that also looks for a head that was kept elsewhere.
    pub fn new(kept: Option<Head>) -> Self {
        Self { kept, ..Self::default() }
    }

    /// Looks at the next entry.
    pub fn entry(&mut self, entry: &Entry) {
        let expected = self.head.number + 1;
        if entry.number < expected {
            return self.fault(Fault::Misplaced(entry.number));
        }
        if entry.number > expected {
            self.fault(Fault::Missing { from: expected, to: entry.number - 1 });
        } else if entry.hash_after(self.head.hash) != entry.hash {
            self.fault(Fault::Altered(entry.number));
        }
        if self.kept.is_some_and(|kept| kept.number == entry.number && kept.hash != entry.hash) {
            self.fault(Fault::OtherHistory(entry.number));
        }
        // On with what is there, so that what is wrong further on is told too.
        self.head = Head { number: entry.number, hash: entry.hash };
    }

    /// Where the log ends, and everything that is wrong with it, when the store says that it ends at `stored`.
    pub fn finish(mut self, stored: Head) -> (Head, Vec<Fault>) {
        if self.head != stored {
            self.fault(Fault::OtherEnd { found: self.head.number, stored });
        }
        if let Some(kept) = self.kept.filter(|kept| kept.number > self.head.number) {
            self.fault(Fault::Missing { from: self.head.number + 1, to: kept.number });
        }
        (self.head, self.faults)
    }

    fn fault(&mut self, fault: Fault) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(fault);
        }
    }
}

const LABEL: &[u8] = b"probity audit log 1";

fn cut(text: &str) -> String {
    text.get(..text.floor_char_boundary(MAX_TEXT_BYTES)).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(count: u64) -> (Vec<Entry>, Head) {
        let mut head = Head::default();
        let entries = (1..=count).map(|number| {
            let event = Event::new("admin:a", "user.changed", &format!("u{number}")).with("disabled");
            let entry = head.next(event, UnixTime::from_secs(1_000 + number));
            head = Head { number: entry.number, hash: entry.hash };
            entry
        });
        (entries.collect(), head)
    }

    fn faults(entries: &[Entry], stored: Head, kept: Option<Head>) -> Vec<Fault> {
        let mut verification = Verification::new(kept);
        entries.iter().for_each(|entry| verification.entry(entry));
        verification.finish(stored).1
    }

    #[test]
    fn a_log_that_nobody_has_touched_is_good_up_to_a_head_that_was_kept() {
        let (entries, head) = log(5);
        let early = Head { number: 2, hash: entries[1].hash };
        assert_eq!(faults(&entries, head, None), []);
        assert_eq!(faults(&entries, head, Some(early)), []);
        assert_eq!(Head::parse(&head.to_string()), Some(head));
        assert_eq!(faults(&[], Head::default(), None), []);
    }

    #[test]
    fn each_thing_that_an_entry_says_can_not_be_altered_unnoticed() {
        let changes: [fn(&mut Entry); 7] = [
            |entry| entry.time = entry.time.plus(1),
            |entry| entry.actor = "admin:b".into(),
            |entry| entry.action = "user.added".into(),
            |entry| entry.target.push('x'),
            |entry| entry.details.clear(),
            |entry| entry.hash = ChainHash::default(),
            // The boundary between two texts moves.
            |entry| {
                entry.target.push('d');
                entry.details.remove(0);
            },
        ];
        for (at, change) in changes.iter().enumerate() {
            let (mut entries, head) = log(5);
            change(&mut entries[2]);
            assert!(faults(&entries, head, None).contains(&Fault::Altered(3)), "change {at}");
        }
    }

    #[test]
    fn a_removed_a_moved_and_a_last_entry_that_is_gone_are_told() {
        let (entries, head) = log(5);
        let without = |number: u64| entries.iter().filter(|entry| entry.number != number).cloned().collect::<Vec<_>>();
        assert_eq!(faults(&without(3), head, None), [Fault::Missing { from: 3, to: 3 }]);
        assert_eq!(faults(&without(5), head, None), [Fault::OtherEnd { found: 4, stored: head }]);
        let mut renumbered = without(3);
        renumbered[2].number = 3;
        assert!(faults(&renumbered, head, None).contains(&Fault::Altered(3)));
        let mut swapped = entries.clone();
        swapped.swap(1, 2);
        (swapped[1].number, swapped[2].number) = (2, 3);
        assert_eq!(faults(&swapped, head, None)[0], Fault::Altered(2));
        let twice = [&entries[..], &entries[4..]].concat();
        assert_eq!(faults(&twice, head, None), [Fault::Misplaced(5)]);
    }

    #[test]
    fn a_log_that_was_written_anew_does_not_have_the_head_that_was_kept() {
        let (entries, kept) = log(3);
        let mut head = Head::default();
        let anew: Vec<_> = (entries[1..].iter())
            .map(|entry| {
                let entry = head.next(Event::new("admin:b", "user.added", &entry.target), entry.time);
                head = Head { number: entry.number, hash: entry.hash };
                entry
            })
            .collect();
        assert_eq!(faults(&anew, head, None), [], "the chain alone can't tell");
        assert_eq!(faults(&anew, head, Some(kept)), [Fault::Missing { from: 3, to: 3 }]);
        let early = Head { number: 1, hash: entries[0].hash };
        assert_eq!(faults(&anew, head, Some(early)), [Fault::OtherHistory(1)]);
    }
}

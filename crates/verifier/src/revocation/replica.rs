//! Every live revocation in memory, and the answer in nanoseconds whether a token is hit.
//!
//! One bit per revoked session, in lists that expire as a whole; small exact maps for the rest. Readers take no lock
//! and allocate nothing while a writer applies records. The set only grows until records lapse, so a reader that sees
//! half of a batch sees a state that is no less strict than the one before.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use probity_jose::UnixTime;

use super::record::{Revocation, SessionIndex, Target};

/// How long a record stays after it has lapsed, in seconds: more than any verifier's leeway and any clock difference
/// that a verifier tolerates.
pub const LAPSE_GRACE_SECONDS: u64 = 300;

/// What the revocation check needs to know of a verified token.
#[derive(Debug, Clone, Copy)]
pub struct TokenFacts<'a> {
    /// `iss`.
    pub issuer: &'a str,
    /// `kid` of the key that signed it.
    pub key: Option<&'a str>,
    /// `sub`.
    pub subject: &'a str,
    /// `client_id`.
    pub client: Option<&'a str>,
    /// `jti`.
    pub token: Option<&'a str>,
    /// `iat`; a token that does not say when it was issued is as old as the epoch.
    pub issued: UnixTime,
    /// `exp`.
    pub expires: UnixTime,
    /// `family`: which grant it was issued from.
    pub family: Option<&'a str>,
    /// `sid`.
    pub session_id: Option<&'a str>,
    /// The session's place in the authority's lists.
    pub session: Option<SessionIndex>,
}

/// Which revocation hit a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Level {
    /// Its session has ended.
    Session,
    /// Everything of its subject up to a moment is dead.
    Subject,
    /// Everything of its client up to a moment is dead.
    Client,
    /// The grant from which it was issued is dead.
    Family,
    /// This very token is dead.
    Token,
    /// The key that signed it is dead.
    Key,
    /// Everything of its issuer up to a moment is dead.
    Everything,
    /// It expired so long ago, by a clock of the guard or the authority, that what was said of it may be forgotten.
    Lapsed,
}

impl Level {
    /// The stable code for logs and answers.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Session => "revoked.session",
            Self::Subject => "revoked.subject",
            Self::Client => "revoked.client",
            Self::Family => "revoked.family",
            Self::Token => "revoked.token",
            Self::Key => "revoked.key",
            Self::Everything => "revoked.everything",
            Self::Lapsed => "revoked.lapsed",
        }
    }
}

/// A copy of all revocations of one authority.
#[derive(Debug)]
pub struct Replica {
    issuer: Box<str>,
    lists: ArcSwap<BTreeMap<u32, Arc<SessionList>>>,
    own: Names,
    foreign: papaya::HashMap<Box<str>, Arc<Names>>,
    /// Of what lapsed at or before this, records may be missing: a token that expired by then is refused, whatever a clock
    /// that was set back says.
    horizon: AtomicU64,
    /// Held by whoever changes the replica; readers never touch it.
    writer: Mutex<()>,
}

impl Replica {
    /// An empty replica of the authority whose issuer identifier is `issuer`.
    pub fn new(issuer: impl Into<Box<str>>) -> Self {
        Self {
            issuer: issuer.into(),
            lists: ArcSwap::default(),
            own: Names::default(),
            foreign: papaya::HashMap::new(),
            horizon: AtomicU64::new(0),
            writer: Mutex::new(()),
        }
    }

    /// The issuer whose revocations carry no issuer of their own.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Which revocation hits the token, if any does. Takes no lock, allocates nothing, makes no system call.
    pub fn check(&self, token: &TokenFacts<'_>) -> Option<Level> {
        let level = if token.issuer == &*self.issuer {
            if token.session.is_some_and(|place| self.session_is_revoked(place)) {
                return Some(Level::Session);
            }
            self.own.check(token)
        } else {
            self.foreign.pin().get(token.issuer).and_then(|names| names.check(token))
        };
        // Last: `forget` moves the horizon before it drops anything, so what was missed above lies behind it.
        level.or_else(|| (token.expires <= self.horizon()).then_some(Level::Lapsed))
    }

    /// Up to which expiry records may be missing: a token that expires later is judged by all that was ever said of it.
    pub fn horizon(&self) -> UnixTime {
        UnixTime::from_secs(self.horizon.load(Ordering::Acquire))
    }

    /// Says that every record that lapses after `horizon` is there.
    pub fn complete(&self, horizon: UnixTime) {
        self.horizon.store(horizon.as_secs(), Ordering::Release);
    }

    /// Whether the session at this place has been revoked.
    pub fn session_is_revoked(&self, place: SessionIndex) -> bool {
        self.lists.load().get(&place.list).is_some_and(|list| list.get(place.index))
    }

    /// The highest watermark that concerns a token of the authority for this subject and client: one issued at or before it
    /// is dead.
    pub fn watermark(&self, subject: &str, client: &str) -> Option<UnixTime> {
        let subject = self.own.subjects.pin().get(subject).map(|mark| mark.through);
        let client = self.own.clients.pin().get(client).map(|mark| mark.through);
        [subject, client, self.own.everything()].into_iter().flatten().max()
    }

    /// Adds one revocation. Adding it again, early or late changes nothing.
    pub fn apply(&self, revocation: &Revocation) {
        let _writing = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        match (&revocation.issuer, &revocation.target) {
            (None, Target::Session(place)) => self.set_session(*place),
            (Some(issuer), _) if **issuer != *self.issuer => {
                let foreign = self.foreign.pin();
                foreign.get_or_insert_with(issuer.as_str().into(), Arc::default).apply(revocation);
            }
            _ => self.own.apply(revocation),
        }
    }

    fn set_session(&self, place: SessionIndex) {
        let lists = self.lists.load_full();
        if let Some(list) = lists.get(&place.list)
            && list.set(place.index)
        {
            return;
        }
        // The list is new or too short: readers keep the old one until the longer one is in its place.
        let longer = SessionList::holding(place.index, lists.get(&place.list).map(Arc::as_ref));
        longer.set(place.index);
        let mut changed = BTreeMap::clone(&lists);
        changed.insert(place.list, Arc::new(longer));
        self.lists.store(Arc::new(changed));
    }

    /// Drops what has lapsed at `horizon`: whole session lists, and each record whose tokens have all expired.
    pub fn forget(&self, horizon: UnixTime) {
        let _writing = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        self.horizon.fetch_max(horizon.as_secs(), Ordering::AcqRel);
        let lists = self.lists.load_full();
        if lists.keys().any(|list| SessionIndex::list_expires(*list) <= horizon) {
            let kept = lists.iter().filter(|(list, _)| SessionIndex::list_expires(**list) > horizon);
            self.lists.store(Arc::new(kept.map(|(list, bits)| (*list, Arc::clone(bits))).collect()));
        }
        self.own.forget(horizon);
        for (_, names) in &self.foreign.pin() {
            names.forget(horizon);
        }
    }

    /// Every revocation in it, in no order: what a snapshot holds.
    pub fn records(&self) -> Vec<Revocation> {
        let mut records = Vec::new();
        for (list, bits) in &**self.lists.load() {
            let expires = SessionIndex::list_expires(*list);
            let sessions = bits.indices().map(|index| Target::Session(SessionIndex { list: *list, index }));
            records.extend(sessions.map(|target| Revocation::own(target, expires)));
        }
        self.own.records(None, &mut records);
        for (issuer, names) in &self.foreign.pin() {
            names.records(Some(issuer), &mut records);
        }
        records
    }

    /// How many revocations it holds.
    pub fn len(&self) -> usize {
        let sessions: usize = self.lists.load().values().map(|list| list.count()).sum();
        let foreign: usize = self.foreign.pin().values().map(|names| names.len()).sum();
        sessions + self.own.len() + foreign
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The sessions that expire within one hour, a bit each; set means revoked.
#[derive(Debug)]
struct SessionList {
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

/// Tokens issued at or before `through` are dead; the record may go when `expires` has passed.
#[derive(Debug, Clone, Copy)]
struct Watermark {
    through: UnixTime,
    expires: UnixTime,
}

impl Watermark {
    fn merge(self, other: Self) -> Self {
        Self { through: self.through.max(other.through), expires: self.expires.max(other.expires) }
    }
}

type NameTarget = fn(String) -> Target;
type Dead = papaya::HashMap<Box<str>, UnixTime>;
type Watermarks = papaya::HashMap<Box<str>, Watermark>;

/// The named revocations of one issuer.
#[derive(Debug, Default)]
struct Names {
    tokens: Dead,
    families: Dead,
    sessions: Dead,
    keys: Dead,
    subjects: Watermarks,
    clients: Watermarks,
    /// Two atomics, not one value: `through` is written first and only grows, and a reader needs nothing else.
    /// Zero expiry: no such record.
    everything_through: AtomicU64,
    everything_expires: AtomicU64,
}

impl Names {
    fn check(&self, token: &TokenFacts<'_>) -> Option<Level> {
        let dead =
            |map: &Dead, name: Option<&str>| name.is_some_and(|name| !map.is_empty() && map.pin().contains_key(name));
        let before = |map: &Watermarks, name: Option<&str>| {
            name.is_some_and(|name| {
                !map.is_empty() && map.pin().get(name).is_some_and(|mark| token.issued <= mark.through)
            })
        };
        // A token without `iat` counts as issued at the epoch.
        if self.everything().is_some_and(|through| token.issued <= through) {
            Some(Level::Everything)
        } else if dead(&self.keys, token.key) {
            Some(Level::Key)
        } else if before(&self.subjects, Some(token.subject)) {
            Some(Level::Subject)
        } else if before(&self.clients, token.client) {
            Some(Level::Client)
        } else if dead(&self.sessions, token.session_id) {
            Some(Level::Session)
        } else if dead(&self.families, token.family) {
            Some(Level::Family)
        } else if dead(&self.tokens, token.token) {
            Some(Level::Token)
        } else {
            None
        }
    }

    fn apply(&self, revocation: &Revocation) {
        let expires = revocation.expires;
        let add = |map: &Dead, name: &str| {
            let map = map.pin();
            let later = map.get(name).map_or(expires, |known| expires.max(*known));
            map.insert(name.into(), later);
        };
        let raise = |map: &Watermarks, name: &str, through: UnixTime| {
            let map = map.pin();
            let mark = Watermark { through, expires };
            let higher = map.get(name).map_or(mark, |known| mark.merge(*known));
            map.insert(name.into(), higher);
        };
        match &revocation.target {
            // A place in the lists means nothing at a foreign issuer; `Replica::apply` handles our own.
            Target::Session(_) => {}
            Target::SessionId(name) => add(&self.sessions, name),
            Target::Family(name) => add(&self.families, name),
            Target::Token(name) => add(&self.tokens, name),
            Target::Key(name) => add(&self.keys, name),
            Target::Subject { subject, through } => raise(&self.subjects, subject, *through),
            Target::Client { client, through } => raise(&self.clients, client, *through),
            Target::Everything { through } => {
                self.everything_through.fetch_max(through.as_secs(), Ordering::Release);
                self.everything_expires.fetch_max(expires.as_secs().max(1), Ordering::Release);
            }
        }
    }

    /// Up to when everything is dead, if that was ever said.
    fn everything(&self) -> Option<UnixTime> {
        let said = self.everything_expires.load(Ordering::Acquire) != 0;
        said.then(|| UnixTime::from_secs(self.everything_through.load(Ordering::Acquire)))
    }

    fn forget(&self, horizon: UnixTime) {
        for map in [&self.tokens, &self.families, &self.sessions, &self.keys] {
            map.pin().retain(|_, expires| *expires > horizon);
        }
        for map in [&self.subjects, &self.clients] {
            map.pin().retain(|_, mark| mark.expires > horizon);
        }
        if self.everything_expires.load(Ordering::Acquire) <= horizon.as_secs() {
            self.everything_expires.store(0, Ordering::Release);
        }
    }

    fn records(&self, issuer: Option<&str>, into: &mut Vec<Revocation>) {
        let issuer = issuer.map(str::to_owned);
        let mut push = |target: Target, expires: UnixTime| {
            into.push(Revocation { issuer: issuer.clone(), target, expires });
        };
        let dead: [(&Dead, NameTarget); 4] = [
            (&self.tokens, Target::Token),
            (&self.families, Target::Family),
            (&self.sessions, Target::SessionId),
            (&self.keys, Target::Key),
        ];
        for (map, target) in dead {
            for (name, expires) in &map.pin() {
                push(target(name.to_string()), *expires);
            }
        }
        for (name, mark) in &self.subjects.pin() {
            push(Target::Subject { subject: name.to_string(), through: mark.through }, mark.expires);
        }
        for (name, mark) in &self.clients.pin() {
            push(Target::Client { client: name.to_string(), through: mark.through }, mark.expires);
        }
        if let Some(through) = self.everything() {
            let expires = self.everything_expires.load(Ordering::Acquire);
            push(Target::Everything { through }, UnixTime::from_secs(expires));
        }
    }

    fn len(&self) -> usize {
        let dead = [&self.tokens, &self.families, &self.sessions, &self.keys].map(papaya::HashMap::len);
        let marks = [&self.subjects, &self.clients].map(papaya::HashMap::len);
        let everything = usize::from(self.everything().is_some());
        dead.iter().chain(&marks).sum::<usize>() + everything
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::any_revocation;
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    #[test]
    fn the_watermark_of_a_token_is_the_highest_that_concerns_it() {
        let replica = Replica::new(ISSUER);
        assert_eq!(replica.watermark("u", "c"), None);
        let subject = Target::Subject { subject: "u".into(), through: at(100) };
        replica.apply(&Revocation::own(subject, at(4_000)));
        assert_eq!((replica.watermark("u", "c"), replica.watermark("other", "c")), (Some(at(100)), None));
        let client = Target::Client { client: "c".into(), through: at(105) };
        replica.apply(&Revocation::own(client, at(4_000)));
        assert_eq!(replica.watermark("u", "c"), Some(at(105)));
        replica.apply(&Revocation::own(Target::Everything { through: at(110) }, at(4_000)));
        assert_eq!(replica.watermark("other", "other"), Some(at(110)));
    }

    const ISSUER: &str = "https://as.example";
    const PLACE: SessionIndex = SessionIndex { list: 10, index: 70 };

    fn at(seconds: u64) -> UnixTime {
        UnixTime::from_secs(seconds)
    }

    fn token() -> TokenFacts<'static> {
        TokenFacts {
            issuer: ISSUER,
            key: Some("k1"),
            subject: "alice",
            client: Some("app"),
            token: Some("jti-1"),
            issued: at(1_000),
            expires: at(90_000),
            family: Some("f1"),
            session_id: Some("s1"),
            session: Some(PLACE),
        }
    }

    fn after(targets: &[Target]) -> Option<Level> {
        let replica = Replica::new(ISSUER);
        targets.iter().for_each(|target| replica.apply(&Revocation::own(target.clone(), at(9_000))));
        replica.check(&token())
    }

    #[test]
    fn each_level_alone_revokes_and_its_neighbour_does_not() {
        let subject = |name: &str, through| Target::Subject { subject: name.into(), through: at(through) };
        let client = |name: &str, through| Target::Client { client: name.into(), through: at(through) };
        let cases = [
            (Target::Session(PLACE), Target::Session(SessionIndex { index: 71, ..PLACE }), Level::Session),
            (Target::Session(PLACE), Target::Session(SessionIndex { list: 11, ..PLACE }), Level::Session),
            (Target::SessionId("s1".into()), Target::SessionId("s2".into()), Level::Session),
            (Target::Family("f1".into()), Target::Family("f2".into()), Level::Family),
            (Target::Token("jti-1".into()), Target::Token("jti-2".into()), Level::Token),
            (Target::Key("k1".into()), Target::Key("k2".into()), Level::Key),
            (subject("alice", 1_000), subject("alice", 999), Level::Subject),
            (subject("alice", 2_000), subject("bob", 2_000), Level::Subject),
            (client("app", 1_000), client("app", 999), Level::Client),
            (Target::Everything { through: at(1_000) }, Target::Everything { through: at(999) }, Level::Everything),
        ];
        for (hit, miss, level) in cases {
            assert_eq!(after(std::slice::from_ref(&hit)), Some(level), "{hit:?}");
            assert_eq!(after(std::slice::from_ref(&miss)), None, "{miss:?}");
        }
    }

    #[test]
    fn a_lower_watermark_never_lowers_a_higher_one() {
        let mark = |through| Target::Subject { subject: "alice".into(), through: at(through) };
        assert_eq!(after(&[mark(1_500), mark(10)]), Some(Level::Subject));
        assert_eq!(after(&[mark(10), mark(1_500)]), Some(Level::Subject));
    }

    #[test]
    fn a_miss_on_one_level_never_masks_a_hit_on_another() {
        let miss = Target::Subject { subject: "alice".into(), through: at(10) };
        assert_eq!(after(&[miss.clone(), Target::Everything { through: at(1_000) }]), Some(Level::Everything));
        assert_eq!(
            after(&[Target::Everything { through: at(5) }, Target::Token("jti-1".into()), miss]),
            Some(Level::Token)
        );
    }

    #[test]
    fn a_foreign_revocation_hits_that_issuers_token_only() {
        let replica = Replica::new(ISSUER);
        let foreign = "https://idp.example";
        replica.apply(&Revocation {
            issuer: Some(foreign.into()),
            target: Target::Token("jti-1".into()),
            expires: at(9_000),
        });
        assert_eq!(replica.check(&token()), None);
        assert_eq!(replica.check(&TokenFacts { issuer: foreign, ..token() }), Some(Level::Token));
        assert_eq!(replica.check(&TokenFacts { issuer: "https://third.example", ..token() }), None);
    }

    #[test]
    fn a_foreign_token_never_hits_a_place_in_our_lists() {
        let replica = Replica::new(ISSUER);
        replica.apply(&Revocation::own(Target::Session(PLACE), at(36_000)));
        assert_eq!(replica.check(&TokenFacts { issuer: "https://idp.example", ..token() }), None);
    }

    #[test]
    fn a_record_stays_until_its_tokens_have_expired_and_then_goes() {
        let replica = Replica::new(ISSUER);
        replica.apply(&Revocation::own(Target::Token("jti-1".into()), at(2_000)));
        replica.apply(&Revocation::own(Target::Session(PLACE), SessionIndex::list_expires(PLACE.list)));
        replica.forget(at(1_999));
        assert_eq!(replica.len(), 2);
        replica.forget(at(2_000));
        assert_eq!(replica.check(&TokenFacts { session: None, ..token() }), None);
        assert_eq!(replica.len(), 1);
        replica.forget(at(36_000));
        assert!(replica.is_empty());
    }

    #[test]
    fn a_token_whose_revocation_may_be_forgotten_is_refused_whatever_the_clock_says() {
        let replica = Replica::new(ISSUER);
        let expires = at(2_000);
        replica.apply(&Revocation::own(Target::Token("jti-1".into()), expires));
        replica.forget(expires);
        assert!(replica.is_empty());
        assert_eq!(replica.check(&TokenFacts { expires, ..token() }), Some(Level::Lapsed));
        assert_eq!(replica.check(&TokenFacts { expires: expires.plus(1), ..token() }), None);
        // Loaded anew, it knows of these tokens again.
        replica.complete(at(1_999));
        assert_eq!(replica.check(&TokenFacts { expires, ..token() }), None);
    }

    #[test]
    fn a_repeated_record_with_an_earlier_expiry_does_not_shorten_the_first() {
        let replica = Replica::new(ISSUER);
        for expires in [5_000, 2_000] {
            replica.apply(&Revocation::own(Target::Token("jti-1".into()), at(expires)));
        }
        replica.forget(at(4_000));
        assert_eq!(replica.check(&token()), Some(Level::Token));
    }

    #[test]
    fn readers_see_every_session_while_a_list_grows() {
        let replica = Replica::new(ISSUER);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for index in 0..50_000 {
                    replica.apply(&Revocation::own(Target::Session(SessionIndex { list: 7, index }), at(25_200)));
                }
            });
            scope.spawn(|| {
                // What has once been seen revoked stays revoked.
                let mut revoked = 0;
                while revoked < 50_000 {
                    let place = SessionIndex { list: 7, index: revoked };
                    if replica.session_is_revoked(place) {
                        revoked += 1;
                    }
                    let earlier = SessionIndex { list: 7, index: revoked / 2 };
                    assert!(revoked == 0 || replica.session_is_revoked(earlier));
                }
            });
        });
        assert_eq!(replica.len(), 50_000);
    }

    proptest! {
        #[test]
        fn a_snapshot_of_a_replica_rebuilds_it(records in vec(any_revocation(), 0..30)) {
            let first = Replica::new(ISSUER);
            records.iter().for_each(|record| first.apply(record));
            let second = Replica::new(ISSUER);
            first.records().iter().for_each(|record| second.apply(record));
            let sorted = |replica: &Replica| {
                let mut all: Vec<_> = replica.records().iter().map(|record| format!("{record:?}")).collect();
                all.sort();
                all
            };
            prop_assert_eq!(sorted(&first), sorted(&second));
            prop_assert_eq!(first.len(), first.records().len());
        }

        #[test]
        fn order_and_repetition_do_not_matter(records in vec(any_revocation(), 0..12), seed in any::<u64>()) {
            let ordered = Replica::new(ISSUER);
            records.iter().for_each(|record| ordered.apply(record));
            let mut shuffled = records.clone();
            shuffled.extend(records.iter().take(3).cloned());
            let length = shuffled.len().max(1);
            shuffled.rotate_left(usize::try_from(seed % length as u64).unwrap());
            shuffled.reverse();
            let other = Replica::new(ISSUER);
            shuffled.iter().for_each(|record| other.apply(record));
            let sorted = |replica: &Replica| {
                let mut all: Vec<_> = replica.records().iter().map(|record| format!("{record:?}")).collect();
                all.sort();
                all
            };
            prop_assert_eq!(sorted(&ordered), sorted(&other));
        }
    }
}

//! Every live revocation in memory, and the answer in nanoseconds whether a token is hit.
//!
//! One bit per revoked session, in lists that expire as a whole; small exact maps for the rest. Readers take no lock
//! and allocate nothing while a writer applies records. The set only grows until records lapse, so a reader that sees
//! half of a batch sees a state that is no less strict than the one before.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use probity_jose::UnixTime;

use super::names::Names;
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
    /// Its issuer's status list says that it is not valid.
    StatusList,
    /// It expired so long ago, by a clock of the guard or the authority, that what was said of it may be forgotten.
    Lapsed,
}

impl Level {
    /// Its name alone.
    pub fn name(self) -> &'static str {
        self.code().trim_start_matches("revoked.")
    }

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
            Self::StatusList => "revoked.status_list",
            Self::Lapsed => "revoked.lapsed",
        }
    }
}

/// A copy of all revocations of one authority.
#[derive(Debug)]
pub struct Replica {
    issuer: Box<str>,
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
            self.own.check(token)
        } else {
            self.foreign.pin().get(token.issuer).and_then(|names| names.check(token))
        };
        // Last: `forget` moves the horizon before it drops anything, so what was missed above lies behind it.
        level.or_else(|| (token.expires <= self.horizon()).then_some(Level::Lapsed))
    }

    /// Every level at which records hit the token: for people who want to know why. [`Self::check`] names the first.
    pub fn levels(&self, token: &TokenFacts<'_>) -> Vec<Level> {
        if token.issuer == &*self.issuer {
            self.own.levels(token).collect()
        } else {
            self.foreign.pin().get(token.issuer).map(|names| names.levels(token).collect()).unwrap_or_default()
        }
    }

    /// Whether a key of an issuer has been revoked.
    pub fn key_is_revoked(&self, issuer: &str, kid: &str) -> bool {
        if issuer == &*self.issuer {
            self.own.key_is_revoked(kid)
        } else {
            self.foreign.pin().get(issuer).is_some_and(|names| names.key_is_revoked(kid))
        }
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
        self.own.session_is_revoked(place)
    }

    /// The bits of a session list as a Token Status List has them: the lowest bit of the first byte is index 0. It may be
    /// shorter than the list; what is beyond its end is not revoked.
    pub fn session_bits(&self, list: u32) -> Vec<u8> {
        self.own.session_bits(list)
    }

    /// The highest watermark that concerns a token of the authority for this subject and client: one issued at or before it
    /// is dead.
    pub fn watermark(&self, subject: &str, client: &str) -> Option<UnixTime> {
        self.own.watermark(subject, client)
    }

    /// Adds one revocation. Adding it again, early or late changes nothing.
    pub fn apply(&self, revocation: &Revocation) {
        let _writing = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        match (&revocation.issuer, &revocation.target) {
            (None, Target::Session(place)) => self.own.set_session(*place),
            (Some(issuer), _) if **issuer != *self.issuer => {
                let foreign = self.foreign.pin();
                foreign.get_or_insert_with(issuer.as_str().into(), Arc::default).apply(revocation);
            }
            _ => self.own.apply(revocation),
        }
    }

    /// Drops what has lapsed at `horizon`: whole session lists, and each record whose tokens have all expired.
    pub fn forget(&self, horizon: UnixTime) {
        let _writing = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        self.horizon.fetch_max(horizon.as_secs(), Ordering::AcqRel);
        self.own.forget(horizon);
        for (_, names) in &self.foreign.pin() {
            names.forget(horizon);
        }
    }

    /// Every revocation in it, in no order: what a snapshot holds.
    pub fn records(&self) -> Vec<Revocation> {
        let mut records = Vec::new();
        self.own.records(None, &mut records);
        for (issuer, names) in &self.foreign.pin() {
            names.records(Some(issuer), &mut records);
        }
        records
    }

    /// How many revocations it holds.
    pub fn len(&self) -> usize {
        self.own.len() + self.foreign.pin().values().map(|names| names.len()).sum::<usize>()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
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

    #[test]
    fn every_name_is_found_while_the_filter_grows_and_after_others_lapse() {
        let replica = Replica::new(ISSUER);
        let jti = |n: u64| format!("token-{n:06}");
        let hits = |n: u64| replica.check(&TokenFacts { session: None, token: Some(&jti(n)), ..token() }).is_some();
        for n in 0..5_000 {
            replica.apply(&Revocation::own(Target::Token(jti(n)), at(2_000 + n % 2)));
            assert!(hits(n));
        }
        assert!((0..5_000).all(hits));
        assert!(!(5_000..10_000).any(hits));
        replica.forget(at(2_000));
        assert_eq!(replica.len(), 2_500);
        assert!((0..5_000).all(|n| hits(n) == (n % 2 == 1)));
    }

    #[test]
    fn readers_see_every_name_while_the_filter_grows() {
        let replica = Replica::new(ISSUER);
        let done = std::sync::atomic::AtomicUsize::new(0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for n in 0..20_000 {
                    replica.apply(&Revocation::own(Target::Token(format!("{n}")), at(9_000)));
                    done.store(n + 1, Ordering::Release);
                }
            });
            scope.spawn(|| {
                let mut applied = 0;
                while applied < 20_000 {
                    applied = done.load(Ordering::Acquire);
                    for n in [applied / 2, applied.saturating_sub(1)].into_iter().take(applied) {
                        let name = n.to_string();
                        assert!(replica.check(&TokenFacts { session: None, token: Some(&name), ..token() }).is_some());
                    }
                }
            });
        });
    }

    proptest! {
        #[test]
        fn what_one_record_concerns_is_what_a_replica_with_it_refuses(
            record in any_revocation(), issued in 0_u64..3, foreign in any::<bool>()
        ) {
            let replica = Replica::new(ISSUER);
            replica.apply(&record);
            let name = |target: &Target| match target {
                Target::SessionId(name) | Target::Family(name) | Target::Token(name) | Target::Key(name)
                | Target::Subject { subject: name, .. } | Target::Client { client: name, .. } => name.clone(),
                Target::Session(_) | Target::Everything { .. } => "other".to_owned(),
            };
            let through = match record.target {
                Target::Subject { through, .. } | Target::Client { through, .. } | Target::Everything { through } => through,
                _ => at(5),
            };
            let place = match record.target {
                Target::Session(place) => place,
                _ => PLACE,
            };
            let name = name(&record.target);
            let issuer = if foreign { record.issuer.as_deref().unwrap_or("https://third.example") } else { ISSUER };
            let named = TokenFacts {
                issuer, key: Some(&name), subject: &name, client: Some(&name), token: Some(&name),
                issued: at((through.as_secs() + issued).saturating_sub(1)), expires: at(u64::MAX),
                family: Some(&name), session_id: Some(&name), session: Some(place),
            };
            prop_assert_eq!(record.concerns(&named, ISSUER), replica.check(&named).is_some());
            prop_assert_eq!(replica.levels(&named).first().copied(), replica.check(&named));
            let stranger = TokenFacts { issuer: "https://fourth.example", ..named };
            let concerned = record.concerns(&stranger, ISSUER);
            prop_assert!(!concerned);
        }

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

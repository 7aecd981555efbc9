//! The named revocations of one issuer, and the filter that says in nanoseconds that none of them concerns a token.

use std::sync::atomic::{AtomicU64, Ordering};

use probity_jose::UnixTime;

use super::filter::{Filter, Kind};
use super::marks::{Mark, Marks};
use super::published::Published;
use super::record::{Revocation, SessionIndex, Target};
use super::replica::{Level, TokenFacts};
use super::sessions::SessionLists;

/// The levels of which records speak, in the order in which they are named.
const LEVELS: [Level; 7] =
    [Level::Session, Level::Everything, Level::Key, Level::Subject, Level::Client, Level::Family, Level::Token];

type NameTarget = fn(String) -> Target;

/// What a reader looks at first, in one piece: most tokens are decided by it alone.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    pub(super) lists: SessionLists,
    filter: Filter,
}

impl Index {
    #[cfg(test)]
    pub(super) fn of(lists: SessionLists) -> Self {
        Self { lists, ..Self::default() }
    }

    /// Whether anything in it may concern a token: never wrongly no.
    #[inline]
    fn may_concern(&self, token: &TokenFacts<'_>) -> bool {
        let kinds = self.filter.kinds();
        let may_hold = |kind: Kind, name: Option<&str>| {
            kinds & (1 << kind as u8) != 0 && name.is_some_and(|name| self.filter.may_hold(kind, name))
        };
        // A place in the lists means nothing in a foreign issuer's token: its lists are empty.
        token.session.is_some_and(|place| self.lists.is_revoked(place))
            || may_hold(Kind::Subject, Some(token.subject))
            || may_hold(Kind::Client, token.client)
            || may_hold(Kind::Key, token.key)
            || may_hold(Kind::Token, token.token)
            || may_hold(Kind::Family, token.family)
            || may_hold(Kind::Session, token.session_id)
    }
}

/// The revocations of one issuer. Whoever changes them holds the replica's lock.
#[derive(Debug, Default)]
pub(super) struct Names {
    index: Published,
    // Dead whenever they were issued: of their marks, only the expiry counts.
    tokens: Marks,
    families: Marks,
    sessions: Marks,
    keys: Marks,
    // Watermarks: what was issued later lives.
    subjects: Marks,
    clients: Marks,
    /// Two atomics, not one value: `through` is written first and only grows, and a reader needs nothing else.
    /// Zero expiry: no such record.
    everything_through: AtomicU64,
    everything_expires: AtomicU64,
}

impl Names {
    #[inline]
    pub(super) fn check(&self, token: &TokenFacts<'_>) -> Option<Level> {
        // A token without `iat` counts as issued at the epoch.
        let in_everything = self.everything().is_some_and(|through| token.issued <= through);
        let may_hit = in_everything || self.index.with(|index| index.may_concern(token));
        if may_hit { self.look_up(token) } else { None }
    }

    /// The exact answer, for the few tokens that the filter does not let through at once.
    #[cold]
    fn look_up(&self, token: &TokenFacts<'_>) -> Option<Level> {
        self.levels(token).next()
    }

    /// Every level at which a token is revoked. Exact, and slower than [`Self::check`].
    pub(super) fn levels(&self, token: &TokenFacts<'_>) -> impl Iterator<Item = Level> {
        LEVELS.into_iter().filter(|level| self.hits(token, *level))
    }

    #[inline(never)]
    fn hits(&self, token: &TokenFacts<'_>, level: Level) -> bool {
        // The filter is never wrong when it says no, and quicker than any map.
        let find = |marks: &Marks, kind: Kind, name: Option<&str>| {
            let name = name.filter(|name| self.index.with(|index| index.filter.may_hold(kind, name)))?;
            marks.get(name)
        };
        let dead = |marks: &Marks, kind: Kind, name: Option<&str>| find(marks, kind, name).is_some();
        let before = |marks: &Marks, kind: Kind, name: Option<&str>| {
            find(marks, kind, name).is_some_and(|mark| token.issued <= mark.through)
        };
        match level {
            Level::Session => {
                token.session.is_some_and(|place| self.session_is_revoked(place))
                    || dead(&self.sessions, Kind::Session, token.session_id)
            }
            Level::Everything => self.everything().is_some_and(|through| token.issued <= through),
            Level::Key => dead(&self.keys, Kind::Key, token.key),
            Level::Subject => before(&self.subjects, Kind::Subject, Some(token.subject)),
            Level::Client => before(&self.clients, Kind::Client, token.client),
            Level::Family => dead(&self.families, Kind::Family, token.family),
            Level::Token => dead(&self.tokens, Kind::Token, token.token),
            // Others know of these.
            Level::StatusList | Level::Lapsed => false,
        }
    }

    /// The bits of a session list.
    pub(super) fn session_bits(&self, list: u32) -> Vec<u8> {
        self.index.load().lists.bytes(list)
    }

    /// Whether the session at this place has been revoked.
    pub(super) fn session_is_revoked(&self, place: SessionIndex) -> bool {
        self.index.with(|index| index.lists.is_revoked(place))
    }

    /// Whether a key has been revoked.
    pub(super) fn key_is_revoked(&self, kid: &str) -> bool {
        self.keys.get(kid).is_some()
    }

    /// The highest watermark that concerns a subject and a client.
    pub(super) fn watermark(&self, subject: &str, client: &str) -> Option<UnixTime> {
        let subject = self.subjects.get(subject).map(|mark| mark.through);
        let client = self.clients.get(client).map(|mark| mark.through);
        [subject, client, self.everything()].into_iter().flatten().max()
    }

    /// Revokes a session of the authority's own.
    pub(super) fn set_session(&self, place: SessionIndex) {
        let index = self.index.load();
        if let Some(lists) = index.lists.set(place) {
            // Readers keep the shorter list until the longer one is in its place.
            self.index.store(Index { lists, filter: index.filter.clone() });
        }
    }

    pub(super) fn apply(&self, revocation: &Revocation) {
        let expires = revocation.expires;
        let raise = |marks: &Marks, kind: Kind, name: &str, through: UnixTime| {
            let is_new = marks.raise(name, Mark { through, expires });
            self.filter_in(kind, name, is_new);
        };
        let add = |marks: &Marks, kind: Kind, name: &str| raise(marks, kind, name, UnixTime::default());
        match &revocation.target {
            // A place in the lists means nothing at a foreign issuer; `Replica::apply` handles our own.
            Target::Session(_) => {}
            Target::SessionId(name) => add(&self.sessions, Kind::Session, name),
            Target::Family(name) => add(&self.families, Kind::Family, name),
            Target::Token(name) => add(&self.tokens, Kind::Token, name),
            Target::Key(name) => add(&self.keys, Kind::Key, name),
            Target::Subject { subject, through } => raise(&self.subjects, Kind::Subject, subject, *through),
            Target::Client { client, through } => raise(&self.clients, Kind::Client, client, *through),
            Target::Everything { through } => {
                self.everything_through.fetch_max(through.as_secs(), Ordering::Release);
                self.everything_expires.fetch_max(expires.as_secs().max(1), Ordering::Release);
            }
        }
    }

    /// Lets the filter know of a name that is in its map already, so that whoever is sent there finds it.
    fn filter_in(&self, kind: Kind, name: &str, is_new: bool) {
        if !is_new {
            return;
        }
        let index = self.index.load();
        index.filter.add(kind, name);
        if self.names() > index.filter.capacity() {
            self.rebuild_filter(&index.lists);
        }
    }

    /// A filter of the right size for what is there. Nobody misses a name meanwhile: the old one holds them all.
    fn rebuild_filter(&self, lists: &SessionLists) {
        let filter = Filter::with_room_for(self.names());
        for (kind, marks) in self.marks() {
            marks.all().iter().for_each(|(name, _)| filter.add(kind, name));
        }
        self.index.store(Index { lists: lists.clone(), filter });
    }

    const fn marks(&self) -> [(Kind, &Marks); 6] {
        [
            (Kind::Token, &self.tokens),
            (Kind::Family, &self.families),
            (Kind::Session, &self.sessions),
            (Kind::Key, &self.keys),
            (Kind::Subject, &self.subjects),
            (Kind::Client, &self.clients),
        ]
    }

    fn names(&self) -> usize {
        self.marks().iter().map(|(_, marks)| marks.len()).sum()
    }

    /// Up to when everything is dead, if that was ever said.
    fn everything(&self) -> Option<UnixTime> {
        let said = self.everything_expires.load(Ordering::Acquire) != 0;
        said.then(|| UnixTime::from_secs(self.everything_through.load(Ordering::Acquire)))
    }

    pub(super) fn forget(&self, horizon: UnixTime) {
        let before = self.names();
        self.marks().iter().for_each(|(_, marks)| marks.forget(horizon));
        if self.everything_expires.load(Ordering::Acquire) <= horizon.as_secs() {
            self.everything_expires.store(0, Ordering::Release);
        }
        let index = self.index.load();
        let lists = index.lists.after(horizon);
        if self.names() < before {
            self.rebuild_filter(lists.as_ref().unwrap_or(&index.lists));
        } else if let Some(lists) = lists {
            self.index.store(Index { lists, filter: index.filter.clone() });
        }
    }

    pub(super) fn records(&self, issuer: Option<&str>, into: &mut Vec<Revocation>) {
        let issuer = issuer.map(str::to_owned);
        let mut push = |target: Target, expires: UnixTime| {
            into.push(Revocation { issuer: issuer.clone(), target, expires });
        };
        for place in self.index.load().lists.revoked() {
            push(Target::Session(place), SessionIndex::list_expires(place.list));
        }
        let dead: [(&Marks, NameTarget); 4] = [
            (&self.tokens, Target::Token),
            (&self.families, Target::Family),
            (&self.sessions, Target::SessionId),
            (&self.keys, Target::Key),
        ];
        for (marks, target) in dead {
            marks.all().into_iter().for_each(|(name, mark)| push(target(name.into()), mark.expires));
        }
        for (subject, mark) in self.subjects.all() {
            push(Target::Subject { subject: subject.into(), through: mark.through }, mark.expires);
        }
        for (client, mark) in self.clients.all() {
            push(Target::Client { client: client.into(), through: mark.through }, mark.expires);
        }
        if let Some(through) = self.everything() {
            let expires = self.everything_expires.load(Ordering::Acquire);
            push(Target::Everything { through }, UnixTime::from_secs(expires));
        }
    }

    pub(super) fn len(&self) -> usize {
        self.index.load().lists.count() + self.names() + usize::from(self.everything().is_some())
    }
}

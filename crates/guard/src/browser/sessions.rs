//! All sessions, in bounded memory. They are found by the hash of the cookie, so that a copy of this memory opens nothing.
//!
//! They are here and not encrypted in the cookie: tokens never leave the guard in any form, a logout that comes from behind ends
//! them at once, tabs share one refresh, and a cookie of 43 characters goes with each request instead of kilobytes. The
//! price: a restart sends each browser through the authority once more, and guards side by side need a balancer that keeps a
//! browser at one of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use probity_verifier::{LoggedIn, LoggedOut, UnixTime};

use super::session::{Limits, Session};

/// SHA-256 of a cookie's value.
pub(super) type Key = [u8; 32];

/// A session and what does not change about it.
#[derive(Debug)]
pub(super) struct Entry {
    /// Who has logged in.
    pub(super) who: LoggedIn,
    /// The ID token, to name the session when it is logged out.
    pub(super) id_token: String,
    pub(super) session: Mutex<Session>,
    /// Held while a refresh token is redeemed: one at a time, or the authority takes the second for a thief's.
    pub(super) refreshing: Arc<tokio::sync::Mutex<()>>,
}

/// The sessions of one guard.
#[derive(Debug, Default)]
pub(super) struct Sessions(Mutex<HashMap<Key, Arc<Entry>>>);

impl Entry {
    pub(super) fn new(who: LoggedIn, id_token: String, session: Session) -> Self {
        Self { who, id_token, session: Mutex::new(session), refreshing: Arc::default() }
    }

    pub(super) fn with<T>(&self, act: impl FnOnce(&mut Session) -> T) -> T {
        act(&mut self.session.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Sessions {
    pub(super) fn find(&self, key: &Key) -> Option<Arc<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).map(Arc::clone)
    }

    /// Adds one. When there are too many, those that are over make room, and then the one that was not used for longest.
    pub(super) fn add(&self, key: Key, entry: Entry, limits: &Limits, now: UnixTime) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= limits.sessions {
            all.retain(|_, entry| !entry.with(|session| session.has_ended(limits, now)));
        }
        while all.len() >= limits.sessions {
            let oldest = all.iter().min_by_key(|(_, entry)| entry.with(|session| session.used())).map(|(key, _)| *key);
            let Some(oldest) = oldest else { break };
            all.remove(&oldest);
        }
        all.insert(key, Arc::new(entry));
    }

    /// Removes one; whoever holds it still sees that it is over.
    pub(super) fn remove(&self, key: &Key) -> Option<Arc<Entry>> {
        let entry = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key)?;
        entry.with(Session::end);
        Some(entry)
    }

    /// Removes those that somebody has logged out of elsewhere: one session, or all of a user.
    pub(super) fn log_out(&self, whom: &LoggedOut) -> Vec<Arc<Entry>> {
        let is_meant = |who: &LoggedIn| match (&whom.session_id, &whom.subject) {
            (Some(sid), _) => who.session_id.as_ref() == Some(sid),
            (None, Some(subject)) => who.subject == *subject,
            (None, None) => false,
        };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let keys: Vec<Key> = all.iter().filter(|(_, entry)| is_meant(&entry.who)).map(|(key, _)| *key).collect();
        let ended: Vec<_> = keys.iter().filter_map(|key| all.remove(key)).collect();
        ended.iter().for_each(|entry| entry.with(Session::end));
        ended
    }

    /// Removes what is over: nobody will ask for it any more.
    pub(super) fn sweep(&self, limits: &Limits, now: UnixTime) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, entry| !entry.with(|session| session.has_ended(limits, now)));
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

#[cfg(test)]
mod tests {
    use super::super::session::{Step, Tokens};
    use super::*;

    const LIMITS: Limits = Limits { idle: 100, lifetime: 1_000, sessions: 3 };

    fn at(seconds: u64) -> UnixTime {
        UnixTime::from_secs(1_000 + seconds)
    }

    fn entry(subject: &str, sid: &str, now: UnixTime) -> Entry {
        let tokens = Tokens { access: "a".into(), expires: at(900), refresh: None };
        let who = LoggedIn { subject: subject.into(), session_id: Some(sid.into()) };
        Entry::new(who, String::new(), Session::new(tokens, now))
    }

    fn full() -> Sessions {
        let sessions = Sessions::default();
        for n in 0..3_u8 {
            sessions.add(
                [n; 32],
                entry(if n == 0 { "bob" } else { "alice" }, &n.to_string(), at(n.into())),
                &LIMITS,
                at(n.into()),
            );
        }
        sessions
    }

    #[test]
    fn memory_is_bounded_and_the_longest_unused_makes_room() {
        let sessions = full();
        sessions.find(&[0; 32]).unwrap().with(|session| session.touch(at(50)));
        sessions.add([9; 32], entry("carol", "9", at(60)), &LIMITS, at(60));
        assert_eq!(sessions.len(), 3);
        assert!(sessions.find(&[1; 32]).is_none() && sessions.find(&[0; 32]).is_some());
        sessions.add([10; 32], entry("carol", "10", at(102)), &LIMITS, at(102));
        assert!(sessions.find(&[2; 32]).is_none(), "it was over");
        sessions.sweep(&LIMITS, at(500));
        assert_eq!(sessions.len(), 0);
    }

    #[test]
    fn a_logout_ends_the_session_that_it_names_or_all_of_the_user() {
        let sessions = full();
        let held = sessions.find(&[1; 32]).unwrap();
        let sid = |sid: &str| LoggedOut { subject: Some("alice".into()), session_id: Some(sid.into()) };
        assert_eq!(sessions.log_out(&sid("1")).len(), 1);
        assert_eq!(sessions.log_out(&sid("1")).len(), 0, "a second time changes nothing");
        assert_eq!(held.with(|session| session.step(&LIMITS, at(1))), Step::Over, "a request that holds it sees it");
        assert_eq!(sessions.log_out(&LoggedOut { subject: Some("alice".into()), session_id: None }).len(), 1);
        assert_eq!(sessions.len(), 1);
        assert!(sessions.remove(&[0; 32]).is_some() && sessions.remove(&[0; 32]).is_none());
    }
}

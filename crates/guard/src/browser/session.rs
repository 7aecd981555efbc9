//! One browser's session: which token speaks for it at a moment, and what must be done first. A state machine without I/O.

use core::fmt;
use std::sync::Arc;

use probity_verifier::UnixTime;

/// How long before an access token's end another one is fetched, in seconds; of one that lives shortly, a quarter of its life.
const REFRESH_AHEAD: u64 = 30;

/// How long after a refresh that got no answer the next one is tried, in seconds.
const RETRY_SECONDS: u64 = 1;

/// How long sessions last, in seconds, and how many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) idle: u64,
    pub(super) lifetime: u64,
    pub(super) sessions: usize,
}

/// An access token, and the refresh token that gets the next one.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Tokens {
    pub(super) access: Arc<str>,
    pub(super) expires: UnixTime,
    pub(super) refresh: Option<String>,
}

/// A session.
#[derive(Debug, Clone)]
pub(super) struct Session {
    tokens: Tokens,
    refresh_from: UnixTime,
    begun: UnixTime,
    used: UnixTime,
    is_over: bool,
}

/// What a request must do before it can go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Go on with this token.
    Use(Arc<str>),
    /// Redeem this refresh token first, one request for all.
    Refresh(String),
    /// Come back later: there will be a token when the authority can be reached.
    Wait,
    /// Log in again.
    Over,
}

/// What redeeming a refresh token came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refreshed {
    /// There are new tokens. Without a new refresh token the old one goes on (RFC 6749 section 6).
    Tokens(Tokens),
    /// The authority does not take the refresh token.
    Refused,
    /// Nobody knows.
    Unanswered,
}

impl Session {
    /// A session that begins.
    pub(super) fn new(tokens: Tokens, now: UnixTime) -> Self {
        let refresh_from = refresh_from(&tokens, now);
        Self { tokens, refresh_from, begun: now, used: now, is_over: false }
    }

    /// What a request at this moment must do.
    pub(super) fn step(&self, limits: &Limits, now: UnixTime) -> Step {
        let Tokens { access, expires, refresh } = &self.tokens;
        if self.has_ended(limits, now) {
            return Step::Over;
        }
        match refresh {
            Some(refresh) if now >= self.refresh_from => Step::Refresh(refresh.clone()),
            _ if now < *expires => Step::Use(Arc::clone(access)),
            Some(_) => Step::Wait,
            None => Step::Over,
        }
    }

    /// Notes that the browser was here.
    pub(super) fn touch(&mut self, now: UnixTime) {
        self.used = self.used.max(now);
    }

    /// Notes what a refresh came to.
    pub(super) fn refreshed(&mut self, outcome: Refreshed, now: UnixTime) {
        match outcome {
            Refreshed::Tokens(tokens) => {
                let refresh = tokens.refresh.or_else(|| self.tokens.refresh.take());
                self.tokens = Tokens { refresh, ..tokens };
                self.refresh_from = refresh_from(&self.tokens, now);
            }
            Refreshed::Refused => self.is_over = true,
            Refreshed::Unanswered => self.refresh_from = now.plus(RETRY_SECONDS),
        }
    }

    /// Ends it, whatever happens later.
    pub(super) fn end(&mut self) {
        self.is_over = true;
    }

    /// Whether it is over at this moment.
    pub(super) fn has_ended(&self, limits: &Limits, now: UnixTime) -> bool {
        self.is_over || now >= self.begun.plus(limits.lifetime) || now >= self.used.plus(limits.idle)
    }

    pub(super) const fn used(&self) -> UnixTime {
        self.used
    }

    pub(super) const fn begun(&self) -> UnixTime {
        self.begun
    }

    pub(super) const fn tokens(&self) -> &Tokens {
        &self.tokens
    }
}

/// Without the tokens.
impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").field("expires", &self.expires).finish_non_exhaustive()
    }
}

fn refresh_from(tokens: &Tokens, now: UnixTime) -> UnixTime {
    let life = tokens.expires.since(now);
    tokens.expires.minus(REFRESH_AHEAD.min(life / 4))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMITS: Limits = Limits { idle: 600, lifetime: 3_600, sessions: 10 };

    fn at(seconds: u64) -> UnixTime {
        UnixTime::from_secs(1_000_000 + seconds)
    }

    fn tokens(access: &str, expires: u64, refresh: Option<&str>) -> Tokens {
        Tokens { access: access.into(), expires: at(expires), refresh: refresh.map(Into::into) }
    }

    #[test]
    fn a_token_is_used_until_shortly_before_its_end_and_then_refreshed() {
        let mut session = Session::new(tokens("a1", 300, Some("r1")), at(0));
        assert_eq!(session.step(&LIMITS, at(269)), Step::Use("a1".into()));
        assert_eq!(session.step(&LIMITS, at(270)), Step::Refresh("r1".into()));
        session.refreshed(Refreshed::Tokens(tokens("a2", 570, Some("r2"))), at(270));
        assert_eq!(session.step(&LIMITS, at(271)), Step::Use("a2".into()));
        session.touch(at(541));
        assert_eq!(session.step(&LIMITS, at(541)), Step::Refresh("r2".into()));
        session.refreshed(Refreshed::Tokens(tokens("a3", 841, None)), at(541));
        assert_eq!(session.step(&LIMITS, at(820)), Step::Refresh("r2".into()), "without a new one the old one goes on");
    }

    #[test]
    fn an_authority_that_does_not_answer_costs_nobody_a_session() {
        let mut session = Session::new(tokens("a1", 300, Some("r1")), at(0));
        session.refreshed(Refreshed::Unanswered, at(280));
        assert_eq!(session.step(&LIMITS, at(280)), Step::Use("a1".into()));
        assert_eq!(session.step(&LIMITS, at(281)), Step::Refresh("r1".into()));
        session.refreshed(Refreshed::Unanswered, at(300));
        assert_eq!(session.step(&LIMITS, at(300)), Step::Wait);
        assert_eq!(session.step(&LIMITS, at(301)), Step::Refresh("r1".into()));
    }

    #[test]
    fn a_session_ends_by_refusal_by_silence_by_age_and_with_its_last_token() {
        let mut session = Session::new(tokens("a1", 300, Some("r1")), at(0));
        session.refreshed(Refreshed::Refused, at(280));
        assert_eq!(session.step(&LIMITS, at(280)), Step::Over);
        let session = Session::new(tokens("a1", 9_000, Some("r1")), at(0));
        assert_eq!(session.step(&LIMITS, at(600)), Step::Over);
        let mut session = Session::new(tokens("a1", 9_000, Some("r1")), at(0));
        (0..4_000).step_by(100).for_each(|second| session.touch(at(second)));
        assert_eq!(session.step(&LIMITS, at(3_599)), Step::Use("a1".into()));
        assert_eq!(session.step(&LIMITS, at(3_600)), Step::Over);
        let session = Session::new(tokens("a1", 300, None), at(0));
        assert_eq!(session.step(&LIMITS, at(299)), Step::Use("a1".into()));
        assert_eq!(session.step(&LIMITS, at(300)), Step::Over);
    }

    #[derive(Debug, Clone)]
    enum Event {
        Pass(u64),
        Touch,
        Good(u64, bool),
        Refused,
        Unanswered,
        End,
    }

    fn any_event() -> impl Strategy<Value = Event> {
        prop_oneof![
            (0..400_u64).prop_map(Event::Pass),
            Just(Event::Touch),
            (1..400_u64, any::<bool>()).prop_map(|(life, refresh)| Event::Good(life, refresh)),
            Just(Event::Unanswered),
            Just(Event::Refused),
            Just(Event::End),
        ]
    }

    proptest! {
        #[test]
        fn no_history_uses_an_expired_token_or_revives_an_ended_session(events in prop::collection::vec(any_event(), 0..40)) {
            let (mut now, mut ended) = (at(0), false);
            let mut session = Session::new(tokens("a", 300, Some("r")), now);
            for event in events {
                match event {
                    Event::Pass(seconds) => now = now.plus(seconds),
                    Event::Touch if session.step(&LIMITS, now) != Step::Over => session.touch(now),
                    Event::Touch => {}
                    Event::Good(life, refresh) => {
                        let tokens = Tokens { access: "b".into(), expires: now.plus(life), refresh: refresh.then(|| "s".into()) };
                        session.refreshed(Refreshed::Tokens(tokens), now);
                    }
                    Event::Refused => session.refreshed(Refreshed::Refused, now),
                    Event::Unanswered => session.refreshed(Refreshed::Unanswered, now),
                    Event::End => session.end(),
                }
                let step = session.step(&LIMITS, now);
                if let Step::Use(_) = &step {
                    prop_assert!(now < session.tokens().expires);
                }
                prop_assert!(!session.has_ended(&LIMITS, now) || step == Step::Over);
                ended |= session.is_over;
                prop_assert!(!ended || step == Step::Over);
                prop_assert!(now < session.begun().plus(LIMITS.lifetime) || step == Step::Over);
            }
        }
    }
}

//! What is to be done about a request that could be granted.

use probity_jose::UnixTime;

use super::AuthorizationRequest;
use crate::domain::consent::Consent;
use crate::domain::session::Session;

/// What is known when a request comes in.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// The browser's session.
    pub session: Option<&'a Session>,
    /// What the client calls the session's user.
    pub subject: Option<&'a str>,
    /// Whether the client is somebody else's, so that the user must have agreed to what it asks for.
    pub third_party: bool,
    /// What the session's user has agreed to for this client.
    pub consent: Option<&'a Consent>,
    /// Since when this request has been under way, if the browser comes back with it.
    pub since: Option<UnixTime>,
    /// The time.
    pub now: UnixTime,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextStep {
    /// Show the login page.
    LogIn,
    /// Show the consent page.
    AskConsent,
    /// Issue a code.
    Grant,
    /// Tell the client that it can't be done.
    Refuse {
        /// `error`.
        error: &'static str,
        /// `error_description`.
        description: &'static str,
    },
}

impl AuthorizationRequest {
    /// Decides what is to be done.
    pub fn next_step(&self, situation: Situation<'_>) -> NextStep {
        let Some(session) = situation.session.filter(|session| self.is_satisfied_with(session, situation)) else {
            let is_new = |session: &Session| situation.since.is_some_and(|since| session.authentication.time >= since);
            if situation.session.is_some_and(is_new) && !self.is_wanted(situation) {
                // OpenID Connect Core 1.0 section 3.1.2.2: who has logged in is not the one whom the client wants.
                return NextStep::Refuse { error: "login_required", description: "another user has logged in" };
            }
            return if self.prompt.never {
                NextStep::Refuse { error: "login_required", description: "the user has to log in" }
            } else {
                NextStep::LogIn
            };
        };
        // OpenID Connect Core 1.0 section 5.5.1.1: an essential class that can't be reached is a failed authentication.
        if !self.claims.accepts_class(session.authentication.class()) {
            return NextStep::Refuse {
                error: "unmet_authentication_requirements",
                description: "no login here reaches the class that acr asks for",
            };
        }
        if !self.is_agreed_to(situation) {
            return if self.prompt.never {
                NextStep::Refuse { error: "consent_required", description: "the user has to be asked for consent" }
            } else {
                NextStep::AskConsent
            };
        }
        NextStep::Grant
    }

    /// Whether the user has to be asked what this client may have, now or once.
    pub const fn needs_consent(&self, third_party: bool) -> bool {
        third_party || self.prompt.consent
    }

    /// Whether the user has agreed to all of it; with `prompt=consent` since the request came.
    fn is_agreed_to(&self, situation: Situation<'_>) -> bool {
        let is_new = |consent: &Consent| situation.since.is_some_and(|since| consent.granted >= since);
        let is_enough = |consent: &Consent| consent.covers(self) && (!self.prompt.consent || is_new(consent));
        !self.needs_consent(situation.third_party) || situation.consent.is_some_and(is_enough)
    }

    /// Whether the session's user is the one whom the client wants.
    fn is_wanted(&self, situation: Situation<'_>) -> bool {
        let subject = situation.subject.unwrap_or_default();
        self.hinted_subject.as_deref().is_none_or(|wanted| wanted == subject) && self.claims.wants_subject(subject)
    }

    /// Whether the session's login is the one that the client wants: fresh enough, and of the right user.
    fn is_satisfied_with(&self, session: &Session, situation: Situation<'_>) -> bool {
        let is_new = situation.since.is_some_and(|since| session.authentication.time >= since);
        // No login is so young that zero seconds would do: OpenID Connect Core 1.0 section 15.1 wants it asked for.
        let is_young = |age| age > 0 && !session.authentication.is_older_than(age, situation.now);
        let is_fresh = self.max_age.is_none_or(|age| is_new || is_young(age));
        let was_asked = !self.prompt.login || is_new;
        is_fresh && was_asked && self.is_wanted(situation)
    }
}

//! What happened and when, and what must be true of it.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Instant;

/// A guard's answer to a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Verdict {
    Accepted,
    Revoked,
    /// It can't say (503), or it is not there.
    Unavailable,
    /// Anything else.
    Other(u16),
}

/// How a revocation was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    Durable,
    Enforced,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Event {
    /// A revocation of this token was answered at this moment.
    Acknowledged { token: usize, level: Level, at: Instant },
    /// Somebody began to ask a guard at this moment.
    Asked { token: usize, guard: usize, sent: Instant, verdict: Verdict },
}

/// Everything in the order in which it became known.
#[derive(Debug, Default)]
pub(super) struct History(Mutex<Vec<Event>>);

impl History {
    pub(super) fn add(&self, event: Event) {
        self.0.lock().unwrap().push(event);
    }

    /// Every question that was asked after its token had been answered `enforced`, and was answered yes.
    pub(super) fn accepted_after_enforced(&self) -> Vec<String> {
        let events = self.0.lock().unwrap();
        let enforced = enforced(&events);
        let is_wrong = |event: &&Event| match event {
            Event::Asked { token, sent, verdict: Verdict::Accepted, .. } => {
                enforced.get(token).is_some_and(|at| at < sent)
            }
            _ => false,
        };
        events
            .iter()
            .filter(is_wrong)
            .map(|event| format!("{event:?}, enforced at {:?}", enforced.get(&of(event))))
            .collect()
    }

    /// The tokens whose revocation was answered, at whatever level.
    pub(super) fn acknowledged(&self) -> Vec<usize> {
        let events = self.0.lock().unwrap();
        let mut tokens: Vec<usize> =
            events.iter().filter(|event| matches!(event, Event::Acknowledged { .. })).map(of).collect();
        tokens.sort_unstable();
        tokens.dedup();
        tokens
    }

    /// How many revocations were answered `enforced`.
    pub(super) fn enforced(&self) -> usize {
        enforced(&self.0.lock().unwrap()).len()
    }

    /// How often a guard has answered so.
    pub(super) fn count(&self, wanted: usize, answer: Verdict) -> usize {
        let events = self.0.lock().unwrap();
        let is_one = |event: &&Event| matches!(event, Event::Asked { guard, verdict, .. } if (*guard, *verdict) == (wanted, answer));
        events.iter().filter(is_one).count()
    }

    /// One line for a person.
    pub(super) fn summary(&self) -> String {
        let mut verdicts = BTreeMap::<Verdict, usize>::new();
        for event in &*self.0.lock().unwrap() {
            if let Event::Asked { verdict, .. } = event {
                *verdicts.entry(*verdict).or_default() += 1;
            }
        }
        format!(
            "{} revocations, {} of them enforced; answers: {verdicts:?}",
            self.acknowledged().len(),
            self.enforced()
        )
    }
}

const fn of(event: &Event) -> usize {
    match event {
        Event::Acknowledged { token, .. } | Event::Asked { token, .. } => *token,
    }
}

/// When each token was first answered `enforced`.
fn enforced(events: &[Event]) -> BTreeMap<usize, Instant> {
    let mut first = BTreeMap::new();
    for event in events {
        if let Event::Acknowledged { token, level: Level::Enforced, at } = event {
            first.entry(*token).and_modify(|known: &mut Instant| *known = (*known).min(*at)).or_insert(*at);
        }
    }
    first
}

mod tests {
    use super::*;
    use std::time::Duration;

    fn history(start: Instant, events: &[(u64, Option<Level>, Verdict)]) -> History {
        let history = History::default();
        for (after, level, verdict) in events {
            let at = start + Duration::from_millis(*after);
            history.add(match level {
                Some(level) => Event::Acknowledged { token: 7, level: *level, at },
                None => Event::Asked { token: 7, guard: 0, sent: at, verdict: *verdict },
            });
        }
        history
    }

    #[test]
    fn the_checker_finds_an_acceptance_after_enforced_and_nothing_else() {
        let ask = |after, verdict| (after, None, verdict);
        let answer = |after, level| (after, Some(level), Verdict::Accepted);
        let cases: [(&[_], usize); 6] = [
            (&[answer(10, Level::Enforced), ask(11, Verdict::Accepted)], 1),
            (&[ask(11, Verdict::Accepted), answer(10, Level::Enforced)], 1),
            (&[answer(10, Level::Enforced), ask(10, Verdict::Accepted), ask(9, Verdict::Accepted)], 0),
            (&[answer(10, Level::Durable), ask(11, Verdict::Accepted)], 0),
            (&[answer(10, Level::Enforced), ask(11, Verdict::Revoked), ask(12, Verdict::Unavailable)], 0),
            (&[answer(30, Level::Enforced), answer(10, Level::Enforced), ask(20, Verdict::Accepted)], 1),
        ];
        let start = Instant::now();
        for (events, wrong) in cases {
            assert_eq!(history(start, events).accepted_after_enforced().len(), wrong, "{events:?}");
        }
    }

    #[test]
    fn every_answered_revocation_counts_as_acknowledged_once() {
        let events = [(1, Some(Level::Durable), Verdict::Revoked), (2, Some(Level::Enforced), Verdict::Revoked)];
        let history = history(Instant::now(), &events);
        assert_eq!((history.acknowledged(), history.enforced()), (vec![7], 1));
    }
}

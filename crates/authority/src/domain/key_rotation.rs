//! The life of signing keys: announced, active, retiring, deleted; or compromised at any time.
//!
//! A key is published before it signs, so that whoever keeps the key set for a while knows it in time, and stays published
//! until the last token that it has signed has expired.

use probity_jose::UnixTime;
use serde::Deserialize;

use super::algorithm::PublicAlgorithm;
use super::lifetimes::{MAX_ACCESS_TOKEN_SECONDS, MAX_SESSION_SECONDS};

/// The shortest time, in seconds, for which a key is published before it signs.
pub const MIN_ANNOUNCEMENT_SECONDS: u64 = 1_200;

/// How long, in seconds, a key stays published after it has signed its last token: the longest life of one, and a clock that
/// is behind.
pub const RETIREMENT_SECONDS: u64 = MAX_ACCESS_TOKEN_SECONDS + 600;

/// What a signing key is used for at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// It will sign, and is published already.
    Announced,
    /// It signs.
    Active,
    /// It has signed tokens that may be live, so it stays published.
    Retiring,
    /// Nothing that it has signed is good any more.
    Compromised,
}

impl KeyState {
    const ALL: [Self; 4] = [Self::Announced, Self::Active, Self::Retiring, Self::Compromised];

    /// The name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Announced => "announced",
            Self::Active => "active",
            Self::Retiring => "retiring",
            Self::Compromised => "compromised",
        }
    }

    /// The state of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// What is known of a key but the key itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFacts {
    /// `kid`.
    pub kid: String,
    /// `alg`.
    pub algorithm: String,
    /// What it is used for.
    pub state: KeyState,
    /// When it was made.
    pub created: UnixTime,
    /// Since when it has been in its state; nothing when that was not noted.
    pub moved: Option<UnixTime>,
}

/// When keys are replaced, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeyRotation {
    /// How long a key signs; 30 days by default, at most a year.
    pub period: u64,
    /// How long it is published before; an hour by default, at least [`MIN_ANNOUNCEMENT_SECONDS`].
    pub announcement: u64,
}

impl Default for KeyRotation {
    fn default() -> Self {
        Self { period: 30 * 24 * 3_600, announcement: 3_600 }
    }
}

/// One step of a key's life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Make a key and put it into this state.
    Make(PublicAlgorithm, KeyState),
    /// Move a key from one state to the next.
    Move(String, KeyState, KeyState),
    /// Note since when a key has been in its state, because nobody has.
    Note(String),
    /// Delete a key that is in this state.
    Delete(String, KeyState),
}

impl KeyRotation {
    /// Checks the bounds.
    ///
    /// # Errors
    /// Says which does not hold.
    pub const fn check(&self) -> Result<(), &'static str> {
        if self.announcement < MIN_ANNOUNCEMENT_SECONDS {
            return Err("announcement: at least 1200 s, so that verifiers that keep the key set know a key in time");
        }
        if self.period > MAX_SESSION_SECONDS || self.period < self.announcement.saturating_mul(2) {
            return Err("period: between twice the announcement and a year");
        }
        Ok(())
    }

    /// What is due.
    pub fn steps(&self, keys: &[KeyFacts], algorithms: &[PublicAlgorithm], now: UnixTime) -> Vec<Step> {
        let renewals = algorithms.iter().flat_map(|algorithm| self.renewal(keys, *algorithm, now));
        let is_wanted = |key: &KeyFacts| algorithms.iter().any(|wanted| wanted.name() == key.algorithm);
        let ends = keys.iter().filter_map(|key| match key.state {
            KeyState::Active if !is_wanted(key) => Some(step(key, KeyState::Retiring)),
            KeyState::Announced if !is_wanted(key) => Some(Step::Delete(key.kid.clone(), key.state)),
            KeyState::Active | KeyState::Announced => None,
            KeyState::Retiring | KeyState::Compromised => match key.moved {
                None => Some(Step::Note(key.kid.clone())),
                Some(moved) => (now.since(moved) >= RETIREMENT_SECONDS && now > moved)
                    .then(|| Step::Delete(key.kid.clone(), key.state)),
            },
        });
        renewals.chain(ends).collect()
    }

    fn renewal(&self, keys: &[KeyFacts], algorithm: PublicAlgorithm, now: UnixTime) -> Vec<Step> {
        let find = |state| keys.iter().find(|key| key.state == state && key.algorithm == algorithm.name());
        match (find(KeyState::Active), find(KeyState::Announced)) {
            (None, None) => vec![Step::Make(algorithm, KeyState::Active)],
            // Nothing signs: better a key that not everybody knows yet.
            (None, Some(next)) => vec![step(next, KeyState::Active)],
            (Some(active), None) if active.age(now) >= self.period.saturating_sub(self.announcement) => {
                vec![Step::Make(algorithm, KeyState::Announced)]
            }
            (Some(active), Some(next)) if active.age(now) >= self.period && next.age(now) >= self.announcement => {
                vec![step(active, KeyState::Retiring), step(next, KeyState::Active)]
            }
            (Some(_), _) => Vec::new(),
        }
    }
}

/// What takes the place of a key that is compromised: the steps, in which it is the first. Nothing when there is no such key
/// or it is compromised already.
pub fn compromise(keys: &[KeyFacts], kid: &str) -> Option<Vec<Step>> {
    let key = keys.iter().find(|key| key.kid == kid && key.state != KeyState::Compromised)?;
    let mut steps = vec![step(key, KeyState::Compromised)];
    if key.state == KeyState::Active {
        let next = keys.iter().find(|next| next.state == KeyState::Announced && next.algorithm == key.algorithm);
        // Verifiers know the announced one already.
        steps.extend(match next {
            Some(next) => Some(step(next, KeyState::Active)),
            None => PublicAlgorithm::parse(&key.algorithm).map(|algorithm| Step::Make(algorithm, KeyState::Active)),
        });
    }
    Some(steps)
}

impl KeyFacts {
    fn age(&self, now: UnixTime) -> u64 {
        now.since(self.moved.unwrap_or(self.created))
    }
}

fn step(key: &KeyFacts, to: KeyState) -> Step {
    Step::Move(key.kid.clone(), key.state, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: UnixTime = UnixTime::from_secs(1_000_000);
    const ES256: PublicAlgorithm = PublicAlgorithm::ES256;
    const ROTATION: KeyRotation = KeyRotation { period: 10_000, announcement: 2_000 };

    fn key(kid: &str, state: KeyState, moved: UnixTime) -> KeyFacts {
        KeyFacts { kid: kid.into(), algorithm: "ES256".into(), state, created: START, moved: Some(moved) }
    }

    fn steps(keys: &[KeyFacts], after: u64) -> Vec<Step> {
        ROTATION.steps(keys, &[ES256], START.plus(after))
    }

    /// Carries steps out as the store would.
    fn apply(keys: &mut Vec<KeyFacts>, steps: Vec<Step>, now: UnixTime) {
        for step in steps {
            match step {
                Step::Make(_, state) => keys.push(key(&format!("k{}", now.as_secs()), state, now)),
                Step::Move(kid, from, to) => {
                    let key = keys.iter_mut().find(|key| key.kid == kid && key.state == from).unwrap();
                    (key.state, key.moved) = (to, Some(now));
                }
                Step::Note(kid) => keys.iter_mut().find(|key| key.kid == kid).unwrap().moved = Some(now),
                Step::Delete(kid, state) => {
                    let before = keys.len();
                    keys.retain(|key| key.kid != kid || key.state != state);
                    assert_eq!(keys.len() + 1, before);
                }
            }
        }
    }

    #[test]
    fn over_a_long_time_one_key_signs_each_was_published_before_and_stays_until_its_tokens_are_dead() {
        let (mut keys, mut signed) = (Vec::new(), Vec::<(String, u64)>::new());
        let mut published = std::collections::BTreeMap::<String, u64>::new();
        for minute in 0..2_000 {
            let after = minute * 60;
            let due = steps(&keys, after);
            apply(&mut keys, due, START.plus(after));
            let active: Vec<_> = keys.iter().filter(|key| key.state == KeyState::Active).collect();
            assert_eq!(active.len(), 1, "after {after} s");
            keys.iter().for_each(|key| {
                published.entry(key.kid.clone()).or_insert(after);
            });
            let since = published[&active[0].kid];
            assert!(signed.is_empty() || signed[0].0 == active[0].kid || after - since >= ROTATION.announcement);
            signed.push((active[0].kid.clone(), after));
            for (kid, at) in &signed {
                let is_live = after - at <= MAX_ACCESS_TOKEN_SECONDS;
                assert!(!is_live || keys.iter().any(|key| key.kid == *kid), "{kid} signed at {at} is gone at {after}");
            }
        }
        assert!(published.len() >= 10, "it has rotated");
        assert!(keys.len() <= 3, "and old keys are gone: {keys:?}");
    }

    #[test]
    fn a_key_that_was_announced_too_lately_waits_although_its_time_has_come() {
        let keys = [key("a", KeyState::Active, START), key("b", KeyState::Announced, START.plus(9_500))];
        assert_eq!(steps(&keys, 11_499), []);
        assert_eq!(steps(&keys, 11_500).len(), 2);
    }

    #[test]
    fn a_key_of_which_it_is_not_known_since_when_it_retires_retires_from_now_on() {
        let keys =
            [key("a", KeyState::Active, START), KeyFacts { moved: None, ..key("old", KeyState::Retiring, START) }];
        assert_eq!(steps(&keys, 5_000), [Step::Note("old".into())]);
    }

    #[test]
    fn keys_of_algorithms_that_are_not_wanted_any_more_end() {
        let keys = [key("a", KeyState::Active, START), key("b", KeyState::Announced, START)];
        let steps = ROTATION.steps(&keys, &[PublicAlgorithm::EDDSA], START);
        let expected = [
            Step::Make(PublicAlgorithm::EDDSA, KeyState::Active),
            Step::Move("a".into(), KeyState::Active, KeyState::Retiring),
            Step::Delete("b".into(), KeyState::Announced),
        ];
        assert_eq!(steps, expected);
    }

    #[test]
    fn a_compromised_key_is_followed_by_the_announced_one_or_by_a_new_one() {
        let (active, next) = (key("a", KeyState::Active, START), key("b", KeyState::Announced, START));
        let gone = Step::Move("a".into(), KeyState::Active, KeyState::Compromised);
        let with_next = compromise(&[active.clone(), next.clone()], "a").unwrap();
        assert_eq!(with_next, [gone.clone(), Step::Move("b".into(), KeyState::Announced, KeyState::Active)]);
        assert_eq!(
            compromise(std::slice::from_ref(&active), "a").unwrap(),
            [gone, Step::Make(ES256, KeyState::Active)]
        );
        let of_next = compromise(&[active, next], "b").unwrap();
        assert_eq!(of_next, [Step::Move("b".into(), KeyState::Announced, KeyState::Compromised)]);
        assert_eq!(compromise(&[key("a", KeyState::Compromised, START)], "a"), None);
        assert_eq!(compromise(&[], "a"), None);
    }

    #[test]
    fn times_that_verifiers_can_not_follow_are_refused() {
        assert_eq!(KeyRotation::default().check(), Ok(()));
        for (period, announcement) in [(86_400, 1_199), (2_399, 1_200), (MAX_SESSION_SECONDS + 1, 3_600)] {
            assert!(KeyRotation { period, announcement }.check().is_err(), "{period} {announcement}");
        }
    }
}

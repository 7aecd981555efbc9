//! Carries out the plans of rules, and says what they prove.

use super::answer::without_signature;
use super::discriminator::Class;
use super::plan::{Attempt, Plan};
use super::prober::Prober;
use super::request::Shot;
use crate::outcome::{Finding, Outcome, Place, Proof, fail};

impl Prober {
    /// Whether an attempt is accepted, when that can be told.
    pub fn accepts(&mut self, attempt: &Attempt) -> Option<bool> {
        match self.send(&attempt.what, &attempt.shot).class {
            Class::Accepted => Some(true),
            Class::Refused => Some(false),
            Class::Unclear | Class::Limited => None,
        }
    }

    /// Sends the attempts of a plan, and says what they prove.
    pub fn carry_out(&mut self, plan: Plan) -> Outcome {
        let attempts = match plan {
            Plan::Skip(outcome) => return outcome,
            Plan::Attempts(attempts) => attempts,
            Plan::Signed(attempts) => {
                if !self.minted_token_works() {
                    return Outcome::inconclusive(
                        "a plain token signed with --signing-key is refused: is it the endpoint's key?",
                    );
                }
                attempts
            }
        };
        let mut accepted: Vec<(Attempt, Vec<usize>, bool)> = Vec::new();
        let mut unclear = Vec::new();
        let count = attempts.len();
        for attempt in attempts {
            let answer = self.send(&attempt.what, &attempt.shot);
            match answer.class {
                Class::Refused => continue,
                Class::Unclear | Class::Limited => {
                    unclear.push(format!("{} (status {})", attempt.what, answer.status));
                    continue;
                }
                Class::Accepted => {}
            }
            // Once may be chance.
            let again = self.send(&format!("{}, again", attempt.what), &attempt.shot);
            let mut numbers = vec![answer.number, again.number];
            let mut twin_accepted = false;
            if let Some(twin) = &attempt.twin {
                let twin = self.send(&format!("{}: its negative twin", attempt.what), twin);
                numbers.push(twin.number);
                twin_accepted = twin.class == Class::Accepted;
                if matches!(twin.class, Class::Unclear | Class::Limited) || (twin_accepted && !attempt.twin_is_forgery)
                {
                    unclear.push(format!("{}: accepted, but so was its twin", attempt.what));
                    continue;
                }
            }
            if again.class == Class::Accepted {
                accepted.push((attempt, numbers, twin_accepted));
            } else {
                unclear.push(format!("{}: accepted once, not twice", attempt.what));
            }
        }
        if !self.valid_still_works() && accepted.is_empty() {
            if let Some(reason) = self.exhausted() {
                return Outcome::inconclusive(reason);
            }
            return Outcome::inconclusive("the valid token is not accepted any more: locked out, or rate limited");
        }
        if !accepted.is_empty() {
            return self.proven(accepted).into();
        }
        if unclear.is_empty() {
            return Outcome::passed(format!("{count} refused"));
        }
        Outcome::inconclusive(format!("neither accepted nor refused: {}", unclear.join("; ")))
    }

    fn proven(&self, accepted: Vec<(Attempt, Vec<usize>, bool)>) -> Finding {
        let names: Vec<&str> = accepted.iter().map(|(attempt, _, _)| attempt.what.as_str()).collect();
        let shown = names.iter().take(4).copied().collect::<Vec<_>>().join("; ");
        let more = names.len().saturating_sub(4);
        let more = if more == 0 { String::new() } else { format!("; and {more} more") };
        let mut finding = fail(format!("The endpoint accepted: {shown}{more}.")).proof(Proof::ProvenLive);
        if accepted.iter().all(|(attempt, _, _)| attempt.severity.is_some()) {
            finding.severity = accepted.iter().filter_map(|(attempt, _, _)| attempt.severity).max();
        }
        if accepted.iter().any(|(_, _, twin)| *twin) {
            finding = finding.fact("twin", "accepted too: the signature of such a token is not checked at all");
        } else {
            finding = finding.fact("twin", "refused: only this property opens the door");
        }
        for (attempt, _, _) in accepted.iter().take(4) {
            let token = attempt.shot.token.as_deref().unwrap_or_default();
            finding = finding.fact(attempt.what.clone(), without_signature(token));
        }
        finding.requests = accepted.into_iter().flat_map(|(_, numbers, _)| numbers).collect();
        finding.at(Place::of(self.scene.url.clone()))
    }

    /// Whether a plain token signed by the operator's key is accepted; asked once.
    pub fn minted_token_works(&mut self) -> bool {
        if let Some(known) = self.minted_works {
            return known;
        }
        let works = self.scene().minted().is_some_and(|minted| {
            let plain = minted.plain();
            self.accepts(&plain) == Some(true)
        });
        self.minted_works = Some(works);
        works
    }

    fn valid_still_works(&mut self) -> bool {
        let token = self.options.token.clone();
        self.send("the valid token, after the attempts", &Shot::token(token)).class == Class::Accepted
    }
}

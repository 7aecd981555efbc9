//! Before any attack: what does acceptance look like?

use std::sync::Arc;

use super::discriminator::{Blind, Class, Discriminator, Response};
use super::forge::break_signature;
use super::prober::Prober;
use super::request::Shot;
use super::wire;

impl Prober {
    /// Learns what acceptance looks like. `false` when it can't be told, with the reason in `calibration`.
    pub fn calibrate(&mut self) -> bool {
        self.rule = "calibration";
        if self.options.target.url.scheme() == "https" {
            let look = wire::certificate(&self.options.target.url, self.options.connect_to);
            let certificate = self.runtime.block_on(look);
            if let Some(scene) = Arc::get_mut(&mut self.scene) {
                scene.certificate = certificate;
            }
        }
        let token = self.options.token.clone();
        let broken = break_signature(&token);
        let ask = |prober: &mut Self, what: &str, shot: &Shot, times: usize| -> Vec<Response> {
            (0..times).map(|_| prober.exchange(what, shot).0).collect()
        };
        let valid = ask(self, "the valid token", &Shot::token(token), 3);
        if let Some(first) = valid.first().filter(|first| first.status == 0) {
            self.calibration = format!("the endpoint can't be reached: {}", first.body);
            return false;
        }
        let missing = ask(self, "no token", &Shot::bare(), 2);
        let garbage = ask(self, "garbage for a token", &Shot::token("garbage.for.token"), 2);
        let bad = [missing.clone(), garbage].concat();
        let flipped = ask(self, "the valid token with one bit of its signature flipped", &Shot::token(broken), 2);
        let accept_when = &self.options.accept_when;
        // A service that takes garbage for a good token is told by what it refuses; its rules will say the rest.
        let learnt = Discriminator::learn(&valid, &bad, accept_when).or_else(|blind| {
            let refused = [missing, flipped.clone()].concat();
            Discriminator::learn(&valid, &refused, accept_when).map_err(|_| blind)
        });
        match learnt {
            Ok(told) => {
                self.accepts_flipped = flipped.iter().all(|response| told.class(response) == Class::Accepted);
                self.calibration = format!("acceptance is told by {}", told.describe());
                for entry in &mut self.log {
                    let response = valid.iter().chain(&bad).chain(&flipped).nth(entry.number - 1);
                    entry.class = response.map_or(Class::Unclear, |response| told.class(response));
                }
                self.discriminator = Some(told);
                true
            }
            Err(blind) => {
                self.ignores_token = blind == Blind::Ignored;
                self.calibration = match blind {
                    Blind::ValidRefused(status) => {
                        format!("the token that should be valid is answered with {status}; give a fresh one")
                    }
                    Blind::Ignored => {
                        "the answer is the same with a valid token, with garbage and with none".to_owned()
                    }
                    Blind::Indistinct => {
                        "answers to valid and to bad tokens can't be told apart; say what an accepted \
                                          answer holds: --accept-when 'body~TEXT'"
                            .to_owned()
                    }
                    Blind::Unsteady => {
                        "the valid token is answered differently each time; say what an accepted answer \
                                        holds: --accept-when 'body~TEXT'"
                            .to_owned()
                    }
                };
                false
            }
        }
    }
}

//! The auditor: what is wrong with these tokens, keys, issuers, configurations and endpoints, with proof and with the fix.
//!
//! * [`evidence`] reads artifacts leniently, [`live`] asks an endpoint, [`secrets`] tries secrets.
//! * [`rules`] holds a file for each [`Rule`]; a rule says what it found by an [`Outcome`], never more than it measured.
//! * [`Audit`] runs the rules and gives a [`Report`], whose first line answers the question; [`report`] writes it.
//!
//! The crate shares no code with the guard or the authority, and so none of their blind spots.

mod arithmetic;
mod audit;
mod baseline;
mod blocklist;
mod collect;
mod deflate;
mod der;
pub mod evidence;
mod known;
pub mod live;
mod outcome;
mod redact;
pub mod report;
mod rule;
pub mod rules;
pub mod secrets;
mod setting;
mod verdict;
mod words;

pub use arithmetic::factor::moduli;
pub use audit::{Allow, Audit, Report, RuleResult};
pub use baseline::{Baseline, BaselineError};
pub use blocklist::Blocklist;
pub use collect::Collector;
pub use outcome::{Finding, Outcome, Place, Proof, Status, fail, review};
pub use rule::{Check, Example, Group, Input, Rule, Severity, Tier};
pub use setting::{Policy, Setting};
pub use verdict::{Coverage, Grade, Verdict};

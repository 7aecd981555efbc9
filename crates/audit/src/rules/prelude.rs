//! What most rules use.

pub(crate) use crate::Setting;
pub(crate) use crate::evidence::*;
pub(crate) use crate::outcome::{Finding, Outcome, Place, Proof, fail, review};
pub(crate) use crate::rule::{Check, Example, Rule, Severity, Tier};
pub(crate) use crate::words::duration;

//! Reports: for a terminal, for programs, for code scanning, for a browser, for a ticket.

mod html;
mod json;
mod markdown;
mod pen;
mod sarif;
mod text;

pub use html::html;
pub use json::{SCHEMA, json};
pub use markdown::{markdown, rule_page, rules_page};
pub use pen::Style;
pub use sarif::{Sarif, sarif};
pub use text::{explain, text};

use crate::audit::{Report, RuleResult};
use crate::outcome::Finding;

/// The version of the rules and of the reports' form.
pub const RULE_SET: &str = concat!("probity-", env!("CARGO_PKG_VERSION"));

/// The command that looks again at one finding.
fn again(report: &Report, result: &RuleResult) -> String {
    format!("probity audit … --only {}   # {}", result.rule.id, report.target)
}

/// A stable name of a finding.
fn fingerprint(result: &RuleResult, finding: &Finding) -> String {
    crate::baseline::fingerprint(result.rule, finding)
}

//! The report for programs. Its form is `report.schema.json`, and changes only by additions.

use serde_json::{Value, json as value};

use super::{RULE_SET, fingerprint};
use crate::audit::{Report, RuleResult};
use crate::outcome::Finding;

/// The JSON Schema of the report.
pub const SCHEMA: &str = include_str!("report.schema.json");

/// The whole report, every status included.
pub fn json(report: &Report) -> Value {
    value!({
        "format": 1,
        "ruleSet": RULE_SET,
        "target": report.target,
        "time": report.now,
        "verdict": report.verdict,
        "headline": report.headline(),
        "coverage": {
            "run": report.coverage.run,
            "inconclusive": report.coverage.inconclusive,
            "notTested": report.coverage.not_tested,
            "notApplicable": report.coverage.not_applicable,
            "total": report.coverage.total,
            "percent": report.coverage.percent(),
        },
        "grade": report.grade,
        "calibration": report.calibration,
        "policy": report.policy,
        "results": report.results.iter().map(result).collect::<Vec<_>>(),
        "suppressed": report.suppressed.iter().map(result).collect::<Vec<_>>(),
        "keys": report.inventory.iter().map(|[name, strength, usage, place]| {
            value!({"name": name, "strength": strength, "use": usage, "place": place})
        }).collect::<Vec<_>>(),
        "requests": report.requests,
    })
}

fn result(result: &RuleResult) -> Value {
    value!({
        "rule": result.rule.id,
        "title": result.rule.title,
        "status": result.status,
        "severity": result.severity(),
        "notes": result.notes,
        "suppressed": result.suppressed,
        "findings": result.findings.iter().map(|one| finding(result, one)).collect::<Vec<_>>(),
    })
}

fn finding(result: &RuleResult, finding: &Finding) -> Value {
    value!({
        "claim": finding.claim,
        "review": finding.review,
        "severity": finding.severity_under(result.rule),
        "proof": finding.proof,
        "place": {"artifact": finding.place.artifact, "line": finding.place.line, "path": finding.place.path},
        "facts": finding.facts.iter().map(|(name, fact)| value!({"name": name, "value": fact})).collect::<Vec<_>>(),
        "requests": finding.requests,
        "fingerprint": fingerprint(result, finding),
    })
}

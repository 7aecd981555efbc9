//! SARIF 2.1.0, as code scanning services accept it: every result has a file, because they refuse results without one.

use serde_json::{Value, json as value};

use super::{RULE_SET, fingerprint};
use crate::audit::{Report, RuleResult};
use crate::live::Sent;
use crate::outcome::{Finding, Status};
use crate::rule::{Rule, Severity};
use crate::rules;

/// How much goes into the file.
#[derive(Debug, Clone)]
pub struct Sarif {
    /// Every rule's state, not only findings.
    pub full: bool,
    /// The file, relative to the repository, that findings are attached to when they are in none themselves.
    pub anchor: String,
}

/// The whole file.
pub fn sarif(report: &Report, options: &Sarif) -> Value {
    let mut results = Vec::new();
    for result in &report.results {
        match result.status {
            Status::Fail | Status::Review => {
                results.extend(result.findings.iter().map(|one| found(report, result, one, options)));
            }
            _ if options.full => results.push(state(result, options)),
            _ => {}
        }
    }
    for result in &report.suppressed {
        results.extend(result.findings.iter().map(|one| {
            let mut entry = found(report, result, one, options);
            if let Some(entry) = entry.as_object_mut() {
                let why = result.suppressed.as_deref().unwrap_or_default();
                entry.insert("suppressions".to_owned(), value!([{"kind": "external", "justification": why}]));
            }
            entry
        }));
    }
    let notes: Vec<Value> = report
        .results
        .iter()
        .filter(|result| matches!(result.status, Status::NotTested | Status::Inconclusive))
        .map(|result| {
            let text = format!("{} {}: {}", result.rule.id, result.status.name(), result.notes.join("; "));
            value!({"level": "note", "message": {"text": text}, "associatedRule": {"id": result.rule.id}})
        })
        .collect();
    value!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "probity audit",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "version": RULE_SET,
                "rules": rules::all().map(descriptor).collect::<Vec<_>>(),
            }},
            "invocations": [{
                "executionSuccessful": true,
                "toolExecutionNotifications": notes,
                "properties": {
                    "verdict": report.verdict.name(),
                    "headline": report.headline(),
                    "coveragePercent": report.coverage.percent(),
                },
            }],
            "results": results,
            "columnKind": "unicodeCodePoints",
        }],
    })
}

fn descriptor(rule: &Rule) -> Value {
    let mut tags = vec!["security".to_owned(), "jwt".to_owned()];
    tags.extend(rule.weaknesses().map(|number| format!("external/cwe/cwe-{number}")));
    value!({
        "id": rule.id,
        "name": rule.title,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {
            "text": format!("{}\n\nFix: {}\n\nReferences: {}", rule.why, rule.fix, rule.references),
            "markdown": super::rule_page(rule),
        },
        "defaultConfiguration": {"level": level(rule.severity)},
        "properties": {"security-severity": rule.severity.score(), "precision": "very-high", "tags": tags},
    })
}

fn found(report: &Report, result: &RuleResult, finding: &Finding, options: &Sarif) -> Value {
    let facts: Vec<String> = finding.facts.iter().map(|(name, fact)| format!("\n{name}: {fact}")).collect();
    let facts = facts.concat();
    let at = finding.place.to_string();
    let mut entry = value!({
        "ruleId": result.rule.id,
        "kind": if finding.review { "review" } else { "fail" },
        "level": if finding.review { "none" } else { level(finding.severity_under(result.rule)) },
        "message": {"text": format!("{} ({}){facts}", finding.claim, finding.proof.name())},
        "locations": [location(finding, &at, options)],
        "partialFingerprints": {"probity/v1": fingerprint(result, finding)},
    });
    let sent = finding.requests.first().and_then(|number| report.requests.iter().find(|sent| sent.number == *number));
    if let (Some(sent), Some(entry)) = (sent, entry.as_object_mut()) {
        entry.insert("webRequest".to_owned(), web_request(sent));
        entry.insert("webResponse".to_owned(), web_response(sent));
    }
    entry
}

fn state(result: &RuleResult, options: &Sarif) -> Value {
    let kind = match result.status {
        Status::Pass | Status::Subsumed => "pass",
        Status::NotApplicable => "notApplicable",
        _ => "open",
    };
    let text = format!("{}: {}. {}", result.rule.title, result.status.name(), result.notes.join("; "));
    value!({
        "ruleId": result.rule.id,
        "kind": kind,
        "level": "none",
        "message": {"text": text},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": options.anchor}, "region": {"startLine": 1}}}],
    })
}

fn location(finding: &Finding, at: &str, options: &Sarif) -> Value {
    // A path inside the repository is taken as it is; anything else (a URL, `token 1`) can't be a file's name there.
    let path = finding.place.artifact.trim_start_matches("./");
    let is_file =
        finding.place.line.is_some() && !path.starts_with('/') && !path.contains("://") && !path.contains("..");
    let uri = if is_file { path.replace(' ', "%20") } else { options.anchor.clone() };
    let line = if is_file { finding.place.line.unwrap_or(1) } else { 1 };
    let mut location = value!({"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": line}}});
    if let (false, Some(location)) = (at.is_empty(), location.as_object_mut()) {
        location.insert("logicalLocations".to_owned(), value!([{"fullyQualifiedName": at}]));
    }
    location
}

fn web_request(sent: &Sent) -> Value {
    value!({"protocol": "HTTP", "version": "1.1", "method": sent.method, "target": sent.url})
}

fn web_response(sent: &Sent) -> Value {
    value!({"protocol": "HTTP", "version": "1.1", "statusCode": sent.status, "body": {"text": sent.response}})
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

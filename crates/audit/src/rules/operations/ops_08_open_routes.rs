//! OPS-08: Routes without authentication.

use crate::evidence::yaml;
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "OPS-08",
    title: "Routes without authentication",
    tier: Tier::Passive,
    severity: Severity::Medium,
    references: "API2:2023; ASVS 8.2.1; CWE-306",
    why: "A route that nobody listed as public is public by mistake.",
    fix: "Require authentication by default, and list what is public.",
    bad: Example::file(
        r#"# openapi.json
{"openapi":"3.1.0","paths":{"/users":{"get":{}}}}"#,
    ),
    good: Example::file(
        r#"# openapi.json
{"openapi":"3.1.0","security":[{"bearer":[]}],"paths":{"/users":{"get":{}},"/health":{"get":{"security":[]}}}}"#,
    ),
    checks: &[Check::File(check)],
};

fn check(file: &TextFile, _: &Setting<'_>) -> Outcome {
    if file.kind != FileKind::OpenApi {
        return Outcome::not_applicable("no OpenAPI description");
    }
    let Some(json) = Json::parse(&file.text).or_else(|| yaml(&file.text)) else {
        return Outcome::not_tested("the OpenAPI description is neither JSON nor YAML");
    };
    let secured = |json: &Json| {
        json.get("security").map(|security| security.elements().iter().any(|one| !one.members().is_empty()))
    };
    let default = secured(&json).unwrap_or(false);
    let (mut open, mut all) = (Vec::new(), 0);
    for (path, item) in json.get("paths").map(Json::members).unwrap_or_default() {
        for (method, operation) in item
            .members()
            .iter()
            .filter(|(method, _)| matches!(method.as_str(), "get" | "post" | "put" | "patch" | "delete"))
        {
            all += 1;
            // An explicit empty list is a decision; nothing said is none.
            let said = operation.get("security").is_some();
            if !secured(operation).unwrap_or(default) && !said {
                open.push(format!("{} {path}", method.to_uppercase()));
            }
        }
    }
    if open.is_empty() {
        return Outcome::passed(format!("{all} operations"));
    }
    fail(format!("{} of {all} operations say nothing about authentication.", open.len()))
        .proof(Proof::Declared)
        .fact("operations", open.join(", "))
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Status;

    #[test]
    fn a_description_in_yaml_is_judged_as_one_in_json() {
        let status = |text: &str| {
            let mut evidence = crate::evidence::Evidence::default();
            evidence.add_file(TextFile::new("openapi.yaml", text));
            let mut audit = crate::Audit::of("a file", evidence, 0);
            audit.only = vec![RULE.id.to_owned()];
            let report = audit.run();
            report.results.iter().find(|result| result.rule.id == RULE.id).map(|result| result.status)
        };
        let open = "openapi: 3.1.0\npaths:\n  /users:\n    get: {}\n";
        assert_eq!(status(open), Some(Status::Fail));
        assert_eq!(status(&format!("{open}security:\n  - bearer: []\n")), Some(Status::Pass));
        assert_eq!(status("openapi: 3.1.0\npaths: [\n"), Some(Status::NotTested));
    }
}

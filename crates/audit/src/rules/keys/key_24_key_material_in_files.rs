//! KEY-24: Key material in repository, image or environment file.

use crate::evidence::{Assignment, assignments};
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "KEY-24",
    title: "Key material in repository, image or environment file",
    tier: Tier::Passive,
    severity: Severity::High,
    references: "ASVS 13.3.1; CWE-798; CWE-312",
    why: "What is in a repository or an image is in every copy of it, for ever.",
    fix: "Keep keys in a secret manager, and replace those that were in a file.",
    bad: Example::file(
        r"# .env
JWT_SECRET=8Zz5tw0Ionm3XPZZfN0NOml3z9FMfmpgXwovR9fp6ryDIoGRM8EPHAB6iHsc0fbq",
    ),
    good: Example::file(
        r"# .env
JWT_SECRET_FILE=/run/secrets/jwt",
    ),
    checks: &[Check::File(check)],
};

fn check(file: &TextFile, setting: &Setting<'_>) -> Outcome {
    if matches!(file.kind, FileKind::Lock | FileKind::OpenApi) {
        return Outcome::not_applicable("not a file that holds keys");
    }
    let mut findings = Vec::new();
    for (line, text) in file.text.lines().enumerate().map(|(at, line)| (at + 1, line)) {
        if text.contains("-----BEGIN ") && text.contains("PRIVATE KEY-----") {
            findings.push(fail("A private key in PEM is in the file.").at(file.place().line(line)));
        }
    }
    for secret in assignments(file).into_iter().filter(Assignment::is_jwt_secret) {
        findings.push(fail(format!("`{}` is in the file in clear.", secret.name)).at(file.place().line(secret.line)));
    }
    if let Some(set) = KeySet::parse(&file.text, file.place()) {
        for key in set.keys.iter().filter(|key| ["d", "k", "priv"].iter().any(|name| key.json.get(name).is_some())) {
            let thumbprint = key.thumbprint();
            let published =
                setting.evidence.key_sets.iter().filter(|other| other.url().is_some()).flat_map(|other| &other.keys);
            let in_use = published.filter_map(Key::thumbprint).any(|other| Some(other) == thumbprint);
            let finding = fail(format!("{} is in the file with its private half.", key.name()))
                .fact("thumbprint", thumbprint.unwrap_or_default());
            findings.push(if in_use {
                finding.fact("in use", "its public half is in the published set")
            } else {
                finding
            });
        }
    }
    Outcome::of(findings)
}

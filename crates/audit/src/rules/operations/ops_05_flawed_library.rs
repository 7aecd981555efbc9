//! OPS-05: Library with a known JWT flaw.

use crate::evidence::locked_versions;
use crate::known::advisories;
use crate::rules::prelude::*;

pub(super) static RULE: Rule = Rule {
    id: "OPS-05",
    title: "Library with a known JWT flaw",
    tier: Tier::Passive,
    severity: Severity::High,
    references: "ASVS 15.2.1; CWE-1395",
    why: "These versions have flaws in how they verify tokens, with numbers that scanners of attackers know too.",
    fix: "Upgrade to a version without the flaw.",
    bad: Example::file(
        r#"# package-lock.json
{"packages":{"node_modules/jsonwebtoken":{"version":"8.5.1"}}}"#,
    ),
    good: Example::file(
        r#"# package-lock.json
{"packages":{"node_modules/jsonwebtoken":{"version":"9.0.3"}}}"#,
    ),
    checks: &[Check::File(check)],
};

fn check(file: &TextFile, _: &Setting<'_>) -> Outcome {
    if file.kind != FileKind::Lock {
        return Outcome::not_applicable("no lock file");
    }
    let versions = locked_versions(file);
    let mut findings = Vec::new();
    let mut known = 0;
    for one in &versions {
        known += usize::from(advisories::ADVISORIES.iter().any(|advisory| advisory.package == one.package));
        for advisory in advisories::of(&one.package, &one.version) {
            findings.push(
                fail(format!("{} {} has {}: {}.", one.package, one.version, advisory.id, advisory.what))
                    .proof(Proof::Declared)
                    .fact("fixed in", if advisory.fixed.is_empty() { "no version" } else { advisory.fixed })
                    .fact("package of", advisory.ecosystem)
                    .at(file.place().line(one.line)),
            );
        }
    }
    if findings.is_empty() {
        return Outcome::passed(format!(
            "{} packages, {known} of them JWT libraries that the table of {} knows",
            versions.len(),
            advisories::AS_OF
        ));
    }
    Outcome::of(findings)
}

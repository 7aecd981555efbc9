//! OPS-06: Default or debug mode shipped.

use crate::evidence::{Assignment, assignments};
use crate::rules::prelude::*;
use crate::secrets::known_secrets;

pub(super) static RULE: Rule = Rule {
    id: "OPS-06",
    title: "Default or debug mode shipped",
    tier: Tier::Passive,
    severity: Severity::High,
    references: "ASVS 13.4.2, 13.2.3; CWE-1188",
    why: "A demo issuer or a default key in production is a second door.",
    fix: "Replace the default by a secret of your own.",
    bad: Example::file(
        r"# .env
JWT_SECRET=your-256-bit-secret",
    ),
    good: Example::file(
        r"# .env
JWT_SECRET=8Zz5tw0Ionm3XPZZfN0NOml3z9FMfmpgXwovR9fp6ryDIoGRM8EPHAB6iHsc0fbq",
    ),
    checks: &[Check::File(check)],
};

fn check(file: &TextFile, setting: &Setting<'_>) -> Outcome {
    if file.kind != FileKind::Config {
        return Outcome::not_applicable("no configuration");
    }
    let mut findings = Vec::new();
    for secret in assignments(file).into_iter().filter(Assignment::is_jwt_secret) {
        if let Some(known) = known_secrets().find(|known| known.is_text && known.bytes == secret.value.as_bytes()) {
            findings.push(
                fail(format!("`{}` is a default that is publicly known.", secret.name))
                    .fact("known from", known.source)
                    .fact("secret", crate::redact::secret(&known.bytes, setting.policy.show_secrets))
                    .at(file.place().line(secret.line)),
            );
        }
    }
    Outcome::of(findings)
}

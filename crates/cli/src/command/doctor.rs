//! `probity doctor`: the usual mistakes of a deployment, each with what to do about it.

mod diagnosis;
mod files;
mod finding;
mod reach;

use clap::Args;
use probity_audit::{Coverage, Status, Verdict};

use self::finding::{Finding, State};
use super::audit::{DeploymentArgs, Own};
use crate::failure::{Doing, Failure, Kind};
use crate::output;

/// Examine a deployment that does not work, or that should: files, names, TLS, clocks, metadata, keys, guard, and an audit of both.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    probity doctor                                      what `serve --dev` and its guard run from ./probity-data\n  \
    probity doctor --serve-config serve.toml --guard-config guard.toml\n  \
    probity doctor --issuer https://login.example --guard https://api.example --no-audit\n\n\
Each line is good, bad, or of no effect yet but worth a look; what is bad says what to do. The audit at the end sends forged tokens to\n\
the guard and revokes a test token of its own; it runs only when the rest is good, on this machine or on hosts named by --i-own.\n\n\
Exit codes:\n  \
    0  nothing is bad\n  \
    1  something is bad\n  \
    3  a configuration can't work")]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    deployment: DeploymentArgs,
    /// A host of yours, that may be audited; without it only this machine.
    #[arg(long)]
    i_own: Vec<String>,
    /// Leave the audit out.
    #[arg(long)]
    no_audit: bool,
}

impl DoctorArgs {
    /// Examines, and prints each finding when it is known.
    ///
    /// # Errors
    /// With exit code 1: something is bad. 3: a configuration can't be read.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let mut report = Report::default();
        report.chapter("files", files::examine(&self.deployment))?;
        let own = self.deployment.own().or_kind(Kind::Configuration)?;
        report.chapter(&format!("authority {}", own.issuer), reach::authority(&own).await)?;
        report.chapter(&format!("guard {}", own.guard), reach::guard(&own).await)?;
        report.chapter("audit", self.audit(&own, report.bad).await?)?;
        match report.bad {
            0 => Ok(()),
            1 => Err(Failure::new("one thing is bad")),
            bad => Err(Failure::new(format!("{bad} things are bad"))),
        }
    }

    async fn audit(&self, own: &Own, bad: usize) -> Result<Vec<Finding>, Failure> {
        let strange = own.strange_hosts(&self.i_own)?;
        let reason = if self.no_audit {
            Some("left out, as you said".to_owned())
        } else if bad > 0 {
            Some("left out until the rest is good".to_owned())
        } else if own.credentials.is_none() && own.token.is_none() {
            Some("left out: no client can get a token; --client ID --client-secret-file FILE, or --token".to_owned())
        } else {
            strange.first().map(|host| format!("left out: say that it is yours by --i-own {host}"))
        };
        if let Some(reason) = reason {
            return Ok(vec![Finding::note(reason)]);
        }
        let report = own.audit().await?;
        let Coverage { run, total, .. } = report.coverage;
        let findings = report.with_status(Status::Fail);
        let verdict = format!("{}; {run} of {total} rules came to a result", report.verdict.name());
        let mut found = vec![if report.verdict == Verdict::NotShownInsecure {
            Finding::good(verdict)
        } else {
            Finding::bad(verdict, "see all of it: probity audit self")
        }];
        found.extend(findings.iter().map(|finding| {
            let rule = finding.rule;
            Finding::bad(format!("{} {}", rule.id, rule.title), format!("probity audit explain {}", rule.id))
        }));
        Ok(found)
    }
}

/// What was printed so far.
#[derive(Debug, Default)]
struct Report {
    bad: usize,
}

impl Report {
    fn chapter(&mut self, title: &str, findings: Vec<Finding>) -> Result<(), Failure> {
        output::line(title)?;
        for finding in findings {
            self.bad += usize::from(finding.state == State::Bad);
            output::text(&finding.to_string())?;
        }
        Ok(())
    }
}

//! What every audit takes, and how it runs and reports.

use std::io::IsTerminal;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use probity_audit::evidence::{Evidence, KeySet};
use probity_audit::live::{Flow, Prober};
use probity_audit::report::{self, Sarif, Style};
use probity_audit::secrets::{Progress, Wordlist};
use probity_audit::{Allow, Audit, Baseline, Blocklist, Collector, Place, Policy, Report, Severity};

use super::inputs::{bytes_of, now, text_of, unreachable, usage};
use super::progress::ProgressBar;
use crate::failure::{Doing, Failure, Kind};
use crate::output;

/// What every audit takes.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The form of the report.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Where the report goes instead of standard output; readable for you only.
    #[arg(long)]
    output: Option<PathBuf>,
    /// Show everything: each pass, what was not tested, each request.
    #[arg(long, short)]
    verbose: bool,
    /// The lowest severity that ends in exit code 1: info, low, medium, high, critical.
    #[arg(long, default_value = "medium")]
    fail_on: Severity,
    /// The least coverage, in percent, for exit code 0.
    #[arg(long, default_value_t = 0)]
    min_coverage: usize,
    /// Only rules whose IDs begin so: `SIG-04`, `KEY`.
    #[arg(long)]
    only: Vec<String>,
    /// A file of accepted findings, each with reason, owner and end.
    #[arg(long)]
    baseline: Option<PathBuf>,
    /// A file with a candidate for HMAC secrets on each line.
    #[arg(long)]
    wordlist: Vec<PathBuf>,
    /// Try every text of lower-case letters and digits up to this length.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(0..=8))]
    brute_force: u8,
    /// A file with products of known primes, a hexadecimal number on each line.
    #[arg(long)]
    known_primes: Vec<PathBuf>,
    /// A file with keys of broken generators, in the form of badkeys' blocklist.dat.
    #[arg(long, value_name = "FILE")]
    blocklist: Option<PathBuf>,
    /// A JWK Set of the issuer, as a file or URL.
    #[arg(long)]
    pub(super) jwks: Vec<String>,
    /// Show recovered secrets.
    #[arg(long)]
    show_secrets: bool,
    /// The authenticator assurance level that is asked for (NIST SP 800-63B).
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=3))]
    aal: Option<u8>,
    /// Certificate authorities to trust beside the platform's, in PEM.
    #[arg(long)]
    pub(super) ca_file: Option<PathBuf>,
    /// With --format sarif: every rule's state, not only findings.
    #[arg(long)]
    sarif_full: bool,
    /// With --format sarif: the file in the repository that findings without one are attached to.
    #[arg(long, default_value = "README.md")]
    sarif_anchor: String,
}

/// The forms of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a terminal.
    Text,
    /// For programs.
    Json,
    /// For code scanning: SARIF 2.1.0.
    Sarif,
    /// For a browser: one file.
    Html,
    /// For a ticket.
    Markdown,
}

impl Options {
    pub(super) async fn audit(
        self,
        target: &str,
        mut evidence: Evidence,
        prober: Option<(Prober, Allow)>,
        flow: Option<(Flow, Allow)>,
    ) -> Result<(), Failure> {
        if prober.is_none() {
            for source in &self.jwks {
                evidence.key_sets.push(self.key_set(source).await?);
            }
        }
        if evidence.left_out > 0 {
            let looked = evidence.tokens.len();
            eprintln!("probity: {looked} tokens are looked at; {} more are left out", evidence.left_out);
        }
        let wordlists =
            self.wordlist.iter().map(|file| Wordlist::open(file).doing(file.display()).or_kind(Kind::Usage));
        let wordlists: Vec<Wordlist> = wordlists.collect::<Result<_, _>>()?;
        let known_moduli = self.known_primes.iter().map(|file| {
            probity_audit::moduli(&text_of(file)?)
                .ok_or_else(|| usage(format!("{}: a hexadecimal number on each line", file.display())))
        });
        let known_moduli = known_moduli.collect::<Result<Vec<_>, Failure>>()?.concat();
        let blocklist = self.blocklist.as_ref().map(|file| {
            let list = Blocklist::new(bytes_of(file)?);
            list.ok_or_else(|| usage(format!("{}: sorted records of 16 bytes", file.display())))
        });
        let blocklist = blocklist.transpose()?;
        let baseline =
            self.baseline.as_ref().map(|file| Baseline::parse(&text_of(file)?).map_err(usage)).transpose()?;
        let (policy, only, target) = (self.policy(), self.only.clone(), target.to_owned());
        // Checks block while they compute or wait for answers, so they get a thread of their own.
        let report = tokio::task::spawn_blocking(move || {
            let bar = ProgressBar::new();
            let progress = |progress: Progress| bar.show(progress);
            let mut audit = Audit::of(target, evidence, now());
            audit.progress = Some(&progress);
            audit.policy = policy;
            audit.only = only;
            audit.wordlists = wordlists;
            audit.known_moduli = known_moduli;
            audit.blocklist = blocklist;
            audit.baseline = baseline.unwrap_or_default();
            if let Some((prober, allow)) = prober {
                (audit.prober, audit.allow) = (Some(prober), allow);
            }
            if let Some((flow, allow)) = flow {
                (audit.flow, audit.allow) = (Some(flow), allow);
            }
            let report = audit.run();
            bar.clear();
            report
        })
        .await?;
        self.write(&report)?;
        match report.exit_code(self.fail_on, self.min_coverage) {
            0 => Ok(()),
            1 => Err(Failure::new(format!("there are findings of severity {} or above", self.fail_on.name()))),
            _ => Err(Failure::new("too little could be looked at to say anything").of_kind(Kind::Configuration)),
        }
    }

    fn write(&self, report: &Report) -> Result<(), Failure> {
        let pretty = |value: &serde_json::Value| serde_json::to_string_pretty(value).unwrap_or_default() + "\n";
        let text = match self.format {
            Format::Text => report::text(
                report,
                Style { colour: self.output.is_none() && style(false).colour, ..style(self.verbose) },
            ),
            Format::Json => pretty(&report::json(report)),
            Format::Sarif => {
                pretty(&report::sarif(report, &Sarif { full: self.sarif_full, anchor: self.sarif_anchor.clone() }))
            }
            Format::Html => report::html(report)?,
            Format::Markdown => report::markdown(report),
        };
        match &self.output {
            Some(file) => write_private(file, &text).doing(file.display()),
            None => output::text(&text),
        }
    }

    pub(super) fn policy(&self) -> Policy {
        Policy {
            assurance_level: self.aal,
            brute_force_length: usize::from(self.brute_force),
            show_secrets: self.show_secrets,
            ..Policy::default()
        }
    }

    pub(super) fn authorities(&self) -> Result<Option<String>, Failure> {
        self.ca_file.as_deref().map(text_of).transpose()
    }

    pub(super) fn collector(&self) -> Result<Collector, Failure> {
        Collector::new(self.authorities()?.as_deref(), now()).map_err(usage)
    }

    pub(super) async fn key_set(&self, source: &str) -> Result<KeySet, Failure> {
        if source.starts_with("https://") || source.starts_with("http://") {
            return self.collector()?.key_set(source).await.map_err(unreachable);
        }
        KeySet::parse(&text_of(Path::new(source))?, Place::of(source))
            .ok_or_else(|| usage(format!("{source} is no JWK Set and no JWK")))
    }
}

/// How a text report looks on this terminal.
pub(super) fn style(verbose: bool) -> Style {
    let width = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).unwrap_or(100);
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    Style { colour, width, verbose }
}

/// Reports say what is wrong where: only their owner may read them.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}

//! `probity audit`: reads what it is given, permits what the operator permits, and prints the report.

use std::fmt;
use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use clap::{Args, Subcommand, ValueEnum};
use probity_audit::evidence::{Evidence, FileKind, KeySet, TextFile, Token, find_tokens, parse_har, to_hex};
use probity_audit::live::{AcceptWhen, Flow, FlowFile, LiveOptions, OtherToken, Prober, Signer, Supplies, Target};
use probity_audit::report::{self, Sarif, Style};
use probity_audit::secrets::{Progress, Wordlist};
use probity_audit::{Allow, Audit, Baseline, Collector, Place, Policy, Report, Severity, rules};

use crate::client::read;
use crate::failure::{Doing, Failure, Kind};
use crate::output;

/// Examine tokens, keys, issuers, files or a live endpoint, and prove what is wrong.
///
/// Only looks, unless you permit more: `--allow active` sends forged tokens to the endpoint that you name.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    probity audit token eyJhbGciOi...                          what a token tells, and whether its secret is known\n  \
    probity audit issuer https://login.example                 metadata and keys\n  \
    probity audit endpoint http://localhost:8080/me --token eyJ... --allow active\n  \
    probity audit files .                                      secrets, settings and lock files of a repository\n  \
    probity audit explain SIG-04                               what a rule looks for, why, and the fix\n\n\
Exit codes:\n  \
    0  nothing at or above --fail-on, and enough was looked at\n  \
    1  findings\n  \
    2  the command line, or an input, is wrong\n  \
    3  can't say, or less was looked at than --min-coverage asks\n  \
    4  something could not be fetched")]
pub(crate) struct AuditArgs {
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Look at tokens: what they say, and whether their secret is known.
    #[command(after_help = "Example:\n  pbpaste | probity audit token -")]
    Token {
        /// Tokens, `@FILE` for the tokens in a file, or `-` for those on standard input.
        #[arg(required = true)]
        tokens: Vec<String>,
        #[command(flatten)]
        options: Options,
    },
    /// Look at JWK Sets.
    #[command(
        after_help = "Example:\n  probity audit keys https://login.example/jwks.json --history keys-of-last-month.json"
    )]
    Keys {
        /// Files or URLs.
        #[arg(required = true)]
        sources: Vec<String>,
        /// The same set as it was earlier, in a file; its age is the file's.
        #[arg(long)]
        history: Vec<PathBuf>,
        #[command(flatten)]
        options: Options,
    },
    /// Look at what an issuer publishes.
    #[command(after_help = "Example:\n  probity audit issuer https://login.example")]
    Issuer {
        /// The issuer's URL.
        url: String,
        #[command(flatten)]
        options: Options,
    },
    /// Look at a live endpoint; with --allow active, send it forged tokens.
    #[command(after_help = "Example:\n  probity audit endpoint http://localhost:8080/me --token eyJ... --allow active")]
    Endpoint {
        /// The endpoint: a GET with the token must succeed.
        url: String,
        #[command(flatten)]
        live: Live,
        #[command(flatten)]
        options: Options,
    },
    /// As endpoint, from a raw HTTP request or a curl line that holds a token.
    #[command(after_help = "Example:\n  probity audit request copied-as-curl.txt --allow active")]
    Request {
        /// A file with the request, or `-` for standard input.
        file: PathBuf,
        #[command(flatten)]
        live: Live,
        #[command(flatten)]
        options: Options,
    },
    /// Look at recorded HTTP traffic.
    #[command(after_help = "Example:\n  probity audit har session.har")]
    Har {
        /// HAR files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        #[command(flatten)]
        options: Options,
    },
    /// Look at configuration, environment, lock, log and OpenAPI files, or whole folders of them.
    #[command(after_help = "Example:\n  probity audit files . --format sarif --output audit.sarif")]
    Files {
        /// Files and folders.
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        #[command(flatten)]
        options: Options,
    },
    /// Log in, log out, revoke and refresh as a flow file says, and see whether it has effect.
    #[command(after_help = "Example:\n  probity audit flow flow.toml --allow state-change")]
    Flow {
        /// The flow file.
        file: PathBuf,
        #[command(flatten)]
        live: Live,
        #[command(flatten)]
        options: Options,
    },
    /// Say what a rule looks for, why, and what to do.
    #[command(after_help = "Example:\n  probity audit explain SIG-04")]
    Explain {
        /// The rule's ID.
        rule: String,
    },
    /// List the rules.
    #[command(after_help = "Example:\n  probity audit rules")]
    Rules {
        /// As the Markdown page of the documentation.
        #[arg(long)]
        markdown: bool,
    },
}

/// What every audit takes.
#[derive(Debug, Args)]
struct Options {
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
    /// A JWK Set of the issuer, as a file or URL.
    #[arg(long)]
    jwks: Vec<String>,
    /// Show recovered secrets.
    #[arg(long)]
    show_secrets: bool,
    /// The authenticator assurance level that is asked for (NIST SP 800-63B).
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=3))]
    aal: Option<u8>,
    /// Certificate authorities to trust beside the platform's, in PEM.
    #[arg(long)]
    ca_file: Option<PathBuf>,
    /// With --format sarif: every rule's state, not only findings.
    #[arg(long)]
    sarif_full: bool,
    /// With --format sarif: the file in the repository that findings without one are attached to.
    #[arg(long, default_value = "README.md")]
    sarif_anchor: String,
}

/// What a live audit takes.
#[derive(Debug, Args)]
struct Live {
    /// A token that the endpoint accepts, or `@FILE`.
    #[arg(long, env = "PROBITY_AUDIT_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// What you permit.
    #[arg(long, value_enum)]
    allow: Vec<Permission>,
    /// A host of yours; without it only this machine is asked.
    #[arg(long)]
    i_own: Vec<String>,
    /// What an accepted answer looks like: `status=200`, `body~TEXT`, `header:NAME~TEXT`.
    #[arg(long)]
    accept_when: Vec<AcceptWhen>,
    /// Another token, which must be refused, as KIND=TOKEN: id, refresh, logout, assertion, dpop-proof, audience, environment,
    /// tenant, dpop, mtls, expired, withdrawn.
    #[arg(long)]
    other: Vec<String>,
    /// A private JWK that the endpoint trusts.
    #[arg(long)]
    signing_key: Option<PathBuf>,
    /// The private JWK of another issuer that the endpoint trusts.
    #[arg(long)]
    other_issuer_key: Option<PathBuf>,
    /// The private JWK of a key that is published for encryption.
    #[arg(long)]
    other_key: Option<PathBuf>,
    /// The private JWK that a DPoP-bound token is bound to.
    #[arg(long)]
    dpop_key: Option<PathBuf>,
    /// A second URL that takes the same token, as a gateway and the service behind it.
    #[arg(long)]
    second: Option<url::Url>,
    /// How many requests may be sent.
    #[arg(long, default_value_t = 1_500)]
    max_requests: usize,
    /// How many requests may be sent in a second, beyond this machine; 0 for no limit.
    #[arg(long, default_value_t = 20)]
    rate: u32,
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

/// What can be permitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Permission {
    /// Forged tokens in idempotent requests.
    Active,
    /// Call-backs to an own listener.
    Oob,
    /// Bounded probes of exhaustion.
    DosProbe,
    /// Flows that change state.
    StateChange,
}

impl AuditArgs {
    /// Audits.
    ///
    /// # Errors
    /// With exit code 1: findings. 2: an input is wrong. 3: can't say. 4: something could not be fetched.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let mut evidence = Evidence::default();
        match self.command {
            AuditCommand::Token { tokens, options } => {
                for (at, given) in tokens.iter().enumerate() {
                    add_tokens(&mut evidence, given, at + 1)?;
                }
                let target = if evidence.tokens.len() == 1 {
                    "token".to_owned()
                } else {
                    format!("{} tokens", evidence.tokens.len())
                };
                options.audit(&target, evidence, None, None).await
            }
            AuditCommand::Keys { sources, history, options } => {
                for file in &history {
                    let mut set = options.key_set(&file.to_string_lossy()).await?;
                    set.urls = sources.first().cloned().into_iter().collect();
                    set.seen = modified(file);
                    evidence.key_sets.push(set);
                }
                for source in &sources {
                    evidence.key_sets.push(options.key_set(source).await?);
                }
                options.audit(&sources.join(", "), evidence, None, None).await
            }
            AuditCommand::Issuer { url, options } => {
                let collector = options.collector()?;
                collector.issuer(&url, &mut evidence).await.map_err(unreachable)?;
                options.audit(&url, evidence, None, None).await
            }
            AuditCommand::Endpoint { url, live, options } => {
                let target = Target::get(&url).map_err(usage)?;
                live.audit(target, None, evidence, options).await
            }
            AuditCommand::Request { file, live, options } => {
                let (target, token) = Target::from_request(&text_of(&file)?).map_err(usage)?;
                if !target.is_idempotent()
                    && !live.allow.contains(&Permission::StateChange)
                    && live.allow.contains(&Permission::Active)
                {
                    return Err(usage(format!(
                        "a {} may change something: permit it by --allow state-change",
                        target.method
                    )));
                }
                live.audit(target, token, evidence, options).await
            }
            AuditCommand::Har { files, options } => {
                for file in &files {
                    let name = file.display().to_string();
                    let exchanges =
                        parse_har(&text_of(file)?, &name).ok_or_else(|| usage(format!("{name} is no HAR file")))?;
                    exchanges.into_iter().for_each(|exchange| evidence.add_exchange(exchange));
                }
                let target = files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", ");
                options.audit(&target, evidence, None, None).await
            }
            AuditCommand::Files { paths, options } => {
                for path in &paths {
                    add_files(&mut evidence, path, 0)?;
                }
                if evidence.files.is_empty() {
                    return Err(usage("there is no file to look at"));
                }
                let target = format!("{} files", evidence.files.len());
                options.audit(&target, evidence, None, None).await
            }
            AuditCommand::Flow { file, live, options } => {
                let flow = FlowFile::parse(&text_of(&file)?).map_err(usage)?;
                for host in flow.hosts() {
                    live.owns(&host)?;
                }
                let authorities = options.authorities()?;
                let runtime = tokio::runtime::Handle::current();
                let flow = Flow::new(flow, authorities.as_deref(), runtime).map_err(usage)?;
                options.audit(&file.display().to_string(), evidence, None, Some((flow, live.permitted()))).await
            }
            AuditCommand::Explain { rule } => {
                let rule = rules::find(&rule)
                    .ok_or_else(|| usage(format!("there is no rule {rule}; see probity audit rules")))?;
                output::text(&report::explain(rule, style(false)))
            }
            AuditCommand::Rules { markdown: true } => output::text(&report::rules_page()),
            AuditCommand::Rules { markdown: false } => rules::all().try_for_each(|rule| {
                output::line(&format!(
                    "{:<8} {} {:<8} {}",
                    rule.id,
                    rule.tier.letter(),
                    rule.severity.name(),
                    rule.title
                ))
            }),
        }
    }
}

impl Live {
    async fn audit(
        self,
        target: Target,
        found: Option<String>,
        mut evidence: Evidence,
        options: Options,
    ) -> Result<(), Failure> {
        let given = match &self.token {
            Some(token) => Some(first_token(token)?),
            None => found,
        };
        let token = given.ok_or_else(|| usage("give a token that the endpoint accepts: --token TOKEN"))?;
        let parsed = Token::parse(&token, Place::of("the valid token")).ok_or_else(|| usage("the token is no JWT"))?;
        evidence.add_token(parsed);
        for source in &options.jwks {
            evidence.key_sets.push(options.key_set(source).await?);
        }
        let allow = self.permitted();
        let name = target.url.to_string();
        if allow.active {
            self.owns(&target.host())?;
            if let Some(second) = &self.second {
                self.owns(second.host_str().unwrap_or_default())?;
            }
        }
        let live = self.options(target, token, options.authorities()?)?;
        let policy = options.policy();
        let prober = Prober::new(live, &evidence, &policy, now(), tokio::runtime::Handle::current()).map_err(usage)?;
        options.audit(&name, evidence, Some((prober, allow)), None).await
    }

    fn options(self, target: Target, token: String, authorities: Option<String>) -> Result<LiveOptions, Failure> {
        let signer = |file: Option<&PathBuf>| -> Result<Option<Signer>, Failure> {
            file.map(|file| {
                Signer::from_jwk(&text_of(file)?, None).map_err(|error| usage(format!("{}: {error}", file.display())))
            })
            .transpose()
        };
        let others = self.other.iter().map(|other| {
            let (kind, token) = other.split_once('=').ok_or_else(|| usage("write --other KIND=TOKEN"))?;
            Ok(OtherToken { kind: kind.to_owned(), text: first_token(token)? })
        });
        Ok(LiveOptions {
            target,
            token,
            others: others.collect::<Result<_, Failure>>()?,
            supplies: Supplies {
                signer: signer(self.signing_key.as_ref())?,
                other_issuer_signer: signer(self.other_issuer_key.as_ref())?,
                wrong_use_signer: signer(self.other_key.as_ref())?,
                encryption_secret: None,
                dpop_key: self.dpop_key.as_ref().map(|file| text_of(file)).transpose()?,
            },
            accept_when: self.accept_when,
            second: self.second,
            authorities,
            max_requests: self.max_requests,
            requests_per_second: self.rate,
            allow_dos_probe: self.allow.contains(&Permission::DosProbe),
            marker: marker()?,
        })
    }

    /// Whether the operator says that a host is his; this machine needs no saying.
    fn owns(&self, host: &str) -> Result<(), Failure> {
        let loopback =
            host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        if loopback || self.i_own.iter().any(|own| own.eq_ignore_ascii_case(host)) {
            return Ok(());
        }
        Err(usage(format!("nothing is sent to {host} unless you say that it is yours: --i-own {host}")))
    }

    fn permitted(&self) -> Allow {
        let has = |permission| self.allow.contains(&permission);
        Allow {
            active: has(Permission::Active),
            oob: has(Permission::Oob),
            dos_probe: has(Permission::DosProbe),
            state_change: has(Permission::StateChange),
        }
    }
}

impl Options {
    async fn audit(
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
        let wordlists =
            self.wordlist.iter().map(|file| Wordlist::open(file).doing(file.display()).or_kind(Kind::Usage));
        let wordlists: Vec<Wordlist> = wordlists.collect::<Result<_, _>>()?;
        let known_moduli = self.known_primes.iter().map(|file| {
            probity_audit::moduli(&text_of(file)?)
                .ok_or_else(|| usage(format!("{}: a hexadecimal number on each line", file.display())))
        });
        let known_moduli = known_moduli.collect::<Result<Vec<_>, Failure>>()?.concat();
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

    fn policy(&self) -> Policy {
        Policy {
            assurance_level: self.aal,
            brute_force_length: usize::from(self.brute_force),
            show_secrets: self.show_secrets,
            ..Policy::default()
        }
    }

    fn authorities(&self) -> Result<Option<String>, Failure> {
        self.ca_file.as_deref().map(text_of).transpose()
    }

    fn collector(&self) -> Result<Collector, Failure> {
        Collector::new(self.authorities()?.as_deref(), now()).map_err(usage)
    }

    async fn key_set(&self, source: &str) -> Result<KeySet, Failure> {
        if source.starts_with("https://") || source.starts_with("http://") {
            return self.collector()?.key_set(source).await.map_err(unreachable);
        }
        KeySet::parse(&text_of(Path::new(source))?, Place::of(source))
            .ok_or_else(|| usage(format!("{source} is no JWK Set and no JWK")))
    }
}

/// A line on standard error that says how far a word list is, when somebody looks.
struct ProgressBar {
    started: std::time::Instant,
    shown: bool,
}

impl ProgressBar {
    #[expect(clippy::disallowed_methods, reason = "the rate that people see is measured on a real clock")]
    fn new() -> Self {
        Self { started: std::time::Instant::now(), shown: std::io::stderr().is_terminal() }
    }

    fn show(&self, progress: Progress) {
        if !self.shown {
            return;
        }
        let percent = (progress.read * 100).checked_div(progress.total).unwrap_or(100);
        let filled = usize::try_from(percent / 4).unwrap_or(25);
        let rate =
            progress.tried * 1_000 / u64::try_from(self.started.elapsed().as_millis().max(1)).unwrap_or(u64::MAX);
        let bar = format!("{}{}", "#".repeat(filled), "·".repeat(25 - filled.min(25)));
        let _ = write!(std::io::stderr(), "\r[{bar}] {percent:>3} %  {} candidates, {rate} a second ", progress.tried);
    }

    fn clear(&self) {
        if self.shown {
            let _ = write!(std::io::stderr(), "\r{:80}\r", "");
        }
    }
}

fn style(verbose: bool) -> Style {
    let width = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).unwrap_or(100);
    let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    Style { colour, width, verbose }
}

fn add_tokens(evidence: &mut Evidence, given: &str, number: usize) -> Result<(), Failure> {
    if given == "-" || given.starts_with('@') {
        let path = Path::new(given.trim_start_matches('@'));
        let text = text_of(path)?;
        let found = find_tokens(&text);
        if found.is_empty() {
            return Err(usage(format!("there is no JWT in {given}")));
        }
        for (at, token) in found {
            let line = text.get(..at).map_or(1, |before| before.matches('\n').count() + 1);
            let place = if given == "-" {
                Place::of(format!("line {line}"))
            } else {
                Place::of(path.display().to_string()).line(line)
            };
            Token::parse(token, place).into_iter().for_each(|token| evidence.add_token(token));
        }
        return Ok(());
    }
    let text = given.trim().trim_start_matches("Bearer ");
    let token = Token::parse(text, Place::of(format!("token {number}")));
    evidence.add_token(token.ok_or_else(|| {
        usage(format!(
            "argument {number} is no JWT: three parts of base64url with dots between, the first a JSON object"
        ))
    })?);
    Ok(())
}

fn first_token(given: &str) -> Result<String, Failure> {
    match given.strip_prefix('@') {
        Some(file) => {
            let text = text_of(Path::new(file))?;
            let found = find_tokens(&text).first().map(|(_, token)| (*token).to_owned());
            found.ok_or_else(|| usage(format!("there is no JWT in {file}")))
        }
        None => Ok(given.trim().trim_start_matches("Bearer ").to_owned()),
    }
}

/// Text files below a path, without what is not the project's own.
fn add_files(evidence: &mut Evidence, path: &Path, depth: usize) -> Result<(), Failure> {
    let skipped = ["node_modules", "target", ".git", "vendor", ".venv", "dist", "build"];
    if path.is_dir() {
        let mut entries: Vec<PathBuf> = std::fs::read_dir(path)
            .doing(path.display())
            .or_kind(Kind::Usage)?
            .flatten()
            .map(|entry| entry.path())
            .collect();
        entries.sort();
        for entry in entries {
            let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let link = entry.symlink_metadata().is_ok_and(|data| data.is_symlink());
            if !skipped.contains(&name.as_str()) && !link && depth < MAX_DEPTH && evidence.files.len() < MAX_FILES {
                add_files(evidence, &entry, depth + 1)?;
            }
        }
        return Ok(());
    }
    let size = path.metadata().doing(path.display()).or_kind(Kind::Usage)?.len();
    let bytes = if size > MAX_FILE_BYTES { Vec::new() } else { read(path).or_kind(Kind::Usage)? };
    if let Ok(text) = String::from_utf8(bytes)
        && !text.contains('\0')
    {
        let file = TextFile::new(path.display().to_string(), text);
        // A HAR file among the others is read as what it is.
        match parse_har(&file.text, &file.path).filter(|_| file.kind == FileKind::Config) {
            Some(exchanges) => exchanges.into_iter().for_each(|exchange| evidence.add_exchange(exchange)),
            None => evidence.add_file(file),
        }
    }
    Ok(())
}

fn text_of(path: &Path) -> Result<String, Failure> {
    let bytes = if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().lock().take(MAX_FILE_BYTES).read_to_end(&mut bytes).doing("standard input")?;
        bytes
    } else {
        read(path).or_kind(Kind::Usage)?
    };
    String::from_utf8(bytes).map_err(|_| usage(format!("{}: not UTF-8", path.display())))
}

/// Reports say what is wrong where: only their owner may read them.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}

fn modified(file: &Path) -> Option<i64> {
    let time = file.metadata().ok()?.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(time.as_secs()).ok()
}

#[expect(clippy::disallowed_methods, reason = "a command is the rim")]
fn now() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}

/// A name for this audit's tokens that nobody else uses.
fn marker() -> Result<String, Failure> {
    let mut bytes = [0; 8];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Failure::new("no randomness"))?;
    Ok(format!("probity-audit-{}", to_hex(&bytes)))
}

fn usage(message: impl fmt::Display) -> Failure {
    Failure::new(message.to_string()).of_kind(Kind::Usage)
}

fn unreachable(message: impl fmt::Display) -> Failure {
    Failure::new(message.to_string()).of_kind(Kind::Unreachable)
}

/// How deep folders are searched.
const MAX_DEPTH: usize = 16;

/// How many files are looked at.
const MAX_FILES: usize = 20_000;

/// The largest file that is looked at, in bytes.
const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

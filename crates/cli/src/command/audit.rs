//! `probity audit`: reads what it is given, permits what the operator permits, and prints the report.

mod deployment;
mod inputs;
mod live;
mod options;
mod own;
mod progress;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use probity_audit::evidence::{Evidence, parse_har};
use probity_audit::live::{Flow, FlowFile, Target};
use probity_audit::{report, rules};

pub(crate) use self::deployment::DeploymentArgs;
pub(crate) use self::inputs::now;
use self::inputs::{add_files, add_tokens, modified, text_of, unreachable, usage};
use self::live::{Live, Permission};
use self::options::{Options, style};
pub(crate) use self::own::Own;
use self::own::OwnArgs;
use crate::failure::Failure;
use crate::output;

/// Examine tokens, keys, issuers, files or a live endpoint, and prove what is wrong.
///
/// Only looks, unless you permit more: `--allow active` sends forged tokens to the endpoint that you name.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    probity audit token eyJhbGciOi...                          what a token tells, and whether its secret is known\n  \
    probity audit issuer https://login.example                 metadata and keys\n  \
    probity audit endpoint http://localhost:8080/me --token eyJ... --allow active\n  \
    probity audit self                                         a Probity authority and guard that run here\n  \
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
    #[command(name = "self")]
    Own(OwnArgs),
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
            AuditCommand::Own(own) => own.run().await,
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

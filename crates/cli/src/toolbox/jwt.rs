//! `probity jwt`: verify and decode tokens (RFC 7519).

use std::io::Read;
use std::time::Duration;

use clap::{Args, Subcommand};
use probity_jose::jwt::{Builder, TokenType, Verifier};
use probity_jose::{UnixTime, jwt};
use probity_verifier::clock::unix_now;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::batch::{self, BatchFlag, Kind, Outcome};
use super::decode;
use super::jws::{algorithms, header_members, keys_of};
use crate::failure::{Doing, Failure};

/// The most bytes that `decode` reads.
const MAX_INPUT_BYTES: u64 = 1 << 20;

/// Verify and decode JSON Web Tokens.
#[derive(Debug, Args)]
#[command(after_help = VERIFY_EXAMPLE)]
pub(crate) struct JwtArgs {
    #[command(subcommand)]
    command: JwtCommand,
}

#[derive(Debug, Subcommand)]
enum JwtCommand {
    /// Verify tokens.
    ///
    /// A line {"id","token","keys","algs","issuer","audience","typ","now","leeway"} gives {"id","valid":true,"header","claims"}
    /// or {"id","valid":false,"error","message"}. `keys` is a JWK or a JWK Set; an issuer or audience that is given must be
    /// there and match; `typ` is not checked when it is null or absent; `now` and `leeway` are seconds.
    #[command(after_help = VERIFY_EXAMPLE)]
    Verify(BatchFlag),
    /// Show what a token says, without trusting any of it.
    ///
    /// Reads the token from standard input, also when it is broken or has `Bearer` before it.
    #[command(after_help = "Example:\n  probity jwt decode < token.txt")]
    Decode {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

const VERIFY_EXAMPLE: &str = "Example:\n  \
    echo '{\"id\":1,\"token\":\"eyJ...\",\"keys\":{\"keys\":[...]},\"algs\":[\"ES256\"],\"issuer\":\"https://as.example\"}' \\\n    \
    | probity jwt verify --batch";

impl JwtArgs {
    /// Answers every line, or shows one token.
    ///
    /// # Errors
    /// When reading or writing fails, or there is no token to show.
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self.command {
            JwtCommand::Verify(_) => batch::run(Kind::Verdict, verify),
            JwtCommand::Decode { json } => {
                let mut bytes = Vec::new();
                std::io::stdin().lock().take(MAX_INPUT_BYTES).read_to_end(&mut bytes).doing("standard input")?;
                let decoded = decode::decode(&bytes);
                let text = if json { serde_json::to_string_pretty(&decoded)? } else { decoded.to_string() };
                println!("{}", text.trim_end());
                Ok(())
            }
        }
    }
}

#[derive(Deserialize)]
struct ToVerify {
    token: String,
    keys: Box<RawValue>,
    algs: Vec<String>,
    issuer: Option<String>,
    audience: Option<String>,
    /// Not checked when it is null or absent.
    typ: Option<String>,
    /// Seconds; the present when absent.
    now: Option<u64>,
    /// Seconds.
    #[serde(default)]
    leeway: u64,
}

fn verify(line: &ToVerify) -> Outcome {
    let keys = keys_of(&line.keys)?;
    let mut accepted = policy(line);
    // RFC 7519 section 4.1: every claim is optional unless the line names it.
    accepted.required_claims.clear();
    accepted.leeway = Duration::from_secs(line.leeway);
    let now = line.now.map_or_else(unix_now, UnixTime::from_secs);
    let verified: jwt::Verified<Map<String, Value>> = accepted.verify(&line.token, &keys, now)?;
    let header = Value::Object(header_members(verified.header()));
    let claims = Value::Object(verified.into_claims());
    Ok([("header".to_owned(), header), ("claims".to_owned(), claims)].into_iter().collect())
}

/// The policy that the line spells out; what it leaves open is named by the calls that open it.
fn policy(line: &ToVerify) -> Verifier {
    let typ = line.typ.clone().map_or(TokenType::Unchecked, TokenType::Exactly);
    let builder: Builder<_> = Verifier::custom(typ);
    let builder = match &line.issuer {
        Some(issuer) => builder.issuer(issuer),
        None => builder.danger_accept_any_issuer(),
    };
    let builder = match &line.audience {
        Some(audience) => builder.audience(audience),
        None => builder.danger_accept_any_audience(),
    };
    builder.algorithms(algorithms(&line.algs))
}

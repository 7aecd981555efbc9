//! `probity admin audit-log`: what was done, and whether anybody has tampered with the record of it.

use clap::Subcommand;
use probity_authority::domain::audit_log::{ChainHash, Entry, Head, Verification};
use probity_jose::UnixTime;
use serde_json::{Value, json};

use super::{Admin, query, table};
use crate::failure::{Failure, Kind};

/// What to do with the audit log.
#[derive(Debug, Subcommand)]
pub(super) enum AuditLogCommand {
    /// List entries.
    #[command(after_help = "Example:\n  probity admin audit-log list --after 200\n\nTimes are in seconds since 1970.")]
    List {
        /// The entries after this number: two hundred are listed at once.
        #[arg(long, default_value_t = 0)]
        after: u64,
    },
    /// Read the whole log and verify its chain of hashes: an altered, removed or moved entry is told by its number.
    #[command(after_help = "Examples:\n  \
        probity admin audit-log verify\n  \
        probity admin audit-log verify --head 42:HASH\n\n\
        Whoever can write to the store can write the whole log anew, with hashes that fit. Keep the head that this prints \
        elsewhere, and give it with --head the next time.")]
    Verify {
        /// A head that an earlier verification has printed: it must be in the chain.
        #[arg(long, value_name = "NUMBER:HASH", value_parser = head)]
        head: Option<Head>,
    },
}

impl AuditLogCommand {
    /// Does it; the answer, and a text for people.
    pub(super) async fn run(self, admin: &Admin) -> Result<(Value, String), Failure> {
        match self {
            Self::List { after } => {
                let answer = admin.get(&path(after)).await?;
                let text = table(&answer, &["number", "time", "actor", "action", "target", "details"]);
                Ok((answer, text))
            }
            Self::Verify { head } => verify(admin, head).await,
        }
    }
}

async fn verify(admin: &Admin, kept: Option<Head>) -> Result<(Value, String), Failure> {
    let mut verification = Verification::new(kept);
    let mut after = 0;
    let stored = loop {
        let answer = admin.get(&path(after)).await?;
        let entries = answer.get("entries").and_then(Value::as_array).ok_or_else(unreadable)?;
        if entries.is_empty() {
            // Of the last answer: whatever was written while the others were read is before it.
            break answer.get("head").and_then(Value::as_str).and_then(Head::parse).ok_or_else(unreadable)?;
        }
        for entry in entries {
            let entry = read(entry).ok_or_else(unreadable)?;
            // Or this would not end.
            if entry.number <= after {
                return Err(unreadable());
            }
            after = entry.number;
            verification.entry(&entry);
        }
    };
    let (head, faults) = verification.finish(stored);
    if faults.is_empty() {
        let text = format!("the audit log is whole: {} entries\nhead {head}", head.number);
        return Ok((json!({ "verified": true, "head": head.to_string() }), text));
    }
    let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
    Err(Failure::new(format!("the audit log was tampered with: {}", faults.join("; "))).of_kind(Kind::Refused))
}

fn path(after: u64) -> String {
    format!("audit-log?{}", query(&[("after", &after.to_string())]))
}

fn unreadable() -> Failure {
    Failure::new("the authority's answer is no audit log")
}

fn read(entry: &Value) -> Option<Entry> {
    let text = |name: &str| entry.get(name).and_then(Value::as_str).map(str::to_owned);
    Some(Entry {
        number: entry.get("number")?.as_u64()?,
        time: UnixTime::from_secs(entry.get("time")?.as_u64()?),
        actor: text("actor")?,
        action: text("action")?,
        target: text("target")?,
        details: text("details")?,
        hash: ChainHash::parse(&text("hash")?)?,
    })
}

fn head(text: &str) -> Result<Head, &'static str> {
    Head::parse(text).ok_or("expected NUMBER:HASH, as `audit-log verify` prints it")
}

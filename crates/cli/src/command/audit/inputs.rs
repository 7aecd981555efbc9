//! Reads what an audit is given.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use probity_audit::Place;
use probity_audit::evidence::{Evidence, FileKind, TextFile, Token, find_tokens, parse_har};

use crate::client::read;
use crate::failure::{Doing, Failure, Kind};

pub(super) fn add_tokens(evidence: &mut Evidence, given: &str, number: usize) -> Result<(), Failure> {
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

pub(super) fn first_token(given: &str) -> Result<String, Failure> {
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
pub(super) fn add_files(evidence: &mut Evidence, path: &Path, depth: usize) -> Result<(), Failure> {
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
    // A device or a pipe has no end.
    let whole = path.is_file() && size <= MAX_FILE_BYTES;
    let bytes = if whole { read(path).or_kind(Kind::Usage)? } else { Vec::new() };
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

pub(super) fn text_of(path: &Path) -> Result<String, Failure> {
    String::from_utf8(bytes_of(path)?).map_err(|_| usage(format!("{}: not UTF-8", path.display())))
}

/// A file, or standard input for `-`, as long as it is not too large.
pub(super) fn bytes_of(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().lock().take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).doing("standard input")?;
    } else {
        let file = File::open(path).and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes));
        file.doing(path.display()).or_kind(Kind::Usage)?;
    }
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(usage(format!("{}: larger than {MAX_FILE_BYTES} bytes", path.display())));
    }
    Ok(bytes)
}

pub(super) fn modified(file: &Path) -> Option<i64> {
    let time = file.metadata().ok()?.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(time.as_secs()).ok()
}

#[expect(clippy::disallowed_methods, reason = "a command is the rim")]
pub(crate) fn now() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}

pub(super) fn usage(message: impl fmt::Display) -> Failure {
    Failure::new(message.to_string()).of_kind(Kind::Usage)
}

pub(super) fn unreachable(message: impl fmt::Display) -> Failure {
    Failure::new(message.to_string()).of_kind(Kind::Unreachable)
}

/// How deep folders are searched.
const MAX_DEPTH: usize = 16;

/// How many files are looked at.
const MAX_FILES: usize = 20_000;

/// The largest file that is looked at, in bytes.
const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

//! A second place that says how far the log was written, so that a database that has lost its end is noticed.
//!
//! SQLite takes up what its write-ahead log still holds whole, and says nothing of the rest: a database that was cut off, or
//! whose log was, is sound and knows less. The witness is written after each commit with revocations, before anybody is
//! answered. It is not forced to disk: after a power failure it may know less than the database, never more.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension};

use super::engine::StoreError;
use super::value::Inconsistent;

const FILE: &str = "probity.witness";

/// Longer than any line that is written into it.
const MAX_BYTES: u64 = 128;

/// The open file.
#[derive(Debug)]
pub(super) struct Witness {
    file: File,
    path: PathBuf,
    /// What it said when it was opened: term and number of the last record.
    seen: Option<(u64, u64)>,
}

impl Witness {
    /// Opens the witness of a folder, or makes one that has seen nothing.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when nobody has written it so.
    pub(super) fn open(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(FILE);
        let file = File::options().create(true).truncate(false).read(true).write(true).open(&path)?;
        let mut text = String::new();
        let read = (&file).take(MAX_BYTES).read_to_string(&mut text);
        let seen = if text.is_empty() && read.is_ok() { None } else { Some(parse(&text)) };
        let damaged =
            || StoreError::Damaged(format!("{} can't be read; remove it if probity.db is whole", path.display()));
        let seen = seen.map(|seen| seen.ok_or_else(damaged)).transpose()?;
        Ok(Self { file, path, seen })
    }

    /// Makes sure that a database holds everything that the witness has seen.
    ///
    /// # Errors
    /// [`StoreError::Forgotten`]
    pub(super) fn check(&self, database: &Connection) -> Result<(), StoreError> {
        let Some((term, seq)) = self.seen else {
            return Ok(());
        };
        let latest: Option<String> =
            database.query_row("SELECT value FROM meta WHERE name = 'term'", [], |row| row.get(0)).optional()?;
        let latest = latest.map_or(Ok(0), |text| text.parse::<u64>());
        let latest = latest.map_err(|_| Inconsistent("the term is no number"))?;
        let parameter = i64::try_from(term).unwrap_or(i64::MAX);
        let held: Option<i64> =
            database.query_row("SELECT seq FROM logs WHERE term = ?1", [parameter], |row| row.get(0)).optional()?;
        let held = held.map_or(Ok(0), u64::try_from).map_err(|_| Inconsistent("a position is negative"))?;
        if latest < term || held < seq {
            return Err(StoreError::Forgotten { term, seq, witness: self.path.display().to_string() });
        }
        Ok(())
    }

    /// Writes down where the log ends.
    ///
    /// # Errors
    /// The file system's. The database holds the truth all the same.
    pub(super) fn note(&mut self, term: u64, seq: u64) -> Result<(), std::io::Error> {
        self.file.rewind()?;
        self.file.write_all(line(term, seq).as_bytes())
    }
}

/// Always equally long, so that each line takes the place of the one before in one write.
fn line(term: u64, seq: u64) -> String {
    let said = format!("{term:020} {seq:020}");
    format!("{said} {:08x}\n", crc32fast::hash(said.as_bytes()))
}

fn parse(text: &str) -> Option<(u64, u64)> {
    let (term, rest) = text.split_once(' ')?;
    let (term, seq) = (term.parse().ok()?, rest.split_once(' ')?.0.parse().ok()?);
    (line(term, seq) == text).then_some((term, seq))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_and_no_flipped_bit_goes_unnoticed() {
        let good = line(7, 1_234_567);
        assert_eq!(parse(&good), Some((7, 1_234_567)));
        assert_eq!(good.len(), line(u64::MAX, u64::MAX).len());
        for bit in 0..good.len() * 8 {
            let mut bytes = good.clone().into_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(std::str::from_utf8(&bytes).ok().and_then(parse), None);
        }
        assert!((1..good.len()).all(|length| parse(&good[..length]).is_none()));
    }
}

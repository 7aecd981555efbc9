//! How far a log has been written, or a replica has read.

use core::fmt;
use core::str::FromStr;

/// A place in the authority's revocation log.
///
/// `term` grows by one at every start of the authority, `seq` counts the term's records from 1 without gaps. A number
/// that was handed out before a crash and lost with it is thus never taken for another record's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position {
    /// Which start of the authority.
    pub term: u64,
    /// Which record of the term; 0 is "before the first".
    pub seq: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.term, self.seq)
    }
}

/// A text that is not `term-seq`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a position is written term-seq, two decimal numbers")]
pub struct MalformedPosition;

impl FromStr for Position {
    type Err = MalformedPosition;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (term, seq) = text.split_once('-').ok_or(MalformedPosition)?;
        Ok(Self {
            term: term.parse().map_err(|_| MalformedPosition)?,
            seq: seq.parse().map_err(|_| MalformedPosition)?,
        })
    }
}

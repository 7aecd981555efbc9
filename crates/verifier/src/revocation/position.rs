//! How far logs have been written, or a replica has read.

use core::fmt;
use core::str::FromStr;

/// One writer of revocations: a process of the authority, named by randomness that is drawn when it starts.
///
/// The name is what makes a log's identity: an authority that was restored from an old backup may give its new log the
/// term of a lost one, but never its writer's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Writer(pub [u8; 8]);

/// A place in the log of one writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position {
    /// Whose log.
    pub writer: Writer,
    /// Which start this was, counted by the store over all writers.
    pub term: u64,
    /// Which record of the log, counted from 1 without gaps; 0 is before the first.
    pub seq: u64,
}

/// The most writers whose logs one replica follows at a time.
pub const MAX_WRITERS: usize = 64;

/// A place in each of several logs: how far a replica has read, or how far the logs go.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Positions(
    /// Sorted by log, one place for each.
    Vec<Position>,
);

/// A text that is not `term-seq@writer`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a position is written term-seq@writer: two decimal numbers and 16 hexadecimal digits")]
pub struct MalformedPosition;

/// More than [`MAX_WRITERS`] places, or two in the same log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("positions name a log twice, or more than {MAX_WRITERS} logs")]
pub struct BadPositions;

impl Position {
    /// Whether both are places in the same log.
    pub fn is_in_log_of(&self, other: &Self) -> bool {
        self.log() == other.log()
    }

    /// The place `count` records later.
    #[must_use]
    pub const fn plus(self, count: u64) -> Self {
        Self { seq: self.seq.saturating_add(count), ..self }
    }

    const fn log(&self) -> (Writer, u64) {
        (self.writer, self.term)
    }
}

impl Positions {
    /// In no log at all.
    pub const NOWHERE: Self = Self(Vec::new());

    /// The places in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Position> {
        self.0.iter().copied()
    }

    /// Whether there is no place in any log.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How far the log of `place` has been read: `None` when nothing is known of it.
    pub fn seq_in_log_of(&self, place: &Position) -> Option<u64> {
        self.0.iter().find(|known| known.is_in_log_of(place)).map(|known| known.seq)
    }

    /// Whether everything up to `place` has been read.
    pub fn reach(&self, place: &Position) -> bool {
        self.seq_in_log_of(place).is_some_and(|seq| seq >= place.seq)
    }

    /// Whether everything up to `others` has been read.
    pub fn cover(&self, others: &Self) -> bool {
        others.0.iter().all(|place| self.reach(place))
    }

    /// Everything up to `place` has been read; never goes back.
    ///
    /// # Errors
    /// [`BadPositions`] when that would be one log too many.
    pub fn advance(&mut self, place: Position) -> Result<(), BadPositions> {
        match self.0.binary_search_by_key(&place.log(), Position::log) {
            Ok(at) => {
                if let Some(known) = self.0.get_mut(at) {
                    known.seq = known.seq.max(place.seq);
                }
                Ok(())
            }
            Err(_) if self.0.len() >= MAX_WRITERS => Err(BadPositions),
            Err(at) => {
                self.0.insert(at, place);
                Ok(())
            }
        }
    }
}

impl From<Position> for Positions {
    fn from(place: Position) -> Self {
        Self(vec![place])
    }
}

impl TryFrom<Vec<Position>> for Positions {
    type Error = BadPositions;

    fn try_from(mut places: Vec<Position>) -> Result<Self, BadPositions> {
        places.sort_unstable();
        let twice = places.windows(2).any(|pair| matches!(pair, [one, other] if one.is_in_log_of(other)));
        if twice || places.len() > MAX_WRITERS { Err(BadPositions) } else { Ok(Self(places)) }
    }
}

impl fmt::Display for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}@{}", self.term, self.seq, self.writer)
    }
}

impl fmt::Display for Positions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("nowhere");
        }
        for (place, separator) in self.0.iter().zip(std::iter::once("").chain(std::iter::repeat(","))) {
            write!(f, "{separator}{place}")?;
        }
        Ok(())
    }
}

impl FromStr for Writer {
    type Err = MalformedPosition;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let number = digits.then(|| u64::from_str_radix(text, 16).ok()).flatten().ok_or(MalformedPosition)?;
        Ok(Self(number.to_be_bytes()))
    }
}

impl FromStr for Position {
    type Err = MalformedPosition;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (place, writer) = text.split_once('@').ok_or(MalformedPosition)?;
        let (term, seq) = place.split_once('-').ok_or(MalformedPosition)?;
        let number = |text: &str| text.parse().map_err(|_| MalformedPosition);
        Ok(Self { writer: writer.parse()?, term: number(term)?, seq: number(seq)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(writer: u8, term: u64, seq: u64) -> Position {
        Position { writer: Writer([writer; 8]), term, seq }
    }

    #[test]
    fn a_position_reads_back_as_it_is_shown() {
        let place = at(0xa5, 3, 42);
        assert_eq!(place.to_string(), "3-42@a5a5a5a5a5a5a5a5");
        assert_eq!(place.to_string().parse(), Ok(place));
        for text in ["", "3-42", "3@a5a5a5a5a5a5a5a5", "3-42@a5", "3-42@+5a5a5a5a5a5a5a5", "-3-4@a5a5a5a5a5a5a5a5"] {
            assert_eq!(text.parse::<Position>(), Err(MalformedPosition), "{text}");
        }
    }

    #[test]
    fn a_log_of_the_same_term_by_another_writer_is_another_log() {
        let read = Positions::from(at(1, 5, 10));
        assert!(read.reach(&at(1, 5, 10)) && read.reach(&at(1, 5, 3)));
        assert!(!read.reach(&at(2, 5, 3)), "an authority restored from a backup begins the same term again");
        assert!(!read.reach(&at(1, 5, 11)) && !read.reach(&at(1, 6, 0)));
    }

    #[test]
    fn each_log_must_be_covered() {
        let mut read = Positions::from(at(1, 5, 10));
        let heads = Positions::try_from(vec![at(2, 6, 1), at(1, 5, 9)]).unwrap();
        assert!(!read.cover(&heads));
        read.advance(at(2, 6, 1)).unwrap();
        assert!(read.cover(&heads));
        read.advance(at(2, 6, 0)).unwrap();
        assert!(read.cover(&heads), "a place never goes back");
    }

    #[test]
    fn a_log_named_twice_and_one_log_too_many_are_refused() {
        assert_eq!(Positions::try_from(vec![at(1, 5, 1), at(1, 5, 2)]), Err(BadPositions));
        let many: Vec<Position> = (0..=u64::try_from(MAX_WRITERS).unwrap()).map(|term| at(1, term, 1)).collect();
        assert_eq!(Positions::try_from(many.clone()), Err(BadPositions));
        let mut full = Positions::try_from(many[1..].to_vec()).unwrap();
        assert_eq!(full.advance(many[0]), Err(BadPositions));
    }
}

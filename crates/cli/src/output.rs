//! Standard output, whose reader may go away: `probity demo | head` must not end in a panic.

use std::io::{self, Write};

use crate::failure::{Doing, Failure};

/// Prints a line.
///
/// # Errors
/// Nobody reads any more, or the disk is full.
pub(crate) fn line(text: &str) -> Result<(), Failure> {
    write(text).and_then(|()| write("\n")).doing("standard output")
}

/// Prints a text as it is.
///
/// # Errors
/// As [`line()`].
pub(crate) fn text(text: &str) -> Result<(), Failure> {
    write(text).doing("standard output")
}

fn write(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

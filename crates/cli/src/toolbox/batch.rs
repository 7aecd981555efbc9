//! JSON lines in, JSON lines out.

use std::io::{self, BufRead, Write};

use clap::Args;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::failure::{Doing, Failure};

/// The longest line, in bytes. What is beyond it is read and thrown away, and the answer says so.
const MAX_LINE_BYTES: usize = 16 << 20;

/// The batch form is the only one of some commands: their input is bytes, and JSON lines carry them unchanged.
#[derive(Debug, Args)]
pub(super) struct BatchFlag {
    /// Read JSON lines from standard input, write JSON lines to standard output.
    #[arg(long, required = true)]
    batch: bool,
}

/// Why a line has no verdict but an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    code: &'static str,
    message: String,
}

impl Refused {
    /// The line itself is at fault.
    pub(super) fn line(message: impl Into<String>) -> Self {
        Self { code: "batch.malformed_line", message: message.into() }
    }
}

impl From<probity_jose::Error> for Refused {
    fn from(error: probity_jose::Error) -> Self {
        Self { code: error.code(), message: error.to_string() }
    }
}

/// What an input line comes to: the members of its output line.
pub(super) type Outcome = Result<Map<String, Value>, Refused>;

/// Whether the output lines say `valid`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `"valid": true` or `"valid": false`.
    Verdict,
    /// The product, or an error.
    Product,
}

#[derive(Deserialize)]
struct Id<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
}

/// Whether a key is a JWK Set and not a single JWK.
pub(super) fn is_jwk_set(json: &RawValue) -> bool {
    #[derive(Deserialize)]
    struct Probe<'a> {
        #[serde(borrow)]
        keys: Option<&'a RawValue>,
    }
    serde_json::from_str::<Probe<'_>>(json.get()).is_ok_and(|probe| probe.keys.is_some())
}

/// A JSON string.
pub(super) fn text_of(json: &RawValue) -> Result<String, Refused> {
    serde_json::from_str(json.get()).map_err(|error| Refused::line(error.to_string()))
}

/// Answers every line of standard input on standard output.
///
/// # Errors
/// When reading or writing fails.
pub(super) fn run<T: DeserializeOwned>(kind: Kind, answer: impl Fn(&T) -> Outcome) -> Result<(), Failure> {
    let input = io::stdin().lock();
    let mut output = io::BufWriter::new(io::stdout().lock());
    each_line(input, |line| {
        let (id, outcome) = match line {
            Ok(line) => {
                let id = serde_json::from_slice::<Id<'_>>(line).ok().and_then(|line| line.id);
                let parsed = serde_json::from_slice(line).map_err(|error| Refused::line(error.to_string()));
                (id.map_or("null", RawValue::get), parsed.and_then(|line| answer(&line)))
            }
            Err(refused) => ("null", Err(refused)),
        };
        write_line(&mut output, kind, id, outcome)
    })
    .doing("standard input or output")?;
    Ok(output.flush()?)
}

fn write_line(output: &mut impl Write, kind: Kind, id: &str, outcome: Outcome) -> io::Result<()> {
    let members = match (kind, outcome) {
        (Kind::Product, Ok(members)) => members,
        (Kind::Verdict, Ok(members)) => with_verdict(true, members),
        (Kind::Product, Err(refused)) => error_members(&refused),
        (Kind::Verdict, Err(refused)) => with_verdict(false, error_members(&refused)),
    };
    // The identifier goes out as it came in, to the letter.
    let members = Value::Object(members).to_string();
    let rest = members.strip_prefix('{').unwrap_or(&members);
    let comma = if rest == "}" { "" } else { "," };
    writeln!(output, "{{\"id\":{id}{comma}{rest}")
}

fn with_verdict(valid: bool, members: Map<String, Value>) -> Map<String, Value> {
    std::iter::once(("valid".to_owned(), json!(valid))).chain(members).collect()
}

fn error_members(refused: &Refused) -> Map<String, Value> {
    [("error".to_owned(), json!(refused.code)), ("message".to_owned(), json!(refused.message))].into_iter().collect()
}

/// Calls with each line that is not blank.
fn each_line(
    mut input: impl BufRead,
    mut take: impl FnMut(Result<&[u8], Refused>) -> io::Result<()>,
) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        let limit = u64::try_from(MAX_LINE_BYTES).unwrap_or(u64::MAX);
        let read = io::Read::take(&mut input, limit).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(());
        }
        if read == MAX_LINE_BYTES && line.last() != Some(&b'\n') {
            skip_line(&mut input)?;
            take(Err(Refused::line(format!("the line has more than {MAX_LINE_BYTES} bytes"))))?;
            continue;
        }
        let text = line.trim_ascii();
        if !text.is_empty() {
            take(Ok(text))?;
        }
    }
}

fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            return Ok(());
        }
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(buffer.len(), |at| at + 1);
        input.consume(used);
        if end.is_some() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &[u8]) -> Vec<Result<String, String>> {
        let mut lines = Vec::new();
        each_line(input, |line| {
            lines.push(line.map(|line| String::from_utf8_lossy(line).into_owned()).map_err(|refused| refused.message));
            Ok(())
        })
        .unwrap();
        lines
    }

    #[test]
    fn every_line_but_a_blank_one_is_taken_also_the_last_without_an_end() {
        assert_eq!(lines(b"a\n\n  \r\nb\r\nc"), [Ok("a".into()), Ok("b".into()), Ok("c".into())]);
    }

    #[test]
    fn a_line_that_is_too_long_is_refused_and_the_next_is_taken() {
        let mut input = vec![b'x'; MAX_LINE_BYTES + 10];
        input.extend_from_slice(b"\nnext\n");
        let lines = lines(&input);
        assert!(lines[0].is_err());
        assert_eq!(lines[1..], [Ok("next".into())]);
    }

    #[test]
    fn an_output_line_has_the_identifier_as_it_came() {
        let line = |kind, id: &str, outcome| {
            let mut output = Vec::new();
            write_line(&mut output, kind, id, outcome).unwrap();
            String::from_utf8(output).unwrap()
        };
        assert_eq!(line(Kind::Verdict, "1.0", Ok(Map::new())), "{\"id\":1.0,\"valid\":true}\n");
        assert_eq!(line(Kind::Product, "\"a\"", Ok(Map::new())), "{\"id\":\"a\"}\n");
        let refused: Value = serde_json::from_str(&line(Kind::Verdict, "null", Err(Refused::line("m")))).unwrap();
        assert_eq!(refused, json!({"id": null, "valid": false, "error": "batch.malformed_line", "message": "m"}));
    }
}

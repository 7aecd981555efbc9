//! One pass over the text that checks everything and lists the values.

use super::names::Names;
use super::{Kind, Node, number, text};
use crate::error::Error;
use crate::limits::MAX_JSON_DEPTH;

/// Reads a whole text into nodes, or says what is wrong with it.
pub(super) fn scan(text: &str) -> Result<Vec<Node>, Error> {
    let bytes = text.as_bytes();
    // Most tokens have neither escapes nor control characters anywhere: then a string ends at its next quote.
    let plain = !text::has_escapes_or_controls(bytes);
    let mut scanner = Scanner { text, bytes, plain, nodes: Vec::with_capacity(USUAL_NODES), error: Error::JsonSyntax };
    let start = scanner.skip_whitespace(0);
    let end = scanner.value(start, 0).map(|at| scanner.skip_whitespace(at));
    if end == Some(bytes.len()) { Ok(scanner.nodes) } else { Err(scanner.error) }
}

/// Room for the values and names of a usual token.
const USUAL_NODES: usize = 48;

/// The functions take the place where they start and return the one where they end, or nothing when the text is
/// wrong: in registers, which is twice as fast as a place in memory.
struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    plain: bool,
    nodes: Vec<Node>,
    /// What is wrong, unless something more special than the syntax.
    error: Error,
}

impl Scanner<'_> {
    fn value(&mut self, at: usize, depth: usize) -> Option<usize> {
        match self.byte(at)? {
            b'"' => self.string(at),
            b'{' => self.object(at, depth + 1),
            b'[' => self.array(at, depth + 1),
            b'-' | b'0'..=b'9' => self.number(at),
            b't' => self.literal(at, "true", Kind::True),
            b'f' => self.literal(at, "false", Kind::False),
            b'n' => self.literal(at, "null", Kind::Null),
            _ => None,
        }
    }

    fn object(&mut self, start: usize, depth: usize) -> Option<usize> {
        let node = self.open(Kind::Object, start, depth)?;
        let mut names = Names::default();
        let mut at = self.skip_whitespace(start + 1);
        if self.byte(at)? == b'}' {
            return Some(self.close(start, node, at));
        }
        loop {
            if self.byte(at)? != b'"' {
                return None;
            }
            at = self.string(at)?;
            if !names.add(self.text, &self.nodes, node) {
                return self.fail(Error::JsonDuplicateName);
            }
            at = self.skip_whitespace(at);
            if self.byte(at)? != b':' {
                return None;
            }
            at = self.skip_whitespace(at + 1);
            at = self.value(at, depth)?;
            at = self.skip_whitespace(at);
            match self.byte(at)? {
                b',' => at = self.skip_whitespace(at + 1),
                b'}' => return Some(self.close(start, node, at)),
                _ => return None,
            }
        }
    }

    fn array(&mut self, start: usize, depth: usize) -> Option<usize> {
        let node = self.open(Kind::Array, start, depth)?;
        let mut at = self.skip_whitespace(start + 1);
        if self.byte(at)? == b']' {
            return Some(self.close(start, node, at));
        }
        loop {
            at = self.value(at, depth)?;
            at = self.skip_whitespace(at);
            match self.byte(at)? {
                b',' => at = self.skip_whitespace(at + 1),
                b']' => return Some(self.close(start, node, at)),
                _ => return None,
            }
        }
    }

    /// Enters an array or object: the place of its node.
    fn open(&mut self, kind: Kind, start: usize, depth: usize) -> Option<usize> {
        if depth > MAX_JSON_DEPTH {
            return self.fail(Error::JsonTooDeep);
        }
        let node = self.nodes.len();
        self.push(kind, start, start);
        Some(node)
    }

    /// Leaves an array or object at its closing bracket: its end and size are known only now.
    fn close(&mut self, start: usize, node: usize, at: usize) -> usize {
        let (end, below) = (position(at + 1), position(self.nodes.len() - node - 1));
        if let Some(opened) = self.nodes.get_mut(node) {
            *opened = Node { kind: opened.kind, below, start: position(start), end };
        }
        at + 1
    }

    fn string(&mut self, at: usize) -> Option<usize> {
        let start = at + 1;
        let rest = self.bytes.get(start..)?;
        if self.plain {
            let end = start + text::length_to_quote(rest)?;
            self.push(Kind::String, start, end);
            return Some(end + 1);
        }
        match text::length(rest) {
            Ok((kind, length)) => {
                self.push(kind, start, start + length);
                Some(start + length + 1)
            }
            Err(error) => self.fail(error),
        }
    }

    fn number(&mut self, start: usize) -> Option<usize> {
        let (length, kind) = number::length(self.bytes.get(start..)?)?;
        let end = start + length;
        let may_be_infinite = kind == Kind::Number || length > number::SURELY_FINITE;
        if may_be_infinite && !number::float(self.text.get(start..end)?).is_finite() {
            return self.fail(Error::JsonNumberRange);
        }
        self.push(kind, start, end);
        Some(end)
    }

    fn literal(&mut self, at: usize, word: &str, kind: Kind) -> Option<usize> {
        self.bytes.get(at..)?.strip_prefix(word.as_bytes())?;
        self.push(kind, at, at + word.len());
        Some(at + word.len())
    }

    fn push(&mut self, kind: Kind, start: usize, end: usize) {
        self.nodes.push(Node { kind, below: 0, start: position(start), end: position(end) });
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    fn skip_whitespace(&self, mut at: usize) -> usize {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.bytes.get(at) {
            at += 1;
        }
        at
    }

    #[cold]
    fn fail(&mut self, error: Error) -> Option<usize> {
        self.error = error;
        None
    }
}

/// A place in the text or in the list. Both are below `MAX_JSON_BYTES`, which is far below 2^32.
#[expect(clippy::cast_possible_truncation, reason = "documents are at most MAX_JSON_BYTES long")]
const fn position(at: usize) -> u32 {
    at as u32
}

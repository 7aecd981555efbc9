//! One pass over the text that checks everything and lists the values.

use super::names::Names;
use super::{Kind, Node, number, text};
use crate::error::Error;
use crate::limits::MAX_JSON_DEPTH;

/// Reads a whole text into nodes, or says what is wrong with it.
pub(super) fn scan(text: &str) -> Result<Vec<Node<'_>>, Error> {
    let bytes = text.as_bytes();
    // Most tokens have neither escapes nor control characters anywhere: then a string ends at its next quote.
    let plain = !text::has_escapes_or_controls(bytes);
    let mut scanner = Scanner { text, bytes, plain, nodes: Vec::with_capacity(USUAL_NODES), error: Error::JsonSyntax };
    let start = scanner.skip_whitespace(0);
    let end = scanner.value(start, 0).map(|at| scanner.skip_whitespace(at));
    if end == Some(bytes.len()) { Ok(scanner.nodes) } else { Err(scanner.error) }
}

/// Room for the values and names of a usual token: just below the size from which allocators get slower.
const USUAL_NODES: usize = 40;

/// The functions take the place where they start and return the one where they end, or nothing when the text is
/// wrong: in registers, which is twice as fast as a place in memory.
struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    plain: bool,
    nodes: Vec<Node<'a>>,
    /// What is wrong, unless something more special than the syntax.
    error: Error,
}

impl<'a> Scanner<'a> {
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
        let node = self.open(Kind::Object, depth)?;
        let mut names = Names::new();
        let mut at = self.skip_whitespace(start + 1);
        if self.byte(at)? == b'}' {
            return self.close(start, node, at);
        }
        loop {
            if self.byte(at)? != b'"' {
                return None;
            }
            at = self.string(at)?;
            if !names.add(&self.nodes, node) {
                return self.fail(Error::JsonDuplicateName);
            }
            at = self.skip_whitespace(at);
            if self.byte(at)? != b':' {
                return None;
            }
            at = self.skip_whitespace(at + 1);
            // Most members are strings: they are spared a call.
            at = if self.byte(at)? == b'"' { self.string(at)? } else { self.value(at, depth)? };
            at = self.skip_whitespace(at);
            match self.byte(at)? {
                b',' => at = self.skip_whitespace(at + 1),
                b'}' => return self.close(start, node, at),
                _ => return None,
            }
        }
    }

    fn array(&mut self, start: usize, depth: usize) -> Option<usize> {
        let node = self.open(Kind::Array, depth)?;
        let mut at = self.skip_whitespace(start + 1);
        if self.byte(at)? == b']' {
            return self.close(start, node, at);
        }
        loop {
            at = self.value(at, depth)?;
            at = self.skip_whitespace(at);
            match self.byte(at)? {
                b',' => at = self.skip_whitespace(at + 1),
                b']' => return self.close(start, node, at),
                _ => return None,
            }
        }
    }

    /// Enters an array or object: the place of its node.
    fn open(&mut self, kind: Kind, depth: usize) -> Option<usize> {
        if depth > MAX_JSON_DEPTH {
            return self.fail(Error::JsonTooDeep);
        }
        let node = self.nodes.len();
        self.push(kind, "");
        Some(node)
    }

    /// Leaves an array or object at its closing bracket: its text and size are known only now.
    fn close(&mut self, start: usize, node: usize, at: usize) -> Option<usize> {
        let below = count(self.nodes.len() - node - 1);
        let text = self.text.get(start..=at)?;
        let opened = self.nodes.get_mut(node)?;
        *opened = Node { text, below, kind: opened.kind };
        Some(at + 1)
    }

    #[inline]
    fn string(&mut self, at: usize) -> Option<usize> {
        if !self.plain {
            return self.string_with_escapes(at + 1);
        }
        let start = at + 1;
        let end = start + text::length_to_quote(self.bytes.get(start..)?)?;
        self.push(Kind::String, self.text.get(start..end)?);
        Some(end + 1)
    }

    #[inline(never)]
    fn string_with_escapes(&mut self, start: usize) -> Option<usize> {
        match text::length(self.bytes.get(start..)?) {
            Ok((kind, length)) => {
                self.push(kind, self.text.get(start..start + length)?);
                Some(start + length + 1)
            }
            Err(error) => self.fail(error),
        }
    }

    fn number(&mut self, start: usize) -> Option<usize> {
        let (length, kind) = number::length(self.bytes.get(start..)?)?;
        let end = start + length;
        let text = self.text.get(start..end)?;
        let may_be_infinite = kind == Kind::Number || length > number::SURELY_FINITE;
        if may_be_infinite && !number::float(text).is_finite() {
            return self.fail(Error::JsonNumberRange);
        }
        self.push(kind, text);
        Some(end)
    }

    fn literal(&mut self, at: usize, word: &str, kind: Kind) -> Option<usize> {
        let end = at + word.len();
        let text = self.text.get(at..end).filter(|text| *text == word)?;
        self.push(kind, text);
        Some(end)
    }

    fn push(&mut self, kind: Kind, text: &'a str) {
        self.nodes.push(Node { text, below: 0, kind });
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    #[inline]
    fn skip_whitespace(&self, at: usize) -> usize {
        // Claims are usually written without any.
        if self.byte(at).is_some_and(|byte| byte > b' ') { at } else { self.skip_more_whitespace(at) }
    }

    #[cold]
    fn skip_more_whitespace(&self, mut at: usize) -> usize {
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

/// A number of nodes. There are fewer of them than bytes, and those are fewer than 2^32.
#[expect(clippy::cast_possible_truncation, reason = "documents are at most MAX_JSON_BYTES long")]
const fn count(nodes: usize) -> u32 {
    nodes as u32
}

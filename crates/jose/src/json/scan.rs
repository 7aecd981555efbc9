//! One pass over the text that checks everything and lists the values.

use super::names::Names;
use super::{Kind, Node, number, text};
use crate::error::Error;
use crate::limits::MAX_JSON_DEPTH;

/// Reads a whole text into nodes, or says what is wrong with it.
pub(super) fn scan(text: &str) -> Result<Vec<Node>, Error> {
    let mut scanner = Scanner { text, bytes: text.as_bytes(), at: 0, nodes: Vec::with_capacity(48) };
    scanner.skip_whitespace();
    scanner.value(0)?;
    scanner.skip_whitespace();
    if scanner.at == scanner.bytes.len() { Ok(scanner.nodes) } else { Err(Error::JsonSyntax) }
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    nodes: Vec<Node>,
}

impl Scanner<'_> {
    fn value(&mut self, depth: usize) -> Result<(), Error> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'{') => self.object(depth + 1),
            Some(b'[') => self.array(depth + 1),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal("true", Kind::True),
            Some(b'f') => self.literal("false", Kind::False),
            Some(b'n') => self.literal("null", Kind::Null),
            _ => Err(Error::JsonSyntax),
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), Error> {
        let (start, node) = self.open(Kind::Object, depth)?;
        let mut names = Names::default();
        if !self.next_is(b'}') {
            loop {
                if self.peek() != Some(b'"') {
                    return Err(Error::JsonSyntax);
                }
                let name = self.nodes.len();
                self.string()?;
                names.add(self.text, &self.nodes, node, name)?;
                self.skip_whitespace();
                self.expect(b':')?;
                self.skip_whitespace();
                self.value(depth)?;
                if !self.another(b'}')? {
                    break;
                }
            }
        }
        self.close(start, node);
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Result<(), Error> {
        let (start, node) = self.open(Kind::Array, depth)?;
        if !self.next_is(b']') {
            loop {
                self.value(depth)?;
                if !self.another(b']')? {
                    break;
                }
            }
        }
        self.close(start, node);
        Ok(())
    }

    /// Enters an array or object: where it starts, and the place of its node.
    fn open(&mut self, kind: Kind, depth: usize) -> Result<(usize, usize), Error> {
        if depth > MAX_JSON_DEPTH {
            return Err(Error::JsonTooDeep);
        }
        let (start, node) = (self.at, self.nodes.len());
        self.push(kind, start, start);
        self.at += 1;
        self.skip_whitespace();
        Ok((start, node))
    }

    /// Leaves an array or object, whose end and size are known only now.
    fn close(&mut self, start: usize, node: usize) {
        let (end, size) = (position(self.at), position(self.nodes.len() - node));
        if let Some(opened) = self.nodes.get_mut(node) {
            *opened = Node { kind: opened.kind, size, start: position(start), end };
        }
    }

    /// After an element: whether another follows, or the closing bracket.
    fn another(&mut self, closing: u8) -> Result<bool, Error> {
        self.skip_whitespace();
        if self.next_is(closing) {
            return Ok(false);
        }
        self.expect(b',')?;
        self.skip_whitespace();
        Ok(true)
    }

    fn string(&mut self) -> Result<(), Error> {
        let start = self.at + 1;
        let mut kind = Kind::String;
        self.at = start;
        loop {
            self.at += text::plain_length(self.bytes.get(self.at..).unwrap_or_default());
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    kind = Kind::EscapedString;
                    self.at += text::escape_length(self.bytes.get(self.at..).unwrap_or_default())?;
                }
                // The end of the text, or a control character (RFC 8259 section 7).
                _ => return Err(Error::JsonSyntax),
            }
        }
        self.push(kind, start, self.at);
        self.at += 1;
        Ok(())
    }

    fn number(&mut self) -> Result<(), Error> {
        let start = self.at;
        let (length, kind) = number::length(self.bytes.get(start..).unwrap_or_default())?;
        self.at += length;
        if kind == Kind::Number || length > number::SURELY_FINITE {
            number::check_finite(self.text.get(start..self.at).unwrap_or_default())?;
        }
        self.push(kind, start, self.at);
        Ok(())
    }

    fn literal(&mut self, word: &str, kind: Kind) -> Result<(), Error> {
        if !self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word.as_bytes())) {
            return Err(Error::JsonSyntax);
        }
        self.push(kind, self.at, self.at + word.len());
        self.at += word.len();
        Ok(())
    }

    fn push(&mut self, kind: Kind, start: usize, end: usize) {
        self.nodes.push(Node { kind, size: 1, start: position(start), end: position(end) });
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn next_is(&mut self, byte: u8) -> bool {
        let is = self.peek() == Some(byte);
        self.at += usize::from(is);
        is
    }

    fn expect(&mut self, byte: u8) -> Result<(), Error> {
        if self.next_is(byte) { Ok(()) } else { Err(Error::JsonSyntax) }
    }

    fn skip_whitespace(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }
}

/// A place in the text or in the list. Both are below `MAX_JSON_BYTES`, which is far below 2^32.
#[expect(clippy::cast_possible_truncation, reason = "documents are at most MAX_JSON_BYTES long")]
const fn position(at: usize) -> u32 {
    at as u32
}

//! The one JSON reader.
//!
//! Derived deserializers over a general JSON library accept duplicate names, deep nesting, half surrogate pairs and
//! broken UTF-8 inside what they ignore. This reader checks all of that in one pass ([`scan`]), and leaves a flat
//! list of nodes. Headers, keys and claims are then read from the nodes without looking at the text again:
//! by name through [`Value`], or into a caller's type through [`de`].

mod de;
mod names;
mod number;
mod scan;
mod text;

use std::borrow::Cow;

pub(crate) use number::Number;
use serde::Deserialize;

use crate::error::Error;
use crate::limits::MAX_JSON_BYTES;

/// A JSON text that has passed all checks.
#[derive(Debug)]
pub(crate) struct Document<'t> {
    nodes: Vec<Node<'t>>,
}

/// One value in a document, seen for as long as the document lives.
pub(crate) type Value<'d> = View<'d, 'd>;

/// One value in a document. What it shows of the text outlives the document: `'t` is the text's life.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'d, 't> {
    /// This value's node and all nodes inside of it.
    nodes: &'d [Node<'t>],
}

/// One value, or the name of a member, which stands before the member's value.
#[derive(Debug, Clone, Copy)]
struct Node<'t> {
    /// The text of the value; of a string, without its quotes.
    text: &'t str,
    /// How many nodes are inside of this one.
    below: u32,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    True,
    False,
    /// A number without fraction and exponent.
    Integer,
    Number,
    /// A string without escapes: its text is its value.
    String,
    EscapedString,
    Array,
    Object,
}

impl<'t> Document<'t> {
    /// Reads and checks a whole text.
    ///
    /// # Errors
    /// One of the `json.*` errors.
    pub(crate) fn parse(bytes: &'t [u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_JSON_BYTES {
            return Err(Error::JsonTooLarge);
        }
        let text = core::str::from_utf8(bytes).map_err(|_| Error::JsonNotUtf8)?;
        Ok(Self { nodes: scan::scan(text)? })
    }

    /// The outermost value.
    #[inline]
    pub(crate) fn root(&self) -> View<'_, 't> {
        View { nodes: &self.nodes }
    }

    /// Reads the document into a type, which may borrow from the text.
    pub(crate) fn deserialize<T: Deserialize<'t>>(&self) -> Result<T, de::Mismatch> {
        T::deserialize(self.root())
    }
}

impl<'d, 't> View<'d, 't> {
    #[inline]
    pub(crate) fn kind(self) -> Kind {
        self.nodes.first().map_or(Kind::Null, |node| node.kind)
    }

    /// The text of this value as it stands in the document; of a string, without its quotes.
    #[inline]
    pub(crate) fn raw(self) -> &'t str {
        self.nodes.first().map_or("", |node| node.text)
    }

    /// The value of a string.
    #[inline]
    pub(crate) fn as_str(self) -> Option<Cow<'t, str>> {
        self.nodes.first().and_then(Node::string)
    }

    #[inline]
    pub(crate) fn as_bool(self) -> Option<bool> {
        match self.kind() {
            Kind::True => Some(true),
            Kind::False => Some(false),
            _ => None,
        }
    }

    /// The value of a number.
    #[inline]
    pub(crate) fn as_number(self) -> Option<Number> {
        match self.kind() {
            Kind::Integer => Some(number::integer(self.raw())),
            Kind::Number => Some(Number::Float(number::float(self.raw()))),
            _ => None,
        }
    }

    /// The elements of an array.
    #[inline]
    pub(crate) fn elements(self) -> Option<Elements<'d, 't>> {
        (self.kind() == Kind::Array).then(|| self.below())
    }

    /// The members of an object, in their order.
    #[inline]
    pub(crate) fn members(self) -> Option<Members<'d, 't>> {
        (self.kind() == Kind::Object).then(|| Members(self.below()))
    }

    /// The value of an object's member.
    pub(crate) fn member(self, name: &str) -> Option<Self> {
        self.members()?.find(|(member, _)| member == name).map(|(_, value)| value)
    }

    #[inline]
    fn below(self) -> Elements<'d, 't> {
        Elements { rest: self.nodes.get(1..).unwrap_or_default() }
    }
}

impl<'t> Node<'t> {
    #[inline]
    fn string(&self) -> Option<Cow<'t, str>> {
        match self.kind {
            Kind::String => Some(Cow::Borrowed(self.text)),
            Kind::EscapedString => Some(Cow::Owned(text::unescape(self.text))),
            _ => None,
        }
    }
}

/// The elements of an array.
#[derive(Debug, Clone)]
pub(crate) struct Elements<'d, 't> {
    rest: &'d [Node<'t>],
}

impl<'d, 't> Iterator for Elements<'d, 't> {
    type Item = View<'d, 't>;

    #[inline]
    fn next(&mut self) -> Option<View<'d, 't>> {
        let below = self.rest.first()?.below as usize;
        let (nodes, rest) = self.rest.split_at_checked(below + 1)?;
        self.rest = rest;
        Some(View { nodes })
    }
}

/// The members of an object: name and value.
#[derive(Debug, Clone)]
pub(crate) struct Members<'d, 't>(Elements<'d, 't>);

impl<'d, 't> Iterator for Members<'d, 't> {
    type Item = (Cow<'t, str>, View<'d, 't>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (name, rest) = self.0.rest.split_first()?;
        self.0.rest = rest;
        Some((name.string()?, self.0.next()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &[u8]) -> Error {
        Document::parse(text).map(|_| ()).expect_err("must be refused")
    }

    #[test]
    fn a_document_is_read_by_name() {
        let text = br#" {"a": 1, "b":[true,null,"x\u0041"], "\u0063":{"d":-1.5e3}} "#;
        let document = Document::parse(text).unwrap();
        let members: Vec<_> = document.root().members().unwrap().collect();
        let names: Vec<_> = members.iter().map(|(name, _)| name.as_ref()).collect();
        assert_eq!(names, ["a", "b", "c"]);
        let elements: Vec<_> = members[1].1.elements().unwrap().collect();
        assert_eq!(elements[2].as_str().unwrap(), "xA");
        assert_eq!(members[2].1.raw(), r#"{"d":-1.5e3}"#);
    }

    #[test]
    fn a_name_that_occurs_twice_is_refused_at_any_depth_and_in_any_spelling() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":1}"#,
            r#"{"x":[{"y":{"a":1,"b":2,"a":3}}]}"#,
            r#"{"":1,"":2}"#,
            r#"{"\/":1,"/":2}"#,
            r#"{"\ud83d\ude00":1,"😀":2}"#,
        ] {
            assert_eq!(refusal(text.as_bytes()), Error::JsonDuplicateName, "{text}");
        }
        let many: Vec<_> = (0..500).map(|number| format!("\"n{number}\":{number}")).collect();
        let twice = format!("{{{},\"n7\":0}}", many.join(","));
        assert_eq!(refusal(twice.as_bytes()), Error::JsonDuplicateName);
        assert!(Document::parse(format!("{{{}}}", many.join(",")).as_bytes()).is_ok());
        assert!(Document::parse(br#"{"a":{"a":1},"A":[{"a":2}]}"#).is_ok());
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for text in [
            "",
            " ",
            "{",
            "}",
            "[",
            "[1,]",
            "{\"a\":1,}",
            "{a:1}",
            "{'a':1}",
            "{\"a\" 1}",
            "{\"a\":}",
            "[1 2]",
            "01",
            "-",
            "+1",
            ".5",
            "1.",
            "1e",
            "1e+",
            "0x1",
            "NaN",
            "Infinity",
            "-Infinity",
            "nul",
            "tru",
            "True",
            "null null",
            "\"a",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\\u12g4\"",
            "\"a\nb\"",
            "\"\u{1}\"",
            "{\"a\":1}x",
            "/**/1",
            "[1]//",
            "\u{feff}{}",
            "{}\0",
            "\u{a0}{}",
            "{\"a\":1 \"b\":2}",
            "{,}",
            "[,]",
            "\"\\u+123\"",
            "--1",
            "1-",
        ] {
            assert_eq!(refusal(text.as_bytes()), Error::JsonSyntax, "{text:?}");
        }
    }

    #[test]
    fn text_that_no_unicode_string_holds_is_refused() {
        for text in
            [r#""\ud800""#, r#""\udc00""#, r#""\ud800\u0041""#, r#""\ud800x""#, r#"{"\udfff":1}"#, r#""\ude00\ud83d""#]
        {
            assert_eq!(refusal(text.as_bytes()), Error::JsonLoneSurrogate, "{text}");
        }
        assert_eq!(refusal(b"{\"a\":\"\xff\"}"), Error::JsonNotUtf8);
        assert_eq!(refusal(b"{\"a\":\"\xed\xa0\x80\"}"), Error::JsonNotUtf8);
        assert_eq!(Document::parse(br#""\ud83d\ude00""#).unwrap().root().as_str().unwrap(), "\u{1f600}");
    }

    #[test]
    fn numbers_that_no_double_holds_are_refused() {
        for text in ["1e400", "-1e400", "1e999999999999", &"9".repeat(400)] {
            assert_eq!(refusal(text.as_bytes()), Error::JsonNumberRange, "{text}");
        }
        for text in ["0", "-0", "1e-400", "18446744073709551616", "-9223372036854775809", "1E5", "1.5e+3"] {
            assert!(Document::parse(text.as_bytes()).is_ok(), "{text}");
        }
    }

    #[test]
    fn nesting_stops_at_the_limit() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(Document::parse(nested(crate::limits::MAX_JSON_DEPTH).as_bytes()).is_ok());
        assert_eq!(refusal(nested(crate::limits::MAX_JSON_DEPTH + 1).as_bytes()), Error::JsonTooDeep);
        assert_eq!(refusal("[".repeat(100_000).as_bytes()), Error::JsonTooDeep);
        assert_eq!(refusal(br#"{"a":"#.repeat(100_000).as_slice()), Error::JsonTooDeep);
    }
}

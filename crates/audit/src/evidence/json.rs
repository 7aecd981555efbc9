//! JSON read leniently: what is wrong with a text is kept, because that is what an auditor wants to know.
//!
//! It shares no code with the strict reader of `probity-jose`, and so none of its blind spots.

use core::fmt;

/// A JSON value. Objects keep the order and every repetition of their members; numbers keep their text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as written.
    Number(String),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads one JSON text, with white space around it.
    pub fn parse(text: &str) -> Option<Self> {
        let mut reader = Reader { rest: text.trim_start_matches('\u{feff}'), depth: 0 };
        let value = reader.value()?;
        reader.space();
        reader.rest.is_empty().then_some(value)
    }

    /// Reads one JSON text from bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        core::str::from_utf8(bytes).ok().and_then(Self::parse)
    }

    /// The last member of this name, as most readers take it.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.members().iter().rev().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// A member that is a string.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Self::as_str)
    }

    /// The members of an object; none of anything else.
    pub fn members(&self) -> &[(String, Self)] {
        match self {
            Self::Object(members) => members,
            _ => &[],
        }
    }

    /// The elements of an array; none of anything else.
    pub fn elements(&self) -> &[Self] {
        match self {
            Self::Array(elements) => elements,
            _ => &[],
        }
    }

    /// The value as a list of strings: a string is a list of one, as `aud` has it.
    pub fn strings(&self) -> Vec<&str> {
        match self {
            Self::String(text) => vec![text],
            _ => self.elements().iter().filter_map(Self::as_str).collect(),
        }
    }

    /// A string's text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// A number as seconds or a count; fractions are cut off.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Number(text) => text.parse().ok().or_else(|| {
                let number: f64 = text.parse().ok()?;
                #[expect(clippy::cast_possible_truncation, reason = "within the range that was just checked")]
                (number.abs() < 9.0e15).then_some(number as i64)
            }),
            _ => None,
        }
    }

    /// Whether it is an object.
    pub const fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }

    /// The name of a member that some object in it repeats, with its path.
    pub fn repeated_member(&self) -> Option<String> {
        let mut found = None;
        self.walk("", &mut |path, value| {
            let members = value.members();
            for (at, (name, _)) in members.iter().enumerate() {
                if found.is_none() && members.iter().skip(at + 1).any(|(other, _)| other == name) {
                    found = Some(join(path, name));
                }
            }
        });
        found
    }

    /// Calls `visit` with each value in it and the value's path, itself first.
    pub fn walk(&self, path: &str, visit: &mut dyn FnMut(&str, &Self)) {
        visit(path, self);
        for (name, value) in self.members() {
            value.walk(&join(path, name), visit);
        }
        for (at, value) in self.elements().iter().enumerate() {
            value.walk(&format!("{path}[{at}]"), visit);
        }
    }

    /// This object with a member set, in place of every earlier one of the name.
    pub fn with(&self, name: &str, value: Self) -> Self {
        let mut members = self.members().to_vec();
        match members.iter().position(|(key, _)| key == name) {
            Some(at) => {
                members.retain({
                    let mut seen = false;
                    move |(key, _)| key != name || !core::mem::replace(&mut seen, true)
                });
                if let Some(member) = members.get_mut(at) {
                    member.1 = value;
                }
            }
            None => members.push((name.to_owned(), value)),
        }
        Self::Object(members)
    }

    /// This object without a member.
    pub fn without(&self, name: &str) -> Self {
        Self::Object(self.members().iter().filter(|(key, _)| key != name).cloned().collect())
    }

    /// What kind of value it is.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
        }
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<i64> for Json {
    fn from(number: i64) -> Self {
        Self::Number(number.to_string())
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(text) => f.write_str(text),
            Self::String(text) => quote(text, f),
            Self::Array(elements) => {
                f.write_str("[")?;
                for (at, element) in elements.iter().enumerate() {
                    write!(f, "{}{element}", if at == 0 { "" } else { "," })?;
                }
                f.write_str("]")
            }
            Self::Object(members) => {
                f.write_str("{")?;
                for (at, (name, value)) in members.iter().enumerate() {
                    f.write_str(if at == 0 { "" } else { "," })?;
                    quote(name, f)?;
                    write!(f, ":{value}")?;
                }
                f.write_str("}")
            }
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn quote(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(&serde_json::Value::from(text).to_string())
}

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

impl Reader<'_> {
    fn space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn eat(&mut self, prefix: &str) -> bool {
        let stripped = self.rest.strip_prefix(prefix);
        self.rest = stripped.unwrap_or(self.rest);
        stripped.is_some()
    }

    fn value(&mut self) -> Option<Json> {
        self.space();
        match self.rest.chars().next()? {
            '{' | '[' if self.depth >= MAX_DEPTH => None,
            '{' => self.object(),
            '[' => self.array(),
            '"' => self.string().map(Json::String),
            't' => self.eat("true").then_some(Json::Bool(true)),
            'f' => self.eat("false").then_some(Json::Bool(false)),
            'n' => self.eat("null").then_some(Json::Null),
            _ => self.number(),
        }
    }

    fn object(&mut self) -> Option<Json> {
        self.depth += 1;
        self.eat("{");
        let mut members = Vec::new();
        self.space();
        while !self.eat("}") {
            if !members.is_empty() {
                self.eat(",").then_some(())?;
                self.space();
            }
            let name = self.string()?;
            self.space();
            self.eat(":").then_some(())?;
            members.push((name, self.value()?));
            self.space();
        }
        self.depth -= 1;
        Some(Json::Object(members))
    }

    fn array(&mut self) -> Option<Json> {
        self.depth += 1;
        self.eat("[");
        let mut elements = Vec::new();
        self.space();
        while !self.eat("]") {
            if !elements.is_empty() {
                self.eat(",").then_some(())?;
            }
            elements.push(self.value()?);
            self.space();
        }
        self.depth -= 1;
        Some(Json::Array(elements))
    }

    /// A string; its escapes are left to a reader that knows surrogates.
    fn string(&mut self) -> Option<String> {
        let inside = self.rest.strip_prefix('"')?;
        let mut escaped = false;
        let end = inside.char_indices().find(|(_, c)| {
            let ends = *c == '"' && !escaped;
            escaped = *c == '\\' && !escaped;
            ends
        })?;
        let (text, rest) = inside.split_at(end.0);
        self.rest = rest.strip_prefix('"')?;
        if text.contains('\\') {
            serde_json::from_str(&format!("\"{text}\"")).ok().or_else(|| Some(text.to_owned()))
        } else {
            Some(text.to_owned())
        }
    }

    fn number(&mut self) -> Option<Json> {
        let end = self.rest.find(|c: char| !matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E'));
        let (text, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        text.parse::<f64>().is_ok().then(|| Json::Number(text.to_owned()))
    }
}

/// How deep arrays and objects may be nested in what is read.
const MAX_DEPTH: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_prints_as_it_was() {
        for text in [
            r#"{"a":[1,2.5,-3e4],"b":{"c":"é\n\"x\""},"d":null,"e":true,"f":{},"g":[]}"#,
            r#"{"sub":"a","sub":"b"}"#,
            "0",
        ] {
            assert_eq!(Json::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_json_is_not_read() {
        for text in ["", "{", "{\"a\"}", "[1 2]", "tru", "{\"a\":1}x", "\"a", "{,}", "[1,]", "-", "abc"] {
            assert_eq!(Json::parse(text), None, "{text}");
        }
        assert_eq!(Json::parse(&"[".repeat(100_000)), None);
    }

    #[test]
    fn repetitions_are_kept_and_found() {
        let json = Json::parse(r#"{"a":{"b":1,"c":2,"b":3}}"#).unwrap();
        assert_eq!(json.repeated_member().as_deref(), Some("a.b"));
        assert_eq!(json.get("a").unwrap().get("b").unwrap().as_i64(), Some(3));
        assert_eq!(Json::parse(r#"{"a":{"b":1},"b":2}"#).unwrap().repeated_member(), None);
    }

    #[test]
    fn a_member_is_set_in_its_place() {
        let json = Json::parse(r#"{"a":1,"b":2,"a":3}"#).unwrap();
        assert_eq!(json.with("a", Json::Null).to_string(), r#"{"a":null,"b":2}"#);
        assert_eq!(json.with("c", Json::from(4)).to_string(), r#"{"a":1,"b":2,"a":3,"c":4}"#);
        assert_eq!(json.without("a").to_string(), r#"{"b":2}"#);
    }
}

//! Secrets that are printed in public: defaults of products, examples in documentation, what tutorials use.

use crate::evidence::{base64, base64url, hex};

/// A secret that is printed in public.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownSecret {
    /// The secret, as text or as what the text stands for.
    pub bytes: Vec<u8>,
    /// Where it is printed.
    pub source: &'static str,
    /// Whether it is a text whose decoded forms should be tried too.
    pub is_text: bool,
}

/// All of them.
pub fn known_secrets() -> impl Iterator<Item = KnownSecret> {
    let printed = PRINTED.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut columns = line.split('\t');
        let (encoding, value, source) = (columns.next()?, columns.next()?, columns.next()?);
        let bytes = match encoding {
            "utf8" => Some(value.as_bytes().to_vec()),
            "hex" => hex(value),
            "base64" => base64(value),
            "base64url" => base64url(value),
            _ => None,
        };
        Some(KnownSecret { bytes: bytes?, source, is_text: encoding == "utf8" })
    });
    let words = WORDS.split_whitespace().map(|word| KnownSecret {
        bytes: word.as_bytes().to_vec(),
        source: "a word that examples and tutorials use as a secret",
        is_text: true,
    });
    let empty = KnownSecret { bytes: Vec::new(), source: "the empty secret", is_text: false };
    core::iter::once(empty).chain(printed).chain(words)
}

const PRINTED: &str = include_str!("../../data/public-secrets.tsv");
const WORDS: &str = include_str!("../../data/common-secrets.txt");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_read_whole() {
        let lines = PRINTED.lines().filter(|line| !line.starts_with('#')).count();
        let words = WORDS.split_whitespace().count();
        assert_eq!(known_secrets().count(), lines + words + 1);
        assert!(known_secrets().any(|known| known.bytes == b"your-256-bit-secret"));
    }
}

//! What is examined: artifacts, read leniently, each with the place where it was found.

mod assignment;
mod encoding;
mod exchange;
mod file;
mod har;
mod json;
mod key;
mod key_set;
mod lock;
mod metadata;
mod personal;
mod request_text;
mod token;
mod yaml;

pub use assignment::{Assignment, assignments};
pub use encoding::{base64, base64url, hex, to_base64, to_base64url, to_hex};
pub use exchange::{Cookie, Exchange};
pub use file::{FileKind, LOCK_FILES, TextFile};
pub use har::{parse_har, seconds_of_http_date, seconds_of_iso};
pub use json::Json;
pub use key::Key;
pub use key_set::{KeySet, MAX_KEYS, histories};
pub use lock::{Locked, locked_versions};
pub use metadata::{Metadata, is_local};
pub use personal::personal_data;
pub use request_text::{RequestText, parse_response};
pub use token::{Carrier, Kind, MAX_TOKEN_BYTES, Token, find_tokens};
pub use yaml::yaml;

/// Everything that is examined.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// Tokens, those found inside other artifacts too.
    pub tokens: Vec<Token>,
    /// JWK Sets, oldest first where several are of one place.
    pub key_sets: Vec<KeySet>,
    /// Metadata documents.
    pub metadata: Vec<Metadata>,
    /// Recorded HTTP exchanges.
    pub exchanges: Vec<Exchange>,
    /// Text files.
    pub files: Vec<TextFile>,
    /// How many tokens came after as many as are looked at, and so were not.
    pub left_out: usize,
}

impl Evidence {
    /// Adds a token that the operator gave.
    pub fn add_token(&mut self, token: Token) {
        // The same text seen twice without times tells nothing new.
        let known = self.tokens.iter().any(|known| known.text == token.text && known.seen == token.seen);
        if known {
            return;
        }
        if self.tokens.len() < MAX_EVIDENCE_TOKENS {
            self.tokens.push(token);
        } else {
            self.left_out += 1;
        }
    }

    /// Adds an exchange and the tokens in it.
    pub fn add_exchange(&mut self, exchange: Exchange) {
        exchange.tokens().into_iter().for_each(|token| self.add_token(token));
        self.exchanges.push(exchange);
    }

    /// Adds a text file and the tokens in it.
    pub fn add_file(&mut self, file: TextFile) {
        for (at, text) in find_tokens(&file.text) {
            if let Some(token) = Token::parse(text, file.place().line(file.line_of(at))) {
                self.add_token(token);
            }
        }
        self.files.push(file);
    }

    /// Every public key of every set.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.key_sets.iter().flat_map(|set| &set.keys)
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
            && self.key_sets.is_empty()
            && self.metadata.is_empty()
            && self.exchanges.is_empty()
            && self.files.is_empty()
    }
}

/// How many tokens are examined one by one.
pub const MAX_EVIDENCE_TOKENS: usize = 2_000;

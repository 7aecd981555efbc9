//! Tries secrets against tokens signed by HMAC.

use aws_lc_rs::digest;

use super::variants::{Encoding, each_variant};
use crate::evidence::Token;

/// The tokens whose secret is looked for.
#[derive(Debug, Clone)]
pub struct Search {
    targets: Vec<Target>,
}

#[derive(Debug, Clone)]
struct Target {
    hash: &'static digest::Algorithm,
    /// The inner pad of an empty key, and the signing input behind it.
    padded: Vec<u8>,
    tag: Vec<u8>,
    token: usize,
}

/// A secret that signs one of the tokens.
#[derive(Debug, Clone)]
pub struct Hit {
    /// The secret.
    pub secret: Vec<u8>,
    /// How the candidate was turned into it.
    pub encoding: Encoding,
    /// Which token, counted from 0 in what the search was made of.
    pub token: usize,
}

impl Search {
    /// A search for the secrets of these tokens; of several with one header and one length, the first is enough.
    pub fn new(tokens: &[Token]) -> Self {
        let mut targets: Vec<Target> = Vec::new();
        let mut seen: Vec<(&str, Option<&str>, Option<&str>)> = Vec::new();
        for (at, token) in tokens.iter().enumerate().filter(|(_, token)| token.is_hmac()) {
            let hash = match token.alg() {
                "HS256" => &digest::SHA256,
                "HS384" => &digest::SHA384,
                _ => &digest::SHA512,
            };
            let same = (token.alg(), token.kid(), token.issuer());
            let tag = token.signature();
            if seen.contains(&same) || targets.len() >= MAX_TARGETS || tag.len() < 8 {
                continue;
            }
            seen.push(same);
            let padded = [&vec![INNER_PAD; hash.block_len()], token.signing_input().as_bytes()].concat();
            targets.push(Target { hash, padded, tag, token: at });
        }
        Self { targets }
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    /// Whether these bytes are the secret of a token.
    pub fn try_secret(&self, secret: &[u8]) -> Option<usize> {
        self.targets.iter().find(|target| target.is_signed_by(secret)).map(|target| target.token)
    }

    /// Whether this text, or what it decodes to, is the secret of a token.
    pub fn try_text(&self, text: &[u8]) -> Option<Hit> {
        each_variant(text, &mut |secret, encoding| {
            self.try_secret(secret).map(|token| Hit { secret: secret.to_vec(), encoding, token })
        })
    }

    /// The same, with a line end behind the text too.
    pub fn try_text_and_newline(&self, text: &[u8]) -> Option<Hit> {
        self.try_text(text).or_else(|| {
            let secret = [text, b"\n"].concat();
            self.try_secret(&secret).map(|token| Hit { secret, encoding: Encoding::Newline, token })
        })
    }

    /// Tries every text of lower-case letters and digits up to a length. Gives how many were tried beside the hit.
    pub fn try_all_short(&self, length: usize) -> (Option<Hit>, u64) {
        let mut tried = 0;
        let mut text = Vec::new();
        let hit = self.extend(&mut text, length, &mut tried);
        (hit, tried)
    }

    fn extend(&self, text: &mut Vec<u8>, length: usize, tried: &mut u64) -> Option<Hit> {
        if text.len() == length {
            return None;
        }
        for byte in (b'a'..=b'z').chain(b'0'..=b'9') {
            text.push(byte);
            *tried += 1;
            let hit = self
                .try_secret(text)
                .map(|token| Hit { secret: text.clone(), encoding: Encoding::Text, token })
                .or_else(|| self.extend(text, length, tried));
            if hit.is_some() {
                return hit;
            }
            text.pop();
        }
        None
    }
}

impl Target {
    /// HMAC (RFC 2104), by two hashes of texts that are laid out ready: much faster than a context for each candidate.
    fn is_signed_by(&self, secret: &[u8]) -> bool {
        let hashed;
        let key = if secret.len() > self.hash.block_len() {
            hashed = digest::digest(self.hash, secret);
            hashed.as_ref()
        } else {
            secret
        };
        let mut inner = self.padded.clone();
        inner.iter_mut().zip(key).for_each(|(pad, byte)| *pad ^= byte);
        let inner = digest::digest(self.hash, &inner);
        let mut outer = [OUTER_PAD; MAX_OUTER_BYTES];
        outer.iter_mut().zip(key).for_each(|(pad, byte)| *pad ^= byte);
        let length = self.hash.block_len() + self.hash.output_len();
        if let Some(end) = outer.get_mut(self.hash.block_len()..length) {
            end.copy_from_slice(inner.as_ref());
        }
        // Nothing here is secret from us: a plain comparison that stops at the first byte is right.
        digest::digest(self.hash, outer.get(..length).unwrap_or_default()).as_ref() == self.tag
    }
}

const INNER_PAD: u8 = 0x36;
const OUTER_PAD: u8 = 0x5c;

/// A block and a hash of SHA-512.
const MAX_OUTER_BYTES: usize = 128 + 64;

/// How many tokens are tried at once.
const MAX_TARGETS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::to_base64url;
    use crate::outcome::Place;
    use aws_lc_rs::hmac;

    pub(crate) fn token(secret: &[u8]) -> Token {
        let input = format!("{}.{}", to_base64url(br#"{"alg":"HS256"}"#), to_base64url(br#"{"sub":"a"}"#));
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), input.as_bytes());
        Token::parse(&format!("{input}.{}", to_base64url(tag.as_ref())), Place::default()).unwrap()
    }

    #[test]
    fn a_secret_is_recognised_in_every_form() {
        for (secret, text, encoding) in [
            (&b"secret"[..], "secret", Encoding::Text),
            (b"secret", "c2VjcmV0", Encoding::Base64),
            (b"\xde\xad\xbe\xef", "deadbeef", Encoding::Hex),
            (b"secret\n", "secret", Encoding::Newline),
        ] {
            let hit = Search::new(&[token(secret)]).try_text_and_newline(text.as_bytes()).unwrap();
            assert_eq!((hit.secret.as_slice(), hit.encoding), (secret, encoding), "{text}");
        }
        assert!(Search::new(&[token(b"another")]).try_text_and_newline(b"secret").is_none());
    }

    #[test]
    fn our_hmac_is_that_of_the_library_for_every_algorithm_and_length_of_key() {
        for (alg, algorithm) in
            [("HS256", hmac::HMAC_SHA256), ("HS384", hmac::HMAC_SHA384), ("HS512", hmac::HMAC_SHA512)]
        {
            let input = format!("{}.{}", to_base64url(format!(r#"{{"alg":"{alg}"}}"#).as_bytes()), to_base64url(b"{}"));
            for length in [0, 1, 63, 64, 65, 127, 128, 129, 300] {
                let secret = vec![0xa7; length];
                let tag = hmac::sign(&hmac::Key::new(algorithm, &secret), input.as_bytes());
                let token = format!("{input}.{}", to_base64url(tag.as_ref()));
                let search = Search::new(&[Token::parse(&token, Place::default()).unwrap()]);
                assert_eq!(search.try_secret(&secret), Some(0), "{alg}, {length} bytes");
                assert_eq!(search.try_secret(&[&secret[..], b"x"].concat()), None, "{alg}, {length} bytes");
            }
        }
    }

    #[test]
    fn short_secrets_fall_to_brute_force() {
        let (hit, tried) = Search::new(&[token(b"b1")]).try_all_short(2);
        assert_eq!(hit.unwrap().secret, b"b1");
        assert_eq!(tried, 36 + 1 + 1 + 28);
        assert!(Search::new(&[token(b"zzz")]).try_all_short(2).0.is_none());
    }
}

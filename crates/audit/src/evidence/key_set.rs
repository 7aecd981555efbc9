//! A JWK Set, as it was published.

use super::json::Json;
use super::key::Key;
use crate::outcome::Place;

/// A JWK Set, or a single JWK.
#[derive(Debug, Clone)]
pub struct KeySet {
    /// The keys.
    pub keys: Vec<Key>,
    /// The text, byte for byte: a careless verifier may use it as a secret.
    pub text: String,
    /// Where it was found.
    pub place: Place,
    /// The URLs that led to it, the asked one first; empty when it is a file.
    pub urls: Vec<String>,
    /// `Cache-Control` of the response.
    pub cache_control: Option<String>,
    /// When it was fetched, in seconds since 1970, when that is known.
    pub seen: Option<i64>,
    /// Whether the operator gave it as a configuration of his own, so that private keys in it are no leak.
    pub private: bool,
}

impl KeySet {
    /// Reads a JWK Set or a JWK.
    pub fn parse(text: &str, place: Place) -> Option<Self> {
        let json = Json::parse(text)?;
        let list: Vec<Json> = match json.get("keys") {
            Some(Json::Array(keys)) => keys.iter().take(MAX_KEYS).cloned().collect(),
            _ if json.text("kty").is_some() => vec![json],
            _ => return None,
        };
        let keys = list.into_iter().enumerate();
        let keys = keys.map(|(at, json)| Key { json, place: place.path(format!("keys[{at}]")) }).collect();
        Some(Self {
            keys,
            text: text.to_owned(),
            place,
            urls: Vec::new(),
            cache_control: None,
            seen: None,
            private: false,
        })
    }

    /// The URL that it was asked at.
    pub fn url(&self) -> Option<&str> {
        self.urls.first().map(String::as_str)
    }

    /// What its keys have in common: where they are published.
    pub fn origin(&self) -> &str {
        self.url().unwrap_or(&self.place.artifact)
    }
}

/// How many keys of a set are examined.
pub const MAX_KEYS: usize = 1_000;

/// The key sets that were seen at one place at several times, each history oldest first.
pub fn histories(sets: &[KeySet]) -> Vec<Vec<&KeySet>> {
    let mut histories: Vec<Vec<&KeySet>> = Vec::new();
    for set in sets.iter().filter(|set| set.seen.is_some()) {
        match histories.iter_mut().find(|history| history.first().map(|first| first.origin()) == Some(set.origin())) {
            Some(history) => history.push(set),
            None => histories.push(vec![set]),
        }
    }
    histories.retain(|history| history.len() > 1);
    histories.iter_mut().for_each(|history| history.sort_by_key(|set| set.seen));
    histories
}

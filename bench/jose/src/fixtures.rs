use crate::Claims;
use std::{collections::HashMap, path::PathBuf};

pub struct Fixtures {
    dir: PathBuf,
    pub claims_json: String,
    pub claims: Claims,
    pub tokens: HashMap<String, String>,
    pub jwes: HashMap<String, String>,
    pub jwks: HashMap<String, serde_json::Value>,
}

impl Fixtures {
    pub fn load() -> Self {
        let dir = PathBuf::from(std::env::var("BENCH_FIXTURES").unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures").into()));
        let claims_json = std::fs::read_to_string(dir.join("claims.json")).unwrap();
        let j = |f: &str| std::fs::read_to_string(dir.join(f)).unwrap();
        Fixtures {
            claims: serde_json::from_str(&claims_json).unwrap(),
            tokens: serde_json::from_str(&j("tokens.json")).unwrap(),
            jwes: serde_json::from_str(&j("jwes.json")).unwrap(),
            jwks: serde_json::from_str(&j("jwks.json")).unwrap(),
            claims_json,
            dir,
        }
    }
    pub fn bytes(&self, f: &str) -> Vec<u8> {
        std::fs::read(self.dir.join(f)).unwrap()
    }
    pub fn text(&self, f: &str) -> String {
        std::fs::read_to_string(self.dir.join(f)).unwrap()
    }
    pub fn jwk(&self, n: &str) -> String {
        self.jwks[n].to_string()
    }
    /// (signing input, decoded signature) of the fixture token
    pub fn split(&self, alg: &str) -> (Vec<u8>, Vec<u8>) {
        let t = &self.tokens[alg];
        let i = t.rfind('.').unwrap();
        (t.as_bytes()[..i].to_vec(), b64d(&t[i + 1..]))
    }
}

pub fn b64d(s: &str) -> Vec<u8> {
    data_encoding::BASE64URL_NOPAD.decode(s.as_bytes()).unwrap()
}
pub fn b64e(b: &[u8]) -> String {
    data_encoding::BASE64URL_NOPAD.encode(b)
}

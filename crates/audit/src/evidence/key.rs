//! A key of a JWK Set, as it was published.

use aws_lc_rs::digest::{SHA256, digest};
use num_bigint::BigUint;

use super::encoding::{base64url, to_base64url};
use super::json::Json;
use crate::outcome::Place;

/// A JWK, however ill-formed.
#[derive(Debug, Clone)]
pub struct Key {
    /// The members.
    pub json: Json,
    /// Where it was found.
    pub place: Place,
}

impl Key {
    /// `kty`.
    pub fn kty(&self) -> &str {
        self.json.text("kty").unwrap_or_default()
    }

    /// `kid`.
    pub fn kid(&self) -> Option<&str> {
        self.json.text("kid")
    }

    /// `alg`.
    pub fn alg(&self) -> Option<&str> {
        self.json.text("alg")
    }

    /// `use`.
    pub fn usage(&self) -> Option<&str> {
        self.json.text("use")
    }

    /// `crv`.
    pub fn crv(&self) -> &str {
        self.json.text("crv").unwrap_or_default()
    }

    /// Whether it can verify signatures, as far as it says.
    pub fn for_signatures(&self) -> bool {
        let operations = self.json.get("key_ops").map(Json::strings);
        let allowed =
            operations.is_none_or(|operations| operations.contains(&"verify") || operations.contains(&"sign"));
        let encrypts = self.alg().is_some_and(|alg| alg.starts_with("RSA") || alg.starts_with("ECDH"));
        self.usage() != Some("enc") && allowed && !encrypts && !self.crv().starts_with('X')
    }

    /// What to call it: its `kid`, or its thumbprint, or its place in the set.
    pub fn name(&self) -> String {
        match (self.kid(), self.thumbprint()) {
            (Some(kid), _) => format!("key {kid}"),
            (None, Some(thumbprint)) => format!("key {}", thumbprint.get(..12).unwrap_or(&thumbprint)),
            (None, None) => format!("key {}", self.place.path.as_deref().unwrap_or("without a name")),
        }
    }

    /// A member in base64url, decoded.
    pub fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        self.json.text(name).and_then(base64url)
    }

    /// A member that is an unsigned integer.
    pub fn integer(&self, name: &str) -> Option<BigUint> {
        self.bytes(name).map(|bytes| BigUint::from_bytes_be(&bytes))
    }

    /// The modulus of an RSA key, when it has a size that one can have.
    pub fn modulus(&self) -> Option<BigUint> {
        if self.kty() == "RSA" {
            self.integer("n").filter(|n| (MIN_MODULUS_BITS..=MAX_MODULUS_BITS).contains(&n.bits()))
        } else {
            None
        }
    }

    /// The RFC 7638 thumbprint with SHA-256, in base64url.
    pub fn thumbprint(&self) -> Option<String> {
        let names: &[&str] = match self.kty() {
            "RSA" => &["e", "kty", "n"],
            "EC" => &["crv", "kty", "x", "y"],
            "OKP" => &["crv", "kty", "x"],
            "oct" => &["k", "kty"],
            "AKP" => &["alg", "kty", "pub"],
            _ => return None,
        };
        let members = names.iter().map(|name| {
            let value = self.json.text(name)?;
            // Padding and leading zeros don't make another key.
            let value = match *name {
                "n" | "e" => to_base64url(&self.integer(name)?.to_bytes_be()),
                "x" | "y" | "k" | "pub" => to_base64url(&base64url(value)?),
                _ => value.to_owned(),
            };
            Some(((*name).to_owned(), Json::String(value)))
        });
        let canonical = Json::Object(members.collect::<Option<_>>()?).to_string();
        Some(to_base64url(digest(&SHA256, canonical.as_bytes()).as_ref()))
    }

    /// Type and size, for a table: `RSA 2048`, `EC P-256`.
    pub fn strength(&self) -> String {
        match self.kty() {
            "RSA" => format!("RSA {}", self.modulus().map_or(0, |n| n.bits())),
            "EC" | "OKP" => format!("{} {}", self.kty(), self.crv()),
            "AKP" => format!("AKP {}", self.alg().unwrap_or_default()),
            "oct" => format!("oct {}", self.bytes("k").map_or(0, |k| k.len() * 8)),
            other => other.to_owned(),
        }
    }
}

/// What is shorter is no modulus at all, in bits: to factor it proves nothing.
const MIN_MODULUS_BITS: u64 = 16;

/// The largest modulus that is examined, in bits: arithmetic takes quadratic time and more.
const MAX_MODULUS_BITS: u64 = 16_384;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thumbprint_is_that_of_rfc_7638() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let key = |e: &str| Key {
            json: Json::parse(&format!(r#"{{"kty":"RSA","e":"{e}","n":"{n}","alg":"RS256"}}"#)).unwrap(),
            place: Place::default(),
        };
        assert_eq!(key("AQAB").thumbprint().unwrap(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        assert_eq!(key("AAEAAQ").thumbprint(), key("AQAB").thumbprint());
        assert_eq!(key("AQAB").strength(), "RSA 2048");
    }
}

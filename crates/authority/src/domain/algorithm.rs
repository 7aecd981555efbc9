//! Signature algorithms, as clients and the configuration name them.

use core::fmt;

use probity_jose::SignatureAlgorithm;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An algorithm whose signatures anybody can verify with a public key. HMAC is not among them: who could verify could forge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PublicAlgorithm(SignatureAlgorithm);

impl PublicAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256: the default where OpenID Connect has one.
    pub const RS256: Self = Self(SignatureAlgorithm::Rs256);
    /// ECDSA on P-256: the default where we choose.
    pub const ES256: Self = Self(SignatureAlgorithm::Es256);
    /// Ed25519.
    pub const EDDSA: Self = Self(SignatureAlgorithm::EdDsa);

    /// The algorithm, unless it is one of shared secrets.
    pub fn new(algorithm: SignatureAlgorithm) -> Option<Self> {
        (!algorithm.is_symmetric()).then_some(Self(algorithm))
    }

    /// The algorithm of a name.
    pub fn parse(name: &str) -> Option<Self> {
        name.parse().ok().and_then(Self::new)
    }

    /// The algorithm.
    pub const fn get(self) -> SignatureAlgorithm {
        self.0
    }

    /// Its registered name.
    pub const fn name(self) -> &'static str {
        self.0.name()
    }
}

impl fmt::Display for PublicAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for PublicAlgorithm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for PublicAlgorithm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::parse(&name)
            .ok_or_else(|| de::Error::custom(format_args!("`{name}` is no public-key signature algorithm")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_gives_an_algorithm_of_shared_secrets_or_none_at_all() {
        for name in ["HS256", "none", "None", "", "es256"] {
            assert_eq!(PublicAlgorithm::parse(name), None, "{name}");
            assert!(serde_json::from_value::<PublicAlgorithm>(name.into()).is_err(), "{name}");
        }
        assert_eq!(serde_json::from_value::<PublicAlgorithm>("ES256".into()).unwrap(), PublicAlgorithm::ES256);
        assert_eq!(serde_json::to_value(PublicAlgorithm::EDDSA).unwrap(), "EdDSA");
    }
}

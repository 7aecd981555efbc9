//! What a token is bound to: `cnf` (RFC 7800 section 3). Whoever uses the token must prove to have it.

use serde::{Deserialize, Serialize};

/// A key, a certificate, or both.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// The thumbprint of a key that makes DPoP proofs (RFC 9449 section 6.1).
    #[serde(rename = "jkt", skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The hash of the certificate of a mutual TLS connection (RFC 8705 section 3.1).
    #[serde(rename = "x5t#S256", skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
}

impl Confirmation {
    /// Whether it binds to nothing.
    pub const fn is_empty(&self) -> bool {
        self.key.is_none() && self.certificate.is_none()
    }

    /// Whether whoever has proven this much has what it binds to.
    pub fn is_met_by(&self, proven: &Self) -> bool {
        let meets = |wanted: &Option<String>, has: &Option<String>| wanted.is_none() || wanted == has;
        meets(&self.key, &proven.key) && meets(&self.certificate, &proven.certificate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn confirmation(key: Option<&str>, certificate: Option<&str>) -> Confirmation {
        Confirmation { key: key.map(str::to_owned), certificate: certificate.map(str::to_owned) }
    }

    #[test]
    fn everything_that_a_token_is_bound_to_must_be_proven() {
        let both = confirmation(Some("k"), Some("c"));
        assert!(both.is_met_by(&both) && confirmation(Some("k"), None).is_met_by(&both));
        assert!(Confirmation::default().is_met_by(&Confirmation::default()));
        for proven in [confirmation(Some("k"), None), confirmation(None, Some("c")), confirmation(Some("x"), Some("c"))]
        {
            assert!(!both.is_met_by(&proven), "{proven:?}");
        }
    }

    #[test]
    fn a_binding_that_is_not_understood_is_never_taken_for_none() {
        assert!(serde_json::from_str::<Confirmation>(r#"{"kid":"x"}"#).is_err());
    }
}

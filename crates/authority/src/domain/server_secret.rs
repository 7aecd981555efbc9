//! The secret from which this authority derives its keys for things that only it must read.

use core::fmt;

use aws_lc_rs::hmac;
use probity_jose::base64url;

/// Bytes of a name that users have in a sector.
const PAIRWISE_BYTES: usize = 16;

/// A secret that never leaves the authority and never changes.
pub struct ServerSecret(hmac::Key);

impl ServerSecret {
    /// Bytes of the secret.
    pub const BYTES: usize = 32;

    /// The secret of these bytes.
    pub fn new(bytes: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// A key for one purpose: a PRF of its label.
    pub fn derive(&self, label: &str) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&self.0, label.as_bytes()).as_ref())
    }

    /// The name of a user in a sector: OpenID Connect Core 1.0 section 8.1. The same each time, and of no use elsewhere.
    pub fn pairwise(&self, sector: &str, subject: &str) -> String {
        let mut context = hmac::Context::with_key(&self.derive("pairwise-subject"));
        // The length keeps `a` + `bc` apart from `ab` + `c`.
        context.update(&u64::try_from(sector.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(sector.as_bytes());
        context.update(subject.as_bytes());
        let tag = context.sign();
        base64url::encode(tag.as_ref().get(..PAIRWISE_BYTES).unwrap_or_default())
    }
}

impl fmt::Debug for ServerSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerSecret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_the_same_name_in_a_sector_and_another_one_in_each_other() {
        let secret = ServerSecret::new(&[1; ServerSecret::BYTES]);
        let name = secret.pairwise("a.example", "u");
        assert_eq!(name.len(), 22);
        assert_eq!(secret.pairwise("a.example", "u"), name);
        for other in [
            secret.pairwise("b.example", "u"),
            secret.pairwise("a.example", "v"),
            secret.pairwise("a.exampl", "eu"),
            ServerSecret::new(&[2; ServerSecret::BYTES]).pairwise("a.example", "u"),
        ] {
            assert_ne!(other, name);
        }
    }
}

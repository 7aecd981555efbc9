//! The configuration of a [`Trust`](crate::Trust) with what most services want.

use probity_jose::SignatureAlgorithm;

use crate::trust::{REMEMBERED_TOKENS, TrustConfig};

impl TrustConfig {
    /// Trust in an issuer's ES256 tokens for one audience. `credential` is what `probity admin add-guard` printed; white
    /// space around it, as a file has it at its end, does not matter.
    pub fn new(issuer: impl Into<String>, audience: impl Into<String>, credential: &str) -> Self {
        Self {
            issuer: issuer.into(),
            audiences: vec![audience.into()],
            algorithms: vec![SignatureAlgorithm::Es256],
            remembered_tokens: REMEMBERED_TOKENS,
            authority: None,
            certificate_authorities: None,
            credential: credential.trim().to_owned(),
            introspection: None,
            foreign: Vec::new(),
            instance: instance(),
        }
    }

    /// The same, with these certificates (PEM) trusted instead of the platform's.
    #[must_use]
    pub fn with_certificate_authorities(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.certificate_authorities = Some(pem.into());
        self
    }
}

/// A name for this process that no other has.
#[expect(clippy::disallowed_methods, reason = "the rim draws randomness")]
fn instance() -> [u8; 16] {
    let mut bytes = [0; 16];
    // It fails only where no cryptography works at all, and then no token will be verified either.
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    bytes
}

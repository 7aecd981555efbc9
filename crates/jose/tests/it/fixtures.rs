//! Keys for tests. RSA keys take long to make, so that all RSA algorithms share a few.

use std::sync::LazyLock;

use probity_jose::{SignatureAlgorithm, SigningKey};

static RSA: LazyLock<[Vec<u8>; 3]> = LazyLock::new(|| {
    [(); 3].map(|()| SigningKey::generate(SignatureAlgorithm::Rs256).unwrap().to_private_der().unwrap().to_vec())
});

/// A key of an algorithm, different for each number below three.
pub(crate) fn key(algorithm: SignatureAlgorithm, number: usize) -> SigningKey {
    if matches!(algorithm.name().as_bytes()[0], b'R' | b'P') {
        SigningKey::from_private_der(&RSA[number], algorithm).unwrap()
    } else {
        SigningKey::generate(algorithm).unwrap()
    }
}

//! The algorithms of the IANA registry "JSON Web Signature and Encryption Algorithms", as far as reports need them.

/// What is known of an algorithm.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Algorithm {
    /// `alg` or `enc`.
    pub(crate) name: &'static str,
    /// Registered as prohibited, or for other uses than JOSE.
    pub(crate) prohibited: bool,
    /// The key type, for signatures.
    pub(crate) kty: &'static str,
    /// The curve, where the algorithm fixes it.
    pub(crate) crv: &'static str,
}

/// Looks a name up, exactly.
pub(crate) fn find(name: &str) -> Option<&'static Algorithm> {
    ALGORITHMS.iter().find(|algorithm| algorithm.name == name)
}

const fn known(name: &'static str, kty: &'static str, crv: &'static str) -> Algorithm {
    Algorithm { name, prohibited: false, kty, crv }
}

const fn prohibited(name: &'static str) -> Algorithm {
    Algorithm { name, prohibited: true, kty: "", crv: "" }
}

const ALGORITHMS: &[Algorithm] = &[
    // RFC 7518 section 3.1
    known("HS256", "oct", ""),
    known("HS384", "oct", ""),
    known("HS512", "oct", ""),
    known("RS256", "RSA", ""),
    known("RS384", "RSA", ""),
    known("RS512", "RSA", ""),
    known("PS256", "RSA", ""),
    known("PS384", "RSA", ""),
    known("PS512", "RSA", ""),
    known("ES256", "EC", "P-256"),
    known("ES384", "EC", "P-384"),
    known("ES512", "EC", "P-521"),
    // RFC 8812
    known("ES256K", "EC", "secp256k1"),
    // RFC 8037, RFC 9864
    known("EdDSA", "OKP", ""),
    known("Ed25519", "OKP", "Ed25519"),
    known("Ed448", "OKP", "Ed448"),
    // RFC 9964
    known("ML-DSA-44", "AKP", ""),
    known("ML-DSA-65", "AKP", ""),
    known("ML-DSA-87", "AKP", ""),
    // RFC 7518 section 4.1
    known("RSA1_5", "RSA", ""),
    known("RSA-OAEP", "RSA", ""),
    known("RSA-OAEP-256", "RSA", ""),
    known("RSA-OAEP-384", "RSA", ""),
    known("RSA-OAEP-512", "RSA", ""),
    known("A128KW", "oct", ""),
    known("A192KW", "oct", ""),
    known("A256KW", "oct", ""),
    known("dir", "oct", ""),
    known("ECDH-ES", "", ""),
    known("ECDH-ES+A128KW", "", ""),
    known("ECDH-ES+A192KW", "", ""),
    known("ECDH-ES+A256KW", "", ""),
    known("A128GCMKW", "oct", ""),
    known("A192GCMKW", "oct", ""),
    known("A256GCMKW", "oct", ""),
    known("PBES2-HS256+A128KW", "oct", ""),
    known("PBES2-HS384+A192KW", "oct", ""),
    known("PBES2-HS512+A256KW", "oct", ""),
    // RFC 7518 section 5.1
    known("A128CBC-HS256", "oct", ""),
    known("A192CBC-HS384", "oct", ""),
    known("A256CBC-HS512", "oct", ""),
    known("A128GCM", "oct", ""),
    known("A192GCM", "oct", ""),
    known("A256GCM", "oct", ""),
    prohibited("none"),
    // Registered for W3C Web Cryptography only
    prohibited("RS1"),
    prohibited("A128CBC"),
    prohibited("A192CBC"),
    prohibited("A256CBC"),
    prohibited("A128CTR"),
    prohibited("A192CTR"),
    prohibited("A256CTR"),
    prohibited("HS1"),
];

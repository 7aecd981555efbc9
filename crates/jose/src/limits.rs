//! Every limit on input from outside, in one place.
//!
//! The limits of tokens are fields of [`Limits`] and can be raised; the others are fixed.

/// The largest JWT that a verifier reads, in bytes, unless it is told otherwise: an ML-DSA-87 signature of 6,170
/// characters fits beside generous claims.
pub const MAX_JWT_BYTES: usize = 16 * 1024;

/// The largest JWS that a verifier reads, in bytes, unless it is told otherwise.
pub const MAX_JWS_BYTES: usize = 1024 * 1024;

/// The largest decoded header, in bytes: a DPoP proof's header holds an ML-DSA-87 public key of 3,456 characters.
pub const MAX_HEADER_BYTES: usize = 8 * 1024;

/// How deep arrays and objects may be nested in any JSON that is read.
pub const MAX_JSON_DEPTH: usize = 32;

/// The largest JSON document, in bytes.
pub const MAX_JSON_BYTES: usize = 4 * 1024 * 1024;

/// The largest JWK, in bytes: an 8,192-bit private RSA key with a certificate chain is about 16 kB.
pub const MAX_JWK_BYTES: usize = 64 * 1024;

/// The largest JWK Set, in bytes.
pub const MAX_JWK_SET_BYTES: usize = 1024 * 1024;

/// How many keys a JWK Set may hold.
pub const MAX_JWK_SET_KEYS: usize = 256;

/// The longest `kid`, in bytes.
pub const MAX_KEY_ID_BYTES: usize = 1024;

/// The largest PEM text, in bytes: a key or a chain of certificates.
pub const MAX_PEM_BYTES: usize = 64 * 1024;

/// How many keys are tried for one signature when the token names none.
pub const MAX_KEY_ATTEMPTS: usize = 16;

/// How many audiences a token may name.
pub const MAX_AUDIENCES: usize = 64;

/// How many signatures a JWS in general JSON serialization may carry.
pub const MAX_SIGNATURES: usize = 16;

/// How many names a `crit` header may list.
pub const MAX_CRITICAL_NAMES: usize = 16;

/// How many certificates an `x5c` chain may hold.
pub const MAX_CERTIFICATES: usize = 16;

/// The smallest RSA modulus, in bits (RFC 7518 section 3.3).
pub const MIN_RSA_BITS: usize = 2048;

/// The largest RSA modulus, in bits: verification takes quadratic time.
pub const MAX_RSA_BITS: usize = 8192;

/// The smallest RSA public exponent.
pub const MIN_RSA_EXPONENT: u64 = 65_537;

/// The largest RSA public exponent: the cryptographic library takes no more than 33 bits.
pub const MAX_RSA_EXPONENT: u64 = (1 << 33) - 1;

/// The largest secret for HMAC, in bytes. Anything above the hash's block is hashed first and adds nothing.
pub const MAX_SECRET_BYTES: usize = 4096;

/// The largest NumericDate, exclusive: 2^53 seconds, up to which a JSON number is exact.
pub const MAX_NUMERIC_DATE: u64 = 1 << 53;

/// The largest JWE that a decrypter reads, in bytes, unless it is told otherwise.
pub const MAX_JWE_BYTES: usize = 1024 * 1024;

/// The largest JWE around a JWT that is read, in bytes, unless it is told otherwise: a JWT of [`MAX_JWT_BYTES`] fits.
pub const MAX_NESTED_JWT_BYTES: usize = 32 * 1024;

/// How many recipients a JWE in general JSON serialization may have.
pub const MAX_RECIPIENTS: usize = 16;

/// The largest content that compressed content may become, in bytes.
pub const MAX_INFLATED_BYTES: usize = 250_000;

/// The smallest PBES2 count that is accepted (RFC 7518 section 4.8.1.2).
pub const MIN_PBES2_COUNT: u32 = 1_000;

/// The largest PBES2 count that is accepted: whoever makes the token decides how long its recipient calculates.
pub const MAX_PBES2_COUNT: u32 = 1_200_000;

/// The PBES2 count when encrypting, unless the header names another.
pub const DEFAULT_PBES2_COUNT: u32 = 600_000;

/// The sum of PBES2 counts that is calculated for one JWE, over all recipients and passwords.
pub const MAX_PBES2_WORK: u32 = 2 * MAX_PBES2_COUNT;

/// The shortest PBES2 salt, in bytes (RFC 7518 section 4.8.1.1).
pub const MIN_PBES2_SALT_BYTES: usize = 8;

/// How much of a token is read before it has been verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The largest serialized token, in bytes.
    pub token_bytes: usize,
    /// The largest decoded header, in bytes.
    pub header_bytes: usize,
}

impl Limits {
    /// For tokens in HTTP headers: [`MAX_JWT_BYTES`] and [`MAX_HEADER_BYTES`].
    pub const JWT: Self = Self { token_bytes: MAX_JWT_BYTES, header_bytes: MAX_HEADER_BYTES };

    /// For signed documents: [`MAX_JWS_BYTES`] and [`MAX_HEADER_BYTES`].
    pub const JWS: Self = Self { token_bytes: MAX_JWS_BYTES, header_bytes: MAX_HEADER_BYTES };

    /// For encrypted documents: [`MAX_JWE_BYTES`] and [`MAX_HEADER_BYTES`].
    pub const JWE: Self = Self { token_bytes: MAX_JWE_BYTES, header_bytes: MAX_HEADER_BYTES };

    /// For encrypted JWTs: [`MAX_NESTED_JWT_BYTES`] and [`MAX_HEADER_BYTES`].
    pub const NESTED_JWT: Self = Self { token_bytes: MAX_NESTED_JWT_BYTES, header_bytes: MAX_HEADER_BYTES };
}

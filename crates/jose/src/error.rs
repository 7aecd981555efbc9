//! What can go wrong, by who is at fault.

use core::fmt;

/// Who has to change something for an [`Error`] to go away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// Whoever made the token: it is malformed.
    Token,
    /// The signature does not match, or nobody knows the key: the token may be forged.
    Signature,
    /// The token is well made and authentic, but not acceptable here and now.
    Policy,
    /// Whoever made the key.
    Key,
    /// The program that called this library.
    Caller,
}

macro_rules! errors {
    ($($fault:ident { $($(#[doc = $doc:literal])+ $name:ident = $code:literal, $message:literal;)+ })+) => {
        /// Why something was refused.
        ///
        /// Each variant has a stable [`code`](Error::code) for logs, tests and other programs. No variant carries
        /// input, so that printing an error can't leak a token or a key.
        ///
        /// ```
        /// use probity_jose::{Error, Fault};
        /// assert_eq!(Error::Expired.code(), "jwt.expired");
        /// assert_eq!(Error::Expired.fault(), Fault::Policy);
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Error {
            $($($(#[doc = $doc])+ $name,)+)+
        }

        impl Error {
            /// All errors, in the order of their groups.
            pub const ALL: &'static [Self] = &[$($(Self::$name,)+)+];

            /// The stable code: `jwt.expired`, `jws.bad_signature`.
            pub const fn code(self) -> &'static str {
                match self { $($(Self::$name => $code,)+)+ }
            }

            /// Who is at fault.
            pub const fn fault(self) -> Fault {
                match self { $($(Self::$name => Fault::$fault,)+)+ }
            }

            const fn message(self) -> &'static str {
                match self { $($(Self::$name => $message,)+)+ }
            }
        }
    };
}

errors! {
    Token {
        /// Larger than the verifier's limit.
        TokenTooLarge = "jws.too_large", "the token is larger than the limit";
        /// Not three parts separated by dots, or a character that no token holds (RFC 7515 section 7.1).
        NotCompact = "jws.not_compact", "not a compact JWS: three base64url parts separated by dots";
        /// Padding, whitespace, another alphabet, or unused bits that are not zero (RFC 7515 section 2, RFC 4648 section 3.5).
        Base64Url = "base64url.not_canonical", "not canonical base64url without padding";
        /// Not JSON (RFC 8259).
        JsonSyntax = "json.syntax", "not JSON";
        /// JSON that is not UTF-8 (RFC 8259 section 8.1).
        JsonNotUtf8 = "json.not_utf8", "the JSON is not UTF-8";
        /// A name occurs twice in one object, compared after its escapes are resolved (RFC 7515 section 4, RFC 7519 section 4).
        JsonDuplicateName = "json.duplicate_name", "a name occurs twice in a JSON object";
        /// Nested deeper than [`MAX_JSON_DEPTH`](crate::limits::MAX_JSON_DEPTH).
        JsonTooDeep = "json.too_deep", "the JSON is nested too deeply";
        /// Larger than the limit for this document.
        JsonTooLarge = "json.too_large", "the JSON document is larger than the limit";
        /// Half a UTF-16 surrogate pair, which no Unicode text holds (RFC 8259 section 8.2).
        JsonLoneSurrogate = "json.lone_surrogate", "a JSON string holds half a surrogate pair";
        /// A number that no double can hold, such as `1e400` (RFC 7493 section 2.2).
        JsonNumberRange = "json.number_range", "a JSON number is out of range";
        /// A header or a document that must be an object is something else.
        JsonNotObject = "json.not_object", "the JSON is not an object";
        /// The decoded header is larger than the verifier's limit.
        HeaderTooLarge = "jws.header_too_large", "the header is larger than the limit";
        /// A header parameter of the wrong type, too long, or in the wrong place.
        HeaderMalformed = "jws.header_malformed", "a header parameter is malformed";
        /// No `alg` (RFC 7515 section 4.1.1).
        AlgorithmMissing = "jws.alg_missing", "the header has no alg";
        /// `alg` is `none`: an unsecured JWS, which this library does not implement on purpose (RFC 8725 section 3.2).
        AlgorithmNone = "jws.alg_none", "unsecured tokens (alg none) are not accepted, on purpose";
        /// `alg` is no signature algorithm that this library knows. Names are compared exactly.
        AlgorithmUnknown = "jws.alg_unknown", "the alg is not a known signature algorithm";
        /// `crit` is empty, not an array of strings, names a parameter twice, a registered one, or one that is not in
        /// the protected header (RFC 7515 section 4.1.11).
        CriticalMalformed = "jws.crit_malformed", "the crit header parameter is malformed";
        /// `crit` names an extension that the verifier does not understand (RFC 7515 section 4.1.11).
        CriticalUnknown = "jws.crit_unknown", "the token needs an extension that is not understood";
        /// `b64` without `crit`, not a boolean, or different from signature to signature (RFC 7797 sections 3 and 6).
        B64Malformed = "jws.b64_malformed", "the b64 header parameter is malformed or not listed in crit";
        /// A JWT with an unencoded payload (RFC 7797 section 7).
        B64InJwt = "jwt.b64", "a JWT's payload must be encoded";
        /// A JSON serialization with a missing, superfluous or ill-typed member (RFC 7515 section 7.2).
        NotJsonSerialization = "jws.not_json", "not a JWS in JSON serialization";
        /// More signatures than [`MAX_SIGNATURES`](crate::limits::MAX_SIGNATURES).
        TooManySignatures = "jws.too_many_signatures", "the JWS has too many signatures";
        /// No signatures at all.
        NoSignatures = "jws.no_signatures", "the JWS has no signatures";
        /// A parameter stands in the protected and in the unprotected header (RFC 7515 section 7.2.1).
        HeaderOverlap = "jws.header_overlap", "a parameter is in both the protected and the unprotected header";
        /// A parameter that must be protected is not.
        HeaderUnprotected = "jws.header_unprotected", "a parameter that must be protected is not";
        /// The token carries a payload though its content is detached, or the other way round.
        PayloadPresence = "jws.payload_presence", "the payload is in the token though it should be detached, or missing";
        /// The claims are no JSON object (RFC 7519 section 7.2).
        ClaimsNotObject = "jwt.not_object", "the claims are not a JSON object";
        /// A registered claim has the wrong type (RFC 7519 section 4.1).
        ClaimMalformed = "jwt.claim_malformed", "a claim has the wrong type";
        /// A date is no number, negative, or beyond 2^53 (RFC 7519 section 2).
        DateMalformed = "jwt.date_malformed", "a date claim is not a valid NumericDate";
        /// More than [`MAX_AUDIENCES`](crate::limits::MAX_AUDIENCES) audiences.
        TooManyAudiences = "jwt.too_many_audiences", "the token names too many audiences";
        /// The claims do not fit the caller's type.
        ClaimsMismatch = "jwt.claims_mismatch", "the claims do not have the expected shape";
        /// A JWE larger than the decrypter's limit.
        JweTooLarge = "jwe.too_large", "the JWE is larger than the limit";
        /// Not five parts separated by dots, or a character that no token holds (RFC 7516 section 7.1).
        NotCompactJwe = "jwe.not_compact", "not a compact JWE: five base64url parts separated by dots";
        /// A JSON serialization with a missing, superfluous or ill-typed member (RFC 7516 section 7.2).
        NotJsonJwe = "jwe.not_json", "not a JWE in JSON serialization";
        /// A JWE's decoded protected header is larger than the decrypter's limit.
        JweHeaderTooLarge = "jwe.header_too_large", "the header is larger than the limit";
        /// A header parameter of a JWE of the wrong type, too long, or missing.
        JweHeaderMalformed = "jwe.header_malformed", "a header parameter is missing or malformed";
        /// A parameter stands in two of a JWE's headers (RFC 7516 section 7.2.1).
        JweHeaderOverlap = "jwe.header_overlap", "a parameter is in two of the JWE's headers";
        /// `zip` or `crit` outside of the protected header (RFC 7516 sections 4.1.3 and 4.1.13).
        JweHeaderUnprotected = "jwe.header_unprotected", "a parameter that must be protected is not";
        /// `crit` of a JWE is malformed (RFC 7516 section 4.1.13).
        JweCriticalMalformed = "jwe.crit_malformed", "the crit header parameter is malformed";
        /// `crit` names an extension that the decrypter does not understand (RFC 7516 section 4.1.13).
        JweCriticalUnknown = "jwe.crit_unknown", "the JWE needs an extension that is not understood";
        /// No `alg` (RFC 7516 section 4.1.1).
        KeyManagementMissing = "jwe.alg_missing", "the JWE's header has no alg";
        /// `alg` is no key management algorithm that this library knows. Names are compared exactly.
        KeyManagementUnknown = "jwe.alg_unknown", "the alg is not a known key management algorithm";
        /// `alg` is `RSA1_5`, which this library does not implement on purpose: whoever can tell good padding from bad
        /// reads the content (Bleichenbacher's attack, CVE-2016-6298).
        Rsa15 = "jwe.alg_rsa1_5", "RSA1_5 is not implemented, on purpose";
        /// No `enc` (RFC 7516 section 4.1.2).
        ContentEncryptionMissing = "jwe.enc_missing", "the JWE's header has no enc";
        /// `enc` is no content encryption that this library knows. Names are compared exactly.
        ContentEncryptionUnknown = "jwe.enc_unknown", "the enc is not a known content encryption algorithm";
        /// The recipients' headers disagree about `enc` (RFC 7516 section 7.2.1).
        RecipientsDisagree = "jwe.recipients_disagree", "the JWE's recipients have different enc parameters";
        /// More recipients than [`MAX_RECIPIENTS`](crate::limits::MAX_RECIPIENTS).
        TooManyRecipients = "jwe.too_many_recipients", "the JWE has too many recipients";
        /// No recipients at all.
        NoRecipients = "jwe.no_recipients", "the JWE has no recipients";
        /// An initialization vector of another length than `enc` has (RFC 7518 sections 5.2 and 5.3).
        IvLength = "jwe.iv_length", "the initialization vector has the wrong length";
        /// An authentication tag of another length than `enc` has (RFC 7518 sections 5.2 and 5.3).
        TagLength = "jwe.tag_length", "the authentication tag has the wrong length";
        /// Ciphertext that is not made of whole blocks (RFC 7518 section 5.2.2).
        CiphertextLength = "jwe.ciphertext_length", "the ciphertext has a length that it can't have";
        /// An encrypted key of another length than `alg`, `enc` and the key demand: none for `dir` and `ECDH-ES`.
        EncryptedKeyLength = "jwe.encrypted_key_length", "the encrypted key has the wrong length";
        /// `epk` is no public key (RFC 7518 section 4.6.1.1).
        EphemeralKeyMalformed = "jwe.epk_malformed", "the epk header parameter is missing or malformed";
        /// `epk` is on another curve than the recipient's key (RFC 7518 section 4.6.1.1).
        EphemeralKeyCurve = "jwe.epk_curve", "the epk is on another curve than the key";
        /// `epk` is not on its curve, or has a small order (RFC 7518 section 4.6, RFC 8037 section 3.2).
        EphemeralKeyPoint = "jwe.epk_point", "the epk is not a valid point";
        /// `p2c` is not between [`MIN_PBES2_COUNT`](crate::limits::MIN_PBES2_COUNT) and
        /// [`MAX_PBES2_COUNT`](crate::limits::MAX_PBES2_COUNT).
        Pbes2Count = "jwe.pbes2_count", "the PBES2 count is out of range";
        /// `p2s` is shorter than [`MIN_PBES2_SALT_BYTES`](crate::limits::MIN_PBES2_SALT_BYTES).
        Pbes2Salt = "jwe.pbes2_salt", "the PBES2 salt is too short";
        /// `zip` is not `DEF` (RFC 7516 section 4.1.3).
        CompressionUnknown = "jwe.zip_unknown", "the zip is not a known compression algorithm";
        /// Content that is not DEFLATE, or has bytes after its end (RFC 1951).
        CompressionMalformed = "jwe.zip_malformed", "the compressed content is malformed";
        /// Content larger than [`MAX_INFLATED_BYTES`](crate::limits::MAX_INFLATED_BYTES) once it is decompressed.
        InflatedTooLarge = "jwe.zip_too_large", "the decompressed content is larger than the limit";
    }
    Signature {
        /// The signature is not that of the key over the token.
        BadSignature = "jws.bad_signature", "the signature is not valid";
        /// No key of the set fits the token's `kid` and `alg`.
        KeyNotFound = "jws.key_not_found", "no key of the set fits the token";
        /// Several different keys of the set have the token's `kid` and fit its `alg`.
        KeyAmbiguous = "jws.key_ambiguous", "several keys of the set have the token's key identifier";
        /// More than [`MAX_KEY_ATTEMPTS`](crate::limits::MAX_KEY_ATTEMPTS) keys fit a token that names none.
        TooManyKeys = "jws.too_many_keys", "too many keys fit a token that names none";
        /// The key's algorithm is not the token's (RFC 8725 section 3.1).
        KeyAlgorithmMismatch = "jws.key_alg_mismatch", "the key is for another algorithm than the token's";
        /// Not every signature is valid though all of them must be.
        NotAllSignatures = "jws.not_all_signatures", "not every signature is valid";
        /// The JWE can't be decrypted with this key: the encrypted key, the tag or the padding is wrong. Which of them
        /// is not said, so that nobody learns from trying.
        DecryptionFailed = "jwe.decryption_failed", "the JWE can't be decrypted with this key";
        /// No key of the set fits the JWE's `kid`, `alg` and `enc`.
        DecryptionKeyNotFound = "jwe.key_not_found", "no key of the set fits the JWE";
        /// Several different keys of the set have the JWE's `kid` and fit its `alg`.
        DecryptionKeyAmbiguous = "jwe.key_ambiguous", "several keys of the set have the JWE's key identifier";
        /// More than [`MAX_KEY_ATTEMPTS`](crate::limits::MAX_KEY_ATTEMPTS) keys fit, or passwords that would take more
        /// than [`MAX_PBES2_WORK`](crate::limits::MAX_PBES2_WORK).
        TooManyDecryptionKeys = "jwe.too_many_keys", "too many keys fit the JWE";
        /// The key that the JWE names is for another `alg` or `enc`.
        DecryptionKeyMismatch = "jwe.key_alg_mismatch", "the key is for another algorithm than the JWE's";
    }
    Policy {
        /// The token's `alg` is not among those allowed (RFC 8725 section 3.1).
        AlgorithmNotAllowed = "jws.alg_not_allowed", "the token's algorithm is not allowed here";
        /// `typ` is missing or another kind of token's (RFC 8725 section 3.11).
        WrongType = "jwt.wrong_type", "the token is of another type";
        /// `exp` has passed; a token is expired at the second that `exp` names (RFC 7519 section 4.1.4).
        Expired = "jwt.expired", "the token has expired";
        /// `nbf` has not come (RFC 7519 section 4.1.5).
        NotYetValid = "jwt.not_yet_valid", "the token is not valid yet";
        /// `iat` lies in the future.
        IssuedInFuture = "jwt.issued_in_future", "the token was issued in the future";
        /// Older than the verifier's maximum age.
        TooOld = "jwt.too_old", "the token is older than allowed";
        /// `iss` is missing or another issuer (RFC 7519 section 4.1.1).
        WrongIssuer = "jwt.wrong_issuer", "the token is from another issuer";
        /// `aud` is missing or does not name this audience (RFC 7519 section 4.1.3).
        WrongAudience = "jwt.wrong_audience", "the token is for another audience";
        /// A claim that the verifier requires is missing.
        ClaimMissing = "jwt.claim_missing", "a required claim is missing";
        /// A claim is present that this kind of token must not have, or has a value that it must not have.
        ClaimForbidden = "jwt.claim_forbidden", "a claim is present or has a value that this kind of token must not have";
        /// `nonce` is not the expected one.
        WrongNonce = "jwt.wrong_nonce", "the nonce is not the expected one";
        /// A DPoP proof is for another request (RFC 9449 section 4.3).
        WrongRequest = "dpop.wrong_request", "the proof is for another request";
        /// A DPoP proof is for another access token (RFC 9449 section 4.3).
        WrongAccessToken = "dpop.wrong_access_token", "the proof is for another access token";
        /// The JWE's `alg` is not among those allowed.
        KeyManagementNotAllowed = "jwe.alg_not_allowed", "the JWE's alg is not allowed here";
        /// The JWE's `enc` is not among those allowed.
        ContentEncryptionNotAllowed = "jwe.enc_not_allowed", "the JWE's enc is not allowed here";
        /// Compressed content where it is not accepted.
        CompressionNotAllowed = "jwe.zip_not_allowed", "compressed content is not accepted here";
        /// The JWE does not say by `cty` that it holds a JWT (RFC 7519 section 5.2).
        NotNested = "jwt.not_nested", "the JWE does not say that it holds a JWT";
        /// A claim in the JWE's header differs from that of the JWT (RFC 7519 section 5.3).
        ReplicatedClaim = "jwt.replicated_claim", "a claim in the encrypted token's header differs from the token's own";
    }
    Key {
        /// Not a JWK: no object, or a parameter of the wrong type (RFC 7517 section 4).
        JwkMalformed = "jwk.malformed", "not a JWK, or a parameter is missing or malformed";
        /// Not a JWK Set (RFC 7517 section 5).
        JwkSetMalformed = "jwk.set_malformed", "not a JWK Set";
        /// More than [`MAX_JWK_SET_KEYS`](crate::limits::MAX_JWK_SET_KEYS) keys.
        TooManyJwks = "jwk.too_many_keys", "the JWK Set has too many keys";
        /// A `kty` that this library does not know.
        KeyTypeUnknown = "jwk.kty_unknown", "the key type is not known";
        /// A curve that this library does not know. Ed448 and X448 are not implemented on purpose.
        CurveUnknown = "jwk.curve_unknown", "the curve is not supported";
        /// The JWK's `alg` is none that this library knows, or not the one asked for.
        KeyAlgorithm = "jwk.wrong_alg", "the key is for another algorithm";
        /// The JWK fits several algorithms and names none.
        KeyAlgorithmMissing = "jwk.alg_missing", "the key does not say which algorithm it is for";
        /// `use` or `key_ops` do not allow this use (RFC 7517 sections 4.2 and 4.3).
        KeyUse = "jwk.wrong_use", "the key may not be used for this";
        /// A private key was expected.
        NotPrivate = "jwk.not_private", "the key has no private part";
        /// A secret stands in a set beside public keys, so that whoever can read them knows it.
        SecretAmongPublicKeys = "jwk.secret_among_public_keys", "a secret beside public keys is public";
        /// A coordinate or number of the wrong length, with leading zeros, or out of range (RFC 7518 section 6).
        KeyEncoding = "jwk.encoding", "a key parameter has the wrong length or encoding";
        /// A secret shorter than the hash's output (RFC 7518 section 3.2).
        SecretTooShort = "jwk.secret_too_short", "the secret is shorter than the hash";
        /// A secret longer than [`MAX_SECRET_BYTES`](crate::limits::MAX_SECRET_BYTES).
        SecretTooLong = "jwk.secret_too_long", "the secret is longer than the limit";
        /// A secret of another length than its algorithm has.
        SecretLength = "jwk.secret_length", "the secret has another length than its algorithm needs";
        /// An RSA modulus below [`MIN_RSA_BITS`](crate::limits::MIN_RSA_BITS) or above [`MAX_RSA_BITS`](crate::limits::MAX_RSA_BITS).
        RsaSize = "jwk.rsa_size", "the RSA modulus is too small or too large";
        /// An RSA exponent that is even, too small or too large.
        RsaExponent = "jwk.rsa_exponent", "the RSA public exponent is weak or not supported";
        /// An RSA modulus that is even, or of the form that the ROCA attack factors (CVE-2017-15361).
        RsaWeak = "jwk.rsa_weak", "the RSA modulus can be factored";
        /// A point that is not on its curve.
        PointInvalid = "jwk.point_invalid", "the point is not on the curve";
        /// A point of small order, for which anyone can sign.
        PointSmallOrder = "jwk.point_small_order", "the point has a small order";
        /// The private and the public part do not belong together.
        KeyMismatch = "jwk.mismatch", "the private and the public part do not match";
        /// `x5c`, `x5t` or `x5t#S256` are not about this key (RFC 7517 sections 4.7 to 4.9).
        CertificateMismatch = "jwk.certificate_mismatch", "the certificate is not about this key";
        /// PEM that can't be read, or with another label than expected (RFC 7468).
        Pem = "pem.malformed", "not the expected PEM block";
        /// DER that can't be read.
        Der = "der.malformed", "not the expected DER structure";
    }
    Caller {
        /// The claims or header to be signed do not serialize to a JSON object.
        Serialize = "caller.serialize", "the value does not serialize to a JSON object";
        /// A header to be signed contradicts the key or the serialization.
        HeaderContradiction = "caller.header", "the header contradicts the key or the serialization";
        /// The algorithm can't work on a stream: it reads the message twice.
        NotStreamable = "caller.not_streamable", "the algorithm needs the whole message at once";
        /// The payload can't be carried like this (RFC 7797 section 5.2).
        PayloadNotCompact = "caller.payload", "the unencoded payload can't be carried in this serialization";
        /// The cryptographic library failed, for instance for lack of randomness.
        Crypto = "caller.crypto", "the cryptographic library failed";
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl core::error::Error for Error {}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_have_the_form_room_dot_reason() {
        let codes: HashSet<_> = Error::ALL.iter().map(|error| error.code()).collect();
        assert_eq!(codes.len(), Error::ALL.len());
        for code in codes {
            let (room, reason) = code.split_once('.').expect("a dot");
            for part in [room, reason] {
                let plain = part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
                assert!(plain && !part.is_empty(), "{code}");
            }
        }
    }
}

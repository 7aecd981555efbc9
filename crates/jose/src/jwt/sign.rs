//! Making a JWT.

use serde::Serialize;

use crate::error::Error;
use crate::jws;
use crate::key::SigningKey;

/// Makes a JWT: `alg` and `kid` come from the key, `typ` says which kind of token it is.
///
/// # Errors
/// [`Error::Serialize`] when the claims are no JSON object; [`Error::Crypto`].
///
/// ```
/// use probity_jose::{SignatureAlgorithm, SigningKey, jwt};
/// let key = SigningKey::generate(SignatureAlgorithm::Es256)?;
/// let token = jwt::sign("at+jwt", &serde_json::json!({"sub": "alice"}), &key)?;
/// assert_eq!(token.matches('.').count(), 2);
/// # Ok::<(), probity_jose::Error>(())
/// ```
pub fn sign<C: Serialize>(typ: &str, claims: &C, key: &SigningKey) -> Result<String, Error> {
    let payload = serde_json::to_vec(claims).map_err(|_| Error::Serialize)?;
    if payload.first() != Some(&b'{') {
        return Err(Error::Serialize);
    }
    let header = Header { alg: key.algorithm().name(), typ, kid: key.key_id() };
    let header = serde_json::to_vec(&header).map_err(|_| Error::Serialize)?;
    jws::sign_encoded(&header, &payload, key)
}

#[derive(Serialize)]
struct Header<'a> {
    alg: &'a str,
    typ: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'a str>,
}

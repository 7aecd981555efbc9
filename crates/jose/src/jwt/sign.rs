//! Making a JWT.

use serde::Serialize;

use crate::base64url;
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
    let mut payload = Vec::with_capacity(USUAL_CLAIMS_BYTES);
    serde_json::to_writer(&mut payload, claims).map_err(|_| Error::Serialize)?;
    if payload.first() != Some(&b'{') {
        return Err(Error::Serialize);
    }
    // A key signs one or two kinds of tokens: the header of the first is not made again.
    if let Some(header) = key.known_header().find(typ) {
        return jws::sign_with_header(header, &payload, key);
    }
    let header = Header { alg: key.algorithm().name(), typ, kid: key.key_id() };
    let header = base64url::encode(&serde_json::to_vec(&header).map_err(|_| Error::Serialize)?);
    key.known_header().remember(typ, &header);
    jws::sign_with_header(&header, &payload, key)
}

/// Room for the claims of a usual token, so that their text need not be moved while it is written.
const USUAL_CLAIMS_BYTES: usize = 512;

#[derive(Serialize)]
struct Header<'a> {
    alg: &'a str,
    typ: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'a str>,
}

//! The public keys of a client: `jwks` by value.

use serde_json::Value;

use probity_jose::JwkSet;

/// The largest `jwks`, in bytes of JSON.
pub const MAX_JWKS_BYTES: usize = 32 * 1024;

/// The most keys of one client.
pub const MAX_CLIENT_KEYS: usize = 16;

/// Members of private and shared keys (RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1; RFC 9964).
const PRIVATE: [&str; 9] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

/// Reads a client's key set.
///
/// # Errors
/// Says what is wrong with it.
pub fn parse(jwks: &[u8]) -> Result<JwkSet, &'static str> {
    if jwks.len() > MAX_JWKS_BYTES {
        return Err("too large");
    }
    let set = JwkSet::parse(jwks).map_err(|_| "no JWK Set")?;
    if set.keys().len() + set.skipped().len() > MAX_CLIENT_KEYS {
        return Err("too many keys");
    }
    let document: Value = serde_json::from_slice(jwks).map_err(|_| "no JWK Set")?;
    let keys = document.get("keys").and_then(Value::as_array).ok_or("no JWK Set")?;
    if keys.iter().any(|key| PRIVATE.iter().any(|member| key.get(member).is_some())) {
        // Whoever reads it could be the client, so nobody is.
        return Err("has private or shared keys");
    }
    Ok(set)
}

#[cfg(test)]
mod tests {
    use super::*;
    use probity_jose::{SignatureAlgorithm, SigningKey};

    #[test]
    fn a_set_of_public_keys_is_read_and_one_with_a_private_key_is_not() {
        let key = SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
        let set = |key: &str| format!("{{\"keys\":[{key}]}}");
        assert_eq!(parse(set(&key.public_jwk().unwrap()).as_bytes()).unwrap().keys().len(), 1);
        assert_eq!(parse(set(&key.to_jwk()).as_bytes()).unwrap_err(), "has private or shared keys");
        assert!(parse(set(r#"{"kty":"oct","k":"AAAA"}"#).as_bytes()).is_err());
        assert!(parse(b"{}").is_err());
        assert!(parse(&vec![b' '; MAX_JWKS_BYTES + 1]).is_err());
    }
}

//! Making a JWE with HPKE.

use serde_json::{Map, Value};

use super::header::{Header, recipient_info};
use super::key::EncryptionKey;
use crate::base64url;
use crate::error::Error;
use crate::jwe::content::Sealer;
use crate::jwe::{ContentEncryptionAlgorithm, NewHeader, random};

/// Makes a compact JWE whose content HPKE encrypts itself.
///
/// # Errors
/// [`Error::KeyAlgorithm`] when the key is for encrypting keys; [`Error::HeaderContradiction`]; [`Error::Crypto`].
pub fn encrypt(header: &NewHeader, content: impl Into<Vec<u8>>, key: &EncryptionKey) -> Result<String, Error> {
    if !key.algorithm().is_integrated() {
        return Err(Error::KeyAlgorithm);
    }
    let protected = protected(header, key, &[])?;
    let (encapsulated, sender) = key.context(&[])?;
    let ciphertext = sender.seal(protected.as_bytes(), content.into())?;
    Ok(join([&protected, &base64url::encode(&encapsulated), "", &base64url::encode(&ciphertext), ""]))
}

/// Makes a compact JWE whose key HPKE encrypts.
///
/// # Errors
/// [`Error::KeyAlgorithm`] when the key is for encrypting content; [`Error::HeaderContradiction`]; [`Error::Crypto`].
pub fn encrypt_with_key(
    header: &NewHeader,
    encryption: ContentEncryptionAlgorithm,
    content: impl Into<Vec<u8>>,
    key: &EncryptionKey,
) -> Result<String, Error> {
    if key.algorithm().is_integrated() {
        return Err(Error::KeyAlgorithm);
    }
    let (encapsulated, sender) = key.context(&recipient_info(encryption))?;
    let stated = [("enc", encryption.name().to_owned()), ("ek", base64url::encode(&encapsulated))];
    let protected = protected(header, key, &stated)?;
    let content_key = random::secret(encryption.key_bytes())?;
    let encrypted_key = sender.seal(&[], content_key.as_ref().to_vec())?;
    let iv = random::short::<{ crate::jwe::algorithm::MAX_IV_BYTES }>(encryption.iv_bytes())?;
    let mut content = content.into();
    let tag = Sealer::new(encryption, content_key.as_ref())?.seal(iv.as_ref(), protected.as_bytes(), &mut content)?;
    let [encrypted_key, iv, content, tag] =
        [encrypted_key.as_slice(), iv.as_ref(), &content, tag.as_ref()].map(base64url::encode);
    Ok(join([&protected, &encrypted_key, &iv, &content, &tag]))
}

/// The encoded header, checked as a decrypter would.
fn protected(header: &NewHeader, key: &EncryptionKey, stated: &[(&str, String)]) -> Result<String, Error> {
    let mut members: Map<String, Value> = header.other.clone();
    let own = [("typ", header.typ.clone()), ("cty", header.content_type.clone())];
    let own = own.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let fixed = [("alg", key.algorithm().name().to_owned())];
    for (name, value) in own.chain(fixed).chain(stated.iter().cloned()) {
        if members.insert(name.to_owned(), value.as_str().into()).is_some_and(|earlier| earlier != value.as_str()) {
            return Err(Error::HeaderContradiction);
        }
    }
    if let (Some(key_id), false) = (key.key_id(), members.contains_key("kid")) {
        members.insert("kid".into(), key_id.into());
    }
    let json = serde_json::to_vec(&members).map_err(|_| Error::Serialize)?;
    Header::parse(&json)?;
    Ok(base64url::encode(&json))
}

fn join(parts: [&str; 5]) -> String {
    parts.join(".")
}

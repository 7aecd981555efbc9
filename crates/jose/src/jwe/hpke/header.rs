//! The protected header of a JWE with HPKE. Nothing in it may be unprotected.

use super::algorithm::HpkeAlgorithm;
use crate::base64url;
use crate::error::Error;
use crate::json::{Document, Value};
use crate::jwe::ContentEncryptionAlgorithm;
use crate::jws::read_critical;

/// What is looked at in the header.
#[derive(Debug)]
pub(super) struct Header {
    pub(super) algorithm: HpkeAlgorithm,
    /// Only where HPKE encrypts the content's key.
    pub(super) encryption: Option<ContentEncryptionAlgorithm>,
    pub(super) key_id: Option<String>,
    pub(super) critical: Vec<String>,
    /// `ek`: the encapsulated key, only where HPKE encrypts the content's key.
    pub(super) encapsulated: Option<Vec<u8>>,
}

impl Header {
    pub(super) fn parse(json: &[u8]) -> Result<Self, Error> {
        let document = Document::parse(json)?;
        let root = document.root();
        root.members().ok_or(Error::JsonNotObject)?;
        let text = |name| root.member(name).map(|value| value.as_str().ok_or(Error::JweHeaderMalformed)).transpose();
        // A pre-shared key, which is not implemented, would be ignored otherwise. Compression is not accepted.
        if root.member("psk_id").is_some() {
            return Err(Error::JweHeaderMalformed);
        }
        if root.member("zip").is_some() {
            return Err(Error::CompressionNotAllowed);
        }
        let critical = root.member("crit").map(|critical: Value<'_>| read_critical(critical, Some(root))).transpose();
        let header = Self {
            algorithm: text("alg")?.ok_or(Error::KeyManagementMissing)?.parse()?,
            encryption: text("enc")?.map(|name| name.parse()).transpose()?,
            key_id: text("kid")?.map(String::from),
            critical: critical.map_err(|_| Error::JweCriticalMalformed)?.unwrap_or_default(),
            encapsulated: text("ek")?.map(|encoded| base64url::decode(&encoded)).transpose()?,
        };
        match (header.algorithm.is_integrated(), header.encryption, &header.encapsulated) {
            (true, None, None) | (false, Some(_), Some(_)) => Ok(header),
            (false, None, _) => Err(Error::ContentEncryptionMissing),
            _ => Err(Error::JweHeaderMalformed),
        }
    }
}

/// What a content's key is bound to (the draft's section on key encryption, `Recipient_structure`).
pub(super) fn recipient_info(encryption: ContentEncryptionAlgorithm) -> Vec<u8> {
    [b"JOSE-HPKE rcpt".as_slice(), &[SEPARATOR], encryption.name().as_bytes(), &[SEPARATOR]].concat()
}

const SEPARATOR: u8 = 0xff;

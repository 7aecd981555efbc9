//! The parameters that all key types share (RFC 7517 section 4).

use super::Members;
use crate::algorithm::SignatureAlgorithm;
use crate::error::Error;
use crate::limits::MAX_KEY_ID_BYTES;

/// What a key says about itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parameters {
    pub(crate) key_id: Option<String>,
    /// `alg` as it stands in the JWK: it may be one of encryption.
    pub(crate) algorithm: Option<String>,
    /// `use`.
    pub(crate) purpose: Option<String>,
    /// `key_ops`. Operations that nobody knows are kept out.
    operations: Option<Vec<Operation>>,
}

/// What a key may be used for (RFC 7517 section 4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Sign,
    Verify,
    Encrypt,
    Decrypt,
    WrapKey,
    UnwrapKey,
    DeriveKey,
    DeriveBits,
}

impl Parameters {
    pub(super) fn read(members: Members<'_>) -> Result<Self, Error> {
        let text = |name| members.text(name).map(|text| text.map(String::from));
        let key_id = text("kid")?;
        if key_id.as_ref().is_some_and(|key_id| key_id.len() > MAX_KEY_ID_BYTES) {
            return Err(Error::JwkMalformed);
        }
        let parameters =
            Self { key_id, algorithm: text("alg")?, purpose: text("use")?, operations: read_operations(members)? };
        parameters.check_consistent()?;
        Ok(parameters)
    }

    /// The parameters of a key made here.
    pub(crate) fn for_signatures(algorithm: SignatureAlgorithm) -> Self {
        Self { algorithm: Some(algorithm.name().to_owned()), purpose: Some("sig".to_owned()), ..Self::default() }
    }

    /// The parameters of a key for encryption made here, with the name of its algorithm.
    pub(crate) fn for_encryption(algorithm: &str, key_id: Option<String>) -> Self {
        let (algorithm, purpose) = (Some(algorithm.to_owned()), Some("enc".to_owned()));
        Self { key_id, algorithm, purpose, ..Self::default() }
    }

    /// Whether `use` allows this purpose.
    pub(crate) fn for_use(&self, purpose: &str) -> bool {
        self.purpose.as_deref().is_none_or(|stated| stated == purpose)
    }

    /// Whether `key_ops` allows this operation.
    pub(crate) fn allows(&self, operation: Operation) -> bool {
        self.operations.as_ref().is_none_or(|operations| operations.contains(&operation))
    }

    /// RFC 7517 section 4.3: when `use` and `key_ops` are both there, they must agree.
    fn check_consistent(&self) -> Result<(), Error> {
        let (Some(purpose), Some(operations)) = (&self.purpose, &self.operations) else { return Ok(()) };
        let of_signatures = |operation: &Operation| matches!(operation, Operation::Sign | Operation::Verify);
        let agree = match purpose.as_str() {
            "sig" => operations.iter().all(of_signatures),
            "enc" => !operations.iter().any(of_signatures),
            _ => true,
        };
        if agree { Ok(()) } else { Err(Error::KeyUse) }
    }
}

fn read_operations(members: Members<'_>) -> Result<Option<Vec<Operation>>, Error> {
    let Some(names) = members.texts("key_ops")? else { return Ok(None) };
    // RFC 7517 section 4.3: duplicate values must not be present.
    if names.iter().enumerate().any(|(at, name)| names.iter().take(at).any(|earlier| earlier == name)) {
        return Err(Error::JwkMalformed);
    }
    Ok(Some(names.iter().filter_map(|name| operation(name)).collect()))
}

fn operation(name: &str) -> Option<Operation> {
    Some(match name {
        "sign" => Operation::Sign,
        "verify" => Operation::Verify,
        "encrypt" => Operation::Encrypt,
        "decrypt" => Operation::Decrypt,
        "wrapKey" => Operation::WrapKey,
        "unwrapKey" => Operation::UnwrapKey,
        "deriveKey" => Operation::DeriveKey,
        "deriveBits" => Operation::DeriveBits,
        _ => return None,
    })
}

//! Key management (RFC 7518 section 4): how the key of the content gets to a recipient.

mod aes_wrap;
mod agreement;
mod gcm_wrap;
mod parameters;
mod password;
mod rfc3394;

pub(crate) use aes_wrap::{AesWrap, OVERHEAD_BYTES as AES_WRAP_OVERHEAD_BYTES};
pub use agreement::AgreementCurve;
pub(crate) use agreement::{AgreementKey, Parties, PeerKey, PublicPoint};
pub(crate) use gcm_wrap::GcmWrap;
pub(crate) use parameters::{KeyParameters, RawParameters};
pub(crate) use password::{Password, SALT_BYTES, Stretch};

use crate::limits::MAX_RSA_BITS;

/// The length of the longest encrypted key: that of the largest RSA modulus.
pub(crate) const MAX_ENCRYPTED_KEY_BYTES: usize = MAX_RSA_BITS / 8;

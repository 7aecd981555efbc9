//! Trying keys on a JWE, within limits.

use super::header::Header;
use super::key::DecryptionKey;
use super::manage::{KeyParameters, MAX_ENCRYPTED_KEY_BYTES};
use super::message::Message;
use crate::base64url;
use crate::error::Error;
use crate::limits::{MAX_KEY_ATTEMPTS, MAX_PBES2_WORK};

/// A recipient of a JWE, as the JWE describes it.
pub(crate) struct Recipient<'r> {
    pub(crate) header: &'r Header,
    pub(crate) parameters: &'r KeyParameters,
    pub(crate) encrypted: &'r [u8],
}

/// What has been spent on one JWE, over all of its recipients: without a limit, a small JWE could make its recipient
/// calculate for minutes.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    attempts: usize,
    work: u32,
}

impl Budget {
    fn spend(&mut self, work: u32) -> Result<(), Error> {
        self.attempts += 1;
        self.work = self.work.saturating_add(work);
        let within = self.attempts <= MAX_KEY_ATTEMPTS && self.work <= MAX_PBES2_WORK;
        if within { Ok(()) } else { Err(Error::TooManyDecryptionKeys) }
    }
}

/// Decrypts a message with the first key that can.
pub(crate) fn first_success<'k>(
    recipient: &Recipient<'_>,
    message: &mut Message<'_>,
    keys: &[&'k DecryptionKey],
    budget: &mut Budget,
) -> Result<(Vec<u8>, &'k DecryptionKey), Error> {
    let Recipient { header, parameters, encrypted } = recipient;
    let mut failure = Error::DecryptionKeyNotFound;
    for key in keys {
        let outcome = key.check(header.encryption(), parameters, encrypted).and_then(|()| {
            budget.spend(key.work(parameters))?;
            key.with_opener(header.encryption(), parameters, encrypted, |opener| message.open(opener))
        });
        match outcome {
            Ok(content) => return Ok((content, key)),
            Err(Error::TooManyDecryptionKeys) => return Err(Error::TooManyDecryptionKeys),
            // Keys that were tried say more about the JWE than those that could not be.
            Err(error) if failure != Error::DecryptionFailed => failure = error,
            Err(_) => {}
        }
    }
    Err(failure)
}

/// # Errors
/// [`Error::EncryptedKeyLength`] when it is longer than any can be.
pub(crate) fn decode_encrypted_key(text: &str) -> Result<Vec<u8>, Error> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    if base64url::decoded_len(text.len()) > MAX_ENCRYPTED_KEY_BYTES {
        return Err(Error::EncryptedKeyLength);
    }
    base64url::decode(text)
}

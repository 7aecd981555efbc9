//! The certificate parameters of a JWK, checked against its key (RFC 7517 sections 4.7 to 4.9).
//!
//! They must be about this key. Nothing follows from a certificate: no chain is built and no issuer is trusted.

use aws_lc_rs::digest;
use base64::Engine;

use super::{Material, Members};
use crate::base64url;
use crate::der::{certificate, spki};
use crate::error::Error;
use crate::limits::MAX_CERTIFICATES;

/// Checks `x5c`, `x5t` and `x5t#S256`.
pub(super) fn check(members: Members<'_>, key: &Material) -> Result<(), Error> {
    let thumbprints =
        [(members.text("x5t")?, &digest::SHA1_FOR_LEGACY_USE_ONLY), (members.text("x5t#S256")?, &digest::SHA256)];
    let certificate = first_certificate(members)?;
    if let Some(certificate) = &certificate {
        let info = certificate::public_key_info(certificate)?;
        // Compared as keys: their DER may differ in what says nothing.
        let certified = spki::read(info).map_err(|_| Error::CertificateMismatch)?;
        if certified.thumbprint() != key.thumbprint() {
            return Err(Error::CertificateMismatch);
        }
    }
    for (stated, hash) in thumbprints {
        let Some(stated) = stated else { continue };
        let stated = base64url::decode(&stated)?;
        if stated.len() != hash.output_len() {
            return Err(Error::JwkMalformed);
        }
        let matches = certificate.as_ref().is_none_or(|der| digest::digest(hash, der).as_ref() == stated);
        if !matches {
            return Err(Error::CertificateMismatch);
        }
    }
    Ok(())
}

/// The certificate of this key. The others are only decoded.
fn first_certificate(members: Members<'_>) -> Result<Option<Vec<u8>>, Error> {
    let Some(chain) = members.texts("x5c")? else { return Ok(None) };
    if chain.is_empty() || chain.len() > MAX_CERTIFICATES {
        return Err(Error::JwkMalformed);
    }
    // RFC 7517 section 4.7: base64, not base64url.
    let decode = |text: &str| base64::engine::general_purpose::STANDARD.decode(text).map_err(|_| Error::JwkMalformed);
    let mut chain = chain.iter().map(|text| decode(text)).collect::<Result<Vec<_>, _>>()?;
    Ok(Some(chain.swap_remove(0)))
}

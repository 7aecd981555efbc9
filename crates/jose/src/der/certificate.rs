//! Finds the public key in an X.509 certificate (RFC 5280 section 4.1). Nothing else of it is looked at.

use super::read::Reader;
use super::tag;
use crate::error::Error;

/// The DER SubjectPublicKeyInfo of a DER certificate.
pub(crate) fn public_key_info(certificate: &[u8]) -> Result<&[u8], Error> {
    let mut outer = Reader::new(certificate);
    let mut signed = outer.enter(tag::SEQUENCE)?;
    outer.end()?;
    let mut content = signed.enter(tag::SEQUENCE)?;
    content.read_if(tag::CONTEXT_0)?; // version
    content.read(tag::INTEGER)?; // serial number
    for _ in ["signature", "issuer", "validity", "subject"] {
        content.read(tag::SEQUENCE)?;
    }
    content.read_whole(tag::SEQUENCE)
}

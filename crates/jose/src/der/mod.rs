//! The little DER (X.690) that key formats need: reading and writing, definite and minimal lengths only.

pub(crate) mod certificate;
pub(crate) mod pem;
pub(crate) mod pkcs8;
mod read;
pub(crate) mod spki;
mod write;

/// Object identifiers, as the content of their DER form.
mod oid {
    /// rsaEncryption, 1.2.840.113549.1.1.1.
    pub(super) const RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
    /// id-ecPublicKey, 1.2.840.10045.2.1.
    pub(super) const EC: &[u8] = b"\x2a\x86\x48\xce\x3d\x02\x01";
    /// id-X25519, 1.3.101.110.
    pub(super) const X25519: &[u8] = b"\x2b\x65\x6e";
    /// id-Ed25519, 1.3.101.112.
    pub(super) const ED25519: &[u8] = b"\x2b\x65\x70";
    /// id-ml-dsa-44, -65 and -87 (RFC 9881): 2.16.840.1.101.3.4.3.17 to 19.
    pub(super) const ML_DSA_44: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x03\x11";
    pub(super) const ML_DSA_65: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x03\x12";
    pub(super) const ML_DSA_87: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x03\x13";
}

mod tag {
    pub(super) const INTEGER: u8 = 0x02;
    pub(super) const BIT_STRING: u8 = 0x03;
    pub(super) const OCTET_STRING: u8 = 0x04;
    pub(super) const NULL: u8 = 0x05;
    pub(super) const OID: u8 = 0x06;
    pub(super) const SEQUENCE: u8 = 0x30;
    /// `[0]`, constructed: the version of a certificate, the parameters or attributes of a private key.
    pub(super) const CONTEXT_0: u8 = 0xa0;
    /// `[1]`, constructed: the public key in an EC private key.
    pub(super) const CONTEXT_1: u8 = 0xa1;
    /// `[0]`, primitive: the seed of an ML-DSA private key.
    pub(super) const SEED: u8 = 0x80;
}

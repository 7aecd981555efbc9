//! Keys as DER and PEM: SubjectPublicKeyInfo for public keys (RFC 5280), PKCS#8 for private ones (RFC 5958).

use zeroize::Zeroizing;

use super::role::Role;
use super::{DecryptionKey, EncryptionKey};
use crate::der::{certificate, pem, pkcs8, spki};
use crate::error::Error;
use crate::jwe::algorithm::KeyManagementAlgorithm;

impl EncryptionKey {
    /// A key from a DER SubjectPublicKeyInfo.
    ///
    /// # Errors
    /// [`Error::Der`]; [`Error::KeyAlgorithm`] when it is for another kind of algorithm; the errors of weak keys.
    pub fn from_public_der(der: &[u8], algorithm: KeyManagementAlgorithm) -> Result<Self, Error> {
        Self::from_material(spki::read(der)?, Role::of(algorithm))
    }

    /// A key from a PEM block `PUBLIC KEY`, or the key in a `CERTIFICATE`, of which nothing else is looked at.
    ///
    /// # Errors
    /// [`Error::Pem`]; those of [`from_public_der`](Self::from_public_der).
    pub fn from_public_pem(text: &str, algorithm: KeyManagementAlgorithm) -> Result<Self, Error> {
        match pem::read(text)? {
            ("PUBLIC KEY", der) => Self::from_public_der(&der, algorithm),
            ("CERTIFICATE", der) => Self::from_public_der(certificate::public_key_info(&der)?, algorithm),
            _ => Err(Error::Pem),
        }
    }

    /// The key as a DER SubjectPublicKeyInfo, or nothing when it is a secret.
    pub fn to_public_der(&self) -> Option<Vec<u8>> {
        spki::write(self.material()).map(|der| der.to_vec())
    }

    /// The key as a PEM block `PUBLIC KEY`, or nothing when it is a secret.
    pub fn to_public_pem(&self) -> Option<String> {
        spki::write(self.material()).map(|der| pem::write("PUBLIC KEY", &der).to_string())
    }
}

impl DecryptionKey {
    /// A key from DER PKCS#8.
    ///
    /// # Errors
    /// [`Error::Der`]; [`Error::KeyAlgorithm`] when it is for another kind of algorithm; the errors of weak keys.
    pub fn from_private_der(der: &[u8], algorithm: KeyManagementAlgorithm) -> Result<Self, Error> {
        Self::from_material(pkcs8::read(der)?, Role::of(algorithm))
    }

    /// A key from a PEM block `PRIVATE KEY`, or in the older forms `RSA PRIVATE KEY` and `EC PRIVATE KEY`. An encrypted
    /// key must be decrypted first.
    ///
    /// # Errors
    /// [`Error::Pem`]; those of [`from_private_der`](Self::from_private_der).
    pub fn from_private_pem(text: &str, algorithm: KeyManagementAlgorithm) -> Result<Self, Error> {
        let material = match pem::read(text)? {
            ("PRIVATE KEY", der) => pkcs8::read(&der)?,
            ("RSA PRIVATE KEY", der) => pkcs8::read_rsa(&der)?,
            ("EC PRIVATE KEY", der) => pkcs8::read_ec(&der, None)?,
            _ => return Err(Error::Pem),
        };
        Self::from_material(material, Role::of(algorithm))
    }

    /// The key as DER PKCS#8, or nothing when it is a secret.
    pub fn to_private_der(&self) -> Option<Zeroizing<Vec<u8>>> {
        pkcs8::write(self.material())
    }

    /// The key as a PEM block `PRIVATE KEY`, or nothing when it is a secret.
    ///
    /// ```
    /// use probity_jose::jwe::{AgreementCurve, DecryptionKey, KeyManagementAlgorithm};
    /// let algorithm = KeyManagementAlgorithm::EcdhEsA256Kw;
    /// let key = DecryptionKey::generate_agreement(algorithm, AgreementCurve::X25519)?;
    /// let back = DecryptionKey::from_private_pem(&key.to_private_pem().unwrap(), algorithm)?;
    /// assert_eq!(back.thumbprint(), key.thumbprint());
    /// # Ok::<(), probity_jose::Error>(())
    /// ```
    pub fn to_private_pem(&self) -> Option<Zeroizing<String>> {
        pkcs8::write(self.material()).map(|der| pem::write("PRIVATE KEY", &der))
    }
}

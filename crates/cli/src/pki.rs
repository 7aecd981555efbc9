//! A certificate authority and a certificate for development, made once and kept in the data folder.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

/// What the certificate is for: this machine and nothing else.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The files of a development certificate.
#[derive(Debug, Clone)]
pub(crate) struct DevCertificate {
    /// The certificate authority, for clients to trust.
    pub(crate) ca: PathBuf,
    /// The chain, leaf first.
    pub(crate) certificate: PathBuf,
    /// The leaf's private key.
    pub(crate) key: PathBuf,
}

/// Why a development certificate can't be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PkiError {
    /// The certificate could not be made.
    #[error("a development certificate can't be made: {0}")]
    Generate(#[from] rcgen::Error),
    /// A file could not be written.
    #[error("a development certificate can't be stored: {0}")]
    Store(#[from] io::Error),
}

impl DevCertificate {
    /// The certificate in `folder`, made now if it is not there.
    ///
    /// The authority's private key is not kept: nobody can use it for another certificate.
    ///
    /// # Errors
    /// [`PkiError`]
    pub(crate) fn in_folder(folder: &Path) -> Result<Self, PkiError> {
        let files =
            Self { ca: folder.join("ca.pem"), certificate: folder.join("tls.pem"), key: folder.join("tls.key") };
        if !(files.ca.exists() && files.certificate.exists() && files.key.exists()) {
            files.make()?;
        }
        Ok(files)
    }

    fn make(&self) -> Result<(), PkiError> {
        let mut authority = CertificateParams::default();
        authority.distinguished_name.push(DnType::CommonName, "Probity development authority");
        authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let authority_key = KeyPair::generate()?;
        let authority_certificate = authority.self_signed(&authority_key)?;

        let mut leaf = CertificateParams::new(NAMES.map(str::to_owned))?;
        leaf.distinguished_name.push(DnType::CommonName, "localhost");
        leaf.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let leaf_key = KeyPair::generate()?;
        let leaf_certificate = leaf.signed_by(&leaf_key, &Issuer::new(authority, authority_key))?;

        write_private(&self.key, leaf_key.serialize_pem().as_bytes())?;
        std::fs::write(&self.certificate, leaf_certificate.pem())?;
        std::fs::write(&self.ca, authority_certificate.pem())?;
        Ok(())
    }
}

/// Writes a file that only its owner may read.
///
/// # Errors
/// Whatever the file system says.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

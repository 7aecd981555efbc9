//! The certificate that is served, read again when its files change.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::runtime::Handle;
use tracing::{info, warn};
use zeroize::Zeroizing;

use super::ListenError;

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// A chain and its key, both PEM.
#[derive(Debug, Clone)]
pub(super) struct CertificateFiles {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

/// What was in the files.
#[derive(PartialEq, Eq)]
struct Content {
    certificate: Vec<u8>,
    key: Zeroizing<Vec<u8>>,
}

/// A certificate that follows its files for as long as somebody serves it.
pub(super) struct Certificate {
    files: CertificateFiles,
    provider: Arc<CryptoProvider>,
    current: RwLock<Arc<CertifiedKey>>,
}

impl Certificate {
    /// Reads the files and, inside a runtime, goes on looking at them.
    ///
    /// # Errors
    /// [`ListenError::Certificate`] names the file and what is wrong with it.
    pub(super) fn read(files: CertificateFiles, provider: Arc<CryptoProvider>) -> Result<Arc<Self>, ListenError> {
        let content = files.content()?;
        let current = RwLock::new(Arc::new(files.parse(&content, &provider)?));
        let certificate = Arc::new(Self { files, provider, current });
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(follow(Arc::downgrade(&certificate), content));
        }
        Ok(certificate)
    }

    fn replace(&self, content: &Content) -> Result<(), ListenError> {
        let new = Arc::new(self.files.parse(content, &self.provider)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificate").field("files", &self.files).finish_non_exhaustive()
    }
}

/// Looks at the files until nobody serves the certificate any more. What can't be used is told once; what was served before
/// then stays, which is better than nothing: whoever renews may write the two files one after the other.
async fn follow(certificate: Weak<Certificate>, mut seen: Content) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    // The first comes at once.
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let Some(certificate) = certificate.upgrade() else {
            return;
        };
        let files = certificate.files.clone();
        let Ok(read) = tokio::task::spawn_blocking(move || files.content()).await else {
            return;
        };
        let changed = match read {
            Ok(content) if content == seen => continue,
            Ok(content) => {
                let replaced = certificate.replace(&content);
                seen = content;
                replaced
            }
            // A file that is being replaced may be away for a moment: looked for again.
            Err(_) => continue,
        };
        let file = certificate.files.certificate.display();
        match changed {
            Ok(()) => info!(file = %file, "the certificate has changed: new connections get the new one"),
            Err(error) => warn!(error = %error, "the changed certificate can't be used: the old one stays"),
        }
    }
}

impl CertificateFiles {
    fn content(&self) -> Result<Content, ListenError> {
        let read = |path: &Path| std::fs::read(path).map_err(|error| unusable(path, &error));
        Ok(Content { certificate: read(&self.certificate)?, key: Zeroizing::new(read(&self.key)?) })
    }

    fn parse(&self, content: &Content, provider: &CryptoProvider) -> Result<CertifiedKey, ListenError> {
        let chain = CertificateDer::pem_slice_iter(&content.certificate).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|error| unusable(&self.certificate, &error))?;
        if chain.is_empty() {
            return Err(unusable(&self.certificate, &io::Error::other("no certificate in the file")));
        }
        let key = PrivateKeyDer::from_pem_slice(&content.key).map_err(|error| unusable(&self.key, &error))?;
        // Also that the key is the certificate's.
        CertifiedKey::from_der(chain, key, provider).map_err(|error| unusable(&self.certificate, &error))
    }
}

fn unusable(path: &Path, reason: &dyn std::fmt::Display) -> ListenError {
    ListenError::Certificate { path: path.to_owned(), reason: reason.to_string() }
}

//! What `bench/revocation` measures and nothing else uses: the log of revocations without HTTP in front of it.

use std::path::Path;
use std::sync::Arc;

use probity_jose::UnixTime;
use probity_verifier::revocation::{Position, Revocation, Writer};

use crate::revocation::{History, Hub, Timing};
use crate::store::{Opening, Site, Store, StoreError, Write, WriteError, begin_log};

/// A log in an SQLite store, published to a hub as an authority does it.
#[derive(Clone)]
pub struct Log(Store);

impl Log {
    /// Begins a log in a folder.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn begin(folder: &Path, issuer: &str) -> Result<Self, StoreError> {
        let opening = Opening::open(Site::Folder(folder)).await?;
        let log = Position { writer: Writer::default(), term: opening.term(), seq: 0 };
        let hub = Hub::start(issuer, History::new(log, vec![]), &[], UnixTime::default(), Timing::DEFAULT);
        let store = opening.start(log, Arc::default(), move |records| hub.publish(records))?;
        let begun = store.apply(Write::from(begin_log(log))).await;
        begun.map_err(|_| StoreError::Closed)?;
        Ok(Self(store))
    }

    /// Revokes, and answers when it is on disk.
    ///
    /// # Errors
    /// [`WriteError`]
    pub async fn revoke(&self, revocation: Revocation) -> Result<(), WriteError> {
        self.0.apply(Write::new().revoking(revocation)).await.map(drop)
    }

    /// Lets the store go.
    pub async fn close(self) {
        self.0.close().await;
    }
}

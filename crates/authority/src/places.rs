//! Places in the session lists: indices are leased from the store in blocks, and none is ever handed out twice.

use std::collections::BTreeMap;
use std::ops::Range;

use probity_jose::UnixTime;
use probity_verifier::revocation::{MAX_SESSION_INDEX, SessionIndex};
use tokio::sync::Mutex;

use crate::store::{Conflict, Store, StoreError, Write, WriteError, take_session_block};

/// How many indices one block has. The rest of a block is lost when the process ends, a bit each.
pub(crate) const BLOCK: u32 = 1_024;

/// Why a session can get no place.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoPlace {
    /// The list of that hour is full.
    #[error("more sessions expire in one hour than a list has places")]
    Full,
    /// The store failed.
    #[error(transparent)]
    Read(#[from] StoreError),
    /// The store failed.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Hands out places.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// What is left of the current block of each list.
    blocks: Mutex<BTreeMap<u32, Range<u32>>>,
}

impl Places {
    /// A place that nobody has had, in the list of sessions that expire when this one does.
    ///
    /// # Errors
    /// [`NoPlace`]
    pub(crate) async fn next(&self, store: &Store, expires: UnixTime, now: UnixTime) -> Result<SessionIndex, NoPlace> {
        let list = SessionIndex::list_for(expires);
        let mut blocks = self.blocks.lock().await;
        blocks.retain(|list, _| SessionIndex::list_expires(*list) > now);
        let block = blocks.entry(list).or_default();
        if let Some(index) = block.next() {
            return Ok(SessionIndex { list, index });
        }
        *block = lease(store, list).await?;
        let index = block.next().ok_or(NoPlace::Full)?;
        Ok(SessionIndex { list, index })
    }
}

/// Takes the next free block; it is on disk before its first index is used.
async fn lease(store: &Store, list: u32) -> Result<Range<u32>, NoPlace> {
    loop {
        let number = store.next_session_block(list).await?;
        let start = number.checked_mul(BLOCK).filter(|start| *start < MAX_SESSION_INDEX).ok_or(NoPlace::Full)?;
        match store.apply(Write::from(take_session_block(list, number))).await {
            Ok(_) => return Ok(start..start + BLOCK),
            // Another node was faster.
            Err(WriteError::Conflict(Conflict::Taken)) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

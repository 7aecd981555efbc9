//! Finds clients: those of the store, and those whose `client_id` is the address of a document about them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use probity_verifier::clock::{BootTime, boot_now};
use tokio::sync::Semaphore;
use tracing::info;
use url::Url;

use crate::authority::State;
use crate::domain::client::Client;
use crate::domain::client::document::DocumentRules;
use crate::store::StoreError;

/// How many documents are remembered, with those that could not be had.
const MAX_DOCUMENTS: usize = 1_024;

/// How long a document is good.
const FRESH: Duration = Duration::from_mins(10);

/// How soon an address that gave no good document is asked again: nobody may make us ask for each request.
const PAUSE: Duration = Duration::from_secs(20);

/// How many documents are fetched at once: whoever makes up addresses must not take all that this machine has.
const MAX_FETCHES: usize = 8;

/// Clients that describe themselves, by the addresses of their documents.
pub(crate) struct ClientDocuments {
    rules: DocumentRules,
    known: Mutex<HashMap<String, Document>>,
    fetches: Semaphore,
}

#[derive(Clone)]
struct Document {
    /// Nothing when the last attempt brought no good one.
    client: Option<Arc<Client>>,
    at: BootTime,
}

impl State {
    /// The client of an identifier, if it may do something.
    ///
    /// # Errors
    /// [`StoreError`]. A document that can't be had or is not good is no client.
    pub(crate) async fn client(&self, id: &str) -> Result<Option<Client>, StoreError> {
        let found = self.store.client(id).await?;
        let Some(documents) = self.client_documents.as_ref().filter(|_| found.is_none()) else {
            return Ok(found);
        };
        let Some(address) = documents.rules.address(id) else {
            return Ok(None);
        };
        // Who is known and disabled does not come back by a document.
        if self.store.registered_client(id).await?.is_some() {
            return Ok(None);
        }
        if let Some(known) = documents.get(id) {
            return Ok(known.client.as_deref().cloned());
        }
        let Ok(_permit) = documents.fetches.acquire().await else {
            return Ok(None);
        };
        // Somebody may have fetched it while we waited.
        if let Some(known) = documents.get(id) {
            return Ok(known.client.as_deref().cloned());
        }
        let at = boot_now();
        let client = self.fetch_client(documents, &address).await;
        let client =
            client.inspect_err(|reason| info!(code = "client.no_document", reason, "no document of a client")).ok();
        documents.put(id, Document { client: client.clone().map(Arc::new), at });
        Ok(client)
    }

    async fn fetch_client(&self, documents: &ClientDocuments, address: &Url) -> Result<Client, String> {
        let answer = self.outbound.get(address).await.map_err(|error| error.to_string())?;
        documents.rules.read(address, &answer.body, self.abilities()).map_err(|error| error.to_string())
    }
}

impl ClientDocuments {
    /// None yet.
    pub(crate) fn new(rules: DocumentRules) -> Self {
        Self { rules, known: Mutex::default(), fetches: Semaphore::new(MAX_FETCHES) }
    }

    /// What is known well enough not to ask now.
    fn get(&self, id: &str) -> Option<Document> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()?;
        let good_for = if known.client.is_some() { FRESH } else { PAUSE };
        (boot_now().since(known.at) < good_for).then_some(known)
    }

    fn put(&self, id: &str, document: Document) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_DOCUMENTS && !known.contains_key(id) {
            // First the oldest of those that are no clients: made-up addresses must not drive out good ones.
            let least = known.iter().min_by_key(|(_, known)| (known.client.is_some(), known.at));
            let least = least.map(|(id, _)| id.clone());
            least.map(|least| known.remove(&least));
        }
        known.insert(id.to_owned(), document);
    }

    /// As if a document had been fetched long ago.
    #[cfg(test)]
    pub(crate) fn age(&self, id: &str) {
        if let Some(known) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get_mut(id) {
            known.at = BootTime::default();
        }
    }

    /// How many are remembered.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

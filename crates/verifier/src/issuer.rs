//! One issuer whose tokens are accepted: its keys, its status lists, and where they come from.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{Mutex, Semaphore};
use tracing::{debug, warn};
use url::Url;

use crate::clock::{BootTime, boot_now, unix_now};
use crate::fetch;
use crate::keys::KeyCache;
use crate::metadata::Metadata;
use crate::revocation::Replica;
use crate::status_list::{MAX_STATUS_LIST_TOKEN_BYTES, StatusListError, StatusReference};
use crate::verify::{Judged, Rejection, TokenVerifier};

/// How long after a failed look at the metadata the next one comes.
const METADATA_RETRY: Duration = Duration::from_secs(1);

/// How many status lists of an issuer are fetched at once; requests for the same one share it.
const LANES: usize = 16;

/// How many requests may wait for status lists of an issuer; a further one is refused for now.
const MAX_WAITING: usize = 256;

/// An issuer, with the decision about its tokens.
#[derive(Debug)]
pub(crate) struct Issuer {
    pub(crate) verifier: TokenVerifier,
    pub(crate) source: Arc<KeySource>,
    lanes: [Mutex<()>; LANES],
    waiting: Semaphore,
}

/// Where an issuer's keys come from.
#[derive(Debug)]
pub(crate) struct KeySource {
    pub(crate) client: reqwest::Client,
    pub(crate) cache: KeyCache,
    pub(crate) metadata: OnceLock<Metadata>,
}

impl KeySource {
    pub(crate) fn new(client: reqwest::Client) -> Self {
        Self { client, cache: KeyCache::default(), metadata: OnceLock::new() }
    }

    /// Asks for the issuer's metadata until it is there.
    pub(crate) async fn find(&self, issuer: &str, base: Option<&Url>) -> &Metadata {
        loop {
            match Metadata::fetch(&self.client, issuer, base).await {
                Ok(metadata) => return self.metadata.get_or_init(|| metadata),
                Err(error) => {
                    warn!(issuer, error = %error, "the issuer's metadata is not available");
                    tokio::time::sleep(METADATA_RETRY).await;
                }
            }
        }
    }

    /// Finds the issuer's metadata, then keeps its keys current until the task is dropped.
    pub(crate) async fn keep_current(&self, issuer: &str) {
        let metadata = self.find(issuer, None).await;
        self.cache.keep_current(&self.client, &metadata.jwks_uri).await;
    }

    /// Fetches the keys because something is signed with one that is not among them; true when they were fetched since
    /// `seen`. `outdated` says that the set is known to be another one by now.
    pub(crate) async fn refresh(&self, seen: BootTime, outdated: bool) -> bool {
        match self.metadata.get() {
            Some(Metadata { jwks_uri, .. }) => {
                self.cache.refresh_for_unknown_key(&self.client, jwks_uri, seen, outdated).await
            }
            None => false,
        }
    }
}

impl Issuer {
    pub(crate) fn new(verifier: TokenVerifier, source: Arc<KeySource>) -> Self {
        Self { verifier, source, lanes: Default::default(), waiting: Semaphore::new(MAX_WAITING) }
    }

    /// The decision with the keys and lists that are there: nothing waits.
    pub(crate) fn judge(&self, token: &str) -> Result<Judged, Rejection> {
        let keys = self.source.cache.current(boot_now()).ok_or(Rejection::NoKeys)?;
        self.verifier.judge(token, &keys, unix_now(), boot_now)
    }

    /// Fetches what was missing for the decision about a token, as of `seen`. True when to judge anew is worth it.
    pub(crate) async fn learn(&self, token: &str, missing: &Rejection, seen: BootTime, replica: &Replica) -> bool {
        match missing {
            Rejection::StatusList(StatusListError::Unknown) => self.fetch_status(token).await.is_some(),
            rejection if rejection.is_unknown_key() => {
                let keys = self.source.cache.current(seen);
                let mut names = keys.iter().flat_map(|keys| keys.keys()).filter_map(|key| key.key_id());
                let outdated = names.any(|kid| replica.key_is_revoked(self.verifier.issuer(), kid));
                self.source.refresh(seen, outdated).await
            }
            _ => false,
        }
    }

    /// Fetches the status list of a token, once for all who wait for it.
    async fn fetch_status(&self, token: &str) -> Option<()> {
        let _place = self.waiting.try_acquire().ok()?;
        let lists = self.verifier.lists()?;
        let keys = self.source.cache.current(boot_now())?;
        let reference = self.verifier.status_of(token, &keys, unix_now())?;
        let _lane = self.lanes.get(lane_of(&reference))?.lock().await;
        let seen = boot_now();
        if lists.status(&reference, unix_now(), seen) != Err(StatusListError::Unknown) {
            // Whoever was before us in the lane has it, or knows why not.
            return Some(());
        }
        let url = Url::parse(&reference.uri).ok()?;
        let text = match fetch::get_at_most(MAX_STATUS_LIST_TOKEN_BYTES, &self.source.client, &url).await {
            Ok(body) => String::from_utf8(body).unwrap_or_default(),
            Err(error) => {
                warn!(uri = reference.uri, error = %error, "a status list can't be fetched");
                lists.fail(&reference.uri, boot_now());
                return Some(());
            }
        };
        let mut outcome = lists.take(&reference.uri, &text, &keys, unix_now(), seen);
        let unknown_key = outcome.is_err_and(|error| Rejection::Invalid(error).is_unknown_key());
        if unknown_key && self.source.refresh(seen, false).await {
            let keys = self.source.cache.current(boot_now())?;
            outcome = lists.take(&reference.uri, &text, &keys, unix_now(), seen);
        }
        match outcome {
            Ok(()) => debug!(uri = reference.uri, "a status list was fetched"),
            Err(error) => warn!(uri = reference.uri, code = error.code(), "a status list is refused"),
        }
        Some(())
    }
}

/// Requests for one list are in one lane.
fn lane_of(reference: &StatusReference) -> usize {
    let sum: usize = reference.uri.bytes().map(usize::from).sum();
    sum % LANES
}

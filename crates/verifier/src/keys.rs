//! An issuer's key set, fetched and kept current.
//!
//! Readers take the current set without waiting. A fetched set replaces the old one whole, so that a key which the
//! issuer has dropped is gone; a failed fetch changes nothing, within [`MAX_AGE`].

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use probity_jose::JwkSet;
use tokio::sync::Mutex;
use tracing::{info, warn};
use url::Url;

use crate::clock::{BootTime, boot_now};
use crate::fetch::{self, FetchError};

/// How often the set is fetched anew.
pub const REFRESH_INTERVAL: Duration = Duration::from_mins(5);

/// How long after a fetch an unknown `kid` brings no other one: strangers choose the `kid` of the tokens they send.
pub const UNKNOWN_KEY_COOLDOWN: Duration = Duration::from_secs(10);

/// The pause after a fetch when the set still has a key that is revoked: the issuer has another one already, and tokens of it
/// are good. A request waits for it.
const REVOKED_KEY_PAUSE: Duration = Duration::from_millis(250);

/// How long a set is used when it can't be fetched anew.
pub const MAX_AGE: Duration = Duration::from_hours(1);

/// How long after a failed fetch the next one is tried.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// A key set with the moment of its fetch.
#[derive(Debug)]
struct Fetched {
    keys: Arc<JwkSet>,
    at: BootTime,
}

/// The current keys of one issuer.
#[derive(Debug, Default)]
pub struct KeyCache {
    current: ArcSwapOption<Fetched>,
    /// Held while a fetch runs, so that many callers share one; says when the last one was tried.
    fetching: Mutex<Option<BootTime>>,
}

impl KeyCache {
    /// The keys, or nothing when there are none yet or they are older than [`MAX_AGE`].
    pub fn current(&self, now: BootTime) -> Option<Arc<JwkSet>> {
        let current = self.current.load();
        let fetched = current.as_ref()?;
        (now.since(fetched.at) <= MAX_AGE).then(|| Arc::clone(&fetched.keys))
    }

    /// Fetches the keys because a token names one that is not among them; true when they were fetched since `seen`.
    ///
    /// Many callers share one fetch, and none happens within [`UNKNOWN_KEY_COOLDOWN`] of the last, unless the set is known to
    /// be `outdated`.
    pub(crate) async fn refresh_for_unknown_key(
        &self,
        client: &reqwest::Client,
        url: &Url,
        seen: BootTime,
        outdated: bool,
    ) -> bool {
        let mut tried = self.fetching.lock().await;
        if self.current.load().as_ref().is_some_and(|fetched| fetched.at > seen) {
            return true;
        }
        let pause = if outdated { REVOKED_KEY_PAUSE } else { UNKNOWN_KEY_COOLDOWN };
        let left = tried.map_or(Duration::ZERO, |tried| pause.saturating_sub(boot_now().since(tried)));
        if !outdated && !left.is_zero() {
            return false;
        }
        tokio::time::sleep(left).await;
        *tried = Some(boot_now());
        self.fetch(client, url).await.is_ok()
    }

    /// Keeps the keys current until the task is dropped.
    pub(crate) async fn keep_current(&self, client: &reqwest::Client, url: &Url) {
        loop {
            let outcome = {
                let mut tried = self.fetching.lock().await;
                *tried = Some(boot_now());
                self.fetch(client, url).await
            };
            let pause = match outcome {
                Ok(()) => REFRESH_INTERVAL,
                Err(error) => {
                    warn!(error = %error, jwks_uri = %url, "the key set can't be fetched");
                    RETRY_INTERVAL
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    async fn fetch(&self, client: &reqwest::Client, url: &Url) -> Result<(), KeyError> {
        let at = boot_now();
        let document = fetch::get(client, url).await?;
        let keys = JwkSet::parse(&document)?;
        if self.current.load().is_none() {
            info!(keys = keys.keys().len(), jwks_uri = %url, "the key set is loaded");
        }
        self.current.store(Some(Arc::new(Fetched { keys: Arc::new(keys), at })));
        Ok(())
    }
}

#[derive(Debug, thiserror::Error)]
enum KeyError {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error("the key set can't be read: {0}")]
    Malformed(#[from] probity_jose::Error),
}

//! The public keys of clients: from their registration, or fetched from where they keep them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use probity_jose::{Error, JwkSet};
use probity_verifier::clock::{BootTime, boot_now};
use tracing::info;

use crate::authority::State;
use crate::domain::client::{Client, keys};
use crate::outbound::parse_url;

/// How many fetched sets are kept.
const MAX_SETS: usize = 4_096;

/// How long a fetched set is good.
const FRESH: Duration = Duration::from_mins(10);

/// How soon an address is asked again, whatever came of the last time: a client must not make us ask for each request.
const PAUSE: Duration = Duration::from_secs(20);

/// Fetched key sets by their address.
#[derive(Default)]
pub(crate) struct FetchedKeys(Mutex<HashMap<String, Fetched>>);

#[derive(Clone)]
struct Fetched {
    /// Nothing when the last attempt brought none.
    keys: Option<Arc<JwkSet>>,
    at: BootTime,
}

impl State {
    /// Verifies something with the keys of a client, which are fetched anew when none of them fits.
    ///
    /// # Errors
    /// Those of `verify`; [`Error::KeyNotFound`] when the client has no keys or they can't be fetched.
    pub(crate) async fn with_client_keys<T>(
        &self,
        client: &Client,
        verify: impl Fn(&JwkSet) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if let Some(jwks) = &client.metadata.jwks {
            // Checked when the client was registered.
            return verify(&keys::parse(jwks.to_string().as_bytes()).map_err(|_| Error::KeyNotFound)?);
        }
        let address = client.metadata.jwks_uri.as_deref().ok_or(Error::KeyNotFound)?;
        let known = self.fetched_keys.get(address);
        let is_fresh = |fetched: &Fetched| boot_now().since(fetched.at) < FRESH;
        if let Some(keys) = known.as_ref().filter(|fetched| is_fresh(fetched)).and_then(|fetched| fetched.keys.as_ref())
        {
            match verify(keys) {
                // The client may have new keys.
                Err(Error::KeyNotFound) => {}
                outcome => return outcome,
            }
        }
        let may_ask = known.is_none_or(|fetched| boot_now().since(fetched.at) >= PAUSE);
        if !may_ask {
            return Err(Error::KeyNotFound);
        }
        verify(&*self.fetch_keys(address).await.ok_or(Error::KeyNotFound)?)
    }

    async fn fetch_keys(&self, address: &str) -> Option<Arc<JwkSet>> {
        let at = boot_now();
        let fetched = match parse_url(address) {
            Ok(url) => self.outbound.get(&url).await.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        let keys = fetched.and_then(|answer| keys::parse(&answer.body).map(Arc::new).map_err(str::to_owned));
        let keys =
            keys.inspect_err(|reason| info!(code = "client.keys_unavailable", reason, "no keys of a client")).ok();
        self.fetched_keys.put(address, Fetched { keys: keys.clone(), at });
        keys
    }
}

impl FetchedKeys {
    /// As if a set had been fetched long ago.
    #[cfg(test)]
    pub(crate) fn age(&self, address: &str) {
        if let Some(fetched) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(address) {
            fetched.at = BootTime::default();
        }
    }

    fn get(&self, address: &str) -> Option<Fetched> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(address).cloned()
    }

    fn put(&self, address: &str, fetched: Fetched) {
        let mut sets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sets.len() >= MAX_SETS && !sets.contains_key(address) {
            // The oldest gives way.
            let oldest = sets.iter().min_by_key(|(_, fetched)| fetched.at).map(|(address, _)| address.clone());
            oldest.map(|oldest| sets.remove(&oldest));
        }
        sets.insert(address.to_owned(), fetched);
    }
}

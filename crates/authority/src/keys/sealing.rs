//! What the store has sealed under the master key, and how that is exchanged for another.

use tracing::info;
use zeroize::Zeroizing;

use super::KeyError;
use crate::domain::master_key::MasterKey;
use crate::entropy;
use crate::store::{Store, Write, add_sealed, reseal};

/// The name under which the key of refresh tokens is sealed.
pub(super) const REFRESH_KEY: &str = "refresh-token-key";

/// The name under which the secret of everything else that only this authority reads is sealed.
pub(super) const SERVER_SECRET: &str = "server-secret";

/// A secret of the store by its name, made when it is not there yet.
pub(super) async fn sealed<const BYTES: usize>(
    store: &Store,
    master: &MasterKey,
    name: &str,
) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    if store.sealed(name).await?.is_none() {
        let bytes = Zeroizing::new(entropy::bytes::<BYTES>()?);
        store.apply(Write::from(add_sealed(name, &master.seal(name, &bytes[..], entropy::bytes()?)))).await?;
    }
    let sealed = store.sealed(name).await?.unwrap_or_default();
    Ok(master.open(name, &sealed)?)
}

/// Seals everything that is sealed under the `previous` master key under the `next` one, all of it or nothing. What the next
/// one opens already stays as it is, so this may be done again.
///
/// # Errors
/// [`KeyError`]; nothing has changed then.
pub(crate) async fn change_master(store: &Store, previous: &MasterKey, next: &MasterKey) -> Result<(), KeyError> {
    let anew = |name: &str, sealed: &str| -> Result<Option<String>, KeyError> {
        if next.open(name, sealed).is_ok() {
            return Ok(None);
        }
        Ok(Some(next.seal(name, &previous.open(name, sealed)?, entropy::bytes()?)))
    };
    let mut write = Write::new();
    let mut count = 0;
    for stored in store.signing_keys().await? {
        if let Some(sealed) = anew(&stored.facts.kid, &stored.sealed)? {
            write = write.and(stored.reseal(&sealed));
            count += 1;
        }
    }
    for name in [REFRESH_KEY, SERVER_SECRET] {
        let before = store.sealed(name).await?;
        if let Some((before, sealed)) =
            before.as_deref().map(|before| Ok::<_, KeyError>((before, anew(name, before)?))).transpose()?
        {
            write = write.and_all(sealed.map(|sealed| reseal(name, before, &sealed)));
            count += 1;
        }
    }
    store.apply(write).await?;
    info!(secrets = count, "everything sealed is sealed under the new master key");
    Ok(())
}

//! Other issuers' lists: fetched when a token names one, kept as long as its issuer says.
//!
//! The address of a list is in a token, so whoever can have tokens issued can choose it. Only addresses below those that were
//! allowed are ever asked, and only the keys that belong to them are believed.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use probity_jose::{JwkSet, SignatureAlgorithm, UnixTime};

use super::list::Status;
use super::token::StatusListToken;

/// The most bytes of a status list token: as many as a signed document may have.
pub const MAX_STATUS_LIST_TOKEN_BYTES: usize = 1 << 20;

/// The most lists that are kept; the one that was fetched first makes room.
const MAX_LISTS: usize = 1_024;

/// How long a list is kept whose issuer does not say, in seconds.
const DEFAULT_TTL_SECONDS: u64 = 60;

/// The longest that a list is kept, whatever its issuer says, in seconds: how late a revocation may be seen.
const MAX_TTL_SECONDS: u64 = 300;

/// Why the status of a token can't be known. Then the token must not be accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatusListError {
    /// The address is not below one that is allowed.
    #[error("the token names a status list that is not allowed")]
    NotAllowed,
    /// The list could not be fetched.
    #[error("the status list can't be fetched: {0}")]
    Unreachable(String),
    /// The list could not be verified.
    #[error("the status list is refused: {0}")]
    Refused(#[from] probity_jose::Error),
    /// The list has no such index (section 8.3).
    #[error("the token's index is beyond the end of its status list")]
    OutOfRange,
}

/// An issuer whose lists are read.
#[derive(Debug, Clone)]
pub struct AllowedIssuer {
    /// What the addresses of its lists begin with: `https://`, and a `/` at the end.
    pub prefix: String,
    /// Its keys.
    pub keys: Arc<JwkSet>,
    /// The algorithms with which it may sign.
    pub algorithms: Vec<SignatureAlgorithm>,
}

#[derive(Debug)]
struct Kept {
    token: Arc<StatusListToken>,
    fetched: UnixTime,
}

/// The lists of other issuers.
#[derive(Debug)]
pub struct StatusLists {
    allowed: Vec<AllowedIssuer>,
    kept: Mutex<HashMap<String, Kept>>,
}

impl StatusLists {
    /// Reads the lists of these issuers and no others. One whose prefix is no `https` address with a path that ends is never
    /// asked.
    pub fn new(allowed: impl IntoIterator<Item = AllowedIssuer>) -> Self {
        let is_whole = |issuer: &AllowedIssuer| issuer.prefix.starts_with("https://") && issuer.prefix.ends_with('/');
        Self { allowed: allowed.into_iter().filter(is_whole).collect(), kept: Mutex::default() }
    }

    /// The status at `index` of the list at `uri`. `fetch` gets an allowed address and answers with at most
    /// [`MAX_STATUS_LIST_TOKEN_BYTES`].
    ///
    /// # Errors
    /// [`StatusListError`]
    pub async fn status<F, E>(
        &self,
        uri: &str,
        index: u64,
        now: UnixTime,
        fetch: impl FnOnce(String) -> F,
    ) -> Result<Status, StatusListError>
    where
        F: Future<Output = Result<String, E>>,
        E: std::fmt::Display,
    {
        let issuer = self.issuer_of(uri).ok_or(StatusListError::NotAllowed)?;
        let token = if let Some(token) = self.fresh(uri, now) {
            token
        } else {
            let text = fetch(uri.to_owned()).await;
            let text = text.map_err(|error| StatusListError::Unreachable(error.to_string()))?;
            let token = StatusListToken::verify(&text, uri, &issuer.keys, &issuer.algorithms, now)?;
            self.keep(Arc::new(token), now)
        };
        token.list.get(index).ok_or(StatusListError::OutOfRange)
    }

    fn issuer_of(&self, uri: &str) -> Option<&AllowedIssuer> {
        // What a URL parser would fold away is not below the prefix that it seems to be below.
        let plain = |rest: &str| {
            !rest.is_empty()
                && rest.split('/').all(|part| !matches!(part, "" | "." | ".."))
                && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~/=:".contains(&byte))
        };
        self.allowed.iter().find(|issuer| uri.strip_prefix(&issuer.prefix).is_some_and(plain))
    }

    fn fresh(&self, uri: &str, now: UnixTime) -> Option<Arc<StatusListToken>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Kept { token, fetched } = kept.get(uri)?;
        let ttl = token.ttl.unwrap_or(DEFAULT_TTL_SECONDS).min(MAX_TTL_SECONDS);
        // Section 8.3: neither longer than `ttl` nor after `exp`. A clock that went back has no say in it.
        let good = now >= *fetched && now < fetched.plus(ttl) && token.expires.is_none_or(|expires| now < expires);
        good.then(|| Arc::clone(token))
    }

    fn keep(&self, token: Arc<StatusListToken>, now: UnixTime) -> Arc<StatusListToken> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MAX_LISTS
            && !kept.contains_key(&token.uri)
            && let Some(oldest) = kept.iter().min_by_key(|(_, kept)| kept.fetched).map(|(uri, _)| uri.clone())
        {
            kept.remove(&oldest);
        }
        kept.insert(token.uri.clone(), Kept { token: Arc::clone(&token), fetched: now });
        token
    }
}

#[cfg(test)]
mod tests {
    use super::super::token::tests::{URI, token};
    use super::*;
    use probity_jose::SigningKey;
    use std::cell::Cell;

    const NOW: UnixTime = UnixTime::from_secs(1_000);

    struct Site {
        key: SigningKey,
        lists: StatusLists,
        fetches: Cell<u32>,
    }

    impl Site {
        fn new() -> Self {
            let key = SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
            let keys = Arc::new(JwkSet::from(key.verifying_key().unwrap()));
            let issuer = AllowedIssuer {
                prefix: "https://as.example/status-lists/".into(),
                keys,
                algorithms: vec![SignatureAlgorithm::Es256],
            };
            Self { key, lists: StatusLists::new([issuer]), fetches: Cell::new(0) }
        }

        async fn ask(&self, uri: &str, index: u64, now: UnixTime) -> Result<Status, StatusListError> {
            let fetch = |uri: String| {
                self.fetches.set(self.fetches.get() + 1);
                let text = token(&uri).sign(&self.key).unwrap();
                async move { Ok::<_, String>(text) }
            };
            self.lists.status(uri, index, now, fetch).await
        }
    }

    #[tokio::test]
    async fn a_list_is_fetched_once_and_again_when_its_time_is_over() {
        let site = Site::new();
        assert_eq!(site.ask(URI, 0, NOW).await, Ok(Status::Valid));
        assert_eq!(site.ask(URI, 1, NOW.plus(29)).await, Ok(Status::Invalid));
        assert_eq!(site.fetches.get(), 1);
        site.ask(URI, 1, NOW.plus(30)).await.unwrap();
        assert_eq!(site.fetches.get(), 2);
        site.ask(URI, 1, NOW.plus(29)).await.unwrap();
        assert_eq!(site.fetches.get(), 3, "a clock that was set back");
    }

    #[tokio::test]
    async fn an_address_that_is_not_allowed_is_never_asked() {
        let site = Site::new();
        for uri in [
            "https://evil.example/status-lists/1",
            "https://as.example/status-lists/",
            "https://as.example/status-lists/../admin",
            "https://as.example/status-lists/a/./b",
            "https://as.example/status-lists//evil.example/1",
            "https://as.example/status-lists/%2e%2e/admin",
            "https://as.example/status-lists/1?x=y",
            "https://as.example/status-lists/1#x",
            "https://as.example.evil/status-lists/1",
            "http://as.example/status-lists/1",
        ] {
            assert_eq!(site.ask(uri, 0, NOW).await, Err(StatusListError::NotAllowed), "{uri}");
        }
        assert_eq!(site.fetches.get(), 0);
    }

    #[tokio::test]
    async fn an_index_beyond_the_list_is_an_error() {
        assert_eq!(Site::new().ask(URI, 8, NOW).await, Err(StatusListError::OutOfRange));
    }

    #[test]
    fn a_prefix_without_https_or_an_end_allows_nothing() {
        let issuer = |prefix: &str| AllowedIssuer {
            prefix: prefix.into(),
            keys: Arc::default(),
            algorithms: vec![SignatureAlgorithm::Es256],
        };
        let lists = StatusLists::new([issuer("http://as.example/"), issuer("https://as.example")]);
        assert!(lists.issuer_of("http://as.example/1").is_none());
        assert!(lists.issuer_of("https://as.example.evil/1").is_none());
    }
}

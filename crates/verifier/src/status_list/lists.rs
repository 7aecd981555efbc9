//! Other issuers' lists, kept as long as their issuer says. Pure: times are passed in, and whoever calls fetches.
//!
//! The address of a list is in a token, so whoever can have tokens issued can choose it. Only addresses below those that were
//! allowed are ever asked for.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use probity_jose::{JwkSet, SignatureAlgorithm, UnixTime};

use super::list::Status;
use super::token::StatusListToken;
use crate::clock::BootTime;

/// The most bytes of a status list token: as many as a signed document may have.
pub const MAX_STATUS_LIST_TOKEN_BYTES: usize = 1 << 20;

/// The most lists of one issuer that are kept; the one that was fetched first makes room.
const MAX_LISTS: usize = 1_024;

/// The most bytes that the lists of one issuer take together.
const MAX_LISTS_BYTES: usize = 256 << 20;

/// How long a list is kept whose issuer does not say.
const DEFAULT_TTL: Duration = Duration::from_mins(1);

/// The shortest time for which a list is kept, so that every request does not ask its issuer.
const MIN_TTL: Duration = Duration::from_secs(1);

/// The longest time for which a list is kept, whatever its issuer says: how late a revocation may be seen.
const MAX_TTL: Duration = Duration::from_mins(5);

/// How long after a list could not be had nobody asks for it again.
const FAILED_PAUSE: Duration = Duration::from_secs(1);

/// The place of a token in a list (section 6.2): the member `status_list` of its claim `status`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusReference {
    /// `uri`: which list.
    pub uri: String,
    /// `idx`: which entry of it.
    pub index: u64,
}

/// Why the status of a token can't be known. Then the token must not be accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StatusListError {
    /// The address is not below one that is allowed.
    #[error("the token names a status list that is not allowed")]
    NotAllowed,
    /// The list has no such index (section 8.3).
    #[error("the token's index is beyond the end of its status list")]
    OutOfRange,
    /// The list is not there or too old: it has to be fetched.
    #[error("the token's status list is not there yet")]
    Unknown,
    /// The list could not be fetched a moment ago.
    #[error("the token's status list can't be fetched")]
    Unreachable,
    /// What was fetched is no list of this issuer.
    #[error("the token's status list is refused")]
    Refused,
}

impl StatusListError {
    /// The stable code for logs and answers.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotAllowed => "status_list.not_allowed",
            Self::OutOfRange => "status_list.out_of_range",
            Self::Unknown => "status_list.unknown",
            Self::Unreachable => "status_list.unreachable",
            Self::Refused => "status_list.refused",
        }
    }

    /// Whether this says nothing about the token, so that it may be good a moment later.
    pub const fn is_temporary(self) -> bool {
        matches!(self, Self::Unknown | Self::Unreachable | Self::Refused)
    }
}

/// What became of the last attempt to have a list.
#[derive(Debug, Clone)]
enum Outcome {
    Fetched(Arc<StatusListToken>),
    Failed(StatusListError),
}

#[derive(Debug, Clone)]
struct Kept {
    outcome: Outcome,
    at: BootTime,
}

/// The lists of one issuer.
#[derive(Debug)]
pub struct StatusLists {
    prefixes: Vec<String>,
    algorithms: Vec<SignatureAlgorithm>,
    /// Readers take no lock.
    kept: papaya::HashMap<String, Kept>,
    /// Held by whoever changes what is kept.
    writer: Mutex<()>,
}

impl StatusLists {
    /// Keeps lists whose addresses begin with one of these prefixes, signed with one of these algorithms. A prefix that is no
    /// `https` address with a `/` at its end allows nothing.
    pub fn new(
        prefixes: impl IntoIterator<Item = String>,
        algorithms: impl IntoIterator<Item = SignatureAlgorithm>,
    ) -> Self {
        Self {
            prefixes: prefixes.into_iter().filter(|prefix| Self::is_prefix(prefix)).collect(),
            algorithms: algorithms.into_iter().collect(),
            kept: papaya::HashMap::new(),
            writer: Mutex::default(),
        }
    }

    /// Whether a prefix allows anything: an `https` address with a `/` at its end.
    pub fn is_prefix(prefix: &str) -> bool {
        prefix.starts_with("https://") && prefix.ends_with('/')
    }

    /// What is known of a token's status at a moment. Nothing here waits.
    ///
    /// # Errors
    /// [`StatusListError::Unknown`] when the list has to be fetched first: then [`Self::take`] it.
    pub fn status(&self, token: &StatusReference, wall: UnixTime, boot: BootTime) -> Result<Status, StatusListError> {
        if !self.allows(&token.uri) {
            return Err(StatusListError::NotAllowed);
        }
        let kept = self.kept.pin();
        let Kept { outcome, at } = kept.get(&token.uri).ok_or(StatusListError::Unknown)?;
        let age = boot.since(*at);
        match outcome {
            Outcome::Failed(error) if age < FAILED_PAUSE => Err(*error),
            // Section 8.3: neither longer than `ttl` nor after `exp`.
            Outcome::Fetched(list) if age < time_to_live(list) && list.expires.is_none_or(|expires| wall < expires) => {
                list.list.get(token.index).ok_or(StatusListError::OutOfRange)
            }
            Outcome::Failed(_) | Outcome::Fetched(_) => Err(StatusListError::Unknown),
        }
    }

    /// Takes what was fetched from `uri`, asked for at `boot`.
    ///
    /// # Errors
    /// The error of the signature or of the claims. It is remembered for a moment.
    pub fn take(
        &self,
        uri: &str,
        text: &str,
        keys: &JwkSet,
        wall: UnixTime,
        boot: BootTime,
    ) -> Result<(), probity_jose::Error> {
        let list = StatusListToken::verify(text, uri, keys, &self.algorithms, wall);
        let outcome = match &list {
            Ok(list) => Outcome::Fetched(Arc::new(list.clone())),
            Err(_) => Outcome::Failed(StatusListError::Refused),
        };
        self.keep(uri, Kept { outcome, at: boot });
        list.map(|_| ())
    }

    /// The list of `uri`, asked for at `boot`, could not be fetched.
    pub fn fail(&self, uri: &str, boot: BootTime) {
        self.keep(uri, Kept { outcome: Outcome::Failed(StatusListError::Unreachable), at: boot });
    }

    fn allows(&self, uri: &str) -> bool {
        // What a URL parser would fold away is not below the prefix that it seems to be below.
        let plain = |rest: &str| {
            !rest.is_empty()
                && rest.split('/').all(|part| !matches!(part, "" | "." | ".."))
                && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~/=:".contains(&byte))
        };
        self.prefixes.iter().any(|prefix| uri.strip_prefix(prefix.as_str()).is_some_and(plain))
    }

    fn keep(&self, uri: &str, new: Kept) {
        let _writing = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = self.kept.pin();
        kept.insert(uri.to_owned(), new);
        let mut all: Vec<_> = kept.iter().map(|(uri, kept)| (kept.at, uri.clone(), kept.bytes())).collect();
        all.sort();
        let mut bytes: usize = all.iter().map(|(_, _, bytes)| bytes).sum();
        let mut count = all.len();
        for (_, oldest, size) in all {
            if count <= MAX_LISTS && bytes <= MAX_LISTS_BYTES {
                break;
            }
            kept.remove(&oldest);
            (count, bytes) = (count - 1, bytes - size);
        }
    }
}

impl Kept {
    fn bytes(&self) -> usize {
        match &self.outcome {
            Outcome::Fetched(list) => list.list.len(),
            Outcome::Failed(_) => 0,
        }
    }
}

fn time_to_live(list: &StatusListToken) -> Duration {
    list.ttl.map_or(DEFAULT_TTL, Duration::from_secs).clamp(MIN_TTL, MAX_TTL)
}

#[cfg(test)]
mod tests {
    use super::super::token::tests::{URI, token};
    use super::super::{Bits, StatusList};
    use super::*;
    use probity_jose::SigningKey;

    const NOW: UnixTime = UnixTime::from_secs(1_000);

    fn at(seconds: u64) -> BootTime {
        BootTime::default().plus(Duration::from_secs(seconds))
    }

    struct Site {
        key: SigningKey,
        lists: StatusLists,
    }

    impl Site {
        fn new() -> Self {
            let prefix = "https://as.example/status-lists/".to_owned();
            let lists = StatusLists::new([prefix], [SignatureAlgorithm::Es256]);
            Self { key: SigningKey::generate(SignatureAlgorithm::Es256).unwrap(), lists }
        }

        fn take(&self, uri: &str, boot: BootTime) {
            let keys = JwkSet::from(self.key.verifying_key().unwrap());
            self.lists.take(uri, &token(uri).sign(&self.key).unwrap(), &keys, NOW, boot).unwrap();
        }

        fn ask(&self, uri: &str, index: u64, boot: BootTime) -> Result<Status, StatusListError> {
            self.lists.status(&StatusReference { uri: uri.into(), index }, NOW, boot)
        }
    }

    #[test]
    fn a_list_is_good_until_its_time_is_over() {
        let site = Site::new();
        assert_eq!(site.ask(URI, 0, at(0)), Err(StatusListError::Unknown));
        site.take(URI, at(0));
        assert_eq!(site.ask(URI, 0, at(0)), Ok(Status::Valid));
        assert_eq!(site.ask(URI, 1, at(29)), Ok(Status::Invalid));
        assert_eq!(site.ask(URI, 1, at(30)), Err(StatusListError::Unknown));
        let reference = StatusReference { uri: URI.into(), index: 0 };
        assert_eq!(site.lists.status(&reference, NOW.plus(100), at(1)), Err(StatusListError::Unknown), "expired");
    }

    #[test]
    fn an_address_that_is_not_allowed_is_never_asked_for() {
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
            assert_eq!(site.ask(uri, 0, at(0)), Err(StatusListError::NotAllowed), "{uri}");
        }
    }

    #[test]
    fn a_prefix_without_https_or_an_end_allows_nothing() {
        let prefixes = ["http://as.example/".to_owned(), "https://as.example".to_owned()];
        let lists = StatusLists::new(prefixes, [SignatureAlgorithm::Es256]);
        assert!(!lists.allows("http://as.example/1"));
        assert!(!lists.allows("https://as.example.evil/1"));
    }

    #[test]
    fn an_index_beyond_the_list_is_an_error() {
        let site = Site::new();
        site.take(URI, at(0));
        assert_eq!(site.ask(URI, 8, at(0)), Err(StatusListError::OutOfRange));
    }

    #[test]
    fn a_failure_is_remembered_for_a_moment_and_takes_the_place_of_what_was_there() {
        let site = Site::new();
        site.take(URI, at(0));
        site.lists.fail(URI, at(5));
        assert_eq!(site.ask(URI, 0, at(5)), Err(StatusListError::Unreachable));
        assert_eq!(site.ask(URI, 0, at(6)), Err(StatusListError::Unknown));
        let stranger = JwkSet::from(SigningKey::generate(SignatureAlgorithm::Es256).unwrap().verifying_key().unwrap());
        let text = token(URI).sign(&site.key).unwrap();
        assert!(site.lists.take(URI, &text, &stranger, NOW, at(7)).is_err());
        assert_eq!(site.ask(URI, 0, at(7)), Err(StatusListError::Refused));
    }

    #[test]
    fn lists_take_a_bounded_amount_of_memory_and_the_oldest_makes_room() {
        let site = Site::new();
        let uri = |n: usize| format!("https://as.example/status-lists/{n}");
        let long = 64 << 20;
        for n in 0..5 {
            let list = StatusListToken { list: StatusList::new(Bits::One, vec![0; long]), ..token(&uri(n)) };
            let kept = Kept { outcome: Outcome::Fetched(Arc::new(list)), at: at(n as u64) };
            site.lists.keep(&uri(n), kept);
        }
        assert_eq!(site.ask(&uri(0), 0, at(5)), Err(StatusListError::Unknown));
        assert_eq!(site.ask(&uri(1), 0, at(5)), Ok(Status::Valid));
        for n in 0..=MAX_LISTS {
            site.lists.fail(&uri(n), at(6));
        }
        assert_eq!(site.lists.kept.len(), MAX_LISTS);
    }
}

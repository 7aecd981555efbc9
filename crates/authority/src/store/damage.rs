//! Damaged SQLite files: the store is refused, or it holds every revocation that was answered for.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use probity_jose::UnixTime;
use probity_verifier::revocation::{Position, Revocation, Target, Writer};

use super::*;

const REVOCATIONS: u64 = 200;

const FILES: [&str; 3] = ["probity.db", "probity.db-wal", "probity.witness"];

/// Files as a killed process leaves them: most of the records folded in by a second start, some in the write-ahead log.
struct Remains(tempfile::TempDir);

impl Remains {
    async fn new() -> Self {
        let (living, remains) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for half in [0..REVOCATIONS / 2, REVOCATIONS / 2..REVOCATIONS] {
            let store = start(living.path()).await;
            for number in half {
                store.apply(Write::new().revoking(record(number))).await.unwrap();
            }
            // Before the store is closed, which would fold its log in.
            for name in FILES {
                fs::copy(living.path().join(name), remains.path().join(name)).unwrap();
            }
            store.close().await;
        }
        Self(remains)
    }

    /// What a start says to these files after `damage`.
    async fn after(&self, damage: impl FnOnce(&Path)) -> Result<BTreeSet<String>, StoreError> {
        let copy = tempfile::tempdir().unwrap();
        for name in FILES {
            fs::copy(self.0.path().join(name), copy.path().join(name)).unwrap();
        }
        damage(copy.path());
        let opening = Opening::open(Site::Folder(copy.path())).await?;
        let records = opening.live_revocations(UnixTime::default()).await?;
        Ok(records.iter().map(|record| format!("{record:?}")).collect())
    }
}

async fn start(folder: &Path) -> Store {
    let opening = Opening::open(Site::Folder(folder)).await.unwrap();
    let log = Position { writer: Writer([3; 8]), term: opening.term(), seq: 0 };
    let store = opening.start(log, Arc::default(), |_| ()).unwrap();
    store.apply(Write::from(begin_log(log))).await.unwrap();
    store
}

fn record(number: u64) -> Revocation {
    Revocation::own(Target::Token(format!("token-{number:08}")), UnixTime::from_secs(9_999_999_999))
}

fn all() -> BTreeSet<String> {
    (0..REVOCATIONS).map(|number| format!("{:?}", record(number))).collect()
}

fn cut(file: &Path, length: u64) {
    File::options().write(true).open(file).unwrap().set_len(length).unwrap();
}

fn flip(file: &Path, bit: usize) {
    let mut bytes = fs::read(file).unwrap();
    bytes[bit / 8] ^= 1 << (bit % 8);
    fs::write(file, bytes).unwrap();
}

#[tokio::test]
async fn what_a_killed_process_leaves_is_taken_up() {
    assert_eq!(Remains::new().await.after(|_| ()).await.unwrap(), all());
}

#[tokio::test]
async fn an_emptied_or_missing_file_is_refused_and_not_begun_anew() {
    let remains = Remains::new().await;
    for damage in [
        |folder: &Path| cut(&folder.join("probity.db"), 0),
        |folder: &Path| fs::remove_file(folder.join("probity.db")).unwrap(),
        |folder: &Path| cut(&folder.join("probity.db-wal"), 0),
        |folder: &Path| fs::remove_file(folder.join("probity.db-wal")).unwrap(),
        |folder: &Path| {
            cut(&folder.join("probity.db"), 0);
            fs::remove_file(folder.join("probity.db-wal")).unwrap();
        },
    ] {
        let refused = remains.after(damage).await;
        assert!(matches!(refused, Err(StoreError::Forgotten { .. } | StoreError::Damaged(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn an_empty_store_is_refused_again_and_again_until_the_witness_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    start(folder.path()).await.close().await;
    for name in ["probity.db", "probity.db-wal"] {
        let _ = fs::remove_file(folder.path().join(name));
    }
    for _ in 0..3 {
        let refused = Opening::open(Site::Folder(folder.path())).await.err();
        let said = refused.map(|error| error.to_string()).unwrap_or_default();
        assert!(said.contains("forgotten") && said.contains("probity.witness"), "{said}");
    }
    fs::remove_file(folder.path().join("probity.witness")).unwrap();
    start(folder.path()).await;
}

#[tokio::test]
async fn a_file_that_was_cut_off_anywhere_is_refused_or_nothing_is_missing() {
    let remains = Remains::new().await;
    let mut refused = 0;
    for name in ["probity.db", "probity.db-wal", "probity.witness"] {
        let length = fs::metadata(remains.0.path().join(name)).unwrap().len();
        for part in 0..40 {
            match remains.after(|folder| cut(&folder.join(name), length * part / 40)).await {
                Ok(found) => assert_eq!(found, all(), "{name}, {part}/40"),
                Err(_) => refused += 1,
            }
        }
    }
    assert!(refused > 40, "only {refused} were noticed");
}

#[tokio::test]
async fn with_any_bit_flipped_a_store_is_refused_or_nothing_is_missing() {
    const STEPS: usize = 300;
    let remains = Remains::new().await;
    let mut refused = 0;
    for name in FILES {
        let bits = fs::read(remains.0.path().join(name)).unwrap().len() * 8;
        // Steps of a length that has no factor in common with a page's.
        let step = (bits / STEPS).max(1) | 1;
        for bit in (0..bits).step_by(step) {
            match remains.after(|folder| flip(&folder.join(name), bit)).await {
                Ok(found) => assert!(all().is_subset(&found), "{name}, bit {bit}"),
                Err(_) => refused += 1,
            }
        }
    }
    assert!(refused > STEPS / 4, "only {refused} were noticed");
}

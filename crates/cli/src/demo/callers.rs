//! Callers that use a token all the time while it is revoked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use probity_verifier::clock::{BootTime, boot_now};
use tokio::task::JoinHandle;

use crate::failure::Failure;

/// How many call at once.
const CALLERS: usize = 4;

/// The pause of each between two calls: without one they would take the processor from what is measured.
const PAUSE: Duration = Duration::from_millis(1);

/// How long they go on after `enforced` was answered.
const AFTERMATH: Duration = Duration::from_millis(300);

/// The callers of one token.
pub(super) struct Callers {
    counts: Arc<Counts>,
    tasks: Vec<JoinHandle<Result<(), reqwest::Error>>>,
}

#[derive(Default)]
struct Counts {
    enforced: AtomicBool,
    /// Calls that began after the answer.
    late: AtomicU64,
    /// Those of them that were accepted.
    accepted: AtomicU64,
}

/// What the calls that began after the answer met with.
pub(super) struct Outcome {
    pub(super) late: u64,
    pub(super) accepted: u64,
}

impl Callers {
    pub(super) fn start(client: &reqwest::Client, url: &str, token: &str) -> Self {
        let counts = Arc::new(Counts::default());
        let caller = |_| {
            let (client, url, token, counts) = (client.clone(), url.to_owned(), token.to_owned(), Arc::clone(&counts));
            tokio::spawn(async move { counts.call_on(&client, &url, &token).await })
        };
        let tasks = (0..CALLERS).map(caller).collect();
        Self { counts, tasks }
    }

    /// The answer has come: from now on no call may be accepted.
    pub(super) fn enforced(&self) {
        self.counts.enforced.store(true, Ordering::SeqCst);
    }

    /// Waits until they have called for a while after the answer.
    pub(super) async fn finish(self) -> Result<Outcome, Failure> {
        for task in self.tasks {
            task.await??;
        }
        let outcome = Outcome {
            late: self.counts.late.load(Ordering::SeqCst),
            accepted: self.counts.accepted.load(Ordering::SeqCst),
        };
        if outcome.late == 0 { Err(Failure::new("no call was made after the revocation")) } else { Ok(outcome) }
    }
}

impl Counts {
    async fn call_on(&self, client: &reqwest::Client, url: &str, token: &str) -> Result<(), reqwest::Error> {
        let mut over: Option<BootTime> = None;
        while over.is_none_or(|over| boot_now() < over) {
            // Read before the call begins: a call that began earlier may rightly be accepted.
            let late = self.enforced.load(Ordering::SeqCst);
            if late && over.is_none() {
                over = Some(boot_now().plus(AFTERMATH));
            }
            let status = client.get(url).bearer_auth(token).send().await?.status();
            if late {
                self.late.fetch_add(1, Ordering::SeqCst);
                self.accepted.fetch_add(u64::from(status.is_success()), Ordering::SeqCst);
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }
}

//! Many connections that ask one request after the other.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::http::{Answer, Connection};
use super::server::Server;
use crate::Failure;

/// A load on a server for a while.
pub(super) struct Load<'a> {
    pub(super) server: &'a Server,
    pub(super) span: Duration,
}

/// What a load has come to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measured {
    /// Milliseconds of the server's CPU for each request.
    pub(super) cpu: f64,
    /// Requests a second.
    pub(super) rate: f64,
}

impl Load<'_> {
    /// A connection for each first request; `next` makes the one after from it and its answer. Every answer must be good.
    pub(super) fn run(
        &self,
        first: &[String],
        next: impl Fn(&str, &Answer) -> Result<String, Failure> + Sync,
    ) -> Result<Measured, Failure> {
        let port = self.server.port;
        // What a first request alone sets up is not what is measured.
        let warm = Connection::open(port)?;
        drop(warm);
        let count = AtomicU64::new(0);
        let before = self.server.cpu()?;
        let (outcome, took) = crate::bench::timed(|| {
            std::thread::scope(|scope| {
                let workers: Vec<_> =
                    first.iter().map(|request| scope.spawn(|| work(port, self.span, request, &next, &count))).collect();
                workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| "a worker has died".to_owned())?)
            })
        });
        outcome?;
        let requests = u32::try_from(count.load(Ordering::Relaxed)).map_err(|_| "too many requests")?;
        let cpu = self.server.cpu()?.saturating_sub(before);
        let requests = f64::from(requests.max(1));
        Ok(Measured { cpu: cpu.as_secs_f64() * 1_000.0 / requests, rate: requests / took.as_secs_f64() })
    }
}

#[expect(clippy::disallowed_methods, reason = "a load lasts for a time")]
fn work(
    port: u16,
    span: Duration,
    first: &str,
    next: &(impl Fn(&str, &Answer) -> Result<String, Failure> + Sync),
    count: &AtomicU64,
) -> Result<(), Failure> {
    let mut connection = Connection::open(port)?;
    let mut request = first.to_owned();
    let end = std::time::Instant::now() + span;
    while std::time::Instant::now() < end {
        let answer = connection.send(&request)?;
        if answer.status != 200 {
            return Err(format!("{}: {}", answer.status, answer.body));
        }
        count.fetch_add(1, Ordering::Relaxed);
        request = next(&request, &answer)?;
    }
    Ok(())
}

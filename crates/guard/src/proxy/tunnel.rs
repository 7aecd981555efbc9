//! Two connections that have become one WebSocket: bytes go both ways until one side ends, or the caller may no more.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional};
use tracing::{debug, info};

use super::body::Progress;
use super::vigil::Vigil;
use crate::metrics::Metrics;

/// Passes bytes on until it is over.
pub(super) async fn run(
    client: Upgraded,
    application: Upgraded,
    vigil: Option<Arc<Vigil>>,
    patience: Duration,
    metrics: &Metrics,
) {
    let progress = Progress::default();
    let end = |upgraded| End { io: TokioIo::new(upgraded), vigil: vigil.clone(), progress: progress.clone() };
    let (mut client, mut application) = (end(client), end(application));
    let ended = async {
        match &vigil {
            Some(vigil) => Arc::clone(vigil).ended().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        copied = copy_bidirectional(&mut client, &mut application) => match (copied, vigil.as_ref().map(|vigil| vigil.check())) {
            (Err(_), Some(Err(rejection))) => cut(metrics, rejection.code()),
            (Err(error), _) => debug!(error = %error, "a WebSocket broke"),
            (Ok((up, down)), _) => debug!(up, down, "a WebSocket was closed"),
        },
        rejection = ended => cut(metrics, rejection.code()),
        () = silence(&progress, patience) => info!("a WebSocket was silent for too long"),
    }
}

fn cut(metrics: &Metrics, code: &'static str) {
    metrics.cut();
    info!(verdict = code, "a WebSocket was cut");
}

/// Completes when nothing has come for `patience`, at the latest twice as long after the last bytes.
async fn silence(progress: &Progress, patience: Duration) {
    loop {
        let seen = progress.seen();
        tokio::time::sleep(patience).await;
        if progress.seen() == seen {
            return;
        }
    }
}

/// One end. What is read from it goes on only if it may at that moment.
struct End {
    io: TokioIo<Upgraded>,
    vigil: Option<Arc<Vigil>>,
    progress: Progress,
}

impl AsyncRead for End {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.io).poll_read(cx, into))?;
        self.progress.made();
        match self.vigil.as_ref().map(|vigil| vigil.check()) {
            Some(Err(rejection)) => Poll::Ready(Err(io::Error::other(rejection))),
            _ => Poll::Ready(Ok(())),
        }
    }
}

impl AsyncWrite for End {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

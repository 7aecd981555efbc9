//! Bodies on their way through: piece by piece, with a longest pause, and cut when they must not go on.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use probity_verifier::Rejection;
use tokio::time::Sleep;
use tracing::info;

use super::vigil::Vigil;
use crate::metrics::Metrics;

/// Whatever can go wrong with a body.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A request's body on its way to the application.
pub(super) type UploadBody = UnsyncBoxBody<Bytes, BoxError>;

/// How much of a request has gone on, so that somebody else can tell slow from stuck.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress(Arc<AtomicU64>);

impl Progress {
    /// A number that is another one when something has gone on.
    pub(super) fn seen(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn made(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A request's body without trailers: a field that comes after the body has been decided by nobody.
pub(super) struct Upload<B> {
    body: B,
    progress: Progress,
}

impl<B> Upload<B> {
    pub(super) const fn new(body: B, progress: Progress) -> Self {
        Self { body, progress }
    }
}

impl<B: Body<Data = Bytes, Error: Into<BoxError>> + Unpin> Body for Upload<B> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        loop {
            let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
            self.progress.made();
            match frame {
                Some(Ok(frame)) if frame.is_trailers() => {}
                frame => return Poll::Ready(frame.map(|frame| frame.map_err(Into::into))),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Why a body ends before its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Cut {
    /// What was admitted is admitted no more.
    #[error("{0}")]
    Ended(Rejection),
    /// Nothing came for too long.
    #[error("the application has fallen silent")]
    Silent,
}

/// An answer's body on its way to the client.
pub struct Download {
    body: Incoming,
    watch: Option<Watch>,
    patience: Duration,
    silence: Option<Pin<Box<Sleep>>>,
}

/// Who looks after a body while it comes.
pub(super) struct Watch {
    vigil: Arc<Vigil>,
    metrics: Arc<Metrics>,
    ended: Option<Pin<Box<dyn Future<Output = Rejection> + Send>>>,
}

impl Watch {
    pub(super) const fn new(vigil: Arc<Vigil>, metrics: Arc<Metrics>) -> Self {
        Self { vigil, metrics, ended: None }
    }

    fn cut(&self, rejection: Rejection) -> BoxError {
        self.metrics.cut();
        info!(verdict = rejection.code(), "an answer was cut off");
        Cut::Ended(rejection).into()
    }
}

impl Download {
    /// `watch` is nothing where nobody is identified; `patience` is the longest pause.
    pub(super) const fn new(body: Incoming, watch: Option<Watch>, patience: Duration) -> Self {
        Self { body, watch, patience, silence: None }
    }
}

impl Body for Download {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) {
            this.silence = None;
            // The end of the body needs nobody's leave.
            if let (Some(watch), Some(Ok(_))) = (&this.watch, &frame)
                && let Err(rejection) = watch.vigil.check()
            {
                return Poll::Ready(Some(Err(watch.cut(rejection))));
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        if let Some(watch) = &mut this.watch {
            let vigil = &watch.vigil;
            let ended = watch.ended.get_or_insert_with(|| Box::pin(Arc::clone(vigil).ended()));
            if let Poll::Ready(rejection) = ended.as_mut().poll(cx) {
                return Poll::Ready(Some(Err(watch.cut(rejection))));
            }
        }
        let patience = this.patience;
        let silence = this.silence.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        silence.as_mut().poll(cx).map(|()| Some(Err(Cut::Silent.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

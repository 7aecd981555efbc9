//! What a client still sends when it has been answered already.
//!
//! Someone who sends a megabyte where some kilobytes are allowed gets an error before everything has come. Closing the
//! connection then would make the network throw the answer away, and the client would see a broken pipe in its place.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Sleep;

/// The most bytes that are read for nothing.
const MAX_BYTES: usize = 16 << 20;

/// The longest time for which they are read.
const PATIENCE: Duration = Duration::from_secs(2);

/// A request's body that must come in time, and whose rest is read when it is dropped.
pub(crate) struct Drained {
    body: Option<Incoming>,
    patience: Patience,
    /// Runs from when it was first waited for.
    deadline: Option<Pin<Box<Sleep>>>,
}

/// How long whoever reads a body waits.
#[derive(Debug, Clone, Copy)]
pub(super) enum Patience {
    /// For all of it.
    Whole(Duration),
    /// For each piece: it is passed on as it comes, and may be as long as it likes.
    Piece(Duration),
}

impl Drained {
    pub(super) const fn new(body: Incoming, patience: Patience) -> Self {
        Self { body: Some(body), patience, deadline: None }
    }
}

impl Body for Drained {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        if let Poll::Ready(frame) = Pin::new(body).poll_frame(cx) {
            if matches!(self.patience, Patience::Piece(_)) {
                self.deadline = None;
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(io::Error::other)));
        }
        let (Patience::Whole(patience) | Patience::Piece(patience)) = self.patience;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        deadline.as_mut().poll(cx).map(|()| Some(Err(io::ErrorKind::TimedOut.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(Body::size_hint).unwrap_or_default()
    }
}

impl Drop for Drained {
    fn drop(&mut self) {
        let rest = self.body.take().filter(|body| !body.is_end_stream());
        // Without a runtime the process is about to end.
        if let (Some(rest), Ok(runtime)) = (rest, Handle::try_current()) {
            runtime.spawn(tokio::time::timeout(PATIENCE, read_body(rest)));
        }
    }
}

async fn read_body(mut body: Incoming) {
    let mut read = 0;
    while read < MAX_BYTES
        && let Some(Ok(frame)) = body.frame().await
    {
        read += frame.data_ref().map_or(0, Bytes::len);
    }
}

/// A connection that is read to its end when it is dropped.
pub(super) struct Lingering {
    stream: Option<TcpStream>,
    /// Its place among all connections, which it gives up at its very end.
    place: Option<OwnedSemaphorePermit>,
}

impl Lingering {
    pub(super) const fn new(stream: TcpStream, place: Option<OwnedSemaphorePermit>) -> Self {
        Self { stream: Some(stream), place }
    }

    fn poll<T>(
        self: Pin<&mut Self>,
        poll: impl FnOnce(Pin<&mut TcpStream>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        match &mut self.get_mut().stream {
            Some(stream) => poll(Pin::new(stream)),
            None => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }
}

impl AsyncRead for Lingering {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.poll(|stream| stream.poll_read(cx, into))
    }
}

impl AsyncWrite for Lingering {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll(|stream| stream.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll(|stream| stream.poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.as_ref().is_some_and(AsyncWrite::is_write_vectored)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(|stream| stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(|stream| stream.poll_shutdown(cx))
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        if let (Some(stream), Ok(runtime)) = (self.stream.take(), Handle::try_current()) {
            let place = self.place.take();
            runtime.spawn(async move {
                // Whatever comes of it, the connection is over.
                let _ = tokio::time::timeout(PATIENCE, read_to_end(stream)).await;
                drop(place);
            });
        }
    }
}

async fn read_to_end(mut stream: TcpStream) -> io::Result<()> {
    // Says that nothing more will come from us; a connection that is broken already says so here.
    stream.shutdown().await?;
    let mut discarded = [0; 4_096];
    let mut read = 0;
    while read < MAX_BYTES {
        match stream.read(&mut discarded).await? {
            0 => break,
            bytes => read += bytes,
        }
    }
    Ok(())
}

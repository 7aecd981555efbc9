//! Sockets: binds an address and serves HTTP/1.1 and HTTP/2 on it, with TLS or, where that is allowed, without.

mod certificate;
mod drain;
mod idle;
mod tls;

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use http::{Request, Response};
use hyper::body::Body;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulConnection, GracefulShutdown};
use probity_authority::ClientCertificate;
use probity_guard::Thumbprint;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tracing::{debug, warn};

pub(crate) use drain::Drained;
use drain::{Lingering, Patience};
use idle::{Counted, Requests};
pub(crate) use tls::tls_config;

/// How long a client may take for the TLS handshake, for a request's headers, for its body, and until the next request.
const CLIENT_PATIENCE: Duration = Duration::from_secs(10);

/// The most bytes of a request's head that are buffered; a longer one is answered with 431.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// The most connections at once on one listener; further ones wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 10_000;

/// How long requests in flight may take when the process is asked to stop.
const DRAIN: Duration = Duration::from_secs(5);

/// How long a connection that has been idle for too long may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// After a failed `accept` (out of file descriptors, for one), the pause before the next.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What a listener can't be made of.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ListenError {
    /// The address can't be bound.
    #[error("can't listen on {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
    /// Plain HTTP beyond this machine.
    #[error("{0} is not a loopback address: plain HTTP is served on loopback only; configure tls")]
    PlainBeyondLoopback(SocketAddr),
    /// A certificate or key file can't be used.
    #[error("{}: {reason}", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
}

/// A bound address that nobody is served on yet.
pub(crate) struct Socket {
    tcp: TcpListener,
    address: SocketAddr,
}

impl Socket {
    /// Binds an address; port 0 lets the system choose.
    ///
    /// # Errors
    /// [`ListenError::Bind`]
    pub(crate) async fn bind(address: SocketAddr) -> Result<Self, ListenError> {
        let failed = |source| ListenError::Bind { address, source };
        let tcp = TcpListener::bind(address).await.map_err(failed)?;
        let address = tcp.local_addr().map_err(failed)?;
        Ok(Self { tcp, address })
    }

    /// The address that was bound, with the port that the system chose.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Plain HTTP; only on loopback.
    ///
    /// # Errors
    /// [`ListenError::PlainBeyondLoopback`]
    pub(crate) fn plain_http(self) -> Result<Listener, ListenError> {
        if !self.address.ip().is_loopback() {
            return Err(ListenError::PlainBeyondLoopback(self.address));
        }
        Ok(self.danger_plain_http_anywhere())
    }

    /// Plain HTTP at whatever address: whoever is on the way reads and changes everything.
    pub(crate) fn danger_plain_http_anywhere(self) -> Listener {
        Listener { socket: self, tls: None, patience: Patience::Whole(CLIENT_PATIENCE) }
    }

    /// HTTPS.
    pub(crate) fn https(self, config: Arc<rustls::ServerConfig>) -> Listener {
        let tls = Some(Arc::new(ArcSwap::from(config)));
        Listener { socket: self, tls, patience: Patience::Whole(CLIENT_PATIENCE) }
    }
}

/// A bound address and how it is served.
pub(crate) struct Listener {
    socket: Socket,
    tls: Option<Certificates>,
    patience: Patience,
}

/// How TLS is spoken on a listener; connections that begin after a change speak it the new way.
pub(crate) type Certificates = Arc<ArcSwap<rustls::ServerConfig>>;

impl Listener {
    /// To change the certificate with, where there is one.
    pub(crate) fn certificates(&self) -> Option<Certificates> {
        self.tls.clone()
    }

    /// The address that was bound.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.socket.address
    }

    /// The same, but a request's body may take any time, with no pause longer than `pause`: for whoever passes it on as it
    /// comes.
    pub(crate) fn streaming(self, pause: Duration) -> Self {
        Self { patience: Patience::Piece(pause), ..self }
    }

    /// Serves until `stop` completes, then lets requests in flight finish for a while.
    ///
    /// The peer's [`SocketAddr`] is among each request's extensions, and its [`ClientCertificate`] with its [`Thumbprint`]
    /// if it has presented one.
    pub(crate) async fn serve<F, A, B>(self, respond: F, stop: impl Future<Output = ()>)
    where
        F: Fn(Request<Drained>) -> A + Clone + Send + Sync + 'static,
        A: Future<Output = Response<B>> + Send + 'static,
        B: Body + Send + Unpin + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (stopping, _) = watch::channel(());
        let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let mut stop = std::pin::pin!(stop);
        loop {
            let accepted = async {
                let place = Arc::clone(&places).acquire_owned().await;
                (place, self.socket.tcp.accept().await)
            };
            let (place, accepted) = tokio::select! {
                accepted = accepted => accepted,
                () = &mut stop => break,
            };
            match accepted {
                Ok((stream, peer)) => {
                    // Without it a frame of some bytes may wait for the acknowledgement of the last.
                    if let Err(error) = stream.set_nodelay(true) {
                        debug!(error = %error, "TCP_NODELAY could not be set");
                    }
                    let respond = respond.clone();
                    let tls = self.tls.as_ref().map(|tls| TlsAcceptor::from(tls.load_full()));
                    let patience = self.patience;
                    let stream = Lingering::new(stream, place.ok());
                    tokio::spawn(serve_connection(stream, peer, tls, patience, respond, stopping.subscribe()));
                }
                Err(error) => {
                    warn!(error = %error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(self.socket);
        stopping.send_replace(());
        if tokio::time::timeout(DRAIN, stopping.closed()).await.is_err() {
            debug!("connections were still open when the time to drain was over");
        }
    }
}

async fn serve_connection<F, A, B>(
    stream: Lingering,
    peer: SocketAddr,
    tls: Option<TlsAcceptor>,
    patience: Patience,
    respond: F,
    stopping: watch::Receiver<()>,
) where
    F: Fn(Request<Drained>) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Response<B>> + Send + 'static,
    B: Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let requests = Arc::new(Requests::default());
    let counted = Arc::clone(&requests);
    let service = |certificate: Option<ClientCertificate>| {
        let leaf = certificate.as_ref().and_then(|certificate| certificate.chain().first());
        let thumbprint = leaf.map(|der| Thumbprint::of(der));
        hyper::service::service_fn(move |mut request: Request<_>| {
            let in_flight = counted.begin();
            request.extensions_mut().insert(peer);
            if let Some(thumbprint) = &thumbprint {
                request.extensions_mut().insert(thumbprint.clone());
            }
            if let Some(certificate) = &certificate {
                request.extensions_mut().insert(certificate.clone());
            }
            let answer = respond(request.map(|body| Drained::new(body, patience)));
            async move { Ok::<_, Infallible>(answer.await.map(|body| Counted::new(body, in_flight))) }
        })
    };
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(CLIENT_PATIENCE)
        .max_buf_size(MAX_HEAD_BYTES)
        .half_close(false);
    builder.http2().timer(TokioTimer::new()).max_header_list_size(u32::try_from(MAX_HEAD_BYTES).unwrap_or(u32::MAX));
    let ended = match tls {
        None => {
            let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service(None));
            drive(connection.into_owned(), &requests, stopping).await
        }
        Some(tls) => match tokio::time::timeout(CLIENT_PATIENCE, tls.accept(stream)).await {
            Ok(Ok(stream)) => {
                let service = service(tls::client_certificate(&stream));
                let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
                drive(connection.into_owned(), &requests, stopping).await
            }
            Ok(Err(error)) => {
                debug!(peer = %peer, error = %error, "a TLS handshake failed");
                return;
            }
            Err(_) => {
                debug!(peer = %peer, "a TLS handshake took too long");
                return;
            }
        },
    };
    if let Err(error) = ended {
        debug!(peer = %peer, error = %error, "a connection ended with an error");
    }
}

/// Drives a connection to its end, which comes early when the process stops or the client asks for nothing any more: the
/// places for connections are few, and whoever holds one in silence takes it from somebody else.
async fn drive<C: GracefulConnection>(
    connection: C,
    requests: &Requests,
    mut stopping: watch::Receiver<()>,
) -> Result<(), C::Error> {
    let own = GracefulShutdown::new();
    let mut connection = std::pin::pin!(own.watch(connection));
    let patience = tokio::select! {
        ended = &mut connection => return ended,
        _ = stopping.changed() => DRAIN,
        () = requests.cease(CLIENT_PATIENCE) => GOODBYE,
    };
    let ended = tokio::time::timeout(patience, async { tokio::join!(connection, own.shutdown()).0 });
    ended.await.unwrap_or(Ok(()))
}

/// Completes when the process is asked to stop: SIGINT or SIGTERM. They are caught from this call on, so that whoever saw the
/// process begin can end it in good order.
#[cfg(unix)]
pub(crate) fn stop_signal() -> impl Future<Output = ()> {
    use tokio::signal::unix::SignalKind;
    let (interrupted, terminated) = (caught(SignalKind::interrupt()), caught(SignalKind::terminate()));
    async move {
        tokio::select! {
            () = interrupted => {}
            () = terminated => {}
        }
    }
}

/// The signal that a configuration has changed: SIGHUP, where there is one. It is caught from the beginning on, and ends no
/// process any more.
pub(crate) struct Hangup(#[cfg(unix)] Option<tokio::signal::unix::Signal>);

impl Hangup {
    #[cfg(unix)]
    pub(crate) fn catch() -> Self {
        Self(tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok())
    }

    #[cfg(not(unix))]
    pub(crate) fn catch() -> Self {
        Self()
    }

    /// Completes when it comes.
    pub(crate) async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.0 {
            signal.recv().await;
            return;
        }
        std::future::pending::<()>().await;
    }
}

#[cfg(unix)]
fn caught(kind: tokio::signal::unix::SignalKind) -> impl Future<Output = ()> {
    let signal = tokio::signal::unix::signal(kind);
    async move {
        match signal {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(error) => {
                warn!(error = %error, "a signal can't be caught");
                std::future::pending::<()>().await;
            }
        }
    }
}

/// Completes when the process is asked to stop.
#[cfg(not(unix))]
pub(crate) async fn stop_signal() {
    if let Err(error) = tokio::signal::ctrl_c().await {
        warn!(error = %error, "the request to stop can't be caught");
        std::future::pending::<()>().await;
    }
}

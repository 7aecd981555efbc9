//! Our own listener: who calls it has read a URL in one of our tokens.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;
use url::Url;

/// Waits for call-backs on an address of the operator. It answers what the audit offers, and nothing else; it stops when it
/// is dropped.
#[derive(Debug)]
pub struct Listener {
    address: SocketAddr,
    base: Url,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared {
    offers: Mutex<HashMap<String, String>>,
    calls: Mutex<Vec<String>>,
    tls: AtomicUsize,
    called: Notify,
}

impl Listener {
    /// Listens. `reached_at` is the URL under which the target reaches the address, when it is not the address itself.
    ///
    /// # Errors
    /// The address can't be bound.
    pub async fn start(address: SocketAddr, reached_at: Option<Url>) -> std::io::Result<Self> {
        let socket = TcpListener::bind(address).await?;
        let address = socket.local_addr()?;
        let base = match reached_at {
            Some(url) => url,
            None => Url::parse(&format!("http://{address}/")).map_err(std::io::Error::other)?,
        };
        let shared = Arc::new(Shared::default());
        let task = tokio::spawn(serve(socket, Arc::clone(&shared)));
        Ok(Self { address, base, shared, task })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether the address is one that only this machine or network reaches: what a fetch of it shows is that the target
    /// reaches the inside.
    pub fn is_inside(&self) -> bool {
        match self.address.ip() {
            IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
            IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
        }
    }

    /// The URL of a path, as the target reaches it.
    pub fn url(&self, path: &str) -> Url {
        self.base.join(path).unwrap_or_else(|_| self.base.clone())
    }

    /// Host and port, as the target reaches them.
    pub fn authority(&self) -> String {
        let host = self.base.host_str().unwrap_or_default();
        self.base.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// Answers a path with this text from now on.
    pub fn offer(&self, path: &str, body: String) {
        lock(&self.shared.offers).insert(path.to_owned(), body);
    }

    /// How many calls a path, or anything below it, has had.
    pub fn calls(&self, path: &str) -> usize {
        lock(&self.shared.calls).iter().filter(|call| call.starts_with(path)).count()
    }

    /// How many connections began with a handshake of TLS, which this listener does not speak: a call-back whose path
    /// can't be read.
    pub fn handshakes(&self) -> usize {
        self.shared.tls.load(Ordering::Acquire)
    }

    /// Waits until one of the paths has been called, at most `patience`.
    pub async fn wait(&self, paths: &[String], patience: Duration) {
        let called = async {
            loop {
                let next = self.shared.called.notified();
                if paths.iter().any(|path| self.calls(path) > 0) {
                    return;
                }
                next.await;
            }
        };
        // Nobody called: that is an answer too.
        let _ = tokio::time::timeout(patience, called).await;
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(socket: TcpListener, shared: Arc<Shared>) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match socket.accept().await {
            Ok((stream, _)) => {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move {
                    // Who is slow loses the connection; who breaks it has called all the same.
                    let _ = tokio::time::timeout(TIMEOUT, answer(stream, &shared)).await;
                    drop(place);
                });
            }
            // Out of file descriptors, for one: it passes.
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

async fn answer(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut head = Vec::new();
    let mut buffer = [0; 1_024];
    while !head.windows(4).any(|window| window == b"\r\n\r\n") && head.len() < MAX_HEAD_BYTES {
        let read = stream.read(&mut buffer).await?;
        head.extend_from_slice(buffer.get(..read).unwrap_or_default());
        if head.first() == Some(&TLS_HANDSHAKE) {
            shared.tls.fetch_add(1, Ordering::AcqRel);
            shared.called.notify_waiters();
            return Ok(());
        }
        if read == 0 {
            break;
        }
    }
    let text = String::from_utf8_lossy(&head);
    let target = text.lines().next().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
    let path = target.split(['?', '#']).next().unwrap_or_default().to_owned();
    let body = lock(&shared.offers).get(&path).cloned();
    {
        let mut calls = lock(&shared.calls);
        if calls.len() < MAX_CALLS {
            calls.push(path);
        }
    }
    shared.called.notify_waiters();
    let (status, body) = body.map_or(("404 Not Found", String::new()), |body| ("200 OK", body));
    let kind = if body.starts_with('{') { "application/json" } else { "text/plain" };
    let length = body.len();
    let response = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    );
    stream.write_all(response.as_bytes()).await?;
    stream.shutdown().await
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where the key set that the audit was given is served, for verifiers that the operator points there.
pub const KEY_SET_PATH: &str = "/jwks.json";

/// The first byte of a TLS record that holds a handshake.
const TLS_HANDSHAKE: u8 = 22;

/// How long one connection may last.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The pause after a connection could not be accepted.
const PAUSE: Duration = Duration::from_millis(50);

/// How many connections are served at once.
const MAX_CONNECTIONS: usize = 64;

/// The longest request head, in bytes.
const MAX_HEAD_BYTES: usize = 8 * 1024;

/// How many calls are remembered.
const MAX_CALLS: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    async fn ask(listener: &Listener, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(listener.address()).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut text = String::new();
        // A connection that is cut has said what it had to.
        let _ = stream.read_to_string(&mut text).await;
        text
    }

    #[tokio::test]
    async fn a_call_is_remembered_and_only_what_is_offered_is_answered() {
        let listener = Listener::start("127.0.0.1:0".parse().unwrap(), None).await.unwrap();
        listener.offer("/a/1", r#"{"keys":[]}"#.to_owned());
        assert!(listener.is_inside());
        assert!(ask(&listener, b"GET /a/1?x HTTP/1.1\r\nHost: a\r\n\r\n").await.ends_with(r#"{"keys":[]}"#));
        assert!(ask(&listener, b"GET /a/2 HTTP/1.1\r\n\r\n").await.starts_with("HTTP/1.1 404"));
        assert_eq!((listener.calls("/a/1"), listener.calls("/a"), listener.calls("/b")), (1, 2, 0));
        listener.wait(&["/a/2".to_owned()], Duration::from_mins(1)).await;
        ask(&listener, &[22, 3, 1, 0, 5]).await;
        assert_eq!(listener.handshakes(), 1);
    }

    #[tokio::test]
    async fn a_head_without_end_is_cut_off() {
        let listener = Listener::start("127.0.0.1:0".parse().unwrap(), None).await.unwrap();
        ask(&listener, &[b"GET /".to_vec(), vec![b'a'; 2 * MAX_HEAD_BYTES]].concat()).await;
        listener.wait(&["/aaa".to_owned()], Duration::from_mins(1)).await;
        assert!(lock(&listener.shared.calls).iter().all(|call| call.len() <= MAX_HEAD_BYTES + 1_024));
        assert_eq!(listener.calls("/aaa"), 1);
    }
}

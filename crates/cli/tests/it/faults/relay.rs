//! A TCP relay that drops, holds back, delays or half-closes what goes through it.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// How long each piece waits while the line is slow: less than a lease, more than a heartbeat's distance.
const DELAY: Duration = Duration::from_millis(400);

/// What the line does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// It carries everything.
    Whole,
    /// It ends every connection, and lets none begin.
    Cut,
    /// It carries nothing, and nobody is told.
    Silent,
    /// It carries everything late.
    Slow,
    /// What the guard says gets through; what it is told does not: it reads the end of the stream.
    Mute,
    /// The other way round.
    Deaf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    ToGuard,
    ToAuthority,
}

/// A relay from a port of this machine to another one.
pub(super) struct Relay {
    pub(super) port: u16,
    line: Arc<watch::Sender<Line>>,
}

impl Relay {
    pub(super) async fn start(target: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let line = Arc::new(watch::Sender::new(Line::Whole));
        let watched = Arc::clone(&line);
        tokio::spawn(async move {
            loop {
                let (near, _) = listener.accept().await.unwrap();
                let mut line = watched.subscribe();
                if *line.borrow_and_update() != Line::Cut {
                    tokio::spawn(connect(near, target, line));
                }
            }
        });
        Self { port, line }
    }

    pub(super) fn set(&self, line: Line) {
        self.line.send_replace(line);
    }
}

async fn connect(near: TcpStream, target: u16, line: watch::Receiver<Line>) {
    // The authority may be dead: then this end closes, too.
    let Ok(far) = TcpStream::connect(("127.0.0.1", target)).await else { return };
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
    let mut cut = line.clone();
    tokio::select! {
        _ = cut.wait_for(|line| *line == Line::Cut) => {}
        _ = async {
            tokio::join!(
                carry(near_in, far_out, Way::ToAuthority, line.clone()),
                carry(far_in, near_out, Way::ToGuard, line.clone()),
            )
        } => {}
    }
}

/// Carries one way until it ends.
async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, way: Way, mut line: watch::Receiver<Line>) {
    let mut piece = vec![0; 16 * 1024];
    let closed = |line: Line| matches!((line, way), (Line::Mute, Way::ToGuard) | (Line::Deaf, Way::ToAuthority));
    loop {
        let length = tokio::select! {
            read = from.read(&mut piece) => read.unwrap_or(0),
            _ = line.wait_for(|line| closed(*line)) => 0,
        };
        let _ = line.wait_for(|line| *line != Line::Silent).await;
        let now = *line.borrow();
        if length == 0 || closed(now) {
            let _ = to.shutdown().await;
            break;
        }
        if now == Line::Slow {
            tokio::time::sleep(DELAY).await;
        }
        if to.write_all(&piece[..length]).await.is_err() {
            break;
        }
    }
    // What still comes is read and thrown away, so that the other end is not told.
    while matches!(from.read(&mut piece).await, Ok(1..)) {}
}

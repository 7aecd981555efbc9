//! Drives a [`Follower`] over real connections: connects, reads and writes frames, reads the clocks, reconnects.

use std::time::Duration;

use bytes::BytesMut;
use http::StatusCode;
use http::header::{AUTHORIZATION, CONNECTION, HeaderValue, UPGRADE};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tracing::{debug, info, warn};
use url::Url;

use super::follower::{Follower, ProtocolError};
use super::replica::Replica;
use super::wire::{Frame, MalformedFrame, take_frame};
use crate::clock::{boot_now, unix_now};

/// The value of the `Upgrade` header that asks for version 1 of the stream.
pub const UPGRADE_PROTOCOL: &str = "probity-revocation/1";

/// How long a connection may take to stand, and a write to be taken.
const IO_TIMEOUT: Duration = Duration::from_secs(2);

/// A connection on which nothing has come for so many heartbeats is given up.
const SILENT_HEARTBEATS: u32 = 4;

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How often lapsed records are dropped.
const FORGET_INTERVAL: Duration = Duration::from_mins(1);

const READ_BUFFER_BYTES: usize = 64 * 1024;

/// Where the authority's revocation stream is, and what shows that we are a guard of it.
#[derive(Debug)]
pub struct Endpoint {
    /// The stream's address: `revocation_stream_endpoint` of the authority's metadata.
    pub url: Url,
    /// An HTTP/1.1 client that trusts the authority's certificate.
    pub client: reqwest::Client,
    /// `Bearer` and the guard's credential, marked sensitive.
    pub authorization: HeaderValue,
}

/// Why a connection to the authority could not be made or has ended.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The connection could not be made.
    #[error("the authority can't be reached: {0}")]
    Unreachable(#[source] reqwest::Error),
    /// The authority answered with something else than the stream.
    #[error("the authority answered {0} instead of the revocation stream")]
    NoStream(StatusCode),
    /// Reading or writing failed.
    #[error("the connection broke: {0}")]
    Broken(#[from] std::io::Error),
    /// The authority closed the connection.
    #[error("the authority closed the connection")]
    Closed,
    /// Nothing came for several heartbeats.
    #[error("the authority is silent")]
    Silent,
    /// A frame could not be read.
    #[error(transparent)]
    Malformed(#[from] MalformedFrame),
    /// A frame had no place.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
}

/// Follows the authority until the task is dropped, reconnecting for ever.
pub async fn follow(endpoint: Endpoint, mut follower: Follower) {
    let mut pause = FIRST_PAUSE;
    let mut reported = String::new();
    loop {
        let error = match connect(&endpoint).await {
            Ok(io) => {
                info!(authority = %endpoint.url, "the revocation stream is connected");
                reported.clear();
                pause = FIRST_PAUSE;
                let ended = converse(io, &mut follower).await;
                follower.disconnected();
                ended
            }
            Err(error) => error,
        };
        // The same trouble is told once, not four times a second.
        let text = error.to_string();
        if text == reported {
            debug!(error = %text, "the revocation stream is still down");
        } else {
            warn!(error = %text, "the revocation stream is down");
            reported = text;
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Drops lapsed records once a minute, until the task is dropped.
pub async fn forget_lapsed(replica: std::sync::Arc<Replica>) {
    let mut timer = tokio::time::interval(FORGET_INTERVAL);
    loop {
        timer.tick().await;
        replica.forget(unix_now());
    }
}

async fn connect(endpoint: &Endpoint) -> Result<reqwest::Upgraded, FollowError> {
    let request = endpoint
        .client
        .get(endpoint.url.clone())
        .header(CONNECTION, "upgrade")
        .header(UPGRADE, UPGRADE_PROTOCOL)
        .header(AUTHORIZATION, endpoint.authorization.clone())
        .send();
    let response = match tokio::time::timeout(IO_TIMEOUT, request).await {
        Ok(answer) => answer.map_err(|error| FollowError::Unreachable(error.without_url()))?,
        Err(_) => return Err(FollowError::Silent),
    };
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(FollowError::NoStream(response.status()));
    }
    response.upgrade().await.map_err(|error| FollowError::Unreachable(error.without_url()))
}

/// Speaks the protocol on one connection until it ends, and says why it did.
async fn converse(io: impl AsyncRead + AsyncWrite + Unpin, follower: &mut Follower) -> FollowError {
    match converse_until_error(io, follower).await {
        Err(error) => error,
        Ok(never) => match never {},
    }
}

async fn converse_until_error(
    mut io: impl AsyncRead + AsyncWrite + Unpin,
    follower: &mut Follower,
) -> Result<std::convert::Infallible, FollowError> {
    let mut incoming = BytesMut::with_capacity(READ_BUFFER_BYTES);
    let mut outgoing = Vec::new();
    follower.connected(boot_now(), unix_now()).encode(&mut outgoing);
    let mut last_heard = boot_now();
    loop {
        if let Some(renewal) = follower.tick(boot_now(), unix_now())? {
            renewal.encode(&mut outgoing);
        }
        if !outgoing.is_empty() {
            let written = async {
                io.write_all(&outgoing).await?;
                io.flush().await
            };
            tokio::time::timeout(IO_TIMEOUT, written).await.map_err(|_| FollowError::Silent)??;
            outgoing.clear();
        }
        // A read that is dropped by the timeout has taken nothing, so nothing is lost.
        match tokio::time::timeout(follower.heartbeat(), io.read_buf(&mut incoming)).await {
            Ok(Ok(0)) => return Err(FollowError::Closed),
            Ok(Ok(_)) => {
                last_heard = boot_now();
                if let Some(answer) = take_all(&mut incoming, follower)? {
                    answer.encode(&mut outgoing);
                }
            }
            Ok(Err(error)) => return Err(error.into()),
            Err(_) if boot_now().since(last_heard) > follower.heartbeat() * SILENT_HEARTBEATS => {
                return Err(FollowError::Silent);
            }
            Err(_) => {}
        }
    }
}

/// Handles every whole frame in the buffer; only the last acknowledgement needs to be sent.
fn take_all(incoming: &mut BytesMut, follower: &mut Follower) -> Result<Option<Frame>, FollowError> {
    let mut answer = None;
    while let Some(frame) = take_frame(incoming)? {
        answer = follower.received(frame)?.or(answer);
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::super::wire::Instance;
    use super::super::{Lease, Position, Revocation, Target};
    use super::*;
    use probity_jose::UnixTime;
    use std::sync::Arc;

    #[tokio::test]
    async fn a_conversation_loads_follows_renews_and_acknowledges() {
        let (guard_end, mut authority_end) = tokio::io::duplex(1 << 16);
        let replica = Arc::new(Replica::new("https://as.example"));
        let lease = Arc::new(Lease::default());
        let mut follower = Follower::new(Instance([1; 16]), Arc::clone(&replica), Arc::clone(&lease));
        let guard = tokio::spawn(async move { converse(guard_end, &mut follower).await.to_string() });

        let mut buffer = BytesMut::new();
        let hello = next(&mut authority_end, &mut buffer).await;
        assert!(matches!(hello, Frame::Hello { version: 1, .. }));
        let start = Position { term: 3, seq: 8 };
        let span = Duration::from_secs(2);
        say(
            &mut authority_end,
            Frame::Welcome { term: 3, heartbeat: Duration::from_millis(50), lease: span, resumed: false },
        )
        .await;
        say(&mut authority_end, Frame::SnapshotEnd { position: start, count: 0 }).await;
        let mut acknowledged = false;
        let nonce = loop {
            match next(&mut authority_end, &mut buffer).await {
                Frame::Ack { applied } => acknowledged = applied == start,
                Frame::Renew { nonce, .. } => break nonce,
                other => panic!("{other:?}"),
            }
        };
        assert!(acknowledged);
        say(&mut authority_end, Frame::Heartbeat { nonce, head: start }).await;
        let first = Position { term: 3, seq: 9 };
        let dead = Arc::new(Revocation::own(Target::Token("t".into()), UnixTime::from_secs(u64::MAX)));
        say(&mut authority_end, Frame::Delta { first, records: vec![dead] }).await;
        while next(&mut authority_end, &mut buffer).await != (Frame::Ack { applied: first }) {}
        assert!(lease.holds(boot_now()));
        assert_eq!(replica.len(), 1);
        drop(authority_end);
        assert_eq!(guard.await.unwrap(), FollowError::Closed.to_string());
    }

    #[tokio::test]
    async fn a_silent_authority_is_given_up() {
        let (guard_end, _authority_end) = tokio::io::duplex(1 << 16);
        let replica = Arc::new(Replica::new("https://as.example"));
        let mut follower = Follower::new(Instance([1; 16]), replica, Arc::new(Lease::default()));
        let ended = tokio::time::timeout(Duration::from_secs(10), converse(guard_end, &mut follower)).await;
        assert!(matches!(ended, Ok(FollowError::Silent)));
    }

    async fn next(io: &mut tokio::io::DuplexStream, buffer: &mut BytesMut) -> Frame {
        loop {
            if let Some(frame) = take_frame(buffer).unwrap() {
                return frame;
            }
            assert_ne!(io.read_buf(buffer).await.unwrap(), 0, "the guard closed the connection");
        }
    }

    async fn say(io: &mut tokio::io::DuplexStream, frame: Frame) {
        let mut bytes = Vec::new();
        frame.encode(&mut bytes);
        io.write_all(&bytes).await.unwrap();
    }
}

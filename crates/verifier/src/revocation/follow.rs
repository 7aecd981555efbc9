//! Drives a [`Follower`] over real connections: connects, reads and writes frames, reads the clocks, reconnects.

use std::time::Duration;

use bytes::BytesMut;
use http::StatusCode;
use http::header::{AUTHORIZATION, CONNECTION, HeaderValue, UPGRADE};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tracing::{debug, info, warn};
use url::Url;

use super::enforcer::Enforcer;
use super::follower::{Follower, ProtocolError};
use super::snapshot::{SnapshotClaims, SnapshotError, SnapshotHash};
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

/// Verifies the signatures of snapshots: it knows the issuer's keys.
pub trait VerifySnapshot: Sync {
    /// Verifies a signature, after fetching the keys when it names one that is not known.
    ///
    /// # Errors
    /// [`SnapshotError`]
    fn verify(&self, signature: &str) -> impl Future<Output = Result<SnapshotClaims, SnapshotError>> + Send;
}

/// Follows the authority until the task is dropped, reconnecting for ever.
pub async fn follow(endpoint: Endpoint, mut follower: Follower, enforcer: Enforcer, keys: impl VerifySnapshot) {
    let mut pause = FIRST_PAUSE;
    let mut reported = String::new();
    loop {
        let error = match connect(&endpoint).await {
            Ok(io) => {
                info!(authority = %endpoint.url, "the revocation stream is connected");
                let started = boot_now();
                let ended = converse(io, &mut follower, &enforcer, &keys).await;
                follower.disconnected();
                // A connection that breaks as soon as it stands, again and again, is no reason to try faster.
                if boot_now().since(started) > LONGEST_PAUSE {
                    reported.clear();
                    pause = FIRST_PAUSE;
                }
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
        // The clocks are watched, and lapsed records dropped, also while nobody is there to talk to.
        if let Err(error) = enforcer.carry_out(follower.tick(boot_now(), unix_now()), drop) {
            warn!(error = %error, "the replica is stale");
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
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
pub async fn converse(
    io: impl AsyncRead + AsyncWrite + Unpin,
    follower: &mut Follower,
    enforcer: &Enforcer,
    keys: &impl VerifySnapshot,
) -> FollowError {
    match converse_until_error(io, follower, enforcer, keys).await {
        Err(error) => error,
        Ok(never) => match never {},
    }
}

async fn converse_until_error(
    mut io: impl AsyncRead + AsyncWrite + Unpin,
    follower: &mut Follower,
    enforcer: &Enforcer,
    keys: &impl VerifySnapshot,
) -> Result<std::convert::Infallible, FollowError> {
    let mut incoming = Incoming { buffer: BytesMut::with_capacity(READ_BUFFER_BYTES), hash: SnapshotHash::default() };
    let mut outgoing = Vec::new();
    follower.connected().encode(&mut outgoing);
    let mut last_heard = boot_now();
    loop {
        // The clock is read before the question is sent: the lease counts from here.
        let actions = follower.tick(boot_now(), unix_now());
        enforcer.carry_out(actions, |frame| frame.encode(&mut outgoing))?;
        if !outgoing.is_empty() {
            let written = async {
                io.write_all(&outgoing).await?;
                io.flush().await
            };
            tokio::time::timeout(IO_TIMEOUT, written).await.map_err(|_| FollowError::Silent)??;
            outgoing.clear();
        }
        // A read that is dropped by the timeout has taken nothing, so nothing is lost.
        match tokio::time::timeout(follower.heartbeat(), io.read_buf(&mut incoming.buffer)).await {
            Ok(Ok(0)) => return Err(FollowError::Closed),
            Ok(Ok(_)) => {
                last_heard = boot_now();
                incoming.handle(follower, enforcer, keys, &mut outgoing).await?;
            }
            Ok(Err(error)) => return Err(error.into()),
            Err(_) if boot_now().since(last_heard) > follower.heartbeat() * SILENT_HEARTBEATS => {
                return Err(FollowError::Silent);
            }
            Err(_) => {}
        }
    }
}

/// What has come on one connection.
struct Incoming {
    buffer: BytesMut,
    /// Of the snapshot's records so far.
    hash: SnapshotHash,
}

impl Incoming {
    /// Handles every whole frame in the buffer.
    async fn handle(
        &mut self,
        follower: &mut Follower,
        enforcer: &Enforcer,
        keys: &impl VerifySnapshot,
        outgoing: &mut Vec<u8>,
    ) -> Result<(), FollowError> {
        while let Some(frame) = take_frame(&mut self.buffer)? {
            let actions = match frame {
                Frame::SnapshotEnd { signature } => {
                    let claims = keys.verify(&signature).await.map_err(ProtocolError::from)?;
                    std::mem::take(&mut self.hash).check(&claims).map_err(ProtocolError::from)?;
                    follower.loaded(claims)
                }
                Frame::SnapshotPart { records } => {
                    for record in &records {
                        self.hash.add(record).map_err(ProtocolError::from)?;
                    }
                    follower.received(Frame::SnapshotPart { records })
                }
                frame => follower.received(frame),
            };
            enforcer.carry_out(actions, |frame| frame.encode(outgoing))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::wire::{Instance, Opening, VERSION};
    use super::super::{Lease, Position, Positions, Replica, Revocation, Target, Writer};
    use super::*;
    use probity_jose::{JwkSet, SignatureAlgorithm, SigningKey, UnixTime};
    use std::sync::Arc;
    use tokio::io::DuplexStream;

    const ISSUER: &str = "https://as.example";
    const START: Position = Position { writer: Writer([9; 8]), term: 3, seq: 8 };

    struct Keys(JwkSet);

    impl VerifySnapshot for Keys {
        async fn verify(&self, signature: &str) -> Result<SnapshotClaims, SnapshotError> {
            SnapshotClaims::verify(signature, ISSUER, &self.0, &[SignatureAlgorithm::Es256])
        }
    }

    struct Scene {
        guard: tokio::task::JoinHandle<FollowError>,
        enforcer: Enforcer,
        authority: DuplexStream,
        buffer: BytesMut,
        key: SigningKey,
    }

    impl Scene {
        fn start() -> Self {
            let (guard_end, authority) = tokio::io::duplex(1 << 16);
            let enforcer = Enforcer::new(Arc::new(Replica::new(ISSUER)), Arc::new(Lease::default()));
            let key = SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
            let keys = Keys(JwkSet::from(key.verifying_key().unwrap()));
            let guard = tokio::spawn({
                let enforcer = enforcer.clone();
                let mut follower = Follower::new(Instance([1; 16]));
                async move { converse(guard_end, &mut follower, &enforcer, &keys).await }
            });
            Self { guard, enforcer, authority, buffer: BytesMut::new(), key }
        }

        async fn next(&mut self) -> Frame {
            loop {
                if let Some(frame) = take_frame(&mut self.buffer).unwrap() {
                    return frame;
                }
                assert_ne!(self.authority.read_buf(&mut self.buffer).await.unwrap(), 0, "the guard hung up");
            }
        }

        async fn say(&mut self, frame: Frame) {
            let mut bytes = Vec::new();
            frame.encode(&mut bytes);
            self.authority.write_all(&bytes).await.unwrap();
        }

        /// Greets the guard and sends a snapshot of `sent`, signed as one of `signed`.
        async fn load(&mut self, sent: &[Revocation], signed: &[Revocation]) {
            assert!(matches!(self.next().await, Frame::Hello { version: VERSION, .. }));
            let (heartbeat, lease) = (Duration::from_millis(50), Duration::from_secs(2));
            self.say(Frame::Welcome { heartbeat, lease, opening: Opening::Snapshot }).await;
            self.say(Frame::SnapshotPart { records: sent.to_vec() }).await;
            let mut hash = SnapshotHash::default();
            signed.iter().for_each(|record| hash.add(record).unwrap());
            let (count, sha256) = hash.finish();
            let claims = SnapshotClaims { positions: START.into(), horizon: UnixTime::default(), count, sha256 };
            let signature = claims.sign(ISSUER, &self.key).unwrap();
            self.say(Frame::SnapshotEnd { signature }).await;
        }
    }

    fn token(jti: &str) -> Revocation {
        Revocation::own(Target::Token(jti.into()), UnixTime::from_secs(u64::MAX))
    }

    #[tokio::test]
    async fn a_conversation_loads_follows_renews_and_acknowledges() {
        let mut scene = Scene::start();
        scene.load(&[token("s")], &[token("s")]).await;
        let mut acknowledged = false;
        let nonce = loop {
            match scene.next().await {
                Frame::Ack { applied } => acknowledged = applied == Positions::from(START),
                Frame::Renew { nonce } => break nonce,
                other => panic!("{other:?}"),
            }
        };
        assert!(acknowledged);
        scene.say(Frame::Heartbeat { nonce, head: START.into() }).await;
        let first = START.plus(1);
        scene.say(Frame::Delta { first, records: vec![Arc::new(token("t"))] }).await;
        while scene.next().await != (Frame::Ack { applied: first.into() }) {}
        assert!(scene.enforcer.lease().holds(boot_now()));
        assert_eq!(scene.enforcer.replica().len(), 2);
        drop(scene.authority);
        assert!(matches!(scene.guard.await.unwrap(), FollowError::Closed));
    }

    #[tokio::test]
    async fn a_snapshot_whose_records_are_not_those_that_were_signed_is_refused() {
        let mut scene = Scene::start();
        scene.load(&[token("a")], &[token("a"), token("b")]).await;
        let ended = scene.guard.await.unwrap();
        assert!(
            matches!(ended, FollowError::Protocol(ProtocolError::Snapshot(SnapshotError::OtherRecords))),
            "{ended}"
        );
    }

    #[tokio::test]
    async fn a_silent_authority_is_given_up() {
        let Scene { guard, authority: _authority, .. } = Scene::start();
        let ended = tokio::time::timeout(Duration::from_secs(10), guard).await;
        assert!(matches!(ended, Ok(Ok(FollowError::Silent))));
    }
}

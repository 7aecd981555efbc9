//! The authority's side of one guard's connection.
//!
//! Each connection pulls records from the hub at its own pace: a guard that reads slowly blocks only its own task, gets
//! no heartbeat meanwhile, and so loses its lease.

use std::time::Duration;

use bytes::BytesMut;
use probity_verifier::clock::boot_now;
use probity_verifier::revocation::wire::{Frame, Instance, MAX_RECORDS_PER_FRAME, MalformedFrame, VERSION, take_frame};
use probity_verifier::revocation::{Position, Revocation};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tracing::{info, warn};

use super::hub::{Hub, Opening, Tail};

/// How long a guard may take to say hello, and to take a frame.
const IO_TIMEOUT: Duration = Duration::from_secs(5);

/// A guard that has asked nothing for so long is gone.
const SILENCE: Duration = Duration::from_secs(5);

/// Why a guard's connection has ended.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// Reading or writing failed.
    #[error("the connection broke: {0}")]
    Broken(#[from] std::io::Error),
    /// The guard closed the connection.
    #[error("the guard closed the connection")]
    Closed,
    /// The guard sent or took nothing in time.
    #[error("the guard is silent")]
    Silent,
    /// A frame could not be read.
    #[error(transparent)]
    Malformed(#[from] MalformedFrame),
    /// A frame had no place.
    #[error("a frame out of turn")]
    OutOfTurn,
    /// The guard speaks another version.
    #[error("the guard speaks version {0} of the stream")]
    Version(u16),
    /// The guard fell behind what the hub keeps; it comes back for a snapshot.
    #[error("the guard fell too far behind")]
    TooFarBehind,
}

impl Hub {
    /// Serves one guard, whose credential was already checked, until its connection ends.
    pub async fn serve(&self, name: &str, io: impl AsyncRead + AsyncWrite) {
        let (reader, writer) = tokio::io::split(io);
        let incoming = Incoming { reader, buffer: BytesMut::with_capacity(4_096) };
        let outgoing = Outgoing { writer, bytes: Vec::new() };
        match self.greet(name, incoming, outgoing).await {
            StreamError::Closed => info!(guard = name, "a guard has disconnected"),
            error => warn!(guard = name, error = %error, "a guard's stream has ended"),
        }
    }

    async fn greet<R, W>(&self, name: &str, mut incoming: Incoming<R>, mut outgoing: Outgoing<W>) -> StreamError
    where
        R: AsyncRead,
        W: AsyncWrite,
    {
        let (instance, applied) = match tokio::time::timeout(IO_TIMEOUT, incoming.next()).await {
            Ok(Ok(Frame::Hello { version: VERSION, instance, applied })) => (instance, applied),
            Ok(Ok(Frame::Hello { version, .. })) => {
                let reason = format!("this authority speaks version {VERSION} of the revocation stream");
                // The guard's log should say why; if it can't be told, ours does.
                let _ = outgoing.send(&Frame::Refused { reason }).await;
                return StreamError::Version(version);
            }
            Ok(Ok(_)) => return StreamError::OutOfTurn,
            Ok(Err(error)) => return error,
            Err(_) => return StreamError::Silent,
        };
        let opening = self.connected(instance, name, applied);
        info!(guard = name, applied = %applied, "a guard has connected");
        let ended = self.converse(instance, opening, incoming, outgoing).await;
        self.disconnected(instance);
        match ended {
            Err(error) => error,
            Ok(never) => match never {},
        }
    }

    async fn converse<R: AsyncRead, W: AsyncWrite>(
        &self,
        instance: Instance,
        opening: Opening,
        mut incoming: Incoming<R>,
        mut outgoing: Outgoing<W>,
    ) -> Result<std::convert::Infallible, StreamError> {
        let mut heads = self.watch_head();
        let mut sent = match opening {
            Opening::Resume { from } => {
                outgoing.send(&self.welcome(true)).await?;
                from
            }
            Opening::Snapshot { position, records } => {
                outgoing.send(&self.welcome(false)).await?;
                send_snapshot(&mut outgoing, position, records).await?;
                position
            }
        };
        loop {
            sent = self.send_tail(sent, &mut outgoing).await?;
            tokio::select! {
                // Reading is safe to drop: bytes that have come stay in the buffer.
                frame = tokio::time::timeout(SILENCE, incoming.next()) => match frame.map_err(|_| StreamError::Silent)?? {
                    Frame::Ack { applied } => self.acknowledged(instance, applied),
                    Frame::Renew { nonce, applied } => {
                        let received = boot_now();
                        // Every record up to the head goes out before the head is named.
                        sent = self.send_tail(sent, &mut outgoing).await?;
                        if self.renew(instance, applied, received) {
                            outgoing.send(&Frame::Heartbeat { nonce, head: sent }).await?;
                        }
                    }
                    _ => return Err(StreamError::OutOfTurn),
                },
                changed = heads.changed() => if changed.is_err() {
                    return Err(StreamError::Closed);
                },
            }
        }
    }

    /// Sends every record after `sent`, and says how far that was.
    async fn send_tail<W: AsyncWrite>(
        &self,
        mut sent: Position,
        outgoing: &mut Outgoing<W>,
    ) -> Result<Position, StreamError> {
        loop {
            match self.tail(sent, MAX_RECORDS_PER_FRAME) {
                Tail::UpToDate => return Ok(sent),
                Tail::TooFarBehind => return Err(StreamError::TooFarBehind),
                Tail::Records { first, records } => {
                    let last = Position { term: first.term, seq: sent.seq + records.len() as u64 };
                    outgoing.send(&Frame::Delta { first, records }).await?;
                    sent = last;
                }
            }
        }
    }
}

async fn send_snapshot<W: AsyncWrite>(
    outgoing: &mut Outgoing<W>,
    position: Position,
    records: Vec<Revocation>,
) -> Result<(), StreamError> {
    let count = records.len() as u64;
    let mut rest = records.into_iter().peekable();
    while rest.peek().is_some() {
        let records = rest.by_ref().take(MAX_RECORDS_PER_FRAME).collect();
        outgoing.send(&Frame::SnapshotPart { records }).await?;
    }
    outgoing.send(&Frame::SnapshotEnd { position, count }).await
}

struct Incoming<R> {
    reader: ReadHalf<R>,
    buffer: BytesMut,
}

impl<R: AsyncRead> Incoming<R> {
    async fn next(&mut self) -> Result<Frame, StreamError> {
        loop {
            if let Some(frame) = take_frame(&mut self.buffer)? {
                return Ok(frame);
            }
            if self.reader.read_buf(&mut self.buffer).await? == 0 {
                return Err(StreamError::Closed);
            }
        }
    }
}

struct Outgoing<W> {
    writer: WriteHalf<W>,
    bytes: Vec<u8>,
}

impl<W: AsyncWrite> Outgoing<W> {
    async fn send(&mut self, frame: &Frame) -> Result<(), StreamError> {
        self.bytes.clear();
        frame.encode(&mut self.bytes);
        let written = async {
            self.writer.write_all(&self.bytes).await?;
            self.writer.flush().await
        };
        Ok(tokio::time::timeout(IO_TIMEOUT, written).await.map_err(|_| StreamError::Silent)??)
    }
}

//! Drives a [`Conversation`] over one guard's connection.
//!
//! Each connection pulls from the hub at its own pace: a guard that reads slowly blocks only its own task, gets no
//! heartbeat meanwhile, and so loses its lease.

use std::time::Duration;

use bytes::BytesMut;
use probity_jose::SigningKey;
use probity_verifier::clock::boot_now;
use probity_verifier::revocation::wire::{Frame, MalformedFrame, VERSION, take_frame};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tracing::{info, warn};

use super::conversation::{Conversation, Ended, Turn};
use super::hub::Hub;
use super::registry::{GuardKey, TooManyGuards};

/// How long a guard may take to say hello, and to take what is sent at a time.
const IO_TIMEOUT: Duration = Duration::from_secs(5);

/// A guard that has asked nothing for so long is gone.
const SILENCE: Duration = Duration::from_secs(5);

/// Frames are written together up to this size.
const WRITE_BYTES: usize = 64 * 1024;

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
    /// The protocol ends it.
    #[error(transparent)]
    Ended(#[from] Ended),
    /// The guard speaks another version.
    #[error("the guard speaks version {0} of the stream")]
    Version(u16),
    /// There is no room for it.
    #[error(transparent)]
    TooMany(#[from] TooManyGuards),
    /// A snapshot can't be signed.
    #[error("the snapshot can't be signed: {0}")]
    Unsigned(#[from] probity_jose::Error),
}

impl Hub {
    /// Serves one guard, whose credential was already checked, until its connection ends. `key` signs its snapshot.
    pub async fn serve(&self, name: &str, key: &SigningKey, io: impl AsyncRead + AsyncWrite) {
        let (reader, writer) = tokio::io::split(io);
        let incoming = Incoming { reader, buffer: BytesMut::with_capacity(4_096) };
        let outgoing = Outgoing { writer, bytes: Vec::new() };
        match self.greet(name, key, incoming, outgoing).await {
            StreamError::Closed | StreamError::Ended(Ended::Superseded) => {
                info!(guard = name, "a guard has disconnected");
            }
            error => warn!(guard = name, error = %error, "a guard's stream has ended"),
        }
    }

    async fn greet<R, W>(
        &self,
        name: &str,
        key: &SigningKey,
        mut incoming: Incoming<R>,
        mut outgoing: Outgoing<W>,
    ) -> StreamError
    where
        R: AsyncRead,
        W: AsyncWrite,
    {
        let (instance, applied) = match tokio::time::timeout(IO_TIMEOUT, incoming.next()).await {
            Ok(Ok(Frame::Hello { version: VERSION, instance, applied })) => (instance, applied),
            Ok(Ok(Frame::Hello { version, .. })) => {
                let reason = format!("this authority speaks version {VERSION} of the revocation stream");
                // The guard's log should say why; if it can't be told, ours does.
                let _ = outgoing.refuse(reason).await;
                return StreamError::Version(version);
            }
            Ok(Ok(_)) => return Ended::OutOfTurn.into(),
            Ok(Err(error)) => return error,
            Err(_) => return StreamError::Silent,
        };
        let guard = GuardKey { name: name.into(), instance };
        let mut conversation = match self.open(&guard, &applied) {
            Ok(conversation) => conversation,
            Err(error) => {
                let _ = outgoing.refuse(error.to_string()).await;
                return error.into();
            }
        };
        info!(guard = name, applied = %applied, "a guard has connected");
        let ended = self.converse(&mut conversation, key, incoming, outgoing).await;
        self.close(&conversation);
        match ended {
            Err(error) => error,
            Ok(never) => match never {},
        }
    }

    async fn converse<R: AsyncRead, W: AsyncWrite>(
        &self,
        conversation: &mut Conversation,
        key: &SigningKey,
        mut incoming: Incoming<R>,
        mut outgoing: Outgoing<W>,
    ) -> Result<std::convert::Infallible, StreamError> {
        let mut heads = self.watch_head();
        let mut last_heard = boot_now();
        loop {
            self.speak(conversation, key, &mut outgoing).await?;
            // However often the log grows meanwhile, a guard that says nothing is silent.
            let patience = SILENCE.saturating_sub(boot_now().since(last_heard));
            tokio::select! {
                // Reading is safe to drop: bytes that have come stay in the buffer.
                frame = tokio::time::timeout(patience, incoming.next()) => {
                    let frame = frame.map_err(|_| StreamError::Silent)??;
                    last_heard = boot_now();
                    self.heard(conversation, &frame, last_heard)?;
                }
                changed = heads.changed() => if changed.is_err() {
                    return Err(StreamError::Closed);
                },
            }
        }
    }

    /// Sends everything that there is to send.
    async fn speak<W: AsyncWrite>(
        &self,
        conversation: &mut Conversation,
        key: &SigningKey,
        outgoing: &mut Outgoing<W>,
    ) -> Result<(), StreamError> {
        while let Some(turn) = self.next(conversation, &mut outgoing.bytes)? {
            match turn {
                Turn::Snapshot => self.send_snapshot(conversation, key, outgoing).await?,
                // A heartbeat must not wait in the buffer for what a busy log adds to it.
                Turn::Heartbeat { .. } => outgoing.flush().await?,
                Turn::Welcome(_) | Turn::Delta { .. } => {}
            }
            if outgoing.bytes.len() >= WRITE_BYTES {
                outgoing.flush().await?;
            }
        }
        outgoing.flush().await
    }

    async fn send_snapshot<W: AsyncWrite>(
        &self,
        conversation: &mut Conversation,
        key: &SigningKey,
        outgoing: &mut Outgoing<W>,
    ) -> Result<(), StreamError> {
        let snapshot = self.snapshot().await;
        let signature = snapshot.claims.sign(self.replica().issuer(), key)?;
        outgoing.flush().await?;
        for part in &snapshot.parts {
            outgoing.write(part).await?;
        }
        Frame::SnapshotEnd { signature }.encode(&mut outgoing.bytes);
        conversation.snapshot_sent(snapshot.position);
        Ok(())
    }
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
    /// Frames that wait to be written together.
    bytes: Vec<u8>,
}

impl<W: AsyncWrite> Outgoing<W> {
    async fn flush(&mut self) -> Result<(), StreamError> {
        let bytes = std::mem::take(&mut self.bytes);
        if !bytes.is_empty() {
            self.write(&bytes).await?;
        }
        self.bytes = bytes;
        self.bytes.clear();
        Ok(())
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), StreamError> {
        let written = async {
            self.writer.write_all(bytes).await?;
            self.writer.flush().await
        };
        Ok(tokio::time::timeout(IO_TIMEOUT, written).await.map_err(|_| StreamError::Silent)??)
    }

    async fn refuse(&mut self, reason: String) -> Result<(), StreamError> {
        Frame::Refused { reason }.encode(&mut self.bytes);
        self.flush().await
    }
}

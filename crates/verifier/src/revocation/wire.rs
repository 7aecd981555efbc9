//! The frames of the revocation stream, version 1. docs/revocation-protocol.md describes them byte by byte.
//!
//! A frame is `length (4) checksum (4) type (1) body`, big-endian; `length` counts type and body, the CRC-32 checksum
//! covers the same bytes. TLS keeps strangers out; the checksum keeps broken memory and broken software out.

use std::sync::Arc;
use std::time::Duration;

use super::codec::{Reader, put_string};
use super::position::{MAX_WRITERS, Position, Positions, Writer};
use super::record::Revocation;

/// The version of the stream that this crate speaks.
pub const VERSION: u16 = 1;

/// The largest frame: length field, in bytes of type and body.
pub const MAX_FRAME_BYTES: usize = 1 << 20;

/// The most records in one delta or snapshot part, so that a frame stays under [`MAX_FRAME_BYTES`].
pub const MAX_RECORDS_PER_FRAME: usize = 500;

/// Bytes before the type: length and checksum.
const PREFIX_BYTES: usize = 8;

/// The longest text of a [`Frame::Refused`].
const MAX_REFUSAL_BYTES: usize = 200;

/// The longest signature of a [`Frame::SnapshotEnd`]: an RSA key of 8,192 bits and positions in [`MAX_WRITERS`] logs fit.
pub const MAX_SIGNATURE_BYTES: usize = 8_192;

/// Which process a guard is: drawn at its start, so that a restarted guard is another instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instance(pub [u8; 16]);

/// One message of the stream.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Frame {
    /// Guard: I am this instance, and have applied everything up to here.
    Hello {
        /// The version that the guard speaks.
        version: u16,
        /// Which guard process this is.
        instance: Instance,
        /// How far its replica is; nowhere when it has loaded no snapshot.
        applied: Positions,
    },
    /// Guard: tell me the head, so that I may extend my lease from the moment I sent this.
    Renew {
        /// Names the moment of sending, to the guard alone.
        nonce: u64,
    },
    /// Guard: my replica enforces everything up to here.
    Ack {
        /// How far the replica is.
        applied: Positions,
    },
    /// Authority: how this connection goes on.
    Welcome {
        /// How often the guard should renew.
        heartbeat: Duration,
        /// For how long a heartbeat lets a guard trust its replica.
        lease: Duration,
        /// What comes next.
        opening: Opening,
    },
    /// Authority: some of the records of a snapshot.
    SnapshotPart {
        /// In the order of their bytes, over all parts.
        records: Vec<Revocation>,
    },
    /// Authority: the snapshot is complete.
    SnapshotEnd {
        /// [`super::SnapshotClaims`], signed.
        signature: String,
    },
    /// Authority: the records from `first` on, without gaps.
    Delta {
        /// The position of the first record.
        first: Position,
        /// The records in their order, each the next `seq`.
        records: Vec<Arc<Revocation>>,
    },
    /// Authority: the answer to a `Renew`.
    Heartbeat {
        /// The nonce of the `Renew`.
        nonce: u64,
        /// The last records that exist: every one up to here was sent on this connection before.
        head: Positions,
    },
    /// Authority: this connection ends, and why.
    Refused {
        /// A sentence for the guard's log.
        reason: String,
    },
}

/// How a connection begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Opening {
    /// A snapshot comes first.
    Snapshot,
    /// Deltas follow from where the guard is.
    Resume,
    /// A snapshot comes first, and the guard has read records that the authority does not have: its store is older than
    /// what it once said.
    Restored,
}

/// Bytes that are no frame of version 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MalformedFrame {
    /// A field runs past the end.
    #[error("a field runs past the end of its frame")]
    Truncated,
    /// Bytes are left after the last field.
    #[error("bytes are left after the last field of a frame")]
    TrailingBytes,
    /// A text is longer than its limit.
    #[error("a text in a frame is longer than its limit")]
    TooLong,
    /// A text is not UTF-8.
    #[error("a text in a frame is not UTF-8")]
    NotUtf8,
    /// An identifier has no bytes.
    #[error("an identifier in a record is empty")]
    EmptyIdentifier,
    /// A record of a kind that this version does not know: it may concern tokens that would be accepted.
    #[error("a record of an unknown kind")]
    UnknownRecord,
    /// A frame of a type that this version does not know.
    #[error("a frame of an unknown type")]
    UnknownFrame,
    /// The length field is zero or above [`MAX_FRAME_BYTES`].
    #[error("a frame's length is out of range")]
    BadLength,
    /// The checksum does not fit the bytes.
    #[error("a frame's checksum does not fit its bytes")]
    BadChecksum,
    /// A number is out of its range.
    #[error("a number in a frame is out of range")]
    OutOfRange,
}

mod tag {
    pub(super) const HELLO: u8 = 0x01;
    pub(super) const RENEW: u8 = 0x02;
    pub(super) const ACK: u8 = 0x03;
    pub(super) const WELCOME: u8 = 0x81;
    pub(super) const SNAPSHOT_PART: u8 = 0x82;
    pub(super) const SNAPSHOT_END: u8 = 0x83;
    pub(super) const DELTA: u8 = 0x84;
    pub(super) const HEARTBEAT: u8 = 0x85;
    pub(super) const REFUSED: u8 = 0x86;
}

impl Frame {
    /// Appends the frame's bytes.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&[0; PREFIX_BYTES]);
        self.put_body(out);
        let Some((prefix, body)) = out.get_mut(start..).and_then(|frame| frame.split_at_mut_checked(PREFIX_BYTES))
        else {
            return;
        };
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes();
        let checksum = crc32fast::hash(body).to_be_bytes();
        for (slot, byte) in prefix.iter_mut().zip(length.into_iter().chain(checksum)) {
            *slot = byte;
        }
    }

    fn put_body(&self, out: &mut Vec<u8>) {
        match self {
            Self::Hello { version, instance, applied } => {
                out.push(tag::HELLO);
                out.extend_from_slice(&version.to_be_bytes());
                out.extend_from_slice(&instance.0);
                put_positions(out, applied);
            }
            Self::Renew { nonce } => {
                out.push(tag::RENEW);
                out.extend_from_slice(&nonce.to_be_bytes());
            }
            Self::Ack { applied } => {
                out.push(tag::ACK);
                put_positions(out, applied);
            }
            Self::Welcome { heartbeat, lease, opening } => {
                out.push(tag::WELCOME);
                out.extend_from_slice(&VERSION.to_be_bytes());
                put_millis(out, *heartbeat);
                put_millis(out, *lease);
                out.push(match opening {
                    Opening::Snapshot => 0,
                    Opening::Resume => 1,
                    Opening::Restored => 2,
                });
            }
            Self::SnapshotPart { records } => {
                out.push(tag::SNAPSHOT_PART);
                put_count(out, records.len());
                for record in records {
                    record.encode(out);
                }
            }
            Self::SnapshotEnd { signature } => {
                out.push(tag::SNAPSHOT_END);
                put_string(out, signature);
            }
            Self::Delta { first, records } => {
                out.push(tag::DELTA);
                put_position(out, *first);
                put_count(out, records.len());
                for record in records {
                    record.encode(out);
                }
            }
            Self::Heartbeat { nonce, head } => {
                out.push(tag::HEARTBEAT);
                out.extend_from_slice(&nonce.to_be_bytes());
                put_positions(out, head);
            }
            Self::Refused { reason } => {
                out.push(tag::REFUSED);
                let end = reason.floor_char_boundary(MAX_REFUSAL_BYTES);
                put_string(out, reason.get(..end).unwrap_or_default());
            }
        }
    }

    /// Reads type and body, whose length and checksum are already checked.
    fn decode_body(bytes: &[u8]) -> Result<Self, MalformedFrame> {
        let mut from = Reader::new(bytes);
        let frame = match from.u8()? {
            tag::HELLO => {
                Self::Hello { version: from.u16()?, instance: Instance(from.array()?), applied: positions(&mut from)? }
            }
            tag::RENEW => Self::Renew { nonce: from.u64()? },
            tag::ACK => Self::Ack { applied: positions(&mut from)? },
            tag::WELCOME => {
                if from.u16()? != VERSION {
                    return Err(MalformedFrame::OutOfRange);
                }
                Self::Welcome {
                    heartbeat: millis(&mut from)?,
                    lease: millis(&mut from)?,
                    opening: match from.u8()? {
                        0 => Opening::Snapshot,
                        1 => Opening::Resume,
                        2 => Opening::Restored,
                        _ => return Err(MalformedFrame::OutOfRange),
                    },
                }
            }
            tag::SNAPSHOT_PART => Self::SnapshotPart { records: records(&mut from)? },
            tag::SNAPSHOT_END => Self::SnapshotEnd { signature: from.string(MAX_SIGNATURE_BYTES)? },
            tag::DELTA => {
                let first = position(&mut from)?;
                let records = records(&mut from)?.into_iter().map(Arc::new).collect();
                Self::Delta { first, records }
            }
            tag::HEARTBEAT => Self::Heartbeat { nonce: from.u64()?, head: positions(&mut from)? },
            tag::REFUSED => Self::Refused { reason: from.string(MAX_REFUSAL_BYTES)? },
            _ => return Err(MalformedFrame::UnknownFrame),
        };
        from.finish()?;
        Ok(frame)
    }
}

/// Takes the first whole frame off the front of `buffer`; `None` when its bytes have not all arrived.
///
/// # Errors
/// [`MalformedFrame`]: the connection is of no further use, since what follows can't be told apart.
pub fn take_frame(buffer: &mut bytes::BytesMut) -> Result<Option<Frame>, MalformedFrame> {
    let mut prefix = Reader::new(buffer);
    let (Ok(length), Ok(checksum)) = (prefix.u32(), prefix.u32()) else {
        return Ok(None);
    };
    let length = usize::try_from(length).map_err(|_| MalformedFrame::BadLength)?;
    if length == 0 || length > MAX_FRAME_BYTES {
        return Err(MalformedFrame::BadLength);
    }
    let Some(body) = buffer.get(PREFIX_BYTES..PREFIX_BYTES + length) else {
        return Ok(None);
    };
    if crc32fast::hash(body) != checksum {
        return Err(MalformedFrame::BadChecksum);
    }
    let frame = Frame::decode_body(body)?;
    bytes::Buf::advance(buffer, PREFIX_BYTES + length);
    Ok(Some(frame))
}

/// For `fuzz/`: a frame that can be read is written as the same frame, and no bytes do harm.
#[doc(hidden)]
pub fn fuzz(bytes: &[u8]) {
    let _ = take_frame(&mut bytes::BytesMut::from(bytes));
    if let Ok(frame) = Frame::decode_body(bytes) {
        let mut written = Vec::new();
        frame.encode(&mut written);
        assert_eq!(take_frame(&mut bytes::BytesMut::from(written.as_slice())), Ok(Some(frame)));
    }
}

fn put_position(out: &mut Vec<u8>, position: Position) {
    out.extend_from_slice(&position.writer.0);
    out.extend_from_slice(&position.term.to_be_bytes());
    out.extend_from_slice(&position.seq.to_be_bytes());
}

fn position(from: &mut Reader<'_>) -> Result<Position, MalformedFrame> {
    Ok(Position { writer: Writer(from.array()?), term: from.u64()?, seq: from.u64()? })
}

fn put_positions(out: &mut Vec<u8>, positions: &Positions) {
    out.push(u8::try_from(positions.iter().len()).unwrap_or(u8::MAX));
    positions.iter().for_each(|place| put_position(out, place));
}

fn positions(from: &mut Reader<'_>) -> Result<Positions, MalformedFrame> {
    let count = usize::from(from.u8()?);
    if count > MAX_WRITERS {
        return Err(MalformedFrame::OutOfRange);
    }
    let places = (0..count).map(|_| position(from)).collect::<Result<Vec<_>, _>>()?;
    Positions::try_from(places).map_err(|_| MalformedFrame::OutOfRange)
}

fn put_millis(out: &mut Vec<u8>, span: Duration) {
    out.extend_from_slice(&u32::try_from(span.as_millis()).unwrap_or(u32::MAX).to_be_bytes());
}

fn millis(from: &mut Reader<'_>) -> Result<Duration, MalformedFrame> {
    match from.u32()? {
        0 => Err(MalformedFrame::OutOfRange),
        millis => Ok(Duration::from_millis(u64::from(millis))),
    }
}

fn put_count(out: &mut Vec<u8>, count: usize) {
    out.extend_from_slice(&u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes());
}

fn records(from: &mut Reader<'_>) -> Result<Vec<Revocation>, MalformedFrame> {
    let count = usize::try_from(from.u32()?).map_err(|_| MalformedFrame::OutOfRange)?;
    if count > MAX_RECORDS_PER_FRAME {
        return Err(MalformedFrame::OutOfRange);
    }
    let mut records = Vec::with_capacity(count);
    while !from.is_empty() {
        records.push(Revocation::read(from)?);
    }
    if records.len() == count { Ok(records) } else { Err(MalformedFrame::OutOfRange) }
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::any_revocation;
    use super::*;
    use bytes::BytesMut;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn any_position() -> impl Strategy<Value = Position> {
        (any::<[u8; 8]>(), any::<u64>(), any::<u64>()).prop_map(|(writer, term, seq)| Position {
            writer: Writer(writer),
            term,
            seq,
        })
    }

    fn any_positions() -> impl Strategy<Value = Positions> {
        vec(any_position(), 0..4).prop_filter_map("a log twice", |places| Positions::try_from(places).ok())
    }

    fn any_frame() -> impl Strategy<Value = Frame> {
        let span = || (1..=u32::MAX).prop_map(|ms| Duration::from_millis(u64::from(ms)));
        let opening = prop_oneof![Just(Opening::Snapshot), Just(Opening::Resume), Just(Opening::Restored)];
        prop_oneof![
            (any::<u16>(), any::<[u8; 16]>(), any_positions())
                .prop_map(|(version, id, applied)| { Frame::Hello { version, instance: Instance(id), applied } }),
            any::<u64>().prop_map(|nonce| Frame::Renew { nonce }),
            any_positions().prop_map(|applied| Frame::Ack { applied }),
            (span(), span(), opening).prop_map(|(heartbeat, lease, opening)| Frame::Welcome {
                heartbeat,
                lease,
                opening
            }),
            vec(any_revocation(), 0..9).prop_map(|records| Frame::SnapshotPart { records }),
            "[a-zA-Z0-9._-]{0,90}".prop_map(|signature| Frame::SnapshotEnd { signature }),
            (any_position(), vec(any_revocation().prop_map(Arc::new), 0..9))
                .prop_map(|(first, records)| Frame::Delta { first, records }),
            (any::<u64>(), any_positions()).prop_map(|(nonce, head)| Frame::Heartbeat { nonce, head }),
            ".{0,60}".prop_map(|reason| Frame::Refused { reason: reason.chars().take(40).collect() }),
        ]
    }

    proptest! {
        #[test]
        fn frames_read_back_as_they_were_written(frames in vec(any_frame(), 1..4)) {
            let mut bytes = Vec::new();
            frames.iter().for_each(|frame| frame.encode(&mut bytes));
            let mut buffer = BytesMut::from(bytes.as_slice());
            for frame in frames {
                prop_assert_eq!(take_frame(&mut buffer), Ok(Some(frame)));
            }
            prop_assert_eq!(take_frame(&mut buffer), Ok(None));
            prop_assert!(buffer.is_empty());
        }

        #[test]
        fn a_flipped_bit_is_never_read_as_a_frame(frame in any_frame(), at in any::<prop::sample::Index>()) {
            let mut bytes = Vec::new();
            frame.encode(&mut bytes);
            let bit = at.index(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            let outcome = take_frame(&mut BytesMut::from(bytes.as_slice()));
            // A longer length waits for bytes that never come; everything else is refused.
            prop_assert!(matches!(outcome, Err(_) | Ok(None)), "{:?}", outcome);
        }

        #[test]
        fn an_incomplete_frame_is_waited_for(frame in any_frame(), cut in any::<prop::sample::Index>()) {
            let mut bytes = Vec::new();
            frame.encode(&mut bytes);
            bytes.truncate(cut.index(bytes.len()));
            prop_assert_eq!(take_frame(&mut BytesMut::from(bytes.as_slice())), Ok(None));
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..400)) {
            let _ = take_frame(&mut BytesMut::from(bytes.as_slice()));
            let _ = Frame::decode_body(&bytes);
        }
    }

    #[test]
    fn a_full_delta_of_the_longest_records_fits_a_frame() {
        let name = "x".repeat(super::super::MAX_IDENTIFIER_BYTES);
        let record = Arc::new(Revocation {
            issuer: Some(name.clone()),
            target: super::super::Target::Subject { subject: name, through: probity_jose::UnixTime::from_secs(1) },
            expires: probity_jose::UnixTime::from_secs(2),
        });
        let mut bytes = Vec::new();
        Frame::Delta { first: Position::default(), records: vec![record; MAX_RECORDS_PER_FRAME] }.encode(&mut bytes);
        assert!(bytes.len() - PREFIX_BYTES <= MAX_FRAME_BYTES, "{} bytes", bytes.len());
        assert!(matches!(take_frame(&mut BytesMut::from(bytes.as_slice())), Ok(Some(Frame::Delta { .. }))));
    }
}

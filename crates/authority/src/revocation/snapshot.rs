//! Everything that is revoked, as the frames that a guard gets when it starts.

use bytes::Bytes;
use probity_verifier::revocation::wire::{Frame, MAX_RECORDS_PER_FRAME};
use probity_verifier::revocation::{Position, Replica, Revocation, SnapshotClaims, SnapshotHash};

/// A snapshot that is older than so many records is made anew for the next guard.
pub(super) const MAX_AGE_RECORDS: u64 = 10_000;

/// A snapshot, ready to be sent to any number of guards.
#[derive(Debug)]
pub(super) struct Snapshot {
    /// Every record up to here is in it.
    pub(super) position: Position,
    /// What the authority signs.
    pub(super) claims: SnapshotClaims,
    /// `SnapshotPart` frames, one after the other, in pieces of some frames each.
    pub(super) parts: Vec<Bytes>,
}

impl Snapshot {
    /// A snapshot of a replica that holds every record up to `position`.
    pub(super) fn of(replica: &Replica, position: Position) -> Self {
        let mut records: Vec<(Vec<u8>, Revocation)> = replica.records().into_iter().map(with_bytes).collect();
        // After the records: what was dropped meanwhile had lapsed by then.
        let horizon = replica.horizon();
        records.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        records.dedup_by(|(one, _), (other, _)| one == other);
        let mut hash = SnapshotHash::default();
        let mut parts = Vec::new();
        let mut rest = records.into_iter().peekable();
        while rest.peek().is_some() {
            let part = rest.by_ref().take(MAX_RECORDS_PER_FRAME).map(|(bytes, record)| {
                // Sorted and each once: it is in order.
                let _ = hash.add_bytes(bytes);
                record
            });
            let mut frame = Vec::new();
            Frame::SnapshotPart { records: part.collect() }.encode(&mut frame);
            parts.push(frame.into());
        }
        let (count, sha256) = hash.finish();
        Self { position, claims: SnapshotClaims { positions: position.into(), horizon, count, sha256 }, parts }
    }
}

fn with_bytes(record: Revocation) -> (Vec<u8>, Revocation) {
    let mut bytes = Vec::new();
    record.encode(&mut bytes);
    (bytes, record)
}

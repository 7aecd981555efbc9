//! Revocation: the records, the guard's replica of them, and the protocol that keeps it current.
//!
//! * [`Revocation`] says what is dead, [`Position`] how far a log or a replica is.
//! * [`Replica`] holds every live revocation and answers in nanoseconds whether a token is hit.
//! * [`Lease`] says until when a replica may be trusted.
//! * [`Follower`] is a guard's side of the [`wire`] protocol: a plain value whose transitions return [`Action`]s. An
//!   [`Enforcer`] carries them out, [`follow()`] drives both over real connections.

mod clocks;
mod codec;
mod enforcer;
mod filter;
mod follow;
mod follower;
mod lease;
mod marks;
mod names;
mod position;
mod published;
mod record;
mod replica;
mod sessions;
mod snapshot;
pub mod wire;

pub use clocks::{ClockWatch, MAX_CLOCK_STEP};
pub use enforcer::Enforcer;
pub use follow::{Endpoint, FollowError, UPGRADE_PROTOCOL, VerifySnapshot, converse, follow};
pub use follower::{Action, FORGET_INTERVAL, Follower, MAX_LEASE, ProtocolError, Report};
pub use lease::Lease;
pub use position::{BadPositions, MAX_WRITERS, MalformedPosition, Position, Positions, Writer};
pub use record::{
    BadIdentifier, MAX_FOREIGN_TOKEN_SECONDS, MAX_IDENTIFIER_BYTES, MAX_SESSION_INDEX, Revocation,
    SESSION_LIST_SECONDS, SessionIndex, Target,
};
pub use replica::{LAPSE_GRACE_SECONDS, Level, Replica, TokenFacts};
pub use snapshot::{SNAPSHOT_TYPE, SnapshotClaims, SnapshotError, SnapshotHash};

//! Revocation: the records, the guard's replica of them, and the protocol that keeps it current.
//!
//! * [`Revocation`] says what is dead, [`Position`] how far a log or a replica is.
//! * [`Replica`] holds every live revocation and answers in nanoseconds whether a token is hit.
//! * [`Lease`] says until when a replica may be trusted.
//! * [`Follower`] is a guard's side of the [`wire`] protocol, a state machine without I/O; [`follow()`] drives it.

mod codec;
mod follow;
mod follower;
mod lease;
mod position;
mod record;
mod replica;
pub mod wire;

pub use follow::{Endpoint, FollowError, UPGRADE_PROTOCOL, follow, forget_lapsed};
pub use follower::{Follower, MAX_CLOCK_STEP, MAX_LEASE, ProtocolError};
pub use lease::Lease;
pub use position::{MalformedPosition, Position};
pub use record::{
    BadIdentifier, MAX_IDENTIFIER_BYTES, MAX_SESSION_INDEX, Revocation, SESSION_LIST_SECONDS, SessionIndex, Target,
};
pub use replica::{LAPSE_GRACE_SECONDS, Level, Replica, TokenFacts};

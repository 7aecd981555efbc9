//! The live prober: it learns what acceptance looks like, then sends forged tokens and says what was accepted.
//!
//! Planning is pure ([`Scene`], [`Forge`], [`Plan`]); sending is in [`Prober`], which logs every request.

mod answer;
mod calibrate;
mod discriminator;
pub(crate) mod dpop;
mod flow;
mod forge;
mod judge;
mod listener;
mod options;
mod plan;
mod prober;
mod request;
mod scene;
mod signer;
mod wire;

pub(crate) use crate::der::self_signed;
pub use answer::{Answer, Sent};
pub use discriminator::{AcceptWhen, Class};
pub use flow::{Done, Flow, FlowError, FlowFile, Step};
pub use forge::{Forge, Minted, break_last_part, flip, to_forge_keys};
pub use listener::{KEY_SET_PATH, Listener};
pub use options::{LiveOptions, Supplies};
pub use plan::{Attempt, Plan};
pub use prober::Prober;
pub use request::{Carried, Shot, Target, TargetError, is_loopback};
pub use scene::{OtherToken, Scene};
pub use signer::{Signer, SignerError};
pub use wire::{certificate_key, speaks_old_tls};

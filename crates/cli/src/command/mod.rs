//! The commands, a file each.

pub(crate) mod admin;
pub(crate) mod audit;
pub(crate) mod config;
pub(crate) mod doctor;
pub(crate) mod guard;
mod guard_check;
pub(crate) mod serve;

//! The commands, a file each.

pub mod admin;
pub mod config;
pub mod guard;
pub mod serve;

//! End-to-end tests: the real binary, real TLS, a real nginx, real signals.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise; clippy knows functions marked #[test] only"
)]

mod administration;
mod application;
mod audit;
mod bad_input;
mod browser;
mod certificates;
mod client_certificates;
mod clients;
mod commands;
mod crash;
mod crash_under_load;
mod demo;
mod deploy;
mod doctor;
mod dpop;
mod envoy;
mod faults;
mod foreign;
mod harness;
mod interop;
mod library;
mod login;
mod logs;
mod metrics;
mod nginx;
mod path;
mod postgres;
mod proxies;
mod proxy;
mod reload;
mod rules;
mod toolbox;
mod why;

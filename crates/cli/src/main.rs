//! The binary `probity`: a file per command.

mod client;
mod command;
mod config_file;
mod demo;
mod dev_folder;
mod failure;
mod listen;
mod logging;
mod output;
mod pki;
mod random;
mod toolbox;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::failure::Failure;

/// Token authentication that can be revoked, provably.
///
/// An authority issues short-lived signed tokens; guards verify them locally, in microseconds, and enforce a revocation
/// within milliseconds.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, after_help = AFTER_HELP)]
struct Probity {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::DemoArgs),
    Serve(command::serve::ServeArgs),
    Guard(Box<command::guard::GuardArgs>),
    Admin(command::admin::AdminArgs),
    Audit(Box<command::audit::AuditArgs>),
    Doctor(Box<command::doctor::DoctorArgs>),
    Config(command::config::ConfigArgs),
    Jws(toolbox::jws::JwsArgs),
    Jwt(toolbox::jwt::JwtArgs),
    Jwe(toolbox::jwe::JweArgs),
    Key(toolbox::key::KeyArgs),
}

const AFTER_HELP: &str = "\
Examples:
  probity demo                     see a token issued, accepted, revoked and refused
  probity serve --dev              an authority on this machine, without configuration
  probity guard --config probity-data/guard.toml
  probity admin revoke client service
  probity audit token eyJhbGciOi...

Exit codes:
  0  done
  1  failed
  2  the command line is wrong
  3  a configuration can't work
  4  the authority can't be reached
  5  the authority refused";

fn main() -> ExitCode {
    let Probity { command } = Probity::parse();
    match run(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("probity: {failure}");
            failure.exit_code()
        }
    }
}

fn run(command: Command) -> Result<(), Failure> {
    // One cryptographic library for all of TLS; a second call would be a mistake of ours.
    let installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    installed.map_err(|_| Failure::new("another TLS provider is installed already"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match command {
            Command::Demo(demo) => Box::pin(demo.run()).await,
            Command::Serve(serve) => Box::pin(serve.run()).await,
            Command::Guard(guard) => Box::pin((*guard).run()).await,
            Command::Admin(admin) => Box::pin(admin.run()).await,
            Command::Audit(audit) => Box::pin(audit.run()).await,
            Command::Doctor(doctor) => Box::pin(doctor.run()).await,
            Command::Config(config) => config.run(),
            Command::Jws(jws) => jws.run(),
            Command::Jwt(jwt) => jwt.run(),
            Command::Jwe(jwe) => jwe.run(),
            Command::Key(key) => key.run(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn every_command_has_an_example_and_every_option_a_description() {
        fn check(command: &clap::Command) {
            let name = command.get_name();
            if name == "help" {
                return;
            }
            let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(after.contains("Example"), "{name} has no example");
            for argument in command.get_arguments() {
                assert!(argument.get_help().is_some(), "{name}: {} is not described", argument.get_id());
            }
            command.get_subcommands().for_each(check);
        }
        let mut probity = Probity::command();
        probity.build();
        check(&probity);
    }

    #[test]
    fn the_command_line_is_consistent() {
        Probity::command().debug_assert();
    }
}

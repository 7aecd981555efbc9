//! `probity config`: checks configuration files and prints examples of them.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use probity_authority::config::AuthorityConfig;

use super::admin::AdminProfile;
use super::{guard, serve};
use crate::client::{http_client, read_secret};
use crate::failure::{Doing, Failure, Kind};
use crate::listen::{ListenError, tls_config};
use crate::output;

/// Check a configuration file, or print one to start from.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    probity config example serve > serve.toml\n  \
    probity config check serve.toml")]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Check a file and the files that it names, without starting anything.
    #[command(after_help = "Example:\n  \
        probity config check /etc/probity/serve.toml && systemctl restart probity\n\n\
        Exit code 0: the file can work. 3: it can't, and the message names the key.")]
    Check {
        /// The file.
        file: PathBuf,
        /// What the file is; without it, its name says so: serve.toml, guard.toml, admin.toml.
        #[arg(long, value_enum)]
        kind: Option<FileKind>,
    },
    /// Print a commented file with every key.
    #[command(after_help = "Example:\n  \
        probity config example guard > guard.toml")]
    Example {
        /// What the file is for.
        kind: FileKind,
    },
}

/// The kinds of configuration files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FileKind {
    /// The authority's: `probity serve --config`.
    Serve,
    /// A guard's: `probity guard --config`.
    Guard,
    /// An administrator's: `probity admin --profile`.
    Admin,
}

impl ConfigArgs {
    /// Checks or prints.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self.command {
            ConfigCommand::Example { kind } => output::text(kind.example()),
            ConfigCommand::Check { file, kind } => {
                match kind.map_or_else(|| FileKind::of(&file), Ok)? {
                    FileKind::Serve => check_serve(&file),
                    FileKind::Guard => check_guard(&file),
                    FileKind::Admin => check_admin(&file),
                }
                .or_kind(Kind::Configuration)?;
                output::line(&format!("{}: good", file.display()))
            }
        }
    }
}

impl FileKind {
    fn of(file: &Path) -> Result<Self, Failure> {
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        Self::from_str(&stem, true).map_err(|_| {
            let message =
                format!("{}: the name does not say what it is; add --kind serve, guard or admin", file.display());
            Failure::new(message).of_kind(Kind::Configuration)
        })
    }

    const fn example(self) -> &'static str {
        match self {
            Self::Serve => include_str!("config/serve.example.toml"),
            Self::Guard => include_str!("config/guard.example.toml"),
            Self::Admin => include_str!("config/admin.example.toml"),
        }
    }
}

/// Checks an authority's configuration and the files that it names.
///
/// # Errors
/// What can't work.
pub(super) fn check_serve(file: &Path) -> Result<(), Failure> {
    let config: AuthorityConfig = serve::load(file)?;
    serve::master_key(&config)?;
    match &config.tls {
        Some(tls) => drop(tls_config(&tls.certificate_file, &tls.key_file, tls.allow_tls12, None)?),
        None if !config.listen.ip().is_loopback() => return Err(ListenError::PlainBeyondLoopback(config.listen).into()),
        None => {}
    }
    let certificates = config.client_certificates.as_ref().and_then(|certificates| certificates.ca_file.as_ref());
    let site = config.postgres.as_ref().and_then(|site| site.ca_file.as_ref());
    for trusted in [certificates, site, config.outbound.ca_file.as_ref()].into_iter().flatten() {
        http_client(Some(trusted))?;
    }
    let secrets = config.clients.iter().filter_map(|client| client.client_secret_file.as_ref());
    let passwords = config.users.iter().map(|user| &user.password_file);
    let credentials = config.guards.iter().map(|guard| &guard.credential_file);
    let connection = config.postgres.iter().map(|site| &site.connection_file);
    secrets.chain(passwords).chain(credentials).chain(connection).try_for_each(|file| read_secret(file).map(drop))
}

/// Checks a guard's configuration and the files that it names.
///
/// # Errors
/// What can't work.
pub(super) fn check_guard(file: &Path) -> Result<(), Failure> {
    let config = guard::load(file)?;
    guard::trust_config(&config).doing(file.display())?;
    config.policy().or_kind(Kind::Configuration).doing(file.display())?;
    config.resource_metadata().or_kind(Kind::Configuration).doing(file.display())?;
    config.proxy_plan().or_kind(Kind::Configuration).doing(file.display())?;
    let proxy = config.proxy.iter().map(|proxy| (proxy.listen, &proxy.tls));
    for (listen, tls) in proxy.chain([(config.listen, &config.tls)]) {
        match tls {
            Some(tls) => drop(tls_config(&tls.certificate_file, &tls.key_file, false, None)?),
            None if !listen.ip().is_loopback() => return Err(ListenError::PlainBeyondLoopback(listen).into()),
            None => {}
        }
    }
    http_client(config.ca_file.as_deref()).map(drop)
}

fn check_admin(file: &Path) -> Result<(), Failure> {
    let profile = AdminProfile::load(file)?;
    read_secret(&profile.client_secret_file)?;
    http_client(profile.ca_file.as_deref()).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config_file;
    use probity_guard::config::GuardConfig;
    use serde::de::DeserializeOwned;

    /// The keys of a table, out of the message for one that is unknown.
    fn known_keys<T: DeserializeOwned>(text: &str) -> Vec<String> {
        let message = config_file::parse::<T>(text).map(drop).unwrap_err();
        let (_, expected) = message.split_once("expected").unwrap_or_else(|| panic!("{message}"));
        let expected = expected.split("; did you mean").next().unwrap();
        expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    fn assert_shows_all<T: DeserializeOwned>(kind: FileKind, tables: &[&str]) {
        let example = kind.example();
        assert_eq!(config_file::parse::<T>(example).map(drop), Ok(()), "{kind:?}");
        for table in tables {
            let keys = known_keys::<T>(table);
            assert!(!keys.is_empty(), "{table}: {keys:?}");
            for key in keys {
                let shown = example.lines().any(|line| {
                    let line = line.trim_start_matches(['#', ' ', '[']);
                    let line = line.strip_prefix("clients.").unwrap_or(line);
                    line.strip_prefix(&key).is_some_and(|rest| rest.starts_with([' ', ']', '.']))
                });
                assert!(shown, "{kind:?}: the example does not show {key}");
            }
        }
    }

    #[test]
    fn the_examples_are_configurations_and_show_every_key() {
        let unknown = "no_such_key = 1";
        let inside = |table: &str| format!("{table}\n{unknown}\n");
        assert_shows_all::<AuthorityConfig>(
            FileKind::Serve,
            &[
                unknown,
                &inside("[postgres]"),
                &inside("[tls]"),
                &inside("[lifetimes]"),
                &inside("[client_certificates]"),
                &inside("[dpop]"),
                &inside("[outbound]"),
                &inside("[[clients]]"),
                &inside("[[clients]]\n[clients.metadata]"),
                &inside("[[clients]]\n[clients.policy]"),
                &inside("[[users]]"),
                &inside("[[guards]]"),
            ],
        );
        assert_shows_all::<GuardConfig>(
            FileKind::Guard,
            &[
                unknown,
                &inside("[tls]"),
                &inside("[resource]"),
                &inside("[dpop]"),
                &inside("[client_certificates]"),
                &inside("[introspection]"),
                &inside("[[issuers]]"),
                &inside("[[rules]]"),
                &inside("[limits.usual]"),
                &inside("[cors.shop]"),
                &inside("[proxy]"),
                &inside("[[upstream]]"),
            ],
        );
        assert_shows_all::<AdminProfile>(FileKind::Admin, &[unknown]);
    }

    #[test]
    fn what_the_examples_comment_out_may_be_taken_in() {
        let key = |line: &str| {
            line.split(" = ")
                .next()
                .is_some_and(|key| key.bytes().all(|byte| byte == b'_' || byte.is_ascii_lowercase()))
        };
        let taken_in = |line: &str| match line.strip_prefix("# ") {
            Some(rest) if rest.starts_with('[') || (rest.contains(" = ") && key(rest)) => format!("{rest}\n"),
            _ => format!("{line}\n"),
        };
        let all = |kind: FileKind| kind.example().lines().map(taken_in).collect::<String>();
        assert_eq!(config_file::parse::<AuthorityConfig>(&all(FileKind::Serve)).map(drop), Ok(()));
        assert_eq!(config_file::parse::<GuardConfig>(&all(FileKind::Guard)).map(drop), Ok(()));
        assert_eq!(config_file::parse::<AdminProfile>(&all(FileKind::Admin)).map(drop), Ok(()));
    }

    #[test]
    fn the_kind_of_a_file_is_its_name_or_must_be_said() {
        assert_eq!(FileKind::of(Path::new("/etc/probity/guard.toml")).unwrap(), FileKind::Guard);
        assert!(FileKind::of(Path::new("probity.toml")).unwrap_err().to_string().contains("--kind"));
    }
}

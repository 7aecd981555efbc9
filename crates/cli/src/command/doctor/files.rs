//! Configurations, and who may read the secrets that they name.

use std::path::{Path, PathBuf};

use probity_authority::config::AuthorityConfig;
use probity_guard::config::GuardConfig;

use super::finding::Finding;
use crate::command::audit::DeploymentArgs;
use crate::command::{config, guard, serve};
use crate::failure::Failure;

/// Examines the configurations that are named or lie in the data folder.
pub(super) fn examine(deployment: &DeploymentArgs) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(file) = deployment.serve_file() {
        found.push(configuration(&file, config::check_serve(&file)));
        found.extend(serve::load(&file).into_iter().flat_map(|config| secrets(authority_secrets(&config))));
    }
    if let Some(file) = deployment.guard_file() {
        found.push(configuration(&file, config::check_guard(&file)));
        found.extend(guard::load(&file).into_iter().flat_map(|config| secrets(guard_secrets(&config))));
    }
    if found.is_empty() {
        found.push(Finding::note("no configuration is named, so that no file is looked at"));
    }
    found
}

fn configuration(file: &Path, checked: Result<(), Failure>) -> Finding {
    match checked {
        Ok(()) => Finding::good(format!("{} and the files that it names", file.display())),
        Err(failure) if !file.exists() => Finding::bad(
            failure.to_string(),
            "name yours by --serve-config, --guard-config or --data; `probity serve --dev` makes one",
        ),
        Err(failure) => Finding::bad(failure.to_string(), format!("probity config check {}", file.display())),
    }
}

/// The files of an authority that hold secrets.
fn authority_secrets(config: &AuthorityConfig) -> Vec<PathBuf> {
    let own = [Some(&config.master_key_file), config.previous_master_key_file.as_ref()].into_iter().flatten();
    let tls = config.tls.iter().map(|tls| &tls.key_file);
    let postgres = config.postgres.iter().map(|site| &site.connection_file);
    let clients = config.clients.iter().filter_map(|client| client.client_secret_file.as_ref());
    let users = config.users.iter().map(|user| &user.password_file);
    let guards = config.guards.iter().map(|guard| &guard.credential_file);
    own.chain(tls).chain(postgres).chain(clients).chain(users).chain(guards).cloned().collect()
}

/// The files of a guard that hold secrets.
fn guard_secrets(config: &GuardConfig) -> Vec<PathBuf> {
    let tls = config.tls.iter().chain(config.proxy.iter().filter_map(|proxy| proxy.tls.as_ref()));
    let introspection = config.introspection.iter().map(|introspection| &introspection.client_secret_file);
    let own = [&config.credential_file].into_iter();
    own.chain(tls.map(|tls| &tls.key_file)).chain(introspection).cloned().collect()
}

/// Secrets that others on this machine can read or replace.
fn secrets(files: Vec<PathBuf>) -> Vec<Finding> {
    let mut found = Vec::new();
    let count = files.len();
    for file in files {
        if let Some(mode) = mode(&file).filter(|mode| mode & OTHERS != 0) {
            found.push(Finding::bad(
                format!("{} holds a secret, and others may read or write it (mode {mode:03o})", file.display()),
                format!("chmod 600 {}", file.display()),
            ));
        }
    }
    if found.is_empty() && count > 0 {
        found.push(Finding::good(if count == 1 {
            "1 file with a secret is its owner's alone".to_owned()
        } else {
            format!("{count} files with secrets are their owner's alone")
        }));
    }
    found
}

/// Everything that is not the owner's. A group may be meant to read a secret; to write it, or all others, may not.
const OTHERS: u32 = 0o027;

#[cfg(unix)]
fn mode(file: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(file).ok().map(|metadata| metadata.permissions().mode() & 0o777)
}

#[cfg(not(unix))]
fn mode(_: &Path) -> Option<u32> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use super::super::finding::State;
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_secret_that_others_may_read_is_bad_and_one_of_the_owner_or_its_group_is_good() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("master.key");
        std::fs::write(&file, "x").unwrap();
        for (mode, state) in
            [(0o600, State::Good), (0o640, State::Good), (0o644, State::Bad), (0o620, State::Bad), (0o602, State::Bad)]
        {
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            let found = secrets(vec![file.clone()]);
            assert_eq!(found.iter().map(|finding| finding.state).collect::<Vec<_>>(), [state], "{mode:o}");
        }
    }
}

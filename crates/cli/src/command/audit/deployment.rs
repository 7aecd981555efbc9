//! Which authority and which guard a command looks at: from their configurations, or from options.

use std::path::PathBuf;

use clap::Args;
use probity_authority::config::{ClientConfig, GrantType};
use url::Url;

use super::Own;
use super::inputs::{first_token, usage};
use crate::client::read_secret;
use crate::command::{guard, serve};
use crate::failure::{Doing, Failure, Kind};

/// The options that name a running authority and its guard.
#[derive(Debug, Args)]
pub(crate) struct DeploymentArgs {
    /// The folder of `serve --dev`, with serve.toml and guard.toml; ./probity-data when nothing else is named.
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["serve_config", "guard_config"])]
    data: Option<PathBuf>,
    /// The configuration that the authority runs from.
    #[arg(long, value_name = "FILE")]
    serve_config: Option<PathBuf>,
    /// The configuration that the guard runs from.
    #[arg(long, value_name = "FILE")]
    guard_config: Option<PathBuf>,
    /// The issuer, when no configuration says it.
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// Where the guard listens, when its configuration does not say it.
    #[arg(long, value_name = "URL")]
    guard: Option<Url>,
    /// A client with the grant client_credentials whose tokens the guard accepts.
    #[arg(long, value_name = "ID", requires = "client_secret_file")]
    client: Option<String>,
    /// The file with its secret.
    #[arg(long, value_name = "FILE", requires = "client")]
    client_secret_file: Option<PathBuf>,
    /// A token that the guard accepts, or `@FILE`, when no client can get one.
    #[arg(long, env = "PROBITY_AUDIT_TOKEN", hide_env_values = true)]
    token: Option<String>,
}

impl DeploymentArgs {
    /// The configuration of the authority, unless only an issuer is named.
    pub(crate) fn serve_file(&self) -> Option<PathBuf> {
        self.serve_config.clone().or_else(|| self.within("serve.toml"))
    }

    /// The configuration of the guard, unless only its address is named.
    pub(crate) fn guard_file(&self) -> Option<PathBuf> {
        self.guard_config.clone().or_else(|| self.within("guard.toml"))
    }

    fn within(&self, name: &str) -> Option<PathBuf> {
        let named = self.serve_config.is_some() || self.guard_config.is_some() || self.issuer.is_some();
        let data = self.data.clone().or_else(|| (!named).then(|| PathBuf::from("probity-data")));
        data.map(|folder| folder.join(name))
    }

    /// Reads the configurations, and takes from them what was not said.
    ///
    /// # Errors
    /// A file can't be read, or issuer or guard are named nowhere.
    pub(crate) fn own(&self) -> Result<Own, Failure> {
        let (serve_file, guard_file) = (self.serve_file(), self.guard_file());
        let serve = serve_file.as_deref().map(serve::load).transpose()?;
        let guard = guard_file.as_deref().map(guard::load).transpose()?;
        let issuer = self.issuer.clone().or_else(|| guard.as_ref().map(|guard| guard.issuer.clone()));
        let issuer = issuer.or_else(|| serve.as_ref().map(|serve| serve.issuer.clone()));
        let listens = guard.as_ref().and_then(|guard| {
            Url::parse(&format!("{}://{}", if guard.tls.is_some() { "https" } else { "http" }, guard.listen)).ok()
        });
        let credentials = match (&self.client, &self.client_secret_file) {
            (Some(client), Some(file)) => Some((client.clone(), read_secret(file).or_kind(Kind::Usage)?)),
            _ => None,
        };
        // Clients that get tokens for themselves: for this guard, or for somebody else.
        let clients = serve.iter().flat_map(|serve| &serve.clients);
        let clients = clients.filter(|client| client.grant_types.contains(&GrantType::ClientCredentials));
        let (fitting, strangers): (Vec<_>, Vec<_>) =
            clients.partition(|client| guard.as_ref().is_none_or(|guard| guard.audience == client.audience));
        let known = |client: &ClientConfig| {
            Some((client.client_id.clone(), read_secret(client.client_secret_file.as_deref()?).ok()?))
        };
        let credentials = credentials.or_else(|| fitting.into_iter().find_map(known));
        Ok(Own {
            issuer: issuer.ok_or_else(|| usage("name the issuer: --issuer URL, or --guard-config FILE"))?,
            guard: self
                .guard
                .clone()
                .or(listens)
                .ok_or_else(|| usage("name the guard: --guard URL, or --guard-config FILE"))?,
            ca_file: guard.and_then(|guard| guard.ca_file),
            credentials,
            strangers: strangers.into_iter().filter_map(known).collect(),
            token: self.token.as_deref().map(first_token).transpose()?,
            files: serve_file.into_iter().chain(guard_file).collect(),
        })
    }
}

//! `probity serve`: the authority.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use probity_authority::config::{AuthorityConfig, default_listen};
use probity_authority::{Authority, MasterKey, client_certificate_verifier};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::info;

use crate::client::read_secret;
use crate::config_file;
use crate::dev_folder::{APP, AUDIENCE, DevFolder, REDIRECT_URI, SERVICE, USER, Wishes};
use crate::failure::{Doing, Failure, Kind};
use crate::listen::{Listener, Socket, stop_signal, tls_config};
use crate::logging::{self, LogFormat};
use crate::output;

/// Run the authority: it issues tokens and makes revocations known.
#[derive(Debug, Args)]
#[command(
    group = clap::ArgGroup::new("what").required(true).args(["dev", "config"]),
    after_help = "Examples:\n  \
    probity serve --dev                     everything generated in probity-data, printed once\n  \
    probity serve --config serve.toml       `probity config example serve` prints a file to start from\n\n\
    The log goes to standard error; PROBITY_LOG sets its level (info, debug, probity_authority=debug).\n\
    SIGINT and SIGTERM stop it when requests in flight are answered and everything is on disk.")]
pub(crate) struct ServeArgs {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Serve on this machine without a configuration: keys, certificate, a user and clients are generated.
    #[arg(long)]
    dev: bool,
    /// Where --dev keeps what it generates.
    #[arg(long, value_name = "FOLDER", default_value = "probity-data", conflicts_with = "config")]
    data: PathBuf,
    /// Where --dev listens [default: 127.0.0.1:8443]
    #[arg(long, value_name = "ADDRESS", conflicts_with = "config")]
    listen: Option<SocketAddr>,
    /// Print what --dev has generated as one line of JSON.
    #[arg(long)]
    json: bool,
    /// The form of log lines.
    #[arg(long, value_enum, default_value_t)]
    log: LogFormat,
}

impl ServeArgs {
    /// Runs until the process is asked to stop.
    ///
    /// # Errors
    /// A configuration that can't work, an address that can't be bound, a store that can't be opened.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        logging::start(self.log, "info");
        let Some(file) = &self.config else {
            return self.run_dev().await;
        };
        let config = load(file)?;
        let running = start(&config, Listeners::bind(&config).await?, stop_signal()).await?;
        running.task.await.doing("the authority")
    }

    async fn run_dev(&self) -> Result<(), Failure> {
        let (folder, is_new) = match DevFolder::open(&self.data)? {
            Some(folder) => (folder, false),
            None => (self.make_folder()?, true),
        };
        let config = load(&folder.serve_file())?;
        if let Some(listen) = self.listen.filter(|listen| *listen != config.listen) {
            let message = format!(
                "{} was made for {}, not for {listen}; leave out --listen, edit the file, or name another folder with --data",
                folder.serve_file().display(),
                config.listen
            );
            return Err(Failure::new(message).of_kind(Kind::Configuration));
        }
        let running = start(&config, Listeners::bind(&config).await?, stop_signal()).await?;
        let told = if self.json { as_json(&folder, &config, is_new)? } else { as_text(&folder, &config, is_new)? };
        output::line(&told)?;
        running.task.await.doing("the authority")
    }

    fn make_folder(&self) -> Result<DevFolder, Failure> {
        let listen = self.listen.unwrap_or_else(default_listen);
        if !listen.ip().is_loopback() {
            let message = format!("--dev is for this machine only, and {listen} is not a loopback address");
            return Err(Failure::new(message).of_kind(Kind::Configuration));
        }
        if listen.port() == 0 {
            // The port is part of the issuer, which is in every token.
            return Err(Failure::new("--listen: --dev needs a port that stays").of_kind(Kind::Configuration));
        }
        let issuer = format!("https://localhost:{}", listen.port());
        let guard_listen = probity_guard::config::default_listen();
        DevFolder::make(&self.data, &Wishes { issuer: &issuer, listen, redirect_uri: REDIRECT_URI, guard_listen })
    }
}

/// An authority that answers.
pub(crate) struct Running {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Ends when it has stopped and everything is on disk.
    pub(crate) task: JoinHandle<()>,
}

/// Reads a configuration file and checks what can be checked without starting.
///
/// # Errors
/// Says which key of which file can't work.
pub(crate) fn load(file: &Path) -> Result<AuthorityConfig, Failure> {
    let config: AuthorityConfig = config_file::load(file)?;
    config.check().or_kind(Kind::Configuration).doing(file.display())?;
    Ok(config.relative_to(config_file::folder(file)))
}

/// Where an authority listens.
pub(crate) struct Listeners {
    main: Listener,
    /// The one at which clients present certificates, if it is not the same.
    certified: Option<Listener>,
}

impl Listeners {
    /// Binds the configured addresses.
    ///
    /// # Errors
    /// As [`Self::on_socket`]; or an address can't be bound.
    pub(crate) async fn bind(config: &AuthorityConfig) -> Result<Self, Failure> {
        Self::on_socket(Socket::bind(config.listen).await?, config).await
    }

    /// Serves on a socket as the configuration says, and binds only what else it needs.
    ///
    /// # Errors
    /// The certificate can't be used, or plain HTTP was asked for beyond this machine.
    pub(crate) async fn on_socket(socket: Socket, config: &AuthorityConfig) -> Result<Self, Failure> {
        let Some(tls) = &config.tls else {
            return Ok(Self { main: socket.plain_http().or_kind(Kind::Configuration)?, certified: None });
        };
        let https = |socket: Socket, clients| {
            let tls = tls_config(&tls.certificate_file, &tls.key_file, tls.allow_tls12, clients);
            tls.map(|tls| socket.https(tls)).or_kind(Kind::Configuration)
        };
        // RFC 8705 section 5: browsers would ask their users for a certificate, so those who have none may be spared.
        let certificates = config.client_certificates.as_ref();
        let elsewhere = certificates.and_then(|certificates| certificates.listen);
        let certified = match elsewhere {
            Some(address) => Some(https(Socket::bind(address).await?, Some(client_certificate_verifier()))?),
            None => None,
        };
        let asks = certificates.is_some() && elsewhere.is_none();
        Ok(Self { main: https(socket, asks.then(client_certificate_verifier))?, certified })
    }

    async fn serve(self, authority: &Authority, stop: impl Future<Output = ()>) {
        let respond = || {
            let authority = authority.clone();
            move |request| {
                let authority = authority.clone();
                async move { authority.respond(request).await }
            }
        };
        let (stopping, mut stopped) = watch::channel(());
        let main = self.main.serve(respond(), async {
            stop.await;
            drop(stopping);
        });
        let certified = async {
            if let Some(listener) = self.certified {
                // The sender is gone: that is the sign.
                listener.serve(respond(), async { drop(stopped.changed().await) }).await;
            }
        };
        tokio::join!(main, certified);
    }
}

/// Reads the master key.
///
/// # Errors
/// The file can't be read or holds no key.
pub(crate) fn master_key(config: &AuthorityConfig) -> Result<MasterKey, Failure> {
    let file = &config.master_key_file;
    let text = read_secret(file).or_kind(Kind::Configuration)?;
    MasterKey::parse(&text).or_kind(Kind::Configuration).doing(file.display())
}

/// Starts an authority, which runs until `stop` completes.
///
/// # Errors
/// As [`ServeArgs::run`].
pub(crate) async fn start(
    config: &AuthorityConfig,
    listeners: Listeners,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<Running, Failure> {
    let address = listeners.main.address();
    let authority = Authority::start(config, master_key(config)?).await?;
    info!(address = %address, issuer = config.issuer, "the authority is listening");
    let task = tokio::spawn(async move {
        listeners.serve(&authority, stop).await;
        authority.stop().await;
        info!("the authority has stopped");
    });
    Ok(Running { address, task })
}

fn as_json(folder: &DevFolder, config: &AuthorityConfig, is_new: bool) -> Result<String, Failure> {
    let mut told = json!({
        "issuer": config.issuer,
        "listen": config.listen.to_string(),
        "ca_file": folder.ca_file(),
        "data": folder.path(),
        "admin": { "profile": folder.admin_profile() },
        "guard": { "config": folder.guard_file(), "credential_file": folder.guard_credential() },
    });
    if is_new && let Some(told) = told.as_object_mut() {
        told.insert("audience".to_owned(), AUDIENCE.into());
        told.insert("user".to_owned(), json!({ "username": USER, "password": *folder.password()? }));
        told.insert("app".to_owned(), json!({ "client_id": APP, "redirect_uri": REDIRECT_URI }));
        let secret = folder.service_secret()?;
        told.insert("service".to_owned(), json!({ "client_id": SERVICE, "client_secret": *secret }));
    }
    Ok(told.to_string())
}

fn as_text(folder: &DevFolder, config: &AuthorityConfig, is_new: bool) -> Result<String, Failure> {
    let data = folder.path().display();
    let issuer = &config.issuer;
    if !is_new {
        return Ok(format!(
            "Probity's authority runs at {issuer}\nIts files, with the passwords and secrets of its first start, are in {data}"
        ));
    }
    let password = folder.password()?;
    let secret = folder.service_secret()?;
    Ok(format!(
        "\
Probity's authority runs at {issuer}

  user      {USER}, password {}
  app       client {APP}: public, users log in through it, redirects to {REDIRECT_URI}
  service   client {SERVICE}: confidential, secret {}
  audience  {AUDIENCE}
  files     {data} (also these secrets, which are shown only once; remove it to start afresh)

Next, in another terminal:

  # a token
  curl --cacert {data}/ca.pem -u {SERVICE}:{} -d grant_type=client_credentials {issuer}/token
  # a guard in front of an application
  probity guard --config {data}/guard.toml
  # who follows revocations
  probity admin --profile {data}/admin.toml guards
",
        *password, *secret, *secret
    ))
}

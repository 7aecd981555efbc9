//! Configuration and certificates are read anew when a file of theirs changes, or by SIGHUP. What can't work is refused whole:
//! the guard goes on as it was.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use probity_authority::client_certificate_verifier;
use probity_guard::config::{GuardConfig, TlsConfig};
use probity_verifier::Trust;
use tokio::task::JoinHandle;
use tracing::{error, info};

use super::service::{Parts, Service};
use super::{load, trust_config};
use crate::failure::{Doing, Failure, Kind};
use crate::listen::{Hangup, tls_config};

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(2);

/// How long the revocations of another authority or credential may take to arrive before the change is refused.
const PATIENCE: Duration = Duration::from_secs(30);

const POLL: Duration = Duration::from_millis(50);

/// The largest file that is looked at, in bytes.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// A hash of files: another one when one of them has changed.
type Print = [u8; 32];

/// Watches the files of a running guard; stops when it is dropped.
pub(super) struct Watching(JoinHandle<()>);

impl Drop for Watching {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Reloader {
    file: PathBuf,
    config: GuardConfig,
    service: Service,
    seen: Print,
    /// What [`Trust`] was made of.
    trusted: Print,
}

/// Begins to watch the files of a guard that runs with `config`.
pub(super) fn watch(file: PathBuf, config: &GuardConfig, service: Service) -> Watching {
    let (seen, trusted) = (print_of_all(&file, config), print_of_trust(config));
    let mut reloader = Reloader { file, config: config.clone(), service, seen, trusted };
    let mut told = Hangup::catch();
    Watching(tokio::spawn(async move {
        loop {
            let is_told = tokio::select! {
                () = told.next() => true,
                () = tokio::time::sleep(LOOK) => false,
            };
            let print = print_of_all(&reloader.file, &reloader.config);
            if !is_told && print == reloader.seen {
                continue;
            }
            // What is refused now is looked at again only when it has changed again.
            reloader.seen = print;
            match reloader.reload().await {
                Ok(()) => info!("the configuration and its files have been read anew"),
                Err(failure) => {
                    error!(error = %failure, "the new configuration is refused; the guard goes on as it was");
                }
            }
        }
    }))
}

impl Reloader {
    async fn reload(&mut self) -> Result<(), Failure> {
        let config = load(&self.file)?;
        check_unchangeable(&self.config, &config)?;
        let certificates = certificate(config.tls.as_ref(), false)?;
        let asks = config.proxy.as_ref().is_some_and(|proxy| proxy.client_certificates);
        let proxy_certificates = certificate(config.proxy.as_ref().and_then(|proxy| proxy.tls.as_ref()), asks)?;
        let before = self.service.current.load_full();
        let trusted = print_of_trust(&config);
        let trust = if trusted == self.trusted { Arc::clone(&before.trust) } else { ready(&config).await? };
        let parts = Parts::new(&config, trust, &self.service.memory, Some(&before.guard))?;
        // From here on nothing can fail.
        self.service.current.store(Arc::new(parts));
        for (slot, new) in
            [(&self.service.certificates, certificates), (&self.service.proxy_certificates, proxy_certificates)]
        {
            if let (Some(slot), Some(new)) = (slot, new) {
                slot.store(new);
            }
        }
        (self.seen, self.trusted) = (print_of_all(&self.file, &config), trusted);
        self.config = config;
        Ok(())
    }
}

/// Other keys, another authority or credential: what is known of revocations must be there before it is decided by.
async fn ready(config: &GuardConfig) -> Result<Arc<Trust>, Failure> {
    let trust = Trust::start(trust_config(config)?)?;
    let wait = async {
        while !trust.is_ready() {
            tokio::time::sleep(POLL).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, wait).await;
    waited.map_err(|_| Failure::new("keys and revocations did not arrive").of_kind(Kind::Unreachable))?;
    Ok(Arc::new(trust))
}

/// Sockets are bound once.
fn check_unchangeable(old: &GuardConfig, new: &GuardConfig) -> Result<(), Failure> {
    let sockets = |config: &GuardConfig| {
        let proxy = config.proxy.as_ref().map(|proxy| (proxy.listen, proxy.tls.is_some(), proxy.body_timeout));
        (config.listen, config.tls.is_some(), proxy, config.drain_delay)
    };
    if sockets(old) == sockets(new) {
        return Ok(());
    }
    let what = "listen, tls, drain_delay, and listen, tls and body_timeout of [proxy] can't appear, go or change";
    Err(Failure::new(format!("{what} while the guard runs: restart it")).of_kind(Kind::Configuration))
}

/// With `asks`, clients are asked for certificates.
fn certificate(tls: Option<&TlsConfig>, asks: bool) -> Result<Option<Arc<rustls::ServerConfig>>, Failure> {
    let read = |tls: &TlsConfig| {
        tls_config(&tls.certificate_file, &tls.key_file, false, asks.then(client_certificate_verifier))
    };
    tls.map(read).transpose().or_kind(Kind::Configuration)
}

/// Of every file that a configuration names, and itself.
fn print_of_all(file: &Path, config: &GuardConfig) -> Print {
    let proxy_tls = config.proxy.as_ref().and_then(|proxy| proxy.tls.as_ref());
    let tls = config.tls.iter().chain(proxy_tls).flat_map(|tls| [&tls.certificate_file, &tls.key_file]);
    let upstream = config.upstream.iter().filter_map(|upstream| upstream.ca_file.as_ref());
    let secret = config.browser.iter().filter_map(|browser| browser.client_secret_file.as_ref());
    let files = tls.chain(upstream).chain(secret).map(PathBuf::as_path);
    print("", std::iter::once(file).chain(files).chain(trust_files(config)))
}

/// Of what [`trust_config`] reads.
fn print_of_trust(config: &GuardConfig) -> Print {
    let GuardConfig { issuer, authority, algorithms, remembered_tokens, issuers, introspection, .. } = config;
    let client = introspection.as_ref().map(|client| &client.client_id);
    let audiences = (config.audiences(), issuers.iter().map(|other| config.audiences_of(other)).collect::<Vec<_>>());
    let text = format!("{issuer:?}{authority:?}{algorithms:?}{remembered_tokens}{issuers:?}{client:?}{audiences:?}");
    print(&text, trust_files(config))
}

fn trust_files(config: &GuardConfig) -> impl Iterator<Item = &Path> {
    let introspection = config.introspection.iter().map(|client| &client.client_secret_file);
    let issuers = config.issuers.iter().filter_map(|other| other.ca_file.as_ref());
    let files = std::iter::once(&config.credential_file).chain(&config.ca_file).chain(introspection).chain(issuers);
    files.map(PathBuf::as_path)
}

fn print<'a>(text: &str, files: impl Iterator<Item = &'a Path>) -> Print {
    let mut context = Context::new(&SHA256);
    context.update(text.as_bytes());
    for file in files {
        // A file that can't be read is another one than it was; what is wrong with it is said when it is used.
        let fits = std::fs::metadata(file).is_ok_and(|metadata| metadata.len() <= MAX_FILE_BYTES);
        let bytes = if fits { std::fs::read(file).ok() } else { None };
        context.update(&[u8::from(bytes.is_some())]);
        let bytes = bytes.unwrap_or_default();
        context.update(&u64::try_from(bytes.len()).unwrap_or_default().to_be_bytes());
        context.update(&bytes);
    }
    let mut print = [0; 32];
    print.iter_mut().zip(context.finish().as_ref()).for_each(|(to, from)| *to = *from);
    print
}

//! A guard that answers: its listeners, and what they ask, which can be exchanged while they go on.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use http_body_util::{Either, Full};
use probity_authority::client_certificate_verifier;
use probity_guard::browser::BrowserMemory;
use probity_guard::config::{GuardConfig, TlsConfig};
use probity_guard::proxy::Proxy;
use probity_guard::{CHECK_PATH, Guard};
use probity_verifier::Trust;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{relying_party, trust_config};
use crate::failure::{Doing, Failure, Kind};
use crate::listen::{Certificates, Listener, Socket, tls_config};
use crate::random;

/// A guard that runs.
pub(crate) struct Running {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Where clients come, if it is a proxy.
    pub(crate) proxy: Option<SocketAddr>,
    /// Ends when it has stopped.
    pub(crate) task: JoinHandle<()>,
    /// What can be exchanged.
    pub(super) service: Service,
}

/// What of a running guard can be exchanged.
pub(super) struct Service {
    pub(super) current: Arc<ArcSwap<Parts>>,
    /// Sessions and begun logins of browsers outlive every change.
    pub(super) memory: Arc<BrowserMemory>,
    pub(super) certificates: Option<Certificates>,
    pub(super) proxy_certificates: Option<Certificates>,
}

/// What answers requests.
pub(super) struct Parts {
    pub(super) trust: Arc<Trust>,
    pub(super) guard: Guard,
    proxy: Option<Proxy>,
}

impl Parts {
    /// Makes them from a configuration; what `before` has counted goes on.
    ///
    /// # Errors
    /// Says which key or file can't work.
    pub(super) fn new(
        config: &GuardConfig,
        trust: Arc<Trust>,
        memory: &Arc<BrowserMemory>,
        before: Option<&Guard>,
    ) -> Result<Self, Failure> {
        let policy = config.policy().or_kind(Kind::Configuration)?;
        let metadata = config.resource_metadata().or_kind(Kind::Configuration)?;
        let plan = config.proxy_plan().or_kind(Kind::Configuration)?;
        let browsers = config.browser.as_ref().map(|browser| {
            let plan = browser.plan(relying_party(config, browser)?);
            plan.or_kind(Kind::Configuration)
        });
        let browsers = browsers.transpose()?;
        let guard = match before {
            Some(guard) => guard.reconfigured(Arc::clone(&trust), policy, metadata),
            None => Guard::new(Arc::clone(&trust), policy, metadata),
        };
        let proxy = match (&config.proxy, plan) {
            (Some(proxy), Some(plan)) => {
                let made = Proxy::new(&guard, plan, proxy.tls.is_some()).or_kind(Kind::Configuration)?;
                Some(match browsers {
                    Some(plan) => made.with_browsers(plan, Arc::clone(memory)),
                    None => made,
                })
            }
            _ => None,
        };
        Ok(Self { trust, guard, proxy })
    }
}

/// Starts a guard, which runs until `stop` completes.
///
/// # Errors
/// A configuration that can't work, or an address that can't be bound.
pub(crate) async fn start(
    config: &GuardConfig,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<Running, Failure> {
    // What is wrong whatever the network does is said before anything is started.
    config.policy().or_kind(Kind::Configuration)?;
    let plan = config.proxy_plan().or_kind(Kind::Configuration)?;
    let memory = BrowserMemory::new(&random::bytes()?).map_err(|_| Failure::new("the system gives no randomness"))?;
    let memory = Arc::new(memory);
    let parts = Parts::new(config, Arc::new(Trust::start(trust_config(config)?)?), &memory, None)?;
    let current = Arc::new(ArcSwap::from_pointee(parts));
    let proxy = match (&config.proxy, plan) {
        (Some(proxy), Some(plan)) => {
            let listener =
                listener(proxy.listen, proxy.tls.as_ref(), proxy.plain_http_beyond_loopback, proxy.client_certificates)
                    .await?;
            Some(listener.streaming(plan.body_timeout()))
        }
        _ => None,
    };
    let listener = listener(config.listen, config.tls.as_ref(), config.plain_http_beyond_loopback, false).await?;
    let (address, proxy_address) = (listener.address(), proxy.as_ref().map(Listener::address));
    let service = Service {
        current: Arc::clone(&current),
        memory,
        certificates: listener.certificates(),
        proxy_certificates: proxy.as_ref().and_then(Listener::certificates),
    };
    let (running, stopped) = watch::channel(());
    let asked = {
        let current = Arc::clone(&current);
        let respond = move |request: http::Request<_>| {
            let parts = current.load_full();
            async move {
                if request.uri().path() == CHECK_PATH {
                    parts.guard.check(request).await.map(Either::Right)
                } else {
                    parts.guard.respond(&request).await.map(Either::Left)
                }
            }
        };
        listener.serve(respond, ended(stopped.clone()))
    };
    let passed_on = {
        let current = Arc::clone(&current);
        async move {
            let Some(listener) = proxy else { return };
            let respond = move |request| {
                let parts = current.load_full();
                async move {
                    match &parts.proxy {
                        Some(proxy) => proxy.respond(request).await,
                        // A change that takes the proxy away is refused.
                        None => http::Response::new(Either::Left(Full::default())),
                    }
                }
            };
            listener.serve(respond, ended(stopped)).await;
        }
    };
    let delay = Duration::from_secs(config.drain_delay);
    let stop = async move {
        stop.await;
        current.load().guard.leave();
        tokio::time::sleep(delay).await;
        drop(running);
    };
    let task = tokio::spawn(async move {
        tokio::join!(asked, passed_on, stop);
    });
    Ok(Running { address, proxy: proxy_address, task, service })
}

/// Completes when the other side is dropped.
async fn ended(mut running: watch::Receiver<()>) {
    while running.changed().await.is_ok() {}
}

async fn listener(
    address: SocketAddr,
    tls: Option<&TlsConfig>,
    plain_anywhere: bool,
    asks: bool,
) -> Result<Listener, Failure> {
    let socket = Socket::bind(address).await?;
    match tls {
        None if plain_anywhere => Ok(socket.danger_plain_http_anywhere()),
        None => Ok(socket.plain_http().or_kind(Kind::Configuration)?),
        Some(TlsConfig { certificate_file, key_file }) => {
            let clients = asks.then(client_certificate_verifier);
            Ok(socket.https(tls_config(certificate_file, key_file, false, clients).or_kind(Kind::Configuration)?))
        }
    }
}

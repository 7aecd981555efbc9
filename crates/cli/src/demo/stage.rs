//! Everything that runs in the demo: authority, relay, guard and API, each on a loopback port of its own.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use probity_authority::revocation::Timing;
use probity_guard::VERIFY_PATH;
use probity_guard::config::GuardConfig;
use probity_jose::base64url;
use probity_verifier::clock::{BootTime, boot_now};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::api::Api;
use super::relay::Relay;
use super::scene::{Addresses, Scene};
use super::visitor::Visitors;
use crate::client::http_client;
use crate::command::{guard, serve};
use crate::dev_folder::{DevFolder, Wishes};
use crate::failure::{Doing, Failure};
use crate::listen::Socket;
use crate::random;

/// How long the guard may take until it accepts tokens.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often it is asked meanwhile.
const POLL: Duration = Duration::from_millis(10);

/// What runs.
pub(super) struct Stage {
    pub(super) scene: Arc<Scene>,
    started: BootTime,
    guard: SocketAddr,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
    folder: Folder,
}

impl Stage {
    /// Starts everything.
    pub(super) async fn set() -> Result<Self, Failure> {
        let [authority, api] = [Socket::bind(any_port()).await?, Socket::bind(any_port()).await?];
        let issuer = format!("https://localhost:{}", authority.address().port());
        let api_url = format!("http://{}", api.address());
        let redirect_uri = format!("{api_url}/callback");
        let folder = Folder::choose()?;
        let wishes = Wishes {
            issuer: &issuer,
            listen: authority.address(),
            redirect_uri: &redirect_uri,
            guard_listen: any_port(),
        };
        let files = DevFolder::make(&folder.0, &wishes)?;

        let stop = watch::Sender::new(false);
        let stopped = || {
            let mut stop = stop.subscribe();
            async move {
                // An error means that the stage is gone, which is a stop too.
                let _ = stop.wait_for(|stop| *stop).await;
            }
        };
        let config = serve::load(&files.serve_file())?;
        let authority =
            serve::start(&config, serve::Listeners::on_socket(authority, &config).await?, stopped()).await?;
        let started = boot_now();
        let relay = Arc::new(Relay::start(authority.address).await?);
        let guard = GuardConfig {
            authority: Some(format!("https://localhost:{}", relay.address().port())),
            ..guard::load(&files.guard_file())?
        };
        let guard = guard::start(&guard, stopped()).await?;
        let client = http_client(Some(&files.ca_file()))?;
        let ask = format!("http://{}{VERIFY_PATH}", guard.address);
        let addresses = Addresses { issuer, guard: ask.clone(), api: api_url, redirect_uri };
        let scene = Arc::new(Scene::new(client.clone(), files, addresses, Arc::clone(&relay))?);
        let application = Arc::new(Api::new(client, ask, relay, Visitors::new(Arc::clone(&scene))));
        let respond = move |request| {
            let application = Arc::clone(&application);
            async move { application.respond(request).await }
        };
        let api = tokio::spawn(api.plain_http()?.serve(respond, stopped()));
        let tasks = vec![api, guard.task, authority.task];
        Ok(Self { scene, started, guard: guard.address, stop, tasks, folder })
    }

    /// Waits until the guard accepts tokens, and until the authority knows that no guard of an earlier life of it does:
    /// an authority that has just started could not answer `enforced` before.
    pub(super) async fn settle(&self) -> Result<(), Failure> {
        let url = format!("http://{}/readyz", self.guard);
        while !self.scene.client.get(&url).send().await.doing("asking the guard")?.status().is_success() {
            if boot_now().since(self.started) > PATIENCE {
                return Err(Failure::new("the guard does not become ready"));
            }
            tokio::time::sleep(POLL).await;
        }
        let quiet = self.started.plus(Timing::DEFAULT.lease_at_most());
        tokio::time::sleep(quiet.since(boot_now())).await;
        Ok(())
    }

    /// Stops everything and removes the files.
    pub(super) async fn clear(self) {
        self.stop.send_replace(true);
        for task in self.tasks {
            // A task that has failed has stopped.
            let _ = task.await;
        }
        drop(self.folder);
    }
}

/// A folder for temporary files, removed when dropped.
struct Folder(PathBuf);

impl Folder {
    /// A name that nothing has.
    fn choose() -> Result<Self, Failure> {
        let name = format!("probity-demo-{}", base64url::encode(&random::bytes::<6>()?));
        Ok(Self(std::env::temp_dir().join(name)))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What can't be removed stays in the system's folder for temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

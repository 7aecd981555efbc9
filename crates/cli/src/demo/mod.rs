//! `probity demo`: the main job, on this machine, with real parts and real times.

mod api;
mod browser;
mod callers;
mod relay;
mod scene;
mod stage;
mod tell;
mod visitor;
mod walk;

use clap::Args;

use crate::failure::Failure;
use crate::listen::stop_signal;
use crate::logging::{self, LogFormat};
use stage::Stage;
use tell::Teller;

/// See it work: a token is issued, accepted, revoked and refused, with real times.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    probity demo                  walk through it, then serve until Ctrl-C\n  \
    probity demo --once           stop after the walk; exit code 1 when a step went wrong\n  \
    probity demo --once --json    the steps as one JSON object, times in microseconds\n\n\
    An authority, a guard and a small protected API run in this process, on loopback ports that the system chooses. \
    Their files are in a folder for temporary files, and removed at the end.")]
pub(crate) struct DemoArgs {
    /// Stop after the walk.
    #[arg(long)]
    once: bool,
    /// Print the steps as one JSON object.
    #[arg(long)]
    json: bool,
}

impl DemoArgs {
    /// Walks through the steps, then serves until the process is asked to stop.
    ///
    /// # Errors
    /// Something could not be started, or a step did not go as it should.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        // What matters is on the screen already; PROBITY_LOG shows the rest.
        logging::start(LogFormat::Text, "off");
        let teller = Teller::new(self.json);
        let stage = Stage::set().await?;
        let played = tokio::select! {
            played = self.play(&stage, &teller) => played,
            () = stop_signal() => Ok(()),
        };
        stage.clear().await;
        played
    }

    async fn play(&self, stage: &Stage, teller: &Teller) -> Result<(), Failure> {
        teller.opening(&stage.scene);
        stage.settle().await?;
        let walk = stage.scene.walk(|step| teller.step(step)).await?;
        if !self.once {
            // From here on the lines of the walk are for whoever watches.
            stage.scene.keep_fresh_tokens().await?;
        }
        teller.ending(&walk, &stage.scene, self.once);
        if !walk.ok {
            return Err(Failure::new("a step of the demo did not go as it should"));
        }
        if !self.once {
            stage.scene.renew_tokens_for_ever().await;
        }
        Ok(())
    }
}

//! Real faults on real processes: while clients revoke and ask all the time, guards and the authority are killed, stopped,
//! continued and cut off. In the end a checker reads the whole history.
//!
//! `PROBITY_FAULTS=10000` makes it that many revocations (`cargo xtask faults`), `PROBITY_FAULTS_SEED` another order of faults.
#![expect(clippy::disallowed_methods, reason = "the history is of real time, and faults last for a while")]

mod clients;
mod havoc;
mod history;
mod relay;

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::harness::{Authority, PROBITY, Process, free_port, get, text, wait_for};
use clients::Clients;
pub(crate) use havoc::Dice;
use history::{History, Verdict};
use relay::Relay;

const GUARDS: usize = 3;

#[test]
fn nothing_is_accepted_after_enforced_and_no_acknowledged_revocation_is_lost_whatever_fails() {
    let number = |name: &str, usual: u64| std::env::var(name).map_or(usual, |text| text.parse().unwrap());
    let (revocations, seed) = (number("PROBITY_FAULTS", 300), number("PROBITY_FAULTS_SEED", 1));
    let revocations = usize::try_from(revocations).unwrap();
    let mut authority = patient_authority();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut edges: Vec<Edge> = (0..GUARDS).map(|number| Edge::start(&authority, &runtime, number)).collect();
    edges.iter().for_each(Edge::wait_until_ready);
    let history = Arc::new(History::default());
    let stop = Arc::new(AtomicBool::new(false));
    let clients = Clients::new(&authority, edges.iter().map(|edge| edge.port).collect(), Arc::clone(&history));
    let _inside = runtime.enter();
    let busy = clients.start(&stop);

    let is_enough = || history.enforced() >= revocations;
    let faults = std::thread::scope(|scope| {
        let at_edges: Vec<_> = edges
            .iter_mut()
            .zip(1..)
            .map(|(edge, n)| scope.spawn(move || havoc::at_an_edge(edge, Dice::new(seed * 100 + n), is_enough)))
            .collect();
        let elsewhere = havoc::at_the_authority(&mut authority, Dice::new(seed * 100), is_enough);
        at_edges.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>() + elsewhere
    });
    stop.store(true, Ordering::Release);
    runtime.block_on(busy.finish());

    let mut ports: Vec<u16> = edges.iter().map(|edge| edge.port).collect();
    let fresh = Edge::start(&authority, &runtime, GUARDS);
    ports.push(fresh.port);
    ports.iter().for_each(|port| wait_until_ready(*port));
    let acknowledged = history.acknowledged();
    println!("seed {seed}: {faults} faults; {}", history.summary());
    assert_eq!(history.accepted_after_enforced(), Vec::<String>::new());
    assert!(acknowledged.len() >= revocations);
    let forgotten = runtime.block_on(clients.not_refused(&ports, &acknowledged));
    assert_eq!(forgotten, Vec::<String>::new(), "acknowledged and forgotten");
    for guard in 0..GUARDS {
        assert!(history.count(guard, Verdict::Accepted) > 0, "a guard that never accepts proves nothing");
        assert!(history.count(guard, Verdict::Revoked) > 0);
        assert!(history.count(guard, Verdict::Unavailable) > 0, "the faults were felt");
    }
    let live = runtime.block_on(clients.token());
    for port in ports {
        assert_eq!(get(port, "/verify", &[("Authorization", &format!("Bearer {live}"))]).status, 200);
    }
}

/// An authority whose tokens outlive the test: of an expired one a guard need not know that it was revoked.
fn patient_authority() -> Authority {
    let mut authority = Authority::start();
    authority.process.kill();
    let mut file = File::options().append(true).open(authority.data("serve.toml")).unwrap();
    file.write_all(b"\n[lifetimes]\naccess_token = 3600\n").unwrap();
    // At its usual level, `trace`, the log of a long run would fill the disk.
    authority.log_level = "warn";
    authority.restart();
    authority
}

/// A guard that reaches the authority through a relay of its own.
struct Edge {
    process: Process,
    port: u16,
    relay: Relay,
    arguments: Vec<String>,
    log: PathBuf,
}

impl Edge {
    fn start(authority: &Authority, runtime: &tokio::runtime::Runtime, number: usize) -> Self {
        let relay = runtime.block_on(Relay::start(authority.port));
        let port = free_port();
        let path = |name: &str| authority.data(name).display().to_string();
        let arguments: Vec<String> = [
            ("--listen", format!("127.0.0.1:{port}")),
            ("--issuer", authority.issuer()),
            ("--audience", text(&authority.dev, "/audience").to_owned()),
            ("--authority", format!("https://localhost:{}", relay.port)),
            ("--credential-file", path("guard.credential")),
            ("--ca-file", path("ca.pem")),
        ]
        .into_iter()
        .flat_map(|(option, value)| [option.to_owned(), value])
        .collect();
        let log = authority.folder.path().join(format!("guard-{number}.log"));
        let process = spawn(&arguments, &log);
        Self { process, port, relay, arguments, log }
    }

    /// Starts the guard again after it was killed.
    fn restart(&mut self) {
        self.process = spawn(&self.arguments, &self.log);
    }

    fn wait_until_ready(&self) {
        wait_until_ready(self.port);
    }
}

fn spawn(arguments: &[String], log: &std::path::Path) -> Process {
    let mut command = Command::new(PROBITY);
    command.arg("guard").args(arguments).env("PROBITY_LOG", "warn");
    Process::start(&mut command, log.to_owned())
}

fn wait_until_ready(port: u16) {
    wait_for("the guard to listen", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    wait_for("the guard to be ready", || get(port, "/readyz", &[]).status == 200);
}

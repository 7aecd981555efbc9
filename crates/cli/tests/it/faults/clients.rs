//! Clients that revoke, and clients that ask, all the time.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::task::JoinSet;

use super::havoc::Dice;
use super::history::{Event, History, Level, Verdict};
use crate::harness::Authority;

/// How many revoke at the same time: while a guard is in trouble an answer takes up to three seconds.
const REVOKERS: u64 = 64;

/// How many ask each guard.
const ASKERS: usize = 3;

/// Longer than any fault, so that what was asked of a stopped guard is still answered.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A little later than at once: whoever was refused a connection would otherwise do nothing else.
const AGAIN: Duration = Duration::from_millis(20);

/// All clients, and the tokens that they know.
#[derive(Clone)]
pub(super) struct Clients(Arc<Shared>);

struct Shared {
    issuer: String,
    credentials: (String, String),
    authority: reqwest::Client,
    guards: reqwest::Client,
    ports: Vec<u16>,
    tokens: Mutex<Vec<String>>,
    history: Arc<History>,
    turn: AtomicU64,
}

/// Clients at work.
pub(super) struct Busy(JoinSet<()>);

impl Busy {
    /// Waits until each has finished what it was doing.
    pub(super) async fn finish(mut self) {
        while let Some(ended) = self.0.join_next().await {
            ended.unwrap();
        }
    }
}

impl Clients {
    pub(super) fn new(authority: &Authority, ports: Vec<u16>, history: Arc<History>) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let pem = fs::read(authority.data("ca.pem")).unwrap();
        let certificates = reqwest::Certificate::from_pem_bundle(&pem).unwrap();
        let builder = || reqwest::Client::builder().no_proxy().timeout(TIMEOUT);
        let (id, secret) = authority.service();
        Self(Arc::new(Shared {
            issuer: authority.issuer(),
            credentials: (id.to_owned(), secret.to_owned()),
            authority: builder().tls_certs_only(certificates).build().unwrap(),
            guards: builder().build().unwrap(),
            ports,
            tokens: Mutex::default(),
            history,
            turn: AtomicU64::new(0),
        }))
    }

    pub(super) fn start(&self, stop: &Arc<AtomicBool>) -> Busy {
        let mut tasks = JoinSet::new();
        for number in 0..REVOKERS {
            let (this, stop) = (self.clone(), Arc::clone(stop));
            tasks.spawn(async move {
                for turn in number.. {
                    if stop.load(Ordering::Acquire) {
                        break;
                    }
                    // Now and then it is enough to know that it is on disk.
                    this.revoke_one(if turn % 8 == 0 { Level::Durable } else { Level::Enforced }).await;
                }
            });
        }
        for guard in (0..self.0.ports.len()).flat_map(|guard| [guard; ASKERS]) {
            let (this, stop) = (self.clone(), Arc::clone(stop));
            tasks.spawn(async move {
                let mut dice = Dice::new(this.0.turn.fetch_add(1, Ordering::Relaxed));
                while !stop.load(Ordering::Acquire) {
                    this.ask_any(guard, &mut dice).await;
                }
            });
        }
        Busy(tasks)
    }

    /// A token that nobody has revoked.
    pub(super) async fn token(&self) -> String {
        loop {
            let form = [("grant_type", "client_credentials")];
            if let Some(answer) = self.post("/token", &form).await {
                return answer["access_token"].as_str().unwrap().to_owned();
            }
        }
    }

    /// Which of these tokens a guard does not refuse as revoked.
    pub(super) async fn not_refused(&self, ports: &[u16], tokens: &[usize]) -> Vec<String> {
        let mut asked = JoinSet::new();
        for port in ports.iter().copied() {
            let (this, tokens) = (self.clone(), tokens.to_vec());
            asked.spawn(async move {
                let mut wrong = Vec::new();
                for number in tokens {
                    let verdict = this.verdict(port, &this.known(number)).await;
                    if verdict != Verdict::Revoked {
                        wrong.push(format!("token {number} at port {port}: {verdict:?}"));
                    }
                }
                wrong
            });
        }
        asked.join_all().await.concat()
    }

    /// Gets a token, has it revoked, and asks every guard about it in the moment in which the answer is there.
    async fn revoke_one(&self, level: Level) {
        let token = self.token().await;
        let number = {
            let mut tokens = self.0.tokens.lock().unwrap();
            tokens.push(token.clone());
            tokens.len() - 1
        };
        let name = match level {
            Level::Durable => "durable",
            Level::Enforced => "enforced",
        };
        // Without an answer nobody knows whether it was carried out: it is asked for again.
        while self
            .post("/revoke", &[("token", &token), ("level", name)])
            .await
            .is_none_or(|answer| answer["level"] != name)
        {}
        self.0.history.add(Event::Acknowledged { token: number, level, at: Instant::now() });
        let asked = (0..self.0.ports.len()).map(|guard| {
            let this = self.clone();
            async move { this.ask(guard, number).await }
        });
        let mut asked: JoinSet<()> = asked.collect();
        while asked.join_next().await.is_some() {}
    }

    /// Asks about one of the latest tokens, or about any.
    async fn ask_any(&self, guard: usize, dice: &mut Dice) {
        let known = self.0.tokens.lock().unwrap().len();
        if known == 0 {
            return tokio::time::sleep(AGAIN).await;
        }
        let among = if dice.below(8) == 0 { known } else { known.min(4 * usize::try_from(REVOKERS).unwrap()) };
        let back = usize::try_from(dice.below(among as u64)).unwrap();
        self.ask(guard, known - 1 - back).await;
    }

    async fn ask(&self, guard: usize, token: usize) {
        let text = self.known(token);
        let sent = Instant::now();
        let verdict = self.verdict(self.0.ports[guard], &text).await;
        self.0.history.add(Event::Asked { token, guard, sent, verdict });
        if verdict == Verdict::Unavailable {
            tokio::time::sleep(AGAIN).await;
        }
    }

    async fn verdict(&self, port: u16, token: &str) -> Verdict {
        let request = self.0.guards.get(format!("http://127.0.0.1:{port}/verify")).bearer_auth(token);
        let Ok(answer) = request.send().await else { return Verdict::Unavailable };
        let status = answer.status().as_u16();
        let code = answer.json::<Value>().await.map(|body| body["code"].clone()).unwrap_or_default();
        match status {
            200 => Verdict::Accepted,
            401 if code == "revoked.token" => Verdict::Revoked,
            503 => Verdict::Unavailable,
            other => Verdict::Other(other),
        }
    }

    fn known(&self, number: usize) -> String {
        self.0.tokens.lock().unwrap()[number].clone()
    }

    /// The authority's answer, or nothing when there is none.
    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Option<Value> {
        let Shared { issuer, credentials: (id, secret), authority, .. } = &*self.0;
        let request = authority.post(format!("{issuer}{path}")).basic_auth(id, Some(secret)).form(form);
        let answer = async { request.send().await.ok()?.error_for_status().ok()?.json().await.ok() }.await;
        if answer.is_none() {
            tokio::time::sleep(AGAIN).await;
        }
        answer
    }
}

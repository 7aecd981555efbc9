//! The authority, or its database, dies at random moments while clients redeem, refresh and revoke. What was answered is
//! there afterwards, and what was not is there whole or not at all.

use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::browser::{Browser, VERIFIER, code};
use crate::faults::Dice;
use crate::harness::{Authority, text, wait_for};
use crate::postgres::Postgres;

/// How often something dies.
const DEATHS: u64 = 4;

/// Clients with a refresh token each.
const REFRESHING: usize = 6;

/// Clients that redeem codes, and those that revoke.
const REDEEMING: usize = 2;
const REVOKING: usize = 2;

/// Codes of one redeeming client in one life.
const CODES: usize = 12;

/// How long a refresh token whose answer was lost may be used again (ten seconds), less what a request may take.
const RETRY_WINDOW: Duration = Duration::from_secs(8);

/// What the clients know, because they were told.
#[derive(Default)]
struct Told {
    /// The newest refresh token of each chain.
    chains: Mutex<Vec<String>>,
    /// Codes that were redeemed, with the refresh token that came.
    redeemed: Mutex<Vec<(String, String)>>,
    /// Access tokens that are revoked.
    revoked: Mutex<Vec<String>>,
    answers: AtomicU64,
    over: AtomicBool,
}

impl Told {
    /// Repeats what `work` does as long as it is answered and there is more to do.
    fn work(&self, mut work: impl FnMut() -> Option<()>) {
        while !self.over.load(Ordering::Relaxed) && work().is_some() {
            self.answers.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Everybody works until `death` is over; it begins after so many answers.
fn live_and_die(authority: &Authority, told: &Told, codes: Vec<Vec<String>>, answers: u64, death: impl FnOnce()) {
    told.answers.store(0, Ordering::Relaxed);
    told.over.store(false, Ordering::Relaxed);
    std::thread::scope(|scope| {
        for at in 0..REFRESHING {
            scope.spawn(move || {
                let client = authority.client();
                told.work(|| {
                    let token = told.chains.lock().unwrap()[at].clone();
                    let form =
                        [("grant_type", "refresh_token"), ("client_id", authority.app().0), ("refresh_token", &token)];
                    let answer = client.try_send(client.post("/token").form(&form)).ok()?;
                    if answer.status == 503 {
                        return None;
                    }
                    assert_eq!(answer.status, 200, "{answer:?}");
                    text(&answer.json(), "/refresh_token").clone_into(&mut told.chains.lock().unwrap()[at]);
                    Some(())
                });
            });
        }
        for mut codes in codes {
            scope.spawn(move || {
                let client = authority.client();
                let (id, redirect_uri) = authority.app();
                told.work(|| {
                    let code = codes.pop()?;
                    let form = [
                        ("grant_type", "authorization_code"),
                        ("client_id", id),
                        ("redirect_uri", redirect_uri),
                        ("code", &code),
                        ("code_verifier", VERIFIER),
                    ];
                    let answer = client.try_send(client.post("/token").form(&form)).ok()?;
                    if answer.status == 503 {
                        return None;
                    }
                    assert_eq!(answer.status, 200, "{answer:?}");
                    let refresh = text(&answer.json(), "/refresh_token").to_owned();
                    told.redeemed.lock().unwrap().push((code, refresh));
                    Some(())
                });
            });
        }
        for _ in 0..REVOKING {
            scope.spawn(move || {
                let client = authority.client();
                let (id, secret) = authority.service();
                told.work(|| {
                    let own = client.post("/token").basic_auth(id, Some(secret));
                    let answer = client.try_send(own.form(&[("grant_type", "client_credentials")])).ok()?;
                    let token = (answer.status == 200).then(|| text(&answer.json(), "/access_token").to_owned())?;
                    let revoke = client.post("/revoke").basic_auth(id, Some(secret));
                    let form = [("token", token.as_str()), ("level", "durable")];
                    let answer = client.try_send(revoke.form(&form)).ok()?;
                    (answer.status == 200).then(|| told.revoked.lock().unwrap().push(token))
                });
            });
        }
        wait_for("enough answers", || told.answers.load(Ordering::Relaxed) >= answers);
        death();
        told.over.store(true, Ordering::Relaxed);
    });
}

/// What was told still holds. Whether the chains could be looked at in time.
fn holds(authority: &Authority, told: &Told, died: Instant) -> bool {
    let client = authority.client();
    let (id, secret) = authority.service();
    let mut in_time = false;
    let mut chains = told.chains.lock().unwrap();
    for chain in chains.iter_mut() {
        let answer = authority.refresh(chain);
        // Of an answer that was lost the identical one is to be had for a while; afterwards the token counts as stolen.
        if died.elapsed() < RETRY_WINDOW {
            assert_eq!(answer.status, 200, "an acknowledged refresh token is lost: {answer:?}");
            in_time = true;
        }
        match answer.status {
            200 => text(&answer.json(), "/refresh_token").clone_into(chain),
            _ => chain.clear(),
        }
    }
    if chains.iter().any(String::is_empty) {
        // Begun anew in the next life.
        chains.clear();
    }
    drop(chains);
    for (code, refresh) in told.redeemed.lock().unwrap().drain(..) {
        let refreshed = authority.refresh(&refresh);
        assert_eq!(refreshed.status, 200, "an acknowledged grant is lost: {refreshed:?}");
        let again = authority.redeem(&code, VERIFIER);
        assert_eq!(again.error(), (400, "invalid_grant".into()), "a code that was used is good again");
        let newest = text(&refreshed.json(), "/refresh_token").to_owned();
        assert_eq!(authority.refresh(&newest).error(), (400, "invalid_grant".into()), "the replay kills its grant");
    }
    for token in told.revoked.lock().unwrap().iter() {
        let ask = client.post("/introspect").basic_auth(id, Some(secret)).form(&[("token", token)]);
        assert_eq!(client.send(ask).json()["active"], false, "an acknowledged revocation is lost");
    }
    in_time
}

/// What dies.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Victim {
    Authority,
    Database,
}

/// Lets these die one after the other, under load.
#[expect(clippy::disallowed_methods, reason = "how long ago something died")]
fn nothing_acknowledged_is_lost(authority: &mut Authority, postgres: Option<&Postgres>, victims: &[Victim]) {
    let mut dice = Dice::new(1);
    let told = Told::default();
    // Nobody can log in as long as something is dead, so the browser's session outlives all deaths.
    let mut session = String::new();
    let mut looked_at = 0;
    for death in 0..DEATHS {
        let victim = victims[usize::try_from(death).unwrap() % victims.len()];
        let mut codes = new_codes(authority, &mut session, REFRESHING + REDEEMING * CODES);
        if told.chains.lock().unwrap().is_empty() {
            let fresh = codes.drain(..REFRESHING).map(|code| {
                let answer = authority.redeem(&code, VERIFIER);
                text(&answer.json(), "/refresh_token").to_owned()
            });
            *told.chains.lock().unwrap() = fresh.collect();
        }
        let codes: Vec<Vec<String>> = codes.chunks(CODES).take(REDEEMING).map(<[String]>::to_vec).collect();
        let mut died = Instant::now();
        live_and_die(authority, &told, codes, 20 + dice.below(60), || {
            died = Instant::now();
            match victim {
                Victim::Authority => authority.process.signal("KILL"),
                Victim::Database => postgres.unwrap().crash(),
            }
        });
        match victim {
            Victim::Authority => {
                authority.process.kill();
                authority.restart();
            }
            Victim::Database => postgres.unwrap().run(),
        }
        let client = authority.client();
        wait_for("the authority to be ready", || client.send(client.get("/readyz")).status == 200);
        looked_at += usize::from(holds(authority, &told, died));
    }
    assert_ne!(looked_at, 0, "no restart was fast enough to look at the refresh tokens");
    assert!(!told.revoked.lock().unwrap().is_empty());
}

/// Codes of a user who logs in once.
fn new_codes(authority: &Authority, session: &mut String, count: usize) -> Vec<String> {
    let mut browser = Browser::new(authority);
    if session.is_empty() {
        browser.log_in();
        *session = browser.cookie("__Host-probity-session");
    } else {
        browser.set_cookie("__Host-probity-session", session);
    }
    (0..count).map(|_| code(&browser.open(&browser.authorize_url()))).collect()
}

#[test]
fn nothing_that_was_acknowledged_is_lost_when_the_authority_is_killed_under_load() {
    let mut authority = Authority::start();
    nothing_acknowledged_is_lost(&mut authority, None, &[Victim::Authority]);
}

#[test]
fn nothing_that_was_acknowledged_is_lost_when_the_authority_or_postgres_dies_under_load() {
    let postgres = Postgres::start();
    let mut authority = Authority::start();
    let file = authority.data("serve.toml");
    let config = fs::read_to_string(&file).unwrap().replace("data = \"store\"\n", "");
    fs::write(&file, config).unwrap();
    fs::write(authority.data("postgres.connection"), postgres.connection()).unwrap();
    authority.configure("[postgres]\nconnection_file = \"postgres.connection\"");
    nothing_acknowledged_is_lost(&mut authority, Some(&postgres), &[Victim::Database, Victim::Authority]);
}

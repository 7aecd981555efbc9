//! What a remembered token costs: `cargo run --release --bin cache`, in this folder.
//!
//! Each figure is the lowest median of several runs, in nanoseconds of one thread. The clocks are read as the guard reads them:
//! the wall clock before, the clock of the lease last.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use probity_jose::{JwkSet, SignatureAlgorithm, SigningKey, UnixTime, jwt};
use probity_verifier::clock::{BootTime, boot_now, unix_now};
use probity_verifier::revocation::{Action, Enforcer, Lease, Replica};
use probity_verifier::TokenVerifier;
use serde_json::json;

const ISSUER: &str = "https://as.example";
const AUDIENCE: &str = "https://api.example";
const RUNS: usize = 9;
const CALLS: usize = 200_000;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
static BYTES: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: everything is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        BYTES.fetch_add(layout.size(), Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        BYTES.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() {
    let key = SigningKey::generate(SignatureAlgorithm::Es256).unwrap().with_key_id("2026-11-a");
    let keys = JwkSet::parse(format!("{{\"keys\":[{}]}}", key.public_jwk().unwrap()).as_bytes()).unwrap();
    let now = unix_now();
    let tokens: Vec<String> = (0..10_000).map(|number| token(&key, now, number)).collect();
    println!("token of {} bytes", tokens[0].len());

    let verifier = verifier(100_000);
    let before = BYTES.load(Ordering::Relaxed);
    tokens.iter().for_each(|token| drop(verifier.check(token, &keys, now, boot_now).unwrap()));
    let bytes = BYTES.load(Ordering::Relaxed) - before;
    let text: usize = tokens.iter().map(String::len).sum();
    println!("memory of what is remembered: {:.2} x the bytes of the tokens", bytes as f64 / text as f64);

    let fixed = || BootTime::from_nanos(1);
    let hot = measure(|_| drop(black_box(verifier.check(&tokens[7], &keys, now, fixed).unwrap())));
    let order = order(tokens.len());
    let random = measure(|call| drop(black_box(verifier.check(&tokens[order[call % order.len()]], &keys, now, fixed).unwrap())));
    let clocks = measure(|_| drop(black_box(verifier.check(&tokens[7], &keys, unix_now(), boot_now).unwrap())));
    let unknown = self::verifier(0);
    let full = measure_some(200, |call| drop(black_box(unknown.check(&tokens[call % 100], &keys, now, fixed).unwrap())));
    println!("hit, hot                     {hot:7.0} ns   budget 100");
    println!("hit, random among 10,000     {random:7.0} ns   budget 350");
    println!("hit, hot, with both clocks   {clocks:7.0} ns");
    println!("verified, ES256              {full:7.0} ns");
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    (0..1000).for_each(|call| drop(black_box(verifier.check(&tokens[call], &keys, now, fixed).unwrap())));
    println!("allocations in 1,000 hits    {:7}", ALLOCATIONS.load(Ordering::Relaxed) - before);
}

fn verifier(remembered: usize) -> TokenVerifier {
    let (replica, lease) = (Arc::new(Replica::new(ISSUER)), Arc::new(Lease::default()));
    let enforcer = Enforcer::new(Arc::clone(&replica), Arc::clone(&lease));
    enforcer.carry_out([Action::Extend(BootTime::from_nanos(u64::MAX))], |_| {}).unwrap();
    TokenVerifier::new(&[AUDIENCE.to_owned()], &[SignatureAlgorithm::Es256], remembered, replica, lease)
}

/// A token with the claims of a user's session.
fn token(key: &SigningKey, now: UnixTime, number: usize) -> String {
    let claims = json!({
        "iss": ISSUER, "sub": format!("u_{number:022}"), "aud": AUDIENCE, "client_id": "app",
        "iat": now.as_secs(), "exp": now.as_secs() + 3000, "jti": format!("{number:022}"),
        "scope": "openid orders:read orders:write profile", "sid": format!("s_{number:022}"),
        "auth_time": now.as_secs() - 60, "amr": ["pwd"], "family": format!("f_{number:022}"),
        "status": {"status_list": {"idx": number, "uri": format!("{ISSUER}/status-lists/500000")}},
    });
    jwt::sign("at+jwt", &claims, key).unwrap()
}

/// The numbers below `length` in an order that no prefetcher guesses.
fn order(length: usize) -> Vec<usize> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut order: Vec<usize> = (0..length).collect();
    for at in (1..length).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        order.swap(at, (state >> 33) as usize % (at + 1));
    }
    order
}

fn measure(call: impl FnMut(usize)) -> f64 {
    measure_some(CALLS, call)
}

/// The lowest of several runs' means.
fn measure_some(calls: usize, mut call: impl FnMut(usize)) -> f64 {
    let run = |_| {
        let start = Instant::now();
        (0..calls).for_each(&mut call);
        start.elapsed().as_nanos() as f64 / calls as f64
    };
    (0..RUNS).map(run).fold(f64::INFINITY, f64::min)
}

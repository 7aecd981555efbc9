//! `cargo xtask bench authority`: the authority beside node `oidc-provider` in one run, over HTTP on loopback.
//!
//! What counts is the CPU time of the server per request: rates on a machine that others use say little.

mod http;
mod load;
mod login;
mod server;

use std::time::Duration;

use crate::Failure;
use load::{Load, Measured};
use server::{Server, authority, provider};

/// How long each figure is measured.
const SPAN: Duration = Duration::from_secs(4);

/// As many connections as the budgets are written for.
const CONNECTIONS: usize = 8;

/// Clients that refresh at once.
const REFRESHING: usize = 64;

/// What is measured, and the budget: milliseconds of the server's CPU, requests a second.
struct Row {
    name: &'static str,
    budget_cpu: Option<f64>,
    budget_rate: Option<f64>,
    ours: Measured,
    theirs: Option<Measured>,
}

/// Runs the benchmark, prints the tables, and fails when a budget is missed.
pub(crate) fn authority_bench() -> Result<(), Failure> {
    println!("load of the machine at the start: {}", server::load_average());
    let (ours, first) = authority()?;
    let idle = ours.memory()?;
    let mut starts = Vec::new();
    let mut ours = Some(ours);
    for _ in 0..3 {
        let (server, took) = ours.take().ok_or("no server")?.restart()?;
        starts.push(took);
        ours = Some(server);
    }
    let ours = ours.ok_or("no server")?;
    let (theirs, their_start) = provider()?;
    let their_idle = theirs.memory()?;

    let mut rows = Vec::new();
    let both = |name, path: (&str, &str), more: &str, budget_cpu, budget_rate| -> Result<Row, Failure> {
        let ours = measure(&ours, path.0, more)?;
        let theirs = Some(measure(&theirs, path.1, more)?);
        Ok(Row { name, budget_cpu, budget_rate, ours, theirs })
    };
    let own = "grant_type=client_credentials";
    rows.push(both("client_credentials, signed JWT (ES256)", ("/token", "/token"), own, Some(0.08), None)?);
    // The peer introspects no JWTs.
    let introspection = measure(&ours, "/introspect", "")?;
    rows.push(Row {
        name: "introspection of a JWT",
        budget_cpu: Some(0.05),
        budget_rate: None,
        ours: introspection,
        theirs: None,
    });
    rows.push(both("JWK Set", ("/jwks", "/jwks"), "", None, Some(40_000.0))?);
    let discovery = "/.well-known/openid-configuration";
    rows.push(both("discovery", (discovery, discovery), "", None, Some(40_000.0))?);
    let refresh = refreshes(&ours)?;
    rows.push(Row {
        name: "refresh, durable, SQLite, 64 clients",
        budget_cpu: Some(0.15),
        budget_rate: Some(3_000.0),
        ours: refresh,
        theirs: None,
    });

    println!("\n| | probity: CPU a request | a second | oidc-provider: CPU | a second | budget |");
    println!("|---|---:|---:|---:|---:|---|");
    let missed = rows.iter().filter(|row| !row.print()).count();
    println!("\n| | probity | oidc-provider | budget |\n|---|---:|---:|---|");
    let warm = starts.iter().min().copied().unwrap_or_default();
    println!("| start to ready, first | {:.2} s | {:.2} s | 1 s |", first.as_secs_f64(), their_start.as_secs_f64());
    println!("| start to ready, warm | {:.2} s | | 0.15 s |", warm.as_secs_f64());
    println!("| memory, idle | {idle} MB | {their_idle} MB | 20 MB |");
    println!("| memory, after the load | {} MB | {} MB | 40 MB |", ours.memory()?, theirs.memory()?);
    println!("\nload of the machine at the end: {}", server::load_average());
    if missed == 0 { Ok(()) } else { Err(format!("{missed} over budget")) }
}

impl Row {
    /// Whether it is within its budget.
    fn print(&self) -> bool {
        let Self { name, budget_cpu, budget_rate, ours, theirs } = self;
        let cell = |measured: &Measured| format!("{:.3} ms | {:.0}", measured.cpu, measured.rate);
        let their_cell = theirs.as_ref().map_or_else(|| " | ".to_owned(), cell);
        let limits = [budget_cpu.map(|ms| format!("{ms} ms")), budget_rate.map(|rate| format!("{rate} a second"))];
        let limits = limits.into_iter().flatten().collect::<Vec<_>>().join(", ");
        let good = budget_cpu.is_none_or(|most| ours.cpu <= most) && budget_rate.is_none_or(|least| ours.rate >= least);
        println!("| {name} | {} | {their_cell} | {limits}{} |", cell(ours), if good { "" } else { ", **missed**" });
        good
    }
}

/// The same request over and over: a form as the client, or a document when there is none to send.
fn measure(server: &Server, path: &str, form: &str) -> Result<Measured, Failure> {
    let form = if path.contains("introspect") { format!("token={}", server.token()?) } else { form.to_owned() };
    let request = if form.is_empty() { http::get(path, &[]) } else { http::form(path, &[&server::basic()], &form) };
    Load { server, span: SPAN }.run(&vec![request; CONNECTIONS], |request, _| Ok(request.to_owned()))
}

/// Each connection goes on with the refresh token that the last answer gave it.
fn refreshes(server: &Server) -> Result<Measured, Failure> {
    let request = |token: &str| {
        http::form("/token", &[], &format!("grant_type=refresh_token&client_id=app&refresh_token={token}"))
    };
    let tokens = login::refresh_tokens(server.port, REFRESHING)?;
    let first: Vec<String> = tokens.iter().map(|token| request(token)).collect();
    Load { server, span: SPAN }.run(&first, |_, answer| Ok(request(&http::text(answer, "refresh_token")?)))
}

//! An API that only callers with a good token reach. It hears of a revocation within milliseconds.

use axum::{Router, routing::get};
use probity_verifier::{Caller, Protect, Trust, TrustConfig};
use serde::Deserialize;

/// The claims that this application needs; the token has more.
#[derive(Deserialize)]
struct Claims {
    client_id: String,
}

async fn orders(caller: Caller<Claims>) -> String {
    format!("hello, {}; you came by {}\n", caller.token.subject(), caller.claims.client_id)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let set = |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set"));
    let config = TrustConfig::new(set("ISSUER")?, set("AUDIENCE")?, &std::fs::read_to_string(set("CREDENTIAL_FILE")?)?)
        .with_certificate_authorities(std::fs::read(set("CA_FILE")?)?);
    let app = Router::new().route("/orders", get(orders)).layer(Protect::new(Trust::start(config)?));
    let listener = tokio::net::TcpListener::bind(set("LISTEN")?).await?;
    Ok(axum::serve(listener, app).await?)
}

//! A tiny MCP server (Streamable HTTP, JSON answers only) that is a protected resource: a client that has no token learns from
//! the 401 where the metadata is (RFC 9728), and from the metadata which authority to ask.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::{Json, Router, routing::post};
use probity_verifier::{Caller, Protect, ResourceMetadata, Trust, TrustConfig};
use serde_json::{Value, json};

/// Answers one JSON-RPC message.
async fn mcp(caller: Caller, Json(message): Json<Value>) -> Response {
    let Some(id) = message.get("id") else { return StatusCode::ACCEPTED.into_response() };
    let answer = match message.get("method").and_then(Value::as_str) {
        Some("initialize") => Ok(json!({
            "protocolVersion": "2025-06-18",
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "whoami", "version": "1"},
        })),
        Some("tools/list") => Ok(json!({"tools": [{
            "name": "whoami",
            "description": "Says who calls",
            "inputSchema": {"type": "object"},
        }]})),
        Some("tools/call") if message.pointer("/params/name") == Some(&json!("whoami")) => {
            Ok(json!({"content": [{"type": "text", "text": caller.token.subject()}]}))
        }
        Some("tools/call") => Err(json!({"code": -32602, "message": "there is no such tool"})),
        _ => Err(json!({"code": -32601, "message": "there is no such method"})),
    };
    Json(match answer {
        Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
        Err(error) => json!({"jsonrpc": "2.0", "id": id, "error": error}),
    })
    .into_response()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let set = |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set"));
    let (issuer, resource) = (set("ISSUER")?, set("RESOURCE")?);
    let metadata = ResourceMetadata::new(&resource, &[&issuer], &["mcp:tools".to_owned()], Some("whoami"))?;
    // RFC 8707: the token is for this very resource.
    let config = TrustConfig::new(issuer, set("AUDIENCE")?, &std::fs::read_to_string(set("CREDENTIAL_FILE")?)?)
        .with_certificate_authorities(std::fs::read(set("CA_FILE")?)?);
    let protect = Protect::new(Trust::start(config)?).metadata(metadata);
    let app = Router::new().route("/mcp", post(mcp)).layer(protect);
    let listener = tokio::net::TcpListener::bind(set("LISTEN")?).await?;
    Ok(axum::serve(listener, app).await?)
}

//! `probity jws`: sign and verify (RFC 7515).

use clap::{Args, Subcommand};
use probity_jose::{JwkSet, SignatureAlgorithm, SigningKey, base64url, jws};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::batch::{self, BatchFlag, Kind, Outcome, Refused};
use crate::failure::Failure;

/// Sign and verify JSON Web Signatures.
#[derive(Debug, Args)]
#[command(after_help = VERIFY_EXAMPLE)]
pub(crate) struct JwsArgs {
    #[command(subcommand)]
    command: JwsCommand,
}

#[derive(Debug, Subcommand)]
enum JwsCommand {
    /// Verify signatures.
    ///
    /// A line {"id","jws","key","algs","payload"} gives {"id","valid":true,"header","payload"} or
    /// {"id","valid":false,"error","message"}. `jws` is a compact string or a JSON object, `key` a JWK or a JWK Set,
    /// `payload` the content as base64url when it is detached. Of several signatures one must be valid.
    #[command(after_help = VERIFY_EXAMPLE)]
    Verify(BatchFlag),
    /// Sign bytes.
    ///
    /// A line {"id","key","header","payload"} gives {"id","jws"} or {"id","error","message"}. `key` is a private JWK,
    /// `payload` is base64url, and `header` may name the algorithm when the key does not.
    #[command(after_help = SIGN_EXAMPLE)]
    Sign(BatchFlag),
}

const VERIFY_EXAMPLE: &str = "Example:\n  \
    echo '{\"id\":1,\"jws\":\"eyJ...\",\"key\":{\"kty\":\"EC\",...},\"algs\":[\"ES256\"]}' | probity jws verify --batch";

const SIGN_EXAMPLE: &str = "Example:\n  \
    echo '{\"id\":1,\"key\":{\"kty\":\"EC\",\"d\":\"...\",...},\"header\":{\"alg\":\"ES256\"},\"payload\":\"aGk\"}' \\\n    \
    | probity jws sign --batch";

impl JwsArgs {
    /// Answers every line.
    ///
    /// # Errors
    /// When reading or writing fails.
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self.command {
            JwsCommand::Verify(_) => batch::run(Kind::Verdict, verify),
            JwsCommand::Sign(_) => batch::run(Kind::Product, sign),
        }
    }
}

#[derive(Deserialize)]
struct ToVerify {
    jws: Box<RawValue>,
    key: Box<RawValue>,
    algs: Vec<String>,
    /// The payload when it is detached, as base64url.
    payload: Option<String>,
}

fn verify(line: &ToVerify) -> Outcome {
    let keys = keys_of(&line.key)?;
    let policy = jws::Verifier::new(algorithms(&line.algs));
    let detached = line.payload.as_deref().map(base64url::decode).transpose()?;
    if line.jws.get().starts_with('"') {
        let token: String = batch::text_of(&line.jws)?;
        let Some(content) = detached else {
            let verified = policy.verify(&token, &keys)?;
            return Ok(verified_members(header_members(verified.header()), verified.payload()));
        };
        let verified = policy.verify_detached(&token, &content, &keys)?;
        return Ok(verified_members(header_members(verified.header()), &content));
    }
    // Which of several signatures must be valid is the application's choice (RFC 7515 section 5.2); here any will do.
    let json = line.jws.get().as_bytes();
    let verified = match &detached {
        None => policy.verify_json(json, &keys, jws::Required::ANY)?,
        Some(content) => policy.verify_json_detached(json, content, &keys, jws::Required::ANY)?,
    };
    let header = verified.verified().next().map(|signature| header_members(signature.header())).unwrap_or_default();
    Ok(verified_members(header, verified.payload()))
}

fn verified_members(header: Map<String, Value>, payload: &[u8]) -> Map<String, Value> {
    let members = [("header", Value::Object(header)), ("payload", json!(base64url::encode(payload)))];
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Protected and unprotected parameters together; they never share a name.
pub(super) fn header_members(header: &jws::Header) -> Map<String, Value> {
    let read = |json: &str| serde_json::from_str::<Map<String, Value>>(json).unwrap_or_default();
    let mut members = read(header.protected());
    members.extend(read(header.unprotected()));
    members
}

#[derive(Deserialize)]
struct ToSign {
    key: Box<RawValue>,
    header: Box<RawValue>,
    /// As base64url.
    payload: String,
}

fn sign(line: &ToSign) -> Outcome {
    let header = jws::NewHeader::from_json(line.header.get().as_bytes())?;
    let named = header.other.get("alg").and_then(Value::as_str);
    let named = named.map(str::parse::<SignatureAlgorithm>).transpose()?;
    let jwk = line.key.get().as_bytes();
    // A key that does not say what it is for is for what the header says.
    let key = match named {
        Some(algorithm) => SigningKey::from_jwk_for(jwk, algorithm)?,
        None => SigningKey::from_jwk(jwk)?,
    };
    let token = jws::sign(&header, &base64url::decode(&line.payload)?, &key)?;
    Ok([("jws".to_owned(), json!(token))].into_iter().collect())
}

/// A JWK or a JWK Set.
pub(super) fn keys_of(json: &RawValue) -> Result<JwkSet, Refused> {
    let bytes = json.get().as_bytes();
    Ok(if batch::is_jwk_set(json) { JwkSet::parse(bytes)? } else { JwkSet::from_jwk(bytes)? })
}

/// The algorithms that are known; a name that is not known allows nothing.
pub(super) fn algorithms(names: &[String]) -> Vec<SignatureAlgorithm> {
    names.iter().filter_map(|name| name.parse().ok()).collect()
}

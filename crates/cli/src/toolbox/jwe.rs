//! `probity jwe`: encrypt and decrypt (RFC 7516).

use clap::{Args, Subcommand};
use probity_jose::jwe::{
    self, Compression, ContentEncryptionAlgorithm, Decrypter, DecryptionKeys, EncryptionKey, KeyManagementAlgorithm,
};
use probity_jose::{Error, base64url};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::batch::{self, BatchFlag, Kind, Outcome, Refused};
use crate::failure::Failure;

/// Encrypt and decrypt JSON Web Encryption.
#[derive(Debug, Args)]
#[command(after_help = DECRYPT_EXAMPLE)]
pub(crate) struct JweArgs {
    #[command(subcommand)]
    command: JweCommand,
}

#[derive(Debug, Subcommand)]
enum JweCommand {
    /// Decrypt.
    ///
    /// A line {"id","jwe","key","algs","encs"} gives {"id","valid":true,"header","plaintext"} or
    /// {"id","valid":false,"error","message"}. `jwe` is a compact string or a JSON object, `key` a private JWK or a JWK Set.
    /// Compressed content is refused unless the line has "zip": true.
    #[command(after_help = DECRYPT_EXAMPLE)]
    Decrypt(BatchFlag),
    /// Encrypt.
    ///
    /// A line {"id","key","header","plaintext"} gives {"id","jwe"} or {"id","error","message"}. `key` is a public or shared
    /// JWK, `header` has `alg` and `enc`, `plaintext` is base64url.
    #[command(after_help = ENCRYPT_EXAMPLE)]
    Encrypt(BatchFlag),
}

const DECRYPT_EXAMPLE: &str = "Example:\n  \
    echo '{\"id\":1,\"jwe\":\"eyJ...\",\"key\":{\"kty\":\"EC\",...},\"algs\":[\"ECDH-ES+A256KW\"],\"encs\":[\"A256GCM\"]}' \\\n    \
    | probity jwe decrypt --batch";

const ENCRYPT_EXAMPLE: &str = "Example:\n  \
    echo '{\"id\":1,\"key\":{\"kty\":\"EC\",...},\"header\":{\"alg\":\"ECDH-ES+A256KW\",\"enc\":\"A256GCM\"},\"plaintext\":\"aGk\"}' \\\n    \
    | probity jwe encrypt --batch";

impl JweArgs {
    /// Answers every line.
    ///
    /// # Errors
    /// When reading or writing fails.
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self.command {
            JweCommand::Decrypt(_) => batch::run(Kind::Verdict, decrypt),
            JweCommand::Encrypt(_) => batch::run(Kind::Product, encrypt),
        }
    }
}

#[derive(Deserialize)]
struct ToDecrypt {
    jwe: Box<RawValue>,
    key: Box<RawValue>,
    algs: Vec<String>,
    encs: Vec<String>,
    #[serde(default)]
    zip: bool,
}

fn decrypt(line: &ToDecrypt) -> Outcome {
    let json = line.key.get().as_bytes();
    let keys =
        if batch::is_jwk_set(&line.key) { DecryptionKeys::parse(json)? } else { DecryptionKeys::from_jwk(json)? };
    // A name that is not known allows nothing.
    let algorithms = line.algs.iter().filter_map(|name| name.parse::<KeyManagementAlgorithm>().ok());
    let encryptions = line.encs.iter().filter_map(|name| name.parse::<ContentEncryptionAlgorithm>().ok());
    let mut policy = Decrypter::new(algorithms, encryptions);
    if line.zip {
        policy.compression = Compression::Accepted;
    }
    let decrypted = if line.jwe.get().starts_with('"') {
        policy.decrypt(&batch::text_of(&line.jwe)?, &keys)?
    } else {
        policy.decrypt_json(line.jwe.get().as_bytes(), &keys)?
    };
    let header = Value::Object(header_members(decrypted.header()));
    let plaintext = json!(base64url::encode(decrypted.content()));
    Ok([("header".to_owned(), header), ("plaintext".to_owned(), plaintext)].into_iter().collect())
}

/// Protected and unprotected parameters together; they never share a name.
fn header_members(header: &jwe::Header) -> Map<String, Value> {
    let places = [header.protected(), header.shared_unprotected(), header.recipient_unprotected()];
    places.into_iter().flat_map(|json| serde_json::from_str::<Map<String, Value>>(json).unwrap_or_default()).collect()
}

#[derive(Deserialize)]
struct ToEncrypt {
    key: Box<RawValue>,
    header: Box<RawValue>,
    /// As base64url.
    plaintext: String,
}

fn encrypt(line: &ToEncrypt) -> Outcome {
    let header = jwe::NewHeader::from_json(line.header.get().as_bytes())?;
    let named = |name: &str| {
        let value = header.other.get(name).and_then(Value::as_str);
        value.ok_or_else(|| Refused::line(format!("the header has no {name}")))
    };
    let algorithm: KeyManagementAlgorithm = named("alg")?.parse()?;
    let encryption: ContentEncryptionAlgorithm = named("enc")?.parse()?;
    let jwk = line.key.get().as_bytes();
    let key: Result<EncryptionKey, Error> = match algorithm {
        KeyManagementAlgorithm::Dir => EncryptionKey::from_jwk_direct(jwk, encryption),
        _ => EncryptionKey::from_jwk(jwk, algorithm),
    };
    let token = jwe::encrypt(&header, encryption, base64url::decode(&line.plaintext)?, &key?)?;
    Ok([("jwe".to_owned(), json!(token))].into_iter().collect())
}

//! `probity key`: make, convert and name keys (RFC 7517, RFC 7638).

use std::io::Read;

use clap::{Args, Subcommand, ValueEnum};
use probity_jose::jwk::Jwk;
use probity_jose::{SignatureAlgorithm, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use crate::failure::{Doing, Failure};

/// The largest key that is read, in bytes.
const MAX_INPUT_BYTES: u64 = 1 << 20;

/// Make, convert and name keys.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    probity key generate --alg ES256 > private.jwk\n  \
    probity key public < private.jwk\n  \
    probity key thumbprint < private.jwk\n  \
    probity key convert --to pem < private.jwk\n  \
    probity key convert --to jwk --alg RS256 < private.pem")]
pub(crate) struct KeyArgs {
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Print a new private key as a JWK.
    #[command(after_help = "Example:\n  probity key generate --alg ES256 > private.jwk")]
    Generate {
        /// The algorithm that it is for, exactly as the registry has it: ES256, Ed25519, RS256, HS256, ML-DSA-44, ...
        #[arg(long)]
        alg: String,
        /// Its `kid`; its thumbprint when absent.
        #[arg(long)]
        kid: Option<String>,
    },
    /// Read a JWK, print its public half.
    #[command(after_help = "Example:\n  probity key public < private.jwk > public.jwk")]
    Public,
    /// Read a JWK, print its thumbprint (RFC 7638, SHA-256).
    #[command(after_help = "Example:\n  probity key thumbprint < public.jwk")]
    Thumbprint,
    /// Read a key as JWK, PEM or DER, print it in another form.
    #[command(
        after_help = "Examples:\n  probity key convert --to pem < private.jwk\n  probity key convert --to jwk --alg RS256 < private.pem"
    )]
    Convert {
        /// The form to print.
        #[arg(long, value_enum)]
        to: Form,
        /// The algorithm, when the key does not say it itself: PEM and DER never do.
        #[arg(long)]
        alg: Option<String>,
    },
}

/// How a key is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// RFC 7517.
    Jwk,
    /// RFC 7468: `PRIVATE KEY` (PKCS #8) or `PUBLIC KEY` (SubjectPublicKeyInfo).
    Pem,
    /// The same without armour.
    Der,
}

impl KeyArgs {
    /// Prints a key or its name.
    ///
    /// # Errors
    /// A key that can't be read, is too weak, or can't be written in the form that is asked for.
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self.command {
            KeyCommand::Generate { alg, kid } => {
                let key = SigningKey::generate(alg.parse::<SignatureAlgorithm>().doing("--alg")?)?;
                let kid = kid.unwrap_or_else(|| key.thumbprint());
                println!("{}", *key.with_key_id(kid).to_jwk());
            }
            KeyCommand::Public => {
                let public = Jwk::parse(&input()?)?.public_jwk();
                println!("{}", public.ok_or_else(|| Failure::new("a shared secret has no public half"))?);
            }
            KeyCommand::Thumbprint => println!("{}", Jwk::parse(&input()?)?.thumbprint()),
            KeyCommand::Convert { to, alg } => {
                let alg = alg.as_deref().map(str::parse::<SignatureAlgorithm>).transpose().doing("--alg")?;
                convert(&Key::read(&input()?, alg)?, to)?;
            }
        }
        Ok(())
    }
}

fn input() -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut bytes = Zeroizing::new(Vec::new());
    std::io::stdin().lock().take(MAX_INPUT_BYTES).read_to_end(&mut bytes).doing("standard input")?;
    if bytes.is_empty() {
        return Err(Failure::new("no key on standard input"));
    }
    Ok(bytes)
}

enum Key {
    Private(SigningKey),
    Public(VerifyingKey),
}

impl Key {
    fn read(bytes: &[u8], alg: Option<SignatureAlgorithm>) -> Result<Self, Failure> {
        let needed =
            || alg.ok_or_else(|| Failure::new("--alg is needed: the key does not say which algorithm it is for"));
        let trimmed = bytes.trim_ascii();
        if trimmed.starts_with(b"{") {
            let jwk = Jwk::parse(trimmed)?;
            return Ok(if jwk.is_private() {
                Self::Private(match alg {
                    Some(alg) => SigningKey::from_jwk_for(trimmed, alg)?,
                    None => SigningKey::from_jwk(trimmed)?,
                })
            } else {
                let alg = match (alg, jwk.signature_algorithms()?.as_slice()) {
                    (Some(alg), _) => alg,
                    (None, [only]) => *only,
                    (None, _) => needed()?,
                };
                Self::Public(VerifyingKey::from_jwk(trimmed, alg)?)
            });
        }
        if trimmed.starts_with(b"-----BEGIN") {
            let text = std::str::from_utf8(trimmed)?;
            return Ok(if text.contains("PRIVATE KEY-----") {
                Self::Private(SigningKey::from_private_pem(text, needed()?)?)
            } else {
                Self::Public(VerifyingKey::from_public_pem(text, needed()?)?)
            });
        }
        let alg = needed()?;
        match SigningKey::from_private_der(bytes, alg) {
            Ok(key) => Ok(Self::Private(key)),
            Err(private) => VerifyingKey::from_public_der(bytes, alg).map(Self::Public).map_err(|public| {
                Failure::new(format!("neither a private key ({private}) nor a public one ({public})"))
            }),
        }
    }
}

fn convert(key: &Key, to: Form) -> Result<(), Failure> {
    let no_form = || Failure::new("a shared secret has no PEM or DER form; use a JWK");
    match (key, to) {
        (Key::Private(key), Form::Jwk) => println!("{}", *key.to_jwk()),
        (Key::Public(key), Form::Jwk) => println!("{}", key.to_jwk().ok_or_else(no_form)?),
        (Key::Private(key), Form::Pem) => print!("{}", *key.to_private_pem().ok_or_else(no_form)?),
        (Key::Public(key), Form::Pem) => print!("{}", key.to_public_pem().ok_or_else(no_form)?),
        (Key::Private(key), Form::Der) => write_bytes(&key.to_private_der().ok_or_else(no_form)?)?,
        (Key::Public(key), Form::Der) => write_bytes(&key.to_public_der().ok_or_else(no_form)?)?,
    }
    Ok(())
}

fn write_bytes(bytes: &[u8]) -> Result<(), Failure> {
    use std::io::Write;
    Ok(std::io::stdout().lock().write_all(bytes)?)
}

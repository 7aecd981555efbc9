//! `probity key`: make, convert and name keys (RFC 7517, RFC 7638).

use std::io::Read;

use clap::{Args, Subcommand, ValueEnum};
use probity_jose::jwe::{AgreementCurve, DecryptionKey, EncryptionKey, KeyManagementAlgorithm};
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
    #[command(after_help = "Examples:\n  probity key generate --alg ES256 > private.jwk\n  \
        probity key generate --alg ECDH-ES+A256KW --crv X25519\n  probity key generate --alg dir --enc A256GCM")]
    Generate {
        /// The algorithm that it is for, exactly as the registry has it: ES256, Ed25519, RS256, HS256, ML-DSA-44,
        /// ECDH-ES+A256KW, RSA-OAEP-256, A256KW, dir, ...
        #[arg(long)]
        alg: String,
        /// The content encryption of a key for `dir`.
        #[arg(long)]
        enc: Option<String>,
        /// The curve of a key for ECDH-ES; P-256 when absent.
        #[arg(long, value_enum)]
        crv: Option<Crv>,
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

/// A curve for Diffie-Hellman, by its `crv`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Crv {
    #[value(name = "P-256")]
    P256,
    #[value(name = "P-384")]
    P384,
    #[value(name = "P-521")]
    P521,
    #[value(name = "X25519")]
    X25519,
}

impl From<Crv> for AgreementCurve {
    fn from(crv: Crv) -> Self {
        match crv {
            Crv::P256 => Self::P256,
            Crv::P384 => Self::P384,
            Crv::P521 => Self::P521,
            Crv::X25519 => Self::X25519,
        }
    }
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
            KeyCommand::Generate { alg, enc, crv, kid } => {
                let key = generate(Algorithm::parse(&alg)?, enc.as_deref(), crv)?;
                let kid = kid.unwrap_or_else(|| key.thumbprint());
                println!("{}", *key.with_key_id(kid).to_jwk());
            }
            KeyCommand::Public => {
                let public = Jwk::parse(&input()?)?.public_jwk();
                println!("{}", public.ok_or_else(|| Failure::new("a shared secret has no public half"))?);
            }
            KeyCommand::Thumbprint => println!("{}", Jwk::parse(&input()?)?.thumbprint()),
            KeyCommand::Convert { to, alg } => {
                let alg = alg.as_deref().map(Algorithm::parse).transpose()?;
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

/// What a key is for.
#[derive(Debug, Clone, Copy)]
enum Algorithm {
    Signature(SignatureAlgorithm),
    Encryption(KeyManagementAlgorithm),
}

impl Algorithm {
    fn parse(name: &str) -> Result<Self, Failure> {
        if let Ok(algorithm) = name.parse() {
            return Ok(Self::Signature(algorithm));
        }
        // A name of neither kind gets the reason of this one, which knows what was left out on purpose.
        let known = name.parse::<KeyManagementAlgorithm>().map(Self::Encryption);
        known.map_err(|error| {
            Failure::new(format!("--alg {name}: no algorithm for signatures, and for encryption: {error}"))
        })
    }
}

fn generate(algorithm: Algorithm, enc: Option<&str>, crv: Option<Crv>) -> Result<Key, Failure> {
    let unused = |option: &str| Failure::new(format!("{option} has no meaning for this algorithm"));
    Ok(match (algorithm, enc, crv) {
        (Algorithm::Encryption(KeyManagementAlgorithm::Dir), Some(enc), None) => {
            Key::Decryption(DecryptionKey::generate_direct(enc.parse().doing("--enc")?)?)
        }
        (Algorithm::Encryption(KeyManagementAlgorithm::Dir), None, _) => {
            return Err(Failure::new("--enc is needed: a key for dir is a key for one content encryption"));
        }
        (Algorithm::Encryption(algorithm), None, Some(crv)) => {
            Key::Decryption(DecryptionKey::generate_agreement(algorithm, crv.into()).doing("--crv")?)
        }
        (Algorithm::Encryption(algorithm), None, None) => Key::Decryption(DecryptionKey::generate(algorithm)?),
        (Algorithm::Signature(algorithm), None, None) => Key::Signing(SigningKey::generate(algorithm)?),
        (_, Some(_), _) => return Err(unused("--enc")),
        (_, _, Some(_)) => return Err(unused("--crv")),
    })
}

/// A key, with one algorithm and one direction.
enum Key {
    Signing(SigningKey),
    Verifying(VerifyingKey),
    Decryption(DecryptionKey),
    Encryption(EncryptionKey),
}

impl Key {
    fn read(bytes: &[u8], alg: Option<Algorithm>) -> Result<Self, Failure> {
        let needed = || Failure::new("--alg is needed: the key does not say which algorithm it is for");
        let trimmed = bytes.trim_ascii();
        if trimmed.starts_with(b"{") {
            let jwk = Jwk::parse(trimmed)?;
            let named = || jwk.algorithm_name().map(Algorithm::parse).transpose();
            let alg = match alg {
                Some(alg) => Some(alg),
                None => named()?,
            };
            // A curve that is good for one algorithm only says it too.
            let implied = jwk.signature_algorithms().unwrap_or_default();
            let alg = match (alg, implied.as_slice()) {
                (Some(alg), _) => alg,
                (None, [only]) => Algorithm::Signature(*only),
                (None, _) => return Err(needed()),
            };
            return Ok(match (alg, jwk.is_private()) {
                (Algorithm::Signature(alg), true) => Self::Signing(SigningKey::from_jwk_for(trimmed, alg)?),
                (Algorithm::Signature(alg), false) => Self::Verifying(VerifyingKey::from_jwk(trimmed, alg)?),
                (Algorithm::Encryption(alg), true) => Self::Decryption(DecryptionKey::from_jwk(trimmed, alg)?),
                (Algorithm::Encryption(alg), false) => Self::Encryption(EncryptionKey::from_jwk(trimmed, alg)?),
            });
        }
        let alg = alg.ok_or_else(needed)?;
        if trimmed.starts_with(b"-----BEGIN") {
            let text = std::str::from_utf8(trimmed)?;
            return Ok(match (alg, text.contains("PRIVATE KEY-----")) {
                (Algorithm::Signature(alg), true) => Self::Signing(SigningKey::from_private_pem(text, alg)?),
                (Algorithm::Signature(alg), false) => Self::Verifying(VerifyingKey::from_public_pem(text, alg)?),
                (Algorithm::Encryption(alg), true) => Self::Decryption(DecryptionKey::from_private_pem(text, alg)?),
                (Algorithm::Encryption(alg), false) => Self::Encryption(EncryptionKey::from_public_pem(text, alg)?),
            });
        }
        let neither = |private: probity_jose::Error, public: probity_jose::Error| {
            Failure::new(format!("neither a private key ({private}) nor a public one ({public})"))
        };
        match alg {
            Algorithm::Signature(alg) => {
                SigningKey::from_private_der(bytes, alg).map(Self::Signing).or_else(|private| {
                    let public = VerifyingKey::from_public_der(bytes, alg).map(Self::Verifying);
                    public.map_err(|public| neither(private, public))
                })
            }
            Algorithm::Encryption(alg) => {
                DecryptionKey::from_private_der(bytes, alg).map(Self::Decryption).or_else(|private| {
                    let public = EncryptionKey::from_public_der(bytes, alg).map(Self::Encryption);
                    public.map_err(|public| neither(private, public))
                })
            }
        }
    }

    fn thumbprint(&self) -> String {
        match self {
            Self::Signing(key) => key.thumbprint(),
            Self::Verifying(key) => key.thumbprint().to_owned(),
            Self::Decryption(key) => key.thumbprint(),
            Self::Encryption(key) => key.thumbprint(),
        }
    }

    /// The same private key with a `kid`; a public one keeps its own.
    fn with_key_id(self, kid: String) -> Self {
        match self {
            Self::Signing(key) => Self::Signing(key.with_key_id(kid)),
            Self::Decryption(key) => Self::Decryption(key.with_key_id(kid)),
            public => public,
        }
    }

    fn to_jwk(&self) -> Zeroizing<String> {
        match self {
            Self::Signing(key) => key.to_jwk(),
            Self::Decryption(key) => key.to_jwk(),
            Self::Verifying(key) => key.to_jwk().unwrap_or_default().into(),
            Self::Encryption(key) => key.to_jwk().unwrap_or_default().into(),
        }
    }

    fn to_pem(&self) -> Option<Zeroizing<String>> {
        match self {
            Self::Signing(key) => key.to_private_pem(),
            Self::Decryption(key) => key.to_private_pem(),
            Self::Verifying(key) => key.to_public_pem().map(Into::into),
            Self::Encryption(key) => key.to_public_pem().map(Into::into),
        }
    }

    fn to_der(&self) -> Option<Zeroizing<Vec<u8>>> {
        match self {
            Self::Signing(key) => key.to_private_der(),
            Self::Decryption(key) => key.to_private_der(),
            Self::Verifying(key) => key.to_public_der().map(Into::into),
            Self::Encryption(key) => key.to_public_der().map(Into::into),
        }
    }
}

fn convert(key: &Key, to: Form) -> Result<(), Failure> {
    let no_form = || Failure::new("a shared secret has no PEM or DER form; use a JWK");
    match to {
        Form::Jwk => println!("{}", *key.to_jwk()),
        Form::Pem => print!("{}", *key.to_pem().ok_or_else(no_form)?),
        Form::Der => write_bytes(&key.to_der().ok_or_else(no_form)?)?,
    }
    Ok(())
}

fn write_bytes(bytes: &[u8]) -> Result<(), Failure> {
    use std::io::Write;
    Ok(std::io::stdout().lock().write_all(bytes)?)
}

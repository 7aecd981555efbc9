//! Keys on Curve25519, `OKP` (RFC 8037 section 2).

use aws_lc_rs::agreement;
use aws_lc_rs::encoding::AsBigEndian;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use zeroize::Zeroizing;

use super::Members;
use super::edwards;
use crate::error::Error;

/// What the key does: Ed25519 signs, X25519 agrees. The same numbers never do both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OkpCurve {
    Ed25519,
    X25519,
}

/// A public key on Curve25519, and the private one that belongs to it.
#[derive(Clone)]
pub(crate) struct OkpKey {
    curve: OkpCurve,
    public: [u8; 32],
    secret: Option<Zeroizing<Vec<u8>>>,
}

impl OkpCurve {
    /// The `crv` name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "Ed25519",
            Self::X25519 => "X25519",
        }
    }
}

impl OkpKey {
    pub(super) fn read(members: Members<'_>) -> Result<Self, Error> {
        let curve = match members.required_text("crv")?.as_ref() {
            "Ed25519" => OkpCurve::Ed25519,
            "X25519" => OkpCurve::X25519,
            _ => return Err(Error::CurveUnknown),
        };
        let secret = members.secret("d")?;
        Self::new(curve, &members.bytes("x")?, secret.as_ref().map(|secret| secret.as_slice()))
    }

    /// A key from its public half, and its private half if there is one, which must match.
    pub(crate) fn new(curve: OkpCurve, public: &[u8], secret: Option<&[u8]>) -> Result<Self, Error> {
        let public: [u8; 32] = public.try_into().map_err(|_| Error::KeyEncoding)?;
        match curve {
            OkpCurve::Ed25519 => edwards::check_public_key(&public)?,
            OkpCurve::X25519 => edwards::check_montgomery(&public)?,
        }
        let Some(secret) = secret else { return Ok(Self { curve, public, secret: None }) };
        let key = Self::from_private(curve, secret)?;
        if key.public == public { Ok(key) } else { Err(Error::KeyMismatch) }
    }

    /// A private key, whose public half is calculated.
    pub(crate) fn from_private(curve: OkpCurve, secret: &[u8]) -> Result<Self, Error> {
        if secret.len() != 32 {
            return Err(Error::KeyEncoding);
        }
        let public = match curve {
            OkpCurve::Ed25519 => {
                let pair = Ed25519KeyPair::from_seed_unchecked(secret).map_err(|_| Error::KeyEncoding)?;
                pair.public_key().as_ref().try_into()
            }
            OkpCurve::X25519 => {
                let private = agreement::PrivateKey::from_private_key(&agreement::X25519, secret);
                let public = private.and_then(|private| Ok(private.compute_public_key()?));
                public.map_err(|_| Error::KeyEncoding)?.as_ref().try_into()
            }
        };
        let public = public.map_err(|_| Error::Crypto)?;
        Ok(Self { curve, public, secret: Some(Zeroizing::new(secret.to_vec())) })
    }

    pub(crate) fn generate_ed25519() -> Result<Self, Error> {
        let seed = Ed25519KeyPair::generate().and_then(|pair| pair.seed()).and_then(|seed| seed.as_be_bytes());
        Self::from_private(OkpCurve::Ed25519, seed.map_err(|_| Error::Crypto)?.as_ref())
    }

    pub(crate) const fn curve(&self) -> OkpCurve {
        self.curve
    }

    pub(super) fn signs(&self) -> bool {
        self.curve == OkpCurve::Ed25519
    }

    pub(crate) const fn public(&self) -> &[u8] {
        &self.public
    }

    pub(crate) fn secret(&self) -> Option<&[u8]> {
        self.secret.as_ref().map(|secret| secret.as_slice())
    }
}

//! ML-DSA keys, `AKP` (RFC 9964). The algorithm is part of the key.

use aws_lc_rs::signature::{KeyPair, ParsedPublicKey, PqdsaKeyPair, PqdsaSigningAlgorithm, VerificationAlgorithm};
use zeroize::Zeroizing;

use super::Members;
use crate::algorithm::{Family, SignatureAlgorithm};
use crate::error::Error;

/// An ML-DSA public key, and the seed of its private one.
#[derive(Clone)]
pub(crate) struct AkpKey {
    algorithm: SignatureAlgorithm,
    public: Vec<u8>,
    seed: Option<Zeroizing<Vec<u8>>>,
}

impl AkpKey {
    pub(super) fn read(members: Members<'_>) -> Result<Self, Error> {
        // `alg` is required in these keys.
        let algorithm = members.required_text("alg")?.parse().map_err(|_| Error::KeyAlgorithm)?;
        let seed = members.secret("priv")?;
        Self::new(algorithm, &members.bytes("pub")?, seed.as_ref().map(|seed| seed.as_slice()))
    }

    /// A key from its public half, and its seed if there is one, which must match.
    pub(crate) fn new(algorithm: SignatureAlgorithm, public: &[u8], seed: Option<&[u8]>) -> Result<Self, Error> {
        let (verify, _) = of(algorithm)?;
        ParsedPublicKey::new(verify, public).map_err(|_| Error::KeyEncoding)?;
        let Some(seed) = seed else { return Ok(Self { algorithm, public: public.to_vec(), seed: None }) };
        let key = Self::from_seed(algorithm, seed)?;
        if key.public == public { Ok(key) } else { Err(Error::KeyMismatch) }
    }

    pub(crate) fn from_seed(algorithm: SignatureAlgorithm, seed: &[u8]) -> Result<Self, Error> {
        let (_, sign) = of(algorithm)?;
        let pair = PqdsaKeyPair::from_seed(sign, seed).map_err(|_| Error::KeyEncoding)?;
        let public = pair.public_key().as_ref().to_vec();
        Ok(Self { algorithm, public, seed: Some(Zeroizing::new(seed.to_vec())) })
    }

    pub(crate) const fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    pub(crate) fn public(&self) -> &[u8] {
        &self.public
    }

    pub(crate) fn seed(&self) -> Option<&[u8]> {
        self.seed.as_ref().map(|seed| seed.as_slice())
    }
}

fn of(
    algorithm: SignatureAlgorithm,
) -> Result<(&'static dyn VerificationAlgorithm, &'static PqdsaSigningAlgorithm), Error> {
    match algorithm.family() {
        Family::MlDsa { verify, sign } => Ok((verify, sign)),
        _ => Err(Error::KeyAlgorithm),
    }
}

//! RSA keys (RFC 7518 section 6.3).

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, KeyPairComponents, KeySize, PublicKeyComponents};
use zeroize::Zeroizing;

use super::{Material, Members};
use crate::der::pkcs8;
use crate::error::Error;
use crate::limits::{MAX_RSA_BITS, MAX_RSA_EXPONENT, MIN_RSA_BITS, MIN_RSA_EXPONENT};

/// A modulus and an exponent, big-endian without leading zeros, and the private numbers that belong to them.
#[derive(Clone)]
pub(crate) struct RsaKey {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
    private: Option<RsaPrivate>,
}

/// The private numbers of a key of two primes (RFC 7518 section 6.3.2).
#[derive(Clone)]
pub(crate) struct RsaPrivate {
    pub(crate) d: Zeroizing<Vec<u8>>,
    pub(crate) p: Zeroizing<Vec<u8>>,
    pub(crate) q: Zeroizing<Vec<u8>>,
    pub(crate) dp: Zeroizing<Vec<u8>>,
    pub(crate) dq: Zeroizing<Vec<u8>>,
    pub(crate) qi: Zeroizing<Vec<u8>>,
}

impl RsaKey {
    pub(super) fn read(members: Members<'_>) -> Result<Self, Error> {
        let (modulus, exponent) = (members.bytes("n")?, members.bytes("e")?);
        if members.value("d").is_none() {
            return Self::public(&modulus, &exponent);
        }
        // Keys of more than two primes can't be used (RFC 7518 section 6.3.2.7). Without the primes a key would have
        // to be factored first.
        if members.value("oth").is_some() {
            return Err(Error::JwkMalformed);
        }
        let secret = |name| members.secret(name).and_then(|secret| secret.ok_or(Error::JwkMalformed));
        let private = RsaPrivate {
            d: secret("d")?,
            p: secret("p")?,
            q: secret("q")?,
            dp: secret("dp")?,
            dq: secret("dq")?,
            qi: secret("qi")?,
        };
        Self::private(&modulus, &exponent, private)
    }

    pub(crate) fn public(modulus: &[u8], exponent: &[u8]) -> Result<Self, Error> {
        check_modulus(modulus)?;
        check_exponent(exponent)?;
        Ok(Self { modulus: modulus.to_vec(), exponent: exponent.to_vec(), private: None })
    }

    pub(crate) fn private(modulus: &[u8], exponent: &[u8], private: RsaPrivate) -> Result<Self, Error> {
        let mut key = Self::public(modulus, exponent)?;
        key.private = Some(private);
        key.key_pair()?;
        Ok(key)
    }

    pub(crate) fn generate(size: KeySize) -> Result<Self, Error> {
        let der = KeyPair::generate(size).and_then(|pair| pair.as_der()).map_err(|_| Error::Crypto)?;
        match pkcs8::read(der.as_ref())? {
            Material::Rsa(key) => Ok(key),
            _ => Err(Error::Crypto),
        }
    }

    pub(crate) fn modulus(&self) -> &[u8] {
        &self.modulus
    }

    pub(crate) fn exponent(&self) -> &[u8] {
        &self.exponent
    }

    pub(crate) fn secret(&self) -> Option<&RsaPrivate> {
        self.private.as_ref()
    }

    pub(crate) fn components(&self) -> PublicKeyComponents<&[u8]> {
        PublicKeyComponents { n: &self.modulus, e: &self.exponent }
    }

    /// The pair for signing. All numbers are checked against each other.
    pub(crate) fn key_pair(&self) -> Result<KeyPair, Error> {
        let RsaPrivate { d, p, q, dp, dq, qi } = self.private.as_ref().ok_or(Error::NotPrivate)?;
        let [d, p, q, dp, dq, qi] = [d, p, q, dp, dq, qi].map(|number| number.as_slice());
        let components = KeyPairComponents { public_key: self.components(), d, p, q, dP: dp, dQ: dq, qInv: qi };
        KeyPair::from_components(&components).map_err(|_| Error::KeyMismatch)
    }
}

fn check_modulus(modulus: &[u8]) -> Result<(), Error> {
    let (first, last) = (modulus.first().copied().unwrap_or(0), modulus.last().copied().unwrap_or(0));
    // RFC 7518 section 6.3.1.1: as many octets as needed, and no leading zero.
    if first == 0 {
        return Err(Error::KeyEncoding);
    }
    let bits = modulus.len() * 8 - first.leading_zeros() as usize;
    if !(MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits) {
        return Err(Error::RsaSize);
    }
    if last % 2 == 0 || is_roca(modulus) {
        return Err(Error::RsaWeak);
    }
    Ok(())
}

fn check_exponent(exponent: &[u8]) -> Result<(), Error> {
    if exponent.first().is_none_or(|first| *first == 0) {
        return Err(Error::KeyEncoding);
    }
    let value = exponent.iter().try_fold(0_u64, |value, byte| Some(value.checked_mul(256)? + u64::from(*byte)));
    match value {
        Some(value) if value % 2 == 1 && (MIN_RSA_EXPONENT..=MAX_RSA_EXPONENT).contains(&value) => Ok(()),
        _ => Err(Error::RsaExponent),
    }
}

/// Whether a modulus has the form of the keys that one maker's chips made and the ROCA attack factors
/// (CVE-2017-15361): modulo each of these primes it is a power of 65537. One in 2^27 other moduli is as well.
fn is_roca(modulus: &[u8]) -> bool {
    const PRIMES: [u32; 17] = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157];
    PRIMES.iter().all(|prime| {
        let residue = modulus.iter().fold(0, |residue, byte| (residue * 256 + u32::from(*byte)) % prime);
        let powers = core::iter::successors(Some(1), |power| Some(power * (65_537 % prime) % prime));
        powers.take(*prime as usize).any(|power| power == residue)
    })
}

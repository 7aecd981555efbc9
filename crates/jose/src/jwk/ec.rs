//! Elliptic-curve keys, `EC` (RFC 7518 section 6.2).

use aws_lc_rs::encoding::AsBigEndian;
use aws_lc_rs::signature::{EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair, ParsedPublicKey};
use zeroize::Zeroizing;

use super::Members;
use crate::algorithm::{Curve, Family};
use crate::error::Error;

/// A point on its curve, and the private number that belongs to it.
#[derive(Clone)]
pub(crate) struct EcKey {
    curve: Curve,
    /// The uncompressed point: 4, x, y (SEC 1 section 2.3.3).
    point: Vec<u8>,
    secret: Option<Zeroizing<Vec<u8>>>,
}

impl EcKey {
    pub(super) fn read(members: Members<'_>) -> Result<Self, Error> {
        let name = members.required_text("crv")?;
        let curve = *Curve::ALL.iter().find(|curve| curve.name() == name).ok_or(Error::CurveUnknown)?;
        let (x, y) = (members.bytes("x")?, members.bytes("y")?);
        // RFC 7518 section 6.2.1.2: coordinates have the full length of the curve.
        if x.len() != curve.bytes() || y.len() != curve.bytes() {
            return Err(Error::KeyEncoding);
        }
        let public = Self::from_point(curve, &[&[UNCOMPRESSED], x.as_slice(), y.as_slice()].concat())?;
        match members.secret("d")? {
            Some(secret) => Self::from_private(curve, &secret, Some(&public.point)),
            None => Ok(public),
        }
    }

    /// A public key from an uncompressed point.
    pub(crate) fn from_point(curve: Curve, point: &[u8]) -> Result<Self, Error> {
        if point.len() != 1 + 2 * curve.bytes() || point.first() != Some(&UNCOMPRESSED) {
            return Err(Error::KeyEncoding);
        }
        let Family::Ecdsa { verify, .. } = curve.signature_algorithm().family() else {
            return Err(Error::CurveUnknown);
        };
        // Parsing checks that the coordinates are in range and the point is on the curve.
        ParsedPublicKey::new(verify, point).map_err(|_| Error::PointInvalid)?;
        Ok(Self { curve, point: point.to_vec(), secret: None })
    }

    /// A private key; its point is checked when given, and calculated otherwise.
    pub(crate) fn from_private(curve: Curve, secret: &[u8], point: Option<&[u8]>) -> Result<Self, Error> {
        // RFC 7518 section 6.2.2.1: `d` has the full length of the curve's order.
        if secret.len() != curve.bytes() {
            return Err(Error::KeyEncoding);
        }
        let signing = signing(curve)?;
        let pair = match point {
            Some(point) => EcdsaKeyPair::from_private_key_and_public_key(signing, secret, point),
            None => EcdsaKeyPair::from_private_key_der(signing, &crate::der::pkcs8::ec_without_point(curve, secret)),
        };
        Self::from_pair(curve, &pair.map_err(|_| Error::KeyMismatch)?)
    }

    pub(crate) fn generate(curve: Curve) -> Result<Self, Error> {
        let pair = EcdsaKeyPair::generate(signing(curve)?).map_err(|_| Error::Crypto)?;
        Self::from_pair(curve, &pair)
    }

    fn from_pair(curve: Curve, pair: &EcdsaKeyPair) -> Result<Self, Error> {
        let secret = pair.private_key().as_be_bytes().map_err(|_| Error::Crypto)?;
        let secret = Some(Zeroizing::new(secret.as_ref().to_vec()));
        Ok(Self { curve, point: pair.public_key().as_ref().to_vec(), secret })
    }

    pub(crate) const fn curve(&self) -> Curve {
        self.curve
    }

    /// The uncompressed point.
    pub(crate) fn point(&self) -> Vec<u8> {
        self.point.clone()
    }

    pub(super) fn x(&self) -> &[u8] {
        self.point.get(1..=self.curve.bytes()).unwrap_or_default()
    }

    pub(super) fn y(&self) -> &[u8] {
        self.point.get(1 + self.curve.bytes()..).unwrap_or_default()
    }

    pub(crate) fn secret(&self) -> Option<&[u8]> {
        self.secret.as_ref().map(|secret| secret.as_slice())
    }
}

fn signing(curve: Curve) -> Result<&'static EcdsaSigningAlgorithm, Error> {
    match curve.signature_algorithm().family() {
        Family::Ecdsa { sign, .. } => Ok(sign),
        _ => Err(Error::CurveUnknown),
    }
}

/// The first byte of an uncompressed point.
const UNCOMPRESSED: u8 = 4;

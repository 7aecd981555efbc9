//! SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7): the public form of keys in certificates and PEM files.

use super::read::Reader;
use super::write::{Der, bits, positive, sequence, value};
use super::{oid, tag};
use crate::algorithm::{Curve, SignatureAlgorithm};
use crate::error::Error;
use crate::jwk::{AkpKey, EcKey, Material, OkpCurve, OkpKey, RsaKey};

/// Reads a public key.
pub(crate) fn read(der: &[u8]) -> Result<Material, Error> {
    let mut outer = Reader::new(der);
    let mut info = outer.enter(tag::SEQUENCE)?;
    outer.end()?;
    let algorithm = Algorithm::read(&mut info)?;
    let key = info.bits()?;
    info.end()?;
    algorithm.public_key(key)
}

/// Writes the public half of a key. A secret has none.
pub(crate) fn write(key: &Material) -> Option<Der> {
    let (algorithm, key) = match key {
        Material::Rsa(key) => (Algorithm::Rsa, rsa_public_key(key)),
        Material::Ec(key) => (Algorithm::Ec(key.curve()), key.point().into()),
        Material::Okp(key) => (Algorithm::Okp(key.curve()), key.public().to_vec().into()),
        Material::Akp(key) => (Algorithm::MlDsa(key.algorithm()), key.public().to_vec().into()),
        Material::Oct(_) => return None,
    };
    Some(sequence(&[&algorithm.write(), &bits(&key)]))
}

/// `RSAPublicKey` (RFC 8017 appendix A.1.1).
fn rsa_public_key(key: &RsaKey) -> Der {
    sequence(&[&positive(key.modulus()), &positive(key.exponent())])
}

/// An AlgorithmIdentifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Rsa,
    Ec(Curve),
    Okp(OkpCurve),
    MlDsa(SignatureAlgorithm),
}

impl Algorithm {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Error> {
        let mut identifier = reader.enter(tag::SEQUENCE)?;
        let algorithm = match identifier.read(tag::OID)? {
            oid::RSA => {
                identifier.read(tag::NULL)?;
                Self::Rsa
            }
            oid::EC => {
                let curve = identifier.read(tag::OID)?;
                let known = Curve::ALL.iter().find(|known| known.oid() == curve);
                Self::Ec(*known.ok_or(Error::CurveUnknown)?)
            }
            oid::ED25519 => Self::Okp(OkpCurve::Ed25519),
            oid::X25519 => Self::Okp(OkpCurve::X25519),
            oid::ML_DSA_44 => Self::MlDsa(SignatureAlgorithm::MlDsa44),
            oid::ML_DSA_65 => Self::MlDsa(SignatureAlgorithm::MlDsa65),
            oid::ML_DSA_87 => Self::MlDsa(SignatureAlgorithm::MlDsa87),
            _ => return Err(Error::KeyTypeUnknown),
        };
        identifier.end()?;
        Ok(algorithm)
    }

    pub(super) fn write(self) -> Der {
        let oid = |oid| value(tag::OID, &[oid]);
        match self {
            Self::Rsa => sequence(&[&oid(oid::RSA), &value(tag::NULL, &[])]),
            Self::Ec(curve) => sequence(&[&oid(oid::EC), &oid(curve.oid())]),
            Self::Okp(OkpCurve::Ed25519) => sequence(&[&oid(oid::ED25519)]),
            Self::Okp(OkpCurve::X25519) => sequence(&[&oid(oid::X25519)]),
            Self::MlDsa(SignatureAlgorithm::MlDsa44) => sequence(&[&oid(oid::ML_DSA_44)]),
            Self::MlDsa(SignatureAlgorithm::MlDsa65) => sequence(&[&oid(oid::ML_DSA_65)]),
            Self::MlDsa(_) => sequence(&[&oid(oid::ML_DSA_87)]),
        }
    }

    fn public_key(self, bytes: &[u8]) -> Result<Material, Error> {
        match self {
            Self::Rsa => {
                let mut outer = Reader::new(bytes);
                let mut key = outer.enter(tag::SEQUENCE)?;
                outer.end()?;
                let (modulus, exponent) = (key.positive()?, key.positive()?);
                key.end()?;
                RsaKey::public(modulus, exponent).map(Material::Rsa)
            }
            Self::Ec(curve) => EcKey::from_point(curve, bytes).map(Material::Ec),
            Self::Okp(curve) => OkpKey::new(curve, bytes, None).map(Material::Okp),
            Self::MlDsa(algorithm) => AkpKey::new(algorithm, bytes, None).map(Material::Akp),
        }
    }
}

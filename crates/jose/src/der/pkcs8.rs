//! PrivateKeyInfo (RFC 5208, RFC 5958) and the older forms RSAPrivateKey (RFC 8017) and ECPrivateKey (RFC 5915).

use zeroize::Zeroizing;

use super::read::Reader;
use super::spki::Algorithm;
use super::tag;
use super::write::{Der, bits, positive, sequence, small, value};
use crate::algorithm::Curve;
use crate::error::Error;
use crate::jwk::{AkpKey, EcKey, Material, OkpKey, RsaKey, RsaPrivate};

/// Reads a PKCS#8 private key.
pub(crate) fn read(der: &[u8]) -> Result<Material, Error> {
    let mut outer = Reader::new(der);
    let mut info = outer.enter(tag::SEQUENCE)?;
    outer.end()?;
    // Version 0, or 1 with the public key at the end (RFC 5958 section 2). Attributes are not looked at.
    if info.small()? > 1 {
        return Err(Error::Der);
    }
    let algorithm = Algorithm::read(&mut info)?;
    let key = info.read(tag::OCTET_STRING)?;
    match algorithm {
        Algorithm::Rsa => read_rsa(key),
        Algorithm::Ec(curve) => read_ec(key, Some(curve)),
        Algorithm::Okp(curve) => {
            let mut outer = Reader::new(key);
            let seed = outer.read(tag::OCTET_STRING)?;
            outer.end()?;
            OkpKey::from_private(curve, seed).map(Material::Okp)
        }
        Algorithm::MlDsa(algorithm) => {
            // RFC 9881 section 6: only the seed form. The expanded form can't be written as a JWK.
            let mut outer = Reader::new(key);
            let seed = outer.read(tag::SEED)?;
            outer.end()?;
            AkpKey::from_seed(algorithm, seed).map(Material::Akp)
        }
    }
}

/// Reads an RSAPrivateKey of two primes (RFC 8017 appendix A.1.2).
pub(crate) fn read_rsa(der: &[u8]) -> Result<Material, Error> {
    let mut outer = Reader::new(der);
    let mut key = outer.enter(tag::SEQUENCE)?;
    outer.end()?;
    if key.small()? != 0 {
        return Err(Error::Der);
    }
    let (modulus, exponent) = (key.positive()?, key.positive()?);
    let mut secret = || key.positive().map(|bytes| Zeroizing::new(bytes.to_vec()));
    let private = RsaPrivate { d: secret()?, p: secret()?, q: secret()?, dp: secret()?, dq: secret()?, qi: secret()? };
    key.end()?;
    RsaKey::private(modulus, exponent, private).map(Material::Rsa)
}

/// Reads an ECPrivateKey; the curve stands in it, or around it, or both.
pub(crate) fn read_ec(der: &[u8], around: Option<Curve>) -> Result<Material, Error> {
    let mut outer = Reader::new(der);
    let mut key = outer.enter(tag::SEQUENCE)?;
    outer.end()?;
    if key.small()? != 1 {
        return Err(Error::Der);
    }
    let secret = key.read(tag::OCTET_STRING)?;
    let inside = match key.read_if(tag::CONTEXT_0)? {
        Some(parameters) => {
            let mut parameters = Reader::new(parameters);
            let curve = parameters.read(tag::OID)?;
            parameters.end()?;
            Some(*Curve::ALL.iter().find(|known| known.oid() == curve).ok_or(Error::CurveUnknown)?)
        }
        None => None,
    };
    let curve = match (inside, around) {
        (Some(inside), Some(around)) if inside != around => return Err(Error::Der),
        (inside, around) => inside.or(around).ok_or(Error::Der)?,
    };
    let point = match key.read_if(tag::CONTEXT_1)? {
        Some(point) => {
            let mut outer = Reader::new(point);
            let point = outer.bits()?;
            outer.end()?;
            Some(point)
        }
        None => None,
    };
    key.end()?;
    EcKey::from_private(curve, secret, point).map(Material::Ec)
}

/// An ECPrivateKey without its point, for the cryptographic library to calculate it.
pub(crate) fn ec_without_point(curve: Curve, secret: &[u8]) -> Der {
    let parameters = value(tag::CONTEXT_0, &[&value(tag::OID, &[curve.oid()])]);
    sequence(&[&small(1), &value(tag::OCTET_STRING, &[secret]), &parameters])
}

/// Writes a private key. A secret for HMAC, and a key without private half, has no such form.
pub(crate) fn write(key: &Material) -> Option<Der> {
    let octets = |content: &[u8]| value(tag::OCTET_STRING, &[content]);
    let (algorithm, key) = match key {
        Material::Rsa(key) => (Algorithm::Rsa, rsa_private_key(key)?),
        Material::Ec(key) => {
            let point = value(tag::CONTEXT_1, &[&bits(&key.point())]);
            (Algorithm::Ec(key.curve()), sequence(&[&small(1), &octets(key.secret()?), &point]))
        }
        Material::Okp(key) => (Algorithm::Okp(key.curve()), octets(key.secret()?)),
        Material::Akp(key) => (Algorithm::MlDsa(key.algorithm()), value(tag::SEED, &[key.seed()?])),
        Material::Oct(_) => return None,
    };
    Some(sequence(&[&small(0), &algorithm.write(), &octets(&key)]))
}

fn rsa_private_key(key: &RsaKey) -> Option<Der> {
    let private = key.secret()?;
    let public = [&small(0), &positive(key.modulus()), &positive(key.exponent())].map(|part| part.to_vec());
    let [version, modulus, exponent] = &public;
    let RsaPrivate { d, p, q, dp, dq, qi } = private;
    let secrets = [d, p, q, dp, dq, qi].map(|secret| positive(secret));
    let [d, p, q, dp, dq, qi] = &secrets;
    Some(sequence(&[version, modulus, exponent, d, p, q, dp, dq, qi]))
}

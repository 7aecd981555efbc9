//! Diffie-Hellman with an ephemeral key (RFC 7518 section 4.6, RFC 8037 section 3.2).

use core::fmt;
use std::borrow::Cow;

use aws_lc_rs::agreement::{self, ParsedPublicKey, PrivateKey, UnparsedPublicKey};
use aws_lc_rs::kdf::{SskdfDigestAlgorithm, SskdfDigestAlgorithmId, get_sskdf_digest_algorithm, sskdf_digest};

use crate::algorithm::Curve;
use crate::base64url;
use crate::error::Error;
use crate::json::Value;
use crate::jwe::short::Short;
use crate::jwk::{Material, OkpCurve, OkpKey};

/// A curve on which keys are agreed upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AgreementCurve {
    /// NIST P-256, key type `EC`.
    P256,
    /// NIST P-384, key type `EC`.
    P384,
    /// NIST P-521, key type `EC`.
    P521,
    /// Curve25519, key type `OKP`.
    X25519,
}

/// A recipient's private key, prepared.
pub(crate) struct AgreementKey {
    curve: AgreementCurve,
    private: PrivateKey,
}

/// A recipient's public key, prepared.
pub(crate) struct PeerKey {
    curve: AgreementCurve,
    public: ParsedPublicKey,
}

/// A public key as it stands in `epk`, in the form that the library takes. Whether it is on its curve is not known.
pub(crate) struct PublicPoint {
    curve: AgreementCurve,
    bytes: Short<MAX_POINT_BYTES>,
}

/// `apu` and `apv`: what both sides say about themselves, bound into the key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Parties {
    pub(crate) producer: Vec<u8>,
    pub(crate) recipient: Vec<u8>,
}

impl AgreementCurve {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::P256, Self::P384, Self::P521, Self::X25519];

    /// The `crv` name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
            Self::X25519 => "X25519",
        }
    }

    /// The curve of a key, if keys are agreed upon on it.
    pub(crate) const fn of(key: &Material) -> Option<Self> {
        match key {
            Material::Ec(key) => match key.curve() {
                Curve::P256 => Some(Self::P256),
                Curve::P384 => Some(Self::P384),
                Curve::P521 => Some(Self::P521),
                Curve::Secp256k1 => None,
            },
            Material::Okp(key) => match key.curve() {
                OkpCurve::X25519 => Some(Self::X25519),
                OkpCurve::Ed25519 => None,
            },
            _ => None,
        }
    }

    const fn key_type(self) -> &'static str {
        match self {
            Self::P256 | Self::P384 | Self::P521 => "EC",
            Self::X25519 => "OKP",
        }
    }

    const fn coordinate_bytes(self) -> usize {
        match self {
            Self::P256 | Self::X25519 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    const fn algorithm(self) -> &'static agreement::Algorithm {
        match self {
            Self::P256 => &agreement::ECDH_P256,
            Self::P384 => &agreement::ECDH_P384,
            Self::P521 => &agreement::ECDH_P521,
            Self::X25519 => &agreement::X25519,
        }
    }
}

impl fmt::Display for AgreementCurve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl AgreementKey {
    pub(crate) fn new(key: &Material) -> Result<Self, Error> {
        let curve = AgreementCurve::of(key).ok_or(Error::KeyAlgorithm)?;
        let secret = match key {
            Material::Ec(key) => key.secret(),
            Material::Okp(key) => key.secret(),
            _ => None,
        };
        let private = PrivateKey::from_private_key(curve.algorithm(), secret.ok_or(Error::NotPrivate)?);
        Ok(Self { curve, private: private.map_err(|_| Error::KeyEncoding)? })
    }

    pub(crate) const fn curve(&self) -> AgreementCurve {
        self.curve
    }

    /// Agrees on a key with whoever made the ephemeral one.
    ///
    /// # Errors
    /// [`Error::EphemeralKeyPoint`] when that is not on this key's curve.
    pub(crate) fn derive(
        &self,
        ephemeral: &PublicPoint,
        name: &str,
        parties: &Parties,
        key: &mut [u8],
    ) -> Result<(), Error> {
        let ephemeral = ephemeral.parse()?;
        agree(&self.private, ephemeral, name, parties, key, Error::DecryptionFailed)
    }
}

#[cfg(feature = "hpke-draft")]
impl AgreementKey {
    /// Hands on what is agreed upon with whoever made the ephemeral key.
    pub(crate) fn agree<R>(
        &self,
        ephemeral: &PublicPoint,
        then: impl FnOnce(&[u8]) -> Result<R, Error>,
    ) -> Result<R, Error> {
        agreement::agree(&self.private, ephemeral.parse()?, Error::DecryptionFailed, then)
    }
}

#[cfg(feature = "hpke-draft")]
impl PeerKey {
    /// Makes an ephemeral key, and hands it on with what is agreed upon with it.
    pub(crate) fn agree<R>(&self, then: impl FnOnce(&[u8], &[u8]) -> Result<R, Error>) -> Result<R, Error> {
        let ephemeral = PrivateKey::generate(self.curve.algorithm()).map_err(|_| Error::Crypto)?;
        let public = ephemeral.compute_public_key().map_err(|_| Error::Crypto)?;
        agreement::agree(&ephemeral, self.public.clone(), Error::Crypto, |agreed| then(public.as_ref(), agreed))
    }
}

#[cfg(feature = "hpke-draft")]
impl PublicPoint {
    /// A key in the form of RFC 9180 section 7.1.1.
    pub(crate) fn from_bytes(curve: AgreementCurve, bytes: &[u8]) -> Result<Self, Error> {
        let length = match curve {
            AgreementCurve::X25519 => curve.coordinate_bytes(),
            _ => 1 + 2 * curve.coordinate_bytes(),
        };
        let uncompressed = curve == AgreementCurve::X25519 || bytes.first() == Some(&UNCOMPRESSED);
        if bytes.len() != length || !uncompressed {
            return Err(Error::EphemeralKeyMalformed);
        }
        Ok(Self { curve, bytes: Short::copied(bytes)? })
    }
}

impl PeerKey {
    pub(crate) fn new(key: &Material) -> Result<Self, Error> {
        let curve = AgreementCurve::of(key).ok_or(Error::KeyAlgorithm)?;
        let public = match key {
            Material::Ec(key) => UnparsedPublicKey::new(curve.algorithm(), key.point()),
            Material::Okp(key) => UnparsedPublicKey::new(curve.algorithm(), key.public().to_vec()),
            _ => return Err(Error::KeyAlgorithm),
        };
        Ok(Self { curve, public: ParsedPublicKey::try_from(public).map_err(|_| Error::PointInvalid)? })
    }

    /// Makes an ephemeral key and agrees on a key with it.
    pub(crate) fn derive(&self, name: &str, parties: &Parties, key: &mut [u8]) -> Result<PublicPoint, Error> {
        let ephemeral = PrivateKey::generate(self.curve.algorithm()).map_err(|_| Error::Crypto)?;
        let public = ephemeral.compute_public_key().map_err(|_| Error::Crypto)?;
        let point = PublicPoint { curve: self.curve, bytes: Short::copied(public.as_ref())? };
        agree(&ephemeral, self.public.clone(), name, parties, key, Error::Crypto)?;
        Ok(point)
    }
}

impl PublicPoint {
    /// Reads `epk` (RFC 7518 section 4.6.1.1).
    pub(crate) fn read(epk: Value<'_>) -> Result<Self, Error> {
        let (mut key_type, mut curve, mut x, mut y) = (None, None, None, None);
        for (name, value) in epk.members().ok_or(Error::EphemeralKeyMalformed)? {
            match name.as_ref() {
                "kty" => key_type = value.as_str(),
                "crv" => curve = value.as_str(),
                "x" => x = value.as_str(),
                "y" => y = value.as_str(),
                // A private key in a header is a mistake that should not go unnoticed.
                "d" => return Err(Error::EphemeralKeyMalformed),
                _ => {}
            }
        }
        let (key_type, name) = key_type.zip(curve).ok_or(Error::EphemeralKeyMalformed)?;
        let curve = AgreementCurve::ALL.iter().find(|curve| curve.name() == name);
        let curve = *curve.ok_or(Error::EphemeralKeyCurve)?;
        if curve.key_type() != key_type {
            return Err(Error::EphemeralKeyMalformed);
        }
        let coordinate = |text: &Option<Cow<'_, str>>, into: &mut [u8]| {
            let text = text.as_ref().ok_or(Error::EphemeralKeyMalformed)?;
            let length = base64url::decode_into(text, into).map_err(|_| Error::EphemeralKeyMalformed)?.len();
            // RFC 7518 section 6.2.1.2: the full length of the curve.
            if length == into.len() { Ok(()) } else { Err(Error::EphemeralKeyMalformed) }
        };
        let size = curve.coordinate_bytes();
        let bytes = match curve {
            AgreementCurve::X25519 => Short::filled(size, |key| coordinate(&x, key)),
            _ => Short::filled(1 + 2 * size, |point| {
                let (form, coordinates) = point.split_first_mut().ok_or(Error::Crypto)?;
                *form = UNCOMPRESSED;
                let (first, second) = coordinates.split_at_mut(size);
                coordinate(&x, first)?;
                coordinate(&y, second)
            }),
        }?;
        Ok(Self { curve, bytes })
    }

    pub(crate) const fn curve(&self) -> AgreementCurve {
        self.curve
    }

    /// The JWK, for the header. Nothing in it needs escaping.
    pub(crate) fn to_json(&self) -> String {
        let (key_type, name) = (self.curve.key_type(), self.curve.name());
        let (bytes, size) = (self.bytes.as_ref(), self.curve.coordinate_bytes());
        if self.curve == AgreementCurve::X25519 {
            return format!(r#"{{"kty":"{key_type}","crv":"{name}","x":"{}"}}"#, base64url::encode(bytes));
        }
        let coordinate = |from: usize| base64url::encode(bytes.get(from..from + size).unwrap_or_default());
        let (x, y) = (coordinate(1), coordinate(1 + size));
        format!(r#"{{"kty":"{key_type}","crv":"{name}","x":"{x}","y":"{y}"}}"#)
    }

    /// Checks that the point is on its curve and that something can be agreed upon with it.
    fn parse(&self) -> Result<ParsedPublicKey, Error> {
        if self.curve == AgreementCurve::X25519 {
            // RFC 8037 section 3.2: the result must not be zero. It is for points of small order alone.
            OkpKey::new(OkpCurve::X25519, self.bytes.as_ref(), None).map_err(|_| Error::EphemeralKeyPoint)?;
        }
        let point = UnparsedPublicKey::new(self.curve.algorithm(), self.bytes.as_ref());
        ParsedPublicKey::try_from(point).map_err(|_| Error::EphemeralKeyPoint)
    }
}

fn agree(
    private: &PrivateKey,
    public: ParsedPublicKey,
    name: &str,
    parties: &Parties,
    key: &mut [u8],
    failure: Error,
) -> Result<(), Error> {
    agreement::agree(private, public, failure, |secret| concat_kdf(secret, name, parties, key))
}

/// The key from what was agreed upon (RFC 7518 section 4.6.2, NIST SP 800-56A section 5.8.1).
fn concat_kdf(secret: &[u8], name: &str, parties: &Parties, key: &mut [u8]) -> Result<(), Error> {
    let bits = u32::try_from(key.len() * 8).map_err(|_| Error::Crypto)?;
    let mut info = Vec::with_capacity(name.len() + parties.producer.len() + parties.recipient.len() + 4 * 4);
    for part in [name.as_bytes(), &parties.producer, &parties.recipient] {
        info.extend_from_slice(&u32::try_from(part.len()).map_err(|_| Error::Crypto)?.to_be_bytes());
        info.extend_from_slice(part);
    }
    info.extend_from_slice(&bits.to_be_bytes());
    let hash = SHA256.ok_or(Error::Crypto)?;
    sskdf_digest(hash, secret, &info, key).map_err(|_| Error::Crypto)
}

/// RFC 7518 section 4.6.2: always SHA-256.
const SHA256: Option<&'static SskdfDigestAlgorithm> = get_sskdf_digest_algorithm(SskdfDigestAlgorithmId::Sha256);

/// The first byte of an uncompressed point (SEC 1 section 2.3.3).
const UNCOMPRESSED: u8 = 4;

/// The longest point, that of P-521.
const MAX_POINT_BYTES: usize = 1 + 2 * 66;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Document;
    use crate::jwk::Jwk;

    /// RFC 7518 appendix C.
    #[test]
    fn rfc_7518_appendix_c() {
        let bob = br#"{"kty":"EC","crv":"P-256","x":"weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ",
            "y":"e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck","d":"VEmDZpDXXK8p8N0Cndsxs924q6nS1RXFASRl6BfUqdw"}"#;
        let epk = br#"{"kty":"EC","crv":"P-256","x":"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0",
            "y":"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps"}"#;
        let key = AgreementKey::new(Jwk::parse(bob).unwrap().material()).unwrap();
        let ephemeral = PublicPoint::read(Document::parse(epk).unwrap().root()).unwrap();
        let parties = Parties { producer: b"Alice".to_vec(), recipient: b"Bob".to_vec() };
        let mut derived = [0; 16];
        key.derive(&ephemeral, "A128GCM", &parties, &mut derived).unwrap();
        assert_eq!(base64url::encode(&derived), "VqqN6vgjbSBcIijNcacQGg");
    }

    fn refusal(epk: &str) -> Error {
        let document = Document::parse(epk.as_bytes()).unwrap();
        PublicPoint::read(document.root()).and_then(|point| point.parse().map(|_| ())).expect_err("must be refused")
    }

    #[test]
    fn a_point_that_is_not_on_its_curve_is_refused() {
        let x = base64url::encode(&[1; 32]);
        let zero = base64url::encode(&[0; 32]);
        for (x, y) in [(&x, &x), (&zero, &zero), (&zero, &x)] {
            let epk = format!(r#"{{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}"}}"#);
            assert_eq!(refusal(&epk), Error::EphemeralKeyPoint);
        }
    }

    #[test]
    fn a_point_of_small_order_is_refused() {
        for u in [
            [0; 32],
            [&[1][..], &[0; 31]].concat().try_into().unwrap(),
            [[0xec; 1].as_slice(), &[0xff; 30], &[0x7f]].concat().try_into().unwrap(),
        ] {
            let epk = format!(r#"{{"kty":"OKP","crv":"X25519","x":"{}"}}"#, base64url::encode(&u));
            assert_eq!(refusal(&epk), Error::EphemeralKeyPoint);
        }
    }

    #[test]
    fn an_epk_that_is_no_public_key_of_its_curve_is_refused() {
        let (short, long) = (base64url::encode(&[1; 31]), base64url::encode(&[1; 33]));
        let right = base64url::encode(&[1; 32]);
        for epk in [
            "{}".to_owned(),
            "null".to_owned(),
            "\"x\"".to_owned(),
            format!(r#"{{"kty":"EC","crv":"P-256","x":"{right}"}}"#),
            format!(r#"{{"kty":"EC","crv":"P-256","x":"{short}","y":"{right}"}}"#),
            format!(r#"{{"kty":"EC","crv":"P-256","x":"{right}","y":"{long}"}}"#),
            format!(r#"{{"kty":"EC","crv":"P-256","x":"{right}=","y":"{right}"}}"#),
            format!(r#"{{"kty":"OKP","crv":"P-256","x":"{right}","y":"{right}"}}"#),
            format!(r#"{{"kty":"EC","crv":"X25519","x":"{right}"}}"#),
            format!(r#"{{"kty":"OKP","crv":"X25519","x":"{short}"}}"#),
            format!(r#"{{"kty":"OKP","crv":"X25519","x":"{right}","d":"{right}"}}"#),
            r#"{"kty":"OKP","crv":"X25519","x":1}"#.to_owned(),
        ] {
            assert_eq!(refusal(&epk), Error::EphemeralKeyMalformed, "{epk}");
        }
        for curve in ["X448", "secp256k1", "p-256", ""] {
            let epk = format!(r#"{{"kty":"EC","crv":"{curve}","x":"{right}","y":"{right}"}}"#);
            assert_eq!(refusal(&epk), Error::EphemeralKeyCurve, "{curve}");
        }
    }
}

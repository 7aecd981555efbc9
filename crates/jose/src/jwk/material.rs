//! The key itself, by type.

use aws_lc_rs::digest;
use zeroize::Zeroizing;

use super::{AkpKey, EcKey, Members, OctKey, OkpKey, Parameters, RsaKey};
use crate::algorithm::{Family, SignatureAlgorithm};
use crate::base64url;
use crate::error::Error;

/// The numbers of a key. Whatever is here has passed the checks of its type.
#[derive(Clone)]
pub(crate) enum Material {
    Rsa(RsaKey),
    Ec(EcKey),
    Okp(OkpKey),
    Akp(AkpKey),
    Oct(OctKey),
}

/// Which members to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Those that a thumbprint covers, in its order (RFC 7638 section 3.2).
    Thumbprint,
    Public,
    Private,
}

/// Members to be written: names, and values that need no escaping.
type Written = Vec<(&'static str, Zeroizing<String>)>;

impl Material {
    pub(super) fn read(members: Members<'_>) -> Result<Self, Error> {
        match members.required_text("kty")?.as_ref() {
            "RSA" => RsaKey::read(members).map(Self::Rsa),
            "EC" => EcKey::read(members).map(Self::Ec),
            "OKP" => OkpKey::read(members).map(Self::Okp),
            "AKP" => AkpKey::read(members).map(Self::Akp),
            "oct" => OctKey::read(members).map(Self::Oct),
            _ => Err(Error::KeyTypeUnknown),
        }
    }

    /// `kty`.
    pub(super) const fn key_type(&self) -> &'static str {
        match self {
            Self::Rsa(_) => "RSA",
            Self::Ec(_) => "EC",
            Self::Okp(_) => "OKP",
            Self::Akp(_) => "AKP",
            Self::Oct(_) => "oct",
        }
    }

    pub(super) fn is_private(&self) -> bool {
        match self {
            Self::Rsa(key) => key.secret().is_some(),
            Self::Ec(key) => key.secret().is_some(),
            Self::Okp(key) => key.secret().is_some(),
            Self::Akp(key) => key.seed().is_some(),
            Self::Oct(_) => true,
        }
    }

    /// All signature algorithms that this key could be for.
    pub(super) fn signature_algorithms(&self) -> Vec<SignatureAlgorithm> {
        SignatureAlgorithm::ALL.iter().copied().filter(|algorithm| self.check_fits(*algorithm).is_ok()).collect()
    }

    /// Whether this key can be for an algorithm.
    pub(crate) fn check_fits(&self, algorithm: SignatureAlgorithm) -> Result<(), Error> {
        let fits = match (self, algorithm.family()) {
            (Self::Rsa(_), Family::Rsa { .. }) => true,
            (Self::Ec(key), Family::Ecdsa { curve, .. }) => key.curve() == curve,
            (Self::Okp(key), Family::Ed25519) => key.signs(),
            (Self::Akp(key), Family::MlDsa { .. }) => key.algorithm() == algorithm,
            (Self::Oct(key), Family::Hmac(hash)) => return key.check_long_enough(hash),
            _ => false,
        };
        if fits { Ok(()) } else { Err(Error::KeyAlgorithm) }
    }

    /// Why no algorithm fits.
    pub(super) const fn no_signatures(&self) -> Error {
        match self {
            Self::Oct(_) => Error::SecretTooShort,
            _ => Error::KeyUse,
        }
    }

    pub(crate) fn thumbprint(&self) -> String {
        let text = Zeroizing::new(object(&self.members(Form::Thumbprint)));
        base64url::encode(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
    }

    pub(crate) fn public_jwk(&self, parameters: &Parameters) -> Option<String> {
        let shared = matches!(self, Self::Oct(_));
        (!shared).then(|| self.with_parameters(Form::Public, parameters))
    }

    pub(crate) fn jwk(&self, parameters: &Parameters) -> Zeroizing<String> {
        Zeroizing::new(self.with_parameters(Form::Private, parameters))
    }

    fn with_parameters(&self, form: Form, parameters: &Parameters) -> String {
        let mut members = self.members(form);
        let stated = [("kid", &parameters.key_id), ("use", &parameters.purpose), ("alg", &parameters.algorithm)];
        for (name, value) in stated {
            let written = members.iter().any(|(earlier, _)| *earlier == name);
            if let (false, Some(value)) = (written, value) {
                members.push((name, escape(value)));
            }
        }
        object(&members)
    }

    fn members(&self, form: Form) -> Written {
        let mut written: Written = match self {
            Self::Rsa(key) => vec![("e", text(key.exponent())), ("kty", plain("RSA")), ("n", text(key.modulus()))],
            Self::Ec(key) => vec![
                ("crv", plain(key.curve().name())),
                ("kty", plain("EC")),
                ("x", text(key.x())),
                ("y", text(key.y())),
            ],
            Self::Okp(key) => {
                vec![("crv", plain(key.curve().name())), ("kty", plain("OKP")), ("x", text(key.public()))]
            }
            Self::Akp(key) => {
                vec![("alg", plain(key.algorithm().name())), ("kty", plain("AKP")), ("pub", text(key.public()))]
            }
            Self::Oct(key) => vec![("k", text(key.secret())), ("kty", plain("oct"))],
        };
        if form == Form::Private {
            written.extend(self.private_members());
        }
        if form != Form::Thumbprint {
            // People look for the type first.
            written.sort_by_key(|(name, _)| *name != "kty");
        }
        written
    }

    fn private_members(&self) -> Written {
        match self {
            Self::Rsa(key) => key.secret().map_or_else(Vec::new, |private| {
                let named = [("d", &private.d), ("p", &private.p), ("q", &private.q)];
                let crt = [("dp", &private.dp), ("dq", &private.dq), ("qi", &private.qi)];
                named.into_iter().chain(crt).map(|(name, value)| (name, text(value))).collect()
            }),
            Self::Ec(key) => key.secret().map(|secret| ("d", text(secret))).into_iter().collect(),
            Self::Okp(key) => key.secret().map(|secret| ("d", text(secret))).into_iter().collect(),
            Self::Akp(key) => key.seed().map(|seed| ("priv", text(seed))).into_iter().collect(),
            Self::Oct(_) => Vec::new(),
        }
    }
}

fn text(bytes: &[u8]) -> Zeroizing<String> {
    Zeroizing::new(base64url::encode(bytes))
}

fn plain(name: &str) -> Zeroizing<String> {
    Zeroizing::new(name.to_owned())
}

/// A string's text between quotes.
fn escape(value: &str) -> Zeroizing<String> {
    let quoted = serde_json::Value::from(value).to_string();
    plain(quoted.get(1..quoted.len() - 1).unwrap_or_default())
}

fn object(members: &[(&'static str, Zeroizing<String>)]) -> String {
    // The full capacity at once: a string that grows leaves copies behind.
    let length = members.iter().map(|(name, value)| name.len() + value.len() + 6).sum::<usize>() + 2;
    let mut text = String::with_capacity(length);
    text.push('{');
    for (at, (name, value)) in members.iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        for part in [comma, "\"", name, "\":\"", value, "\""] {
            text.push_str(part);
        }
    }
    text.push('}');
    text
}

//! A public key as a secret: every text and every bytes that a careless verifier may hold of it.

use crate::der;
use crate::evidence::{Json, Key, to_base64};
use crate::live::certificate_key;

/// The forms of a public key, each with its name.
pub fn public_key_secrets(key: &Key) -> Vec<(String, Vec<u8>)> {
    if key.kty() == "oct" {
        return Vec::new();
    }
    let mut forms: Vec<(String, Vec<u8>)> = Vec::new();
    if let Some(spki) = der::spki(key) {
        texts(&mut forms, "PEM", &der::pem("PUBLIC KEY", &spki));
        forms.push(("the base64 of the DER".to_owned(), to_base64(&spki).into_bytes()));
        forms.push(("the DER".to_owned(), spki));
    }
    if let Some(pkcs1) = der::pkcs1(key).filter(|_| key.kty() == "RSA") {
        texts(&mut forms, "PKCS#1 PEM", &der::pem("RSA PUBLIC KEY", &pkcs1));
        forms.push(("the PKCS#1 DER".to_owned(), pkcs1));
        forms.extend(key.bytes("n").map(|n| ("the modulus".to_owned(), n)));
    }
    if let Some(point) = der::point(key).filter(|_| key.kty() == "EC") {
        forms.push(("the point".to_owned(), point));
    }
    forms.extend(key.bytes("x").map(|x| ("the bytes of x".to_owned(), x)));
    for name in ["n", "x"] {
        forms.extend(key.json.text(name).map(|text| (format!("the text of {name}"), text.as_bytes().to_vec())));
    }
    forms.push(("the JWK".to_owned(), key.json.to_string().into_bytes()));
    if let Some(chain) = key.json.get("x5c").and_then(|chain| chain.elements().first().and_then(Json::as_str)) {
        forms.push(("the text of x5c".to_owned(), chain.as_bytes().to_vec()));
        if let Some(certificate) = crate::evidence::base64(chain) {
            forms.extend(certificate_secrets(&certificate));
        }
    }
    forms
}

/// The forms of a certificate.
pub fn certificate_secrets(certificate: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut forms = Vec::new();
    texts(&mut forms, "certificate PEM", &der::pem("CERTIFICATE", certificate));
    forms.push(("the certificate's DER".to_owned(), certificate.to_vec()));
    if let Some(spki) = certificate_key(certificate) {
        texts(&mut forms, "PEM of the certificate's key", &der::pem("PUBLIC KEY", &spki));
    }
    forms
}

/// A text as editors, shells and settings leave it.
fn texts(forms: &mut Vec<(String, Vec<u8>)>, name: &str, pem: &str) {
    forms.push((format!("the {name}"), pem.as_bytes().to_vec()));
    forms.push((format!("the {name} without its last line end"), pem.trim_end().as_bytes().to_vec()));
    forms.push((format!("the {name} with CRLF"), pem.replace('\n', "\r\n").into_bytes()));
    forms.push((format!("the {name} with `\\n` for line ends"), pem.trim_end().replace('\n', "\\n").into_bytes()));
}

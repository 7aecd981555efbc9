//! Encrypts to somebody's public key, which anyone can.

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement;
use aws_lc_rs::digest;
use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey};

use crate::deflate::deflate;
use crate::der;
use crate::evidence::{Json, Key, base64url, to_base64url};

/// Tokens with this content, encrypted to a public key in every way that it fits, each with the algorithm's name.
pub fn encrypt_to(key: &Key, content: &[u8]) -> Vec<(String, String)> {
    encrypt_with(key, "", content)
}

/// The same, compressed first (RFC 7516 section 4.1.3).
pub fn encrypt_compressed(key: &Key, content: &[u8]) -> Vec<(String, String)> {
    encrypt_with(key, r#","zip":"DEF""#, &deflate(content))
}

fn encrypt_with(key: &Key, members: &str, content: &[u8]) -> Vec<(String, String)> {
    match key.kty() {
        "RSA" => ["RSA-OAEP", "RSA-OAEP-256"]
            .iter()
            .filter_map(|alg| Some(((*alg).to_owned(), rsa(key, alg, members, content)?)))
            .collect(),
        "EC" => ecdh(key, members, content).map(|token| ("ECDH-ES".to_owned(), token)).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// A token with this content, encrypted directly by a shared key.
pub fn encrypt_direct(secret: &[u8], content: &[u8]) -> Option<(String, String)> {
    let enc = if secret.len() == 16 { "A128GCM" } else { "A256GCM" };
    let header = to_base64url(format!(r#"{{"alg":"dir","enc":"{enc}"}}"#).as_bytes());
    Some(("dir".to_owned(), seal(&header, "", secret, content)?))
}

/// What is inside a token that was encrypted directly by a shared key with GCM.
pub fn open_direct(secret: &[u8], token: &str) -> Option<String> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, "", iv, sealed, tag] = parts.as_slice() else { return None };
    let algorithm = if secret.len() == 16 { &AES_128_GCM } else { &AES_256_GCM };
    let cipher = LessSafeKey::new(UnboundKey::new(algorithm, secret).ok()?);
    let nonce = Nonce::try_assume_unique_for_key(&base64url(iv)?).ok()?;
    let mut sealed = [base64url(sealed)?, base64url(tag)?].concat();
    let opened = cipher.open_in_place(nonce, Aad::from(*header), &mut sealed).ok()?;
    String::from_utf8(opened.to_vec()).ok()
}

fn rsa(key: &Key, alg: &str, members: &str, content: &[u8]) -> Option<String> {
    let public = PublicEncryptingKey::from_der(&der::spki(key)?).ok()?;
    let oaep = OaepPublicEncryptingKey::new(public).ok()?;
    let padding = if alg == "RSA-OAEP" { &OAEP_SHA1_MGF1SHA1 } else { &OAEP_SHA256_MGF1SHA256 };
    let mut encrypted = vec![0; oaep.ciphertext_size()];
    let encrypted = oaep.encrypt(padding, &CONTENT_KEY, &mut encrypted, None).ok()?.to_vec();
    let kid = key.kid().map(|kid| format!(r#","kid":{}"#, Json::from(kid))).unwrap_or_default();
    let header = to_base64url(format!(r#"{{"alg":"{alg}","enc":"A256GCM"{kid}{members}}}"#).as_bytes());
    seal(&header, &to_base64url(&encrypted), &CONTENT_KEY, content)
}

fn ecdh(key: &Key, members: &str, content: &[u8]) -> Option<String> {
    let curve = match key.crv() {
        "P-256" => &agreement::ECDH_P256,
        "P-384" => &agreement::ECDH_P384,
        "P-521" => &agreement::ECDH_P521,
        _ => return None,
    };
    let ours = agreement::PrivateKey::generate(curve).ok()?;
    let public = ours.compute_public_key().ok()?;
    let point = public.as_ref().get(1..)?;
    let (x, y) = point.split_at_checked(point.len() / 2)?;
    let theirs = agreement::UnparsedPublicKey::new(curve, der::point(key)?);
    let shared = agreement::agree(&ours, theirs, (), |shared| Ok(shared.to_vec())).ok()?;
    agreed_with(key, members, (x, y), &shared, content)
}

/// A token encrypted to an EC key with this ephemeral key, for a verifier that computes this shared secret from it.
pub fn agreed(key: &Key, epk: (&[u8], &[u8]), shared: &[u8], content: &[u8]) -> Option<String> {
    agreed_with(key, "", epk, shared, content)
}

fn agreed_with(key: &Key, members: &str, (x, y): (&[u8], &[u8]), shared: &[u8], content: &[u8]) -> Option<String> {
    // RFC 7518 section 4.6.2: one round of the Concat KDF.
    let enc = b"A256GCM";
    let info = [&[0, 0, 0, 1][..], shared, &[0, 0, 0, 7], enc, &[0; 8], &256u32.to_be_bytes()].concat();
    let derived = digest::digest(&digest::SHA256, &info);
    let kid = key.kid().map(|kid| format!(r#","kid":{}"#, Json::from(kid))).unwrap_or_default();
    let header = format!(
        r#"{{"alg":"ECDH-ES","enc":"A256GCM","epk":{{"kty":"EC","crv":"{}","x":"{}","y":"{}"}}{kid}{members}}}"#,
        key.crv(),
        to_base64url(x),
        to_base64url(y)
    );
    seal(&to_base64url(header.as_bytes()), "", derived.as_ref(), content)
}

fn seal(header: &str, encrypted_key: &str, key: &[u8], content: &[u8]) -> Option<String> {
    let algorithm = if key.len() == 16 { &AES_128_GCM } else { &AES_256_GCM };
    let cipher = LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?);
    let mut sealed = content.to_vec();
    let nonce = Nonce::try_assume_unique_for_key(&IV).ok()?;
    let tag = cipher.seal_in_place_separate_tag(nonce, Aad::from(header), &mut sealed).ok()?;
    Some(format!(
        "{header}.{encrypted_key}.{}.{}.{}",
        to_base64url(&IV),
        to_base64url(&sealed),
        to_base64url(tag.as_ref())
    ))
}

/// Nothing here is secret: the content is a forgery, and the key is for this one message.
const CONTENT_KEY: [u8; 32] = [0x42; 32];
const IV: [u8; 12] = [0x24; 12];

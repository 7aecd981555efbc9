//! Opens encrypted tokens.

use aws_lc_rs::{aead, agreement, cipher, digest};
use probity_audit::evidence::{Json, base64url};

use super::careless_curve;
use super::inflate::inflate;
use super::keys::decrypts;
use super::{Flaw, Refusal, SECRET, Verifier, json};

impl Verifier {
    pub(super) fn decrypt(&self, token: &str) -> Result<Json, Refusal> {
        let parts: Vec<&str> = token.split('.').collect();
        let header = json(parts[0])?;
        let part = |at: usize| base64url(parts[at]).ok_or(Refusal::from("base64"));
        let key = match (header.text("alg"), self.flaw) {
            (Some("ECDH-ES"), flaw) if decrypts(flaw) => {
                let epk = header.get("epk").ok_or("epk")?;
                let coordinate = |name: &str| epk.text(name).and_then(base64url).ok_or(Refusal::from("epk"));
                let (x, y) = (coordinate("x")?, coordinate("y")?);
                let shared = if self.flaw == Flaw::InvalidCurveAccepted {
                    careless_curve::agree(&self.keys.decryption, &x, &y).ok_or("epk")?
                } else {
                    let point = [vec![4], x, y].concat();
                    let theirs = agreement::UnparsedPublicKey::new(&agreement::ECDH_P256, point);
                    let kept = |shared: &[u8]| Ok(shared.to_vec());
                    agreement::agree(&self.keys.decryption, theirs, Refusal::from("epk"), kept)?
                };
                digest::digest(
                    &digest::SHA256,
                    &[&[0, 0, 0, 1][..], &shared, &[0, 0, 0, 7], b"A256GCM", &[0; 8], &256u32.to_be_bytes()].concat(),
                )
                .as_ref()
                .to_vec()
            }
            (Some("dir"), Flaw::UnsignedContentAccepted | Flaw::TagIgnored) => SECRET.to_vec(),
            _ => return Err("encrypted".into()),
        };
        let mut sealed = [part(3)?, part(4)?].concat();
        if self.flaw == Flaw::TagIgnored {
            // GCM without its tag is counter mode, from the second block on.
            let counter: [u8; 16] = [part(2)?, vec![0, 0, 0, 2]].concat().try_into().map_err(|_| "iv")?;
            let cipher = cipher::UnboundCipherKey::new(&cipher::AES_256, &key).map_err(|_| "key")?;
            let mut text = part(3)?;
            let context = cipher::DecryptionContext::Iv128(counter.into());
            let opened = cipher::DecryptingKey::ctr(cipher)
                .map_err(|_| "key")?
                .decrypt(&mut text, context)
                .map_err(|_| "text")?;
            return self.verify_signed(&String::from_utf8_lossy(opened), false);
        }
        let cipher = aead::LessSafeKey::new(aead::UnboundKey::new(&aead::AES_256_GCM, &key).map_err(|_| "key")?);
        let nonce = aead::Nonce::try_assume_unique_for_key(&part(2)?).map_err(|_| "iv")?;
        let opened = cipher.open_in_place(nonce, aead::Aad::from(parts[0]), &mut sealed).map_err(|_| "tag")?;
        if header.text("zip") == Some("DEF") {
            let limit = if self.flaw == Flaw::UnpacksEverything { usize::MAX } else { 250_000 };
            let text = inflate(opened, limit).ok_or("zip")?;
            return self.verify_signed(&String::from_utf8_lossy(&text), false);
        }
        match Json::from_bytes(opened).filter(Json::is_object) {
            Some(claims) => self.check_claims(&header, &claims).map(|()| claims),
            _ => self.verify_signed(&String::from_utf8_lossy(opened), false),
        }
    }
}

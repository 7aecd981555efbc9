//! HPKE in base mode, for one message (RFC 9180 sections 4 and 5).

use aws_lc_rs::aead::{Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::{hkdf, hmac};
use zeroize::Zeroizing;

use super::algorithm::{HpkeAlgorithm, Kem, Suite};
use crate::error::Error;

/// The key and the nonce of one message.
pub(super) struct Context {
    key: LessSafeKey,
    nonce: [u8; NONCE_LEN],
}

impl Context {
    /// A context from what was agreed upon, and both public keys.
    pub(super) fn new(
        algorithm: HpkeAlgorithm,
        agreed: &[u8],
        encapsulated: &[u8],
        recipient: &[u8],
        info: &[u8],
    ) -> Result<Self, Error> {
        let suite = algorithm.suite();
        let shared = shared_secret(suite.kem, agreed, &[encapsulated, recipient].concat())?;
        key_schedule(suite, &shared, info)
    }

    /// Decrypts ciphertext with the tag at its end.
    pub(super) fn open(self, aad: &[u8], mut ciphertext: Vec<u8>) -> Result<Vec<u8>, Error> {
        let nonce = Nonce::assume_unique_for_key(self.nonce);
        let length = match self.key.open_in_place(nonce, Aad::from(aad), &mut ciphertext) {
            Ok(content) => content.len(),
            Err(_) => return Err(Error::DecryptionFailed),
        };
        ciphertext.truncate(length);
        Ok(ciphertext)
    }

    /// Encrypts content, with the tag at its end.
    pub(super) fn seal(self, aad: &[u8], mut content: Vec<u8>) -> Result<Vec<u8>, Error> {
        let nonce = Nonce::assume_unique_for_key(self.nonce);
        let sealed = self.key.seal_in_place_append_tag(nonce, Aad::from(aad), &mut content);
        sealed.map(|()| content).map_err(|_| Error::Crypto)
    }
}

/// ExtractAndExpand of DHKEM (section 4.1).
fn shared_secret(kem: Kem, agreed: &[u8], context: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let labels = Labels { hash: kem.hash, suite: [b"KEM".as_slice(), &kem.id.to_be_bytes()].concat() };
    let key = labels.extract(&[], b"eae_prk", agreed);
    // Section 7.1: Nsecret is the length of the hash.
    labels.expand(&key, b"shared_secret", context, kem.hash.hmac_algorithm().tag_len())
}

/// KeySchedule in base mode (section 5.1).
fn key_schedule(suite: Suite, shared: &[u8], info: &[u8]) -> Result<Context, Error> {
    let ((kdf, hash), (aead, cipher)) = (suite.kdf, suite.aead);
    let identifiers = [suite.kem.id, kdf, aead].map(u16::to_be_bytes).concat();
    let labels = Labels { hash, suite: [b"HPKE".as_slice(), &identifiers].concat() };
    let context = [[MODE_BASE].as_slice(), &labels.digest(b"psk_id_hash", &[]), &labels.digest(b"info_hash", info)];
    let context = context.concat();
    let secret = labels.extract(shared, b"secret", &[]);
    let key = labels.expand(&secret, b"key", &context, cipher.key_len())?;
    let nonce = labels.expand(&secret, b"base_nonce", &context, NONCE_LEN)?;
    let key = UnboundKey::new(cipher, &key).map_err(|_| Error::Crypto)?;
    let nonce = nonce.as_slice().try_into().map_err(|_| Error::Crypto)?;
    Ok(Context { key: LessSafeKey::new(key), nonce })
}

/// HKDF whose inputs say what they are for (section 4).
struct Labels {
    hash: hkdf::Algorithm,
    suite: Vec<u8>,
}

impl Labels {
    fn extract(&self, salt: &[u8], label: &[u8], value: &[u8]) -> hkdf::Prk {
        let labeled = Zeroizing::new([VERSION, &self.suite, label, value].concat());
        hkdf::Salt::new(self.hash, salt).extract(&labeled)
    }

    /// The output of [`extract`](Self::extract) without salt, as bytes. HKDF extracts with HMAC (RFC 5869 section 2.2).
    fn digest(&self, label: &[u8], value: &[u8]) -> Vec<u8> {
        let algorithm = self.hash.hmac_algorithm();
        let no_salt = hmac::Key::new(algorithm, &vec![0; algorithm.tag_len()]);
        hmac::sign(&no_salt, &[VERSION, &self.suite, label, value].concat()).as_ref().to_vec()
    }

    fn expand(&self, key: &hkdf::Prk, label: &[u8], info: &[u8], length: usize) -> Result<Zeroizing<Vec<u8>>, Error> {
        let stated = u16::try_from(length).map_err(|_| Error::Crypto)?.to_be_bytes();
        let info = [&stated, VERSION, &self.suite, label, info];
        let mut output = Zeroizing::new(vec![0; length]);
        let filled = key.expand(&info, Length(length)).and_then(|output_key| output_key.fill(&mut output));
        filled.map(|()| output).map_err(|_| Error::Crypto)
    }
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

const MODE_BASE: u8 = 0;
const VERSION: &[u8] = b"HPKE-v1";

//! `state` of an authorization request: all that must be known when the browser comes back, sealed, so that logins which never
//! end cost no memory. It is bound to the browser by its cookie, and `nonce` and the code verifier are derived from both.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::{constant_time, hmac};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use probity_verifier::UnixTime;

use super::return_to::ReturnTo;
use super::sessions::Key;

/// How long a user may take to log in, in seconds.
pub(super) const LOGIN_SECONDS: u64 = 1_800;

/// The longest `state` that is looked at, in bytes.
const MAX_STATE_BYTES: usize = 2_048;

const ID_BYTES: usize = 16;

/// A login that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Login {
    /// Random: makes each login another one.
    pub(super) id: [u8; ID_BYTES],
    /// The hash of the cookie of the browser in which it began.
    pub(super) browser: Key,
    /// When it can't be ended any more.
    pub(super) expires: UnixTime,
    /// Where it leads.
    pub(super) return_to: ReturnTo,
}

/// The keys of one process: a login that began before a restart begins anew.
pub(super) struct LoginKeys {
    seal: RandomizedNonceKey,
    derive: hmac::Key,
}

impl LoginKeys {
    /// Keys from 64 random bytes.
    pub(super) fn new(bytes: &[u8; 64]) -> Result<Self, Unspecified> {
        let (seal, derive) = bytes.split_at(32);
        Ok(Self {
            seal: RandomizedNonceKey::new(&AES_256_GCM, seal)?,
            derive: hmac::Key::new(hmac::HMAC_SHA256, derive),
        })
    }

    /// `state`.
    pub(super) fn seal(&self, login: &Login) -> Result<String, Unspecified> {
        let mut text = login.expires.as_secs().to_be_bytes().to_vec();
        text.extend_from_slice(&login.id);
        text.extend_from_slice(&login.browser);
        text.extend_from_slice(login.return_to.as_str().as_bytes());
        let nonce = self.seal.seal_in_place_append_tag(Aad::empty(), &mut text)?;
        Ok(BASE64_URL_SAFE_NO_PAD.encode([nonce.as_ref(), text.as_slice()].concat()))
    }

    /// The login that a `state` is of, if we have sealed it and it can still be ended.
    pub(super) fn open(&self, state: &str, prefix: &str, now: UnixTime) -> Option<Login> {
        if state.len() > MAX_STATE_BYTES {
            return None;
        }
        let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(state).ok()?;
        let (nonce, sealed) = bytes.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let text = &*self.seal.open_in_place(nonce, Aad::empty(), sealed).ok()?;
        let (expires, rest) = text.split_first_chunk::<8>()?;
        let (id, rest) = rest.split_first_chunk::<ID_BYTES>()?;
        let (browser, rest) = rest.split_first_chunk::<32>()?;
        let return_to = ReturnTo::parse(std::str::from_utf8(rest).ok()?, prefix)?;
        let expires = UnixTime::from_secs(u64::from_be_bytes(*expires));
        (now < expires).then_some(Login { id: *id, browser: *browser, expires, return_to })
    }

    /// `nonce` (OpenID Connect Core 1.0 section 15.5.2).
    pub(super) fn nonce(&self, login: &Login) -> String {
        self.derived(b"nonce", login)
    }

    /// `code_verifier` (RFC 7636 section 4.1): 256 bits.
    pub(super) fn code_verifier(&self, login: &Login) -> String {
        self.derived(b"code verifier", login)
    }

    fn derived(&self, purpose: &[u8], login: &Login) -> String {
        let mut context = hmac::Context::with_key(&self.derive);
        context.update(purpose);
        context.update(&login.id);
        context.update(&login.browser);
        BASE64_URL_SAFE_NO_PAD.encode(context.sign())
    }
}

impl Login {
    /// Whether it began in the browser with this cookie.
    pub(super) fn is_of(&self, browser: &Key) -> bool {
        constant_time::verify_slices_are_equal(&self.browser, browser).is_ok()
    }
}

impl std::fmt::Debug for LoginKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoginKeys").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: UnixTime = UnixTime::from_secs(1_000);

    fn login() -> Login {
        let return_to = ReturnTo::parse("/orders?x=1", "/.probity").unwrap();
        Login { id: [7; ID_BYTES], browser: [9; 32], expires: NOW.plus(LOGIN_SECONDS), return_to }
    }

    #[test]
    fn a_state_reads_back_until_it_expires_and_only_with_our_key() {
        let keys = LoginKeys::new(&[1; 64]).unwrap();
        let state = keys.seal(&login()).unwrap();
        assert_eq!(keys.open(&state, "/.probity", NOW), Some(login()));
        assert_eq!(keys.open(&state, "/.probity", NOW.plus(LOGIN_SECONDS)), None);
        assert_eq!(LoginKeys::new(&[2; 64]).unwrap().open(&state, "/.probity", NOW), None);
        assert!(login().is_of(&[9; 32]) && !login().is_of(&[8; 32]));
    }

    #[test]
    fn nonce_and_verifier_are_others_for_each_login_and_browser() {
        let keys = LoginKeys::new(&[1; 64]).unwrap();
        let (other_login, other_browser) =
            (Login { id: [8; ID_BYTES], ..login() }, Login { browser: [8; 32], ..login() });
        let mut texts: Vec<_> = [login(), other_login, other_browser]
            .iter()
            .flat_map(|login| [keys.nonce(login), keys.code_verifier(login)])
            .collect();
        assert!(texts.iter().all(|text| text.len() == 43));
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), 6);
    }

    #[test]
    fn the_longest_state_is_one_that_an_authority_takes() {
        let keys = LoginKeys::new(&[1; 64]).unwrap();
        let longest = format!("/{}", "x".repeat(super::super::return_to::MAX_RETURN_BYTES - 1));
        let longest = Login { return_to: ReturnTo::parse(&longest, "/.probity").unwrap(), ..login() };
        let state = keys.seal(&longest).unwrap();
        assert!(state.len() <= MAX_STATE_BYTES, "{}", state.len());
        assert_eq!(keys.open(&state, "/.probity", NOW), Some(longest));
    }

    proptest! {
        #[test]
        fn no_other_text_opens(at in 0_usize..100, to in "[A-Za-z0-9_-]", junk in "[A-Za-z0-9_-]{0,200}") {
            let keys = LoginKeys::new(&[1; 64]).unwrap();
            prop_assert_eq!(keys.open(&junk, "/.probity", NOW), None);
            let state = keys.seal(&login()).unwrap();
            let mut other = state.clone();
            other.replace_range(at..=at, &to);
            prop_assume!(other != state);
            prop_assert_eq!(keys.open(&other, "/.probity", NOW), None);
        }
    }
}

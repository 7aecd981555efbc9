//! Passwords: Argon2id (RFC 9106).

use core::fmt;

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use probity_jose::base64url;

/// The longest password, in bytes: hashing takes time with its length.
pub const MAX_PASSWORD_BYTES: usize = 1_024;

/// The shortest password that a new user may have, in characters (NIST SP 800-63B section 5.1.1.2).
pub const MIN_PASSWORD_CHARS: usize = 8;

/// Bytes of the random salt (RFC 9106 section 3.1).
pub const SALT_BYTES: usize = 16;

const HASH_BYTES: usize = 32;

/// Memory in KiB and passes of new hashes: 19 MiB and 2, with one lane.
const COST: (u32, u32) = (19 * 1024, 2);

/// The most memory in KiB and passes that a stored hash may ask for: whoever can write to the store can't make
/// a login take minutes.
const MOST_COST: (u32, u32) = (256 * 1024, 16);

/// A stored password.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash {
    memory: u32,
    passes: u32,
    salt: [u8; SALT_BYTES],
    hash: [u8; HASH_BYTES],
}

/// A password that can't be hashed, or a stored hash that can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Longer than [`MAX_PASSWORD_BYTES`].
    #[error("the password has more than {MAX_PASSWORD_BYTES} bytes")]
    TooLong,
    /// Shorter than [`MIN_PASSWORD_CHARS`].
    #[error("the password has fewer than {MIN_PASSWORD_CHARS} characters")]
    TooShort,
    /// The stored text is no hash of ours.
    #[error("the stored password hash can't be read")]
    Malformed,
    /// Argon2 could not run: out of memory.
    #[error("the password could not be hashed")]
    Failed,
}

impl PasswordHash {
    /// Hashes a new password. Takes tens of milliseconds and [`COST`] memory: never on a thread that serves requests.
    ///
    /// # Errors
    /// [`PasswordError`]
    pub fn new(password: &str, salt: [u8; SALT_BYTES]) -> Result<Self, PasswordError> {
        if password.chars().count() < MIN_PASSWORD_CHARS {
            return Err(PasswordError::TooShort);
        }
        let (memory, passes) = COST;
        Ok(Self { memory, passes, salt, hash: hash(password, salt, memory, passes)? })
    }

    /// A hash that no password has, which costs what a real one costs: so that an unknown user takes as long as a known one.
    pub const fn of_nobody() -> Self {
        Self { memory: COST.0, passes: COST.1, salt: [0; SALT_BYTES], hash: [0; HASH_BYTES] }
    }

    /// Whether this is the password. Takes as long as [`Self::new`].
    pub fn matches(&self, password: &str) -> bool {
        hash(password, self.salt, self.memory, self.passes)
            .is_ok_and(|hash| verify_slices_are_equal(&hash, &self.hash).is_ok())
    }

    /// As the store keeps it.
    pub fn to_text(&self) -> String {
        format!(
            "argon2id${}${}${}${}",
            self.memory,
            self.passes,
            base64url::encode(&self.salt),
            base64url::encode(&self.hash)
        )
    }

    /// Reads what [`Self::to_text`] wrote.
    ///
    /// # Errors
    /// [`PasswordError::Malformed`]
    pub fn parse(text: &str) -> Result<Self, PasswordError> {
        let parts: Vec<&str> = text.split('$').collect();
        let ["argon2id", memory, passes, salt, hash] = parts.as_slice() else {
            return Err(PasswordError::Malformed);
        };
        let number = |text: &str, most: u32| text.parse().ok().filter(|number| (1..=most).contains(number));
        let parsed = (|| {
            Some(Self {
                memory: number(memory, MOST_COST.0)?,
                passes: number(passes, MOST_COST.1)?,
                salt: base64url::decode(salt).ok()?.try_into().ok()?,
                hash: base64url::decode(hash).ok()?.try_into().ok()?,
            })
        })();
        parsed.ok_or(PasswordError::Malformed)
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash")
    }
}

fn hash(password: &str, salt: [u8; SALT_BYTES], memory: u32, passes: u32) -> Result<[u8; HASH_BYTES], PasswordError> {
    if password.len() > MAX_PASSWORD_BYTES {
        return Err(PasswordError::TooLong);
    }
    let params = Params::new(memory, passes, 1, Some(HASH_BYTES)).map_err(|_| PasswordError::Malformed)?;
    let mut hash = [0; HASH_BYTES];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password.as_bytes(), &salt, &mut hash)
        .map_err(|_| PasswordError::Failed)?;
    Ok(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: [u8; SALT_BYTES] = [5; SALT_BYTES];

    #[test]
    fn a_password_matches_only_itself_also_after_storing() {
        let stored = PasswordHash::new("correct horse", SALT).unwrap();
        let read = PasswordHash::parse(&stored.to_text()).unwrap();
        assert_eq!(read, stored);
        assert!(read.matches("correct horse") && !read.matches("correct horsf") && !read.matches(""));
        assert_eq!(format!("{read:?}"), "PasswordHash");
    }

    #[test]
    fn a_password_has_a_shortest_and_a_longest_length() {
        assert_eq!(PasswordHash::new("1234567", SALT), Err(PasswordError::TooShort));
        assert_eq!(PasswordHash::new(&"x".repeat(MAX_PASSWORD_BYTES + 1), SALT), Err(PasswordError::TooLong));
    }

    #[test]
    fn a_stored_hash_that_asks_for_too_much_is_refused() {
        let good = PasswordHash::of_nobody().to_text();
        assert!(PasswordHash::parse(&good).is_ok());
        for bad in [
            good.replace("$19456$", "$4194304$"),
            good.replace("$2$", "$1000000$"),
            good.replace("argon2id", "argon2i"),
            good.replacen("$2$", "$0$", 1),
            format!("{good}$"),
            String::new(),
        ] {
            assert_eq!(PasswordHash::parse(&bad), Err(PasswordError::Malformed), "{bad}");
        }
    }

    #[test]
    fn nobody_has_no_password() {
        assert!(!PasswordHash::of_nobody().matches(""));
    }
}

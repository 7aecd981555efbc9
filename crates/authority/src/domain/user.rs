//! Users.

use super::claims::Attributes;
use super::password::PasswordHash;

/// The longest user name, in bytes.
pub const MAX_USERNAME_BYTES: usize = 255;

/// A user who can log in.
#[derive(Debug, Clone)]
pub struct User {
    /// `sub`: given once, never reused, says nothing about the person.
    pub subject: String,
    /// What the user types to log in.
    pub username: String,
    /// The hash of the password.
    pub password: PasswordHash,
    /// What is known about them.
    pub attributes: Attributes,
    /// Whether they may not log in.
    pub disabled: bool,
}

impl User {
    /// What is known about them, with what follows from the account: `preferred_username` unless it is set.
    pub fn claims(&self) -> Attributes {
        self.attributes.clone().or("preferred_username", self.username.as_str().into())
    }
}

//! How and when a user has proved who they are.

use probity_jose::UnixTime;
use serde::{Deserialize, Serialize};

use super::seconds;

/// The authentication context class of a login by password: what `acr` says.
pub const PASSWORD_CLASS: &str = "urn:probity:acr:password";

/// Every class that a login can reach, the weakest first.
pub const CLASSES: [&str; 1] = [PASSWORD_CLASS];

/// A method of authentication, by its name in `amr` (RFC 8176 section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Method {
    /// A password.
    #[serde(rename = "pwd")]
    Password,
}

impl Method {
    const ALL: [Self; 1] = [Self::Password];

    /// The name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Password => "pwd",
        }
    }

    /// The method of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }
}

/// A proof of who the user is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authentication {
    /// `auth_time`.
    #[serde(with = "seconds")]
    pub time: UnixTime,
    /// `amr`.
    pub methods: Vec<Method>,
}

impl Authentication {
    /// A login by password.
    pub fn by_password(time: UnixTime) -> Self {
        Self { time, methods: vec![Method::Password] }
    }

    /// `acr`.
    pub const fn class(&self) -> &'static str {
        PASSWORD_CLASS
    }

    /// Whether it is older than somebody tolerates (OpenID Connect Core 1.0 section 3.1.2.1, `max_age`).
    pub const fn is_older_than(&self, max_age: u64, now: UnixTime) -> bool {
        now.since(self.time) > max_age
    }
}

//! Why a command could not do its work, for a person.

use std::error::Error;
use std::fmt::{self, Write as _};

/// A sentence that says what went wrong, with its causes.
pub struct Failure(String);

impl Failure {
    /// A failure that needs no cause.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            let text = error.to_string();
            // Some errors already say their cause.
            if !message.contains(&text) {
                // Writing to a String can't fail.
                let _ = write!(message, ": {text}");
            }
            cause = error.source();
        }
        Self(message)
    }
}

/// Says what was being done when something failed.
pub trait Doing<T> {
    /// Puts "what: " before the failure's sentence.
    ///
    /// # Errors
    /// The same failure, with more to say.
    fn doing(self, what: impl fmt::Display) -> Result<T, Failure>;
}

impl<T, E: Into<Failure>> Doing<T> for Result<T, E> {
    fn doing(self, what: impl fmt::Display) -> Result<T, Failure> {
        self.map_err(|error| Failure(format!("{what}: {}", error.into())))
    }
}

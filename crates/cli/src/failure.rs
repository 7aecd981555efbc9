//! Why a command could not do its work: a sentence for a person, an exit code for a script.

use std::error::Error;
use std::fmt;
use std::process::ExitCode;

/// A sentence that says what went wrong, with its causes.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    kind: Kind,
}

/// What a script can tell apart by the exit code. 2 is clap's, for a wrong command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Anything else.
    Failed = 1,
    /// An input is wrong, as clap says it of a wrong command line.
    Usage = 2,
    /// A configuration that can't work, whatever the network does.
    Configuration = 3,
    /// The authority can't be reached.
    Unreachable = 4,
    /// The authority was reached and refused.
    Refused = 5,
}

impl Failure {
    /// A failure that needs no cause.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), kind: Kind::Failed }
    }

    /// The same failure, of another kind.
    pub(crate) fn of_kind(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    /// What the process ends with.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.kind as u8)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
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
                message.push_str(": ");
                message.push_str(&text);
            }
            cause = error.source();
        }
        Self::new(message)
    }
}

/// Says more about something that failed.
pub(crate) trait Doing<T> {
    /// Puts "what: " before the failure's sentence.
    ///
    /// # Errors
    /// The same failure, with more to say.
    fn doing(self, what: impl fmt::Display) -> Result<T, Failure>;

    /// Says of which kind the failure is.
    ///
    /// # Errors
    /// The same failure, of this kind.
    fn or_kind(self, kind: Kind) -> Result<T, Failure>;
}

impl<T, E: Into<Failure>> Doing<T> for Result<T, E> {
    fn doing(self, what: impl fmt::Display) -> Result<T, Failure> {
        self.map_err(|error| {
            let Failure { message, kind } = error.into();
            Failure { message: format!("{what}: {message}"), kind }
        })
    }

    fn or_kind(self, kind: Kind) -> Result<T, Failure> {
        self.map_err(|error| error.into().of_kind(kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the file is gone")]
    struct Cause;

    #[derive(Debug, thiserror::Error)]
    #[error("can't start")]
    struct Outer(#[source] Cause);

    #[test]
    fn a_failure_says_what_was_done_and_every_cause_in_one_sentence() {
        let failure = Err::<(), _>(Outer(Cause)).doing("serving").unwrap_err();
        assert_eq!(failure.to_string(), "serving: can't start: the file is gone");
    }

    #[test]
    fn the_kind_survives_what_is_said_later() {
        let failure = Err::<(), _>(Cause).or_kind(Kind::Configuration).doing("serving").unwrap_err();
        assert_eq!(failure.kind, Kind::Configuration);
    }
}

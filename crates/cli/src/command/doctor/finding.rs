//! One thing that was examined.

use std::fmt;

/// How a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Good,
    /// Of no effect yet, or not examined.
    Note,
    Bad,
}

/// What was seen, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) state: State,
    what: String,
    advice: Option<String>,
}

impl Finding {
    pub(super) fn good(what: impl Into<String>) -> Self {
        Self { state: State::Good, what: what.into(), advice: None }
    }

    pub(super) fn note(what: impl Into<String>) -> Self {
        Self { state: State::Note, what: what.into(), advice: None }
    }

    pub(super) fn bad(what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { state: State::Bad, what: what.into(), advice: Some(advice.into()) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Good => "good",
            State::Note => "note",
            State::Bad => "BAD ",
        };
        writeln!(f, "  {state}  {}", self.what)?;
        self.advice.iter().try_for_each(|advice| writeln!(f, "        do: {advice}"))
    }
}

//! How far a word list is.

use std::io::{IsTerminal, Write};

use probity_audit::secrets::Progress;

/// A line on standard error that says how far a word list is, when somebody looks.
pub(super) struct ProgressBar {
    started: std::time::Instant,
    shown: bool,
}

impl ProgressBar {
    #[expect(clippy::disallowed_methods, reason = "the rate that people see is measured on a real clock")]
    pub(super) fn new() -> Self {
        Self { started: std::time::Instant::now(), shown: std::io::stderr().is_terminal() }
    }

    pub(super) fn show(&self, progress: Progress) {
        if !self.shown {
            return;
        }
        let percent = (progress.read * 100).checked_div(progress.total).unwrap_or(100);
        let filled = usize::try_from(percent / 4).unwrap_or(25);
        let rate =
            progress.tried * 1_000 / u64::try_from(self.started.elapsed().as_millis().max(1)).unwrap_or(u64::MAX);
        let bar = format!("{}{}", "#".repeat(filled), "·".repeat(25 - filled.min(25)));
        let _ = write!(std::io::stderr(), "\r[{bar}] {percent:>3} %  {} candidates, {rate} a second ", progress.tried);
    }

    pub(super) fn clear(&self) {
        if self.shown {
            let _ = write!(std::io::stderr(), "\r{:80}\r", "");
        }
    }
}

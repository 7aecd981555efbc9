//! Words on a terminal: colours, and lines that fit.

use crate::rule::Severity;

/// How a terminal is written to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Style {
    /// With colours.
    pub colour: bool,
    /// Characters in a line.
    pub width: usize,
    /// With everything: each pass, each rule that did not run, each request.
    pub verbose: bool,
}

/// Writes in a style.
pub(super) struct Pen {
    pub(super) style: Style,
}

impl Pen {
    pub(super) fn severity(&self, severity: Severity) -> String {
        let word = format!("{:<8}", severity.name().to_uppercase());
        match severity {
            Severity::Critical => self.paint(RED, &word),
            Severity::High => self.paint(MAGENTA, &word),
            Severity::Medium => self.paint(YELLOW, &word),
            Severity::Low | Severity::Info => self.paint(BLUE, &word),
        }
    }

    pub(super) fn bold(&self, text: &str) -> String {
        self.paint("1", text)
    }

    pub(super) fn dim(&self, text: &str) -> String {
        self.paint("2", text)
    }

    pub(super) fn paint(&self, code: &str, text: &str) -> String {
        if self.style.colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// A text in lines of at most the terminal's width; what follows the first is indented further.
    pub(super) fn wrapped(&self, text: &str, indent: &str) -> String {
        let width = self.style.width.max(40);
        let (mut lines, mut line) = (Vec::new(), indent.to_owned());
        let mut empty = true;
        for word in text.split_whitespace() {
            if !empty && line.chars().count() + 1 + word.chars().count() > width {
                lines.push(core::mem::replace(&mut line, format!("{indent}  ")));
                empty = true;
            }
            if !empty {
                line.push(' ');
            }
            line.push_str(word);
            empty = false;
        }
        lines.push(line);
        lines.join("\n")
    }
}

/// Each line two spaces to the right.
pub(super) fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect::<Vec<_>>().concat()
}

pub(super) const RED: &str = "1;31";
const MAGENTA: &str = "1;35";
pub(super) const YELLOW: &str = "1;33";
pub(super) const GREEN: &str = "1;32";
pub(super) const BLUE: &str = "1;34";

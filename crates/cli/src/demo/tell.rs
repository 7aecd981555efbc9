//! What the demo prints: for a person, or one JSON object.

use std::fmt;
use std::io::IsTerminal;

use serde::Serialize;

use super::scene::Scene;
use super::walk::{Step, Walk};
use crate::dev_folder::USER;
use crate::output;

/// The most characters of a sentence in one line.
const WIDTH: usize = 84;

/// Prints as the walk goes.
pub(super) struct Teller {
    json: bool,
    colours: bool,
}

/// The object of `--json`.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    walk: &'a Walk,
    /// Where a person can log in while the demo serves.
    login_page: String,
    username: &'a str,
    password: &'a str,
}

impl Teller {
    pub(super) fn new(json: bool) -> Self {
        let colours = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self { json, colours }
    }

    pub(super) fn opening(&self, scene: &Scene) {
        if self.json {
            return;
        }
        say(format_args!(
            "\
{}

  authority  {:32} issues tokens, and lets no revocation be lost
  guard      {:32} verifies each request locally, and follows the revocations
  API        {:32} asks the guard before it answers

A line after $ repeats its step in another terminal while the demo serves. The files are in
{} and removed at the end.

{}
",
            self.bold("Probity: a token is issued, accepted, revoked, and refused within milliseconds."),
            scene.issuer,
            scene.guard,
            scene.hello(),
            scene.files.path().display(),
            self.dim("Two seconds: an authority that has just started can't know who held a lease before it did.")
        ));
    }

    pub(super) fn step(&self, step: &Step) {
        if self.json {
            return;
        }
        let mark = if step.ok { self.green("ok  ") } else { self.red("FAIL") };
        let mut lines = wrapped(&step.what).into_iter();
        say(format_args!("{mark} {:>8}  {}", duration(step.micros), lines.next().unwrap_or_default()));
        lines.for_each(|line| say(format_args!("{:14} {line}", "")));
        say(format_args!("{:14} {}\n", "", self.dim(&format!("$ {}", step.curl))));
    }

    pub(super) fn ending(&self, walk: &Walk, scene: &Scene, once: bool) {
        let login_page = format!("{}/", scene.api);
        if self.json {
            let told = Told { walk, login_page, username: USER, password: &scene.password };
            // It is made of strings and numbers, which JSON can always hold.
            say(format_args!("{}", serde_json::to_string(&told).unwrap_or_default()));
            return;
        }
        let good = walk.steps.iter().filter(|step| step.ok).count();
        say(format_args!(
            "{} From the call that revoked the session to the answer that every guard enforces it: {}.\n\
             Accepted after an `enforced` answer: {} calls of {}.",
            self.bold(&format!("{good} of {} steps went as they should.", walk.steps.len())),
            duration(walk.revoke_to_enforced_micros),
            walk.accepted_after_enforced,
            walk.asked_after_enforced
        ));
        if !once {
            say(format_args!(
                "\n{} Open {} and log in as {USER} with the password {}\n\
                 (the browser warns of the demo's own certificate). Ctrl-C ends the demo.",
                self.bold("Now you."),
                self.bold(&login_page),
                self.bold(&scene.password)
            ));
        }
    }

    fn bold(&self, text: &str) -> String {
        self.styled("1", text)
    }

    fn dim(&self, text: &str) -> String {
        self.styled("2", text)
    }

    fn green(&self, text: &str) -> String {
        self.styled("32", text)
    }

    fn red(&self, text: &str) -> String {
        self.styled("31;1", text)
    }

    fn styled(&self, style: &str, text: &str) -> String {
        if self.colours { format!("\u{1b}[{style}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// Whoever has stopped reading needs no answer, and the walk goes on: its outcome is the exit code.
fn say(line: fmt::Arguments<'_>) {
    let _ = output::line(&line.to_string());
}

/// The words of a sentence in lines that fit a terminal.
fn wrapped(sentence: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in sentence.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A time with three digits that mean something.
#[expect(clippy::cast_precision_loss, reason = "a number for a person")]
fn duration(micros: u64) -> String {
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..1_000_000 => format!("{:.1} ms", micros as f64 / 1e3),
        _ => format!("{:.2} s", micros as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_sentence_goes_on_in_the_next_line() {
        let lines = wrapped(&"word ".repeat(40));
        assert!(lines.len() > 1 && lines.iter().all(|line| line.chars().count() <= WIDTH), "{lines:?}");
    }

    #[test]
    fn times_are_told_in_the_unit_that_suits_them() {
        assert_eq!([640, 12_400, 2_310_000].map(duration), ["640 µs", "12.4 ms", "2.31 s"]);
    }
}

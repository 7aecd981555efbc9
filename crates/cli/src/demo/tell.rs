//! What the demo prints: for a person, or one JSON object.

use std::io::IsTerminal;

use serde::Serialize;

use super::scene::Scene;
use super::walk::{Step, Walk};
use crate::dev_folder::USER;

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
        println!(
            "\
{}

  authority  {}     issues tokens, and lets no revocation be lost
  guard      verifies each request locally, and follows the authority's revocations
  API        {}  asks the guard before it answers

Each line after $ repeats its step in another terminal while the demo serves. The files that they name are in
{}, which is removed at the end.
",
            self.bold("Probity: a token is issued, accepted, revoked, and refused within milliseconds."),
            scene.issuer,
            scene.hello(),
            scene.files.path().display()
        );
    }

    pub(super) fn step(&self, step: &Step) {
        if self.json {
            return;
        }
        let mark = if step.ok { self.green("ok  ") } else { self.red("FAIL") };
        println!("{mark} {:>9}  {}", duration(step.micros), step.what);
        println!("{:15} {}\n", "", self.dim(&format!("$ {}", step.curl)));
    }

    pub(super) fn ending(&self, walk: &Walk, scene: &Scene, once: bool) {
        let login_page = format!("{}/", scene.api);
        if self.json {
            let told = Told { walk, login_page, username: USER, password: &scene.password };
            // It is made of strings and numbers, which JSON can always hold.
            println!("{}", serde_json::to_string(&told).unwrap_or_default());
            return;
        }
        let good = walk.steps.iter().filter(|step| step.ok).count();
        println!(
            "{} From the call that revoked the session to the answer that every guard enforces it: {}.\n\
             Accepted after an `enforced` answer: {} calls of {}.",
            self.bold(&format!("{good} of {} steps went as they should.", walk.steps.len())),
            duration(walk.revoke_to_enforced_micros),
            walk.accepted_after_enforced,
            walk.asked_after_enforced
        );
        if !once {
            println!(
                "\n{} Open {} and log in as {USER} with the password {}\n\
                 (the browser warns of the demo's own certificate). Ctrl-C ends the demo.",
                self.bold("Now you."),
                self.bold(&login_page),
                self.bold(&scene.password)
            );
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
    fn times_are_told_in_the_unit_that_suits_them() {
        assert_eq!([640, 12_400, 2_310_000].map(duration), ["640 µs", "12.4 ms", "2.31 s"]);
    }
}

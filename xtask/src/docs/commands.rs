//! The page of all commands: what `--help` says of each.

use super::probity;
use crate::Failure;

const HEAD: &str = "\
# Commands

What `probity COMMAND --help` prints. This page is written by `cargo xtask docs`.

";

/// The whole page.
pub(super) fn page() -> Result<String, Failure> {
    Ok(HEAD.to_owned() + &describe(&[])?)
}

/// Describes a command and then each command below it.
fn describe(command: &[&str]) -> Result<String, Failure> {
    let help = probity(&[command, &["--help"]].concat())?;
    let name = [&["probity"], command].concat().join(" ");
    let below = subcommands(&help).into_iter().map(|below| describe(&[command, &[below]].concat()));
    let below: String = below.collect::<Result<_, _>>()?;
    Ok(format!("## {name}\n\n```text\n{}\n```\n\n{below}", trimmed(&help)))
}

/// The names in the list that clap prints under "Commands:".
fn subcommands(help: &str) -> Vec<&str> {
    let list = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    // A name is indented by two; what is indented further goes on from the line above.
    let names = list.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").collect()
}

/// Without the spaces at the ends of lines.
fn trimmed(text: &str) -> String {
    text.trim_end().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_found_in_the_help() {
        let help = "Says\n\nUsage: x\n\nCommands:\n  one    does one\n         and more\n  two    does two\n  help   this\n\nOptions:\n  -h\n";
        assert_eq!(subcommands(help), ["one", "two"]);
    }
}

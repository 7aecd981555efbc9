//! Open points in the code name the issue that will close them.

use crate::sources::Source;

/// The words that mark one; put together so that this file has none.
const MARKS: [&str; 2] = [concat!("TO", "DO"), concat!("FIX", "ME")];

/// Lines with a mark that is not followed by an issue: `(#12)`.
pub(super) fn without_issue(files: &[Source]) -> Vec<String> {
    let mut wrong = Vec::new();
    for file in files {
        for (at, line) in file.text.lines().enumerate() {
            if MARKS.iter().any(|mark| is_open(line, mark)) {
                wrong.push(format!("{}:{}: an open point without an issue", file.path.display(), at + 1));
            }
        }
    }
    wrong
}

fn is_open(line: &str, mark: &str) -> bool {
    line.match_indices(mark).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + mark.len()..).unwrap_or_default();
        let word = !before.is_some_and(char::is_alphanumeric) && !after.starts_with(char::is_alphanumeric);
        word && !names_issue(after)
    })
}

fn names_issue(after: &str) -> bool {
    let number = after.strip_prefix("(#").and_then(|rest| rest.split_once(')')).map(|(number, _)| number);
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_needs_an_issue() {
        let open = |text: &str| is_open(&text.replace('@', "TO").replace('~', "DO"), MARKS[0]);
        assert!(open("// @~: later"));
        assert!(open("// @~(me): later"));
        assert!(open("// @~(#): later"));
        assert!(!open("// @~(#12): later"));
        assert!(!open("// @~LIST is a word of its own"));
        assert!(!open("nothing"));
    }
}

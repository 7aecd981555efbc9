//! The page of what the specifications demand and which test asks for it: made from the tests' own comments.

use std::collections::BTreeMap;
use std::path::Path;

use crate::Failure;
use crate::sources;

const HEAD: &str = "\
# Conformance

What the specifications demand of the authority, and the test that asks for it over HTTP. The tests are in
`crates/authority/src/http/tests`; what a specification demands and no other test asked for is in its folder `conformance`.
`cargo test -p probity-authority TEST` runs one. This page is written by `cargo xtask docs` from the tests' comments.

";

/// The specifications that must have a test, by the words that a test's comment begins with.
const SPECIFICATIONS: [(&str, &str); 19] = [
    ("RFC 6749", "OAuth 2.0, as OAuth 2.1 changes it"),
    ("RFC 7009", "Token Revocation"),
    ("RFC 7636", "Proof Key for Code Exchange"),
    ("RFC 7662", "Token Introspection"),
    ("RFC 8414", "Authorization Server Metadata"),
    ("RFC 8628", "Device Authorization Grant"),
    ("RFC 8693", "Token Exchange"),
    ("RFC 8705", "Mutual-TLS Client Authentication and Certificate-Bound Access Tokens"),
    ("RFC 8707", "Resource Indicators"),
    ("RFC 9068", "JWT Profile for Access Tokens"),
    ("RFC 9101", "JWT-Secured Authorization Requests"),
    ("RFC 9126", "Pushed Authorization Requests"),
    ("RFC 9207", "Authorization Server Issuer Identification"),
    ("RFC 9449", "Demonstrating Proof of Possession"),
    ("RFC 9700", "Best Current Practice for Security"),
    ("OpenID Connect Core", "1.0"),
    ("OpenID Connect Discovery", "1.0"),
    ("OpenID Connect Back-Channel Logout", "1.0"),
    ("OpenID Connect RP-Initiated Logout", "1.0"),
];

/// A test and what it asks for.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Demand {
    /// The section's numbers, so that 10 comes after 9.
    order: Vec<u32>,
    section: String,
    what: String,
    test: String,
}

/// The whole page.
pub(super) fn page() -> Result<String, Failure> {
    let mut demands = BTreeMap::<&str, Vec<Demand>>::new();
    for source in sources::below(Path::new("crates/authority/src/http/tests"))? {
        for (specification, demand) in read(&source.text) {
            demands.entry(specification).or_default().push(demand);
        }
    }
    let mut sections = vec![HEAD.to_owned()];
    for (specification, title) in SPECIFICATIONS {
        let mut found = demands.remove(specification).ok_or_else(|| format!("no test is about {specification}"))?;
        found.sort();
        let rows =
            found.iter().map(|Demand { section, what, test, .. }| format!("| {section} | {what} | `{test}` |\n"));
        let rows: String = rows.collect();
        sections.push(format!("## {specification}: {title}\n\n| section | demand | test |\n|---|---|---|\n{rows}\n"));
    }
    Ok(sections.concat())
}

/// The tests of a file whose comment begins with a specification and a section.
fn read(source: &str) -> Vec<(&'static str, Demand)> {
    let lines: Vec<&str> = source.lines().collect();
    let demands = lines.windows(3).filter_map(|window| {
        let [comment, attribute, function] = window else { return None };
        let comment = comment.strip_prefix("/// ")?;
        let test = function.strip_prefix("async fn ")?.split('(').next()?;
        if *attribute != "#[tokio::test]" {
            return None;
        }
        SPECIFICATIONS.into_iter().find_map(|(specification, _)| {
            let (section, what) = comment.strip_prefix(specification)?.strip_prefix(" section ")?.split_once(": ")?;
            let order = section.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
            let demand = Demand { order, section: section.to_owned(), what: what.to_owned(), test: test.to_owned() };
            Some((specification, demand))
        })
    });
    demands.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_found_by_its_comment_and_what_has_none_is_not() {
        let text = "\
/// RFC 9126 section 2.2: a reference is short-lived.
#[tokio::test]
async fn a_reference_expires() {}

/// Not about any specification.
#[tokio::test]
async fn something_else() {}
";
        let found = read(text);
        assert_eq!(found.len(), 1);
        let (specification, demand) = &found[0];
        assert_eq!((*specification, demand.section.as_str()), ("RFC 9126", "2.2"));
        assert_eq!(
            (demand.what.as_str(), demand.test.as_str()),
            ("a reference is short-lived.", "a_reference_expires")
        );
    }
}

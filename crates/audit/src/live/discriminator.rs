//! What acceptance looks like at this endpoint, learnt from tokens that are known to be good and bad.

use std::collections::BTreeSet;

use crate::evidence::Json;

/// The parts of a response that are looked at.
#[derive(Debug, Clone, Default)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

/// What a response means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// As a valid token is answered.
    Accepted,
    /// As a bad token is answered, or with an error.
    Refused,
    /// Neither.
    Unclear,
    /// Too many requests, or none came back.
    Limited,
}

impl Class {
    /// The word for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Unclear => "unclear",
            Self::Limited => "limited",
        }
    }
}

/// What the operator says of an accepted answer: `status=200`, `body~text`, `header:Name~text`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AcceptWhen {
    /// The status is this one.
    Status(u16),
    /// The body holds this text.
    Body(String),
    /// A header holds this text.
    Header(String, String),
}

impl core::str::FromStr for AcceptWhen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(status) = text.strip_prefix("status=") {
            return status.parse().map(Self::Status).map_err(|_| format!("{status} is no status"));
        }
        if let Some(part) = text.strip_prefix("body~") {
            return Ok(Self::Body(part.to_owned()));
        }
        let header = text.strip_prefix("header:").and_then(|rest| rest.split_once('~'));
        let header = header.map(|(name, part)| Self::Header(name.to_owned(), part.to_owned()));
        header.ok_or_else(|| "write status=200, body~TEXT or header:NAME~TEXT".to_owned())
    }
}

impl AcceptWhen {
    fn holds(&self, response: &Response) -> bool {
        match self {
            Self::Status(status) => response.status == *status,
            Self::Body(part) => response.body.contains(part.as_str()),
            Self::Header(name, part) => response
                .headers
                .iter()
                .any(|(key, value)| key.eq_ignore_ascii_case(name) && value.contains(part.as_str())),
        }
    }
}

/// What tells accepted answers from refused ones.
#[derive(Debug, Clone)]
pub(super) struct Discriminator {
    accept_when: Vec<AcceptWhen>,
    accepted: Vec<(Feature, String)>,
    refused: Vec<Vec<(Feature, String)>>,
    words: BTreeSet<String>,
}

/// Why nothing could be learnt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Blind {
    /// The valid token is answered with an error: it is not valid.
    ValidRefused(u16),
    /// The same answer, byte for byte, with and without a token.
    Ignored,
    /// The answers differ, but not in a way that can be told.
    Indistinct,
    /// The valid token is answered now so, now so.
    Unsteady,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Feature {
    Status,
    Location,
    Challenge,
    ContentType,
    Shape,
}

impl Discriminator {
    /// Learns from answers to valid tokens and to none or garbage.
    pub(super) fn learn(valid: &[Response], bad: &[Response], accept_when: &[AcceptWhen]) -> Result<Self, Blind> {
        let first = valid.first().ok_or(Blind::Unsteady)?;
        if !accept_when.is_empty() {
            let told = Self {
                accept_when: accept_when.to_vec(),
                accepted: Vec::new(),
                refused: Vec::new(),
                words: BTreeSet::new(),
            };
            let good = valid.iter().all(|response| told.class(response) == Class::Accepted);
            let refuses = bad.iter().all(|response| told.class(response) != Class::Accepted);
            return if !good {
                Err(Blind::ValidRefused(first.status))
            } else if refuses {
                Ok(told)
            } else {
                Err(Blind::Indistinct)
            };
        }
        if matches!(first.status, 400..=599) {
            return Err(Blind::ValidRefused(first.status));
        }
        let ofs: Vec<Vec<(Feature, String)>> = valid.iter().map(features).collect();
        let bads: Vec<Vec<(Feature, String)>> = bad.iter().map(features).collect();
        // What all valid answers share, and some bad one does not have.
        let shared = features(first).into_iter().filter(|feature| ofs.iter().all(|of| of.contains(feature)));
        let accepted: Vec<(Feature, String)> =
            shared.filter(|feature| bads.iter().any(|bad| !bad.contains(feature))).collect();
        if !ofs.iter().all(|of| of.first() == features(first).first()) {
            return Err(Blind::Unsteady);
        }
        let mut words = words(&first.body);
        for response in valid.iter().skip(1) {
            let other = self::words(&response.body);
            words.retain(|word| other.contains(word));
        }
        let separated = |bad: &Vec<(Feature, String)>| accepted.iter().any(|feature| !bad.contains(feature));
        if bads.iter().all(separated) {
            return Ok(Self { accept_when: Vec::new(), accepted, refused: bads, words: BTreeSet::new() });
        }
        // Words that only the answers to valid tokens hold: names, mail addresses, the subject.
        for response in bad {
            let other = self::words(&response.body);
            words.retain(|word| !other.contains(word));
        }
        if !words.is_empty() {
            return Ok(Self { accept_when: Vec::new(), accepted, refused: bads, words });
        }
        let same = |response: &Response| response.status == first.status && response.body == first.body;
        if valid.iter().chain(bad).all(same) { Err(Blind::Ignored) } else { Err(Blind::Indistinct) }
    }

    /// What a response means.
    pub(super) fn class(&self, response: &Response) -> Class {
        if response.status == 429 || response.status == 0 || response.status == 503 {
            return Class::Limited;
        }
        // An error is never acceptance.
        if response.status >= 500 {
            return Class::Refused;
        }
        if !self.accept_when.is_empty() {
            return if self.accept_when.iter().all(|when| when.holds(response)) {
                Class::Accepted
            } else {
                Class::Refused
            };
        }
        let of = features(response);
        let as_valid = self.accepted.iter().all(|feature| of.contains(feature));
        let known = words(&response.body);
        if as_valid && self.words.iter().all(|word| known.contains(word)) {
            return Class::Accepted;
        }
        let status = of.first();
        let as_bad = self.refused.iter().any(|bad| bad.first() == status);
        if as_bad || matches!(response.status, 400 | 401 | 403) { Class::Refused } else { Class::Unclear }
    }

    /// What was learnt, for the report.
    pub(super) fn describe(&self) -> String {
        if !self.accept_when.is_empty() {
            return "as the operator said".to_owned();
        }
        let mut parts: Vec<String> = self
            .accepted
            .iter()
            .map(|(feature, value)| match feature {
                Feature::Status => format!("status {value}"),
                Feature::Location if value.is_empty() => "no Location".to_owned(),
                Feature::Location => format!("Location {value}"),
                Feature::Challenge => "no WWW-Authenticate".to_owned(),
                Feature::ContentType if value.is_empty() => "no content type".to_owned(),
                Feature::ContentType => format!("content type {value}"),
                Feature::Shape => "the shape of the JSON body".to_owned(),
            })
            .collect();
        if !self.words.is_empty() {
            parts.push(format!("{} words that only valid tokens bring", self.words.len()));
        }
        parts.join(", ")
    }
}

/// Status first.
fn features(response: &Response) -> Vec<(Feature, String)> {
    let header = |name: &str| {
        response.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value.as_str())
    };
    let before = |text: &str, end: &[char]| text.split(end).next().unwrap_or_default().trim().to_owned();
    let mut features = vec![
        (Feature::Status, response.status.to_string()),
        (Feature::Location, before(header("location"), &['?', '#'])),
        (Feature::Challenge, (!header("www-authenticate").is_empty()).to_string()),
        (Feature::ContentType, before(header("content-type"), &[';'])),
    ];
    if let Some(json) = Json::parse(&response.body) {
        let mut paths = BTreeSet::new();
        json.walk("", &mut |path, value| {
            let index = path.find('[').map_or(path, |at| path.get(..at).unwrap_or(path));
            // A claim that the auditor added may be echoed.
            if !index.contains("probity_audit") {
                paths.insert(format!("{index}:{}", value.type_name()));
            }
        });
        features.push((Feature::Shape, paths.into_iter().collect::<Vec<_>>().join(" ")));
    }
    features
}

fn words(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '@' | '.' | '-' | '_')));
    words.filter(|word| word.len() >= 3).take(MAX_WORDS).map(str::to_owned).collect()
}

/// How many words of a body are compared.
const MAX_WORDS: usize = 5_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, body: &str) -> Response {
        Response { status, headers: Vec::new(), body: body.to_owned() }
    }

    fn learn(valid: &[(u16, &str)], bad: &[(u16, &str)]) -> Result<Discriminator, Blind> {
        let of = |list: &[(u16, &str)]| list.iter().map(|(status, body)| response(*status, body)).collect::<Vec<_>>();
        Discriminator::learn(&of(valid), &of(bad), &[])
    }

    #[test]
    fn a_status_separates() {
        let told = learn(&[(200, "a 1"), (200, "a 2")], &[(401, "no")]).unwrap();
        assert_eq!(told.class(&response(200, "other")), Class::Accepted);
        assert_eq!(told.class(&response(401, "other")), Class::Refused);
        assert_eq!(told.class(&response(500, "a 1")), Class::Refused);
        assert_eq!(told.class(&response(302, "")), Class::Unclear);
    }

    #[test]
    fn errors_with_200_are_told_by_their_shape_or_their_words() {
        let told = learn(&[(200, r#"{"sub":"alice"}"#)], &[(200, r#"{"error":"no"}"#)]).unwrap();
        assert_eq!(told.class(&response(200, r#"{"sub":"bob"}"#)), Class::Accepted);
        assert_eq!(told.class(&response(200, r#"{"error":"x"}"#)), Class::Refused);
        let told =
            learn(&[(200, "Hello alice, 1234"), (200, "Hello alice, 5678")], &[(200, "Hello stranger, 999")]).unwrap();
        assert_eq!(told.class(&response(200, "Hello alice, 777")), Class::Accepted);
        assert_eq!(told.class(&response(200, "Hello stranger, 777")), Class::Refused);
    }

    #[test]
    fn what_cannot_be_told_is_not_guessed() {
        assert_eq!(learn(&[(200, "x"), (200, "x")], &[(200, "x")]).unwrap_err(), Blind::Ignored);
        assert_eq!(learn(&[(200, "n 123"), (200, "n 456")], &[(200, "n 789")]).unwrap_err(), Blind::Indistinct);
        assert_eq!(learn(&[(401, "x")], &[(401, "x")]).unwrap_err(), Blind::ValidRefused(401));
        assert_eq!(learn(&[(200, "x"), (302, "x")], &[(401, "x")]).unwrap_err(), Blind::Unsteady);
    }

    #[test]
    fn the_operator_can_say_what_acceptance_is() {
        let when = ["body~alice".parse().unwrap()];
        let told = Discriminator::learn(&[response(200, "alice")], &[response(200, "bob")], &when).unwrap();
        assert_eq!(told.class(&response(200, "hi alice")), Class::Accepted);
        assert!("nonsense".parse::<AcceptWhen>().is_err());
    }
}

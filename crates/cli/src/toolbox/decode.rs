//! Shows what a token says, as far as it can be read. Nothing here is trusted, and nothing broken stops it.

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use probity_jose::jwt::Unverified;
use serde::Serialize;
use serde_json::Value;

/// What could be read of a text that is said to be a token.
#[derive(Debug, Serialize)]
pub(super) struct Decoded {
    /// Says that none of this is trusted.
    warning: &'static str,
    /// What the text looks like.
    form: &'static str,
    /// What is odd about it; a strict reader refuses each of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remarks: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    header: Option<Part>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Part>,
    /// The signature's or tag's length in bytes; its bytes are of no use to a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    signature_bytes: Option<usize>,
}

/// A part: JSON, text, or only its length.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Part {
    Json(Value),
    Text(String),
    Bytes { bytes: usize },
}

const WARNING: &str = "NOT VERIFIED: anybody can write this. No signature was checked; trust none of it.";

/// Times in claims, shown beside the number.
const TIMES: [&str; 5] = ["exp", "iat", "nbf", "auth_time", "updated_at"];

/// The most remarks.
const MAX_REMARKS: usize = 16;

/// Reads as much as can be read.
pub(super) fn decode(bytes: &[u8]) -> Decoded {
    let mut remarks = Remarks::default();
    let text = String::from_utf8_lossy(bytes);
    if matches!(text, Cow::Owned(_)) {
        remarks.add("it is not UTF-8");
    }
    let text = text.trim();
    // People paste whole headers.
    let token = match text.split_once(char::is_whitespace) {
        Some((scheme, token)) if scheme.trim_end_matches(':').eq_ignore_ascii_case("bearer") => token.trim(),
        _ => text,
    };
    let parts: Vec<&str> = token.split('.').collect();
    let (form, header, payload, last) = match parts.as_slice() {
        [header, payload, signature] => ("JWS, compact", Some(*header), Some(*payload), Some(*signature)),
        [header, _, _, _, tag] => {
            ("JWE, compact: encrypted; only its header can be read", Some(*header), None, Some(*tag))
        }
        [_] if token.starts_with('{') => ("JSON", None, None, None),
        [only] if !only.is_empty() => ("no token: it has no dots", Some(*only), None, None),
        [header, payload, ..] => {
            remarks.add(&format!("it has {} parts; a JWS has 3, a JWE 5", parts.len()));
            ("no token, but with dots", Some(*header), Some(*payload), None)
        }
        _ => ("nothing", None, None, None),
    };
    let json = (form == "JSON").then(|| serde_json::from_str(token).map_or(Part::Text(token.to_owned()), Part::Json));
    let header = header.map(|text| part("header", text, &mut remarks));
    let payload = json.or_else(|| payload.map(|text| part("payload", text, &mut remarks)));
    let signature_bytes = last.and_then(|text| lenient(text, "signature", &mut remarks)).map(|bytes| bytes.len());
    if let Some(Part::Json(header)) = &header {
        remark_header(header, &mut remarks);
    }
    if parts.len() == 3
        && let Err(error) = Unverified::parse(token)
    {
        remarks.add(&format!("a strict reader says: {error} ({})", error.code()));
    }
    Decoded { warning: WARNING, form, remarks: remarks.0, header, payload, signature_bytes }
}

#[derive(Default)]
struct Remarks(Vec<String>);

impl Remarks {
    fn add(&mut self, remark: &str) {
        if self.0.len() < MAX_REMARKS {
            self.0.push(remark.to_owned());
        }
    }
}

fn remark_header(header: &Value, remarks: &mut Remarks) {
    match header.get("alg").and_then(Value::as_str) {
        None => remarks.add("the header has no alg"),
        Some(alg) if alg.eq_ignore_ascii_case("none") => remarks.add("alg is none: it is not signed at all"),
        Some(_) => {}
    }
    for name in ["jwk", "jku", "x5u", "x5c"] {
        if header.get(name).is_some() {
            remarks.add(&format!("the header brings {name}: a key chosen by whoever wrote the token"));
        }
    }
}

fn part(name: &str, text: &str, remarks: &mut Remarks) -> Part {
    let Some(bytes) = lenient(text, name, remarks) else {
        return Part::Text(text.to_owned());
    };
    if let Err(error) = probity_jose::base64url::decode(text) {
        remarks.add(&format!("{name}: {error}"));
    }
    match serde_json::from_slice::<Value>(&bytes) {
        Ok(value) => Part::Json(value),
        Err(error) => match String::from_utf8(bytes) {
            Ok(text) => {
                if text.trim_start().starts_with('{') {
                    remarks.add(&format!("{name}: broken JSON: {error}"));
                }
                Part::Text(text)
            }
            Err(error) => Part::Bytes { bytes: error.into_bytes().len() },
        },
    }
}

/// Whatever alphabet, padding or trailing bits it has.
fn lenient(text: &str, name: &str, remarks: &mut Remarks) -> Option<Vec<u8>> {
    let config = GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let engine = GeneralPurpose::new(&alphabet::URL_SAFE, config);
    let spelled: String = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| match c {
            '+' => '-',
            '/' => '_',
            other => other,
        })
        .collect();
    let decoded = engine.decode(spelled).ok();
    if decoded.is_none() {
        remarks.add(&format!("{name}: not base64url in any spelling"));
    }
    decoded
}

impl fmt::Display for Decoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n\nform: {}", self.warning, self.form)?;
        for remark in &self.remarks {
            writeln!(f, "note: {remark}")?;
        }
        for (name, part) in [("header", &self.header), ("payload", &self.payload)] {
            if let Some(part) = part {
                writeln!(f, "\n{name}:\n{part}")?;
            }
        }
        if let Some(Part::Json(Value::Object(claims))) = &self.payload {
            let times: Vec<_> = TIMES.iter().filter_map(|name| Some((name, claims.get(*name)?.as_i64()?))).collect();
            if !times.is_empty() {
                writeln!(f)?;
            }
            for (name, seconds) in times {
                writeln!(f, "{name}: {}", moment(seconds))?;
            }
        }
        match self.signature_bytes {
            Some(0) => writeln!(f, "\nsignature: empty"),
            Some(bytes) => writeln!(f, "\nsignature: {bytes} bytes, not checked"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Characters that a terminal would obey are escaped.
            Self::Json(value) => {
                let text = serde_json::to_string_pretty(value).map_err(|_| fmt::Error)?;
                text.lines().enumerate().try_for_each(|(at, line)| {
                    let end = if at == 0 { "" } else { "\n" };
                    write!(f, "{end}{}", printable(line))
                })
            }
            Self::Text(text) => f.write_str(&printable(text)),
            Self::Bytes { bytes } => write!(f, "{bytes} bytes that are no text"),
        }
    }
}

fn printable(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
            safe.extend(c.escape_unicode());
        } else {
            safe.push(c);
        }
    }
    safe
}

/// A moment in UTC, as the proleptic Gregorian calendar has it (Howard Hinnant's days-to-civil algorithm, as a formula).
fn moment(seconds: i64) -> String {
    const LATEST: i64 = 253_402_300_799;
    if !(0..=LATEST).contains(&seconds) {
        return format!("{seconds}: outside of the years 1970 to 9999");
    }
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / 3_600, second / 60 % 60, second % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 7515 appendix A.1.
    const TOKEN: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    #[test]
    fn a_token_is_shown_with_its_times_and_a_warning_first() {
        let shown = decode(format!("Authorization: Bearer {TOKEN}\n").trim_start_matches("Authorization: ").as_bytes());
        let text = shown.to_string();
        assert!(text.starts_with("NOT VERIFIED"), "{text}");
        for part in ["\"iss\": \"joe\"", "exp: 2011-03-22T18:43:00Z", "signature: 32 bytes, not checked"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(shown.remarks.is_empty(), "{:?}", shown.remarks);
    }

    #[test]
    fn a_broken_token_is_shown_as_far_as_it_goes() {
        let (header, rest) = TOKEN.split_once('.').unwrap();
        for (token, expected) in [
            (format!("{header}=.{rest}"), "header:"),
            (format!("{TOKEN}.x.y.z"), "6 parts"),
            ("e30.e30".to_owned(), "2 parts"),
            ("eyJhbGciOiJub25lIn0.e30.".to_owned(), "not signed at all"),
            ("eyJqd2siOnt9fQ.e30.AA".to_owned(), "chosen by whoever wrote the token"),
            ("eyJh.e30.AA".to_owned(), "header: broken JSON"),
            ("%%%.e30.AA".to_owned(), "not base64url in any spelling"),
        ] {
            let shown = decode(token.as_bytes());
            assert!(shown.remarks.iter().any(|remark| remark.contains(expected)), "{token}: {:?}", shown.remarks);
        }
        for odd in ["", "abc", "....", "\u{0}", "a.b.c.d.e"] {
            assert!(decode(odd.as_bytes()).to_string().starts_with("NOT VERIFIED"), "{odd:?}");
        }
        assert!(decode(&[0xff, 0xfe]).remarks.contains(&"it is not UTF-8".to_owned()));
    }

    #[test]
    fn what_a_token_says_can_not_command_the_terminal() {
        let payload = probity_jose::base64url::encode("{\"sub\":\"\\u001b[2J\\u202eevil\"}".as_bytes());
        let text = decode(format!("e30.{payload}.AA").as_bytes()).to_string();
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text:?}");
    }

    #[test]
    fn moments_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_795_478_399, "2026-11-23T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(moment(seconds), text);
        }
        assert!(moment(-1).contains("outside") && moment(i64::MAX).contains("outside"));
    }
}

//! Personal data in claims: by the names of OpenID Connect, and by forms with checksums.

use super::json::Json;

/// The paths of claims that hold personal data, with what it is.
pub fn personal_data(claims: &Json) -> Vec<(String, &'static str)> {
    let mut found = Vec::new();
    claims.walk("", &mut |path, value| {
        let name = path.rsplit('.').next().unwrap_or(path).to_ascii_lowercase();
        let text = match value {
            Json::String(text) => text.as_str(),
            Json::Number(text) if matches!(name.as_str(), "ssn" | "phone") => text,
            Json::Object(_) if name == "address" => "address",
            _ => return,
        };
        // Identifiers of services may look like addresses.
        if matches!(path, "iss" | "aud" | "azp" | "client_id" | "jti" | "sub" | "act.sub") || text.is_empty() {
            return;
        }
        if let Some(what) = kind(&name, text) {
            found.push((path.to_owned(), what));
        }
    });
    found
}

fn kind(name: &str, text: &str) -> Option<&'static str> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let spaced = text.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '-'));
    Some(match name {
        "phone_number" | "phone" | "mobile" => "telephone number",
        "birthdate" | "birth_date" | "dob" | "date_of_birth" => "birth date",
        "address" | "street_address" | "postal_code" => "address",
        "ssn" | "national_id" | "passport" | "tax_id" => "national identifier",
        "given_name" | "family_name" | "middle_name" => "name",
        "gender" | "religion" | "ethnicity" | "diagnosis" | "blood_type" => "sensitive attribute",
        _ if is_email(text) => "e-mail address",
        _ if spaced && (13..=19).contains(&digits.len()) && name.contains("card") && luhn(&digits) => "card number",
        _ if is_iban(text) => "bank account",
        _ => return None,
    })
}

fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(user, host)| {
        !user.is_empty()
            && host.contains('.')
            && !host.starts_with('.')
            && !text.contains(char::is_whitespace)
            && !text.contains("://")
    })
}

/// ISO/IEC 7812-1 annex B
fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .chars()
        .rev()
        .filter_map(|c| c.to_digit(10))
        .enumerate()
        .map(|(at, digit)| if at % 2 == 0 { digit } else { digit * 2 / 10 + digit * 2 % 10 })
        .sum();
    sum.is_multiple_of(10)
}

/// ISO 13616: the remainder by 97 is 1.
fn is_iban(text: &str) -> bool {
    let text: String = text.chars().filter(|c| *c != ' ').collect();
    let form = (15..=34).contains(&text.len())
        && text.chars().take(2).all(|c| c.is_ascii_uppercase())
        && text.chars().skip(2).take(2).all(|c| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    let moved = text.chars().skip(4).chain(text.chars().take(4));
    form && moved
        .filter_map(|c| c.to_digit(36))
        .fold(0, |rest, value| if value < 10 { (rest * 10 + value) % 97 } else { (rest * 100 + value) % 97 })
        == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_decide_what_looks_like_a_number() {
        let found = |text: &str| personal_data(&Json::parse(text).unwrap());
        assert_eq!(found(r#"{"iban":"DE89370400440532013000"}"#)[0].1, "bank account");
        assert!(found(r#"{"x":"DE89370400440532013001"}"#).is_empty());
        assert_eq!(found(r#"{"card":"4111 1111 1111 1111"}"#)[0].1, "card number");
        assert!(found(r#"{"card":"4111 1111 1111 1112","azp":"a@b.example","version":"1.2.3"}"#).is_empty());
        assert_eq!(found(r#"{"user":{"contact":"a@b.example"}}"#)[0], ("user.contact".to_owned(), "e-mail address"));
    }
}

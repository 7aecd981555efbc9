//! A user logs in and gives a client many grants.

use super::http::{Answer, Connection, form, get, text};
use crate::Failure;

// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A refresh token of each of so many grants.
pub(super) fn refresh_tokens(port: u16, count: usize) -> Result<Vec<String>, Failure> {
    let mut connection = Connection::open(port)?;
    let authorize = format!(
        "/authorize?response_type=code&client_id=app&scope=openid&code_challenge={CHALLENGE}&code_challenge_method=S256"
    );
    let page = connection.send(&get(&authorize, &[]))?;
    let csrf = cookie(&page, "csrf").ok_or("no login page")?;
    let fields: Vec<String> = ["csrf", "request", "ticket"]
        .iter()
        .map(|name| field(&page.body, name).map(|value| format!("{name}={}", encode(&value))))
        .collect::<Option<_>>()
        .ok_or("the login page has changed")?;
    let body = format!("{}&username=alice&password=a-password-of-the-benchmark", fields.join("&"));
    let origin = format!("Origin: http://127.0.0.1:{port}");
    let answer = connection.send(&form("/login", &[&format!("Cookie: {csrf}"), &origin], &body))?;
    let session = cookie(&answer, "session").ok_or_else(|| format!("no session: {}", answer.body))?;
    let session = format!("Cookie: {session}");
    (0..count)
        .map(|_| {
            let answer = connection.send(&get(&authorize, &[&session]))?;
            let location = answer.header("location").unwrap_or_default();
            let code = location.split(['?', '&']).find_map(|pair| pair.strip_prefix("code=")).ok_or("no code")?;
            let redeem = format!("grant_type=authorization_code&client_id=app&code={code}&code_verifier={VERIFIER}");
            text(&connection.send(&form("/token", &[], &redeem))?, "refresh_token")
        })
        .collect()
}

/// Name and value of the cookie whose name ends so.
fn cookie(answer: &Answer, ending: &str) -> Option<String> {
    let cookies = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
    let mut pairs = cookies.filter_map(|(_, cookie)| cookie.split(';').next());
    pairs.find(|pair| pair.split('=').next().is_some_and(|name| name.ends_with(ending))).map(str::to_owned)
}

/// The value of a hidden field.
fn field(page: &str, name: &str) -> Option<String> {
    let (_, rest) = page.split_once(&format!("name=\"{name}\" value=\""))?;
    Some(rest.split_once('"')?.0.replace("&#38;", "&"))
}

fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        encoded.push('%');
        encoded.extend([byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16).unwrap_or('0')));
    }
    encoded
}

//! HTTP Archive files, as browsers and proxies record them.

use super::encoding::base64;
use super::exchange::Exchange;
use super::json::Json;
use crate::outcome::Place;

/// The exchanges in a HAR file.
pub fn parse_har(text: &str, name: &str) -> Option<Vec<Exchange>> {
    let json = Json::parse(text)?;
    let entries = json.get("log")?.get("entries")?.elements();
    Some(entries.iter().take(MAX_ENTRIES).enumerate().map(|(at, entry)| exchange(entry, at, name)).collect())
}

/// Seconds since 1970 of an ISO 8601 time, as `2026-11-24T08:16:00.123Z` or with an offset.
pub fn seconds_of_iso(text: &str) -> Option<i64> {
    let (date, time) = text.split_once(['T', ' '])?;
    let mut date = date.split('-').map(str::parse::<i64>);
    let (year, month, day) = (date.next()?.ok()?, date.next()?.ok()?, date.next()?.ok()?);
    let mut clock = time.get(..8)?.split(':').map(str::parse::<i64>);
    let (hour, minute, second) = (clock.next()?.ok()?, clock.next()?.ok()?, clock.next()?.ok()?);
    let zone = time.get(8..)?.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let offset = match zone.get(..1) {
        Some(sign @ ("+" | "-")) => {
            let (hours, minutes) = zone.get(1..)?.split_once(':').or_else(|| zone.get(1..)?.split_at_checked(2))?;
            let seconds = hours.parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().ok()? * 60;
            if sign == "+" { seconds } else { -seconds }
        }
        _ => 0,
    };
    Some(days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset)
}

/// Seconds since 1970 of an HTTP date, as `Tue, 24 Nov 2026 08:16:00 GMT`.
pub fn seconds_of_http_date(text: &str) -> Option<i64> {
    let mut words = text.split_whitespace().skip(1);
    let (day, month, year, clock) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months.iter().position(|name| *name == month)? + 1;
    seconds_of_iso(&format!("{year}-{month}-{day}T{clock}Z"))
}

/// Days since 1970-01-01 in the Gregorian calendar.
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March, so that the leap day is the last.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn exchange(entry: &Json, at: usize, name: &str) -> Exchange {
    let null = Json::Null;
    let (request, response) = (entry.get("request").unwrap_or(&null), entry.get("response").unwrap_or(&null));
    let headers = |of: &Json| -> Vec<(String, String)> {
        let list = of.get("headers").map(Json::elements).unwrap_or_default();
        list.iter().filter_map(|h| Some((h.text("name")?.to_owned(), h.text("value")?.to_owned()))).collect()
    };
    let content = response.get("content").unwrap_or(&null);
    let body = content.text("text").unwrap_or_default();
    let body = match content.text("encoding") {
        Some("base64") => String::from_utf8_lossy(&base64(body).unwrap_or_default()).into_owned(),
        _ => body.to_owned(),
    };
    Exchange {
        method: request.text("method").unwrap_or("GET").to_owned(),
        url: request.text("url").unwrap_or_default().to_owned(),
        request_headers: headers(request),
        request_body: request.get("postData").and_then(|data| data.text("text")).unwrap_or_default().to_owned(),
        status: response
            .get("status")
            .and_then(Json::as_i64)
            .and_then(|status| u16::try_from(status).ok())
            .unwrap_or(0),
        response_headers: headers(response),
        response_body: body,
        seen: entry.text("startedDateTime").and_then(seconds_of_iso),
        place: Place::of(name).path(format!("entries[{at}]")),
    }
}

/// How many exchanges of one recording are read.
const MAX_ENTRIES: usize = 20_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_offset() {
        assert_eq!(seconds_of_iso("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(seconds_of_iso("2000-02-29T12:00:00.123Z"), Some(951_825_600));
        assert_eq!(seconds_of_iso("2026-11-24T10:16:00+02:00"), seconds_of_iso("2026-11-24T08:16:00Z"));
        assert_eq!(seconds_of_iso("2026-11-24"), None);
    }

    #[test]
    fn a_recording_gives_its_exchanges_and_their_tokens() {
        let har = r#"{"log":{"entries":[{"startedDateTime":"2026-01-01T00:00:00Z","request":{"method":"GET",
            "url":"https://a.example/x?token=eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2ln","headers":[{"name":"A","value":"b"}]},
            "response":{"status":200,"headers":[{"name":"Set-Cookie","value":"a=1; Secure\nb=2"}],
            "content":{"text":"aGk=","encoding":"base64"}}}]}}"#;
        let exchanges = parse_har(har, "x.har").unwrap();
        let exchange = &exchanges[0];
        assert_eq!((exchange.status, exchange.response_body.as_str(), exchange.cookies().len()), (200, "hi", 2));
        assert_eq!(exchange.tokens().len(), 1);
        assert!(parse_har("{}", "x").is_none());
    }
}

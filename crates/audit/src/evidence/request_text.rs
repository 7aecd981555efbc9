//! Requests as people copy them: raw HTTP, and `curl` command lines.

use super::exchange::Exchange;

/// A request read from a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestText {
    /// `GET`.
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// The headers, without those that belong to the connection.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl RequestText {
    /// Reads a `curl` command line or a raw request, whichever it is. `scheme` is for raw requests, which don't say it.
    pub fn parse(text: &str, scheme: &str) -> Option<Self> {
        let text = text.trim_start();
        if text.starts_with("curl ") { Self::from_curl(text) } else { Self::from_raw(text, scheme) }
    }

    fn from_raw(text: &str, scheme: &str) -> Option<Self> {
        let (head, body) = split_head(text);
        let mut lines = head.lines();
        let mut start = lines.next()?.split_whitespace();
        let (method, target) = (start.next()?.to_owned(), start.next()?);
        if !start.next()?.starts_with("HTTP/") {
            return None;
        }
        let headers: Vec<_> = lines.filter_map(header_line).collect();
        let host = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("host")).map(|(_, value)| value.as_str());
        let url = match (target.starts_with("http"), host) {
            (true, _) => target.to_owned(),
            (false, Some(host)) => format!("{scheme}://{host}{target}"),
            (false, None) => return None,
        };
        Some(Self { method, url, headers: without_connection(headers), body: body.to_owned() })
    }

    fn from_curl(text: &str) -> Option<Self> {
        let mut words = shell_words(text).into_iter().skip(1);
        let mut request = Self::default();
        let mut data = Vec::new();
        let mut in_query = false;
        while let Some(word) = words.next() {
            let (option, attached) = match word.split_once('=') {
                Some((option, value)) if option.starts_with("--") => (option.to_owned(), Some(value.to_owned())),
                _ => match word.split_at_checked(2) {
                    Some((option @ ("-X" | "-H" | "-d" | "-b" | "-u"), value)) if !value.is_empty() => {
                        (option.to_owned(), Some(value.to_owned()))
                    }
                    _ => (word.clone(), None),
                },
            };
            let mut value = || attached.clone().or_else(|| words.next());
            match option.as_str() {
                "-X" | "--request" => request.method = value()?,
                "-H" | "--header" => request.headers.extend(header_line(&value()?)),
                "-d" | "--data" | "--data-raw" | "--data-binary" | "--data-urlencode" | "--data-ascii" => {
                    data.push(value()?);
                }
                "--json" => {
                    data.push(value()?);
                    request.headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
                }
                "-b" | "--cookie" => request.headers.push(("Cookie".to_owned(), value()?)),
                "-A" | "--user-agent" => request.headers.push(("User-Agent".to_owned(), value()?)),
                "-e" | "--referer" => request.headers.push(("Referer".to_owned(), value()?)),
                "--oauth2-bearer" => request.headers.push(("Authorization".to_owned(), format!("Bearer {}", value()?))),
                "--url" => request.url = value()?,
                "-G" | "--get" => in_query = true,
                "-I" | "--head" => "HEAD".clone_into(&mut request.method),
                "-o" | "--output" | "-u" | "--user" | "-m" | "--max-time" | "--connect-timeout" | "-w"
                | "--write-out" | "--cacert" | "-E" | "--cert" | "--key" | "-x" | "--proxy" | "--resolve" | "-c"
                | "--cookie-jar" | "--retry" => {
                    value()?;
                }
                option if option.starts_with('-') => {}
                url => url.clone_into(&mut request.url),
            }
        }
        let data = data.join("&");
        if in_query && !data.is_empty() {
            request.url.push(if request.url.contains('?') { '&' } else { '?' });
            request.url.push_str(&data);
        } else {
            request.body = data;
        }
        if request.method.is_empty() {
            (if request.body.is_empty() { "GET" } else { "POST" }).clone_into(&mut request.method);
        }
        if !request.url.contains("://") {
            request.url = format!("http://{}", request.url);
        }
        request.headers = without_connection(request.headers);
        (!request.url.ends_with("://")).then_some(request)
    }
}

/// Reads a raw response into an exchange.
pub fn parse_response(text: &str, exchange: &mut Exchange) -> Option<()> {
    let (head, body) = split_head(text.trim_start());
    let mut lines = head.lines();
    let mut start = lines.next()?.split_whitespace();
    start.next().filter(|version| version.starts_with("HTTP/"))?;
    exchange.status = start.next()?.parse().ok()?;
    exchange.response_headers = lines.filter_map(header_line).collect();
    body.clone_into(&mut exchange.response_body);
    Some(())
}

fn split_head(text: &str) -> (&str, &str) {
    text.split_once("\r\n\r\n").or_else(|| text.split_once("\n\n")).unwrap_or((text, ""))
}

fn header_line(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(':')?;
    Some((name.trim().to_owned(), value.trim().to_owned()))
}

/// A copied request's connection headers would contradict ours.
fn without_connection(mut headers: Vec<(String, String)>) -> Vec<(String, String)> {
    let ours = ["host", "content-length", "connection", "transfer-encoding", "accept-encoding", "te", "upgrade"];
    headers.retain(|(name, _)| !ours.contains(&name.to_ascii_lowercase().as_str()) && !name.starts_with(':'));
    headers
}

/// Splits a line as a POSIX shell would: quotes, escapes, and line ends after a backslash.
fn shell_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut started, mut quote) = (String::new(), false, None);
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some('\''), c) => word.push(c),
            (_, '\\') => match characters.next() {
                Some('\n') | None => {}
                Some('\r') => {
                    characters.next_if_eq(&'\n');
                }
                Some(escaped) => {
                    word.push(escaped);
                    started = true;
                }
            },
            (Some(_), c) => word.push(c),
            // `$'..'`, as browsers copy it.
            (None, '$') if characters.peek() == Some(&'\'') => {}
            (None, '\'' | '"') => {
                quote = Some(c);
                started = true;
            }
            (None, c) if c.is_whitespace() => {
                if started {
                    words.push(core::mem::take(&mut word));
                }
                started = false;
            }
            (None, c) => {
                word.push(c);
                started = true;
            }
        }
    }
    if started {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copied_curl_line_is_read() {
        let line = "curl 'https://api.example/me?x=1' \\\n  -H 'authorization: Bearer abc' -H \"Accept: */*\" \\\n  --compressed -b 'a=b; c=d' -XPUT --data-raw '{\"a\":\"it'\\''s\"}'";
        let request = RequestText::parse(line, "https").unwrap();
        assert_eq!((request.method.as_str(), request.url.as_str()), ("PUT", "https://api.example/me?x=1"));
        assert_eq!(request.headers.len(), 3);
        assert_eq!(request.body, r#"{"a":"it's"}"#);
        let get = RequestText::parse("curl localhost:8080/x -G -d a=1", "https").unwrap();
        assert_eq!((get.method.as_str(), get.url.as_str()), ("GET", "http://localhost:8080/x?a=1"));
    }

    #[test]
    fn a_raw_request_is_read() {
        let request =
            RequestText::parse("POST /a?b HTTP/1.1\r\nHost: h.example\r\nX: y\r\nContent-Length: 2\r\n\r\nhi", "https")
                .unwrap();
        assert_eq!(request.url, "https://h.example/a?b");
        assert_eq!((request.headers.len(), request.body.as_str()), (1, "hi"));
        for text in ["", "GET /", "GET / HTTP/1.1\n\n", "hello world"] {
            assert_eq!(RequestText::parse(text, "https"), None, "{text}");
        }
    }
}

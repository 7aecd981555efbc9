//! An application behind the proxy that writes down every byte that reaches it, and reads HTTP/1.1 in the strictest way.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// An event is sent so often.
const BEAT: Duration = Duration::from_millis(10);

/// The connection ended before the request was whole: no application takes that for a request.
const CUT_OFF: &str = "cut off";

/// What a request was, as the application read it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// The request line and the header lines.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    /// The values of a header.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(": "));
        lines.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }

    /// The value of a header that must be there once.
    pub(crate) fn sole(&self, name: &str) -> &str {
        let values = self.all(name);
        assert_eq!(values.len(), 1, "{name}: {self:?}");
        values[0]
    }
}

/// A server on a port of its own.
pub(crate) struct Application {
    pub(crate) port: u16,
    seen: Arc<Mutex<Vec<Result<Seen, String>>>>,
}

impl Application {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&seen);
        // It ends with the process: a listener that is blocked in `accept` can't be asked to.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, all) = (stream.unwrap(), Arc::clone(&all));
                std::thread::spawn(move || serve(stream, &all));
            }
        });
        Self { port, seen }
    }

    /// What has come since the last call. Everything must have been HTTP.
    pub(crate) fn take(&self) -> Vec<Seen> {
        let seen = std::mem::take(&mut *self.seen.lock().unwrap());
        seen.into_iter().map(|seen| seen.unwrap_or_else(|wrong| panic!("this is no HTTP: {wrong}"))).collect()
    }

    /// The one request that has come since the last call.
    pub(crate) fn sole(&self) -> Seen {
        let mut seen = self.take();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen.remove(0)
    }
}

fn serve(stream: TcpStream, all: &Mutex<Vec<Result<Seen, String>>>) {
    let mut out = stream.try_clone().unwrap();
    let mut input = BufReader::new(stream);
    loop {
        match read(&mut input) {
            Ok(Some(seen)) => {
                all.lock().unwrap().push(Ok(seen.clone()));
                if answer(&seen, &mut input, &mut out).is_err() {
                    return;
                }
            }
            Ok(None) => return,
            Err(wrong) if wrong == CUT_OFF => return,
            Err(wrong) => {
                all.lock().unwrap().push(Err(wrong));
                return;
            }
        }
    }
}

/// One request; nothing when the connection ends before it.
fn read(input: &mut BufReader<TcpStream>) -> Result<Option<Seen>, String> {
    let mut head = String::new();
    loop {
        let mut line = Vec::new();
        match input.read_until(b'\n', &mut line) {
            Ok(0) | Err(_) if head.is_empty() => return Ok(None),
            Ok(0) | Err(_) => return Err(CUT_OFF.to_owned()),
            Ok(_) => {}
        }
        let line: String = line.into_iter().map(char::from).collect();
        match line.strip_suffix("\r\n") {
            Some("") => break,
            Some(line) if !line.contains(['\r', '\0']) => head.extend([line, "\n"]),
            _ => return Err(format!("{line:?}")),
        }
    }
    let mut seen = Seen { head, body: Vec::new() };
    let first: Vec<_> = seen.head.lines().next().unwrap_or_default().split(' ').collect();
    if !matches!(first.as_slice(), [_, target, "HTTP/1.1"] if target.starts_with('/')) || seen.all("host").len() != 1 {
        return Err(seen.head);
    }
    match (seen.all("transfer-encoding").as_slice(), seen.all("content-length").as_slice()) {
        ([], []) => {}
        ([], [length]) => {
            let length = length.parse().map_err(|_| seen.head.clone())?;
            seen.body = vec![0; length];
            input.read_exact(&mut seen.body).map_err(|_| CUT_OFF.to_owned())?;
        }
        (["chunked"], []) => seen.body = chunks(input)?,
        _ => return Err(seen.head),
    }
    Ok(Some(seen))
}

fn chunks(input: &mut BufReader<TcpStream>) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    let line = |input: &mut BufReader<TcpStream>| {
        let mut line = String::new();
        if input.read_line(&mut line).map_err(|_| CUT_OFF.to_owned())? == 0 {
            return Err(CUT_OFF.to_owned());
        }
        line.strip_suffix("\r\n").map(str::to_owned).ok_or(format!("{line:?} is no line"))
    };
    loop {
        let size = line(input)?;
        let size = usize::from_str_radix(&size, 16).map_err(|_| format!("{size:?} is no size"))?;
        let mut chunk = vec![0; size];
        input.read_exact(&mut chunk).map_err(|_| CUT_OFF.to_owned())?;
        let end = line(input)?;
        if !end.is_empty() {
            return Err(format!("{end:?} after a chunk"));
        }
        if size == 0 {
            return Ok(body);
        }
        body.extend(chunk);
    }
}

fn answer(seen: &Seen, input: &mut BufReader<TcpStream>, out: &mut TcpStream) -> std::io::Result<()> {
    let target = seen.head.split(' ').nth(1).unwrap_or_default();
    let method = seen.head.split(' ').next().unwrap_or_default();
    match target.split('?').next().unwrap_or_default() {
        "/events" => {
            out.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")?;
            loop {
                out.write_all(b"9\r\ndata: x\n\n\r\n")?;
                std::thread::sleep(BEAT);
            }
        }
        "/download" => {
            out.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")?;
            loop {
                out.write_all(b"x")?;
                std::thread::sleep(BEAT);
            }
        }
        "/ws" => {
            out.write_all(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n")?;
            out.write_all(b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")?;
            std::io::copy(input, out).map(drop)
        }
        // Never answers, and notices when nobody waits any more.
        "/slow" => std::io::copy(input, &mut std::io::sink()).map(drop),
        "/garbage" => out.write_all(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
        "/hop" => {
            let hop = "Connection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nX-End: 1\r\nContent-Length: 2";
            write!(out, "HTTP/1.1 200 OK\r\n{hop}\r\n\r\nok")
        }
        _ => {
            write!(
                out,
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n",
                seen.body.len() + 3
            )?;
            if method == "HEAD" { Ok(()) } else { out.write_all(&[b"ok\n", seen.body.as_slice()].concat()) }
        }
    }
}

//! Requests over connections that are kept, each after the answer to the one before.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const CONNECTIONS: usize = 16;
const SPAN: Duration = Duration::from_secs(2);

/// What to ask.
pub struct Load {
    port: u16,
    path: String,
}

/// The same request again and again.
pub struct Repeating {
    port: u16,
    request: String,
}

/// In microseconds.
#[derive(Debug, Clone, Copy)]
pub struct Latency {
    pub p50: f64,
    pub p99: f64,
}

impl Latency {
    /// The better of each: what else the machine does only makes it worse.
    pub fn min(self, other: Self) -> Self {
        Self { p50: self.p50.min(other.p50), p99: self.p99.min(other.p99) }
    }
}

impl Load {
    pub fn new(port: u16, path: &str) -> Self {
        Self { port, path: path.to_owned() }
    }

    pub fn repeating(&self, header: &str) -> Repeating {
        Repeating { port: self.port, request: self.request(header) }
    }

    /// Requests a second when each token comes once.
    pub fn each_once(&self, tokens: &[String]) -> f64 {
        let started = Instant::now();
        std::thread::scope(|scope| {
            for part in tokens.chunks(tokens.len().div_ceil(CONNECTIONS)) {
                scope.spawn(move || {
                    let mut connection = Connection::open(self.port);
                    for token in part {
                        connection.ask(&self.request(&format!("Authorization: Bearer {token}\r\n")));
                    }
                });
            }
        });
        tokens.len() as f64 / started.elapsed().as_secs_f64()
    }

    fn request(&self, header: &str) -> String {
        format!("GET {} HTTP/1.1\r\nHost: localhost\r\n{header}\r\n", self.path)
    }
}

impl Repeating {
    /// Requests a second.
    pub fn rate(&self) -> f64 {
        let started = Instant::now();
        let asked: usize = std::thread::scope(|scope| {
            let ask = || {
                let (mut connection, mut asked) = (Connection::open(self.port), 0);
                while started.elapsed() < SPAN {
                    connection.ask(&self.request);
                    asked += 1;
                }
                asked
            };
            let threads: Vec<_> = (0..CONNECTIONS).map(|_| scope.spawn(ask)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        asked as f64 / started.elapsed().as_secs_f64()
    }

    /// How long one request takes when no other is under way.
    pub fn latency(&self) -> Latency {
        let mut connection = Connection::open(self.port);
        (0..1_000).for_each(|_| _ = connection.ask(&self.request));
        let mut times: Vec<Duration> = (0..10_000)
            .map(|_| {
                let started = Instant::now();
                connection.ask(&self.request);
                started.elapsed()
            })
            .collect();
        times.sort();
        let at = |part: usize| times[times.len() * part / 100].as_secs_f64() * 1e6;
        Latency { p50: at(50), p99: at(99) }
    }
}

/// One connection.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub fn open(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Self { stream, buffer: vec![0; 64 * 1024] }
    }

    /// The body of the answer, which must be 200 and say how long it is.
    pub fn ask(&mut self, request: &str) -> &[u8] {
        self.stream.write_all(request.as_bytes()).unwrap();
        let mut filled = 0;
        loop {
            let read = self.stream.read(&mut self.buffer[filled..]).unwrap();
            assert!(read > 0, "the connection was closed");
            filled += read;
            let Some(end) = find(&self.buffer[..filled], b"\r\n\r\n") else { continue };
            let head = std::str::from_utf8(&self.buffer[..end]).unwrap();
            assert!(head.starts_with("HTTP/1.1 200"), "{head}");
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("content-length").then(|| value.parse::<usize>().unwrap())
            });
            let whole = end + 4 + length.unwrap();
            if filled >= whole {
                return &self.buffer[end + 4..whole];
            }
        }
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

//! The guard as a reverse proxy, in front of an application that writes down every byte.

mod browsers;
mod lasting;
mod passing;
mod raw;

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::application::Application;
use crate::harness::{Answer, Authority, Guard, PATIENCE, exchange, free_port, wait_for};

/// An authority, a guard that is a proxy, and an application.
pub(super) struct Site {
    pub(super) authority: Authority,
    pub(super) guard: Guard,
    pub(super) application: Application,
    pub(super) port: u16,
}

const RULES: &str = "
[[rules]]
name = \"internal\"
paths = [\"/internal/**\"]
access = \"nobody\"

[[rules]]
name = \"health\"
paths = [\"/health\"]
access = \"anyone\"

[[rules]]
name = \"pages\"
methods = [\"GET\", \"PUT\"]
paths = [\"/pages/**\"]
cors = \"shop\"

[cors.shop]
origins = [\"https://shop.example\"]

[[rules]]
name = \"all\"
paths = [\"/**\"]
";

impl Site {
    pub(super) fn start() -> Self {
        Self::start_with("")
    }

    /// Starts one with more lines of `[proxy]`.
    pub(super) fn start_with(lines: &str) -> Self {
        Self::on(Authority::start(), lines)
    }

    pub(super) fn on(authority: Authority, lines: &str) -> Self {
        let (application, port) = (Application::start(), free_port());
        let gone = free_port();
        let proxy = format!(
            "{RULES}[proxy]\nlisten = \"127.0.0.1:{port}\"\n{lines}\n\
             [[upstream]]\nname = \"gone\"\npaths = [\"/gone\"]\nurl = \"http://127.0.0.1:{gone}\"\n\
             [[upstream]]\nname = \"authority\"\npaths = [\"/.well-known/**\"]\nurl = \"{}\"\nca_file = \"ca.pem\"\nhttp2 = true\n\
             [[upstream]]\nname = \"app\"\nurl = \"http://127.0.0.1:{}\"\n",
            authority.issuer(),
            application.port,
        );
        let guard = Guard::start_with(&authority, &proxy);
        Self { authority, guard, application, port }
    }

    /// A request with a token and these lines, on a connection of its own.
    pub(super) fn call(&self, first_line: &str, token: &str, lines: &[&str]) -> Answer {
        exchange(self.port, request(first_line, token, &[&["Connection: close"], lines].concat()).as_bytes())
    }

    /// Sends a request, and leaves the connection open.
    pub(super) fn open(&self, first_line: &str, token: &str, lines: &[&str]) -> TcpStream {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request(first_line, token, lines).as_bytes()).unwrap();
        stream
    }
}

fn request(first_line: &str, token: &str, lines: &[&str]) -> String {
    let lines: String = lines.iter().flat_map(|line| [line, "\r\n"]).collect();
    format!("{first_line} HTTP/1.1\r\nHost: shop.example\r\nAuthorization: Bearer {token}\r\n{lines}\r\n")
}

/// Reads until a text has come.
pub(super) fn read_until(stream: &mut TcpStream, wanted: &str) -> String {
    let mut read = Vec::new();
    let mut byte = [0];
    while !read.ends_with(wanted.as_bytes()) {
        assert_eq!(stream.read(&mut byte).unwrap(), 1, "the end came after {:?}", String::from_utf8_lossy(&read));
        read.push(byte[0]);
    }
    String::from_utf8(read).unwrap()
}

/// Reads to the end, however it comes; an end that does not come fails, although bytes do.
pub(super) fn read_to_end(stream: &mut TcpStream) -> Vec<u8> {
    let (mut rest, mut piece) = (Vec::new(), [0; 4_096]);
    wait_for("the end of the connection", || match stream.read(&mut piece) {
        Ok(0) => true,
        Ok(bytes) => {
            rest.extend_from_slice(&piece[..bytes]);
            false
        }
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => true,
        Err(error) => panic!("{error}"),
    });
    rest
}

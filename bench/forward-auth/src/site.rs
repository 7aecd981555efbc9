//! The program under test: an authority behind plain HTTP on loopback, so that tokens can be fetched fast, and a guard.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::load::Connection;

pub struct Site {
    folder: PathBuf,
    authority: u16,
    pub guard: u16,
    pub proxy: u16,
    secret: String,
    processes: Vec<Child>,
}

/// nginx that answers 200 by itself.
pub struct Nginx {
    pub port: u16,
    process: Child,
}

impl Site {
    pub fn start(probity: &str, application: u16) -> Self {
        let folder = std::env::temp_dir().join(format!("probity-bench-{}", std::process::id()));
        let [authority, guard, proxy] = [0; 3].map(|_| free_port());
        let run = |arguments: &[&str]| {
            let mut command = Command::new(probity);
            command.args(arguments).env("PROBITY_LOG", "warn").stdin(Stdio::null()).stdout(Stdio::null());
            command.spawn().unwrap()
        };
        let data = folder.join("data");
        fs::create_dir_all(&folder).unwrap();
        let path = |name: &str| data.join(name).to_str().unwrap().to_owned();
        let listen = format!("127.0.0.1:{authority}");
        // It makes the folder, and is started anew with what is changed in it.
        let mut first = run(&["serve", "--dev", "--listen", &listen, "--data", data.to_str().unwrap()]);
        wait(|| TcpStream::connect(("127.0.0.1", authority)).is_ok());
        first.kill().unwrap();
        first.wait().unwrap();
        let serve = fs::read_to_string(path("serve.toml")).unwrap();
        let (before, rest) = serve.split_once("[tls]").unwrap();
        let after = rest.split_once("\n\n").unwrap().1;
        fs::write(
            path("serve.toml"),
            format!("plain_http = true\n{before}\n{after}\n[lifetimes]\naccess_token = 3600\n"),
        )
        .unwrap();
        let config = fs::read_to_string(path("guard.toml")).unwrap();
        let config: String =
            config.lines().filter(|line| !line.starts_with("listen")).flat_map(|line| [line, "\n"]).collect();
        let config = format!(
            "listen = \"127.0.0.1:{guard}\"\nauthority = \"http://127.0.0.1:{authority}\"\n{config}\
             [proxy]\nlisten = \"127.0.0.1:{proxy}\"\n[[upstream]]\nname = \"app\"\nurl = \"http://127.0.0.1:{application}\"\n"
        );
        fs::write(path("guard.toml"), config).unwrap();
        let secret = fs::read_to_string(path("service.secret")).unwrap().trim().to_owned();
        let processes =
            vec![run(&["guard", "--config", &path("guard.toml")]), run(&["serve", "--config", &path("serve.toml")])];
        wait(|| ready(guard));
        Self { folder, authority, guard, proxy, secret, processes }
    }

    /// So many tokens.
    pub fn tokens(&self, count: usize) -> Vec<String> {
        let form = format!("grant_type=client_credentials&client_id=service&client_secret={}", self.secret);
        let length = form.len();
        let request = format!(
            "POST /token HTTP/1.1\r\nHost: localhost:{}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{form}",
            self.authority
        );
        let connections = 8.min(count);
        std::thread::scope(|scope| {
            let fetch = |share: usize| {
                let mut connection = Connection::open(self.authority);
                let token = |_| {
                    let answer: serde_json::Value = serde_json::from_slice(connection.ask(&request)).unwrap();
                    answer["access_token"].as_str().unwrap().to_owned()
                };
                (0..share).map(token).collect::<Vec<_>>()
            };
            let threads: Vec<_> = (0..connections).map(|_| scope.spawn(move || fetch(count / connections))).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        })
    }

    /// What of the guard is in memory, in bytes.
    pub fn memory(&self) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.processes[0].id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
    }

    /// nginx, if it is installed.
    pub fn nginx(&self) -> Option<Nginx> {
        let port = free_port();
        let file = self.folder.join("nginx.conf");
        let folder = self.folder.display();
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {folder}/{kind};"));
        let config = format!(
            "daemon off; worker_processes 2; pid {folder}/nginx.pid; error_log {folder}/nginx.log;\nevents {{}}\n\
             http {{ access_log off; keepalive_requests 100000000; {}\n\
             server {{ listen 127.0.0.1:{port}; location / {{ return 200 ok; }} }} }}\n",
            temporary.concat()
        );
        fs::write(&file, config).unwrap();
        let program = ["/usr/sbin/nginx", "/usr/bin/nginx"].into_iter().find(|path| Path::new(path).exists())?;
        let process = Command::new(program).arg("-c").arg(&file).stderr(Stdio::null()).spawn().ok()?;
        wait(|| TcpStream::connect(("127.0.0.1", port)).is_ok());
        Some(Nginx { port, process })
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.processes.iter_mut().for_each(end);
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Its master takes its workers along only when it is asked to stop.
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}

fn end(process: &mut Child) {
    let _ = process.kill();
    let _ = process.wait();
}

fn ready(port: u16) -> bool {
    use std::io::{Read, Write};
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else { return false };
    let _ = stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer.starts_with("HTTP/1.1 200")
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn wait(mut done: impl FnMut() -> bool) {
    for _ in 0..3_000 {
        if done() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("waited in vain");
}

//! A PostgreSQL server that can be killed: a cluster of its own, reachable by a socket file only.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::harness::wait_for;

/// Where Debian puts what is not for everybody's path.
const FOLDERS: [&str; 3] = ["/usr/lib/postgresql/17/bin", "/usr/lib/postgresql/16/bin", "/usr/lib/postgresql/15/bin"];

pub(crate) struct Postgres {
    folder: TempDir,
    bin: PathBuf,
}

impl Postgres {
    pub(crate) fn start() -> Self {
        let bin = FOLDERS.iter().map(Path::new).find(|folder| folder.join("initdb").exists());
        let bin = bin.expect("this test needs postgresql: `cargo xtask test` installs it as root").to_owned();
        let server = Self { folder: TempDir::new().unwrap(), bin };
        if is_root() {
            // The server refuses to run as root.
            assert!(Command::new("chown").arg("postgres").arg(server.folder.path()).status().unwrap().success());
        }
        let mut initdb = server.program("initdb");
        initdb.args(["--auth=trust", "--username=probity", "--encoding=UTF8", "--pgdata"]).arg(server.data());
        assert!(initdb.stdout(Stdio::null()).status().unwrap().success(), "initdb");
        server.run();
        server
    }

    /// What the authority's configuration names.
    pub(crate) fn connection(&self) -> String {
        format!("host={} user=probity dbname=postgres", self.folder.path().display())
    }

    /// Starts the server, or starts it again, and waits until it answers.
    pub(crate) fn run(&self) {
        let mut start = self.program("pg_ctl");
        let options = format!("-k {} -c listen_addresses=", self.folder.path().display());
        start.args(["start", "--wait", "--silent", "--options", &options, "--pgdata"]).arg(self.data());
        start.arg("--log").arg(self.folder.path().join("log"));
        assert!(start.stdout(Stdio::null()).status().unwrap().success(), "pg_ctl start");
        wait_for("PostgreSQL", || {
            let mut ready = self.program("pg_isready");
            ready.arg("--quiet").arg("--host").arg(self.folder.path()).status().unwrap().success()
        });
    }

    /// Ends every process of the server at once, without writing anything down: what comes next is a recovery.
    pub(crate) fn crash(&self) {
        let mut stop = self.program("pg_ctl");
        stop.args(["stop", "--mode=immediate", "--silent", "--pgdata"]).arg(self.data());
        assert!(stop.stdout(Stdio::null()).status().unwrap().success(), "pg_ctl stop");
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn program(&self, name: &str) -> Command {
        let program = self.bin.join(name);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir("/");
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Already gone is fine.
        let mut stop = self.program("pg_ctl");
        let _ = stop.args(["stop", "--mode=immediate", "--silent", "--pgdata"]).arg(self.data()).status();
    }
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().unwrap().stdout == b"0\n"
}

//! A PostgreSQL server for tests: a cluster of its own in a temporary folder, reachable by a socket file only.

use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex};

use crate::store::PostgresSite;

/// Where distributions put what is not for everybody's path.
const FOLDERS: [&str; 3] = ["/usr/lib/postgresql/17/bin", "/usr/lib/postgresql/16/bin", "/usr/lib/postgresql/15/bin"];

/// A server that ends with this process, however it ends.
pub(crate) struct Server {
    folder: PathBuf,
    /// Reads until this process lets the pipe go, then stops the server.
    _keeper: (Child, ChildStdin),
}

static SERVER: LazyLock<Server> = LazyLock::new(Server::start);
static DATABASES: AtomicU32 = AtomicU32::new(0);
/// Databases are made one after the other: each copies the template.
static MAKING: Mutex<()> = Mutex::new(());

/// A fresh database.
pub(crate) fn database() -> PostgresSite {
    PostgresSite::new(&connection(), None).unwrap()
}

/// The connection string of a fresh database.
pub(crate) fn connection() -> String {
    let name = format!("t{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    let server = &*SERVER;
    {
        let _making = MAKING.lock().unwrap();
        server.sql("postgres", &format!("CREATE DATABASE {name}"));
    }
    format!("host={} user=probity dbname={name}", server.folder.display())
}

impl Server {
    fn start() -> Self {
        let bin = FOLDERS.iter().map(Path::new).find(|folder| folder.join("initdb").exists());
        let bin = bin.expect("PostgreSQL is needed: apt-get install postgresql").to_owned();
        let folder = std::env::temp_dir().join(format!("probity-pg-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).unwrap();
        let is_root = Command::new("id").arg("-u").output().unwrap().stdout == b"0\n";
        if is_root {
            // The server refuses to run as root.
            assert!(Command::new("chown").arg("postgres").arg(&folder).status().unwrap().success());
        }
        let data = folder.join("data");
        let mut initdb = as_server(is_root, &bin.join("initdb"));
        initdb.args(["--auth=trust", "--username=probity", "--encoding=UTF8", "--no-sync", "--pgdata"]).arg(&data);
        assert!(initdb.stdout(Stdio::null()).status().unwrap().success(), "initdb");
        let mut server = as_server(is_root, &bin.join("postgres"));
        server.arg("-D").arg(&data).arg("-k").arg(&folder);
        server.args(["-c", "listen_addresses=", "-c", "max_connections=400", "-c", "fsync=off"]);
        let log = std::fs::File::create(folder.join("log")).unwrap();
        let server = server.stdout(Stdio::null()).stderr(log).spawn().unwrap();
        // SIGINT to the server itself: a fast shutdown. The pid file's first line is its process id.
        let script = "cat > /dev/null; kill -INT \"$(head -1 \"$1/data/postmaster.pid\")\"; sleep 1; rm -rf \"$1\"";
        let mut keeper = Command::new("sh");
        keeper.args(["-c", script, "sh"]).arg(&folder).stdin(Stdio::piped());
        let mut keeper = keeper.spawn().unwrap();
        let pipe = keeper.stdin.take().unwrap();
        drop(server);
        let started = Self { folder, _keeper: (keeper, pipe) };
        started.wait();
        started
    }

    fn wait(&self) {
        for _ in 0..600 {
            if self.psql("postgres").args(["-c", "SELECT 1"]).output().unwrap().status.success() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        panic!("PostgreSQL did not start: {log}");
    }

    fn psql(&self, database: &str) -> Command {
        let mut psql = Command::new("psql");
        psql.args(["-X", "-q", "-U", "probity", "-d", database, "-h"]).arg(&self.folder);
        psql
    }

    fn sql(&self, database: &str, sql: &str) {
        let output = self.psql(database).args(["-c", sql]).output().unwrap();
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

fn as_server(is_root: bool, program: &Path) -> Command {
    if is_root {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    }
}

//! The Debian packages that the tests need.

use std::process::Command;

use crate::Failure;
use crate::process::{find, output, run};

/// A program that a test runs, or a file that it needs, and the package that has it.
const NEEDED: [(&str, &str); 11] = [
    // The guard is tested behind a real one.
    ("nginx", "nginx-light"),
    ("caddy", "caddy"),
    ("haproxy", "haproxy"),
    ("apache2", "apache2"),
    ("/usr/share/lua/5.3/socket/http.lua", "lua-socket"),
    // An application's login by somebody else's client.
    ("/usr/lib/apache2/modules/mod_auth_openidc.so", "libapache2-mod-auth-openidc"),
    // The store's second engine; the tests make a cluster of their own.
    ("initdb", "postgresql"),
    // The demo's lines are tested by pasting them.
    ("curl", "curl"),
    // Two other JOSE implementations, for node and for Python.
    ("node", "nodejs"),
    ("npm", "npm"),
    ("python3", "python3-venv"),
];

/// Installs what is missing as root; otherwise names it and fails.
pub(crate) fn ensure() -> Result<(), Failure> {
    let missing: Vec<&str> =
        NEEDED.iter().filter(|(program, _)| find(program).is_none()).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let packages = missing.join(" ");
    if !is_root() || find("apt-get").is_none() {
        return Err(format!("the tests need packages that are missing; install them: apt-get install {packages}"));
    }
    println!("installing {packages}");
    let apt = || {
        let mut command = Command::new("apt-get");
        // RUNLEVEL=1 keeps the package from starting a service of its own.
        command.env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1");
        command
    };
    run(apt().args(["update", "-qq"]))?;
    run(apt().args(["install", "-y", "-qq", "--no-install-recommends"]).args(&missing))?;
    match NEEDED.iter().find(|(program, _)| find(program).is_none()) {
        None => Ok(()),
        Some((program, package)) => Err(format!("{package} is installed, but there is no {program}")),
    }
}

fn is_root() -> bool {
    output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

//! What a person sees: exit codes, messages, files.

use std::fs;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::harness::{Authority, PROBITY, Process, free_port, text};

fn probity(arguments: &[&str]) -> Output {
    Command::new(PROBITY).args(arguments).env_remove("PROBITY_ADMIN_PROFILE").output().unwrap()
}

/// The exit code, and what was said on standard error.
fn failure(arguments: &[&str]) -> (i32, String) {
    let output = probity(arguments);
    assert!(output.stdout.is_empty(), "a failure prints nothing on standard output: {output:?}");
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn exit_codes_tell_a_wrong_line_a_wrong_file_an_unreachable_and_a_refusing_authority_apart() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    assert_eq!(failure(&["serve"]).0, 2);
    assert_eq!(failure(&["serve", "--config", &path("none.toml")]).0, 3);

    fs::write(path("admin.secret"), "pcs_x").unwrap();
    let profile = |port: u16, ca: &str| {
        format!("issuer = 'https://localhost:{port}'\nclient_id = 'admin'\nclient_secret_file = 'admin.secret'\n{ca}")
    };
    fs::write(path("admin.toml"), profile(free_port(), "")).unwrap();
    assert_eq!(failure(&["admin", "--profile", &path("admin.toml"), "guards"]).0, 4);

    let authority = Authority::start();
    let ca = format!("ca_file = '{}'\n", authority.data("ca.pem").display());
    fs::write(path("admin.toml"), profile(authority.port, &ca)).unwrap();
    let (code, message) = failure(&["admin", "--profile", &path("admin.toml"), "guards"]);
    assert_eq!(code, 5, "{message}");
    assert!(message.contains("invalid_client"), "{message}");
    assert_eq!(message.lines().count(), 1, "one sentence: {message}");
}

#[test]
fn a_configuration_with_a_misspelt_key_is_refused_with_the_name_that_was_meant() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("serve.toml");
    let example = String::from_utf8(probity(&["config", "example", "serve"]).stdout).unwrap();
    fs::write(&file, example.replace("client_name", "client_nmae")).unwrap();
    let file = file.display().to_string();
    for arguments in [&["config", "check", &file][..], &["serve", "--config", &file]] {
        let (code, message) = failure(arguments);
        assert_eq!(code, 3, "{message}");
        assert!(message.contains(&file) && message.contains("did you mean `client_name`?"), "{message}");
    }
}

#[test]
fn what_dev_has_made_passes_the_check_and_a_missing_file_does_not() {
    let authority = Authority::start();
    for name in ["serve.toml", "guard.toml", "admin.toml"] {
        let output = probity(&["config", "check", &authority.data(name).display().to_string()]);
        assert!(output.status.success(), "{name}: {output:?}");
    }
    fs::remove_file(authority.data("master.key")).unwrap();
    let (code, message) = failure(&["config", "check", &authority.data("serve.toml").display().to_string()]);
    assert!(code == 3 && message.contains("master.key"), "{message}");
}

#[test]
fn secrets_are_printed_at_the_first_start_only() {
    let mut authority = Authority::start();
    let password = authority.user().1.to_owned();
    authority.process.terminate();
    let again = authority.restart();
    assert_eq!(text(&again, "/issuer"), authority.issuer());
    assert!(!again.to_string().contains(&password) && again.get("service").is_none(), "{again}");
}

#[test]
fn dev_keeps_to_this_machine_and_to_folders_that_are_its_own() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data").display().to_string();
    let (code, message) = failure(&["serve", "--dev", "--data", &data, "--listen", "0.0.0.0:8443"]);
    assert!(code == 3 && message.contains("loopback"), "{message}");
    assert!(!folder.path().join("data").exists(), "nothing is made for nothing");
    fs::write(folder.path().join("thesis.txt"), "mine").unwrap();
    let (code, message) = failure(&["serve", "--dev", "--data", &folder.path().display().to_string()]);
    assert!(code == 3 && message.contains("serve.toml"), "{message}");
}

#[test]
fn an_address_that_is_taken_is_named() {
    let authority = Authority::start();
    let folder = TempDir::new().unwrap();
    let listen = format!("127.0.0.1:{}", authority.port);
    let data = folder.path().join("data").display().to_string();
    let output = probity(&["serve", "--dev", "--data", &data, "--listen", &listen]);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(message.contains(&format!("can't listen on {listen}")), "{message}");
}

#[test]
fn a_guard_beyond_this_machine_needs_a_certificate() {
    let authority = Authority::start();
    let config = fs::read_to_string(authority.data("guard.toml")).unwrap();
    let open = authority.data("open.toml");
    fs::write(&open, config.replace("127.0.0.1:9080", &format!("0.0.0.0:{}", free_port()))).unwrap();
    let open = open.display().to_string();
    let output = probity(&["guard", "--config", &open]);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{message}");
    assert!(message.contains("not a loopback address"), "{message}");
    assert_eq!(failure(&["config", "check", "--kind", "guard", &open]).0, 3);
}

#[test]
fn an_authority_runs_behind_a_proxy_with_plain_http_on_loopback() {
    let authority = Authority::start();
    let port = free_port();
    let config = fs::read_to_string(authority.data("serve.toml")).unwrap();
    let (config, _) = config.split_once("[tls]").unwrap();
    let config = config.replace(&format!("https://localhost:{}", authority.port), "https://login.example");
    let config = config.replace(&authority.port.to_string(), &port.to_string()).replace("\"store\"", "\".\"");
    let file = authority.data("plain.toml");
    fs::write(&file, format!("plain_http = true\n{config}")).unwrap();
    let mut command = Command::new(PROBITY);
    let _process = Process::start(command.arg("serve").arg("--config").arg(&file), authority.data("plain.log"));
    crate::harness::wait_for("the authority to listen", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    let answer = crate::harness::get(port, "/.well-known/openid-configuration", &[]);
    assert_eq!(answer.status, 200);
    assert_eq!(text(&answer.json(), "/issuer"), "https://login.example");
}

#[test]
fn a_secret_is_never_sent_in_the_clear_to_another_machine() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(path("secret"), "pgc_x").unwrap();
    let guard = "audience = 'a'\ncredential_file = 'secret'\n";
    let admin = "client_id = 'admin'\nclient_secret_file = 'secret'\n";
    let http = "http://as.example.org";
    let cases = [
        ("guard.toml", format!("issuer = '{http}'\n{guard}"), "issuer"),
        ("guard.toml", format!("issuer = 'https://as.example.org'\nauthority = '{http}'\n{guard}"), "authority"),
        ("admin.toml", format!("issuer = '{http}'\n{admin}"), "issuer"),
    ];
    for (name, text, key) in cases {
        fs::write(path(name), text).unwrap();
        let (code, message) = failure(&["config", "check", &path(name)]);
        assert_eq!(code, 3, "{message}");
        assert!(message.contains(&format!("{key}: is not https")), "{message}");
    }
}

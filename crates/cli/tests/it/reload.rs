//! Configuration and certificates change while a guard runs.

use std::fs;

use crate::harness::{Authority, Guard, free_port, text, wait_for};

const READ: &str = "have been read anew";
const REFUSED: &str = "the new configuration is refused";

fn times(guard: &Guard, what: &str) -> usize {
    guard.log().matches(what).count()
}

#[test]
fn rules_change_by_sighup_and_what_can_not_work_is_refused_whole() {
    let authority = Authority::start();
    let guard = Guard::start_with(&authority, "");
    let file = authority.data("rules.toml");
    let good = fs::read_to_string(&file).unwrap();
    let token = authority.service_token();
    assert_eq!(guard.verify(&token).status, 200);

    fs::write(&file, format!("{good}\n[[rules]]\nname = \"all\"\naccess = \"nobody\"\n")).unwrap();
    guard.process.signal("HUP");
    wait_for("the rules to be others", || guard.verify(&token).status == 403);
    assert_eq!(guard.get("/readyz", &[]).status, 200, "nothing was forgotten");

    let port = free_port();
    let moved = good.lines().filter(|line| !line.starts_with("listen")).collect::<Vec<_>>().join("\n");
    for bad in [
        "nonsense = [",
        "[[rules]]\nname = \"a\"\npaths = [\"x*\"]",
        "[tls]\ncertificate_file = \"no.pem\"\nkey_file = \"no.key\"",
    ] {
        let refused = times(&guard, REFUSED);
        fs::write(&file, format!("{good}\n{bad}\n")).unwrap();
        guard.process.signal("HUP");
        wait_for("the refusal", || times(&guard, REFUSED) > refused);
        assert_eq!(guard.verify(&token).status, 403, "{bad}");
    }
    let refused = times(&guard, REFUSED);
    fs::write(&file, format!("listen = \"127.0.0.1:{port}\"\n{moved}\n")).unwrap();
    guard.process.signal("HUP");
    wait_for("the refusal", || times(&guard, REFUSED) > refused);

    let read = times(&guard, READ);
    fs::write(&file, &good).unwrap();
    wait_for("the file's change to be seen without a signal", || times(&guard, READ) > read);
    assert_eq!(guard.verify(&token).status, 200);
}

#[test]
fn another_credential_is_taken_when_revocations_are_there_by_it() {
    let authority = Authority::start();
    let guard = Guard::start_with(&authority, "");
    let token = authority.service_token();
    let credential = authority.admin(&["add-guard", "second"]).stdout;
    fs::write(authority.data("guard.credential"), &credential).unwrap();
    wait_for("the change to be seen", || guard.log().contains(READ));
    // There is no moment at which good tokens are refused.
    assert_eq!(guard.verify(&token).status, 200);
    let revoked = authority.admin_json(&["revoke", "client", "service"]);
    assert_eq!(text(&revoked, "/level"), "enforced");
    assert_eq!(guard.verify(&token).status, 401);
}

#[test]
fn certificates_change_without_a_signal_and_a_broken_one_changes_nothing() {
    let (authority, other) = (Authority::start(), Authority::start());
    let copy = |from: &Authority| {
        for name in ["tls.pem", "tls.key"] {
            let fresh = authority.data(&format!("fresh-{name}"));
            fs::copy(from.data(name), &fresh).unwrap();
            fs::rename(&fresh, authority.data(&format!("guard-{name}"))).unwrap();
        }
    };
    copy(&authority);
    let port = free_port();
    let lines = format!(
        "[proxy]\nlisten = \"127.0.0.1:{port}\"\n[proxy.tls]\ncertificate_file = \"guard-tls.pem\"\nkey_file = \"guard-tls.key\"\n\
         [[upstream]]\nname = \"app\"\nurl = \"http://127.0.0.1:1\"\n"
    );
    let guard = Guard::start_with(&authority, &lines);
    let url = format!("https://localhost:{port}/");
    let old = authority.client();
    assert_eq!(old.send(old.get(&url)).status, 401);

    copy(&other);
    wait_for("the certificate to be read", || {
        let new = other.client();
        guard.log().contains(READ) && new.try_send(new.get(&url)).is_ok_and(|answer| answer.status == 401)
    });
    let stranger = authority.client();
    assert!(stranger.try_send(stranger.get(&url)).is_err(), "the old certificate is gone");

    fs::write(authority.data("guard-tls.pem"), "-----BEGIN nothing").unwrap();
    wait_for("the refusal", || guard.log().contains(REFUSED));
    let new = other.client();
    assert_eq!(new.send(new.get(&url)).status, 401);
}

#[test]
fn a_guard_that_is_told_to_stop_says_so_before_it_does() {
    let authority = Authority::start();
    let mut guard = Guard::start_with(&authority, "drain_delay = 2\n");
    let token = authority.service_token();
    guard.process.signal("TERM");
    wait_for("the guard to say that it leaves", || guard.get("/readyz", &[]).status == 503);
    assert_eq!(guard.verify(&token).status, 200, "whoever comes meanwhile is answered");
    assert!(guard.process.terminate().success());
}

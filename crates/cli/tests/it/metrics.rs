//! What Prometheus reads of an authority and of a guard.

use std::fs;

use crate::harness::{Authority, Guard, text, wait_for};

/// The value of a metric whose name and labels begin so.
fn value(document: &str, name: &str) -> Option<f64> {
    let line = document.lines().find(|line| line.starts_with(name))?;
    line.rsplit(' ').next()?.parse().ok()
}

#[test]
fn an_authority_shows_how_far_each_guard_is_and_a_guard_whether_it_is_current() {
    let mut authority = Authority::start();
    let guard = Guard::start(&authority);
    authority.admin_json(&["revoke", "token", "nobody's"]);
    let client = authority.client();
    let secret = fs::read_to_string(authority.data("admin.secret")).unwrap();
    let request = client.post("/token").basic_auth("admin", Some(secret.trim()));
    let token = client.send(request.form(&[("grant_type", "client_credentials")])).json();
    let metrics = client.send(client.get("/metrics").bearer_auth(text(&token, "/access_token"))).body;
    for (name, expected) in [
        ("probity_guards_connected", 1.0),
        ("probity_guard_connected{guard=\"guard\"", 1.0),
        ("probity_guard_position{guard=\"guard\"", 1.0),
        ("probity_guard_lag_records{guard=\"guard\"", 0.0),
        ("probity_revocations_total{level=\"token\"}", 1.0),
        ("probity_revocation_enforced_seconds_count", 1.0),
    ] {
        assert_eq!(value(&metrics, name), Some(expected), "{name} in\n{metrics}");
    }
    assert!(value(&metrics, "probity_guard_lease_seconds{").is_some_and(|lease| lease > 0.5 && lease < 2.2));
    let mut seen = guard.get("/metrics", &[]).body;
    assert_eq!(value(&seen, "probity_guard_replica_current"), Some(1.0), "{seen}");
    assert_eq!(value(&seen, "probity_guard_replica_position{writer="), Some(1.0), "{seen}");
    assert_eq!(value(&seen, "probity_guard_revocations_held"), Some(1.0), "{seen}");
    assert_eq!(value(&seen, "probity_guard_keys_current{issuer="), Some(1.0), "{seen}");
    authority.process.kill();
    wait_for("the replica to be stale", || {
        seen = guard.get("/metrics", &[]).body;
        value(&seen, "probity_guard_replica_current") == Some(0.0)
    });
    assert_eq!(value(&seen, "probity_guard_lease_seconds"), Some(0.0), "{seen}");
    assert!(value(&seen, "probity_guard_stale_seconds").is_some(), "{seen}");
}

//! The audit log.

use super::*;
use crate::domain::audit_log::{ChainHash, Entry, Fault, Head, Verification};
use probity_jose::UnixTime;
use serde_json::json;

impl Fixture {
    /// Every entry, and the head that the store names.
    async fn audit_log(&self) -> (Vec<Entry>, Head) {
        let admin = self.admin_token().await;
        let mut entries = Vec::new();
        loop {
            let path = format!("audit-log?after={}", entries.last().map_or(0, |entry: &Entry| entry.number));
            let answer = self.admin(Method::GET, &path, &admin, &json!({})).await;
            let page = answer.json()["entries"].as_array().unwrap_or_else(|| panic!("{answer:?}")).clone();
            if page.is_empty() {
                return (entries, Head::parse(&answer.text("head")).unwrap());
            }
            let text = |entry: &Value, name: &str| entry[name].as_str().unwrap().to_owned();
            entries.extend(page.iter().map(|entry| Entry {
                number: entry["number"].as_u64().unwrap(),
                time: UnixTime::from_secs(entry["time"].as_u64().unwrap()),
                actor: text(entry, "actor"),
                action: text(entry, "action"),
                target: text(entry, "target"),
                details: text(entry, "details"),
                hash: ChainHash::parse(&text(entry, "hash")).unwrap(),
            }));
        }
    }

    async fn faults(&self) -> Vec<Fault> {
        let (entries, head) = self.audit_log().await;
        let mut verification = Verification::default();
        entries.iter().for_each(|entry| verification.entry(entry));
        verification.finish(head).1
    }

    /// What somebody who can write to the store does.
    fn tamper(&self, sql: &str) {
        let connection = rusqlite::Connection::open(self.folder.path().join("probity.db")).unwrap();
        connection.execute_batch(sql).unwrap();
    }
}

/// Does one of each thing that an administrator can do; what is secret in it.
async fn administer(fixture: &Fixture) -> Vec<String> {
    let admin = fixture.admin_token().await;
    let call = async |method: Method, path: &str, body: Value| {
        let answer = fixture.admin(method, path, &admin, &body).await;
        assert!(answer.status.is_success(), "{path}: {answer:?}");
        answer
    };
    let client = json!({ "client_id": "batch", "grant_types": ["client_credentials"], "audience": AUDIENCE });
    let added = call(Method::POST, "clients", client.clone()).await;
    call(Method::PUT, "clients/batch", client).await;
    let renewed = call(Method::POST, "clients/batch/secret", json!({})).await;
    call(Method::PATCH, "clients/batch", json!({ "disabled": true })).await;
    call(Method::PATCH, "clients/batch", json!({ "disabled": false })).await;
    call(Method::DELETE, "clients/batch", json!({})).await;
    let user = call(Method::POST, "users", json!({ "username": "carol", "password": PASSWORD })).await;
    let path = format!("users/{}", user.text("sub"));
    call(Method::PATCH, &path, json!({ "password": "another password", "disabled": true })).await;
    call(Method::DELETE, &path, json!({})).await;
    let guard = call(Method::POST, "guards", json!({ "name": "west" })).await;
    call(Method::POST, "revocations", json!({ "token": "j" })).await;
    call(Method::DELETE, "consents?subject=u&client_id=app", json!({})).await;
    vec![
        added.text("client_secret"),
        renewed.text("client_secret"),
        guard.text("credential"),
        PASSWORD.to_owned(),
        "another password".to_owned(),
        SECRET.to_owned(),
        admin.rsplit('.').next().unwrap().to_owned(),
    ]
}

#[tokio::test]
async fn every_change_of_an_administrator_is_an_entry_and_nothing_secret_is() {
    let fixture = Fixture::start().await;
    let before = fixture.audit_log().await.0.len();
    let secrets = administer(&fixture).await;
    let (entries, _) = fixture.audit_log().await;
    let actions: Vec<_> = entries[before..].iter().map(|entry| entry.action.as_str()).collect();
    let expected = [
        "client.added",
        "client.changed",
        "client.secret_renewed",
        "client.disabled",
        "client.enabled",
        "client.deleted",
        "user.added",
        "user.changed",
        "user.deleted",
        "guard.added",
        "revoked",
        "consent.withdrawn",
    ];
    assert_eq!(actions, expected);
    assert!(entries[before..].iter().all(|entry| entry.actor == "admin:admin"));
    let changed = entries.iter().find(|entry| entry.action == "user.changed").unwrap();
    assert_eq!(changed.details, "password disabled");
    let said = format!("{entries:?}");
    assert!(secrets.iter().all(|secret| !said.contains(secret.as_str())), "{said}");
    assert_eq!(fixture.faults().await, []);
    let made = entries.iter().filter(|entry| entry.action == "key.made").count();
    assert_eq!(made, 2, "the keys of the first start");
}

#[tokio::test]
async fn the_log_is_whole_on_postgres_too() {
    let fixture = Fixture::on_postgres().await;
    administer(&fixture).await;
    assert_eq!(fixture.faults().await, []);
    assert!(fixture.audit_log().await.0.len() > 12);
}

#[tokio::test]
async fn what_was_altered_removed_or_moved_in_the_store_is_told_by_its_number() {
    let fixture = Fixture::start().await;
    administer(&fixture).await;
    let (entries, head) = fixture.audit_log().await;
    let last = head.number;
    for (tampering, expected) in [
        ("UPDATE audit_log SET actor = 'admin:other' WHERE number = 5", Fault::Altered(5)),
        ("UPDATE audit_log SET time = time + 1 WHERE number = 5", Fault::Altered(5)),
        ("UPDATE audit_log SET details = 'x' WHERE number = 1", Fault::Altered(1)),
        ("DELETE FROM audit_log WHERE number = 4", Fault::Missing { from: 4, to: 4 }),
        ("DELETE FROM audit_log WHERE number < 3", Fault::Missing { from: 1, to: 2 }),
        (
            "UPDATE audit_log SET number = -number WHERE number IN (3, 4); \
             UPDATE audit_log SET number = 7 + number WHERE number < 0",
            Fault::Altered(3),
        ),
        (
            "DELETE FROM audit_log WHERE number = (SELECT MAX(number) FROM audit_log)",
            Fault::OtherEnd { found: last - 1, stored: head },
        ),
    ] {
        let connection = rusqlite::Connection::open(fixture.folder.path().join("probity.db")).unwrap();
        connection.execute_batch("CREATE TABLE kept AS SELECT * FROM audit_log").unwrap();
        fixture.tamper(tampering);
        let faults = fixture.faults().await;
        assert!(faults.contains(&expected), "{tampering}: {faults:?}");
        fixture.tamper("DELETE FROM audit_log; INSERT INTO audit_log SELECT * FROM kept; DROP TABLE kept");
        assert_eq!((fixture.faults().await, fixture.audit_log().await.0.len()), (vec![], entries.len()));
    }
}

#[tokio::test]
async fn refused_logins_and_replays_are_noted_without_what_was_typed() {
    let fixture = Fixture::start().await;
    let tokens = fixture.redeem(&fixture.code(&fixture.log_in().await).await).await;
    for (name, password) in [("alice", "wrong"), ("my-password-in-the-wrong-field", "x")] {
        let page = fixture.get(&authorize_path("app", &[]), &[]).await;
        fixture.submit_login_as(name, &page, password, "").await;
    }
    let refused = async || {
        let entries = fixture.audit_log().await.0;
        let refused = entries.into_iter().filter(|entry| entry.action == "login.refused");
        refused.map(|entry| entry.target).collect::<Vec<_>>()
    };
    let subject = claims(&tokens.text("access_token"))["sub"].as_str().unwrap().to_owned();
    assert_eq!(refused().await, [subject, "nobody".to_owned()]);

    let refresh = tokens.text("refresh_token");
    let mut latest = refresh.clone();
    for _ in 0..2 {
        latest = fixture.refresh(&latest).await.text("refresh_token");
    }
    assert_eq!(fixture.refresh(&refresh).await.status, StatusCode::BAD_REQUEST);
    let entries = fixture.audit_log().await.0;
    let replay = entries.iter().find(|entry| entry.action == "grant.refresh_token_reused").unwrap();
    assert_eq!(replay.actor, "client:app");
    assert_eq!(fixture.faults().await, []);
}

//! What the specifications demand and no other test asks for, a file per specification. Each test has the specification and
//! the section as the first words of its comment; `cargo xtask docs` makes the table of docs/reference/conformance.md from
//! them, here and in the files beside this folder.

mod back_channel_logout;
mod discovery;
mod openid_connect_core;
mod rfc6749;
mod rfc7009;
mod rfc7636;
mod rfc7662;
mod rfc8414;
mod rfc8628;
mod rfc8693;
mod rfc8705;
mod rfc8707;
mod rfc9068;
mod rfc9101;
mod rfc9126;
mod rfc9207;
mod rfc9449;
mod rfc9700;
mod rp_initiated_logout;

use super::*;

/// The header of a token.
fn header(token: &str) -> Value {
    serde_json::from_slice(&base64url::decode(token.split('.').next().unwrap()).unwrap()).unwrap()
}

impl Fixture {
    /// What the metadata says.
    async fn discovery(&self) -> Value {
        self.get("/.well-known/openid-configuration", &[]).await.json()
    }

    /// The answer to an authorization request of a browser with a session.
    async fn authorize(&self, session: &str, change: &[(&str, &str)]) -> Answer {
        self.get(&authorize_path("app", change), &[("cookie", session)]).await
    }

    /// Makes every row of a table as if it had expired.
    fn expire(&self, table: &str) {
        let connection = rusqlite::Connection::open(self.folder.path().join("probity.db")).unwrap();
        assert_ne!(connection.execute(&format!("UPDATE {table} SET expires = 1"), []).unwrap(), 0, "{table}");
    }
}

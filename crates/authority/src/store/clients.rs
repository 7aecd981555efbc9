//! Clients in the store.

use probity_jose::UnixTime;

use super::document::{from_document, to_document};
use super::engine::{Store, StoreError};
use super::value::{Inconsistent, Row, Value};
use super::write::{Conflict, Expect, Statement};
use crate::domain::client::{Client, GrantType, RegisteredClient};
use crate::domain::scope::Scope;
use crate::domain::secret::SecretHash;

impl Store {
    /// The client of an identifier, if it may do something: to everybody but administrators, a disabled one is not there.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn client(&self, id: &str) -> Result<Option<Client>, StoreError> {
        let sql = "SELECT client_id, name, secret_hash, grant_types, redirect_uris, scope, audience, metadata, policy \
                   FROM clients WHERE client_id = $1 AND disabled IS NULL";
        Ok(self.query_one(sql, &[id.into()]).await?.as_ref().map(Client::try_from).transpose()?)
    }

    /// The client of an identifier, disabled or not.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn registered_client(&self, id: &str) -> Result<Option<RegisteredClient>, StoreError> {
        let sql = "SELECT client_id, name, secret_hash, grant_types, redirect_uris, scope, audience, metadata, policy, \
                   created, disabled, registration_hash FROM clients WHERE client_id = $1";
        Ok(self.query_one(sql, &[id.into()]).await?.as_ref().map(RegisteredClient::try_from).transpose()?)
    }

    /// Clients in the order of their identifiers, at most `limit` after one.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn clients_after(&self, id: &str, limit: u32) -> Result<Vec<RegisteredClient>, StoreError> {
        let sql = "SELECT client_id, name, secret_hash, grant_types, redirect_uris, scope, audience, metadata, policy, \
                   created, disabled, registration_hash FROM clients WHERE client_id > $1 ORDER BY client_id LIMIT $2";
        let rows = self.query(sql, &[id.into(), limit.into()]).await?;
        Ok(rows.iter().map(RegisteredClient::try_from).collect::<Result<_, _>>()?)
    }
}

impl Client {
    /// Adds the client; [`Conflict::Taken`] when the identifier is. One that has registered itself has a token by whose hash
    /// it is known when it looks after that.
    pub(crate) fn add(&self, now: UnixTime, registration: Option<SecretHash>) -> Statement {
        let [id, name, secret, grants, uris, scope, audience, metadata, policy] = self.columns();
        let registration = registration.map(|hash| hash.to_text()).into();
        Statement::new(
            "INSERT INTO clients (client_id, name, secret_hash, grant_types, redirect_uris, scope, audience, metadata, \
             policy, created, registration_hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            [id, name, secret, grants, uris, scope, audience, metadata, policy, now.into(), registration],
            Expect::One(Conflict::Taken),
        )
    }

    /// Replaces what is known of the client; [`Conflict::ClientChanged`] when it is gone.
    pub(crate) fn replace(&self) -> Statement {
        Statement::new(
            "UPDATE clients SET name = $2, secret_hash = $3, grant_types = $4, redirect_uris = $5, scope = $6, \
             audience = $7, metadata = $8, policy = $9 WHERE client_id = $1",
            self.columns(),
            Expect::One(Conflict::ClientChanged),
        )
    }

    /// Adds the client, or replaces what is known of it.
    pub(crate) fn put(&self) -> Statement {
        Statement::new(
            "INSERT INTO clients (client_id, name, secret_hash, grant_types, redirect_uris, scope, audience, metadata, policy) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
             ON CONFLICT (client_id) DO UPDATE SET name = $2, secret_hash = $3, grant_types = $4, \
             redirect_uris = $5, scope = $6, audience = $7, metadata = $8, policy = $9",
            self.columns(),
            Expect::Any,
        )
    }

    fn columns(&self) -> [Value; 9] {
        let grants: Vec<&str> = self.grant_types.iter().map(|grant| grant.name()).collect();
        [
            self.id.as_str().into(),
            self.name.as_str().into(),
            self.secret.map(|hash| hash.to_text()).into(),
            grants.join(" ").into(),
            // A URI has no space.
            self.redirect_uris.join(" ").into(),
            self.scope.to_string().into(),
            self.audience.as_str().into(),
            to_document(&self.metadata).into(),
            to_document(&self.policy).into(),
        ]
    }
}

/// Gives a client another secret; [`Conflict::ClientChanged`] when it is gone or has none to be replaced.
pub(crate) fn set_client_secret(id: &str, secret: SecretHash) -> Statement {
    Statement::new(
        "UPDATE clients SET secret_hash = $2 WHERE client_id = $1 AND secret_hash IS NOT NULL",
        [id.into(), secret.to_text().into()],
        Expect::One(Conflict::ClientChanged),
    )
}

/// Lets a client do nothing from this moment on, or something again; [`Conflict::ClientChanged`] when it is gone.
pub(crate) fn disable_client(id: &str, since: Option<UnixTime>) -> Statement {
    Statement::new(
        "UPDATE clients SET disabled = $2 WHERE client_id = $1",
        [id.into(), since.into()],
        Expect::One(Conflict::ClientChanged),
    )
}

/// Deletes a client; [`Conflict::ClientChanged`] when it is gone.
pub(crate) fn delete_client(id: &str) -> Statement {
    let sql = "DELETE FROM clients WHERE client_id = $1";
    Statement::new(sql, [id.into()], Expect::One(Conflict::ClientChanged))
}

const BAD_REGISTRATION: Inconsistent = Inconsistent("a registration token's hash can't be read");

impl TryFrom<&Row> for RegisteredClient {
    type Error = Inconsistent;

    fn try_from(row: &Row) -> Result<Self, Inconsistent> {
        let registration = row.optional_text(11)?.map(|text| SecretHash::parse(text).ok_or(BAD_REGISTRATION));
        Ok(Self {
            client: Client::try_from(row)?,
            created: row.time(9)?,
            disabled: !row.is_null(10),
            registration: registration.transpose()?,
        })
    }
}

impl TryFrom<&Row> for Client {
    type Error = Inconsistent;

    fn try_from(row: &Row) -> Result<Self, Inconsistent> {
        let words = |text: &str| text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
        let secret = row.optional_text(2)?;
        let grants = row.text(3)?.split(' ').filter(|word| !word.is_empty()).map(GrantType::parse);
        Ok(Self {
            id: row.text(0)?.to_owned(),
            name: row.text(1)?.to_owned(),
            secret: secret
                .map(|text| SecretHash::parse(text).ok_or(Inconsistent("a client's secret hash can't be read")))
                .transpose()?,
            grant_types: grants.collect::<Option<_>>().ok_or(Inconsistent("a client has an unknown grant type"))?,
            redirect_uris: words(row.text(4)?),
            scope: scope_of(row.text(5)?)?,
            audience: row.text(6)?.to_owned(),
            metadata: from_document(row.text(7)?, "a client's metadata can't be read")?,
            policy: from_document(row.text(8)?, "a client's policy can't be read")?,
        })
    }
}

/// A stored scope; the empty text is the empty scope.
pub(super) fn scope_of(text: &str) -> Result<Scope, Inconsistent> {
    if text.is_empty() {
        return Ok(Scope::default());
    }
    Scope::parse(text).map_err(|_| Inconsistent("a scope can't be read"))
}

//! Clients in the store.

use super::document::{from_document, to_document};
use super::engine::{Store, StoreError};
use super::value::{Inconsistent, Row};
use super::write::{Expect, Statement};
use crate::domain::client::{Client, GrantType};
use crate::domain::scope::Scope;
use crate::domain::secret::SecretHash;

impl Store {
    /// The client of an identifier.
    ///
    /// # Errors
    /// [`StoreError`]
    pub(crate) async fn client(&self, id: &str) -> Result<Option<Client>, StoreError> {
        let sql = "SELECT client_id, name, secret_hash, grant_types, redirect_uris, scope, audience, metadata, policy \
                   FROM clients WHERE client_id = $1";
        Ok(self.query_one(sql, &[id.into()]).await?.as_ref().map(Client::try_from).transpose()?)
    }
}

impl Client {
    /// Adds the client, or replaces what is known of it.
    pub(crate) fn put(&self) -> Statement {
        let grants: Vec<&str> = self.grant_types.iter().map(|grant| grant.name()).collect();
        Statement::new(
            "INSERT INTO clients (client_id, name, secret_hash, grant_types, redirect_uris, scope, audience, metadata, policy) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
             ON CONFLICT (client_id) DO UPDATE SET name = $2, secret_hash = $3, grant_types = $4, \
             redirect_uris = $5, scope = $6, audience = $7, metadata = $8, policy = $9",
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
            ],
            Expect::Any,
        )
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

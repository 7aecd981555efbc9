//! Signs tokens with the active key.

use probity_jose::{UnixTime, base64url, jwt};
use serde::Serialize;

use crate::authority::State;
use crate::domain::access_token::{self, AccessTokenClaims, Issuance, TOKEN_ID_BYTES};
use crate::domain::client::Client;
use crate::domain::id_token::{self, IdTokenClaims};
use crate::domain::scope::Scope;
use crate::domain::session::Session;
use crate::entropy::{self, NoEntropy};

/// Why a token can't be signed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IssueError {
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
    #[error("a token can't be signed: {0}")]
    Sign(#[from] probity_jose::Error),
}

/// A signed access token.
pub(crate) struct Issued {
    pub(crate) token: String,
    pub(crate) expires_in: u64,
    pub(crate) token_id: String,
}

impl State {
    /// An access token for the client itself; `now` is its [`State::moment`].
    pub(crate) fn issue_for_client(&self, client: &Client, scope: &Scope, now: UnixTime) -> Result<Issued, IssueError> {
        let token_id = token_id()?;
        let issuance = self.issuance(&token_id, now);
        self.sign_access_token(&AccessTokenClaims::for_client(client, scope, issuance), &token_id, now)
    }

    /// An access token of a user's session under a grant; `now` is its [`State::moment`].
    pub(crate) fn issue_for_session(
        &self,
        client: &Client,
        session: &Session,
        family: &str,
        scope: &Scope,
        now: UnixTime,
    ) -> Result<Issued, IssueError> {
        let token_id = token_id()?;
        let issuance = self.issuance(&token_id, now);
        let claims = AccessTokenClaims::for_session(client, session, family, scope, issuance);
        self.sign_access_token(&claims, &token_id, now)
    }

    /// An ID token of a session for a client.
    pub(crate) fn issue_id_token(
        &self,
        client: &Client,
        session: &Session,
        nonce: Option<&str>,
        now: UnixTime,
    ) -> Result<String, IssueError> {
        let lifetime = self.lifetimes.id_token;
        self.sign(id_token::TYPE, &IdTokenClaims::new(&self.issuer, &client.id, session, nonce, now, lifetime))
    }

    fn issuance<'a>(&'a self, token_id: &'a str, now: UnixTime) -> Issuance<'a> {
        Issuance { issuer: &self.issuer, issued: now, lifetime: self.lifetimes.access_token, token_id }
    }

    fn sign_access_token(
        &self,
        claims: &AccessTokenClaims<'_>,
        token_id: &str,
        now: UnixTime,
    ) -> Result<Issued, IssueError> {
        let token = self.sign(access_token::TYPE, claims)?;
        Ok(Issued { token, expires_in: claims.expires_in(now), token_id: token_id.to_owned() })
    }

    fn sign(&self, typ: &str, claims: &impl Serialize) -> Result<String, IssueError> {
        Ok(jwt::sign(typ, claims, &self.keys.current().active)?)
    }
}

fn token_id() -> Result<String, NoEntropy> {
    Ok(base64url::encode(&entropy::bytes::<TOKEN_ID_BYTES>()?))
}

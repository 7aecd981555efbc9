//! Signs tokens.

use probity_jose::jwe::ContentEncryptionAlgorithm;
use probity_jose::{UnixTime, base64url, jwt};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::authority::State;
use crate::domain::access_token::{self, AccessTokenClaims, Issuance, TOKEN_ID_BYTES};
use crate::domain::algorithm::PublicAlgorithm;
use crate::domain::authentication::Authentication;
use crate::domain::client::Client;
use crate::domain::client::access_token_format::{AccessTokenFormat, audience_key};
use crate::domain::confirmation::Confirmation;
use crate::domain::id_token::{self, IdTokenClaims, Parties};
use crate::domain::opaque_token::{EnvelopeKey, SALT_BYTES};
use crate::domain::scope::Scope;
use crate::domain::session::Session;
use crate::entropy::{self, NoEntropy};
use crate::keys::KeyError;

/// Why a token can't be signed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IssueError {
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
    #[error("a token can't be signed: {0}")]
    Sign(#[from] probity_jose::Error),
    #[error(transparent)]
    Keys(#[from] KeyError),
    #[error("a token can't be sealed")]
    Seal,
    #[error("access_token_encryption_key: {0}")]
    AudienceKey(&'static str),
}

/// An access token.
pub(crate) struct Issued {
    pub(crate) token: String,
    pub(crate) expires_in: u64,
    pub(crate) token_id: String,
}

/// What an access token is to say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TokenOrder<'a> {
    /// Who gets it.
    pub(crate) client: &'a Client,
    /// `sub`, as the client calls the user; the client itself when it acts for itself.
    pub(crate) subject: &'a str,
    /// What it is good for.
    pub(crate) scope: &'a Scope,
    /// Where.
    pub(crate) audience: &'a [String],
    /// Of which grant it is.
    pub(crate) family: Option<&'a str>,
    /// How the user has logged in.
    pub(crate) authentication: Option<&'a Authentication>,
    /// With which session it ends.
    pub(crate) session: Option<&'a Session>,
    /// To what it is bound.
    pub(crate) confirmation: &'a Confirmation,
    /// Who acts for the subject.
    pub(crate) actor: Option<&'a Value>,
    /// When it expires at the latest.
    pub(crate) expires: Option<UnixTime>,
    /// What the operator has mapped from the user's attributes.
    pub(crate) mapped: Option<&'a Map<String, Value>>,
}

/// What an ID token is to say.
#[derive(Debug)]
pub(crate) struct IdTokenOrder<'a> {
    /// For whom it is.
    pub(crate) client: &'a Client,
    /// `sub`, as the client calls the user.
    pub(crate) subject: &'a str,
    /// `sid`.
    pub(crate) session_id: Option<&'a str>,
    /// How the user has logged in.
    pub(crate) authentication: &'a Authentication,
    /// `nonce` of the request; none when it comes with a refresh (OpenID Connect Core 1.0 section 12.2).
    pub(crate) nonce: Option<&'a str>,
    /// The access token that comes along.
    pub(crate) access_token: &'a str,
    /// Claims about the user.
    pub(crate) user: Map<String, Value>,
}

impl State {
    /// What a client calls a subject.
    pub(crate) fn subject_for(&self, client: &Client, subject: &str) -> String {
        match client.sector() {
            Some(sector) => self.keys.secret().pairwise(&sector, subject),
            None => subject.to_owned(),
        }
    }

    /// An access token; `now` is its [`State::moment`].
    pub(crate) fn issue(&self, order: TokenOrder<'_>, now: UnixTime) -> Result<Issued, IssueError> {
        let token_id = base64url::encode(&entropy::bytes::<TOKEN_ID_BYTES>()?);
        let lifetime = self.lifetimes.of(&order.client.policy.lifetimes).access_token;
        let issuance = Issuance { issuer: &self.issuer, issued: now, lifetime, token_id: &token_id };
        let TokenOrder { client, subject, scope, audience, .. } = order;
        let mut claims = AccessTokenClaims::new(subject, &client.id, audience, scope, issuance);
        if let Some(family) = order.family {
            claims = claims.of_family(family);
        }
        if let Some(authentication) = order.authentication {
            claims = claims.after_login(authentication);
        }
        if let Some(session) = order.session {
            claims = claims.in_session(session);
        }
        if !order.confirmation.is_empty() {
            claims = claims.bound_to(order.confirmation);
        }
        if let Some(actor) = order.actor {
            claims = claims.acted_by(actor);
        }
        if let Some(expires) = order.expires {
            claims = claims.at_most_until(expires);
        }
        if let Some(mapped) = order.mapped {
            claims = claims.with_mapped(mapped.clone());
        }
        let expires_in = claims.expires_in(now);
        let token = self.in_format(client, &claims)?;
        Ok(Issued { token, expires_in, token_id })
    }

    /// The token in the form in which the client gets it.
    fn in_format(&self, client: &Client, claims: &AccessTokenClaims<'_>) -> Result<String, IssueError> {
        match client.policy.access_token_format {
            AccessTokenFormat::Jwt => self.sign(access_token::TYPE, claims, None),
            AccessTokenFormat::Opaque => {
                let signed = self.sign(access_token::TYPE, claims, None)?;
                let sealed = EnvelopeKey::new(self.keys.secret()).seal(&signed, entropy::bytes::<SALT_BYTES>()?);
                Ok(sealed.ok_or(IssueError::Seal)?.expose().to_owned())
            }
            AccessTokenFormat::EncryptedJwt => {
                let jwk = client.policy.access_token_encryption_key.as_ref().ok_or("is missing");
                let key = jwk.and_then(audience_key).map_err(IssueError::AudienceKey)?;
                let (keys, content) = (self.keys.current(), ContentEncryptionAlgorithm::A256Gcm);
                Ok(jwt::sign_then_encrypt(access_token::TYPE, claims, keys.signer(None)?, content, &key)?)
            }
        }
    }

    /// An ID token.
    pub(crate) fn issue_id_token(&self, order: IdTokenOrder<'_>, now: UnixTime) -> Result<String, IssueError> {
        let algorithm = order.client.metadata.id_token_signed_response_alg;
        let (issuer, client_id) = (self.issuer.as_str(), order.client.id.as_str());
        let parties = Parties { issuer, client_id, subject: order.subject, session_id: order.session_id };
        let lifetime = self.lifetimes.of(&order.client.policy.lifetimes).id_token;
        let hash = jwt::half_hash(self.keys.current().signer(algorithm)?.algorithm(), order.access_token);
        let claims = IdTokenClaims::new(parties, order.authentication, now, lifetime)
            .with_nonce(order.nonce)
            .with_access_token_hash(hash)
            .with_user(order.user);
        self.sign(id_token::TYPE, &claims, algorithm)
    }

    /// Signs claims with the key of an algorithm, or of the default one.
    pub(crate) fn sign(
        &self,
        typ: &str,
        claims: &impl Serialize,
        algorithm: Option<PublicAlgorithm>,
    ) -> Result<String, IssueError> {
        Ok(jwt::sign(typ, claims, self.keys.current().signer(algorithm)?)?)
    }
}

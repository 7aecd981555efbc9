//! The tokens of a user's grant: what redeeming a code and refreshing have in common.

use probity_jose::UnixTime;

use super::TokenAnswer;
use crate::authority::State;
use crate::domain::client::{Client, GrantType};
use crate::domain::confirmation::Confirmation;
use crate::domain::family::Family;
use crate::domain::scope::{self, Scope};
use crate::domain::session::Session;
use crate::http::error::OAuthError;
use crate::issue::{IdTokenOrder, TokenOrder};

/// What is to be issued.
#[derive(Debug, Clone, Copy)]
pub(super) struct GrantTokens<'a> {
    pub(super) client: &'a Client,
    /// What the client calls the user.
    pub(super) subject: &'a str,
    /// With the counter of the refresh token that goes out.
    pub(super) family: &'a Family,
    /// All that was granted, or less.
    pub(super) scope: &'a Scope,
    /// Where the access token is to be good.
    pub(super) audience: &'a [String],
    /// What the access token is bound to.
    pub(super) confirmation: &'a Confirmation,
    /// The session that the tokens end with.
    pub(super) session: Option<&'a Session>,
    /// `sid` of the ID token: also of a session that the other tokens do not end with.
    pub(super) session_id: Option<&'a str>,
    /// `nonce` of the authorization request.
    pub(super) nonce: Option<&'a str>,
}

impl GrantTokens<'_> {
    pub(super) async fn issue(self, state: &State, now: UnixTime) -> Result<TokenAnswer, OAuthError> {
        let Self { client, subject, family, scope, audience, confirmation, session, session_id, nonce } = self;
        let authentication = &family.grant.authentication;
        let order = TokenOrder {
            client,
            subject,
            scope,
            audience,
            family: Some(&family.id),
            authentication: Some(authentication),
            session,
            confirmation,
        };
        let access = state.issue(order, now)?;
        let id_token = if scope.contains(scope::OPENID) {
            let user = if family.grant.claims.id_token.is_empty() {
                None
            } else {
                state.store.user_of_subject(&family.subject).await?
            };
            let user = user.map(|user| user.claims().id_token(&family.grant.claims)).unwrap_or_default();
            let access_token = &access.token;
            let order = IdTokenOrder { client, subject, session_id, authentication, nonce, access_token, user };
            Some(state.issue_id_token(order, now)?)
        } else {
            None
        };
        let refresh = if client.may_use(GrantType::RefreshToken) {
            state.keys.refresh().token(&family.id, family.counter).ok()
        } else {
            None
        };
        Ok(TokenAnswer { access, refresh, id_token, scope: scope.clone() })
    }
}

//! A user's grant and its tokens: what redeeming a code, a device and refreshing have in common.

use probity_jose::UnixTime;
use tracing::warn;

use super::{TokenAnswer, TokenRequest};
use crate::authority::State;
use crate::domain::audit_log::Event;
use crate::domain::claims::{ClaimMapping, ClaimPlace};
use crate::domain::client::{Client, GrantType};
use crate::domain::confirmation::Confirmation;
use crate::domain::family::Family;
use crate::domain::grant::Grant;
use crate::domain::lifetimes::last_token_expiry;
use crate::domain::revocation::Order;
use crate::domain::scope::{self, Scope};
use crate::domain::session::{Session, id_text};
use crate::entropy;
use crate::http::error::OAuthError;
use crate::issue::{IdTokenOrder, TokenOrder};
use crate::store::{Conflict, Statement, Write, WriteError, add_pairwise_name};

/// A grant that is to be opened by redeeming something.
pub(super) struct NewGrant<'a> {
    pub(super) request: &'a TokenRequest<'a>,
    /// What the client calls the user.
    pub(super) subject: &'a str,
    /// The user's session, which is live.
    pub(super) session: &'a Session,
    /// What the user has granted.
    pub(super) grant: Grant,
    /// `nonce` of the authorization request.
    pub(super) nonce: Option<&'a str>,
}

impl NewGrant<'_> {
    /// Redeems and opens the grant in one write, and issues its tokens. Nothing when somebody else has redeemed it.
    pub(super) async fn open(
        self,
        state: &State,
        now: UnixTime,
        redeem: impl FnOnce(&str) -> Statement,
    ) -> Result<Option<TokenAnswer>, OAuthError> {
        let Self { request: TokenRequest { client, parameters, .. }, subject, session, grant, nonce } = self;
        let audience = client.audience_of(&grant.resources, parameters.all("resource"))?;
        let refreshes = client.may_use(GrantType::RefreshToken);
        // OpenID Connect Core 1.0 section 11: offline access goes on when the user has logged out.
        let is_offline = refreshes && grant.scope.contains(scope::OFFLINE_ACCESS);
        // Without refresh tokens the grant is remembered only as long as its access token lives.
        let expires = if refreshes {
            now.plus(state.lifetimes.of(&client.policy.lifetimes).refresh)
        } else {
            last_token_expiry(now)
        };
        let family = Family {
            id: id_text(entropy::bytes()?),
            client_id: client.id.clone(),
            subject: session.subject.clone(),
            session_id: (!is_offline).then(|| session.id.clone()),
            grant,
            confirmation: self.request.refresh_confirmation(),
            counter: 0,
            rotated: now,
            expires: if is_offline { expires } else { expires.min(session.latest_end) },
            revoked: false,
        };
        let mut write = Write::from(redeem(&family.id)).and(session.must_be_live(now)).and(family.add());
        if subject != family.subject {
            write = write.and(add_pairwise_name(subject, &family.subject));
        }
        if client.metadata.backchannel_logout_uri.is_some() {
            write = write.and(session.add_client(&client.id, subject));
        }
        match state.store.apply(write).await {
            Ok(_) => {}
            Err(WriteError::Conflict(Conflict::CodeRedeemed)) => return Ok(None),
            Err(WriteError::Conflict(Conflict::SessionEnded)) => {
                return Err(OAuthError::InvalidGrant("the session has ended"));
            }
            Err(error) => return Err(error.into()),
        }
        let tokens = GrantTokens {
            client,
            subject,
            family: &family,
            scope: &family.grant.scope,
            audience: &audience,
            confirmation: &self.request.confirmation,
            session: family.session_id.is_some().then_some(session),
            session_id: Some(&session.id),
            nonce,
        };
        tokens.issue(state, now).await.map(Some)
    }
}

/// RFC 6749 section 4.1.2: a code that comes twice kills everything that it gave. The error that the client is then told.
pub(super) async fn kill_replayed(state: &State, family: &str, now: UnixTime, told: OAuthError) -> OAuthError {
    let event = Event::new("authority", "grant.code_replayed", family);
    match state.revoke_along(&Order::Family(family.to_owned()), Write::new().logging(event), now).await {
        Ok(position) => {
            if position.is_some() {
                warn!(code = "grant.code_replayed", family, "a code came twice: its grant is revoked");
            }
            told
        }
        Err(error) => error.into(),
    }
}

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
        let mappings = client.policy.claims.as_slice();
        let is_asked = !family.grant.claims.id_token.is_empty();
        let needs_user =
            is_asked || mappings.iter().any(|mapping| mapping.into.iter().any(|to| *to != ClaimPlace::Userinfo));
        let user = if needs_user { state.store.user_of_subject(&family.subject).await? } else { None };
        let attributes = user.map(|user| user.claims()).unwrap_or_default();
        let mapped = |place| ClaimMapping::apply(mappings, &attributes, place, scope);
        let in_access_token = mapped(ClaimPlace::AccessToken);
        let order = TokenOrder {
            client,
            subject,
            scope,
            audience,
            family: Some(&family.id),
            authentication: Some(authentication),
            session,
            confirmation,
            actor: None,
            expires: None,
            mapped: Some(&in_access_token),
        };
        let access = state.issue(order, now)?;
        let id_token = if scope.contains(scope::OPENID) {
            let mut user = mapped(ClaimPlace::IdToken);
            user.extend(attributes.id_token(&family.grant.claims));
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
        Ok(TokenAnswer { access, refresh, id_token, scope: scope.clone(), issued_type: None })
    }
}

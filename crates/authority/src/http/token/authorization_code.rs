//! A user's authorization: RFC 6749 section 4.1.3 with PKCE (RFC 7636 section 4.5).

use probity_jose::UnixTime;
use tracing::warn;

use super::TokenAnswer;
use crate::authority::State;
use crate::domain::client::{Client, GrantType};
use crate::domain::code::Redemption;
use crate::domain::family::Family;
use crate::domain::lifetimes::last_token_expiry;
use crate::domain::parameters::Parameters;
use crate::domain::revocation::Order;
use crate::domain::scope;
use crate::domain::secret::{PlainSecret, SecretHash, SecretKind};
use crate::domain::session::id_text;
use crate::entropy;
use crate::http::error::OAuthError;
use crate::store::{Conflict, Write, WriteError, redeem_code};

const UNKNOWN: OAuthError = OAuthError::InvalidGrant("the code is unknown, expired or used");

pub(super) async fn exchange(
    state: &State,
    client: &Client,
    parameters: &Parameters,
) -> Result<TokenAnswer, OAuthError> {
    let code = parameters.get("code").ok_or(OAuthError::InvalidRequest("code is missing"))?;
    let code = PlainSecret::hash_of(SecretKind::Code, code).map_err(|_| UNKNOWN)?;
    let grant = state.store.code(&code).await?.ok_or(UNKNOWN)?;
    let now = state.moment(&grant.subject, &client.id).await?;
    let presented = grant.present(&client.id, parameters.get("redirect_uri"), parameters.get("code_verifier"), now);
    match presented {
        Redemption::Redeem => {}
        Redemption::Replayed { family } => return Err(kill_replayed(state, &family, now).await),
        Redemption::Refused(reason) => return Err(OAuthError::InvalidGrant(reason)),
    }
    let session = state.store.live_session(&grant.session_id, now).await?;
    let session = session.ok_or(OAuthError::InvalidGrant("the session has ended"))?;
    let refreshes = client.may_use(GrantType::RefreshToken);
    let family = Family {
        id: id_text(entropy::bytes()?),
        client_id: client.id.clone(),
        subject: session.subject.clone(),
        session_id: session.id.clone(),
        scope: grant.scope.clone(),
        counter: 0,
        rotated: now,
        // Without refresh tokens the grant is remembered only as long as its access token lives. Neither outlives the session.
        expires: if refreshes { now.plus(state.lifetimes.refresh) } else { last_token_expiry(now) }
            .min(session.expires),
        revoked: false,
    };
    let write = Write::from(redeem_code(&code, &family.id, now)).and(session.must_be_live(now)).and(family.add());
    match state.store.apply(write).await {
        Ok(_) => {}
        Err(WriteError::Conflict(Conflict::CodeRedeemed)) => return Err(lost_the_race(state, &code, now).await),
        Err(WriteError::Conflict(Conflict::SessionEnded)) => {
            return Err(OAuthError::InvalidGrant("the session has ended"));
        }
        Err(error) => return Err(error.into()),
    }
    let access = state.issue_for_session(client, &session, &family.id, &family.scope, now)?;
    let refresh = if refreshes { state.keys.refresh().token(&family.id, family.counter).ok() } else { None };
    let id_token = if family.scope.contains(scope::OPENID) {
        Some(state.issue_id_token(client, &session, grant.nonce.as_deref(), now)?)
    } else {
        None
    };
    Ok(TokenAnswer { access, refresh, id_token, scope: family.scope })
}

/// Somebody redeemed the code between our look and our write: two have it, so nobody may keep what it gave.
async fn lost_the_race(state: &State, code: &SecretHash, now: UnixTime) -> OAuthError {
    match state.store.code(code).await {
        Ok(Some(grant)) => match grant.redeemed_for {
            Some(family) => kill_replayed(state, &family, now).await,
            None => UNKNOWN,
        },
        Ok(None) => UNKNOWN,
        Err(error) => error.into(),
    }
}

/// RFC 6749 section 4.1.2: a code that comes twice kills everything that it gave.
async fn kill_replayed(state: &State, family: &str, now: UnixTime) -> OAuthError {
    match state.revoke(&Order::Family(family.to_owned()), now).await {
        Ok(position) => {
            if position.is_some() {
                warn!(code = "grant.code_replayed", family, "an authorization code came twice: its grant is revoked");
            }
            UNKNOWN
        }
        Err(error) => error.into(),
    }
}

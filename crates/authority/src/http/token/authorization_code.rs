//! A user's authorization: RFC 6749 section 4.1.3 with PKCE (RFC 7636 section 4.5).

use probity_jose::UnixTime;
use tracing::warn;

use super::grant::GrantTokens;
use super::{TokenAnswer, TokenRequest};
use crate::authority::State;
use crate::domain::client::GrantType;
use crate::domain::code::{Presentation, Redemption};
use crate::domain::family::Family;
use crate::domain::lifetimes::last_token_expiry;
use crate::domain::revocation::Order;
use crate::domain::scope;
use crate::domain::secret::{PlainSecret, SecretHash, SecretKind};
use crate::domain::session::id_text;
use crate::entropy;
use crate::http::error::OAuthError;
use crate::store::{Conflict, Write, WriteError, add_pairwise_name, redeem_code};

const UNKNOWN: OAuthError = OAuthError::InvalidGrant("the code is unknown, expired or used");

pub(super) async fn exchange(state: &State, request: &TokenRequest<'_>) -> Result<TokenAnswer, OAuthError> {
    let TokenRequest { client, parameters, .. } = request;
    let code = parameters.get("code").ok_or(OAuthError::InvalidRequest("code is missing"))?;
    let code = PlainSecret::hash_of(SecretKind::Code, code).map_err(|_| UNKNOWN)?;
    let grant = state.store.code(&code).await?.ok_or(UNKNOWN)?;
    // What the client calls the user, and what its tokens therefore say.
    let subject = state.subject_for(client, &grant.subject);
    let now = state.moment(&subject, &client.id).await?;
    let presentation = Presentation {
        client_id: &client.id,
        redirect_uri: parameters.get("redirect_uri"),
        verifier: parameters.get("code_verifier"),
        key: request.confirmation.key.as_deref(),
    };
    let presented = grant.present(presentation, now);
    match presented {
        Redemption::Redeem => {}
        Redemption::Replayed { family } => return Err(kill_replayed(state, &family, now).await),
        Redemption::Refused(reason) => return Err(OAuthError::InvalidGrant(reason)),
    }
    let audience = client.audience_of(&grant.grant.resources, parameters.all("resource"))?;
    let session = state.store.live_session(&grant.session_id, now).await?;
    let session = session.ok_or(OAuthError::InvalidGrant("the session has ended"))?;
    let refreshes = client.may_use(GrantType::RefreshToken);
    // OpenID Connect Core 1.0 section 11: offline access goes on when the user has logged out.
    let is_offline = refreshes && grant.grant.scope.contains(scope::OFFLINE_ACCESS);
    // Without refresh tokens the grant is remembered only as long as its access token lives.
    let expires = if refreshes { now.plus(state.lifetimes.refresh) } else { last_token_expiry(now) };
    let family = Family {
        id: id_text(entropy::bytes()?),
        client_id: client.id.clone(),
        subject: session.subject.clone(),
        session_id: (!is_offline).then(|| session.id.clone()),
        grant: grant.grant,
        confirmation: request.refresh_confirmation(),
        counter: 0,
        rotated: now,
        expires: if is_offline { expires } else { expires.min(session.expires) },
        revoked: false,
    };
    let mut write = Write::from(redeem_code(&code, &family.id, now)).and(session.must_be_live(now)).and(family.add());
    if subject != family.subject {
        write = write.and(add_pairwise_name(&subject, &family.subject));
    }
    match state.store.apply(write).await {
        Ok(_) => {}
        Err(WriteError::Conflict(Conflict::CodeRedeemed)) => return Err(lost_the_race(state, &code, now).await),
        Err(WriteError::Conflict(Conflict::SessionEnded)) => {
            return Err(OAuthError::InvalidGrant("the session has ended"));
        }
        Err(error) => return Err(error.into()),
    }
    let tokens = GrantTokens {
        client,
        subject: &subject,
        family: &family,
        scope: &family.grant.scope,
        audience: &audience,
        confirmation: &request.confirmation,
        session: family.session_id.is_some().then_some(&session),
        session_id: Some(&session.id),
        nonce: grant.nonce.as_deref(),
    };
    tokens.issue(state, now).await
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

//! A user's authorization: RFC 6749 section 4.1.3 with PKCE (RFC 7636 section 4.5).

use probity_jose::UnixTime;

use super::grant::{self, NewGrant};
use super::{TokenAnswer, TokenRequest};
use crate::authority::State;
use crate::domain::code::{Presentation, Redemption};
use crate::domain::secret::{PlainSecret, SecretHash, SecretKind};
use crate::http::error::OAuthError;
use crate::store::redeem_code;

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
        authenticated: !client.is_public(),
        redirect_uri: parameters.get("redirect_uri"),
        verifier: parameters.get("code_verifier"),
        key: request.confirmation.key.as_deref(),
    };
    let presented = grant.present(presentation, now);
    match presented {
        Redemption::Redeem => {}
        Redemption::Replayed { family } => return Err(grant::kill_replayed(state, &family, now, UNKNOWN).await),
        Redemption::Refused(reason) => return Err(OAuthError::InvalidGrant(reason)),
    }
    let session = state.store.live_session(&grant.session_id, now).await?;
    let session = session.ok_or(OAuthError::InvalidGrant("the session has ended"))?;
    let new =
        NewGrant { request, subject: &subject, session: &session, grant: grant.grant, nonce: grant.nonce.as_deref() };
    match new.open(state, now, |family| redeem_code(&code, family, now)).await? {
        Some(answer) => Ok(answer),
        None => Err(lost_the_race(state, &code, now).await),
    }
}

/// Somebody redeemed the code between our look and our write: two have it, so nobody may keep what it gave.
async fn lost_the_race(state: &State, code: &SecretHash, now: UnixTime) -> OAuthError {
    match state.store.code(code).await {
        Ok(Some(grant)) => match grant.redeemed_for {
            Some(family) => grant::kill_replayed(state, &family, now, UNKNOWN).await,
            None => UNKNOWN,
        },
        Ok(None) => UNKNOWN,
        Err(error) => error.into(),
    }
}

//! `POST /admin/v1/why`: what is known of a token. `{"token": TEXT}`, or `{"jti": ID}`, with `issuer` for another issuer's.
//!
//! Nothing is stored of access tokens, so a bare `jti` can only be looked up among the revocations.

use axum::Json;
use axum::extract::State;
use probity_jose::jwt::Unverified;
use probity_jose::{UnixTime, base64url};
use probity_verifier::clock::unix_now;
use probity_verifier::revocation::{Level, TokenFacts};
use serde::Deserialize;
use serde_json::{Value, json};

use super::JsonBody;
use crate::authority;
use crate::http::Shared;
use crate::http::error::OAuthError;

/// Exactly one of the first two.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    token: Option<String>,
    jti: Option<String>,
    issuer: Option<String>,
}

/// The claims by which a token can be revoked, as it says them itself.
#[derive(Debug, Default, Deserialize)]
struct Said {
    iss: String,
    #[serde(default)]
    sub: String,
    client_id: Option<String>,
    jti: Option<String>,
    sid: Option<String>,
    family: Option<String>,
    #[serde(default)]
    iat: u64,
    #[serde(default)]
    exp: u64,
}

pub(super) async fn post(State(state): Shared, JsonBody(body): JsonBody<Body>) -> Result<Json<Value>, OAuthError> {
    match (body.token, body.jti) {
        (Some(token), None) if body.issuer.is_none() => Ok(Json(why_token(&state, &token, unix_now()).await?)),
        (None, Some(jti)) => Ok(Json(why_jti(&state, &jti, body.issuer.as_deref()))),
        _ => Err(OAuthError::InvalidRequest("either token, or jti and perhaps issuer")),
    }
}

fn why_jti(state: &authority::State, jti: &str, issuer: Option<&str>) -> Value {
    let issuer = issuer.unwrap_or(&state.issuer);
    // Young and of nobody, so that nothing but its name can hit it.
    let facts = TokenFacts {
        issuer,
        key: None,
        subject: "",
        client: None,
        token: Some(jti),
        issued: UnixTime::from_secs(u64::MAX),
        expires: UnixTime::from_secs(u64::MAX),
        family: None,
        session_id: None,
        session: None,
    };
    let levels = state.hub.replica().levels(&facts);
    let verdict = if levels.is_empty() { "not revoked by its jti" } else { "revoked" };
    let mut answer = json!({ "verdict": verdict, "iss": issuer, "jti": jti, "revoked_by": names(&levels) });
    if !levels.is_empty() {
        insert(&mut answer, "guards", guards(state, &facts, false));
    }
    answer
}

async fn why_token(state: &authority::State, token: &str, now: UnixTime) -> Result<Value, OAuthError> {
    const NO_TOKEN: OAuthError = OAuthError::InvalidRequest("token is no JWT with an issuer");
    let opened = state.opened(token).ok_or(NO_TOKEN)?;
    let token = opened.as_deref().map_or(token, String::as_str);
    let header = Unverified::parse(token).map_err(|_| NO_TOKEN)?;
    let payload = base64url::decode(token.split('.').nth(1).unwrap_or_default()).map_err(|_| NO_TOKEN)?;
    let said: Said = serde_json::from_slice(&payload).map_err(|_| NO_TOKEN)?;
    let expires = UnixTime::from_secs(said.exp);
    let verified = if said.iss == state.issuer {
        state.signed_token(token, Some(expires), now)
    } else {
        // Its issuer's keys are not here.
        Err("jwt.wrong_issuer")
    };
    let facts = match &verified {
        Ok(token) => token.facts(),
        Err(_) => said.facts(header.header().key_id()),
    };
    let levels = state.hub.replica().levels(&facts);
    let is_over = now >= expires;
    let verdict = match (&verified, levels.is_empty()) {
        (_, false) => "revoked",
        _ if is_over => "expired",
        (Ok(_), true) => "live",
        (Err(_), true) => "unknown",
    };
    let mut answer = json!({
        "verdict": verdict,
        "verified": verified.is_ok(),
        "iss": facts.issuer,
        "jti": facts.token,
        "sub": facts.subject,
        "client_id": facts.client,
        "sid": facts.session_id,
        "family": facts.family,
        "kid": facts.key,
        "iat": facts.issued.as_secs(),
        "exp": facts.expires.as_secs(),
        "revoked_by": names(&levels),
        "guards": guards(state, &facts, is_over),
    });
    if let Err(code) = verified {
        insert(&mut answer, "not_verified", code.into());
    } else {
        insert(&mut answer, "session", session(state, facts.session_id, now).await?);
        insert(&mut answer, "grant", grant(state, facts.family, now).await?);
    }
    Ok(answer)
}

async fn session(state: &authority::State, id: Option<&str>, now: UnixTime) -> Result<Value, OAuthError> {
    let Some(id) = id else { return Ok(Value::Null) };
    Ok(match state.store.session(id).await? {
        None => Value::Null,
        Some(session) => json!({
            "live": state.store.live_session(id, now).await?.is_some(),
            "auth_time": session.authentication.time.as_secs(),
            "expires": session.expires.as_secs(),
            "latest_end": session.latest_end.as_secs(),
        }),
    })
}

async fn grant(state: &authority::State, id: Option<&str>, now: UnixTime) -> Result<Value, OAuthError> {
    let Some(id) = id else { return Ok(Value::Null) };
    let family = state.store.family(id).await?;
    Ok(family.map_or(Value::Null, |family| {
        json!({
            "live": !family.revoked && now < family.expires,
            "scope": family.grant.scope.to_string(),
            "refreshed": family.rotated.as_secs(),
            "expires": family.expires.as_secs(),
        })
    }))
}

/// Which guards may still accept it.
fn guards(state: &authority::State, facts: &TokenFacts<'_>, is_over: bool) -> Value {
    let guards = state.hub.guards_accepting(facts).into_iter().map(|(guard, accepts)| {
        json!({
            "name": guard.name,
            "instance": base64url::encode(&guard.instance.0),
            "accepts": accepts && !is_over,
            "lag": guard.lag,
            "lease_ms": u64::try_from(guard.lease_left.as_millis()).unwrap_or(u64::MAX),
        })
    });
    guards.collect()
}

fn names(levels: &[Level]) -> Vec<&'static str> {
    levels.iter().map(|level| level.name()).collect()
}

fn insert(answer: &mut Value, name: &str, value: Value) {
    if let Some(answer) = answer.as_object_mut() {
        answer.insert(name.to_owned(), value);
    }
}

impl Said {
    fn facts<'a>(&'a self, key: Option<&'a str>) -> TokenFacts<'a> {
        TokenFacts {
            issuer: &self.iss,
            key,
            subject: &self.sub,
            client: self.client_id.as_deref(),
            token: self.jti.as_deref(),
            issued: UnixTime::from_secs(self.iat),
            expires: UnixTime::from_secs(self.exp),
            family: self.family.as_deref(),
            session_id: self.sid.as_deref(),
            session: None,
        }
    }
}

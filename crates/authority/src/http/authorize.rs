//! `/authorize`: RFC 6749 section 4.1.1. Knows the browser by its session, and sends it to the login page when it does not.

use ::http::header::HeaderMap;
use ::http::{Response, StatusCode};
use axum::body::Body;
use axum::extract::{RawQuery, State};
use probity_jose::UnixTime;
use probity_verifier::clock::unix_now;

use super::Shared;
use super::authorization_request::Found;
use super::consent::ConsentForm;
use super::failure::Failure;
use super::form::Form;
use super::log::Line;
use super::login::LoginForm;
use crate::authority;
use crate::domain::authorization::{AuthorizationError, AuthorizationRequest, NextStep, Reply, Situation};
use crate::domain::code::CodeGrant;
use crate::domain::consent::Consent;
use crate::domain::grant::Grant;
use crate::domain::parameters::Parameters;
use crate::domain::secret::{PlainSecret, SecretHash, SecretKind};
use crate::domain::session::Session;
use crate::entropy;
use crate::store::{Conflict, Write, WriteError, use_pushed_request};

/// The parameter with the ticket of a request that comes back from a page of ours.
pub(super) const TICKET: &str = "probity_ticket";

pub(super) async fn get(State(state): Shared, headers: HeaderMap, RawQuery(query): RawQuery) -> Response<Body> {
    match Parameters::parse(query.as_deref().unwrap_or_default()) {
        Ok(parameters) => answer(&state, &headers, parameters).await,
        Err(error) => state.error_page(StatusCode::BAD_REQUEST, &error.to_string(), "invalid_request"),
    }
}

/// OpenID Connect Core 1.0 section 3.1.2.1: the parameters may come in a form.
pub(super) async fn post(State(state): Shared, form: Form) -> Response<Body> {
    answer(&state, &form.headers, form.parameters).await
}

async fn answer(state: &authority::State, headers: &HeaderMap, parameters: Parameters) -> Response<Body> {
    let client = parameters.get("client_id").map(str::to_owned);
    match authorize(state, headers, parameters).await {
        Ok(mut response) => {
            if response.extensions().get::<Line>().is_none() {
                response.extensions_mut().insert(Line { client, ..Line::default() });
            }
            response
        }
        Err(failure) => state.refuse(failure),
    }
}

async fn authorize(
    state: &authority::State,
    headers: &HeaderMap,
    parameters: Parameters,
) -> Result<Response<Body>, Failure> {
    let now = unix_now();
    let UnderWay { request: parameters, since } = UnderWay::read(state, parameters, now);
    let Found { client, request, pushed } = state.find_request(&parameters, since.unwrap_or(now)).await?;
    let session = state.browser_session(headers, now).await?;
    let subject = session.as_ref().map(|session| state.subject_for(&client, &session.subject));
    let third_party = client.policy.third_party;
    let consent = match &session {
        Some(session) if request.needs_consent(third_party) => {
            state.store.consent(&session.subject, &client.id).await?
        }
        _ => None,
    };
    let (session, consent) = (session.as_ref(), consent.as_ref());
    let situation = Situation { session, subject: subject.as_deref(), third_party, consent, since, now };
    let granted = match (request.next_step(situation), session) {
        (NextStep::Refuse { error, description }, _) => return Err(request.refused(error, description).into()),
        (NextStep::Grant, Some(session)) => {
            grant(state, &request, Basis { pushed: pushed.as_ref(), session, consent }, now).await?
        }
        (NextStep::AskConsent, Some(session)) => {
            let form = ConsentForm { parameters: &parameters, since: since.unwrap_or(now), session };
            return Ok(state.consent_page(headers, &client, &request, &form, now)?);
        }
        _ => None,
    };
    if let Some(reply) = granted {
        return Ok(state.send(&reply, now)?);
    }
    let form = LoginForm { parameters: &parameters, since: since.unwrap_or(now), again: None };
    Ok(state.login_page(headers, &client, &request, &form)?)
}

/// A request, and since when it has been under way if the browser comes back with it.
pub(super) struct UnderWay {
    pub(super) request: Parameters,
    pub(super) since: Option<UnixTime>,
}

impl UnderWay {
    pub(super) fn read(state: &authority::State, parameters: Parameters, now: UnixTime) -> Self {
        let ticket = parameters.get(TICKET).map(str::to_owned);
        let request = parameters.without(TICKET);
        let since = ticket.and_then(|ticket| state.tickets.read(&request.to_text(), &ticket, now));
        Self { request, since }
    }
}

/// What a grant stands on: each must still be there when it is written.
struct Basis<'a> {
    pushed: Option<&'a SecretHash>,
    session: &'a Session,
    consent: Option<&'a Consent>,
}

/// Issues a code; nothing when the session has just ended.
async fn grant(
    state: &authority::State,
    request: &AuthorizationRequest,
    Basis { pushed, session, consent }: Basis<'_>,
    now: UnixTime,
) -> Result<Option<Reply>, Failure> {
    let code = PlainSecret::new(SecretKind::Code, entropy::bytes()?);
    let grant = CodeGrant {
        client_id: request.reply_to.client_id.clone(),
        redirect_uri: request.reply_to.redirect_uri.clone(),
        subject: session.subject.clone(),
        session_id: session.id.clone(),
        grant: Grant {
            scope: request.scope.clone(),
            authentication: session.authentication.clone(),
            claims: request.claims.clone(),
            resources: request.resources.clone(),
        },
        nonce: request.nonce.clone(),
        challenge: request.challenge,
        key: request.key.clone(),
        expires: now.plus(state.lifetimes.code),
        redeemed_for: None,
    };
    let alive = session.extend(now, session.expires_after_use(now, state.lifetimes.idle));
    let write = Write::from(alive).and(grant.add(&code.hash()));
    let consent = consent.map(|consent| consent.must_stand(&session.subject, &request.reply_to.client_id));
    let write = write.and_all(consent);
    // RFC 9126 section 7.3: a pushed request is granted once.
    match state.store.apply(write.and_all(pushed.map(use_pushed_request))).await {
        Ok(_) => Ok(Some(request.granted(&state.issuer, code.expose()))),
        Err(WriteError::Conflict(Conflict::SessionEnded)) => Ok(None),
        Err(WriteError::Conflict(Conflict::ConsentWithdrawn)) => {
            Err(request.refused("access_denied", "the user has withdrawn the consent").into())
        }
        Err(WriteError::Conflict(Conflict::RequestUsed)) => Err(AuthorizationError::Unredirectable(
            "This sign-in request was used. Please go back to the application and start again.",
        )
        .into()),
        Err(error) => Err(error.into()),
    }
}

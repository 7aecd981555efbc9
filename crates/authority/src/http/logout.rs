//! `/logout`: OpenID Connect RP-Initiated Logout 1.0 section 2.
//!
//! A request with an ID token of the session that the browser has is as good as the user's word. Any other is asked about, or
//! any site could sign people out.

use ::http::header::HeaderMap;
use ::http::{Response, StatusCode};
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::IntoResponse;
use probity_jose::UnixTime;
use probity_verifier::clock::unix_now;
use tracing::info;

use super::browser::{self, csrf_cookie, csrf_matches, csrf_token, end_session_cookie, see_other};
use super::error::OAuthError;
use super::failure::Failure;
use super::form::Form;
use super::id_token_hint::Hint;
use super::{Shared, path};
use crate::authority;
use crate::domain::authorization::AuthorizationError;
use crate::domain::client::Client;
use crate::domain::logout::destination;
use crate::domain::parameters::Parameters;
use crate::domain::revocation::Order;
use crate::domain::session::Session;
use crate::pages::{DonePage, LogoutPage};

pub(super) async fn get(State(state): Shared, headers: HeaderMap, RawQuery(query): RawQuery) -> Response<Body> {
    match Parameters::parse(query.as_deref().unwrap_or_default()) {
        Ok(parameters) => answer(&state, &headers, &parameters).await.unwrap_or_else(|failure| state.refuse(failure)),
        Err(error) => state.error_page(StatusCode::BAD_REQUEST, &error.to_string(), "invalid_request"),
    }
}

/// Section 2: the parameters may come in a form; so does the user's own decision.
pub(super) async fn post(State(state): Shared, form: Form) -> Response<Body> {
    let answered = match form.parameters.get("decision") {
        Some(decision) => decide(&state, &form, decision).await,
        None => answer(&state, &form.headers, &form.parameters).await,
    };
    answered.unwrap_or_else(|failure| state.refuse(failure))
}

/// Who asks and for whom.
struct Wish {
    client: Option<Client>,
    hint: Option<Hint>,
    /// Where the user goes afterwards.
    destination: Option<String>,
}

impl Wish {
    async fn read(state: &authority::State, parameters: &Parameters, now: UnixTime) -> Result<Self, Failure> {
        let refuse = |message| Failure::from(AuthorizationError::Unredirectable(message));
        let named = parameters.get("client_id");
        let hint = match parameters.get("id_token_hint") {
            Some(token) => {
                let hint = state.read_hint_of_any_client(token, now);
                Some(hint.ok_or_else(|| refuse("The application has sent an ID token that is none of ours."))?)
            }
            None => None,
        };
        if hint.as_ref().zip(named).is_some_and(|(hint, named)| hint.client_id != named) {
            return Err(refuse("The application has sent an ID token of another application."));
        }
        let client = match hint.as_ref().map(|hint| hint.client_id.as_str()).or(named) {
            Some(id) => state.client(id).await?,
            None => None,
        };
        if named.is_some() && client.is_none() {
            return Err(refuse("The application that sent you here is not known."));
        }
        let destination = destination(parameters, client.as_ref()).map_err(refuse)?;
        Ok(Self { client, hint, destination })
    }

    /// Whether the client has shown an ID token of this session or of its user.
    fn is_about(&self, state: &authority::State, session: &Session) -> bool {
        let (Some(hint), Some(client)) = (&self.hint, &self.client) else {
            return false;
        };
        hint.session_id.as_deref() == Some(&session.id) || hint.subject == state.subject_for(client, &session.subject)
    }
}

async fn answer(
    state: &authority::State,
    headers: &HeaderMap,
    parameters: &Parameters,
) -> Result<Response<Body>, Failure> {
    let now = unix_now();
    let wish = Wish::read(state, parameters, now).await?;
    match state.browser_session(headers, now).await? {
        None => Ok(gone(state, wish.destination.as_deref())),
        Some(session) if wish.is_about(state, &session) => end(state, session, wish.destination.as_deref(), now).await,
        Some(session) => {
            let csrf = csrf_token(headers)?;
            let text = parameters.to_text();
            let page = LogoutPage {
                action: &format!("{}{}", state.issuer, path::LOGOUT),
                style: &state.style(),
                csrf: &csrf,
                request: &text,
                shown: &state.tickets.issue(&shown_to(&session, &text), now),
            };
            let page = browser::page(StatusCode::OK, &page, wish.destination.as_deref());
            Ok(([csrf_cookie(&csrf)], page).into_response())
        }
    }
}

async fn decide(state: &authority::State, form: &Form, decision: &str) -> Result<Response<Body>, Failure> {
    const STALE: AuthorizationError =
        AuthorizationError::Unredirectable("This page is too old. Please start again from the application.");
    if state.is_cross_site(&form.headers) || !csrf_matches(&form.headers, form.parameters.get("csrf")) {
        let message = "This form did not come from our page, or your browser keeps no cookies.";
        return Ok(state.error_page(StatusCode::FORBIDDEN, message, "logout.cross_site"));
    }
    let now = unix_now();
    let field = |name| form.parameters.get(name).unwrap_or_default();
    let text = field("request");
    let parameters = Parameters::parse(text).map_err(|_| STALE)?;
    let wish = Wish::read(state, &parameters, now).await?;
    let Some(session) = state.browser_session(&form.headers, now).await? else {
        return Ok(gone(state, wish.destination.as_deref()));
    };
    state.tickets.read(&shown_to(&session, text), field("shown"), now).ok_or(STALE)?;
    match decision {
        "yes" => end(state, session, wish.destination.as_deref(), now).await,
        "no" => {
            let page = DonePage { style: &state.style(), message: "You are still signed in." };
            Ok(browser::page(StatusCode::OK, &page, None))
        }
        _ => Err(STALE.into()),
    }
}

/// Ends the session: its tokens and grants die, and its clients are told.
async fn end(
    state: &authority::State,
    session: Session,
    destination: Option<&str>,
    now: UnixTime,
) -> Result<Response<Body>, Failure> {
    info!(sid = session.id, "a user has logged out");
    let order = Order::Session { id: session.id, place: session.place };
    state.revoke(&order, now).await.map_err(OAuthError::from)?;
    Ok(gone(state, destination))
}

/// The browser has no session (any more).
fn gone(state: &authority::State, destination: Option<&str>) -> Response<Body> {
    let next = if let Some(address) = destination {
        see_other(address)
    } else {
        let page = DonePage { style: &state.style(), message: "You are signed out." };
        browser::page(StatusCode::OK, &page, None)
    };
    ([end_session_cookie()], next).into_response()
}

/// What a ticket says that shows that a session was asked about a logout.
fn shown_to(session: &Session, request: &str) -> String {
    format!("logout {} {request}", session.id)
}

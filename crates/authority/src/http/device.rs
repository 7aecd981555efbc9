//! `/device`: where a user types in the code of a device and decides about it (RFC 8628 section 3.3).
//!
//! Nobody learns whether a code is good before they have signed in.

use ::http::header::HeaderMap;
use ::http::{Response, StatusCode};
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::IntoResponse;
use probity_jose::UnixTime;
use probity_verifier::clock::unix_now;
use tracing::info;
use zeroize::Zeroizing;

use super::browser::{self, csrf_cookie, csrf_matches, csrf_token, session_cookie};
use super::consent::wishes;
use super::error::OAuthError;
use super::failure::Failure;
use super::form::Form;
use super::login::{Verdict, open_session, verify_password};
use super::{Shared, path};
use crate::authority;
use crate::domain::authorization::AuthorizationError;
use crate::domain::device::{DeviceRequest, DeviceState, UserCode};
use crate::domain::parameters::Parameters;
use crate::domain::secret::{PlainSecret, SecretHash, SecretKind};
use crate::domain::session::Session;
use crate::entropy;
use crate::pages::{ConsentPage, DevicePage, DonePage};
use crate::store::{Conflict, Write, WriteError, deny_device, grant_device};

const UNKNOWN: &str = "No device waits with this code. Codes are good for ten minutes.";
const WRONG: &str = "The user name or the password is wrong.";

pub(super) async fn get(State(state): Shared, headers: HeaderMap, RawQuery(query): RawQuery) -> Response<Body> {
    let code = Parameters::parse(query.as_deref().unwrap_or_default()).ok();
    let code = code.as_ref().and_then(|parameters| parameters.get("user_code")).unwrap_or_default();
    let answered = async {
        let session = state.browser_session(&headers, unix_now()).await?;
        ask_for_code(&state, &headers, session.as_ref(), code, None)
    };
    answered.await.unwrap_or_else(|error| state.refuse(Failure::Server(error)))
}

pub(super) async fn post(State(state): Shared, form: Form) -> Response<Body> {
    if state.is_cross_site(&form.headers) || !csrf_matches(&form.headers, form.parameters.get("csrf")) {
        let message = "This form did not come from our page, or your browser keeps no cookies. Please start again.";
        return state.error_page(StatusCode::FORBIDDEN, message, "device.cross_site");
    }
    let now = unix_now();
    let answered = match form.parameters.get("decision") {
        Some(decision) => decide(&state, &form, decision, now).await,
        None => look_up(&state, &form, now).await,
    };
    answered.unwrap_or_else(|failure| state.refuse(failure))
}

/// The page that asks for the code, and for a login when there is none.
fn ask_for_code(
    state: &authority::State,
    headers: &HeaderMap,
    session: Option<&Session>,
    code: &str,
    error: Option<&str>,
) -> Result<Response<Body>, OAuthError> {
    let csrf = csrf_token(headers)?;
    let page = DevicePage {
        action: &format!("{}{}", state.issuer, path::DEVICE),
        style: &state.style(),
        csrf: &csrf,
        user_code: code,
        asks_for_login: session.is_none(),
        error,
    };
    let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(([csrf_cookie(&csrf)], browser::page(status, &page, None)).into_response())
}

/// Signs the user in if need be, and shows what the device asks for.
async fn look_up(state: &authority::State, form: &Form, now: UnixTime) -> Result<Response<Body>, Failure> {
    let field = |name| form.parameters.get(name).unwrap_or_default();
    let text = field("user_code");
    let mut cookie = None;
    let session = if let Some(session) = state.browser_session(&form.headers, now).await? {
        session
    } else {
        let password = Zeroizing::new(field("password").to_owned());
        let user = match verify_password(state, form, field("username"), password).await? {
            Verdict::Right(user) => user,
            Verdict::Throttled(page) => return Ok(page),
            Verdict::Wrong => return Ok(ask_for_code(state, &form.headers, None, text, Some(WRONG))?),
            Verdict::Busy => {
                let message = "Too many people are signing in at this moment. Please try again.";
                return Ok(state.error_page(StatusCode::SERVICE_UNAVAILABLE, message, "login.busy"));
            }
        };
        let secret = PlainSecret::new(SecretKind::Session, entropy::bytes()?);
        let id = open_session(state, None, &user, &secret, now).await?;
        let session = state.store.live_session(&id, now).await?.ok_or(OAuthError::Server)?;
        cookie = Some(session_cookie(&secret));
        session
    };
    let code = UserCode::parse(text);
    let found = match &code {
        Some(code) => find(state, code, now).await?,
        None => None,
    };
    let page = match (code, found) {
        (Some(code), Some(request)) => ask_for_consent(state, &form.headers, &session, &code, &request, now).await?,
        _ => ask_for_code(state, &form.headers, Some(&session), text, Some(UNKNOWN))?,
    };
    // Beside the cookie of the page itself.
    let mut response = page;
    if let Some((name, value)) = cookie
        && let Ok(value) = value.parse()
    {
        response.headers_mut().append(name, value);
    }
    Ok(response)
}

async fn find(state: &authority::State, code: &UserCode, now: UnixTime) -> Result<Option<DeviceRequest>, OAuthError> {
    let request = state.store.device_of_user_code(&SecretHash::of(code.letters())).await?;
    Ok(request.filter(|request| request.state == DeviceState::Pending && now < request.expires))
}

async fn ask_for_consent(
    state: &authority::State,
    headers: &HeaderMap,
    session: &Session,
    code: &UserCode,
    request: &DeviceRequest,
    now: UnixTime,
) -> Result<Response<Body>, OAuthError> {
    let client = state.client(&request.client_id).await?.ok_or(OAuthError::Server)?;
    let csrf = csrf_token(headers)?;
    let shown = code.shown();
    let page = ConsentPage {
        action: &format!("{}{}", state.issuer, path::DEVICE),
        style: &state.style(),
        client_name: &client.name,
        destination: "",
        // Section 3.3.1: the user compares it with what the device shows.
        code: Some(&shown),
        wishes: &wishes(&request.scope, std::iter::empty(), &request.resources),
        csrf: &csrf,
        request: &shown,
        ticket: "",
        shown: &state.tickets.issue(&shown_to(session, code), now),
    };
    Ok(([csrf_cookie(&csrf)], browser::page(StatusCode::OK, &page, None)).into_response())
}

async fn decide(
    state: &authority::State,
    form: &Form,
    decision: &str,
    now: UnixTime,
) -> Result<Response<Body>, Failure> {
    const STALE: AuthorizationError =
        AuthorizationError::Unredirectable("This page is too old, or somebody else has signed in. Please start again.");
    let field = |name| form.parameters.get(name).unwrap_or_default();
    let code = UserCode::parse(field("request")).ok_or(STALE)?;
    let session = state.browser_session(&form.headers, now).await?.ok_or(STALE)?;
    state.tickets.read(&shown_to(&session, &code), field("shown"), now).ok_or(STALE)?;
    let hash = SecretHash::of(code.letters());
    let (write, message) = match decision {
        "allow" => (
            Write::from(session.must_be_live(now)).and(grant_device(&hash, &session.subject, &session.id, now)),
            "Your device is signed in. You may close this page.",
        ),
        "deny" => (Write::from(deny_device(&hash)), "Your device was not signed in. You may close this page."),
        _ => return Err(STALE.into()),
    };
    match state.store.apply(write).await {
        Ok(_) => {}
        Err(WriteError::Conflict(Conflict::SessionEnded | Conflict::RequestUsed)) => return Err(STALE.into()),
        Err(error) => return Err(error.into()),
    }
    info!(decision, sid = session.id, "a user has decided about a device");
    Ok(browser::page(StatusCode::OK, &DonePage { style: &state.style(), message }, None))
}

/// What a ticket says that shows that a session was asked about a device.
fn shown_to(session: &Session, code: &UserCode) -> String {
    format!("device {} {}", session.id, code.letters())
}

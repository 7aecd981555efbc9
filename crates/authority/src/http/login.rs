//! The login page, and `POST /login`: a user proves who they are, gets a session, and goes on with the authorization request.

use std::net::IpAddr;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use ::http::header::{HeaderMap, HeaderValue, RETRY_AFTER};
use ::http::{Response, StatusCode};
use axum::body::Body;
use axum::extract::State;
use axum::response::IntoResponse;
use probity_jose::UnixTime;
use probity_verifier::clock::unix_now;
use tracing::{info, warn};
use zeroize::Zeroizing;

use super::Shared;
use super::authorization_request::Found;
use super::authorize::TICKET;
use super::browser::{
    self, DEVICE_COOKIE, csrf_cookie, csrf_matches, csrf_token, device_cookie, see_other, session_cookie,
};
use super::error::OAuthError;
use super::failure::Failure;
use super::form::Form;
use super::log::Line;
use super::path;
use crate::authority;
use crate::domain::audit_log::Event;
use crate::domain::authentication::Authentication;
use crate::domain::authorization::{AuthorizationError, AuthorizationRequest};
use crate::domain::client::Client;
use crate::domain::parameters::Parameters;
use crate::domain::password::PasswordHash;
use crate::domain::revocation::Order;
use crate::domain::secret::{PlainSecret, SecretKind};
use crate::domain::session::{Session, id_text};
use crate::domain::throttle::{Attempt, Throttle, Throttled};
use crate::domain::user::{MAX_USERNAME_BYTES, User};
use crate::entropy;
use crate::pages::LoginPage;
use crate::store::{Conflict, Write, WriteError};

/// How long a login waits for its turn to be hashed.
const HASHING_PATIENCE: Duration = Duration::from_secs(10);

/// The one answer to an unknown user and a wrong password.
const WRONG: &str = "The user name or the password is wrong.";

/// The form has a field that our page can't have given it.
const DAMAGED: AuthorizationError =
    AuthorizationError::Unredirectable("The sign-in form came back damaged. Please start again from the application.");

/// What the login page goes on with.
pub(super) struct LoginForm<'a> {
    /// The authorization request.
    pub(super) parameters: &'a Parameters,
    /// Since when it has been under way.
    pub(super) since: UnixTime,
    /// The user name and the reason when a login has failed.
    pub(super) again: Option<(&'a str, &'a str)>,
}

impl authority::State {
    fn throttle(&self) -> MutexGuard<'_, Throttle> {
        // Counts are good at every moment.
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where a request comes from. A proxy on this machine adds to `X-Forwarded-For` whom it has seen; what stands before
    /// that is what the client says of itself.
    fn address_of(&self, form: &Form) -> Option<IpAddr> {
        if !self.behind_proxy {
            return form.peer;
        }
        let last = form.headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
        last.rsplit(',').next()?.trim().parse().ok()
    }

    /// The login page for a request.
    pub(super) fn login_page(
        &self,
        headers: &HeaderMap,
        client: &Client,
        request: &AuthorizationRequest,
        form: &LoginForm<'_>,
    ) -> Result<Response<Body>, OAuthError> {
        let csrf = csrf_token(headers)?;
        let text = form.parameters.to_text();
        let (username, error) = form.again.unzip();
        let page = LoginPage {
            action: &format!("{}{}", self.issuer, path::LOGIN),
            style: &self.style(),
            client_name: &client.name,
            csrf: &csrf,
            ticket: &self.tickets.issue(&text, form.since),
            request: &text,
            username: username.or(request.login_hint.as_deref()).unwrap_or_default(),
            error,
        };
        let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        let page = browser::page(status, &page, Some(&request.reply_to.redirect_uri));
        Ok(([csrf_cookie(&csrf)], page).into_response())
    }
}

pub(super) async fn post(State(state): Shared, form: Form) -> Response<Body> {
    if state.is_cross_site(&form.headers) || !csrf_matches(&form.headers, form.parameters.get("csrf")) {
        let message = "This form did not come from our sign-in page, or your browser keeps no cookies. \
                       Please go back to the application and start again.";
        return state.error_page(StatusCode::FORBIDDEN, message, "login.cross_site");
    }
    match log_in(&state, &form).await {
        Ok(response) => response,
        Err(failure) => state.refuse(failure),
    }
}

async fn log_in(state: &authority::State, form: &Form) -> Result<Response<Body>, Failure> {
    let parameters = Parameters::parse(form.parameters.get("request").unwrap_or_default()).map_err(|_| DAMAGED)?;
    let now = unix_now();
    let ticket = form.parameters.get("ticket").unwrap_or_default();
    let since = state.tickets.read(form.parameters.get("request").unwrap_or_default(), ticket, now);
    let since = since.ok_or(AuthorizationError::Unredirectable(
        "This sign-in page is too old. Please go back to the application and start again.",
    ))?;
    let Found { client, request, .. } = state.find_request(&parameters, since).await?;
    let username = form.parameters.get("username").unwrap_or_default();
    let password = Zeroizing::new(form.parameters.get("password").unwrap_or_default().to_owned());
    let user = match verify_password(state, form, username, password).await? {
        Verdict::Right(user) => user,
        Verdict::Throttled(page) => return Ok(page),
        Verdict::Wrong => {
            info!(code = "login.wrong", "a login failed");
            let again = LoginForm { parameters: &parameters, since, again: Some((username, WRONG)) };
            let mut response = state.login_page(&form.headers, &client, &request, &again)?;
            response.extensions_mut().insert(Line { code: Some("login.wrong"), ..Line::default() });
            return Ok(response);
        }
        Verdict::Busy => {
            let message = "Too many people are signing in at this moment. Please try again.";
            return Ok(state.error_page(StatusCode::SERVICE_UNAVAILABLE, message, "login.busy"));
        }
    };
    // Hashing has taken its time.
    let now = unix_now();
    let cookie = PlainSecret::new(SecretKind::Session, entropy::bytes()?);
    let before = state.browser_session(&form.headers, now).await?;
    let session_id = open_session(state, before, &user, &cookie, now).await?;
    info!(sid = session_id, "a user has logged in");
    let request = parameters.with(TICKET, ticket);
    let next = see_other(&format!("{}{}?{}", state.issuer, path::AUTHORIZE, request.to_text()));
    let device = device_cookie(&state.devices.issue(&user.username, entropy::bytes()?));
    let mut response = ([session_cookie(&cookie)], next).into_response();
    if let Ok(value) = HeaderValue::try_from(device.1) {
        response.headers_mut().append(device.0, value);
    }
    Ok(response)
}

impl authority::State {
    /// Notes a login that was refused in the audit log, as far as these are noted. What was typed as a name is not: it may be
    /// a password.
    async fn note_refusal(&self, action: &'static str, user: Option<&User>, address: Option<IpAddr>) {
        let noted = self.refusals.lock().unwrap_or_else(PoisonError::into_inner).take(unix_now());
        let Some(unnoted) = noted else { return };
        let target = user.map_or("nobody", |user| user.subject.as_str());
        let from = address.map(|address| format!("from {address}"));
        let more = (unnoted > 0).then(|| format!("after {unnoted} that are not in this log"));
        let details: Vec<_> = from.into_iter().chain(more).collect();
        let event = Event::new("authority", action, target).with(&details.join(", "));
        if let Err(error) = self.store.apply(Write::new().logging(event)).await {
            warn!(error = %error, "a refused login could not be noted");
        }
    }
}

/// What a password comes to.
pub(super) enum Verdict {
    Right(User),
    Wrong,
    /// It was not looked at: too many were wrong.
    Throttled(Response<Body>),
    Busy,
}

/// An unknown user takes as long as a known one, and as many tries.
pub(super) async fn verify_password(
    state: &authority::State,
    form: &Form,
    username: &str,
    password: Zeroizing<String>,
) -> Result<Verdict, OAuthError> {
    let username = username.get(..username.floor_char_boundary(MAX_USERNAME_BYTES)).unwrap_or_default();
    let device = browser::cookie(&form.headers, DEVICE_COOKIE);
    let device = device.and_then(|text| state.devices.read(username, text));
    let attempt = Attempt { account: username, address: state.address_of(form), device };
    let taken = state.throttle().take(attempt, unix_now());
    if let Err(Throttled(seconds)) = taken {
        state.note_refusal("login.throttled", None, attempt.address).await;
        info!(code = "login.throttled", seconds, "a login was not looked at");
        let message = "Too many attempts to sign in have failed. Please wait a minute, or use a browser in which you have \
                       signed in before.";
        let mut page = state.error_page(StatusCode::TOO_MANY_REQUESTS, message, "login.throttled");
        page.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        return Ok(Verdict::Throttled(page));
    }
    let user = state.store.user(username).await?;
    let hash = user.as_ref().map_or_else(PasswordHash::of_nobody, |user| user.password.clone());
    let permit = tokio::time::timeout(HASHING_PATIENCE, state.hashing.clone().acquire_owned()).await;
    let Ok(Ok(permit)) = permit else {
        warn!(code = "login.busy", "a login waited too long for its turn");
        return Ok(Verdict::Busy);
    };
    let hashing = tokio::task::spawn_blocking(move || {
        let _permit = permit;
        hash.matches(&password)
    });
    let matches = hashing.await.unwrap_or(false) && user.is_some();
    if matches {
        state.throttle().succeeded(attempt, unix_now());
    }
    if !matches || user.as_ref().is_some_and(|user| user.disabled) {
        // Also when there is no such user, so that both take as long.
        state.note_refusal("login.refused", user.as_ref(), attempt.address).await;
        return Ok(Verdict::Wrong);
    }
    Ok(user.map_or(Verdict::Wrong, Verdict::Right))
}

/// A new session; or the browser's own one with a new cookie when it is the same user's. Another user's session ends.
pub(super) async fn open_session(
    state: &authority::State,
    before: Option<Session>,
    user: &User,
    cookie: &PlainSecret,
    now: UnixTime,
) -> Result<String, OAuthError> {
    let mut write = Write::new();
    let authentication = Authentication::by_password(now);
    match before {
        Some(session) if session.subject == user.subject => {
            let renewal = Write::from(user.must_be_as_read()).and(session.renew(
                &cookie.hash(),
                &authentication,
                session.expires_after_use(now, state.lifetimes.idle),
            ));
            match state.store.apply(renewal).await {
                Ok(_) => return Ok(session.id),
                Err(WriteError::Conflict(Conflict::SessionEnded)) => {}
                Err(WriteError::Conflict(Conflict::UserChanged)) => return Err(OAuthError::Busy),
                Err(error) => return Err(error.into()),
            }
        }
        Some(session) => {
            let order = Order::Session { id: session.id, place: session.place };
            // Its identifier is ours, so a record can carry it.
            write = order.write(now).map_err(|_| OAuthError::Server)?;
        }
        None => {}
    }
    let latest_end = now.plus(state.lifetimes.session);
    let session = Session {
        id: id_text(entropy::bytes()?),
        subject: user.subject.clone(),
        authentication,
        expires: now.plus(state.lifetimes.idle).min(latest_end),
        latest_end,
        place: state.places.next(&state.store, latest_end, now).await?,
    };
    let write = write.and(user.must_be_as_read()).and(session.add(&cookie.hash()));
    match state.store.apply(write).await {
        Ok(_) => Ok(session.id),
        // Disabled, deleted or given another password while this one was hashed.
        Err(WriteError::Conflict(Conflict::UserChanged)) => Err(OAuthError::Busy),
        Err(error) => Err(error.into()),
    }
}

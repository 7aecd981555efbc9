//! `POST /login`: a user proves who they are, gets a session, and goes on with the authorization request.

use std::time::Duration;

use ::http::{Response, StatusCode};
use axum::body::Body;
use axum::extract::State;
use axum::response::IntoResponse;
use probity_jose::UnixTime;
use probity_verifier::clock::unix_now;
use tracing::{info, warn};
use zeroize::Zeroizing;

use super::Shared;
use super::authorize::{Failure, csrf_matches};
use super::browser::{see_other, session_cookie};
use super::error::OAuthError;
use super::form::Form;
use super::log::Line;
use super::path;
use crate::authority;
use crate::domain::authorization::AuthorizationError;
use crate::domain::parameters::Parameters;
use crate::domain::password::PasswordHash;
use crate::domain::revocation::Order;
use crate::domain::secret::{PlainSecret, SecretKind};
use crate::domain::session::{Session, id_text};
use crate::domain::user::User;
use crate::entropy;
use crate::store::{Conflict, Write, WriteError};

/// How long a login waits for its turn to be hashed.
const HASHING_PATIENCE: Duration = Duration::from_secs(10);

/// The one answer to an unknown user and a wrong password.
const WRONG: &str = "The user name or the password is wrong.";

/// The form has a field that our page can't have given it.
const DAMAGED: AuthorizationError =
    AuthorizationError::Unredirectable("The sign-in form came back damaged. Please start again from the application.");

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
    let (client, request) = state.read_request(&parameters).await?;
    let username = form.parameters.get("username").unwrap_or_default();
    let password = Zeroizing::new(form.parameters.get("password").unwrap_or_default().to_owned());
    let user = match verify_password(state, username, password).await? {
        Verdict::Right(user) => user,
        Verdict::Wrong => {
            info!(code = "login.wrong", "a login failed");
            let mut response =
                state.login_page(&form.headers, &client, &request, &parameters, Some((username, WRONG)))?;
            response.extensions_mut().insert(Line { code: Some("login.wrong"), ..Line::default() });
            return Ok(response);
        }
        Verdict::Busy => {
            let message = "Too many people are signing in at this moment. Please try again.";
            return Ok(state.error_page(StatusCode::SERVICE_UNAVAILABLE, message, "login.busy"));
        }
    };
    let now = unix_now();
    let cookie = PlainSecret::new(SecretKind::Session, entropy::bytes()?);
    let before = state.browser_session(&form.headers, now).await?;
    let session_id = open_session(state, before, &user, &cookie, now).await?;
    info!(sid = session_id, "a user has logged in");
    // The login that `prompt` and `max_age` asked for has just happened.
    let rest = parameters.without("prompt").without("max_age");
    let next = see_other(&format!("{}{}?{}", state.issuer, path::AUTHORIZE, rest.to_text()));
    Ok(([session_cookie(&cookie)], next).into_response())
}

enum Verdict {
    Right(User),
    Wrong,
    Busy,
}

/// An unknown user takes as long as a known one.
async fn verify_password(
    state: &authority::State,
    username: &str,
    password: Zeroizing<String>,
) -> Result<Verdict, OAuthError> {
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
    let matches = hashing.await.unwrap_or(false);
    Ok(user.filter(|_| matches).map_or(Verdict::Wrong, Verdict::Right))
}

/// A new session; or the browser's own one with a new cookie when it is the same user's. Another user's session ends.
async fn open_session(
    state: &authority::State,
    before: Option<Session>,
    user: &User,
    cookie: &PlainSecret,
    now: UnixTime,
) -> Result<String, OAuthError> {
    let mut write = Write::new();
    match before {
        Some(session) if session.subject == user.subject => {
            match state.store.apply(Write::from(session.renew(&cookie.hash(), now))).await {
                Ok(_) => return Ok(session.id),
                Err(WriteError::Conflict(Conflict::SessionEnded)) => {}
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
    let expires = now.plus(state.lifetimes.session);
    let session = Session {
        id: id_text(entropy::bytes()?),
        subject: user.subject.clone(),
        auth_time: now,
        expires,
        place: state.places.next(&state.store, expires, now).await?,
    };
    state.store.apply(write.and(session.add(&cookie.hash()))).await?;
    Ok(session.id)
}

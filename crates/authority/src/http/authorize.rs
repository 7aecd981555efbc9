//! `/authorize`: RFC 6749 section 4.1.1. Knows the browser by its session, and sends it to the login page when it does not.

use ::http::header::HeaderMap;
use ::http::{Response, StatusCode};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::IntoResponse;
use probity_jose::{UnixTime, base64url};
use probity_verifier::clock::unix_now;

use super::Shared;
use super::browser::{self, CSRF_COOKIE, csrf_cookie, see_other};
use super::error::OAuthError;
use super::form::Form;
use super::log::Line;
use crate::authority;
use crate::domain::authorization::{AuthorizationError, AuthorizationRequest, NextStep, refused};
use crate::domain::client::Client;
use crate::domain::code::CodeGrant;
use crate::domain::parameters::Parameters;
use crate::domain::secret::{PlainSecret, SecretKind};
use crate::domain::session::Session;
use crate::entropy;
use crate::pages::LoginPage;
use crate::store::{Conflict, Write, WriteError};

pub(super) async fn get(State(state): Shared, headers: HeaderMap, RawQuery(query): RawQuery) -> Response<Body> {
    match Parameters::parse(query.as_deref().unwrap_or_default()) {
        Ok(parameters) => answer(&state, &headers, &parameters).await,
        Err(error) => state.error_page(StatusCode::BAD_REQUEST, &error.to_string(), "invalid_request"),
    }
}

/// OpenID Connect Core 1.0 section 3.1.2.1: the parameters may come in a form.
pub(super) async fn post(State(state): Shared, form: Form) -> Response<Body> {
    answer(&state, &form.headers, &form.parameters).await
}

async fn answer(state: &authority::State, headers: &HeaderMap, parameters: &Parameters) -> Response<Body> {
    match authorize(state, headers, parameters).await {
        Ok(mut response) => {
            if response.extensions().get::<Line>().is_none() {
                let client = parameters.get("client_id").map(str::to_owned);
                response.extensions_mut().insert(Line { client, ..Line::default() });
            }
            response
        }
        Err(failure) => state.refuse(failure),
    }
}

/// Why a page or a redirect could not be made.
pub(super) enum Failure {
    /// The request is at fault.
    Request(AuthorizationError),
    /// We are.
    Server(OAuthError),
}

impl<E: Into<OAuthError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Server(error.into())
    }
}

impl From<AuthorizationError> for Failure {
    fn from(error: AuthorizationError) -> Self {
        Self::Request(error)
    }
}

impl authority::State {
    /// Tells the client, or the user when the client can't be told.
    pub(super) fn refuse(&self, failure: Failure) -> Response<Body> {
        match failure {
            Failure::Request(AuthorizationError::Unredirectable(message)) => {
                self.error_page(StatusCode::BAD_REQUEST, message, "invalid_request")
            }
            Failure::Request(AuthorizationError::Redirectable { redirect_uri, state, error, description }) => {
                let mut response =
                    see_other(&refused(&redirect_uri, state.as_deref(), &self.issuer, error, description));
                response.extensions_mut().insert(Line { code: Some(error), ..Line::default() });
                response
            }
            Failure::Server(error) => self.error_page(
                StatusCode::INTERNAL_SERVER_ERROR,
                "Something failed here. Please try again in a moment.",
                error.code(),
            ),
        }
    }

    /// The client and the request that these parameters make.
    pub(super) async fn read_request(
        &self,
        parameters: &Parameters,
    ) -> Result<(Client, AuthorizationRequest), Failure> {
        let client = match parameters.get("client_id") {
            Some(id) => self.store.client(id).await?,
            None => None,
        };
        let client =
            client.ok_or(AuthorizationError::Unredirectable("The application that sent you here is not known."))?;
        let request = AuthorizationRequest::read(parameters, &client)?;
        Ok((client, request))
    }

    /// The login page for a request.
    pub(super) fn login_page(
        &self,
        headers: &HeaderMap,
        client: &Client,
        request: &AuthorizationRequest,
        parameters: &Parameters,
        again: Option<(&str, &str)>,
    ) -> Result<Response<Body>, OAuthError> {
        let known = browser::cookie(headers, CSRF_COOKIE).filter(|token| token.len() == CSRF_CHARS);
        let token = match known {
            Some(token) => token.to_owned(),
            None => base64url::encode(&entropy::bytes::<CSRF_BYTES>()?),
        };
        let (username, error) = again.unzip();
        let page = LoginPage {
            action: &format!("{}{}", self.issuer, super::path::LOGIN),
            style: &self.style(),
            client_name: &client.name,
            csrf: &token,
            request: &parameters.to_text(),
            username: username.unwrap_or_default(),
            error,
        };
        let status = if error.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        let page = browser::page(status, &page, Some(&request.redirect_uri));
        Ok(([csrf_cookie(&token)], page).into_response())
    }
}

/// Whether a form's token is that of the browser's cookie.
pub(super) fn csrf_matches(headers: &HeaderMap, token: Option<&str>) -> bool {
    let cookie = browser::cookie(headers, CSRF_COOKIE);
    cookie.zip(token).is_some_and(|(cookie, token)| {
        cookie.len() == CSRF_CHARS && verify_slices_are_equal(cookie.as_bytes(), token.as_bytes()).is_ok()
    })
}

const CSRF_BYTES: usize = 32;
const CSRF_CHARS: usize = 43;

async fn authorize(
    state: &authority::State,
    headers: &HeaderMap,
    parameters: &Parameters,
) -> Result<Response<Body>, Failure> {
    let (client, request) = state.read_request(parameters).await?;
    let now = unix_now();
    let session = state.browser_session(headers, now).await?;
    let granted = match (request.next_step(session.as_ref(), now), session) {
        (NextStep::LoginRequired, _) => return Err(request.login_required().into()),
        (NextStep::Grant, Some(session)) => grant(state, &request, &session, now).await?,
        _ => None,
    };
    match granted {
        Some(address) => Ok(see_other(&address)),
        None => Ok(state.login_page(headers, &client, &request, parameters, None)?),
    }
}

/// Issues a code and says where it goes; nothing when the session has just ended.
async fn grant(
    state: &authority::State,
    request: &AuthorizationRequest,
    session: &Session,
    now: UnixTime,
) -> Result<Option<String>, OAuthError> {
    let code = PlainSecret::new(SecretKind::Code, entropy::bytes()?);
    let grant = CodeGrant {
        client_id: request.client_id.clone(),
        redirect_uri: request.redirect_uri.clone(),
        subject: session.subject.clone(),
        session_id: session.id.clone(),
        scope: request.scope.clone(),
        nonce: request.nonce.clone(),
        challenge: request.challenge,
        expires: now.plus(state.lifetimes.code),
        redeemed_for: None,
    };
    match state.store.apply(Write::from(session.must_be_live(now)).and(grant.add(&code.hash()))).await {
        Ok(_) => Ok(Some(request.granted(&state.issuer, code.expose()))),
        Err(WriteError::Conflict(Conflict::SessionEnded)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

//! The consent page, and `POST /consent`: a user decides what somebody else's application may have.

use ::http::header::HeaderMap;
use ::http::{Response, StatusCode};
use axum::body::Body;
use axum::extract::State;
use axum::response::IntoResponse;
use probity_jose::UnixTime;
use probity_verifier::clock::unix_now;
use tracing::info;
use url::Url;

use super::Shared;
use super::authorization_request::Found;
use super::authorize::TICKET;
use super::browser::{self, csrf_cookie, csrf_matches, csrf_token, see_other};
use super::error::OAuthError;
use super::failure::Failure;
use super::form::Form;
use super::path;
use crate::authority;
use crate::domain::authorization::{AuthorizationError, AuthorizationRequest};
use crate::domain::client::Client;
use crate::domain::consent::{Consent, claims_of};
use crate::domain::parameters::Parameters;
use crate::domain::scope::{self, Scope};
use crate::domain::session::Session;
use crate::pages::ConsentPage;
use crate::store::{Conflict, Write, WriteError};

/// What the consent page goes on with.
pub(super) struct ConsentForm<'a> {
    /// The authorization request.
    pub(super) parameters: &'a Parameters,
    /// Since when it has been under way.
    pub(super) since: UnixTime,
    /// Who is asked.
    pub(super) session: &'a Session,
}

impl authority::State {
    /// The consent page for a request.
    pub(super) fn consent_page(
        &self,
        headers: &HeaderMap,
        client: &Client,
        request: &AuthorizationRequest,
        form: &ConsentForm<'_>,
        now: UnixTime,
    ) -> Result<Response<Body>, OAuthError> {
        let csrf = csrf_token(headers)?;
        let text = form.parameters.to_text();
        let page = ConsentPage {
            action: &format!("{}{}", self.issuer, path::CONSENT),
            style: &self.style(),
            client_name: &client.name,
            destination: &destination(&request.reply_to.redirect_uri),
            code: None,
            wishes: &wishes(&request.scope, claims_of(request), &request.resources),
            csrf: &csrf,
            request: &text,
            ticket: &self.tickets.issue(&text, form.since),
            shown: &self.tickets.issue(&shown_to(form.session, &text), now),
        };
        let page = browser::page(StatusCode::OK, &page, Some(&request.reply_to.redirect_uri));
        Ok(([csrf_cookie(&csrf)], page).into_response())
    }
}

pub(super) async fn post(State(state): Shared, form: Form) -> Response<Body> {
    if state.is_cross_site(&form.headers) || !csrf_matches(&form.headers, form.parameters.get("csrf")) {
        let message = "This form did not come from our page, or your browser keeps no cookies. \
                       Please go back to the application and start again.";
        return state.error_page(StatusCode::FORBIDDEN, message, "consent.cross_site");
    }
    match decide(&state, &form).await {
        Ok(response) => response,
        Err(failure) => state.refuse(failure),
    }
}

async fn decide(state: &authority::State, form: &Form) -> Result<Response<Body>, Failure> {
    const STALE: AuthorizationError = AuthorizationError::Unredirectable(
        "This page is too old, or somebody else has signed in. Please go back to the application and start again.",
    );
    let now = unix_now();
    let field = |name| form.parameters.get(name).unwrap_or_default();
    let text = field("request");
    let parameters = Parameters::parse(text).map_err(|_| STALE)?;
    let since = state.tickets.read(text, field("ticket"), now).ok_or(STALE)?;
    let session = state.browser_session(&form.headers, now).await?.ok_or(STALE)?;
    // What was shown to one user is not agreed to by another.
    state.tickets.read(&shown_to(&session, text), field("shown"), now).ok_or(STALE)?;
    let Found { client, request, .. } = state.find_request(&parameters, since).await?;
    match field("decision") {
        "allow" => {}
        "deny" => return Err(request.refused("access_denied", "the user does not allow it").into()),
        _ => return Err(STALE.into()),
    }
    let consent = Consent::to(&request, now);
    let consent = match state.store.consent(&session.subject, &client.id).await? {
        Some(earlier) => consent.beside(&earlier),
        None => consent,
    };
    let write = Write::from(session.must_be_live(now)).and(consent.put(&session.subject, &client.id));
    match state.store.apply(write).await {
        Ok(_) => {}
        Err(WriteError::Conflict(Conflict::SessionEnded)) => return Err(STALE.into()),
        Err(error) => return Err(error.into()),
    }
    info!(client = client.id, scope = %request.scope, "a user has agreed to what a client asks for");
    let request = parameters.with(TICKET, field("ticket"));
    Ok(see_other(&format!("{}{}?{}", state.issuer, path::AUTHORIZE, request.to_text())))
}

/// What a ticket says that shows that a session was asked about a request.
fn shown_to(session: &Session, request: &str) -> String {
    format!("consent {} {request}", session.id)
}

/// The host, or the scheme of an application on the user's own device.
fn destination(redirect_uri: &str) -> String {
    let url = Url::parse(redirect_uri).ok();
    let host = url.as_ref().and_then(Url::host_str).map(str::to_owned);
    host.unwrap_or_else(|| redirect_uri.split(':').next().unwrap_or_default().to_owned())
}

/// What is asked for, in words.
pub(super) fn wishes<'a>(scope: &Scope, claims: impl Iterator<Item = &'a str>, resources: &[String]) -> Vec<String> {
    let meaning = |name: &str| match name {
        scope::OPENID => "know who you are".to_owned(),
        scope::OFFLINE_ACCESS => "keep its access when you are not there, until you withdraw it".to_owned(),
        "profile" => "see your name and the rest of your profile".to_owned(),
        "email" => "see your e-mail address".to_owned(),
        "address" => "see your postal address".to_owned(),
        "phone" => "see your phone number".to_owned(),
        other => format!("use {other}"),
    };
    let scopes = scope.names().map(meaning);
    let claims = claims.map(|claim| format!("see your {claim}"));
    let resources = resources.iter().map(|resource| format!("do this at {resource}"));
    scopes.chain(claims).chain(resources).collect()
}

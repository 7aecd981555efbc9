//! The back end's own addresses: `/login`, `/callback`, `/logout`, `/backchannel-logout` and `/session`, below the prefix.

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderValue, SET_COOKIE};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Body;
use probity_verifier::clock::unix_now;
use probity_verifier::{ClientError, Metadata, RelyingParty, UnixTime};
use tracing::{info, warn};
use url::form_urlencoded;

use super::login_state::{LOGIN_SECONDS, Login};
use super::return_to::ReturnTo;
use super::session::{Session, Step};
use super::sessions::Entry;
use super::{Browsers, cookie, cross_site, key_of, printable, see_other, tokens_of};
use crate::forward_auth::{Reply, json, reply};

/// The longest form that is read, in bytes: a logout token and little else.
const MAX_FORM_BYTES: usize = 32 * 1024;

/// The longest query that is read, in bytes.
const MAX_QUERY_BYTES: usize = 8 * 1024;

/// Bytes of randomness in a cookie.
const COOKIE_BYTES: usize = 32;

/// What a user is told instead of being logged in.
struct Problem {
    status: StatusCode,
    text: String,
}

impl Browsers {
    /// Answers a request to one of the back end's own addresses.
    pub(crate) async fn respond<B>(&self, parts: &Parts, body: B) -> Response<Reply>
    where
        B: Body<Data = Bytes> + Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let page = parts.uri.path().strip_prefix(&*self.plan.prefix).unwrap_or_default();
        if page != "/backchannel-logout" && !self.is_for_us(parts) {
            return problem(StatusCode::MISDIRECTED_REQUEST, "This is not the address of the application.", None);
        }
        let mut response = match (page, &parts.method) {
            ("/login", &Method::GET) => self.login(parts).await.unwrap_or_else(|problem| self.show(&problem)),
            ("/callback", &Method::GET) => self.callback(parts).await.unwrap_or_else(|problem| self.show(&problem)),
            ("/logout", &Method::GET | &Method::POST) => self.logout(parts).await,
            ("/session", &Method::GET) => self.session(parts).await,
            ("/backchannel-logout", &Method::POST) => self.backchannel_logout(body).await,
            ("/login" | "/callback" | "/logout" | "/session", _) => not_allowed("GET"),
            ("/backchannel-logout", _) => not_allowed("POST"),
            _ => problem(StatusCode::NOT_FOUND, "There is nothing here.", None),
        };
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }

    /// Sends the browser to the authority (RFC 6749 section 4.1.1), with PKCE, and with the request sent ahead where the authority
    /// takes that (RFC 9126).
    async fn login(&self, parts: &Parts) -> Result<Response<Reply>, Problem> {
        let query = query(parts)?;
        let return_to = one(&query, "return_to").and_then(|text| ReturnTo::parse(text, &self.plan.prefix));
        let max_age = one(&query, "max_age").filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        let metadata = RelyingParty::metadata(self.guard.trust()).ok_or_else(not_now)?;
        let endpoint = metadata.authorization_endpoint.clone().ok_or_else(not_now)?;
        // The cookie that the browser has, whatever it is worth, or a new one.
        let known = cookie::take(&mut parts.headers.clone());
        let fresh = if known.is_none() { Some(secret()?) } else { None };
        let browser = key_of(known.or_else(|| fresh.clone()).unwrap_or_default().as_str());
        let login = Login {
            id: random()?,
            browser,
            expires: unix_now().plus(LOGIN_SECONDS),
            return_to: return_to.unwrap_or_else(ReturnTo::root),
        };
        let keys = &self.memory.keys;
        let state = keys.seal(&login).map_err(|_| not_now())?;
        let (nonce, challenge) = (keys.nonce(&login), challenge(&keys.code_verifier(&login)));
        let redirect_uri = self.redirect_uri();
        let mut parameters = vec![
            ("response_type", "code"),
            ("redirect_uri", &*redirect_uri),
            ("scope", &*self.plan.scope),
            ("state", &*state),
            ("nonce", &*nonce),
            ("code_challenge", &*challenge),
            ("code_challenge_method", "S256"),
        ];
        parameters.extend(max_age.map(|seconds| ("max_age", seconds)));
        let mut url = endpoint;
        if let Some(endpoint) = &metadata.pushed_authorization_request_endpoint {
            let _place = self.pushes.try_acquire().map_err(|_| not_now())?;
            let pushed = self.client.push(self.guard.trust(), endpoint, &parameters).await;
            let request_uri = pushed.map_err(|error| failed("an authorization request was not taken", &error))?;
            url.query_pairs_mut().append_pair("client_id", self.client.id()).append_pair("request_uri", &request_uri);
        } else {
            url.query_pairs_mut().append_pair("client_id", self.client.id()).extend_pairs(parameters);
        }
        let mut response = see_other(url.as_str());
        if let Some(cookie) = fresh.as_deref().and_then(cookie::set) {
            response.headers_mut().insert(SET_COOKIE, cookie);
        }
        Ok(response)
    }

    /// The browser comes back with a code (RFC 6749 section 4.1.2).
    async fn callback(&self, parts: &Parts) -> Result<Response<Reply>, Problem> {
        let query = query(parts)?;
        let now = unix_now();
        let metadata = RelyingParty::metadata(self.guard.trust()).ok_or_else(not_now)?;
        check_issuer(metadata, one(&query, "iss"))?;
        let login = one(&query, "state").and_then(|state| self.memory.keys.open(state, &self.plan.prefix, now));
        let login = login.ok_or_else(|| refused("This login took too long, or was begun before a restart."))?;
        let browser = cookie::take(&mut parts.headers.clone()).map(|value| (key_of(&value), value));
        let bound = browser.as_ref().is_some_and(|(key, _)| login.is_of(key));
        if !bound {
            // Another window was faster. Its session is as good, and the code of this one is left alone.
            let is_known = browser.as_ref().and_then(|(_, value)| self.find(value)).is_some();
            return if is_known {
                Ok(see_other(login.return_to.as_str()))
            } else {
                Err(refused("This login was begun in another browser, or the browser keeps no cookies."))
            };
        }
        if let Some(error) = one(&query, "error") {
            info!(error = %printable(error), "a login was refused by the authority");
            return Err(refused(&format!("The login did not succeed ({}).", printable(error))));
        }
        let code = one(&query, "code").ok_or_else(|| refused("The answer has no code."))?;
        let entry = self.redeem(&login, code, now).await?;
        // Another cookie for the session than for the login: whoever knew the old one knows nothing.
        let value = secret()?;
        if let Some((key, _)) = browser {
            self.memory.sessions.remove(&key);
        }
        self.memory.sweep(&self.plan.limits, now);
        info!(sid = entry.who.session_id, "a user has logged in");
        self.memory.sessions.add(key_of(&value), entry, &self.plan.limits, now);
        let mut response = see_other(login.return_to.as_str());
        response.headers_mut().insert(SET_COOKIE, cookie::set(&value).ok_or_else(not_now)?);
        Ok(response)
    }

    async fn redeem(&self, login: &Login, code: &str, now: UnixTime) -> Result<Entry, Problem> {
        let (trust, keys) = (self.guard.trust(), &self.memory.keys);
        let answer = self.client.redeem(trust, code, &self.redirect_uri(), &keys.code_verifier(login)).await;
        let answer = answer.map_err(|error| failed("a code was not redeemed", &error))?;
        let not_taken = |what: &'static str, code: &str| {
            warn!(code, "{what}");
            Problem { status: StatusCode::BAD_GATEWAY, text: format!("The login did not succeed ({code}).") }
        };
        let id_token = answer.id_token.clone().ok_or_else(|| not_taken("no ID token came", "id_token.missing"))?;
        let who = self.client.verify_login(trust, &id_token, &answer.access_token, &keys.nonce(login), now).await;
        let who = who.map_err(|error| not_taken("the ID token of a login is not accepted", error.code()))?;
        // A session whose token is refused would lead back to the login, and so on for ever.
        let tokens = tokens_of(&self.guard, answer).await;
        let tokens = tokens.map_err(|code| not_taken("the access token of a login is not accepted here", code))?;
        Ok(Entry::new(who, id_token, Session::new(tokens, now)))
    }

    /// Ends the session here at once, and sends the browser to the authority to end it there (RP-Initiated Logout 1.0).
    async fn logout(&self, parts: &Parts) -> Response<Reply> {
        let own_link = parts.headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin" || site == "none");
        let is_own = cross_site::is_own(&parts.method, &parts.headers, &self.plan.origin);
        // A link from another site must not log anybody out.
        if !is_own || (parts.method == Method::GET && !own_link) {
            return problem(StatusCode::FORBIDDEN, "Log out from a page of the application.", None);
        }
        let cookie = cookie::take(&mut parts.headers.clone());
        let entry = cookie.and_then(|value| self.memory.sessions.remove(&key_of(&value)));
        let after = format!("{}{}", self.plan.origin, self.plan.after_logout.as_str());
        let mut location = after.clone();
        if let Some(entry) = entry {
            self.refuse_tokens(&entry).await;
            info!(sid = entry.who.session_id, "a user has logged out");
            let endpoint =
                RelyingParty::metadata(self.guard.trust()).and_then(|meta| meta.end_session_endpoint.clone());
            if let Some(mut url) = endpoint {
                url.query_pairs_mut()
                    .append_pair("id_token_hint", &entry.id_token)
                    .append_pair("client_id", self.client.id())
                    .append_pair("post_logout_redirect_uri", &after);
                location = url.into();
            }
        }
        let mut response = see_other(&location);
        response.headers_mut().insert(SET_COOKIE, cookie::clear());
        response
    }

    /// The authority says that a session has ended (Back-Channel Logout 1.0 section 2.5): no token of it passes from here on,
    /// in a cookie's place or not.
    async fn backchannel_logout<B>(&self, body: B) -> Response<Reply>
    where
        B: Body<Data = Bytes> + Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let invalid = |code: &str| {
            info!(code, "a logout from behind was refused");
            json(StatusCode::BAD_REQUEST, "{\"error\":\"invalid_request\"}\n")
        };
        let Ok(body) = Limited::new(body, MAX_FORM_BYTES).collect().await else { return invalid("request.body") };
        let form: Vec<_> = form_urlencoded::parse(&body.to_bytes()).into_owned().collect();
        let Some(token) = one(&form, "logout_token") else { return invalid("request.no_logout_token") };
        match self.client.verify_logout(self.guard.trust(), token, unix_now()).await {
            Ok(whom) => {
                let ended = self.memory.sessions.log_out(&whom);
                if let Some(session_id) = &whom.session_id {
                    self.guard.trust().end_session(session_id, unix_now());
                }
                for entry in &ended {
                    self.refuse_tokens(entry).await;
                }
                info!(sid = whom.session_id, sessions = ended.len(), "the authority has logged a user out");
                reply(StatusCode::OK, "text/plain; charset=utf-8", "")
            }
            Err(rejection) if rejection.is_temporary() => {
                json(StatusCode::SERVICE_UNAVAILABLE, "{\"error\":\"temporarily_unavailable\"}\n")
            }
            Err(rejection) => invalid(rejection.code()),
        }
    }

    /// Refuses what a session's tokens could still be used for, at this guard and at once.
    async fn refuse_tokens(&self, entry: &Entry) {
        let trust = self.guard.trust();
        if let Some(session_id) = &entry.who.session_id {
            trust.end_session(session_id, unix_now());
        } else if let Ok(judged) = trust.judge(&entry.with(|session| session.tokens().access.to_string())).await {
            trust.end_token(&judged.token, unix_now());
        }
    }

    /// Tells the application's pages who is logged in, without a token.
    async fn session(&self, parts: &Parts) -> Response<Reply> {
        let nobody = || json(StatusCode::UNAUTHORIZED, "{\"error\":\"unauthorized\"}\n");
        if !cross_site::is_own(&parts.method, &parts.headers, &self.plan.origin) {
            return nobody();
        }
        let cookie = cookie::take(&mut parts.headers.clone());
        let Some((_, entry)) = cookie.and_then(|value| self.find(&value)) else { return nobody() };
        let Step::Use(token) = self.token(&entry).await else { return nobody() };
        let Ok(access) = self.guard.trust().check(&token).await else { return nobody() };
        let ends = entry.with(|session| session.begun()).plus(self.plan.limits.lifetime);
        let document = serde_json::json!({
            "subject": entry.who.subject,
            "scope": access.scope(),
            "ends": ends.as_secs(),
        });
        json(StatusCode::OK, format!("{document}\n"))
    }

    fn redirect_uri(&self) -> String {
        format!("{}{}/callback", self.plan.origin, self.plan.prefix)
    }

    fn show(&self, wrong: &Problem) -> Response<Reply> {
        problem(wrong.status, &wrong.text, Some(&self.plan.prefix))
    }
}

/// RFC 9207 section 2.4: an answer that names another issuer is mixed up.
fn check_issuer(metadata: &Metadata, said: Option<&str>) -> Result<(), Problem> {
    let is_missing = said.is_none() && metadata.authorization_response_iss_parameter_supported;
    if is_missing || said.is_some_and(|said| said != metadata.issuer) {
        return Err(refused("The answer is of another issuer."));
    }
    Ok(())
}

/// A page with a sentence, and a link to log in. Nothing in it comes from outside but an error code of letters.
fn problem(status: StatusCode, text: &str, prefix: Option<&str>) -> Response<Reply> {
    let link = prefix.map(|prefix| format!("<p><a href=\"{prefix}/login\">Log in</a></p>")).unwrap_or_default();
    let page = format!("<!doctype html><html lang=\"en\"><title>Log in</title><p>{text}</p>{link}</html>\n");
    let mut response = reply(status, "text/html; charset=utf-8", page);
    let policy = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; base-uri 'none'");
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    response
}

fn not_allowed(method: &'static str) -> Response<Reply> {
    let mut response = problem(StatusCode::METHOD_NOT_ALLOWED, "This method is not for this address.", None);
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(method));
    response
}

fn not_now() -> Problem {
    Problem { status: StatusCode::SERVICE_UNAVAILABLE, text: "Nobody can log in for the moment.".to_owned() }
}

fn refused(text: &str) -> Problem {
    Problem { status: StatusCode::BAD_REQUEST, text: text.to_owned() }
}

fn failed(what: &'static str, error: &ClientError) -> Problem {
    warn!(error = %error, "{what}");
    match error {
        ClientError::Refused(_) => refused("The login did not succeed."),
        _ => not_now(),
    }
}

fn query(parts: &Parts) -> Result<Vec<(String, String)>, Problem> {
    let query = parts.uri.query().unwrap_or_default();
    if query.len() > MAX_QUERY_BYTES {
        return Err(refused("The address is too long."));
    }
    Ok(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
}

/// The value of a parameter that comes once (RFC 6749 section 3.1).
fn one<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let mut values = pairs.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
    values.next().filter(|_| values.next().is_none())
}

/// RFC 7636 section 4.2: S256.
fn challenge(verifier: &str) -> String {
    use base64::Engine;
    base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(key_of(verifier))
}

fn secret() -> Result<String, Problem> {
    use base64::Engine;
    Ok(base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(random::<COOKIE_BYTES>()?))
}

#[expect(clippy::disallowed_methods, reason = "this is the rim, where randomness is drawn")]
fn random<const N: usize>() -> Result<[u8; N], Problem> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| not_now())?;
    Ok(bytes)
}

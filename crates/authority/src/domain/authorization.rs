//! Authorization requests: RFC 6749 section 4.1.1, RFC 7636, OpenID Connect Core 1.0 section 3.1.2.

use url::Url;

use probity_jose::UnixTime;

use super::client::{Client, GrantType};
use super::parameters::Parameters;
use super::pkce::Challenge;
use super::scope::{Scope, ScopeError};
use super::session::Session;

/// The longest `state` and `nonce`, in bytes: both are kept or sent back.
pub const MAX_ECHOED_BYTES: usize = 2_048;

/// A request that may be granted once the user has logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizationRequest {
    /// Who asks.
    pub client_id: String,
    /// Where the answer goes.
    pub redirect_uri: String,
    /// Goes back as it came.
    pub state: Option<String>,
    /// What is asked for.
    pub scope: Scope,
    /// Goes into the ID token.
    pub nonce: Option<String>,
    /// The PKCE challenge.
    pub challenge: Challenge,
    /// Whether and when to ask the user.
    pub prompt: Prompt,
    /// The oldest login that will do, in seconds.
    pub max_age: Option<u64>,
}

/// `prompt`: OpenID Connect Core 1.0 section 3.1.2.1. Consent and the choice of an account come with the login page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Prompt {
    /// Ask when there is need.
    #[default]
    WhenNeeded,
    /// Ask nothing; fail when there is need.
    Never,
    /// Ask for the password, whoever is logged in.
    Login,
}

/// Why a request can't be granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthorizationError {
    /// Where the answer should go can't be trusted: the user is told, the client is not (RFC 6749 section 4.1.2.1).
    Unredirectable(&'static str),
    /// The client is told.
    Redirectable {
        /// Where.
        redirect_uri: String,
        /// `state` of the request.
        state: Option<String>,
        /// `error`.
        error: &'static str,
        /// `error_description`.
        description: &'static str,
    },
}

/// What is to be done about a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextStep {
    /// Show the login page.
    LogIn,
    /// The user is known: issue a code.
    Grant,
    /// The user would have to be asked, but the client does not want that.
    LoginRequired,
}

impl AuthorizationRequest {
    /// Reads a request of this client.
    ///
    /// # Errors
    /// [`AuthorizationError`]
    pub fn read(parameters: &Parameters, client: &Client) -> Result<Self, AuthorizationError> {
        let redirect_uri = client.redirect_uri(parameters.get("redirect_uri")).ok_or({
            AuthorizationError::Unredirectable("The address to return to is not registered for this application.")
        })?;
        let state = parameters.get("state");
        // A state that is too long to be sent back is not sent back.
        let echoed = state.filter(|state| state.len() <= MAX_ECHOED_BYTES);
        let refuse = |error, description| AuthorizationError::Redirectable {
            redirect_uri: redirect_uri.to_owned(),
            state: echoed.map(str::to_owned),
            error,
            description,
        };
        let nonce = parameters.get("nonce");
        if [state, nonce].into_iter().flatten().any(|text| text.len() > MAX_ECHOED_BYTES) {
            return Err(refuse("invalid_request", "state or nonce is too long"));
        }
        // OpenID Connect Core 1.0 section 6: not supported yet, and never to be passed over.
        if parameters.get("request").is_some() {
            return Err(refuse("request_not_supported", "request objects are not supported"));
        }
        if parameters.get("request_uri").is_some() {
            return Err(refuse("request_uri_not_supported", "request_uri is not supported"));
        }
        match parameters.get("response_type") {
            Some("code") => {}
            Some(_) => return Err(refuse("unsupported_response_type", "only code: tokens do not belong in addresses")),
            None => return Err(refuse("invalid_request", "response_type is missing")),
        }
        if parameters.get("response_mode").is_some_and(|mode| mode != "query") {
            return Err(refuse("invalid_request", "response_mode must be query"));
        }
        if !client.may_use(GrantType::AuthorizationCode) {
            return Err(refuse("unauthorized_client", "the client may not use authorization_code"));
        }
        let scope = client.scope.grant(parameters.get("scope")).map_err(|error| match error {
            ScopeError::Malformed => refuse("invalid_scope", "the scope is malformed"),
            ScopeError::NotAllowed => refuse("invalid_scope", "the scope has a name that this client may not ask for"),
        })?;
        // RFC 7636 section 4.3: without a method the challenge would be plain, which a thief of the request can answer.
        if parameters.get("code_challenge_method").is_some_and(|method| method != "S256")
            || (parameters.get("code_challenge").is_some() && parameters.get("code_challenge_method").is_none())
        {
            return Err(refuse("invalid_request", "code_challenge_method must be S256"));
        }
        let challenge = parameters.get("code_challenge");
        let challenge = challenge.ok_or_else(|| refuse("invalid_request", "code_challenge is missing (PKCE)"))?;
        let challenge = Challenge::parse(challenge)
            .ok_or_else(|| refuse("invalid_request", "code_challenge is not a SHA-256 as base64url"))?;
        let prompt = Prompt::parse(parameters.get("prompt"))
            .ok_or_else(|| refuse("invalid_request", "prompt is none, or any of login, consent and select_account"))?;
        let max_age = parameters.get("max_age").map(str::parse).transpose();
        let max_age = max_age.map_err(|_| refuse("invalid_request", "max_age is not a number of seconds"))?;
        Ok(Self {
            client_id: client.id.clone(),
            redirect_uri: redirect_uri.to_owned(),
            state: echoed.map(str::to_owned),
            scope,
            nonce: nonce.map(str::to_owned),
            challenge,
            prompt,
            max_age,
        })
    }

    /// What is to be done, given the session of the browser that asks.
    pub fn next_step(&self, session: Option<&Session>, now: UnixTime) -> NextStep {
        let is_fresh = |session: &&Session| self.max_age.is_none_or(|age| !session.is_older_than(age, now));
        match (session.filter(is_fresh), self.prompt) {
            (Some(_), Prompt::WhenNeeded | Prompt::Never) => NextStep::Grant,
            (None, Prompt::Never) => NextStep::LoginRequired,
            (None, Prompt::WhenNeeded) | (_, Prompt::Login) => NextStep::LogIn,
        }
    }

    /// The error that tells the client that the user would have to be asked.
    pub fn login_required(&self) -> AuthorizationError {
        AuthorizationError::Redirectable {
            redirect_uri: self.redirect_uri.clone(),
            state: self.state.clone(),
            error: "login_required",
            description: "the user is not logged in",
        }
    }

    /// The address that takes a code to the client, with `iss` against mix-up (RFC 9207).
    pub fn granted(&self, issuer: &str, code: &str) -> String {
        response_address(&self.redirect_uri, self.state.as_deref(), issuer, &[("code", code)])
    }
}

impl Prompt {
    fn parse(text: Option<&str>) -> Option<Self> {
        let Some(text) = text else {
            return Some(Self::WhenNeeded);
        };
        let mut prompt = Self::WhenNeeded;
        for name in text.split(' ') {
            match name {
                // `none` stands alone.
                "none" if text == "none" => prompt = Self::Never,
                "login" | "select_account" => prompt = Self::Login,
                "consent" => {}
                _ => return None,
            }
        }
        Some(prompt)
    }
}

/// The address that takes an error to the client: RFC 6749 section 4.1.2.1.
pub fn refused(redirect_uri: &str, state: Option<&str>, issuer: &str, error: &str, description: &str) -> String {
    response_address(redirect_uri, state, issuer, &[("error", error), ("error_description", description)])
}

fn response_address(redirect_uri: &str, state: Option<&str>, issuer: &str, parameters: &[(&str, &str)]) -> String {
    // The redirect URI was checked when it was registered.
    let Ok(mut url) = Url::parse(redirect_uri) else {
        return redirect_uri.to_owned();
    };
    url.query_pairs_mut()
        .extend_pairs(parameters)
        .extend_pairs(state.map(|state| ("state", state)))
        .append_pair("iss", issuer);
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use probity_verifier::revocation::SessionIndex;

    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn client() -> Client {
        Client {
            id: "app".into(),
            name: "App".into(),
            secret: None,
            grant_types: vec![GrantType::AuthorizationCode],
            redirect_uris: vec!["https://app.example/cb?x=1".into()],
            scope: Scope::parse("openid read").unwrap(),
            audience: "https://api.example".into(),
        }
    }

    fn good() -> Parameters {
        Parameters::parse(&format!(
            "response_type=code&client_id=app&scope=openid&state=s+t&code_challenge={CHALLENGE}&code_challenge_method=S256"
        ))
        .unwrap()
    }

    fn error_of(parameters: &Parameters) -> &'static str {
        match AuthorizationRequest::read(parameters, &client()) {
            Err(AuthorizationError::Redirectable { error, .. }) => error,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_good_request_is_read_and_answered_where_it_said_with_state_and_issuer() {
        let request = AuthorizationRequest::read(&good(), &client()).unwrap();
        assert_eq!(request.scope.to_string(), "openid");
        assert_eq!(
            request.granted("https://as.example", "c+d"),
            "https://app.example/cb?x=1&code=c%2Bd&state=s+t&iss=https%3A%2F%2Fas.example"
        );
    }

    #[test]
    fn nothing_is_sent_to_an_address_that_is_not_registered() {
        let request = good().with("redirect_uri", "https://evil.example/cb");
        let outcome = AuthorizationRequest::read(&request, &client());
        assert!(matches!(outcome, Err(AuthorizationError::Unredirectable(_))));
    }

    #[test]
    fn each_fault_gets_its_standard_error() {
        for (name, value, error) in [
            ("response_type", "token", "unsupported_response_type"),
            ("response_type", "code id_token", "unsupported_response_type"),
            ("response_type", "", "invalid_request"),
            ("response_mode", "fragment", "invalid_request"),
            ("scope", "openid admin", "invalid_scope"),
            ("scope", "a  b", "invalid_scope"),
            ("code_challenge", "", "invalid_request"),
            ("code_challenge", "short", "invalid_request"),
            ("code_challenge_method", "plain", "invalid_request"),
            ("code_challenge_method", "", "invalid_request"),
            ("prompt", "none login", "invalid_request"),
            ("prompt", "maybe", "invalid_request"),
            ("max_age", "-1", "invalid_request"),
            ("request", "e30.e30.", "request_not_supported"),
            ("request_uri", "https://x.example", "request_uri_not_supported"),
            ("state", &"x".repeat(MAX_ECHOED_BYTES + 1), "invalid_request"),
        ] {
            let request = if value.is_empty() { good().without(name) } else { good().with(name, value) };
            assert_eq!(error_of(&request), error, "{name}={value}");
        }
    }

    #[test]
    fn a_login_is_asked_for_when_there_is_none_or_it_is_too_old_or_the_client_wants_one() {
        let session = Session {
            id: "s".into(),
            subject: "u".into(),
            auth_time: UnixTime::from_secs(100),
            expires: UnixTime::from_secs(10_000),
            place: SessionIndex { list: 0, index: 0 },
        };
        let now = UnixTime::from_secs(160);
        let step = |name: &str, value: &str, session: Option<&Session>| {
            AuthorizationRequest::read(&good().with(name, value), &client()).unwrap().next_step(session, now)
        };
        assert_eq!(step("state", "x", None), NextStep::LogIn);
        assert_eq!(step("state", "x", Some(&session)), NextStep::Grant);
        assert_eq!(step("prompt", "none", None), NextStep::LoginRequired);
        assert_eq!(step("prompt", "none", Some(&session)), NextStep::Grant);
        assert_eq!(step("prompt", "login", Some(&session)), NextStep::LogIn);
        assert_eq!(step("max_age", "60", Some(&session)), NextStep::Grant);
        assert_eq!(step("max_age", "59", Some(&session)), NextStep::LogIn);
    }
}

//! Authorization requests: RFC 6749 section 4.1.1, RFC 7636, OpenID Connect Core 1.0 section 3.1.2.

mod next_step;
mod prompt;
mod reply;

pub use next_step::{NextStep, Situation};
pub use prompt::Prompt;
pub use reply::{Carrier, Reply, ReplyTo, ResponseMode, with_query};

use probity_jose::base64url;

use super::claims::ClaimsRequest;
use super::client::{Client, GrantType};
use super::parameters::Parameters;
use super::pkce::Challenge;
use super::scope::{self, Scope, ScopeError};

/// The longest `state` and `nonce`, in bytes: both are kept or sent back.
pub const MAX_ECHOED_BYTES: usize = 2_048;

/// The longest `login_hint`, in bytes.
pub const MAX_LOGIN_HINT_BYTES: usize = 255;

/// Bytes of a key's thumbprint (RFC 7638 with SHA-256).
const THUMBPRINT_BYTES: usize = 32;

/// A request that may be granted once the user has logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizationRequest {
    /// Where the answer goes.
    pub reply_to: ReplyTo,
    /// What is asked for.
    pub scope: Scope,
    /// Goes into the ID token.
    pub nonce: Option<String>,
    /// The PKCE challenge; nothing from a client that is excused from it.
    pub challenge: Option<Challenge>,
    /// Whether and when to ask the user.
    pub prompt: Prompt,
    /// The oldest login that will do, in seconds.
    pub max_age: Option<u64>,
    /// The claims that are asked for one by one.
    pub claims: ClaimsRequest,
    /// Whom the client believes to be there: fills in the login page.
    pub login_hint: Option<String>,
    /// Whom the client wants, as it calls them: from a verified `id_token_hint`.
    pub hinted_subject: Option<String>,
    /// The thumbprint of the one key that may redeem the code (RFC 9449 section 10).
    pub key: Option<String>,
    /// Where tokens are to be good (RFC 8707); nothing for the client's own audience.
    pub resources: Vec<String>,
}

/// How a request came here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Origin {
    /// Pushed by the client itself (RFC 9126).
    pub pushed: bool,
    /// Signed by the client (RFC 9101).
    pub signed: bool,
}

/// Why a request can't be granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthorizationError {
    /// Where the answer should go can't be trusted: the user is told, the client is not (RFC 6749 section 4.1.2.1).
    Unredirectable(&'static str),
    /// The client is told.
    Redirectable {
        /// Where.
        reply_to: Box<ReplyTo>,
        /// `error`.
        error: &'static str,
        /// `error_description`.
        description: &'static str,
    },
}

impl AuthorizationRequest {
    /// Reads a request of this client. Parameters of a request object or of a pushed request are the ones inside.
    ///
    /// # Errors
    /// [`AuthorizationError`]
    pub fn read(parameters: &Parameters, client: &Client, origin: Origin) -> Result<Self, AuthorizationError> {
        let (reply_to, is_mode_known) = reply_to(parameters, client)?;
        let refuse = |error, description| AuthorizationError::Redirectable {
            reply_to: Box::new(reply_to.clone()),
            error,
            description,
        };
        if !is_mode_known {
            let description = "response_mode is query, form_post, jwt, query.jwt or form_post.jwt";
            return Err(refuse("invalid_request", description));
        }
        let nonce = parameters.get("nonce");
        if [parameters.get("state"), nonce].into_iter().flatten().any(|text| text.len() > MAX_ECHOED_BYTES) {
            return Err(refuse("invalid_request", "state or nonce is too long"));
        }
        if client.metadata.require_pushed_authorization_requests && !origin.pushed {
            return Err(refuse("invalid_request", "the client has to push its requests (RFC 9126)"));
        }
        if client.metadata.require_signed_request_object && !origin.signed {
            return Err(refuse("invalid_request", "the client has to sign its requests (RFC 9101)"));
        }
        match parameters.get("response_type") {
            Some("code") => {}
            Some(_) => return Err(refuse("unsupported_response_type", "only code: tokens do not belong in addresses")),
            None => return Err(refuse("invalid_request", "response_type is missing")),
        }
        if !client.may_use(GrantType::AuthorizationCode) {
            return Err(refuse("unauthorized_client", "the client may not use authorization_code"));
        }
        let scope = client.scope.grant(parameters.get("scope")).map_err(|error| match error {
            ScopeError::Malformed => refuse("invalid_scope", "the scope is malformed"),
            ScopeError::NotAllowed => refuse("invalid_scope", "the scope has a name that this client may not ask for"),
        })?;
        // RFC 7636 section 4.3: without a method the challenge would be plain, which a thief of the request can answer.
        let challenge = match (parameters.get("code_challenge"), parameters.get("code_challenge_method")) {
            (Some(challenge), Some("S256")) => {
                let challenge = Challenge::parse(challenge)
                    .ok_or_else(|| refuse("invalid_request", "code_challenge is not a SHA-256 as base64url"))?;
                Some(challenge)
            }
            (Some(_), _) => return Err(refuse("invalid_request", "code_challenge_method must be S256")),
            // OAuth 2.1 section 7.5.1: the client finds a code that was slipped to it by the nonce in its ID token.
            (None, None) if client.may_omit_pkce() && nonce.is_some() && scope.contains(scope::OPENID) => None,
            (None, _) if client.may_omit_pkce() => {
                return Err(refuse("invalid_request", "either PKCE, or the scope openid with a nonce"));
            }
            (None, _) => return Err(refuse("invalid_request", "code_challenge is missing (PKCE)")),
        };
        let prompt = Prompt::parse(parameters.get("prompt"))
            .ok_or_else(|| refuse("invalid_request", "prompt is none, or any of login, consent and select_account"))?;
        let max_age = parameters.get("max_age").map(str::parse).transpose();
        let max_age = max_age.map_err(|_| refuse("invalid_request", "max_age is not a number of seconds"))?;
        let claims = parameters.get("claims").map(ClaimsRequest::parse).transpose();
        let claims = claims.map_err(|_| refuse("invalid_request", "claims can't be read"))?.unwrap_or_default();
        let resources = client.resources(parameters.all("resource"));
        let resources = resources.map_err(|_| refuse("invalid_target", "resource is none that the client may have"))?;
        let key = parameters.get("dpop_jkt");
        if key.is_some_and(|key| base64url::decode(key).map_or(0, |bytes| bytes.len()) != THUMBPRINT_BYTES) {
            return Err(refuse("invalid_request", "dpop_jkt is no SHA-256 thumbprint as base64url"));
        }
        let login_hint = parameters.get("login_hint").filter(|hint| hint.len() <= MAX_LOGIN_HINT_BYTES);
        Ok(Self {
            scope,
            nonce: nonce.map(str::to_owned),
            challenge,
            prompt,
            max_age: max_age.or(client.metadata.default_max_age),
            claims,
            login_hint: login_hint.map(str::to_owned),
            hinted_subject: None,
            key: key.map(str::to_owned),
            resources,
            reply_to,
        })
    }

    /// The error of a request whose object can't be read. What stands beside the object says where it goes, and is
    /// trusted for nothing else.
    pub fn unreadable(
        parameters: &Parameters,
        client: &Client,
        error: &'static str,
        description: &'static str,
    ) -> AuthorizationError {
        match reply_to(parameters, client) {
            Ok((reply_to, _)) => AuthorizationError::Redirectable { reply_to: Box::new(reply_to), error, description },
            Err(error) => error,
        }
    }

    /// The same request for the subject of a verified `id_token_hint`.
    #[must_use]
    pub fn for_subject(mut self, subject: String) -> Self {
        self.hinted_subject = Some(subject);
        self
    }

    /// The error that tells the client that this request can't be granted.
    pub fn refused(&self, error: &'static str, description: &'static str) -> AuthorizationError {
        AuthorizationError::Redirectable { reply_to: Box::new(self.reply_to.clone()), error, description }
    }

    /// The answer that takes a code to the client.
    pub fn granted(&self, issuer: &str, code: &str) -> Reply {
        Reply::new(self.reply_to.clone(), issuer, vec![("code", code.to_owned())])
    }
}

/// Where the answer goes, and whether the way that was asked for is known: an error about that can't go that way.
fn reply_to(parameters: &Parameters, client: &Client) -> Result<(ReplyTo, bool), AuthorizationError> {
    let redirect_uri = client.redirect_uri(parameters.get("redirect_uri")).ok_or({
        AuthorizationError::Unredirectable("The address to return to is not registered for this application.")
    })?;
    let mode = parameters.get("response_mode").map_or(Some(ResponseMode::QUERY), ResponseMode::parse);
    let reply_to = ReplyTo {
        client_id: client.id.clone(),
        redirect_uri: redirect_uri.to_owned(),
        mode: mode.unwrap_or(ResponseMode::QUERY),
        algorithm: client.metadata.authorization_signed_response_alg,
        // A state that is too long to be sent back is not sent back.
        state: parameters.get("state").filter(|state| state.len() <= MAX_ECHOED_BYTES).map(str::to_owned),
    };
    Ok((reply_to, mode.is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::authentication::{Authentication, PASSWORD_CLASS};
    use crate::domain::client::metadata::ClientMetadata;
    use crate::domain::consent::Consent;
    use crate::domain::session::Session;
    use probity_jose::UnixTime;
    use probity_verifier::revocation::SessionIndex;

    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn client() -> Client {
        Client {
            redirect_uris: vec!["https://app.example/cb?x=1".into()],
            scope: Scope::parse("openid read").unwrap(),
            ..Client::sample()
        }
    }

    fn read(parameters: &Parameters, client: &Client) -> Result<AuthorizationRequest, AuthorizationError> {
        AuthorizationRequest::read(parameters, client, Origin::default())
    }

    fn good() -> Parameters {
        Parameters::parse(&format!(
            "response_type=code&client_id=app&scope=openid&state=s+t&code_challenge={CHALLENGE}&code_challenge_method=S256"
        ))
        .unwrap()
    }

    fn error_of(parameters: &Parameters) -> &'static str {
        match read(parameters, &client()) {
            Err(AuthorizationError::Redirectable { error, .. }) => error,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_good_request_is_read() {
        let request = good().with("response_mode", "form_post").with("claims", r#"{"userinfo":{"name":null}}"#);
        let request = read(&request, &client()).unwrap();
        assert_eq!(request.scope.to_string(), "openid");
        assert_eq!(request.reply_to.mode.carrier, Carrier::FormPost);
        assert!(request.claims.userinfo.contains_key("name"));
        let reply = request.granted("https://as.example", "c");
        assert_eq!(
            reply.parameters,
            [("code", "c".to_owned()), ("state", "s t".to_owned()), ("iss", "https://as.example".to_owned())]
        );
    }

    #[test]
    fn nothing_is_sent_to_an_address_that_is_not_registered() {
        let request = good().with("redirect_uri", "https://evil.example/cb");
        let outcome = read(&request, &client());
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
            ("claims", "[]", "invalid_request"),
            ("dpop_jkt", "short", "invalid_request"),
            ("resource", "https://elsewhere.example", "invalid_target"),
            ("resource", "not-absolute", "invalid_target"),
            ("state", &"x".repeat(MAX_ECHOED_BYTES + 1), "invalid_request"),
        ] {
            let request = if value.is_empty() { good().without(name) } else { good().with(name, value) };
            assert_eq!(error_of(&request), error, "{name}={value}");
        }
    }

    fn session() -> Session {
        Session {
            id: "s".into(),
            subject: "u".into(),
            authentication: Authentication::by_password(UnixTime::from_secs(100)),
            expires: UnixTime::from_secs(10_000),
            latest_end: UnixTime::from_secs(10_000),
            place: SessionIndex { list: 0, index: 0 },
        }
    }

    fn step(parameters: &Parameters, since: Option<u64>, session: Option<&Session>) -> NextStep {
        let since = since.map(UnixTime::from_secs);
        let situation = Situation { session, since, ..situation() };
        read(parameters, &client()).unwrap().next_step(situation)
    }

    /// Nobody is logged in, and the client is our own.
    fn situation() -> Situation<'static> {
        let now = UnixTime::from_secs(160);
        Situation { session: None, subject: Some("u"), third_party: false, consent: None, since: None, now }
    }

    fn refused(step: NextStep) -> &'static str {
        match step {
            NextStep::Refuse { error, .. } => error,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_login_is_asked_for_when_there_is_none_or_it_is_too_old_or_the_client_wants_one() {
        let session = session();
        assert_eq!(step(&good(), None, None), NextStep::LogIn);
        assert_eq!(step(&good(), None, Some(&session)), NextStep::Grant);
        assert_eq!(step(&good().with("prompt", "none"), None, Some(&session)), NextStep::Grant);
        assert_eq!(refused(step(&good().with("prompt", "none"), None, None)), "login_required");
        for prompt in ["login", "select_account", "consent login"] {
            assert_eq!(step(&good().with("prompt", prompt), None, Some(&session)), NextStep::LogIn, "{prompt}");
        }
        assert_eq!(step(&good().with("max_age", "60"), None, Some(&session)), NextStep::Grant);
        assert_eq!(step(&good().with("max_age", "59"), None, Some(&session)), NextStep::LogIn);
        assert_eq!(step(&good().with("max_age", "0"), None, Some(&session)), NextStep::LogIn);
    }

    #[test]
    fn a_login_that_has_happened_since_the_request_came_is_not_asked_for_again() {
        let session = session();
        for (name, value) in [("prompt", "login"), ("max_age", "0"), ("max_age", "30")] {
            let request = good().with(name, value);
            assert_eq!(step(&request, Some(100), Some(&session)), NextStep::Grant, "{name}={value}");
            assert_eq!(step(&request, Some(101), Some(&session)), NextStep::LogIn, "{name}={value}, an earlier login");
        }
    }

    #[test]
    fn another_user_than_the_one_whom_the_client_wants_is_asked_to_log_in() {
        let session = session();
        let claims =
            |subject: &str| good().with("claims", &format!(r#"{{"id_token":{{"sub":{{"value":"{subject}"}}}}}}"#));
        assert_eq!(step(&claims("u"), None, Some(&session)), NextStep::Grant);
        assert_eq!(step(&claims("v"), None, Some(&session)), NextStep::LogIn);
        assert_eq!(refused(step(&claims("v").with("prompt", "none"), None, Some(&session))), "login_required");
        let hinted = read(&good(), &client()).unwrap().for_subject("v".into());
        let situation = Situation { session: Some(&session), ..situation() };
        assert_eq!(hinted.next_step(situation), NextStep::LogIn);
        // Section 3.1.2.2: and if another one has logged in all the same, the client is told.
        let back = Situation { since: Some(session.authentication.time), ..situation };
        assert_eq!(refused(hinted.next_step(back)), "login_required");
    }

    #[test]
    fn somebody_elses_client_gets_what_the_user_has_agreed_to() {
        let session = session();
        let logged_in = Situation { session: Some(&session), third_party: true, ..situation() };
        let request = read(&good(), &client()).unwrap();
        assert_eq!(request.next_step(logged_in), NextStep::AskConsent);
        let consent = Consent::to(&request, UnixTime::from_secs(50));
        let agreed = Situation { consent: Some(&consent), ..logged_in };
        assert_eq!(request.next_step(agreed), NextStep::Grant);
        let more = read(&good().with("scope", "openid read"), &client()).unwrap();
        assert_eq!(more.next_step(agreed), NextStep::AskConsent, "more than was agreed to");
        let silent = read(&good().with("prompt", "none"), &client()).unwrap();
        assert_eq!(refused(silent.next_step(logged_in)), "consent_required");
        assert_eq!(silent.next_step(agreed), NextStep::Grant);
    }

    #[test]
    fn prompt_consent_asks_whatever_was_agreed_to_before_and_whosever_the_client_is() {
        let session = session();
        let request = read(&good().with("prompt", "consent"), &client()).unwrap();
        for third_party in [false, true] {
            let consent = Consent::to(&request, UnixTime::from_secs(150));
            let asked = Situation { session: Some(&session), third_party, consent: Some(&consent), ..situation() };
            assert_eq!(request.next_step(asked), NextStep::AskConsent);
            let back = |since| Situation { since: Some(UnixTime::from_secs(since)), ..asked };
            assert_eq!(request.next_step(back(151)), NextStep::AskConsent, "agreed before the request came");
            assert_eq!(request.next_step(back(150)), NextStep::Grant);
        }
    }

    #[test]
    fn an_essential_class_that_no_login_reaches_is_refused_and_a_voluntary_one_is_not() {
        let session = session();
        let claims = |essential: bool, class: &str| {
            let acr = serde_json::json!({"id_token": {"acr": {"essential": essential, "values": [class]}}});
            step(&good().with("claims", &acr.to_string()), None, Some(&session))
        };
        assert_eq!(refused(claims(true, "gold")), "unmet_authentication_requirements");
        assert_eq!(claims(false, "gold"), NextStep::Grant);
        assert_eq!(claims(true, PASSWORD_CLASS), NextStep::Grant);
        assert_eq!(step(&good().with("acr_values", "gold"), None, Some(&session)), NextStep::Grant);
    }

    #[test]
    fn a_client_that_must_push_or_sign_its_requests_does_so() {
        let pushing = ClientMetadata { require_pushed_authorization_requests: true, ..ClientMetadata::default() };
        let signing = ClientMetadata { require_signed_request_object: true, ..ClientMetadata::default() };
        let (pushed, signed) = (Origin { pushed: true, signed: false }, Origin { pushed: false, signed: true });
        for (metadata, good) in [(pushing, pushed), (signing, signed)] {
            let client = Client { metadata, ..client() };
            for origin in [Origin::default(), pushed, signed, Origin { pushed: true, signed: true }] {
                let read = AuthorizationRequest::read(&self::good(), &client, origin);
                let fits = (origin.pushed && good.pushed) || (origin.signed && good.signed);
                assert_eq!(read.is_ok(), fits, "{origin:?}");
            }
        }
    }
}

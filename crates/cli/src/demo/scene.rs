//! Who takes part in the demo and what each can do: a user at a browser, a service, and the files that let whoever
//! watches do the same with curl.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;
use http::header::RETRY_AFTER;
use probity_jose::base64url;
use probity_verifier::clock::boot_now;
use serde_json::Value;
use url::Url;
use zeroize::Zeroizing;

use super::browser::Browser;
use super::relay::Relay;
use crate::command::admin::Admin;
use crate::command::audit::Own;
use crate::dev_folder::{APP, DevFolder, SERVICE, USER};
use crate::failure::{Doing, Failure};
use crate::pki::write_private;
use crate::random;

/// How often the tokens in the files are renewed while the demo serves: they live for five minutes.
const RENEWAL: Duration = Duration::from_mins(2);

/// What runs and who takes part.
pub(super) struct Scene {
    pub(super) client: reqwest::Client,
    pub(super) files: DevFolder,
    pub(super) issuer: String,
    /// Where the guard is asked.
    pub(super) guard: String,
    /// The API's address without a path.
    pub(super) api: String,
    pub(super) redirect_uri: String,
    /// What the guard's network goes through.
    pub(super) relay: Arc<Relay>,
    pub(super) password: Zeroizing<String>,
    service_secret: Zeroizing<String>,
    /// The refresh token of the session behind the file `alice`.
    refresh: Mutex<Option<String>>,
}

/// Where everything is.
pub(super) struct Addresses {
    pub(super) issuer: String,
    /// Where the guard is asked.
    pub(super) guard: String,
    /// The API's address without a path.
    pub(super) api: String,
    pub(super) redirect_uri: String,
}

/// What a user gets by logging in.
pub(super) struct Tokens {
    pub(super) access: String,
    pub(super) refresh: String,
}

/// A request for a login, and what must be remembered until its answer comes.
pub(super) struct AuthorizationRequest {
    pub(super) url: Url,
    pub(super) verifier: String,
    pub(super) state: String,
}

/// One call of the protected API.
pub(super) struct Call {
    pub(super) status: StatusCode,
    /// Whether the answer came with `Retry-After`.
    pub(super) retry_after: bool,
    pub(super) body: String,
}

impl Scene {
    pub(super) fn new(
        client: reqwest::Client,
        files: DevFolder,
        addresses: Addresses,
        relay: Arc<Relay>,
    ) -> Result<Self, Failure> {
        let Addresses { issuer, guard, api, redirect_uri } = addresses;
        let password = files.password()?;
        let service_secret = files.service_secret()?;
        let refresh = Mutex::new(None);
        Ok(Self { client, files, issuer, guard, api, redirect_uri, relay, password, service_secret, refresh })
    }

    /// The user logs in: the authorization code flow with PKCE, through the login page.
    pub(super) async fn log_in(&self) -> Result<Tokens, Failure> {
        let AuthorizationRequest { url, verifier, state } = self.authorization_request()?;
        let mut browser = Browser::new(self.client.clone());
        let callback = browser.log_in(url, &self.redirect_uri, USER, &self.password).await?;
        let parameter = |name| callback.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        // RFC 9207: the answer names the issuer that gave it.
        if parameter("state").as_deref() != Some(&state) || parameter("iss").as_deref() != Some(&self.issuer) {
            return Err(Failure::new("the answer has another state or issuer"));
        }
        let code = parameter("code").ok_or_else(|| Failure::new("the answer has no code"))?;
        self.redeem(&code, &verifier).await
    }

    /// A request for a login: RFC 6749 section 4.1.1 with PKCE (RFC 7636).
    pub(super) fn authorization_request(&self) -> Result<AuthorizationRequest, Failure> {
        let verifier = base64url::encode(&random::bytes::<32>()?);
        let state = base64url::encode(&random::bytes::<16>()?);
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes());
        let mut url = Url::parse(&format!("{}/authorize", self.issuer))?;
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", APP)
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("scope", "openid")
            .append_pair("state", &state)
            .append_pair("code_challenge", &base64url::encode(digest.as_ref()))
            .append_pair("code_challenge_method", "S256");
        Ok(AuthorizationRequest { url, verifier, state })
    }

    /// Exchanges an authorization code for tokens.
    pub(super) async fn redeem(&self, code: &str, verifier: &str) -> Result<Tokens, Failure> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.redirect_uri),
            ("client_id", APP),
            ("code_verifier", verifier),
        ];
        tokens(self.token_request(self.client.post(self.token_endpoint()).form(&form)).await)
    }

    /// Tries a refresh token.
    pub(super) async fn refresh(&self, refresh: &str) -> Result<(StatusCode, Value), Failure> {
        let form = [("grant_type", "refresh_token"), ("refresh_token", refresh), ("client_id", APP)];
        self.token_request(self.client.post(self.token_endpoint()).form(&form)).await
    }

    /// The service gets a token of its own.
    pub(super) async fn service_token(&self) -> Result<String, Failure> {
        let request = self.client.post(self.token_endpoint()).basic_auth(SERVICE, Some(self.service_secret.as_str()));
        let (status, body) = self.token_request(request.form(&[("grant_type", "client_credentials")])).await?;
        granted(status, &body)?;
        text(&body, "access_token")
    }

    /// The service revokes its own token (RFC 7009), and waits until that is enforced.
    pub(super) async fn revoke_own_token(&self, token: &str) -> Result<(StatusCode, Value), Failure> {
        let request = self.client.post(format!("{}/revoke", self.issuer));
        let request = request.basic_auth(SERVICE, Some(self.service_secret.as_str()));
        let answer = request.form(&[("token", token), ("level", "enforced")]).send().await?;
        Ok((answer.status(), answer.json().await.unwrap_or(Value::Null)))
    }

    /// Calls the protected API.
    pub(super) async fn call(&self, token: &str) -> Result<Call, Failure> {
        let answer = self.client.get(self.hello()).bearer_auth(token).send().await.doing("calling the API")?;
        let retry_after = answer.headers().contains_key(RETRY_AFTER);
        Ok(Call { status: answer.status(), retry_after, body: answer.text().await? })
    }

    /// The protected resource.
    pub(super) fn hello(&self) -> String {
        format!("{}/hello", self.api)
    }

    pub(super) fn token_endpoint(&self) -> String {
        format!("{}/token", self.issuer)
    }

    /// What the auditor is told of authority and guard.
    pub(super) fn own(&self) -> Result<Own, Failure> {
        Ok(Own {
            issuer: self.issuer.clone(),
            guard: Url::parse(&self.guard)?,
            ca_file: Some(self.files.ca_file()),
            credentials: Some((SERVICE.to_owned(), self.service_secret.clone())),
            strangers: Vec::new(),
            token: None,
            files: vec![self.files.serve_file(), self.files.guard_file()],
        })
    }

    async fn token_request(&self, request: reqwest::RequestBuilder) -> Result<(StatusCode, Value), Failure> {
        let answer = request.send().await.doing("asking for a token")?;
        Ok((answer.status(), answer.json().await?))
    }
}

/// Files for curl.
impl Scene {
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    /// Writes a file that only its owner may read.
    pub(super) fn keep(&self, name: &str, content: &str) -> Result<PathBuf, Failure> {
        let path = self.file(name);
        write_private(&path, content.as_bytes()).doing(path.display())?;
        Ok(path)
    }

    /// Writes a file of options for curl, so that lines are short and no token is in the shell's history.
    pub(super) fn keep_options(&self, name: &str, option: &str) -> Result<PathBuf, Failure> {
        let ca = self.files.ca_file();
        self.keep(name, &format!("silent\nshow-error\ninclude\ncacert = \"{}\"\n{option}\n", ca.display()))
    }

    /// Options that send a token.
    pub(super) fn keep_token(&self, name: &str, token: &str) -> Result<PathBuf, Failure> {
        self.keep_options(name, &format!("header = \"Authorization: Bearer {token}\""))
    }

    /// Options by which the service shows who it is.
    pub(super) fn keep_service_credentials(&self) -> Result<PathBuf, Failure> {
        self.keep_options("service-client", &format!("user = \"{SERVICE}:{}\"", *self.service_secret))
    }

    /// The options of a person without credentials.
    pub(super) fn keep_anonymous(&self) -> Result<PathBuf, Failure> {
        self.keep_options("anyone", "")
    }

    /// Writes a script that logs in with nothing but curl.
    pub(super) fn keep_login_script(&self) -> Result<PathBuf, Failure> {
        let AuthorizationRequest { url, verifier, .. } = self.authorization_request()?;
        let values = [
            ("folder", self.files.path().display().to_string()),
            ("issuer", self.issuer.clone()),
            ("request", url.query().unwrap_or_default().to_owned()),
            ("verifier", verifier),
            ("username", USER.to_owned()),
            ("client_id", APP.to_owned()),
            ("redirect_uri", self.redirect_uri.clone()),
        ];
        let values = values.iter().map(|(name, value)| format!("{name}='{value}'\n"));
        let lines: Vec<_> = values.chain([include_str!("log-in.sh").to_owned()]).collect();
        self.keep("log-in.sh", &lines.concat())
    }

    /// The line that sends a request with the options in a file.
    pub(super) fn curl(options: &Path, rest: &str) -> String {
        format!("curl -K {} {rest}", options.display())
    }

    /// The line that calls the API with the token in a file.
    pub(super) fn curl_hello(&self, name: &str) -> String {
        Self::curl(&self.file(name), &self.hello())
    }

    /// The line that revokes something as an administrator.
    pub(super) fn curl_revoke(&self, what: &str, id: &str) -> String {
        let body = format!("-d '{{\"{what}\":\"{id}\",\"level\":\"enforced\"}}'");
        Self::curl(&self.file("admin"), &format!("{body} {}/admin/v1/revocations", self.issuer))
    }

    /// The line that audits authority and guard.
    pub(super) fn audit_line(&self) -> Result<String, Failure> {
        let probity = std::env::current_exe().doing("finding this program")?;
        let folder = self.files.path().display();
        Ok(format!("{} audit self --data {folder} --guard {}", probity.display(), self.guard))
    }

    /// Puts an administrator's token where [`Self::curl_revoke`] looks for it.
    pub(super) fn keep_admin(&self, admin: &Admin) -> Result<(), Failure> {
        let options = format!(
            "header = \"Authorization: Bearer {}\"\nheader = \"Content-Type: application/json\"",
            admin.token()
        );
        self.keep_options("admin", &options).map(drop)
    }
}

/// After the walk: tokens that work, for whoever watches.
impl Scene {
    /// Writes the files `alice`, `service` and `admin` with tokens that have just been issued.
    pub(super) async fn keep_fresh_tokens(&self) -> Result<(), Failure> {
        let last = self.refresh.lock().unwrap_or_else(PoisonError::into_inner).take();
        let renewed = match last {
            None => None,
            // Whoever watches may have revoked the session, which is what they are here for.
            Some(refresh) => tokens(self.refresh(&refresh).await).ok(),
        };
        let Tokens { access, refresh } = match renewed {
            Some(tokens) => tokens,
            None => self.log_in().await?,
        };
        self.keep_token("alice", &access)?;
        *self.refresh.lock().unwrap_or_else(PoisonError::into_inner) = Some(refresh);
        self.keep_token("service", &self.service_token().await?)?;
        self.keep_admin(&Admin::connect(&self.files.admin_profile()).await?)
    }

    /// Renews them until dropped.
    pub(super) async fn renew_tokens_for_ever(&self) {
        loop {
            tokio::time::sleep(RENEWAL).await;
            if let Err(failure) = self.keep_fresh_tokens().await {
                tracing::warn!(failure = %failure, "the tokens in the files could not be renewed");
            }
        }
    }
}

/// The claims of a token that the authority has just given us: read, not verified.
pub(super) fn claims_of(token: &str) -> Result<Value, Failure> {
    let payload = token.split('.').nth(1).unwrap_or_default();
    Ok(serde_json::from_slice(&base64url::decode(payload)?)?)
}

/// The text of a member of a JSON object.
pub(super) fn text(body: &Value, name: &str) -> Result<String, Failure> {
    let value = body.get(name).and_then(Value::as_str);
    value.map(str::to_owned).ok_or_else(|| Failure::new(format!("the answer has no {name}")))
}

/// How long something took, in microseconds.
pub(super) async fn timed<T>(work: impl Future<Output = T>) -> (T, u64) {
    let start = boot_now();
    let result = work.await;
    (result, u64::try_from(boot_now().since(start).as_micros()).unwrap_or(u64::MAX))
}

fn tokens(answer: Result<(StatusCode, Value), Failure>) -> Result<Tokens, Failure> {
    let (status, body) = answer?;
    granted(status, &body)?;
    Ok(Tokens { access: text(&body, "access_token")?, refresh: text(&body, "refresh_token")? })
}

fn granted(status: StatusCode, body: &Value) -> Result<(), Failure> {
    if status == StatusCode::OK {
        return Ok(());
    }
    let error = body.get("error").and_then(Value::as_str).unwrap_or_default();
    Err(Failure::new(format!("the token endpoint answered {status}: {error}")))
}

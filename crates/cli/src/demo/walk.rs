//! The steps of the demo: each does something real, times it, and says what should have happened.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use http::StatusCode;
use probity_verifier::clock::{BootTime, boot_now};
use serde::Serialize;
use serde_json::Value;
use url::Url;

use super::browser::Browser;
use super::cut::Relay;
use crate::command::admin::Admin;
use crate::failure::{Doing, Failure};
use crate::pki::write_private;
use crate::random;

/// How long callers keep asking after `enforced` was answered.
const AFTERMATH: Duration = Duration::from_millis(300);

/// How many callers ask all the time while a revocation is made.
const CALLERS: usize = 4;

/// How long anything that should happen soon may take before the demo gives up.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the walk needs to know of what runs.
pub(super) struct Scene {
    pub(super) client: reqwest::Client,
    pub(super) folder: PathBuf,
    pub(super) issuer: String,
    pub(super) api: String,
    pub(super) audience: String,
    pub(super) app: App,
    pub(super) service: Service,
    pub(super) user: User,
    pub(super) relay: Relay,
}

/// The public client through which a user signs in.
pub(super) struct App {
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
}

/// The confidential client that acts for itself.
pub(super) struct Service {
    pub(super) client_id: String,
    pub(super) secret: zeroize::Zeroizing<String>,
}

pub(super) struct User {
    pub(super) name: String,
    pub(super) password: zeroize::Zeroizing<String>,
}

/// One step, as `--json` prints it.
#[derive(Debug, Serialize)]
pub(super) struct Step {
    /// A stable name.
    pub(super) name: &'static str,
    /// Whether what should happen has happened.
    pub(super) ok: bool,
    /// How long it took.
    pub(super) micros: u64,
    /// What happened, in a sentence.
    pub(super) what: String,
    /// The line that repeats it.
    pub(super) curl: String,
}

/// Everything that came of the walk.
#[derive(Debug, Serialize)]
pub(super) struct Walk {
    /// Whether every step went as it should.
    pub(super) ok: bool,
    /// Requests that began after an `enforced` answer and were accepted with what it revoked.
    pub(super) accepted_after_enforced: u64,
    /// From the call that revokes to its `enforced` answer, in microseconds.
    pub(super) revoke_to_enforced_micros: u64,
    /// The steps in their order.
    pub(super) steps: Vec<Step>,
}

struct Tokens {
    access: String,
    refresh: String,
}

impl Scene {
    /// Walks through the steps, telling each as it is done.
    pub(super) async fn walk(&self, mut tell: impl FnMut(&Step)) -> Result<Walk, Failure> {
        let mut steps = Vec::new();
        let mut told = |step: Step, steps: &mut Vec<Step>| {
            tell(&step);
            steps.push(step);
        };
        let ca = self.folder.join("ca.pem");
        let ca = ca.display();
        let call_curl = |name: &str| format!("curl -H @{} {}/hello", self.file(name).display(), self.api);
        let admin_curl = |body: &str| {
            let headers = self.file("admin.header");
            format!(
                "curl --cacert {ca} -H @{} -H 'Content-Type: application/json' -d '{body}' {}/admin/v1/revocations",
                headers.display(),
                self.issuer
            )
        };

        let start = boot_now();
        let tokens = self.log_in().await.doing("logging in")?;
        self.keep("alice.header", &format!("Authorization: Bearer {}", tokens.access))?;
        self.keep("alice.refresh", &tokens.refresh)?;
        let claims = claims_of(&tokens.access)?;
        let session = text(&claims, "sid")?;
        told(
            Step {
                name: "log_in",
                ok: true,
                micros: micros_since(start),
                what: format!("{} logged in: authorization code, PKCE, session {session}", self.user.name),
                curl: format!("probity jwt decode < {}", self.keep("alice.jwt", &tokens.access)?.display()),
            },
            &mut steps,
        );

        let (step, _) = self.call("call_accepted", &tokens.access, Expected::Accepted, call_curl("alice.header")).await?;
        told(step, &mut steps);

        let admin = Admin::connect(&self.folder.join("admin.toml")).await?;
        self.keep("admin.header", &format!("Authorization: Bearer {}", admin.token()))?;
        let callers = Callers::start(&self.client, &self.api, &tokens.access);
        let start = boot_now();
        let answer = admin.revoke("session", &session, "enforced").await.doing("revoking the session")?;
        let revoke_to_enforced_micros = micros_since(start);
        callers.enforced.store(true, Ordering::SeqCst);
        let (asked, late) = callers.finish().await?;
        let enforced = text(&answer, "level")? == "enforced";
        told(
            Step {
                name: "revoke_session",
                ok: enforced && late == 0 && enforcing(&answer) == 1,
                micros: revoke_to_enforced_micros,
                what: format!(
                    "the session is revoked: {} at {} by {} guard; {late} of {asked} calls that began afterwards were accepted",
                    text(&answer, "level")?,
                    text(&answer, "position")?,
                    enforcing(&answer)
                ),
                curl: admin_curl(&format!("{{\"session\":\"{session}\"}}")),
            },
            &mut steps,
        );

        let (step, _) =
            self.call("call_refused", &tokens.access, Expected::Refused, call_curl("alice.header")).await?;
        told(step, &mut steps);

        told(self.refresh_refused(&tokens.refresh).await?, &mut steps);

        let service = self.service_token().await.doing("getting a token for the service")?;
        self.keep("service.header", &format!("Authorization: Bearer {service}"))?;
        let (step, _) =
            self.call("service_accepted", &service, Expected::Accepted, call_curl("service.header")).await?;
        told(step, &mut steps);

        told(self.revoke_token(&service).await?, &mut steps);

        let (step, _) =
            self.call("service_refused", &service, Expected::Refused, call_curl("service.header")).await?;
        told(step, &mut steps);

        let late_cut = self.cut(&admin, &mut |step| told(step, &mut steps), &call_curl).await?;

        let accepted_after_enforced = late + late_cut;
        let ok = steps.iter().all(|step| step.ok) && accepted_after_enforced == 0;
        Ok(Walk { ok, accepted_after_enforced, revoke_to_enforced_micros, steps })
    }

    /// The guard loses the authority: it accepts until its lease ends, then answers 503; a revocation made meanwhile is
    /// `enforced` only when that lease is over; when the network is back, the guard catches up.
    async fn cut(
        &self,
        admin: &Admin,
        told: &mut impl FnMut(Step),
        call_curl: &impl Fn(&str) -> String,
    ) -> Result<u64, Failure> {
        let token = self.service_token().await?;
        let claims = claims_of(&token)?;
        self.keep("service.header", &format!("Authorization: Bearer {token}"))?;
        let (_, status) = self.call("before_cut", &token, Expected::Accepted, String::new()).await?;
        if status != StatusCode::OK {
            return Err(Failure::new(format!("a fresh token was answered {status} before the cut")));
        }

        let cut_at = boot_now();
        self.relay.cut();
        let revoking = async {
            let jti = text(&claims, "jti")?;
            let start = boot_now();
            let answer = admin.revoke("token", &jti, "enforced").await.doing("revoking a token during the cut")?;
            Ok::<_, Failure>((answer, boot_now(), micros_since(start)))
        };
        let calling = async {
            let mut accepted = 0_u64;
            let mut last_accepted = cut_at;
            loop {
                let began = boot_now();
                let (status, retry_after) = self.ask(&token).await?;
                match status {
                    StatusCode::OK => {
                        accepted += 1;
                        last_accepted = began;
                    }
                    StatusCode::SERVICE_UNAVAILABLE => return Ok((accepted, last_accepted, boot_now(), retry_after)),
                    other => return Err(Failure::new(format!("the cut-off guard answered {other}"))),
                }
                if boot_now().since(cut_at) > PATIENCE {
                    return Err(Failure::new("the cut-off guard still accepts tokens"));
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let (revoked, called) = tokio::join!(revoking, calling);
        let (answer, enforced_at, revoke_micros) = revoked?;
        let (accepted, last_accepted, refused_at, retry_after) = called?;
        let late = u64::from(last_accepted > enforced_at);
        told(Step {
            name: "guard_cut_off",
            ok: accepted > 0 && retry_after,
            micros: micros(refused_at, cut_at),
            what: format!(
                "the guard was cut from the authority: {accepted} more calls accepted while its lease held, then 503 with Retry-After"
            ),
            curl: call_curl("service.header"),
        });
        told(Step {
            name: "revoke_while_cut_off",
            ok: late == 0 && expired(&answer) == 1 && enforcing(&answer) == 0,
            micros: revoke_micros,
            what: "a revocation made meanwhile was answered enforced only when the cut-off guard's lease was over"
                .to_owned(),
            curl: "probity admin guards --profile ".to_owned() + &self.folder.join("admin.toml").display().to_string(),
        });

        self.relay.mend();
        let start = boot_now();
        let status = loop {
            let (status, _) = self.ask(&token).await?;
            if status != StatusCode::SERVICE_UNAVAILABLE || boot_now().since(start) > PATIENCE {
                break status;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        };
        told(Step {
            name: "guard_back",
            ok: status == StatusCode::UNAUTHORIZED,
            micros: micros_since(start),
            what: format!("the guard is back and knows what it missed: the token revoked meanwhile is answered {status}"),
            curl: call_curl("service.header"),
        });
        Ok(late)
    }

    /// The authorization code flow with PKCE, through the login page.
    async fn log_in(&self) -> Result<Tokens, Failure> {
        let (start, verifier, state) = self.authorization_request()?;
        let mut browser = Browser::new(self.client.clone());
        let callback = browser.log_in(start, &self.app.redirect_uri, &self.user.name, &self.user.password).await?;
        let parameter = |name: &str| callback.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        if parameter("state").as_deref() != Some(&state) || parameter("iss").as_deref() != Some(&self.issuer) {
            return Err(Failure::new("the answer has another state or issuer"));
        }
        let code = parameter("code").ok_or_else(|| Failure::new("the answer has no code"))?;
        let form = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", &self.app.redirect_uri),
            ("client_id", &self.app.client_id),
            ("code_verifier", &verifier),
        ];
        let body = self.token_request(self.client.post(self.token_endpoint()).form(&form)).await?;
        Ok(Tokens { access: text(&body, "access_token")?, refresh: text(&body, "refresh_token")? })
    }

    /// The address of the login page, with the code verifier and the state that belong to it.
    pub(super) fn authorization_request(&self) -> Result<(Url, String, String), Failure> {
        let verifier = probity_jose::base64url::encode(&random::bytes::<32>()?);
        let state = probity_jose::base64url::encode(&random::bytes::<16>()?);
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes());
        let mut url = Url::parse(&format!("{}/authorize", self.issuer))?;
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.app.client_id)
            .append_pair("redirect_uri", &self.app.redirect_uri)
            .append_pair("scope", "openid")
            .append_pair("state", &state)
            .append_pair("code_challenge", &probity_jose::base64url::encode(digest.as_ref()))
            .append_pair("code_challenge_method", "S256");
        Ok((url, verifier, state))
    }

    async fn service_token(&self) -> Result<String, Failure> {
        let request = self
            .client
            .post(self.token_endpoint())
            .basic_auth(&self.service.client_id, Some(self.service.secret.as_str()))
            .form(&[("grant_type", "client_credentials")]);
        text(&self.token_request(request).await?, "access_token")
    }

    async fn token_request(&self, request: reqwest::RequestBuilder) -> Result<Value, Failure> {
        let answer = request.send().await?;
        let status = answer.status();
        let body: Value = answer.json().await?;
        if status == StatusCode::OK {
            return Ok(body);
        }
        Err(Failure::new(format!("the token endpoint answered {status}: {}", text(&body, "error")?)))
    }

    /// One call of the protected API: its status, and whether it came with `Retry-After`.
    async fn ask(&self, token: &str) -> Result<(StatusCode, bool), Failure> {
        let answer = self.client.get(format!("{}/hello", self.api)).bearer_auth(token).send().await?;
        Ok((answer.status(), answer.headers().contains_key(http::header::RETRY_AFTER)))
    }

    async fn call(
        &self,
        name: &'static str,
        token: &str,
        expected: Expected,
        curl: String,
    ) -> Result<(Step, StatusCode), Failure> {
        let start = boot_now();
        let answer = self.client.get(format!("{}/hello", self.api)).bearer_auth(token).send().await?;
        let micros = micros_since(start);
        let status = answer.status();
        let body = answer.text().await?;
        let (ok, what) = match expected {
            Expected::Accepted => (status == StatusCode::OK, format!("the API was called: {status}, {}", body.trim())),
            Expected::Refused => {
                let body: Value = serde_json::from_str(&body).unwrap_or(Value::Null);
                let code = text(&body, "code").unwrap_or_default();
                let ok = status == StatusCode::UNAUTHORIZED && code.starts_with("revoked.");
                (ok, format!("the API was called again: {status}, {code}"))
            }
        };
        Ok((Step { name, ok, micros, what, curl }, status))
    }

    async fn refresh_refused(&self, refresh: &str) -> Result<Step, Failure> {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh),
            ("client_id", &self.app.client_id),
        ];
        let start = boot_now();
        let answer = self.client.post(self.token_endpoint()).form(&form).send().await?;
        let micros = micros_since(start);
        let status = answer.status();
        let error = text(&answer.json().await?, "error")?;
        Ok(Step {
            name: "refresh_refused",
            ok: status == StatusCode::BAD_REQUEST && error == "invalid_grant",
            micros,
            what: format!("the refresh token of the revoked session was tried: {status}, {error}"),
            curl: format!(
                "curl --cacert {} -d grant_type=refresh_token -d client_id={} --data-urlencode refresh_token@{} {}",
                self.file("ca.pem").display(),
                self.app.client_id,
                self.file("alice.refresh").display(),
                self.token_endpoint()
            ),
        })
    }

    /// RFC 7009 by the client itself, with the level that waits for the guards.
    async fn revoke_token(&self, token: &str) -> Result<Step, Failure> {
        let token_file = self.keep("service.jwt", token)?;
        let secret_file = self.keep("service.basic", &format!("user = \"{}:{}\"", self.service.client_id, *self.service.secret))?;
        let start = boot_now();
        let request = self
            .client
            .post(format!("{}/revoke", self.issuer))
            .basic_auth(&self.service.client_id, Some(self.service.secret.as_str()))
            .form(&[("token", token), ("level", "enforced")]);
        let answer = request.send().await?;
        let micros = micros_since(start);
        let status = answer.status();
        let body: Value = answer.json().await.unwrap_or(Value::Null);
        let level = text(&body, "level").unwrap_or_default();
        Ok(Step {
            name: "revoke_token",
            ok: status == StatusCode::OK && level == "enforced" && enforcing(&body) == 1,
            micros,
            what: format!("the service revoked its own token (RFC 7009): {status}, {level}"),
            curl: format!(
                "curl --cacert {} -K {} --data-urlencode token@{} -d level=enforced {}/revoke",
                self.file("ca.pem").display(),
                secret_file.display(),
                token_file.display(),
                self.issuer
            ),
        })
    }

    fn token_endpoint(&self) -> String {
        format!("{}/token", self.issuer)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes something secret beside the data, for the `curl` lines.
    fn keep(&self, name: &str, content: &str) -> Result<PathBuf, Failure> {
        let path = self.file(name);
        write_private(&path, content.as_bytes()).doing(path.display())?;
        Ok(path)
    }
}

#[derive(Clone, Copy)]
enum Expected {
    Accepted,
    Refused,
}

/// Callers that use a token all the time while it is revoked.
struct Callers {
    enforced: Arc<AtomicBool>,
    late: Arc<AtomicU64>,
    asked: Arc<AtomicU64>,
    tasks: Vec<tokio::task::JoinHandle<Result<(), reqwest::Error>>>,
}

impl Callers {
    fn start(client: &reqwest::Client, api: &str, token: &str) -> Self {
        let enforced = Arc::new(AtomicBool::new(false));
        let late = Arc::new(AtomicU64::new(0));
        let asked = Arc::new(AtomicU64::new(0));
        let caller = || {
            let (client, url, token) = (client.clone(), format!("{api}/hello"), token.to_owned());
            let (enforced, late, asked) = (Arc::clone(&enforced), Arc::clone(&late), Arc::clone(&asked));
            tokio::spawn(async move {
                let mut over: Option<BootTime> = None;
                while over.is_none_or(|over| boot_now() < over) {
                    // A request counts as late when it began after the answer had come.
                    let began_late = enforced.load(Ordering::SeqCst);
                    if began_late && over.is_none() {
                        over = Some(boot_now().plus(AFTERMATH));
                    }
                    let status = client.get(&url).bearer_auth(&token).send().await?.status();
                    if began_late {
                        asked.fetch_add(1, Ordering::SeqCst);
                        late.fetch_add(u64::from(status.is_success()), Ordering::SeqCst);
                    }
                }
                Ok(())
            })
        };
        let tasks = (0..CALLERS).map(|_| caller()).collect();
        Self { enforced, late, asked, tasks }
    }

    /// How many requests began after `enforced`, and how many of them were accepted.
    async fn finish(self) -> Result<(u64, u64), Failure> {
        for task in self.tasks {
            task.await??;
        }
        let asked = self.asked.load(Ordering::SeqCst);
        if asked == 0 {
            return Err(Failure::new("no call was made after the revocation"));
        }
        Ok((asked, self.late.load(Ordering::SeqCst)))
    }
}

/// The claims of a token that the authority has just given us: read, not verified.
fn claims_of(token: &str) -> Result<Value, Failure> {
    let payload = token.split('.').nth(1).unwrap_or_default();
    Ok(serde_json::from_slice(&probity_jose::base64url::decode(payload)?)?)
}

fn text(body: &Value, name: &str) -> Result<String, Failure> {
    let value = body.get(name).and_then(Value::as_str);
    value.map(str::to_owned).ok_or_else(|| Failure::new(format!("the answer has no {name}")))
}

fn enforcing(answer: &Value) -> u64 {
    answer.pointer("/guards/enforcing").and_then(Value::as_u64).unwrap_or(0)
}

fn expired(answer: &Value) -> usize {
    answer.pointer("/guards/expired").and_then(Value::as_array).map_or(0, Vec::len)
}

fn micros(later: BootTime, earlier: BootTime) -> u64 {
    u64::try_from(later.since(earlier).as_micros()).unwrap_or(u64::MAX)
}

fn micros_since(start: BootTime) -> u64 {
    micros(boot_now(), start)
}

/// Removes the demo's folder.
pub(super) fn clean_up(folder: &Path) {
    // What can't be removed stays in the system's folder for temporary files.
    let _ = fs::remove_dir_all(folder);
}

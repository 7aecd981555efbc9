//! The steps of the demo: each does something real, times it, and says whether that is what should have happened.

use std::time::Duration;

use http::StatusCode;
use probity_audit::{Coverage, Status, Verdict};
use probity_verifier::clock::{BootTime, boot_now};
use serde::Serialize;
use serde_json::Value;

use super::callers::{Callers, Outcome};
use super::scene::{Scene, claims_of, text, timed};
use crate::command::admin::Admin;
use crate::dev_folder::USER;
use crate::failure::{Doing, Failure};

/// How long anything that should happen soon may take before the demo gives up.
const PATIENCE: Duration = Duration::from_secs(10);

/// The pause between two calls of the guard that is cut off.
const BETWEEN_CALLS: Duration = Duration::from_millis(2);

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
    /// Requests that began after an `enforced` answer.
    pub(super) asked_after_enforced: u64,
    /// From the call that revokes to its `enforced` answer, in microseconds.
    pub(super) revoke_to_enforced_micros: u64,
    /// The steps in their order.
    pub(super) steps: Vec<Step>,
}

impl Scene {
    /// Walks through the steps, telling each as it is done.
    pub(super) async fn walk(&self, tell: impl FnMut(&Step)) -> Result<Walk, Failure> {
        let mut diary = Diary { steps: Vec::new(), tell };
        let admin = Admin::connect(&self.files.admin_profile()).await?;
        self.keep_admin(&admin)?;

        let (alice, micros) = timed(self.log_in()).await;
        let alice = alice.doing("logging in")?;
        self.keep_token("alice", &alice.access)?;
        self.keep_token("alice-revoked", &alice.access)?;
        self.keep("alice-revoked.refresh", &alice.refresh)?;
        let session = text(&claims_of(&alice.access)?, "sid")?;
        diary.note(Step {
            name: "log_in",
            ok: true,
            micros,
            what: format!("{USER} logs in: authorization code with PKCE, session {session}"),
            curl: format!("sh {}", self.keep_login_script()?.display()),
        });
        diary.note(self.accepted("call_accepted", USER, &alice.access, "alice").await?);
        let (step, outcome) = self.revoke_session(&admin, &session, &alice.access).await?;
        let revoke_to_enforced_micros = step.micros;
        diary.note(step);
        diary.note(self.refused("call_refused", USER, &alice.access, "alice-revoked").await?);
        diary.note(self.refresh_refused(&alice.refresh).await?);

        let service = self.service_token().await.doing("getting a token for the service")?;
        self.keep_token("service", &service)?;
        self.keep_token("service-revoked", &service)?;
        diary.note(self.accepted("service_accepted", "a service", &service, "service").await?);
        diary.note(self.revoke_token(&service).await?);
        diary.note(self.refused("service_refused", "the service", &service, "service-revoked").await?);

        let late = self.cut_off(&admin, &mut diary).await?;
        diary.note(self.attacked().await?);
        let accepted_after_enforced = outcome.accepted + late;
        Ok(Walk {
            ok: diary.steps.iter().all(|step| step.ok) && accepted_after_enforced == 0,
            accepted_after_enforced,
            asked_after_enforced: outcome.late,
            revoke_to_enforced_micros,
            steps: diary.steps,
        })
    }

    /// The auditor tries on guard and authority whatever it knows.
    async fn attacked(&self) -> Result<Step, Failure> {
        let own = self.own()?;
        let (report, micros) = timed(own.audit()).await;
        let report = report.doing("auditing the guard")?;
        let findings = report.with_status(Status::Fail).len();
        let Coverage { run, total, .. } = report.coverage;
        Ok(Step {
            name: "audit_self",
            ok: report.verdict == Verdict::NotShownInsecure && findings == 0,
            micros,
            what: format!(
                "the auditor attacks guard and authority: {}, {findings} findings; {run} of {total} rules came to a \
                 result, {} requests with good and forged tokens",
                report.verdict.name(),
                report.requests.len(),
            ),
            curl: self.audit_line()?,
        })
    }

    async fn accepted(&self, name: &'static str, who: &str, token: &str, file: &str) -> Result<Step, Failure> {
        let (call, micros) = timed(self.call(token)).await;
        let call = call?;
        Ok(Step {
            name,
            ok: call.status == StatusCode::OK,
            micros,
            what: format!("{who} calls the API: {}, {}", call.status, call.body.trim()),
            curl: self.curl_hello(file),
        })
    }

    async fn refused(&self, name: &'static str, who: &str, token: &str, file: &str) -> Result<Step, Failure> {
        let (call, micros) = timed(self.call(token)).await;
        let call = call?;
        let body: Value = serde_json::from_str(&call.body).unwrap_or(Value::Null);
        let code = text(&body, "code").unwrap_or_default();
        Ok(Step {
            name,
            ok: call.status == StatusCode::UNAUTHORIZED && code.starts_with("revoked."),
            micros,
            what: format!("{who} calls with the same token: {}, {code}", call.status),
            curl: self.curl_hello(file),
        })
    }

    /// An administrator revokes the session while others go on calling with its token.
    async fn revoke_session(&self, admin: &Admin, session: &str, token: &str) -> Result<(Step, Outcome), Failure> {
        let callers = Callers::start(&self.client, &self.hello(), token);
        let (answer, micros) = timed(admin.revoke("session", session, "enforced")).await;
        let answer = answer.doing("revoking the session")?;
        callers.enforced();
        let outcome = callers.finish().await?;
        let level = text(&answer, "level")?;
        let step = Step {
            name: "revoke_session",
            ok: level == "enforced" && enforcing(&answer) == 1 && outcome.accepted == 0,
            micros,
            what: format!(
                "an administrator revokes the session: {level} by {} guard; of {} calls that began after this answer, \
                 {} were accepted",
                enforcing(&answer),
                outcome.late,
                outcome.accepted
            ),
            curl: self.curl_revoke("session", session),
        };
        Ok((step, outcome))
    }

    async fn refresh_refused(&self, refresh: &str) -> Result<Step, Failure> {
        let (answer, micros) = timed(self.refresh(refresh)).await;
        let (status, body) = answer?;
        let error = text(&body, "error").unwrap_or_default();
        let form = format!(
            "-d grant_type=refresh_token -d client_id={} --data-urlencode refresh_token@{} {}",
            crate::dev_folder::APP,
            self.file("alice-revoked.refresh").display(),
            self.token_endpoint()
        );
        Ok(Step {
            name: "refresh_refused",
            ok: status == StatusCode::BAD_REQUEST && error == "invalid_grant",
            micros,
            what: format!("{USER} tries the refresh token of the revoked session: {status}, {error}"),
            curl: Self::curl(&self.keep_anonymous()?, &form),
        })
    }

    async fn revoke_token(&self, token: &str) -> Result<Step, Failure> {
        let (answer, micros) = timed(self.revoke_own_token(token)).await;
        let (status, body) = answer?;
        let level = text(&body, "level").unwrap_or_default();
        let file = self.keep("service-revoked.jwt", token)?;
        let form = format!("-d level=enforced --data-urlencode token@{} {}/revoke", file.display(), self.issuer);
        Ok(Step {
            name: "revoke_token",
            ok: status == StatusCode::OK && level == "enforced" && enforcing(&body) == 1,
            micros,
            what: format!("the service revokes its own token (RFC 7009): {status}, {level}"),
            curl: Self::curl(&self.keep_service_credentials()?, &form),
        })
    }

    /// The guard loses the authority: it accepts until its lease ends, then answers 503. A revocation made meanwhile is
    /// `enforced` only when that lease is over. When the network is back, the guard catches up.
    ///
    /// Gives how many calls that began after `enforced` were accepted.
    async fn cut_off<T: FnMut(&Step)>(&self, admin: &Admin, diary: &mut Diary<T>) -> Result<u64, Failure> {
        let token = self.service_token().await.doing("getting a token for the service")?;
        self.keep_token("service", &token)?;
        self.keep_token("service-cut-off", &token)?;
        let status = self.call(&token).await?.status;
        if status != StatusCode::OK {
            return Err(Failure::new(format!("a fresh token was answered {status} before the cut")));
        }
        let id = text(&claims_of(&token)?, "jti")?;

        let cut = boot_now();
        self.relay.cut();
        let revoking = async {
            let (answer, micros) = timed(admin.revoke("token", &id, "enforced")).await;
            Ok::<_, Failure>((answer.doing("revoking a token during the cut")?, micros, boot_now()))
        };
        let (revoked, stale) = tokio::join!(revoking, self.call_until_stale(&token, cut));
        let (answer, revoke_micros, enforced) = revoked?;
        let stale = stale?;
        let late = u64::from(stale.last_accepted > enforced);
        diary.note(Step {
            name: "guard_cut_off",
            ok: stale.accepted > 0 && stale.retry_after,
            micros: micros_between(cut, stale.refused),
            what: format!(
                "the guard is cut from the authority: {} more calls accepted while its lease holds, then 503 with \
                 Retry-After",
                stale.accepted
            ),
            curl: format!("curl -X POST {}/demo/cut; sleep 3; {}", self.api, self.curl_hello("service")),
        });
        diary.note(Step {
            name: "revoke_while_cut_off",
            ok: late == 0 && expired(&answer) == 1 && enforcing(&answer) == 0,
            micros: revoke_micros,
            what: "a revocation made meanwhile is answered only when the lease of the cut-off guard is over".to_owned(),
            curl: self.curl_revoke("token", &id),
        });

        let mended = boot_now();
        self.relay.mend();
        let status = self.call_until_current(&token, mended).await?;
        diary.note(Step {
            name: "guard_back",
            ok: status == StatusCode::UNAUTHORIZED,
            micros: micros_between(mended, boot_now()),
            what: format!(
                "the guard is back and knows what it missed: the token revoked meanwhile is answered {status}"
            ),
            curl: format!("curl -X POST {}/demo/mend; sleep 2; {}", self.api, self.curl_hello("service-cut-off")),
        });
        Ok(late)
    }

    /// Calls until the guard says 503.
    async fn call_until_stale(&self, token: &str, cut: BootTime) -> Result<Stale, Failure> {
        let (mut accepted, mut last_accepted) = (0, cut);
        loop {
            let began = boot_now();
            let call = self.call(token).await?;
            match call.status {
                StatusCode::OK => {
                    accepted += 1;
                    last_accepted = began;
                }
                StatusCode::SERVICE_UNAVAILABLE => {
                    let retry_after = call.retry_after;
                    return Ok(Stale { accepted, last_accepted, refused: boot_now(), retry_after });
                }
                other => return Err(Failure::new(format!("the guard that is cut off answered {other}"))),
            }
            if boot_now().since(cut) > PATIENCE {
                return Err(Failure::new("the guard that is cut off still accepts tokens"));
            }
            tokio::time::sleep(BETWEEN_CALLS).await;
        }
    }

    /// Calls until the guard no longer says 503.
    async fn call_until_current(&self, token: &str, mended: BootTime) -> Result<StatusCode, Failure> {
        loop {
            let status = self.call(token).await?.status;
            if status != StatusCode::SERVICE_UNAVAILABLE || boot_now().since(mended) > PATIENCE {
                return Ok(status);
            }
            tokio::time::sleep(BETWEEN_CALLS).await;
        }
    }
}

/// The steps so far, each told as it is noted.
struct Diary<T> {
    steps: Vec<Step>,
    tell: T,
}

impl<T: FnMut(&Step)> Diary<T> {
    fn note(&mut self, step: Step) {
        (self.tell)(&step);
        self.steps.push(step);
    }
}

/// What calling the guard that is cut off came to.
struct Stale {
    accepted: u64,
    /// When the last call that was accepted began.
    last_accepted: BootTime,
    /// When the first 503 had come.
    refused: BootTime,
    retry_after: bool,
}

fn enforcing(answer: &Value) -> u64 {
    answer.pointer("/guards/enforcing").and_then(Value::as_u64).unwrap_or(0)
}

fn expired(answer: &Value) -> usize {
    answer.pointer("/guards/expired").and_then(Value::as_array).map_or(0, Vec::len)
}

fn micros_between(earlier: BootTime, later: BootTime) -> u64 {
    u64::try_from(later.since(earlier).as_micros()).unwrap_or(u64::MAX)
}

//! `probity admin`: administers a running authority over its REST API.

mod audit_log;
mod clients;
mod why;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use serde::Deserialize;
use serde_json::{Value, json};

use self::audit_log::AuditLogCommand;
use self::clients::ClientsCommand;
use self::why::WhyArgs;
use crate::client::{self, http_client};
use crate::config_file;
use crate::failure::{Doing, Failure, Kind};
use crate::output;

/// Administer a running authority.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    probity admin guards\n  \
    probity admin sessions SUB\n  \
    probity admin revoke session SID\n  \
    probity admin why JTI\n  \
    probity admin revoke client CLIENT_ID --level durable --json\n\n\
    `serve --dev` writes a profile to its data folder: probity-data/admin.toml.")]
pub(crate) struct AdminArgs {
    /// Which authority, and as which client: a file with issuer, ca_file, client_id and client_secret_file.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "PROBITY_ADMIN_PROFILE",
        default_value = "probity-data/admin.toml"
    )]
    profile: PathBuf,
    /// Print the authority's answer as JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: AdminCommand,
}

#[derive(Debug, Subcommand)]
enum AdminCommand {
    /// Revoke, and wait until every guard enforces it.
    #[command(after_help = "Examples:\n  \
        probity admin revoke session SID\n  \
        probity admin revoke subject SUB --level durable --json\n  \
        probity admin revoke session SID --issuer https://idp.example\n  \
        probity admin revoke everything\n\n\
        The answer `enforced` means: each guard has confirmed that it refuses what was revoked, or its lease has run \
        out, so that it refuses everything. That takes milliseconds, or some 3 s when a guard does not answer.")]
    Revoke {
        /// What is revoked.
        what: Level,
        /// Its identifier: sid, jti, sub, client_id, refresh family or kid; none for everything.
        #[arg(allow_hyphen_values = true, required_if_eq_any(NAMED_LEVELS.map(|level| ("what", level))))]
        id: Option<String>,
        /// At which issuer, when not at the authority itself: guards that trust it enforce this too.
        #[arg(long, value_name = "URL")]
        issuer: Option<String>,
        /// Until when to keep a revocation at another issuer, in seconds since 1970.
        ///
        /// Without it, a session, family or key is dead for a year, and anything else for longer than a guard accepts a token.
        #[arg(long, value_name = "SECONDS", requires = "issuer")]
        expires: Option<u64>,
        /// What the answer means.
        #[arg(long, value_enum, default_value_t)]
        level: AnswerLevel,
    },
    /// List the guards: connected or lately so, position, lag, lease.
    #[command(after_help = "Example:\n  probity admin guards --json")]
    Guards,
    /// Register a guard and print its credential, which is shown only once.
    #[command(after_help = "Example:\n  (umask 077; probity admin add-guard edge-1 > guard.credential)")]
    AddGuard {
        /// A name for logs and lists.
        name: String,
    },
    /// Add, list, change, disable and delete clients.
    #[command(after_help = "Examples:\n  probity admin clients list\n  probity admin clients secret web")]
    Clients {
        #[command(subcommand)]
        command: ClientsCommand,
    },
    /// List what was done, and verify that nobody has tampered with the record of it.
    #[command(after_help = "Examples:\n  probity admin audit-log list\n  probity admin audit-log verify")]
    AuditLog {
        #[command(subcommand)]
        command: AuditLogCommand,
    },
    /// Make a token by which clients register themselves (RFC 7591); it is shown only once.
    #[command(after_help = "Example:\n  probity admin registration-token --uses 10 --lifetime 86400\n\n\
        Clients present it as a bearer token at the registration_endpoint. It needs the section `registration` in serve.toml.")]
    RegistrationToken {
        /// For how many registrations, at most 1000.
        #[arg(long, default_value_t = 1)]
        uses: u32,
        /// How long it is good, in seconds, at most 30 days.
        #[arg(long, value_name = "SECONDS", default_value_t = 3_600)]
        lifetime: u64,
    },
    /// List users, or find one by name.
    #[command(after_help = "Examples:\n  probity admin users\n  probity admin users --username alice --json")]
    Users {
        /// The user's name.
        #[arg(long)]
        username: Option<String>,
        /// The users after this name: a hundred are listed at once.
        #[arg(long)]
        after: Option<String>,
    },
    /// Add a user.
    #[command(after_help = "Example:\n  probity admin add-user alice --password-file alice.password")]
    AddUser {
        /// What the user types to log in.
        username: String,
        /// The file with the password, one line.
        #[arg(long, value_name = "FILE")]
        password_file: PathBuf,
    },
    /// Give a user another password, and end everything that they are logged in to.
    #[command(after_help = "Example:\n  probity admin set-password SUB --password-file alice.password")]
    SetPassword {
        /// The subject (sub).
        #[arg(allow_hyphen_values = true)]
        subject: String,
        /// The file with the password, one line.
        #[arg(long, value_name = "FILE")]
        password_file: PathBuf,
    },
    /// Let a user log in no more, and end everything that they are logged in to.
    #[command(after_help = "Example:\n  probity admin disable-user SUB")]
    DisableUser {
        /// The subject (sub).
        #[arg(allow_hyphen_values = true)]
        subject: String,
    },
    /// Let a user log in again.
    #[command(after_help = "Example:\n  probity admin enable-user SUB")]
    EnableUser {
        /// The subject (sub).
        #[arg(allow_hyphen_values = true)]
        subject: String,
    },
    /// Delete a user, and end everything that they are logged in to.
    #[command(after_help = "Example:\n  probity admin delete-user SUB")]
    DeleteUser {
        /// The subject (sub).
        #[arg(allow_hyphen_values = true)]
        subject: String,
    },
    /// List what a subject has agreed that clients may have.
    #[command(after_help = "Example:\n  probity admin consents SUB")]
    Consents {
        /// The subject (sub).
        #[arg(allow_hyphen_values = true)]
        subject: String,
    },
    /// Withdraw a subject's consent for a client, and revoke every grant between them.
    #[command(after_help = "Example:\n  probity admin withdraw-consent SUB CLIENT_ID")]
    WithdrawConsent {
        /// The subject (sub).
        #[arg(allow_hyphen_values = true)]
        subject: String,
        /// The client (client_id).
        #[arg(allow_hyphen_values = true)]
        client: String,
    },
    /// Say what is known of a token: whose it is, what has revoked it, and which guards may still accept it.
    #[command(after_help = "Examples:\n  \
        probity admin why --token-file token.txt\n  \
        probity admin why - < token.txt\n  \
        probity admin why JTI\n\n\
        Nothing is stored of access tokens: a token tells all itself, a jti can only be looked up among the revocations. \
        The authority writes no token to its log.")]
    Why(WhyArgs),
    /// List the live sessions of a subject.
    #[command(after_help = "Example:\n  probity admin sessions SUB\n\nTimes are in seconds since 1970.")]
    Sessions {
        /// The subject (sub).
        #[arg(allow_hyphen_values = true)]
        subject: String,
    },
}

/// What can be revoked.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Level {
    /// A user's session, by its `sid`.
    Session,
    /// One token, by its `jti`.
    Token,
    /// All sessions and tokens of a subject, by its `sub`.
    Subject,
    /// All tokens of a client, by its `client_id`.
    Client,
    /// A grant: a refresh token family and its access tokens.
    Family,
    /// Everything signed by a key, by its `kid`.
    Key,
    /// All sessions and tokens of the issuer.
    Everything,
}

/// The levels that need an identifier.
const NAMED_LEVELS: [&str; 6] = ["session", "token", "subject", "client", "family", "key"];

/// What the answer of a revocation means.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum AnswerLevel {
    /// It is stored and can't be lost.
    Durable,
    /// Every guard enforces it or refuses everything.
    #[default]
    Enforced,
}

/// The file that `--profile` names.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdminProfile {
    /// The authority's issuer.
    pub(crate) issuer: String,
    /// Certificates (PEM) to trust instead of the platform's.
    pub(crate) ca_file: Option<PathBuf>,
    /// A client with the scope `probity:admin`, `probity:operator` or `probity:auditor`.
    pub(crate) client_id: String,
    /// The file with its secret.
    pub(crate) client_secret_file: PathBuf,
}

impl AdminProfile {
    /// Reads a profile; paths in it are relative to it.
    ///
    /// # Errors
    /// Names the key that can't work.
    pub(crate) fn load(file: &Path) -> Result<Self, Failure> {
        let profile: Self = config_file::load(file)?;
        client::check_address(&profile.issuer).doing("issuer").doing(file.display())?;
        let folder = config_file::folder(file);
        Ok(Self {
            ca_file: profile.ca_file.map(|path| folder.join(path)),
            client_secret_file: folder.join(profile.client_secret_file),
            ..profile
        })
    }
}

/// An administrator's connection to an authority.
pub(crate) struct Admin {
    client: reqwest::Client,
    issuer: String,
    token: zeroize::Zeroizing<String>,
}

impl AdminArgs {
    /// Does one thing and prints what came of it.
    ///
    /// # Errors
    /// A profile that can't be used, an authority that can't be reached or that refuses.
    pub(crate) async fn run(self) -> Result<(), Failure> {
        let admin = Admin::connect(&self.profile).await?;
        let (answer, text) = match self.command {
            AdminCommand::Revoke { what, id, issuer, expires, level } => {
                let what = named(what, id)?;
                let rest = json!({ "issuer": issuer, "expires": expires, "level": name_of(&level) });
                let answer = admin.post("revocations", &merged(what, rest)).await?;
                let text = revocation_text(&answer);
                (answer, text)
            }
            AdminCommand::Guards => {
                let answer = admin.get("guards").await?;
                let text = table(&answer, &["name", "connected", "applied", "lag", "lease_ms"]);
                (answer, text)
            }
            AdminCommand::AddGuard { name } => {
                let answer = admin.post("guards", &json!({ "name": name })).await?;
                let text = answer.get("credential").and_then(Value::as_str).unwrap_or_default().to_owned();
                (answer, text)
            }
            AdminCommand::Clients { command } => command.run(&admin).await?,
            AdminCommand::AuditLog { command } => command.run(&admin).await?,
            AdminCommand::RegistrationToken { uses, lifetime } => {
                let answer =
                    admin.post("registration-tokens", &json!({ "uses": uses, "expires_in": lifetime })).await?;
                let text = answer.get("token").and_then(Value::as_str).unwrap_or_default().to_owned();
                (answer, text)
            }
            AdminCommand::Users { username, after } => {
                let asked = [("username", username), ("after", after)];
                let asked: Vec<_> = asked.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?))).collect();
                let answer = admin.get(&format!("users?{}", query(&asked))).await?;
                let text = table(&answer, &["sub", "username", "disabled"]);
                (answer, text)
            }
            AdminCommand::AddUser { username, password_file } => {
                let password = client::read_secret(&password_file).or_kind(Kind::Configuration)?;
                let answer =
                    admin.post("users", &json!({ "username": username, "password": password.as_str() })).await?;
                let text = answer.get("sub").and_then(Value::as_str).unwrap_or_default().to_owned();
                (answer, text)
            }
            AdminCommand::SetPassword { subject, password_file } => {
                let password = client::read_secret(&password_file).or_kind(Kind::Configuration)?;
                let change = json!({ "password": password.as_str() });
                (
                    admin.change_user(&subject, &change).await?,
                    "the password is set, and all sessions have ended".to_owned(),
                )
            }
            AdminCommand::DisableUser { subject } => {
                let change = json!({ "disabled": true });
                (admin.change_user(&subject, &change).await?, "the user can't log in any more".to_owned())
            }
            AdminCommand::EnableUser { subject } => {
                let change = json!({ "disabled": false });
                (admin.change_user(&subject, &change).await?, "the user can log in again".to_owned())
            }
            AdminCommand::DeleteUser { subject } => {
                (admin.delete(&format!("users/{subject}")).await?, "the user is deleted".to_owned())
            }
            AdminCommand::Consents { subject } => {
                let answer = admin.get(&format!("consents?{}", query(&[("subject", &subject)]))).await?;
                let text = table(&answer, &["client_id", "scope", "granted"]);
                (answer, text)
            }
            AdminCommand::WithdrawConsent { subject, client } => {
                let query = query(&[("subject", &subject), ("client_id", &client)]);
                let answer = admin.delete(&format!("consents?{query}")).await?;
                let count = answer.get("revoked_grants").and_then(Value::as_u64).unwrap_or(0);
                (answer, format!("grants revoked: {count}"))
            }
            AdminCommand::Why(why) => {
                let answer = admin.post("why", &why.body()?).await?;
                let text = why::text(&answer);
                (answer, text)
            }
            AdminCommand::Sessions { subject } => {
                let answer = admin.get(&format!("sessions?{}", query(&[("subject", &subject)]))).await?;
                let text = table(&answer, &["sid", "auth_time", "expires"]);
                (answer, text)
            }
        };
        output::line(&if self.json { answer.to_string() } else { text })
    }
}

impl Admin {
    /// Gets an access token for the admin API by the profile's client credentials.
    ///
    /// # Errors
    /// As [`AdminArgs::run`].
    pub(crate) async fn connect(profile_file: &Path) -> Result<Self, Failure> {
        let profile = AdminProfile::load(profile_file)?;
        let secret = client::read_secret(&profile.client_secret_file).or_kind(Kind::Configuration)?;
        let client = http_client(profile.ca_file.as_deref()).or_kind(Kind::Configuration)?;
        let issuer = profile.issuer.trim_end_matches('/').to_owned();
        let request = client
            .post(format!("{issuer}/token"))
            .basic_auth(&profile.client_id, Some(secret.as_str()))
            // Whatever the client may have: it may be an operator or an auditor only.
            .form(&[("grant_type", "client_credentials")]);
        let answer = answer_of(request).await.doing("getting an admin token")?;
        let token = answer.get("access_token").and_then(Value::as_str);
        let token = token.ok_or_else(|| Failure::new("the authority's answer has no access token"))?;
        Ok(Self { client, issuer, token: zeroize::Zeroizing::new(token.to_owned()) })
    }

    /// The admin API's token.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// Revokes, and gives the authority's answer.
    ///
    /// # Errors
    /// As [`AdminArgs::run`].
    pub(crate) async fn revoke(&self, what: &str, id: &str, level: &str) -> Result<Value, Failure> {
        self.post("revocations", &json!({ what: id, "level": level })).await
    }

    async fn get(&self, path: &str) -> Result<Value, Failure> {
        let request = self.client.get(format!("{}/admin/v1/{path}", self.issuer));
        answer_of(request.bearer_auth(self.token.as_str())).await
    }

    async fn change_user(&self, subject: &str, change: &Value) -> Result<Value, Failure> {
        self.patch(&format!("users/{subject}"), change).await
    }

    async fn patch(&self, path: &str, change: &Value) -> Result<Value, Failure> {
        let request = self.client.patch(format!("{}/admin/v1/{path}", self.issuer));
        answer_of(request.bearer_auth(self.token.as_str()).json(change)).await
    }

    async fn put(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let request = self.client.put(format!("{}/admin/v1/{path}", self.issuer));
        answer_of(request.bearer_auth(self.token.as_str()).json(body)).await
    }

    async fn delete(&self, path: &str) -> Result<Value, Failure> {
        let request = self.client.delete(format!("{}/admin/v1/{path}", self.issuer));
        answer_of(request.bearer_auth(self.token.as_str())).await
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let request = self.client.post(format!("{}/admin/v1/{path}", self.issuer));
        answer_of(request.bearer_auth(self.token.as_str()).json(body)).await
    }
}

fn query(parameters: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}

/// The JSON body of a good answer, or what a bad one says.
async fn answer_of(request: reqwest::RequestBuilder) -> Result<Value, Failure> {
    let answer = request.send().await.or_kind(Kind::Unreachable).doing("asking the authority")?;
    let status = answer.status();
    let text = answer.text().await?;
    let body: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    if status.is_success() {
        return Ok(body);
    }
    let part = |name| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let message = format!("the authority answered {status}: {} {}", part("error"), part("error_description"));
    Err(Failure::new(message.trim_end_matches([' ', ':'])).of_kind(Kind::Refused))
}

/// What is revoked, as the API names it.
fn named(what: Level, id: Option<String>) -> Result<Value, Failure> {
    let value = match (what, id) {
        (Level::Everything, None) => Value::Bool(true),
        // Somebody means less than everything.
        (Level::Everything, Some(_)) => return Err(Failure::new("everything is revoked without an identifier")),
        // clap has seen to it that there is one.
        (_, id) => Value::String(id.unwrap_or_default()),
    };
    Ok(json!({ (name_of(&what)): value }))
}

/// The members of both.
fn merged(mut one: Value, other: Value) -> Value {
    if let (Value::Object(one), Value::Object(other)) = (&mut one, other) {
        one.extend(other);
    }
    one
}

fn name_of(value: &impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

fn revocation_text(answer: &Value) -> String {
    let text = |name: &str| answer.get(name).and_then(Value::as_str).unwrap_or("?");
    let millis = answer.get("elapsed_us").and_then(Value::as_u64).unwrap_or(0) / 1_000;
    let mut line = format!("{} at position {} after {millis} ms", text("level"), text("position"));
    if let Some(guards) = answer.get("guards") {
        let enforcing = guards.get("enforcing").and_then(Value::as_u64).unwrap_or(0);
        line.push_str("; guards that enforce it: ");
        line.push_str(&enforcing.to_string());
        let expired = guards.get("expired").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let names: Vec<_> = expired.iter().filter_map(Value::as_str).collect();
        if !names.is_empty() {
            line.push_str("; without a lease, and so refusing everything: ");
            line.push_str(&names.join(", "));
        }
    }
    line
}

/// A list of objects as columns.
fn table(answer: &Value, columns: &[&str]) -> String {
    let rows = match answer {
        Value::Array(rows) => rows.as_slice(),
        Value::Object(object) => object.values().find_map(Value::as_array).map(Vec::as_slice).unwrap_or_default(),
        _ => &[],
    };
    let cell = |row: &Value, column: &str| match row.get(column) {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let mut lines: Vec<Vec<String>> = vec![columns.iter().map(|column| (*column).to_owned()).collect()];
    lines.extend(rows.iter().map(|row| columns.iter().map(|column| cell(row, column)).collect()));
    let width = |at: usize| lines.iter().filter_map(|line| line.get(at)).map(String::len).max().unwrap_or(0);
    let widths: Vec<_> = (0..columns.len()).map(width).collect();
    let padded = |line: &Vec<String>| {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    lines.iter().map(padded).collect::<Vec<_>>().join("\n")
}

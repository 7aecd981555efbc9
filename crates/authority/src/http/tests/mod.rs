//! The endpoints over a real store, without sockets.

mod access_token_format;
mod admin;
mod audit_log;
mod authorize;
mod client_authentication;
mod client_documents;
mod clients;
mod conformance;
mod consent;
mod device;
mod dpop;
mod id_token;
mod idle_session;
mod introspect;
mod keys;
mod logout;
mod metadata;
mod openapi;
mod outbound;
mod par;
mod pkce;
mod readiness;
mod register;
mod request_object;
mod resource;
mod revoke;
mod status_list;
mod throttle;
mod token;
mod token_exchange;
mod userinfo;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use ::http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use ::http::{HeaderMap, Method, Request, StatusCode};
use axum::Router;
use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::BodyExt;
use probity_jose::base64url;
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;
use url::Url;

use crate::authority::{Authority, State};
use crate::config::{
    AuthorityConfig, ClientConfig, DpopConfig, GuardConfig, OutboundConfig, PostgresConfig, UserConfig,
};
use crate::domain::algorithm::PublicAlgorithm;
use crate::domain::client::GrantType;
use crate::domain::client::metadata::ClientMetadata;
use crate::domain::client::policy::ClientPolicy;
use crate::domain::key_rotation::KeyRotation;
use crate::domain::lifetimes::Lifetimes;
use crate::domain::master_key::MasterKey;
use crate::domain::parameters::Parameters;
use crate::domain::secret::{PlainSecret, SecretKind};
use crate::outbound::Outbound;
use outbound::Web;

const ISSUER: &str = "https://as.example";
const AUDIENCE: &str = "https://api.example";
const CALLBACK: &str = "https://app.example/cb";
const SECRET: &str = "a-secret-of-more-than-thirty-two-characters";
const PASSWORD: &str = "correct horse battery";
// RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// What `app` may ask for.
const APP_SCOPES: [&str; 7] = ["openid", "profile", "email", "address", "phone", "read", "write"];

/// What is known about `alice`.
fn alice() -> Value {
    serde_json::json!({
        "name": "Alice Example", "email": "alice@example.org", "email_verified": true, "department": "tests",
        "phone_number": "+49 30 1234", "address": {"locality": "Berlin"},
    })
}

/// Adds a user `bob`.
fn with_bob(config: &mut AuthorityConfig) {
    config.users.push(UserConfig {
        username: "bob".into(),
        attributes: serde_json::Map::new(),
        ..config.users[0].clone()
    });
}

/// An authority with the user `alice`, the public clients `app` and `other`, and the confidential clients `service` and `admin`.
struct Fixture {
    authority: Authority,
    router: Router,
    web: Arc<Web>,
    folder: TempDir,
    config: AuthorityConfig,
}

/// An answer, read to its end.
#[derive(Debug)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    fn text(&self, member: &str) -> String {
        self.json()[member].as_str().unwrap_or_else(|| panic!("no {member}: {self:?}")).to_owned()
    }

    /// Status and `error`.
    fn error(&self) -> (u16, String) {
        (self.status.as_u16(), self.text("error"))
    }

    fn location(&self) -> Url {
        let location = self.headers.get(LOCATION).unwrap_or_else(|| panic!("no redirect: {self:?}"));
        Url::parse(location.to_str().unwrap()).unwrap()
    }

    fn cookie(&self, name: &str) -> Option<String> {
        let cookies = self.headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap());
        cookies
            .filter_map(|text| text.split(';').next()?.split_once('='))
            .find(|(n, _)| *n == name)
            .map(|(_, v)| v.into())
    }
}

impl Answer {
    /// The fields of a form of a page, by the form's id.
    fn form(&self, id: &str) -> BTreeMap<String, String> {
        let form = self.body.split_once(&format!("<form id=\"{id}\"")).unwrap_or_else(|| panic!("no {id}: {self:?}")).1;
        let form = form.split_once("</form>").unwrap().0;
        let inputs = form.split("<input ").skip(1).map(|input| input.split_once('>').unwrap().0);
        let attribute = |input: &str, name: &str| {
            let value = input.split_once(&format!("{name}=\"")).map(|(_, rest)| rest.split_once('"').unwrap().0);
            value.map(|text| {
                text.replace("&#38;", "&").replace("&#34;", "\"").replace("&#60;", "<").replace("&#62;", ">")
            })
        };
        inputs
            .filter_map(|input| Some((attribute(input, "name")?, attribute(input, "value").unwrap_or_default())))
            .collect()
    }
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

impl Fixture {
    async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// With another configuration.
    async fn with(change: impl FnOnce(&mut AuthorityConfig)) -> Self {
        Self::start_on(None, change).await
    }

    /// With other metadata of the client `app`.
    async fn with_metadata(metadata: ClientMetadata) -> Self {
        Self::with(|config| config.clients[0].metadata = metadata).await
    }

    /// The same on PostgreSQL.
    async fn on_postgres() -> Self {
        Self::start_on(Some(crate::postgres_server::connection()), |_| {}).await
    }

    async fn start_on(postgres: Option<String>, change: impl FnOnce(&mut AuthorityConfig)) -> Self {
        // What the authority logs is printed with a test that fails.
        let _ = tracing_subscriber::fmt().with_test_writer().try_init();
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, content: &str| -> PathBuf {
            let path = folder.path().join(name);
            std::fs::write(&path, content).unwrap();
            path
        };
        let secret = file("secret", SECRET);
        let guard = PlainSecret::new(SecretKind::GuardCredential, [9; 32]);
        let client =
            |id: &str, secret: Option<&PathBuf>, grants: &[GrantType], scopes: &[&str], audience: &str| ClientConfig {
                client_id: id.into(),
                client_secret_file: secret.cloned(),
                client_name: None,
                grant_types: grants.to_vec(),
                redirect_uris: if grants.contains(&GrantType::AuthorizationCode) {
                    vec![CALLBACK.into()]
                } else {
                    vec![]
                },
                scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
                audience: audience.into(),
                metadata: ClientMetadata::default(),
                policy: ClientPolicy::default(),
            };
        let code = [GrantType::AuthorizationCode, GrantType::RefreshToken];
        let own = [GrantType::ClientCredentials];
        let mut config = AuthorityConfig {
            issuer: ISSUER.into(),
            listen: crate::config::default_listen(),
            data: postgres.is_none().then(|| folder.path().to_owned()),
            postgres: postgres
                .map(|connection| PostgresConfig { connection_file: file("connection", &connection), ca_file: None }),
            master_key_file: folder.path().join("master.key"),
            previous_master_key_file: None,
            key_rotation: KeyRotation::default(),
            tls: Some(crate::config::TlsConfig {
                certificate_file: "unused".into(),
                key_file: "unused".into(),
                allow_tls12: false,
            }),
            plain_http: false,
            // Making RSA keys takes a second each: only where they are needed.
            signing_algorithms: vec![PublicAlgorithm::ES256, PublicAlgorithm::EDDSA],
            lifetimes: Lifetimes::default(),
            client_certificates: None,
            dpop: DpopConfig::default(),
            outbound: OutboundConfig::default(),
            registration: None,
            client_id_documents: None,
            clients: vec![
                client("app", None, &code, &APP_SCOPES, AUDIENCE),
                client("other", None, &code, &["openid", "read"], AUDIENCE),
                client("service", Some(&secret), &own, &["read", "write"], AUDIENCE),
                client("scraper", Some(&secret), &own, &["probity:metrics"], &format!("{ISSUER}/admin")),
                client("admin", Some(&secret), &own, &["probity:admin"], &format!("{ISSUER}/admin")),
            ],
            users: vec![UserConfig {
                username: "alice".into(),
                password_file: file("password", PASSWORD),
                attributes: alice().as_object().unwrap().clone(),
            }],
            guards: vec![GuardConfig { name: "edge".into(), credential_file: file("guard", guard.expose()) }],
        };
        change(&mut config);
        config.check().unwrap();
        let web = Arc::new(Web::default());
        let outbound: Arc<dyn Outbound> = Arc::<Web>::clone(&web);
        let authority = Authority::start_with(&config, MasterKey::from_bytes([1; 32]), outbound).await.unwrap();
        let router = super::router(Arc::clone(authority.state()));
        Self { authority, router, web, folder, config }
    }

    fn state(&self) -> &State {
        self.authority.state()
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status, headers: parts.headers, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder().uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }

    async fn post(&self, path: &str, headers: &[(&str, &str)], form: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let mut request =
            Request::builder().method(Method::POST).uri(path).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    /// A form of the confidential client `service`.
    async fn post_as_service(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.post(path, &[(AUTHORIZATION.as_str(), &basic("service"))], form).await
    }

    async fn service_token(&self) -> String {
        self.post_as_service("/token", &[("grant_type", "client_credentials")]).await.text("access_token")
    }

    /// Logs `alice` in and gives the session's cookie header.
    async fn log_in(&self) -> String {
        self.log_in_as("alice").await
    }

    async fn log_in_as(&self, username: &str) -> String {
        let page = self.get(&authorize_path("app", &[]), &[]).await;
        self.submit_login_as(username, &page, PASSWORD, "").await.1
    }

    /// Sends the login form of a page for `alice`; the answer, and the cookie header of the new session.
    async fn submit_login(&self, page: &Answer, password: &str, cookies: &str) -> (Answer, String) {
        self.submit_login_as("alice", page, password, cookies).await
    }

    async fn submit_login_as(&self, username: &str, page: &Answer, password: &str, cookies: &str) -> (Answer, String) {
        let csrf = page.cookie("__Host-probity-csrf").unwrap();
        let mut form = page.form("login");
        form.insert("username".into(), username.into());
        form.insert("password".into(), password.into());
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let cookies = format!("__Host-probity-csrf={csrf}; {cookies}");
        let answer = self.post("/login", &[(COOKIE.as_str(), &cookies), (ORIGIN.as_str(), ISSUER)], &form).await;
        let session = answer.cookie("__Host-probity-session").map(|value| format!("__Host-probity-session={value}"));
        (answer, session.unwrap_or_default())
    }

    /// A fresh code of `alice` for `app`.
    async fn code(&self, session: &str) -> String {
        self.code_with(session, &[]).await
    }

    async fn code_with(&self, session: &str, more: &[(&str, &str)]) -> String {
        let answer = self.get(&authorize_path("app", more), &[(COOKIE.as_str(), session)]).await;
        parameter(&answer.location(), "code").unwrap_or_else(|| panic!("no code: {answer:?}"))
    }

    async fn redeem(&self, code: &str) -> Answer {
        self.redeem_as("app", code).await
    }

    async fn redeem_as(&self, client: &str, code: &str) -> Answer {
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", client),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        self.post("/token", &[], &form).await
    }

    async fn refresh(&self, token: &str) -> Answer {
        let form = [("grant_type", "refresh_token"), ("client_id", "app"), ("refresh_token", token)];
        self.post("/token", &[], &form).await
    }

    async fn is_active(&self, token: &str) -> bool {
        let answer = self.post_as_service("/introspect", &[("token", token)]).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        answer.json()["active"].as_bool().unwrap()
    }

    /// Every row of every table but the log, to see that nothing has changed.
    fn rows(&self) -> Vec<String> {
        let connection = rusqlite::Connection::open(self.folder.path().join("probity.db")).unwrap();
        let mut tables = connection.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").unwrap();
        let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        let mut rows = Vec::new();
        for table in tables {
            let mut statement = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
            let columns = statement.column_count();
            let read = |row: &rusqlite::Row<'_>| {
                (0..columns).map(|column| row.get::<_, rusqlite::types::Value>(column)).collect::<Result<Vec<_>, _>>()
            };
            rows.extend(statement.query_map([], read).unwrap().map(|row| format!("{table}: {:?}", row.unwrap())));
        }
        rows.sort();
        rows
    }
}

/// The path and query of a good authorization request, with some parameters set or (empty) left out.
fn authorize_path(client: &str, change: &[(&str, &str)]) -> String {
    let mut parameters = Parameters::default()
        .with("response_type", "code")
        .with("client_id", client)
        .with("redirect_uri", CALLBACK)
        .with("state", "st")
        .with("code_challenge", CHALLENGE)
        .with("code_challenge_method", "S256");
    for (name, value) in change {
        parameters = if value.is_empty() { parameters.without(name) } else { parameters.with(name, value) };
    }
    format!("/authorize?{}", parameters.to_text())
}

fn basic(client: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{client}:{SECRET}")))
}

/// The claims of a token, unverified.
fn claims(token: &str) -> Value {
    serde_json::from_slice(&base64url::decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

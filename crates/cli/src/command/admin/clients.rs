//! `probity admin clients`: the applications that get tokens.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use url::form_urlencoded::byte_serialize;

use super::{Admin, query, table};
use crate::failure::{Doing, Failure, Kind};

/// What to do with clients.
#[derive(Debug, Subcommand)]
pub(super) enum ClientsCommand {
    /// Add a client; its secret, if it gets one, is shown only once.
    #[command(after_help = "Examples:\n  \
        probity admin clients add --grant client_credentials --scope orders:read --audience https://api.example.org\n  \
        probity admin clients add web --name 'The shop' --grant authorization_code --grant refresh_token \\\n    \
        --redirect-uri https://shop.example.org/callback --scope openid --audience https://api.example.org\n  \
        probity admin clients add spa --method none --file spa.json\n\n\
        The file has the members that `clients show --json` prints: client_name, grant_types, redirect_uris, scopes, \
        audience, metadata, policy.")]
    Add {
        /// Its client_id; without it, one is made up.
        client_id: Option<String>,
        #[command(flatten)]
        description: DescriptionArgs,
    },
    /// List clients.
    #[command(after_help = "Example:\n  probity admin clients list --json")]
    List {
        /// The clients after this client_id: a hundred are listed at once.
        #[arg(long)]
        after: Option<String>,
    },
    /// Show what is known of a client.
    #[command(after_help = "Example:\n  probity admin clients show web")]
    Show {
        /// The client (client_id).
        client_id: String,
    },
    /// Change a client; what is not named stays.
    #[command(after_help = "Example:\n  \
        probity admin clients set web --redirect-uri https://a.example/cb --redirect-uri https://b.example/cb\n\n\
        Clients of the configuration file are changed there.")]
    Set {
        /// The client (client_id).
        client_id: String,
        #[command(flatten)]
        description: DescriptionArgs,
    },
    /// Let a client do nothing any more, and revoke everything that was issued to it.
    #[command(after_help = "Example:\n  probity admin clients disable web")]
    Disable {
        /// The client (client_id).
        client_id: String,
    },
    /// Let a client do something again.
    #[command(after_help = "Example:\n  probity admin clients enable web")]
    Enable {
        /// The client (client_id).
        client_id: String,
    },
    /// Delete a client, and revoke everything that was issued to it.
    #[command(after_help = "Example:\n  probity admin clients delete web")]
    Delete {
        /// The client (client_id).
        client_id: String,
    },
    /// Give a client another secret, which is shown only once; the one before is no good from then on.
    #[command(after_help = "Example:\n  (umask 077; probity admin clients secret web > web.secret)\n\n\
        Tokens that the old secret has brought live on: `probity admin revoke client` ends them.")]
    Secret {
        /// The client (client_id).
        client_id: String,
    },
}

/// What a client is. A list replaces the list that was there.
#[derive(Debug, Args)]
pub(super) struct DescriptionArgs {
    /// A file (JSON) with some or all of it; the other options count more.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// What the login page calls it.
    #[arg(long)]
    name: Option<String>,
    /// A grant type that it may use.
    #[arg(long = "grant", value_name = "GRANT_TYPE")]
    grants: Vec<String>,
    /// Where authorization responses may go.
    #[arg(long = "redirect-uri", value_name = "URI")]
    redirect_uris: Vec<String>,
    /// A scope that it may ask for.
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// The `aud` of its access tokens.
    #[arg(long)]
    audience: Option<String>,
    /// How it authenticates itself: none for a public client.
    #[arg(long, value_name = "TOKEN_ENDPOINT_AUTH_METHOD")]
    method: Option<String>,
}

/// What a description consists of; the rest of what is shown can't be set.
const MEMBERS: [&str; 7] = ["client_name", "grant_types", "redirect_uris", "scopes", "audience", "metadata", "policy"];

impl ClientsCommand {
    /// Does it; the authority's answer, and a text for people.
    pub(super) async fn run(self, admin: &Admin) -> Result<(Value, String), Failure> {
        Ok(match self {
            Self::Add { client_id, description } => {
                let mut body = description.over(Map::new())?;
                body.extend(client_id.map(|id| ("client_id".to_owned(), id.into())));
                let answer = admin.post("clients", &body.into()).await?;
                let text = credentials(&answer);
                (answer, text)
            }
            Self::List { after } => {
                let asked: Vec<_> = after.iter().map(|after| ("after", after.as_str())).collect();
                let answer = admin.get(&format!("clients?{}", query(&asked))).await?;
                let text = table(&answer, &["client_id", "client_name", "disabled", "configured"]);
                (answer, text)
            }
            Self::Show { client_id } => {
                let answer = admin.get(&path(&client_id)).await?;
                let text = serde_json::to_string_pretty(&answer)?;
                (answer, text)
            }
            Self::Set { client_id, description } => {
                let known = admin.get(&path(&client_id)).await?;
                let known = known.as_object().cloned().unwrap_or_default();
                let known = known.into_iter().filter(|(name, _)| MEMBERS.contains(&name.as_str())).collect();
                let answer = admin.put(&path(&client_id), &description.over(known)?.into()).await?;
                let text = credentials(&answer);
                (answer, text)
            }
            Self::Disable { client_id } => {
                let answer = admin.patch(&path(&client_id), &json!({ "disabled": true })).await?;
                (answer, "the client can do nothing any more, and what was issued to it is revoked".to_owned())
            }
            Self::Enable { client_id } => {
                let answer = admin.patch(&path(&client_id), &json!({ "disabled": false })).await?;
                (answer, "the client can get tokens again".to_owned())
            }
            Self::Delete { client_id } => {
                let answer = admin.delete(&path(&client_id)).await?;
                (answer, "the client is deleted, and what was issued to it is revoked".to_owned())
            }
            Self::Secret { client_id } => {
                let answer = admin.post(&format!("{}/secret", path(&client_id)), &json!({})).await?;
                let text = member(&answer, "client_secret").to_owned();
                (answer, text)
            }
        })
    }
}

impl DescriptionArgs {
    /// This over what is known already.
    fn over(self, mut known: Map<String, Value>) -> Result<Map<String, Value>, Failure> {
        if let Some(file) = &self.file {
            let text = std::fs::read_to_string(file).doing(file.display()).or_kind(Kind::Configuration)?;
            let read = serde_json::from_str::<Map<String, Value>>(&text);
            known.extend(read.doing(file.display()).or_kind(Kind::Configuration)?);
        }
        let texts = [("client_name", self.name), ("audience", self.audience)];
        known.extend(texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?.into()))));
        let lists = [("grant_types", self.grants), ("redirect_uris", self.redirect_uris), ("scopes", self.scopes)];
        let named = lists.into_iter().filter(|(_, list)| !list.is_empty());
        known.extend(named.map(|(name, list)| (name.to_owned(), list.into())));
        if let Some(method) = self.method {
            let metadata = known.entry("metadata").or_insert_with(|| json!({}));
            if let Some(metadata) = metadata.as_object_mut() {
                metadata.insert("token_endpoint_auth_method".to_owned(), method.into());
            }
        }
        Ok(known)
    }
}

fn path(client_id: &str) -> String {
    format!("clients/{}", byte_serialize(client_id.as_bytes()).collect::<String>())
}

/// What the client needs to know.
fn credentials(answer: &Value) -> String {
    let id = format!("client_id      {}", member(answer, "client_id"));
    match member(answer, "client_secret") {
        "" => id,
        secret => format!("{id}\nclient_secret  {secret}"),
    }
}

fn member<'a>(answer: &'a Value, name: &str) -> &'a str {
    answer.get(name).and_then(Value::as_str).unwrap_or_default()
}

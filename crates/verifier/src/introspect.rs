//! Asking the issuer about one token: RFC 7662.

use core::fmt;

use serde::Deserialize;
use tokio::sync::Semaphore;
use tracing::debug;
use url::Url;

use crate::fetch::{self, MAX_DOCUMENT_BYTES};

/// How many questions run at once.
const MAX_QUESTIONS: usize = 64;

/// What the issuer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Introspection {
    /// The token is good.
    Active,
    /// It is not.
    Inactive,
    /// The issuer could not be asked, or did not answer as it must.
    Unknown,
}

/// A confidential client that may ask.
pub struct IntrospectionClient {
    id: String,
    secret: String,
    places: Semaphore,
}

#[derive(Deserialize)]
struct Answer {
    active: bool,
}

impl IntrospectionClient {
    /// A client with its secret.
    pub fn new(id: impl Into<String>, secret: impl Into<String>) -> Self {
        Self { id: id.into(), secret: secret.into(), places: Semaphore::new(MAX_QUESTIONS) }
    }

    pub(crate) async fn ask(&self, client: &reqwest::Client, endpoint: &Url, token: &str) -> Introspection {
        let Ok(_place) = self.places.try_acquire() else { return Introspection::Unknown };
        match self.answer(client, endpoint, token).await {
            Ok(Answer { active: true }) => Introspection::Active,
            Ok(Answer { active: false }) => Introspection::Inactive,
            Err(error) => {
                debug!(error, "introspection failed");
                Introspection::Unknown
            }
        }
    }

    async fn answer(&self, client: &reqwest::Client, endpoint: &Url, token: &str) -> Result<Answer, String> {
        let form = [("token", token), ("token_type_hint", "access_token")];
        let request = client.post(endpoint.clone()).basic_auth(&self.id, Some(&self.secret)).form(&form);
        let said = |error: reqwest::Error| error.without_url().to_string();
        let response = request.send().await.map_err(said)?;
        if response.status() != http::StatusCode::OK {
            return Err(format!("the answer was {}", response.status()));
        }
        let document = fetch::body(MAX_DOCUMENT_BYTES, response).await.map_err(|error| error.to_string())?;
        serde_json::from_slice(&document).map_err(|_| "the answer is malformed".to_owned())
    }
}

/// Without the secret.
impl fmt::Debug for IntrospectionClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntrospectionClient").field("id", &self.id).finish_non_exhaustive()
    }
}

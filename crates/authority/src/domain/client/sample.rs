//! A client for tests.

use super::metadata::ClientMetadata;
use super::policy::ClientPolicy;
use super::{Client, GrantType};
use crate::domain::scope::Scope;

impl Client {
    /// A public client that may send users here.
    pub(crate) fn sample() -> Self {
        Self {
            id: "app".into(),
            name: "App".into(),
            secret: None,
            grant_types: vec![GrantType::AuthorizationCode],
            redirect_uris: vec!["https://app.example/cb".into()],
            scope: Scope::default(),
            audience: "https://api.example".into(),
            metadata: ClientMetadata::default(),
            policy: ClientPolicy::default(),
        }
    }
}

//! `[browser]` of the guard's configuration.

use std::path::PathBuf;
use std::sync::Arc;

use probity_verifier::RelyingParty;
use serde::Deserialize;
use url::Url;

use super::return_to::ReturnTo;
use super::session::Limits;
use crate::config::{BadConfig, bad};

/// `[browser]`: users log in here, and their browsers keep a cookie in place of tokens.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrowserConfig {
    /// By which origin browsers know the application: `https://` and a host.
    pub origin: String,
    /// `client_id` at the authority.
    pub client_id: String,
    /// The file with its secret, one line; a public client has none.
    pub client_secret_file: Option<PathBuf>,
    /// The scopes that a login asks for.
    #[serde(default = "default_scopes")]
    pub scopes: Vec<String>,
    /// Below which path the back end's own pages are.
    #[serde(default = "default_prefix")]
    pub prefix: String,
    /// Where a browser goes after a logout: a path of the application.
    #[serde(default = "default_after_logout")]
    pub after_logout: String,
    /// Seconds after its last request at which a session is over.
    #[serde(default = "default_idle")]
    pub idle: u64,
    /// Seconds after its login at which a session is over.
    #[serde(default = "default_lifetime")]
    pub lifetime: u64,
    /// The most sessions; a further login ends the one that was not used for longest.
    #[serde(default = "default_max_sessions")]
    pub max_sessions: usize,
}

/// What the back end is to do, checked.
#[derive(Debug)]
pub struct BrowserPlan {
    pub(super) origin: String,
    /// Host, and port where it is not the usual one: what `Host` must be.
    pub(super) host: String,
    pub(super) client: Arc<RelyingParty>,
    pub(super) scope: String,
    pub(super) prefix: String,
    pub(super) after_logout: ReturnTo,
    pub(super) limits: Limits,
}

impl BrowserConfig {
    /// Checks it. `client` is what `client_id` and its secret's file are.
    ///
    /// # Errors
    /// [`BadConfig`]
    pub fn plan(&self, client: RelyingParty) -> Result<BrowserPlan, BadConfig> {
        let url = Url::parse(&self.origin).map_err(|error| bad("browser.origin", &error))?;
        let origin = url.origin().ascii_serialization();
        // A `__Host-` cookie is for https only (RFC 6265bis section 4.1.3.2).
        if url.scheme() != "https" || origin != self.origin {
            return Err(bad("browser.origin", &"https, a host in lower case and nothing behind it"));
        }
        let inner = self.prefix.strip_prefix('/').unwrap_or_default();
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/".contains(&byte);
        if inner.is_empty() || !inner.bytes().all(known) || inner.split('/').any(|part| ["", ".", ".."].contains(&part))
        {
            return Err(bad("browser.prefix", &"a path like /.probity, without a slash at the end"));
        }
        let after_logout = ReturnTo::parse(&self.after_logout, &self.prefix);
        if self.idle == 0 || self.lifetime == 0 || self.max_sessions == 0 {
            return Err(bad("browser", &"idle, lifetime and max_sessions are at least 1"));
        }
        if !self.scopes.iter().any(|scope| scope == "openid") {
            return Err(bad("browser.scopes", &"without openid nobody says who has logged in"));
        }
        Ok(BrowserPlan {
            host: origin.trim_start_matches("https://").to_owned(),
            origin,
            client: Arc::new(client),
            scope: self.scopes.join(" "),
            prefix: self.prefix.clone(),
            after_logout: after_logout.ok_or_else(|| bad("browser.after_logout", &"a path of the application"))?,
            limits: Limits { idle: self.idle, lifetime: self.lifetime, sessions: self.max_sessions },
        })
    }
}

fn default_scopes() -> Vec<String> {
    vec!["openid".to_owned()]
}

fn default_prefix() -> String {
    "/.probity".to_owned()
}

fn default_after_logout() -> String {
    "/".to_owned()
}

const fn default_idle() -> u64 {
    3_600
}

const fn default_lifetime() -> u64 {
    43_200
}

const fn default_max_sessions() -> usize {
    50_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_back_end_that_can_not_be_meant_is_refused() {
        let plan = |text: &str| {
            let config: BrowserConfig = toml::from_str(&format!("client_id = \"web\"\n{text}")).unwrap();
            config.plan(RelyingParty::new("web", None, Vec::new()))
        };
        let plan_of = plan("origin = \"https://shop.example\"").unwrap();
        assert_eq!((plan_of.host.as_str(), plan_of.prefix.as_str()), ("shop.example", "/.probity"));
        assert_eq!(plan("origin = \"https://localhost:8080\"").unwrap().host, "localhost:8080");
        for bad in [
            "origin = \"http://shop.example\"",
            "origin = \"https://shop.example/\"",
            "origin = \"https://shop.example/app\"",
            "origin = \"https://SHOP.example\"",
            "origin = \"https://u@shop.example\"",
            "origin = \"https://shop.example\"\nprefix = \"/\"",
            "origin = \"https://shop.example\"\nprefix = \"auth\"",
            "origin = \"https://shop.example\"\nprefix = \"/auth/\"",
            "origin = \"https://shop.example\"\nprefix = \"/a/../b\"",
            "origin = \"https://shop.example\"\nafter_logout = \"https://evil.example\"",
            "origin = \"https://shop.example\"\nafter_logout = \"/.probity/login\"",
            "origin = \"https://shop.example\"\nidle = 0",
            "origin = \"https://shop.example\"\nscopes = [\"profile\"]",
        ] {
            assert!(plan(bad).is_err(), "{bad}");
        }
    }
}

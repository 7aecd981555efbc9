//! What careless verifiers do before they decide: fetch what a token names, or run it.

use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;

use probity_audit::evidence::{Json, base64url};

use super::{Flaw, ISSUER, Verifier};

impl Verifier {
    /// Fetches what this verifier fetches for a token.
    pub(super) async fn prepare(&self, token: &str) {
        let part = |at: usize| token.split('.').nth(at).and_then(base64url).and_then(|bytes| Json::from_bytes(&bytes));
        let (Some(header), claims) = (part(0), part(1)) else { return };
        let text = |name: &str| header.text(name).unwrap_or_default().to_owned();
        if let Some(keys) = &self.keys_at {
            // A correct one fetches once, and once more for the first unknown name.
            let known = text("kid") == "k1";
            let may = if known { 1 } else { 2 };
            if self.fetches.load(Ordering::Relaxed) < may || (!known && self.flaw == Flaw::FetchesForEachKid) {
                self.fetches.fetch_add(1, Ordering::Relaxed);
                fetch(keys).await;
            }
        }
        let blocked = ["127.0.0.1", "localhost"];
        let url = match self.flaw {
            Flaw::KeyUrlFetched | Flaw::KeyUrlTrusted => text("jku"),
            Flaw::CertificateUrlTrusted => text("x5u"),
            Flaw::KeyUrlComparedByItsBeginning if text("jku").starts_with(ISSUER) => text("jku"),
            Flaw::InnerKeyUrlFetched if !blocked.iter().any(|name| text("jku").contains(name)) => text("jku"),
            Flaw::IssuerDiscovered => {
                let issuer = claims.and_then(|claims| claims.text("iss").map(str::to_owned)).unwrap_or_default();
                if issuer == ISSUER { String::new() } else { format!("{issuer}/.well-known/openid-configuration") }
            }
            Flaw::KidReachesShell => {
                let line = format!("cat /nowhere/{}.pem", text("kid"));
                let run = move || {
                    let mut shell = Command::new("sh");
                    let _ = shell.args(["-c", &line]).stdout(Stdio::null()).stderr(Stdio::null()).status();
                };
                tokio::task::spawn_blocking(run).await.unwrap();
                String::new()
            }
            _ => String::new(),
        };
        let document = if url.is_empty() { None } else { fetch(&url).await };
        *self.fetched.lock().unwrap() = document;
    }

    /// The key set or certificate that was fetched for this token.
    pub(super) fn fetched(&self) -> Option<String> {
        self.fetched.lock().unwrap().clone()
    }
}

async fn fetch(url: &str) -> Option<String> {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    client.get(url).send().await.ok()?.text().await.ok()
}

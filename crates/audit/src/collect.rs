//! Fetches what is public: key sets and metadata. Plain `GET`s, redirects followed by hand and recorded.

use std::time::Duration;

use url::Url;

use crate::evidence::{Evidence, Exchange, KeySet, Metadata};
use crate::outcome::Place;

/// Fetches documents.
#[derive(Debug)]
pub struct Collector {
    client: reqwest::Client,
    now: i64,
}

impl Collector {
    /// A collector that trusts the platform's certificate authorities, and those in a PEM text.
    ///
    /// # Errors
    /// The PEM text can't be read.
    pub fn new(authorities: Option<&str>, now: i64) -> Result<Self, String> {
        let mut client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .no_proxy()
            .user_agent(concat!("probity-audit/", env!("CARGO_PKG_VERSION")));
        if let Some(pem) = authorities {
            for certificate in
                reqwest::Certificate::from_pem_bundle(pem.as_bytes()).map_err(|error| error.to_string())?
            {
                client = client.add_root_certificate(certificate);
            }
        }
        Ok(Self { client: client.build().map_err(|error| error.to_string())?, now })
    }

    /// Fetches a key set.
    ///
    /// # Errors
    /// A sentence: no answer, or no key set.
    pub async fn key_set(&self, url: &str) -> Result<KeySet, String> {
        let (exchange, urls) = self.get(url).await?;
        let set = KeySet::parse(&exchange.response_body, Place::of(url))
            .ok_or_else(|| format!("{url} answers {}, and no JWK Set", exchange.status))?;
        let cache_control = exchange.response_header("cache-control").map(str::to_owned);
        Ok(KeySet { urls, cache_control, seen: Some(self.now), ..set })
    }

    /// Fetches all that an issuer publishes: OpenID Connect Discovery, RFC 8414 metadata, and its key set.
    ///
    /// # Errors
    /// A sentence: nothing was found.
    pub async fn issuer(&self, issuer: &str, evidence: &mut Evidence) -> Result<(), String> {
        let base = issuer.trim_end_matches('/');
        let url = Url::parse(base).map_err(|_| format!("{issuer} is no URL"))?;
        let origin = url.origin().ascii_serialization();
        let path = url.path().trim_end_matches('/');
        let mut places = vec![
            format!("{base}/.well-known/openid-configuration"),
            format!("{origin}/.well-known/oauth-authorization-server{path}"),
        ];
        if base.contains("/.well-known/") {
            places = vec![base.to_owned()];
        }
        let mut last = String::new();
        for place in places {
            match self.get(&place).await {
                Ok((exchange, _)) if exchange.status == 200 => {
                    if let Some(document) =
                        Metadata::parse(&exchange.response_body, Some(place.clone()), Place::of(place))
                    {
                        evidence.metadata.push(document);
                    }
                }
                Ok((exchange, _)) => last = format!("{place} answers {}", exchange.status),
                Err(error) => last = error,
            }
        }
        let uri = evidence.metadata.iter().find_map(|document| document.json.text("jwks_uri").map(str::to_owned));
        match uri {
            Some(uri) => evidence.key_sets.push(self.key_set(&uri).await?),
            None if evidence.metadata.is_empty() => return Err(format!("no metadata of {issuer}: {last}")),
            None => {}
        }
        Ok(())
    }

    /// A `GET`, with the URLs that led to the answer.
    async fn get(&self, url: &str) -> Result<(Exchange, Vec<String>), String> {
        let mut urls = vec![url.to_owned()];
        let mut current = Url::parse(url).map_err(|_| format!("{url} is no URL"))?;
        loop {
            let mut response = self.client.get(current.clone()).send().await.map_err(|error| {
                let cause = std::error::Error::source(&error).map_or_else(String::new, |cause| format!(": {cause}"));
                format!("{current} can't be fetched{cause}")
            })?;
            let location = response.headers().get("location").and_then(|location| location.to_str().ok());
            if let (true, Some(location)) = (response.status().is_redirection(), location) {
                current = current.join(location).map_err(|_| format!("{current} redirects to no URL"))?;
                urls.push(current.to_string());
                if urls.len() > MAX_REDIRECTS {
                    return Err(format!("{url} redirects too often"));
                }
                continue;
            }
            let headers = response.headers().iter();
            let headers =
                headers.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()));
            let mut exchange = Exchange {
                method: "GET".to_owned(),
                url: current.to_string(),
                status: response.status().as_u16(),
                response_headers: headers.collect(),
                seen: Some(self.now),
                place: Place::of(url),
                ..Exchange::default()
            };
            let mut body = Vec::new();
            while let Some(chunk) = response.chunk().await.map_err(|error| error.to_string())? {
                body.extend_from_slice(&chunk);
                if body.len() > MAX_BYTES {
                    return Err(format!("{url} is larger than {MAX_BYTES} bytes"));
                }
            }
            exchange.response_body = String::from_utf8_lossy(&body).into_owned();
            return Ok((exchange, urls));
        }
    }
}

const TIMEOUT: Duration = Duration::from_secs(15);

/// The largest document, in bytes.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// How many redirects are followed.
const MAX_REDIRECTS: usize = 5;

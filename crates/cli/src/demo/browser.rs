//! As much of a browser as logging in takes: a cookie jar, and forms that are filled in and sent.

use std::collections::BTreeMap;

use http::StatusCode;
use http::header::{COOKIE, LOCATION, ORIGIN, SET_COOKIE};
use url::Url;

use crate::failure::{Doing, Failure};

/// The most redirects that are followed in a row.
const MAX_REDIRECTS: usize = 5;

/// A person at a browser.
pub(super) struct Browser {
    client: reqwest::Client,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    pub(super) const fn new(client: reqwest::Client) -> Self {
        Self { client, cookies: BTreeMap::new() }
    }

    /// Opens `start`, fills in the login form, and follows redirects until one leads to `callback`.
    pub(super) async fn log_in(
        &mut self,
        start: Url,
        callback: &str,
        username: &str,
        password: &str,
    ) -> Result<Url, Failure> {
        let (address, page) = match self.open(self.client.get(start.clone()), start, callback).await? {
            Arrival::Callback(address) => return Ok(address),
            Arrival::Page(address, page) => (address, page),
        };
        let form = Form::first(&page).ok_or_else(|| Failure::new("the login page has no form"))?;
        let target = address.join(&form.action)?;
        let mut fields = form.hidden;
        fields.push(("username".to_owned(), username.to_owned()));
        fields.push(("password".to_owned(), password.to_owned()));
        let origin = address.origin().ascii_serialization();
        let request = self.client.post(target.clone()).header(ORIGIN, origin).form(&fields);
        match self.open(request, target, callback).await? {
            Arrival::Callback(address) => Ok(address),
            Arrival::Page(..) => Err(Failure::new("the login page came again: the password was not accepted")),
        }
    }

    async fn open(
        &mut self,
        first: reqwest::RequestBuilder,
        mut address: Url,
        callback: &str,
    ) -> Result<Arrival, Failure> {
        let mut request = first;
        for _ in 0..MAX_REDIRECTS {
            let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let answer = request.header(COOKIE, cookies.join("; ")).send().await.doing("opening a page")?;
            for cookie in answer.headers().get_all(SET_COOKIE) {
                let pair = cookie.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
                if let Some((name, value)) = pair.split_once('=') {
                    self.cookies.insert(name.trim().to_owned(), value.trim().to_owned());
                }
            }
            if !answer.status().is_redirection() {
                let status = answer.status();
                let page = answer.text().await?;
                return match status {
                    StatusCode::OK => Ok(Arrival::Page(address, page)),
                    status => Err(Failure::new(format!("a page answered {status}"))),
                };
            }
            let location = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
            address = address.join(location)?;
            if address.as_str().starts_with(callback) {
                return Ok(Arrival::Callback(address));
            }
            request = self.client.get(address.clone());
        }
        Err(Failure::new(format!("more than {MAX_REDIRECTS} redirects")))
    }
}

enum Arrival {
    Callback(Url),
    Page(Url, String),
}

/// The first form of a page that is sent with POST, and what is hidden in it.
struct Form {
    action: String,
    hidden: Vec<(String, String)>,
}

impl Form {
    fn first(page: &str) -> Option<Self> {
        let (_, rest) = page.split_once("<form")?;
        let (form, _) = rest.split_once("</form>")?;
        let (head, body) = form.split_once('>')?;
        let action = attribute(head, "action").unwrap_or_default();
        let inputs = body.split("<input").skip(1).filter_map(|tag| tag.split_once('>').map(|(tag, _)| tag));
        let hidden = inputs.filter(|tag| attribute(tag, "type").as_deref() == Some("hidden"));
        let hidden = hidden.filter_map(|tag| Some((attribute(tag, "name")?, attribute(tag, "value")?))).collect();
        Some(Self { action, hidden })
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    let decoded = [
        ("&#38;", "&"),
        ("&amp;", "&"),
        ("&#34;", "\""),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&#60;", "<"),
        ("&#62;", ">"),
    ];
    Some(decoded.iter().fold(value.to_owned(), |text, (entity, plain)| text.replace(entity, plain)))
}

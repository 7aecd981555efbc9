//! A person at a browser: signs in, allows what is asked, and goes where they are sent.

use std::collections::BTreeMap;

use url::Url;

use crate::harness::{Answer, Authority, Client};

/// The most pages that a person looks at before they give up.
const MAX_PAGES: usize = 12;

pub(super) struct Person<'a> {
    authority: &'a Authority,
    client: Client,
    /// By host and name.
    cookies: BTreeMap<(String, String), String>,
}

impl<'a> Person<'a> {
    pub(super) fn new(authority: &'a Authority) -> Self {
        Self { authority, client: authority.client(), cookies: BTreeMap::new() }
    }

    /// Where the browser ends: at an address that is not the authority's, or at a page that asks for nothing.
    pub(super) fn go(&mut self, address: &str) -> String {
        self.visit(address, &[&self.authority.issuer()]).0
    }

    /// The same, but these sites are visited too; and what is there.
    pub(super) fn visit(&mut self, address: &str, sites: &[&str]) -> (String, Answer) {
        let mut at = Url::parse(address).unwrap();
        let mut answer = self.open(&at);
        for _ in 0..MAX_PAGES {
            if (300..400).contains(&answer.status) {
                let next = at.join(answer.header("location")).unwrap();
                if !sites.iter().any(|site| next.as_str().starts_with(site)) {
                    return (next.into(), answer);
                }
                at = next;
                answer = self.open(&at);
            } else if let Some((action, form)) = self.fill_in(&answer.body) {
                at = at.join(&action).unwrap();
                let request = self.client.post(at.as_str()).header("origin", self.authority.issuer()).form(&form);
                answer = self.send(&at, request);
            } else {
                return (at.into(), answer);
            }
        }
        panic!("no end after {MAX_PAGES} pages: {answer:?}");
    }

    /// What the person does with a page's form: signs in, enters the code, allows.
    fn fill_in(&self, page: &str) -> Option<(String, Vec<(String, String)>)> {
        let form = page.split_once("<form ")?.1.split_once("</form>")?.0;
        assert!(!page.contains("id=\"error\""), "{page}");
        let attribute = |tag: &str, name: &str| {
            let value = tag.split_once(&format!(" {name}=\""))?.1.split_once('"')?.0;
            Some(value.replace("&#38;", "&").replace("&#34;", "\"").replace("&#60;", "<").replace("&#62;", ">"))
        };
        let tags = form.split('<').filter_map(|tag| tag.split_once('>').map(|(tag, _)| tag));
        let (username, password) = self.authority.user();
        let mut fields = Vec::new();
        for tag in tags.filter(|tag| tag.starts_with("input ")) {
            let name = attribute(tag, "name").unwrap();
            let value = match name.as_str() {
                "username" => username.to_owned(),
                "password" => password.to_owned(),
                _ => attribute(tag, "value").unwrap_or_default(),
            };
            fields.push((name, value));
        }
        if form.contains("value=\"allow\"") {
            fields.push(("decision".to_owned(), "allow".to_owned()));
        }
        Some((attribute(&format!(" {form}"), "action").unwrap(), fields))
    }

    fn open(&mut self, address: &Url) -> Answer {
        let request = self.client.get(address.as_str());
        self.send(address, request)
    }

    fn send(&mut self, address: &Url, request: reqwest::RequestBuilder) -> Answer {
        // Cookies know no ports: the host and the scheme tell the authority from an application here.
        let site = format!("{}://{}", address.scheme(), address.host_str().unwrap_or_default());
        let own = self.cookies.iter().filter(|((of, _), _)| *of == site);
        let header: Vec<_> = own.map(|((_, name), value)| format!("{name}={value}")).collect();
        let answer = self.client.send(request.header("cookie", header.join("; ")));
        for (_, cookie) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert((site.clone(), name.to_owned()), value.to_owned());
        }
        answer
    }
}

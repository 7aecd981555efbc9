//! As much of a browser as logging in takes.

use std::collections::BTreeMap;

use url::Url;

use crate::harness::{Answer, Authority, Client};

/// A code verifier and its S256 challenge: RFC 7636 appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A person at a browser with a cookie jar, about to use the app of an authority.
pub(crate) struct Browser<'a> {
    authority: &'a Authority,
    client: Client,
    cookies: BTreeMap<String, String>,
}

/// The login page's form.
pub(crate) struct LoginForm {
    hidden: Vec<(String, String)>,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(authority: &'a Authority) -> Self {
        Self { authority, client: authority.client(), cookies: BTreeMap::new() }
    }

    /// Somebody else's browser.
    pub(crate) fn stranger(&self) -> Self {
        Self::new(self.authority)
    }

    /// Logs in and gives the authorization code.
    pub(crate) fn log_in(&mut self) -> String {
        let form = self.login_form();
        let (username, password) = self.authority.user();
        let answer = self.submit(&form, username, password);
        assert_eq!(answer.status, 303, "{answer:?}");
        code(&self.open(answer.header("location")))
    }

    /// Opens the login page.
    pub(crate) fn login_form(&mut self) -> LoginForm {
        let page = self.open(&self.authorize_url());
        assert_eq!(page.status, 200, "{page:?}");
        LoginForm::of(&page.body)
    }

    /// Sends the form as the page would.
    pub(crate) fn submit(&mut self, form: &LoginForm, username: &str, password: &str) -> Answer {
        let mut fields = form.hidden.clone();
        fields.push(("username".to_owned(), username.to_owned()));
        fields.push(("password".to_owned(), password.to_owned()));
        let request = self.client.post("/login").header("origin", self.authority.issuer()).form(&fields);
        self.send(request)
    }

    /// Opens an address without following where it leads.
    pub(crate) fn open(&mut self, address: &str) -> Answer {
        let request = self.client.get(address);
        self.send(request)
    }

    /// The address of a good authorization request.
    pub(crate) fn authorize_url(&self) -> String {
        let mut url = Url::parse(&format!("{}/authorize", self.authority.issuer())).unwrap();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", self.authority.app().0)
            .append_pair("redirect_uri", self.authority.app().1)
            .append_pair("scope", "openid")
            .append_pair("state", "af0ifjsldkj")
            .append_pair("code_challenge", CHALLENGE)
            .append_pair("code_challenge_method", "S256");
        url.into()
    }

    fn send(&mut self, request: reqwest::RequestBuilder) -> Answer {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let answer = self.client.send(request.header("cookie", cookies.join("; ")));
        for (_, cookie) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }

    /// The value of a cookie.
    pub(crate) fn cookie(&self, name: &str) -> String {
        self.cookies[name].clone()
    }

    /// As if the browser had been given this cookie.
    pub(crate) fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    /// Every cookie's value: secrets, for the test that looks for them in logs.
    pub(crate) fn cookie_values(&self) -> impl Iterator<Item = &String> {
        self.cookies.values()
    }
}

impl LoginForm {
    pub(crate) fn of(page: &str) -> Self {
        let inputs = page.split("<input").skip(1).filter_map(|tag| tag.split_once('>').map(|(tag, _)| tag));
        let hidden = inputs.filter(|tag| tag.contains("type=\"hidden\""));
        let attribute = |tag: &str, name: &str| {
            let (_, rest) = tag.split_once(&format!("{name}=\"")).unwrap();
            rest.split_once('"').unwrap().0.replace("&#38;", "&")
        };
        let hidden: Vec<_> = hidden.map(|tag| (attribute(tag, "name"), attribute(tag, "value"))).collect();
        assert!(!hidden.is_empty(), "{page}");
        Self { hidden }
    }
}

/// The code in the redirect that ends a login.
pub(crate) fn code(answer: &Answer) -> String {
    let callback = Url::parse(answer.header("location")).unwrap_or_else(|error| panic!("{error}: {answer:?}"));
    let code = callback.query_pairs().find(|(name, _)| name == "code").map(|(_, value)| value.into_owned());
    code.unwrap_or_else(|| panic!("no code: {answer:?}"))
}

//! The browser back end: a person with a cookie jar in front of the real authority and guard.

use std::collections::BTreeSet;
use std::fs;

use probity_verifier::clock::unix_now;
use url::Url;

use super::RULES;
use crate::application::Application;
use crate::browser::{Browser, LoginForm};
use crate::harness::{Answer, Authority, Client, Guard, free_port, text, wait_for};

/// An authority, a guard with a browser back end over TLS, and an application.
pub(super) struct Shop {
    pub(super) authority: Authority,
    pub(super) guard: Guard,
    pub(super) application: Application,
    pub(super) port: u16,
}

impl Shop {
    pub(super) fn start(lifetimes: &str) -> Self {
        Self::start_with(lifetimes, "")
    }

    fn start_with(lifetimes: &str, lines: &str) -> Self {
        let mut authority = Authority::start();
        let port = free_port();
        let file = authority.data("serve.toml");
        let config = fs::read_to_string(&file).unwrap();
        let client = format!(
            "[[clients]]\nclient_id = \"shop\"\nclient_secret_file = \"shop.secret\"\n\
             grant_types = [\"authorization_code\", \"refresh_token\"]\n\
             redirect_uris = [\"https://localhost:{port}/.probity/callback\"]\nscopes = [\"openid\"]\n\
             audience = \"{}\"\n[clients.metadata]\nbackchannel_logout_uri = \"https://localhost:{port}/.probity/backchannel-logout\"\n\
             post_logout_redirect_uris = [\"https://localhost:{port}/bye\"]\n",
            authority.audience()
        );
        let outbound = "[outbound]\nallow_private_addresses = true\nca_file = \"ca.pem\"\n";
        let lifetimes = if lifetimes.is_empty() { String::new() } else { format!("[lifetimes]\n{lifetimes}\n") };
        fs::write(&file, format!("{config}\n{client}\n{outbound}\n{lifetimes}")).unwrap();
        fs::write(authority.data("shop.secret"), "p+w/ %secret: thirty-two characters and more\n").unwrap();
        authority.process.terminate();
        authority.restart();
        let application = Application::start();
        let proxy = format!(
            "{RULES}[proxy]\nlisten = \"127.0.0.1:{port}\"\n{lines}\n\
             [proxy.tls]\ncertificate_file = \"tls.pem\"\nkey_file = \"tls.key\"\n\
             [browser]\norigin = \"https://localhost:{port}\"\nclient_id = \"shop\"\nclient_secret_file = \"shop.secret\"\n\
             after_logout = \"/bye\"\n\
             [[upstream]]\nname = \"app\"\nurl = \"http://127.0.0.1:{}\"\n",
            application.port,
        );
        let guard = Guard::start_with(&authority, &proxy);
        Self { authority, guard, application, port }
    }

    fn origin(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    fn visitor(&self) -> Visitor<'_> {
        Visitor {
            shop: self,
            client: self.authority.client(),
            cookie: None,
            at_authority: Browser::new(&self.authority),
        }
    }
}

/// A person at a browser.
struct Visitor<'a> {
    shop: &'a Shop,
    client: Client,
    /// The value of the one cookie of the shop.
    cookie: Option<String>,
    at_authority: Browser<'a>,
}

/// How a browser opens a page.
const NAVIGATION: [(&str, &str); 3] =
    [("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];

/// How a page's script asks.
const SCRIPT: [(&str, &str); 3] =
    [("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")];

impl Visitor<'_> {
    fn send(&mut self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let address = if path.starts_with('/') { format!("{}{path}", self.shop.origin()) } else { path.to_owned() };
        let mut request = if method == "GET" { self.client.get(&address) } else { self.client.post(&address) };
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", format!("theme=dark; __Host-probity={cookie}"));
        }
        let answer = self.client.send(request);
        for (_, set) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (value, attributes) = set.strip_prefix("__Host-probity=").unwrap().split_once("; ").unwrap();
            assert!(attributes.starts_with("Path=/; Secure; HttpOnly; SameSite=Lax"), "{set}");
            self.cookie = Some(value.to_owned()).filter(|value| !value.is_empty());
        }
        answer
    }

    fn open(&mut self, path: &str) -> Answer {
        self.send("GET", path, &NAVIGATION)
    }

    fn ask(&mut self, path: &str) -> Answer {
        self.send("GET", path, &SCRIPT)
    }

    /// Begins a login by opening a page; the address of the authority to which it leads.
    fn begin(&mut self, page: &str) -> String {
        let away = self.open(page);
        assert_eq!(away.status, 303, "{away:?}");
        let login = self.open(away.header("location"));
        assert_eq!(login.status, 303, "{login:?}");
        login.header("location").to_owned()
    }

    /// Logs in at the authority; the address with the code.
    fn log_in_at(&mut self, address: &str) -> String {
        let page = self.at_authority.open(address);
        if page.status == 303 {
            // Known there already.
            return page.header("location").to_owned();
        }
        let form = LoginForm::of(&page.body);
        let (username, password) = self.shop.authority.user();
        let answer = self.at_authority.submit(&form, username, password);
        assert_eq!(answer.status, 303, "{answer:?}");
        self.at_authority.open(answer.header("location")).header("location").to_owned()
    }

    /// The whole login; where it leads.
    fn log_in(&mut self, page: &str) -> String {
        let address = self.begin(page);
        let back = self.log_in_at(&address);
        assert!(back.starts_with(&self.shop.origin()), "{back}");
        let from_there =
            [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        let home = self.send("GET", &back, &from_there);
        assert_eq!(home.status, 303, "{home:?}");
        home.header("location").to_owned()
    }
}

fn subject(shop: &Shop) -> String {
    shop.application.take().last().unwrap().sole("x-auth-subject").to_owned()
}

#[test]
fn a_browser_logs_in_and_the_application_learns_who_it_is_but_no_token_and_no_cookie() {
    let shop = Shop::start("");
    let mut alice = shop.visitor();
    assert_eq!(alice.ask("/orders").status, 401, "a script is told, not sent away");
    let address = alice.begin("/orders?x=1&y=2");
    let pairs: Vec<String> = Url::parse(&address).unwrap().query_pairs().map(|(name, _)| name.into_owned()).collect();
    assert_eq!(pairs, ["client_id", "request_uri"], "the request was sent ahead");
    let before = alice.cookie.clone().unwrap();
    assert_eq!(alice.log_in("/orders?x=1&y=2"), "/orders?x=1&y=2");
    assert_ne!(alice.cookie.clone().unwrap(), before, "the session has another cookie than the login");
    assert!(shop.application.take().is_empty());

    assert_eq!(alice.open("/orders?x=1&y=2").status, 200);
    let seen = shop.application.sole();
    assert_eq!(seen.sole("cookie"), "theme=dark");
    assert!(!seen.sole("x-auth-subject").is_empty() && !seen.sole("x-auth-session").is_empty());
    let cookie = alice.cookie.clone().unwrap();
    assert!(seen.all("authorization").is_empty() && !seen.head.contains(&cookie));
    let who = alice.ask("/.probity/session").json();
    assert_eq!(text(&who, "/subject"), seen.sole("x-auth-subject"));
    assert_eq!(shop.visitor().ask("/.probity/session").status, 401);
    assert!(!shop.guard.log().contains(&cookie), "no cookie is logged");
}

#[test]
fn a_revoked_session_is_over_at_the_next_request_and_the_browser_logs_in_again() {
    let shop = Shop::start("");
    let mut alice = shop.visitor();
    alice.log_in("/");
    assert_eq!(alice.ask("/a").status, 200);
    let session = shop.application.take().pop().unwrap().sole("x-auth-session").to_owned();
    shop.authority.admin_json(&["revoke", "session", &session]);
    assert_eq!(alice.ask("/a").status, 401);
    assert!(shop.application.take().is_empty());
    assert_eq!(alice.log_in("/b"), "/b");
    assert_eq!(alice.ask("/b").status, 200);
}

#[test]
fn tabs_share_one_refresh_and_a_session_outlives_its_tokens() {
    let shop = Shop::start("access_token = 3");
    let mut alice = shop.visitor();
    alice.log_in("/");
    let cookie = alice.cookie.clone().unwrap();
    assert_eq!(alice.ask("/").status, 200);
    let token_ids = || -> BTreeSet<String> {
        shop.application.take().iter().map(|seen| seen.sole("x-auth-token-id").to_owned()).collect()
    };
    let mut earlier = token_ids();
    for _ in 0..2 {
        let now = unix_now();
        wait_for("the token to be over", || unix_now().since(now) > 3);
        // Twenty tabs wake up together.
        std::thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| {
                    let mut tab = shop.visitor();
                    tab.cookie = Some(cookie.clone());
                    assert_eq!(tab.ask("/").status, 200);
                });
            }
        });
        let ids = token_ids();
        assert_eq!(ids.len(), 1, "one refresh for all: {ids:?}");
        assert!(earlier.is_disjoint(&ids), "another token");
        earlier = ids;
    }
}

#[test]
fn other_sites_can_do_nothing_with_the_cookie() {
    let shop = Shop::start("");
    let mut alice = shop.visitor();
    alice.log_in("/");
    let origin = shop.origin();
    let own: &[(&str, &str)] = &[("origin", &origin), ("sec-fetch-site", "same-origin")];
    assert_eq!(alice.send("POST", "/orders", own).status, 200);
    shop.application.take();
    for headers in [
        &[][..],
        &[("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")],
        &[("origin", "null")],
        &[("origin", "https://localhost:1"), ("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "cross-site")],
    ] {
        let refused = alice.send("POST", "/orders", headers);
        assert_eq!((refused.status, refused.code()), (403, "guard.cross_site".to_owned()), "{headers:?}");
        assert_eq!(alice.send("POST", "/.probity/logout", headers).status, 403);
    }
    let handshake = [
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("origin", "https://evil.example"),
    ];
    assert_eq!(alice.send("GET", "/ws", &handshake).status, 403);
    let image = [("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")];
    assert_eq!(alice.send("GET", "/orders", &image).status, 403);
    assert_eq!(alice.send("GET", "/.probity/logout", &image).status, 403);
    let token = shop.authority.service_token();
    let both = alice.send("GET", "/orders", &[("authorization", &format!("Bearer {token}"))]);
    assert_eq!(both.code(), "guard.several_credentials");
    assert!(shop.application.take().is_empty());
    assert_eq!(alice.ask("/orders").status, 200, "nothing of that ended the session");
}

#[test]
fn a_code_counts_only_in_the_browser_in_which_the_login_was_begun() {
    let shop = Shop::start("");
    // The attacker logs in, and gives the victim the address that ends it.
    let mut attacker = shop.visitor();
    let address = attacker.begin("/");
    let back = attacker.log_in_at(&address);
    let mut victim = shop.visitor();
    assert_eq!(victim.open(&back).status, 400);
    assert_eq!(victim.cookie, None);
    victim.begin("/");
    let own = victim.cookie.clone();
    assert_eq!(victim.open(&back).status, 400);
    assert_eq!(victim.cookie, own, "no session was made");
    // Everything of the answer counts.
    for change in ["state", "iss", "code"] {
        let mut url = Url::parse(&back).unwrap();
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let changed =
            pairs.iter().map(|(name, value)| (name, if name == change { format!("x{value}") } else { value.clone() }));
        url.query_pairs_mut().clear().extend_pairs(changed);
        assert_eq!(attacker.open(url.as_str()).status, 400, "{change}");
        let mut url = Url::parse(&back).unwrap();
        url.query_pairs_mut().clear().extend_pairs(pairs.iter().filter(|(name, _)| name != change));
        assert_eq!(attacker.open(url.as_str()).status, 400, "without {change}");
    }
    assert_eq!(attacker.open(&back).status, 303, "in the right browser it does count");
    assert_eq!(attacker.ask("/").status, 200);
    let session = attacker.cookie.clone();
    assert_eq!(attacker.open(&back).header("location"), "/", "once: whoever is logged in goes on");
    assert_eq!(attacker.cookie, session);
}

#[test]
fn a_login_leads_to_a_page_of_the_application_and_nowhere_else() {
    let shop = Shop::start("");
    for evil in
        ["https://evil.example/", "//evil.example", "/\\evil.example", "/.probity/logout", "javascript:alert(1)"]
    {
        let mut alice = shop.visitor();
        let query: String = url::form_urlencoded::byte_serialize(evil.as_bytes()).collect();
        let login = alice.open(&format!("/.probity/login?return_to={query}"));
        let back = alice.log_in_at(login.header("location"));
        assert_eq!(alice.open(&back).header("location"), "/", "{evil}");
    }
}

#[test]
fn a_logout_ends_the_session_here_and_there_and_its_tokens_at_once() {
    let shop = Shop::start_with("", "pass_token = true");
    let mut alice = shop.visitor();
    alice.log_in("/");
    assert_eq!(alice.ask("/").status, 200);
    let token = shop.application.sole().sole("authorization").to_owned();
    let mut program = shop.visitor();
    assert_eq!(program.send("GET", "/", &[("authorization", &token)]).status, 200);
    let stolen = alice.cookie.clone();
    let origin = shop.origin();
    let out = alice.send("POST", "/.probity/logout", &[("origin", &origin), ("sec-fetch-site", "same-origin")]);
    assert_eq!((out.status, alice.cookie.as_deref()), (303, None));
    // The authority knows nothing of it yet.
    assert_eq!(program.send("GET", "/", &[("authorization", &token)]).status, 401);
    let mut copy = shop.visitor();
    copy.cookie = stolen;
    assert_eq!(copy.ask("/").status, 401);
    let there = alice.at_authority.open(out.header("location"));
    assert_eq!((there.status, there.header("location")), (303, &*format!("{origin}/bye")));
    let address = alice.begin("/");
    assert_eq!(alice.at_authority.open(&address).status, 200, "the password is asked for again");
}

#[test]
fn a_logout_elsewhere_comes_from_behind() {
    let shop = Shop::start("");
    let (mut alice, mut other) = (shop.visitor(), shop.visitor());
    alice.log_in("/");
    other.log_in("/");
    assert_eq!(alice.ask("/").status, 200);
    let session = shop.application.take().pop().unwrap().sole("x-auth-session").to_owned();
    let mut forged = shop.visitor();
    for token in ["", "x.y.z", &shop.authority.service_token()] {
        let form = forged
            .client
            .post(&format!("{}/.probity/backchannel-logout", shop.origin()))
            .form(&[("logout_token", token)]);
        assert_eq!(forged.client.send(form).status, 400);
    }
    shop.authority.admin_json(&["revoke", "session", &session]);
    wait_for("the authority to tell", || shop.guard.log().contains("the authority has logged a user out"));
    assert_eq!(alice.ask("/").status, 401);
    assert_eq!(alice.ask("/.probity/session").status, 401);
    assert_eq!(other.ask("/").status, 200);
    let _ = forged.open("/");
}

#[test]
fn an_authority_that_is_away_costs_nobody_a_session() {
    let mut shop = Shop::start("access_token = 3600");
    let mut alice = shop.visitor();
    alice.log_in("/");
    let cookie = alice.cookie.clone();
    drop(alice);
    shop.authority.process.kill();
    let mut alice = shop.visitor();
    alice.cookie = cookie.clone();
    wait_for("the guard to be stale", || shop.guard.get("/readyz", &[]).status == 503);
    assert_eq!(alice.open("/").status, 503, "nobody is sent to log in for that");
    drop(alice);
    shop.authority.restart();
    shop.guard.wait_until_ready();
    let mut alice = shop.visitor();
    alice.cookie = cookie;
    assert_eq!(alice.ask("/").status, 200);
    assert!(!subject(&shop).is_empty());
}

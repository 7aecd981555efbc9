use std::net::IpAddr;
use std::sync::Arc;

use http::{Method, Uri};
use probity_verifier::clock::BootTime;
use probity_verifier::revocation::{Action, Enforcer, Lease, Replica};
use probity_verifier::{JwkSet, SignatureAlgorithm, TokenVerifier};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::Thumbprint;
use crate::config::GuardConfig;
use crate::question::Convention;

const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
const PROXY: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
const LEASE_ENDS: BootTime = BootTime::from_nanos(1_000_000_000);

const RULES: &str = r#"
issuer = "https://as.example"
audience = "https://api.example"
credential_file = "x"

[introspection]
client_id = "guard"
client_secret_file = "x"

[[rules]]
name = "nobody"
paths = ["/internal/**"]
access = "nobody"

[[rules]]
name = "health"
methods = ["GET"]
paths = ["/health"]
access = "anyone"

[[rules]]
name = "admin"
paths = ["/admin/**"]
claims = { tenant = { equals = "blue" }, groups = { contains = "staff" } }

[[rules]]
name = "pay"
methods = ["POST"]
paths = ["/pay"]
max_authentication_age = 60
acr_values = ["phr", "phrh"]

[[rules]]
name = "read"
methods = ["GET", "HEAD"]
paths = ["/orders/**"]
scopes = ["orders:read"]
stale = { open = 30 }

[[rules]]
name = "write"
paths = ["/orders/**"]
scopes = ["orders:write"]
stale = "introspect"

[[rules]]
name = "other"
paths = ["/other"]
audience = "https://other.example"

[[rules]]
name = "home"
paths = ["/"]
"#;

fn policy() -> Policy {
    toml::from_str::<GuardConfig>(RULES).unwrap().policy().unwrap()
}

fn fixture() -> Value {
    serde_json::from_str(include_str!("fixture.json")).unwrap()
}

fn token(name: &str) -> String {
    fixture()["tokens"][name].as_str().unwrap().to_owned()
}

/// What the verifier thinks of a token at this moment of the lease's clock.
fn judge(token: &str, boot: BootTime) -> Result<Judged, Rejection> {
    let (replica, lease) = (Arc::new(Replica::new("https://as.example")), Arc::new(Lease::default()));
    let enforcer = Enforcer::new(Arc::clone(&replica), Arc::clone(&lease));
    enforcer.carry_out([Action::Extend(LEASE_ENDS)], |_| {}).unwrap();
    let audiences = ["https://api.example".to_owned(), "https://other.example".to_owned()];
    let verifier = TokenVerifier::new(&audiences, &[SignatureAlgorithm::Es256], 10, replica, lease);
    let keys = JwkSet::parse(fixture()["keys"].to_string().as_bytes()).unwrap();
    verifier.judge(token, &keys, NOW, || boot)
}

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&str, &str)| {
        (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap())
    };
    let mut map = HeaderMap::new();
    pairs.iter().map(pair).for_each(|(name, value)| _ = map.append(name, value));
    map
}

/// The rule and the outcome's code: `passed`, `introspect` or the refusal's.
fn outcome(question: &Question<'_>, boot: BootTime) -> (String, String) {
    let policy = policy();
    let decision = decide(&policy, question, |token| judge(token, boot), NOW);
    let rule = decision.rule.map(|rule| rule.name.clone()).unwrap_or_default();
    let verdict = match decision.verdict {
        Verdict::Pass(_) => "passed".to_owned(),
        Verdict::Introspect(_) => "introspect".to_owned(),
        Verdict::Refuse(refusal) => refusal.code().to_owned(),
    };
    (rule, verdict)
}

fn ask(method: &str, target: &str, token_name: Option<&str>) -> (String, String) {
    ask_at(method, target, token_name, BootTime::default())
}

fn ask_at(method: &str, target: &str, token_name: Option<&str>, boot: BootTime) -> (String, String) {
    let bearer = token_name.map(|name| format!("Bearer {}", token(name)));
    let pairs: Vec<_> = bearer.iter().map(|value| ("authorization", value.as_str())).collect();
    let headers = headers(&pairs);
    let question = Question {
        method: Some(method),
        target: Some(target),
        headers: &headers,
        peer: Some(PROXY),
        certificate: None,
    };
    outcome(&question, boot)
}

fn both(rule: &str, verdict: &str) -> (String, String) {
    (rule.to_owned(), verdict.to_owned())
}

#[test]
fn the_first_rule_that_fits_decides_and_without_one_nothing_passes() {
    for (method, target, name, rule, verdict) in [
        ("GET", "/health", None, "health", "passed"),
        ("POST", "/health", Some("write"), "", "guard.no_rule"),
        ("GET", "/", Some("plain"), "home", "passed"),
        ("GET", "/", None, "home", "guard.no_credentials"),
        ("GET", "/internal", Some("write"), "nobody", "guard.nobody"),
        ("GET", "/internal/metrics", Some("write"), "nobody", "guard.nobody"),
        ("GET", "/orders/7", Some("plain"), "read", "passed"),
        ("get", "/orders/7", Some("plain"), "write", "guard.insufficient_scope"),
        ("DELETE", "/orders/7", Some("plain"), "write", "guard.insufficient_scope"),
        ("DELETE", "/orders/7", Some("write"), "write", "passed"),
        ("GET", "/admin/users", Some("plain"), "admin", "guard.unmet_claim"),
        ("GET", "/admin/users", Some("write"), "admin", "passed"),
        ("GET", "/other", Some("plain"), "other", "guard.wrong_audience"),
        ("GET", "/other", Some("other_audience"), "other", "passed"),
        ("GET", "/", Some("other_audience"), "home", "guard.wrong_audience"),
        ("GET", "/", Some("bound"), "home", "guard.sender_constrained"),
        ("GET", "/", Some("certificate"), "home", "guard.wrong_certificate"),
        ("GET", "/", Some("both"), "home", "guard.sender_constrained"),
        ("GET", "/", Some("unprintable"), "home", "guard.unprintable_identity"),
        ("POST", "/pay", Some("write"), "pay", "guard.insufficient_authentication"),
        ("GET", "/elsewhere", Some("write"), "", "guard.no_rule"),
    ] {
        assert_eq!(ask(method, target, name), both(rule, verdict), "{method} {target} {name:?}");
    }
}

#[test]
fn a_step_up_names_the_age_and_the_classes_and_a_fresh_login_fulfils_it() {
    let mut rule = policy().rules.into_iter().find(|rule| rule.name == "pay").unwrap();
    let judged = judge(&token("write"), BootTime::default()).unwrap();
    let needed = Refusal::InsufficientAuthentication { max_age: Some(60), acr_values: "phr phrh".into() };
    assert_eq!(fulfil(&rule, &judged.token, NOW), Err(needed.clone()));
    rule.max_authentication_age = Some(Duration::from_secs(100));
    assert_eq!(fulfil(&rule, &judged.token, NOW), Ok(()), "as old as it may be");
    assert!(fulfil(&rule, &judged.token, NOW.plus(1)).is_err());
    rule.acr_values = vec!["phrh".into()];
    assert!(fulfil(&rule, &judged.token, NOW).is_err(), "another class");
    let plain = judge(&token("plain"), BootTime::default()).unwrap();
    rule.acr_values.clear();
    assert!(fulfil(&rule, &plain.token, NOW).is_err(), "a token that does not say when is as old as can be");
}

#[test]
fn while_the_guard_is_stale_each_rule_does_what_it_says() {
    let after = |seconds| LEASE_ENDS.plus(Duration::from_secs(seconds));
    assert_eq!(ask_at("GET", "/orders/7", Some("plain"), after(30)), both("read", "passed"));
    assert_eq!(ask_at("GET", "/orders/7", Some("plain"), after(31)), both("read", "replica.stale"));
    assert_eq!(ask_at("DELETE", "/orders/7", Some("write"), after(0)), both("write", "introspect"));
    assert_eq!(ask_at("DELETE", "/orders/7", Some("plain"), after(0)), both("write", "guard.insufficient_scope"));
    assert_eq!(ask_at("GET", "/", Some("plain"), after(0)), both("home", "replica.stale"));
    assert_eq!(ask_at("GET", "/health", None, after(99)), both("health", "passed"));
}

#[test]
fn only_a_proxy_that_is_named_may_ask() {
    let bearer = format!("Bearer {}", token("plain"));
    let headers = headers(&[("authorization", &bearer)]);
    for peer in [None, Some("10.0.0.1".parse().unwrap()), Some("::2".parse().unwrap())] {
        let question = Question { method: Some("GET"), target: Some("/"), headers: &headers, peer, certificate: None };
        assert_eq!(outcome(&question, BootTime::default()).1, "guard.untrusted_peer");
    }
}

#[test]
fn headers_of_another_convention_do_not_say_which_request_it_is() {
    let bearer = format!("Bearer {}", token("plain"));
    let (method, uri) = (Method::GET, Uri::from_static("/verify"));
    let all = [
        ("authorization", bearer.as_str()),
        ("x-original-method", "GET"),
        ("x-original-uri", "/"),
        ("x-forwarded-method", "GET"),
        ("x-forwarded-uri", "/internal"),
    ];
    let read = |convention, pairs: &[(&str, &str)]| {
        let headers = headers(pairs);
        outcome(&Question::read(convention, &method, &uri, &headers).from(Some(PROXY)), BootTime::default())
    };
    assert_eq!(read(Convention::Original, &all), both("home", "passed"));
    assert_eq!(read(Convention::Forwarded, &all), both("nobody", "guard.nobody"));
    assert_eq!(read(Convention::Original, &all[..2]), both("", "guard.unknown_request"), "none at all");
    assert_eq!(read(Convention::Forwarded, &all[..3]), both("", "guard.unknown_request"), "only the other's");
    let twice = [all[0], all[1], all[2], ("x-original-uri", "/health")];
    assert_eq!(read(Convention::Original, &twice), both("", "guard.unknown_request"), "two of them");
    assert_eq!(read(Convention::Itself, &all), both("", "guard.unknown_request"));
    let headers = headers(&all);
    let uri = Uri::from_static("/ext-authz/internal/x?y");
    let question = Question::read(Convention::Itself, &method, &uri, &headers).from(Some(PROXY));
    assert_eq!(outcome(&question, BootTime::default()), both("nobody", "guard.nobody"));
}

#[test]
fn a_request_can_not_override_its_method_where_rules_depend_on_it() {
    let bearer = format!("Bearer {}", token("plain"));
    for name in ["X-HTTP-Method-Override", "x-http-method", "X-Method-Override"] {
        let headers = headers(&[("authorization", &bearer), (name, "DELETE")]);
        let question = Question {
            method: Some("GET"),
            target: Some("/orders"),
            headers: &headers,
            peer: Some(PROXY),
            certificate: None,
        };
        assert_eq!(outcome(&question, BootTime::default()), both("", "guard.overridden_method"), "{name}");
    }
}

/// A header's name as some other hop would still read it.
fn disguised(name: &str, underscores: u32, capitals: u32) -> String {
    name.chars()
        .enumerate()
        .map(|(at, c)| match c {
            '-' if underscores >> (at % 32) & 1 == 1 => '_',
            c if capitals >> (at % 32) & 1 == 1 => c.to_ascii_uppercase(),
            c => c,
        })
        .collect()
}

proptest! {
    #[test]
    fn no_header_smuggles_an_identity(
        which in 0..identity::ALL.len(),
        underscores: u32,
        capitals: u32,
        times in 1..3_usize,
        hop_by_hop: bool,
    ) {
        let bearer = format!("Bearer {}", token("write"));
        let name = disguised(identity::ALL[which].as_str(), underscores, capitals);
        let mut pairs = vec![("authorization", bearer.as_str())];
        if hop_by_hop {
            pairs.push(("connection", &name));
        } else {
            pairs.extend(std::iter::repeat_n((name.as_str(), "root"), times));
        }
        let headers = headers(&pairs);
        let question = Question { method: Some("GET"), target: Some("/"), headers: &headers, peer: Some(PROXY), certificate: None };
        let policy = policy();
        match decide(&policy, &question, |token| judge(token, BootTime::default()), NOW).verdict {
            Verdict::Pass(pass) => {
                // A proxy copies all six, so nothing is left of the client's own.
                prop_assert!(!hop_by_hop && !name.contains('_'));
                prop_assert_eq!(pass.identity.len(), identity::ALL.len());
                prop_assert!(identity::ALL.iter().all(|name| pass.identity.get_all(name).iter().count() == 1));
                prop_assert!(pass.identity.values().all(|value| value != "root"));
                prop_assert_eq!(&pass.identity[identity::SUBJECT], "alice");
            }
            verdict => prop_assert!(matches!(verdict, Verdict::Refuse(Refusal::SmuggledIdentity)), "{verdict:?}"),
        }
    }

    #[test]
    fn no_request_with_two_credentials_passes(
        first in prop::sample::select(vec!["plain", "write", "bound"]),
        second in prop::sample::select(vec!["header", "basic", "dpop", "query", "encoded query", "semicolon"]),
        target in prop::sample::select(vec!["/", "/health", "/orders/7"]),
    ) {
        let one = format!("Bearer {}", token(first));
        let other = format!("Bearer {}", token("write"));
        let mut pairs = vec![("authorization", one.as_str())];
        let target = match second {
            "query" => format!("{target}?a=b&access_token=x"),
            "encoded query" => format!("{target}?acc%65ss%5ftoken=x"),
            "semicolon" => format!("{target}?a;access_token=x"),
            _ => target.to_owned(),
        };
        match second {
            "header" => pairs.push(("Authorization", &other)),
            "basic" => pairs.push(("AUTHORIZATION", "Basic YTpi")),
            "dpop" => pairs.insert(0, ("authorization", "DPoP x")),
            _ => {}
        }
        let headers = headers(&pairs);
        let question = Question { method: Some("GET"), target: Some(&target), headers: &headers, peer: Some(PROXY), certificate: None };
        prop_assert_eq!(outcome(&question, BootTime::default()).1, "guard.several_credentials");
    }

    #[test]
    fn no_path_trick_reaches_what_nobody_may(
        prefix in prop::sample::select(vec!["/", "/health/../", "/health/..%2f", "/orders/%2e%2e/", "//", "/./", "/orders/..;/", "/%2e/", "/\\", "/health%00/../"]),
        name in prop::sample::select(vec!["internal", "%69nternal", "interna%6c", "internal%2f", "internal;x", "internal%3fx", "%2569nternal", "internal%20"]),
        suffix in prop::sample::select(vec!["", "/", "//", "/.", "/..;", "?x", "#x", "/metrics", "%00", ";/health", "/../health"]),
    ) {
        let target = format!("{prefix}{name}{suffix}");
        let (_, verdict) = ask("GET", &target, Some("write"));
        prop_assert!(["guard.nobody", "guard.bad_path", "guard.no_rule"].contains(&verdict.as_str()), "{target}: {verdict}");
    }
}

/// The verdict on a request of a client with this certificate, with these headers, by `policy`.
fn with_certificate(policy: &Policy, name: &str, pairs: &[(&str, &str)], proven: Option<&[u8]>, peer: &str) -> String {
    let bearer = format!("Bearer {}", token(name));
    let headers = headers(&[&[("authorization", bearer.as_str())], pairs].concat());
    let proven = proven.map(Thumbprint::of);
    let peer = Some(peer.parse().unwrap());
    let question =
        Question { method: Some("GET"), target: Some("/"), headers: &headers, peer, certificate: proven.as_ref() };
    match decide(policy, &question, |token| judge(token, BootTime::default()), NOW).verdict {
        Verdict::Refuse(refusal) => refusal.code().to_owned(),
        _ => "passed".to_owned(),
    }
}

#[test]
fn a_token_that_is_bound_to_a_certificate_passes_with_that_certificate_only() {
    let (policy, wrong) = (policy(), "guard.wrong_certificate");
    let ask = |name, proven| with_certificate(&policy, name, &[], proven, "127.0.0.1");
    assert_eq!(ask("certificate", Some(b"a certificate")), "passed");
    assert_eq!([ask("certificate", Some(b"another")), ask("certificate", None)], [wrong; 2]);
    assert_eq!(ask("plain", Some(b"another")), "passed", "whoever shows one may have a token that is not bound");
    for name in ["both", "certificate_and_more", "bound"] {
        assert_eq!(ask(name, Some(b"a certificate")), "guard.sender_constrained", "{name}: not all is proven");
    }
}

#[test]
fn a_header_names_the_certificate_where_it_comes_from_a_proxy_that_is_believed() {
    let (right, wrong) = (("client-cert", ":YSBjZXJ0aWZpY2F0ZQ==:"), "guard.wrong_certificate");
    let certificates = CertificateHeader {
        name: HeaderName::from_static("client-cert"),
        format: crate::CertificateFormat::Rfc9440,
        from: vec!["127.0.0.1".parse().unwrap()],
    };
    let policy = Policy { proxies: Network::ALL.to_vec(), certificates: Some(certificates), ..policy() };
    let ask = |pairs: &[_], proven, peer| with_certificate(&policy, "certificate", pairs, proven, peer);
    assert_eq!(ask(&[right], None, "127.0.0.1"), "passed");
    assert_eq!(ask(&[right], None, "127.0.0.2"), wrong, "anybody can write a header");
    assert_eq!(ask(&[right], Some(b"another"), "127.0.0.2"), wrong);
    assert_eq!(ask(&[], Some(b"a certificate"), "127.0.0.2"), "passed", "whoever comes by itself has its own");
    assert_eq!(ask(&[], Some(b"a certificate"), "127.0.0.1"), wrong, "a proxy's own is not its client's");
    assert_eq!(ask(&[("client-cert", ":YSBj:")], Some(b"a certificate"), "127.0.0.1"), wrong);
    assert_eq!(ask(&[right, right], None, "127.0.0.1"), wrong);
    for smuggled in [("client_cert", right.1), ("connection", "Client-Cert")] {
        assert_eq!(ask(&[right, smuggled], None, "127.0.0.1"), "guard.smuggled_identity");
    }
}

#[test]
fn where_anyone_may_nobody_is_identified() {
    let bearer = format!("Bearer {}", token("write"));
    let headers = headers(&[("authorization", &bearer)]);
    let question = Question {
        method: Some("GET"),
        target: Some("/health"),
        headers: &headers,
        peer: Some(PROXY),
        certificate: None,
    };
    let policy = policy();
    let decision = decide(&policy, &question, |_| panic!("no token is looked at"), NOW);
    let Verdict::Pass(pass) = decision.verdict else { panic!("{decision:?}") };
    assert!(pass.token.is_none());
    assert_eq!(pass.identity.len(), identity::ALL.len());
    assert!(pass.identity.values().all(HeaderValue::is_empty));
}

#[test]
fn a_configuration_that_can_not_be_meant_is_refused() {
    let policy = |rules: &str| {
        let start = "issuer = \"https://as.example\"\naudience = \"a\"\ncredential_file = \"x\"\n";
        toml::from_str::<GuardConfig>(&format!("{start}{rules}")).unwrap().policy().map(drop)
    };
    assert_eq!(policy(""), Ok(()));
    for (rules, key) in [
        ("proxies = [\"localhost\"]", "proxies"),
        (
            "[client_certificates]\nheader = \"Authorization\"\nformat = \"rfc9440\"\nfrom = [\"::1\"]",
            "client_certificates.header",
        ),
        ("[client_certificates]\nheader = \"x\"\nformat = \"rfc9440\"\nfrom = []", "client_certificates.from"),
        ("scopes = [\"a\"]\n[[rules]]\nname = \"r\"", "scopes"),
        ("[[rules]]\nname = \"r\"\n[[rules]]\nname = \"r\"", "rules.r"),
        ("[[rules]]\nname = \"r\"\npaths = [\"/a*\"]", "rules.r.paths"),
        ("[[rules]]\nname = \"r\"\nmethods = [\"G T\"]", "rules.r.methods"),
        ("[[rules]]\nname = \"r\"\naccess = \"anyone\"\nscopes = [\"a\"]", "rules.r.access"),
        ("[[rules]]\nname = \"r\"\nstale = \"introspect\"", "rules.r.stale"),
        ("[limits.l]\nrequests = 1\nseconds = 1", "limits.l"),
        ("[cors.c]\norigins = [\"https://a\"]\n[[rules]]\nname = \"r\"\ncors = \"c\"", "cors.c"),
        (
            "[proxy]\nlisten = \"127.0.0.1:1\"\n[cors.c]\norigins = [\"*\"]\n[[rules]]\nname = \"r\"\ncors = \"c\"",
            "cors.c",
        ),
        ("[proxy]\nlisten = \"127.0.0.1:1\"\n[cors.c]\norigins = [\"https://a\"]\n[[rules]]\nname = \"r\"", "cors.c"),
        ("[[rules]]\nname = \"r\"\ncors = \"c\"", "rules.r.cors"),
        ("[limits.l]\nrequests = 0\nseconds = 1\n[[rules]]\nname = \"r\"\nlimit = \"l\"", "limits.l"),
        ("[[rules]]\nname = \"r\"\nlimit = \"l\"", "rules.r.limit"),
        (
            "[limits.l]\nrequests = 1\nseconds = 1\n[[rules]]\nname = \"r\"\naccess = \"anyone\"\nlimit = \"l\"",
            "rules.r.limit",
        ),
        ("[[rules]]\nname = \"r\"\nstale = { open = 3601 }", "rules.r.stale"),
        (
            "[[issuers]]\nissuer = \"https://idp\"\nrevocations_from = \"https://idp\"",
            "issuers.https://idp.revocations_from",
        ),
        (
            "[[issuers]]\nissuer = \"https://idp\"\nrevocations_from = \"https://as.example\"\nstatus_lists = [\"http://idp/\"]",
            "issuers.https://idp.status_lists",
        ),
    ] {
        let refused = policy(rules).unwrap_err().to_string();
        assert!(refused.starts_with(&format!("{key}: ")), "{rules}: {refused}");
    }
    assert_eq!(json!(policy("[[rules]]\nname = \"r\"\nstale = { open = 3600 }").is_ok()), json!(true));
}

#[test]
fn each_issuers_tokens_name_its_own_audience_where_the_rule_names_none() {
    let rules = "issuer = \"https://as.example\"\naudience = \"a\"\ncredential_file = \"x\"\n\
        [[issuers]]\nissuer = \"https://idp\"\naudience = \"b\"\nrevocations_from = \"https://as.example\"\n\
        [[issuers]]\nissuer = \"https://other\"\nrevocations_from = \"https://as.example\"\n\
        [[rules]]\nname = \"usual\"\n[[rules]]\nname = \"special\"\naudience = \"c\"\n";
    let config = toml::from_str::<GuardConfig>(rules).unwrap();
    let policy = config.policy().unwrap();
    let audiences = |rule: &Rule| {
        ["https://as.example", "https://idp", "https://other"].map(|issuer| rule.audience_of(issuer).to_owned())
    };
    assert_eq!(audiences(&policy.rules[0]), ["a", "b", "a"]);
    assert_eq!(audiences(&policy.rules[1]), ["c", "c", "c"]);
    assert_eq!(config.audiences(), ["a", "c"]);
    assert_eq!(config.audiences_of(&config.issuers[0]), ["b", "c"]);
}

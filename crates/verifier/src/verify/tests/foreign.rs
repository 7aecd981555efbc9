//! Tokens of an issuer that is not the replica's.

use super::*;
use crate::revocation::{Revocation, SessionIndex, Target};
use crate::status_list::{Bits, StatusList, StatusListToken};

const IDP: &str = "https://idp.example";
const LIST: &str = "https://idp.example/lists/7";

/// A guard of `ISSUER` that trusts `IDP` too.
struct Foreign {
    setting: Setting,
    lists: Arc<StatusLists>,
}

impl Foreign {
    fn new() -> Self {
        let mut setting = Setting::new();
        let lists = Arc::new(StatusLists::new([format!("{IDP}/")], [SignatureAlgorithm::Es256]));
        setting.verifier = setting.verifier.of_foreign_issuer(IDP, Arc::clone(&lists));
        Self { setting, lists }
    }

    fn token(&self, change: impl FnOnce(&mut Value)) -> String {
        self.setting.token(|claims| {
            claims["iss"] = json!(IDP);
            claims["sid"] = json!("s1");
            change(claims);
        })
    }

    fn code(&self, token: &str) -> &'static str {
        code(self.setting.check_at(token, NOW))
    }

    fn apply(&self, revocation: Revocation) {
        self.setting.enforcer.carry_out([Action::Apply(Arc::new(revocation))], |_| {}).unwrap();
    }

    fn publish(&self, statuses: u8) {
        let list = StatusListToken {
            uri: LIST.into(),
            issued: NOW,
            expires: None,
            ttl: Some(60),
            list: StatusList::new(Bits::One, vec![statuses]),
            aggregation: None,
        };
        let text = list.sign(&self.setting.key).unwrap();
        self.lists.take(LIST, &text, &self.setting.keys(), NOW, BootTime::default()).unwrap();
    }
}

fn listed(index: u32) -> impl FnOnce(&mut Value) {
    move |claims| claims["status"] = json!({"status_list": {"idx": index, "uri": LIST}})
}

#[test]
fn only_the_issuer_that_was_named_is_accepted() {
    let foreign = Foreign::new();
    assert_eq!(foreign.code(&foreign.token(|_| {})), "accepted");
    assert_eq!(foreign.code(&foreign.token(|claims| claims["iss"] = json!(ISSUER))), "jwt.wrong_issuer");
}

#[test]
fn what_the_authority_says_of_that_issuer_is_enforced_and_what_it_says_of_itself_is_not() {
    for target in [
        Target::SessionId("s1".into()),
        Target::Token("one".into()),
        Target::Subject { subject: "alice".into(), through: NOW },
        Target::Client { client: "app".into(), through: NOW },
        Target::Everything { through: NOW },
    ] {
        let foreign = Foreign::new();
        let token = foreign.token(|_| {});
        foreign.apply(Revocation::own(target.clone(), NOW.plus(300)));
        foreign.apply(Revocation {
            issuer: Some("https://third.example".into()),
            target: target.clone(),
            expires: NOW.plus(300),
        });
        assert_eq!(foreign.code(&token), "accepted", "{target:?}");
        foreign.apply(Revocation { issuer: Some(IDP.into()), target, expires: NOW.plus(300) });
        assert!(foreign.code(&token).starts_with("revoked."), "remembered or not, it is dead");
    }
}

#[test]
fn a_token_is_accepted_for_a_day_after_it_was_issued_at_most() {
    let foreign = Foreign::new();
    let token = foreign.token(|claims| claims["exp"] = json!(NOW.as_secs() + 10 * MAX_FOREIGN_TOKEN_SECONDS));
    let last = NOW.plus(MAX_FOREIGN_TOKEN_SECONDS);
    for remembered in [false, true] {
        assert_eq!(code(foreign.setting.check_at(&token, last)), "accepted", "{remembered}");
        assert_eq!(code(foreign.setting.check_at(&token, last.plus(1))), "jwt.too_old", "{remembered}");
    }
}

#[test]
fn a_place_in_a_foreign_list_is_no_place_in_ours() {
    let foreign = Foreign::new();
    let list = SessionIndex::list_for(NOW.plus(600));
    let uri = format!("{IDP}/status-lists/{list}");
    let token = foreign.token(|claims| claims["status"] = json!({"status_list": {"idx": 3, "uri": uri}}));
    foreign.apply(Revocation::own(Target::Session(SessionIndex { list, index: 3 }), NOW.plus(600)));
    assert_eq!(foreign.code(&token), "status_list.unknown");
}

#[test]
fn its_issuers_status_list_decides_about_a_token_that_names_one() {
    let foreign = Foreign::new();
    let (good, bad, beyond) = (foreign.token(listed(0)), foreign.token(listed(1)), foreign.token(listed(8)));
    let unknown = foreign.setting.check_at(&good, NOW).unwrap_err();
    assert_eq!((unknown.code(), unknown.is_temporary()), ("status_list.unknown", true));
    foreign.publish(0b10);
    for token in [&good, &good] {
        assert_eq!(foreign.code(token), "accepted");
    }
    assert_eq!(foreign.code(&bad), "revoked.status_list");
    let beyond = foreign.setting.check_at(&beyond, NOW).unwrap_err();
    assert_eq!((beyond.code(), beyond.is_temporary()), ("status_list.out_of_range", false));
    foreign.publish(0b11);
    assert_eq!(foreign.code(&good), "revoked.status_list", "although the token is remembered");
    foreign.lists.fail(LIST, BootTime::default());
    let unreachable = foreign.setting.check_at(&good, NOW).unwrap_err();
    assert_eq!((unreachable.code(), unreachable.is_temporary()), ("status_list.unreachable", true));
}

#[test]
fn a_list_at_an_address_that_is_not_allowed_makes_its_token_worthless() {
    let foreign = Foreign::new();
    let uri = "https://evil.example/lists/7";
    let token = foreign.token(|claims| claims["status"] = json!({"status_list": {"idx": 0, "uri": uri}}));
    let refused = foreign.setting.check_at(&token, NOW).unwrap_err();
    assert_eq!((refused.code(), refused.is_temporary()), ("status_list.not_allowed", false));
}

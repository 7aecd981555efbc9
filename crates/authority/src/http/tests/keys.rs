//! The life of signing keys: rotation, an emergency, another master key.

use probity_jose::UnixTime;
use probity_verifier::clock::unix_now;
use serde_json::json;

use super::*;
use crate::keys::KeyError;

impl Fixture {
    /// What is published, by `kid`.
    async fn kids(&self) -> Vec<String> {
        let set = self.get("/jwks", &[]).await.json();
        let kids = set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned());
        kids.collect()
    }

    fn signer(&self) -> Result<String, KeyError> {
        self.state().keys.current().signer(None).map(|key| key.key_id().unwrap().to_owned())
    }

    async fn rotate(&self, now: UnixTime) -> bool {
        self.state().keys.rotate(&self.state().store, now).await.unwrap()
    }

    async fn revoke_key(&self, admin: &str, kid: &str) -> Answer {
        self.admin(Method::POST, "revocations", admin, &json!({ "key": kid, "level": "durable" })).await
    }
}

const DAY: u64 = 24 * 3_600;

#[tokio::test]
async fn a_key_is_published_an_hour_before_it_signs_and_until_its_tokens_are_dead() {
    let fixture = Fixture::start().await;
    let (start, first) = (unix_now(), fixture.signer().unwrap());
    let token = fixture.service_token().await;
    assert!(!fixture.rotate(start.plus(30 * DAY - 3_700)).await, "nothing is due");
    assert!(fixture.rotate(start.plus(30 * DAY - 3_600)).await);
    assert_eq!((fixture.kids().await.len(), fixture.signer().unwrap()), (4, first.clone()), "announced, one each");
    assert!(fixture.rotate(start.plus(30 * DAY)).await);
    let second = fixture.signer().unwrap();
    assert_ne!(second, first);
    assert_eq!(fixture.kids().await.len(), 4, "both are there");
    assert!(fixture.is_active(&token).await && fixture.is_active(&fixture.service_token().await).await);
    assert!(!fixture.rotate(start.plus(30 * DAY + 3_600)).await);
    assert!(fixture.rotate(start.plus(30 * DAY + 4_200)).await);
    assert_eq!(fixture.kids().await.len(), 2);
    assert!(!fixture.kids().await.contains(&first) && !fixture.is_active(&token).await);
}

#[tokio::test]
async fn in_an_emergency_the_announced_key_takes_over_at_once() {
    let fixture = Fixture::start().await;
    let admin = fixture.admin_token().await;
    fixture.rotate(unix_now().plus(30 * DAY - 3_600)).await;
    let (first, published) = (fixture.signer().unwrap(), fixture.kids().await);
    assert_eq!(fixture.revoke_key(&admin, &first).await.status, StatusCode::OK);
    let second = fixture.signer().unwrap();
    assert!(second != first && published.contains(&second), "verifiers know it already");
    assert!(!fixture.kids().await.contains(&first));
}

async fn of_many_who_revoke_a_key_one_does_it(fixture: Fixture) {
    for _ in 0..5 {
        let (one, two) = tokio::join!(fixture.admin_token(), fixture.admin_token());
        let kid = fixture.signer().unwrap();
        let (first, second) = tokio::join!(fixture.revoke_key(&one, &kid), fixture.revoke_key(&two, &kid));
        let mut statuses = [first.status.as_u16(), second.status.as_u16()];
        statuses.sort_unstable();
        // The second may also come so late that its own token is dead with the key.
        assert!(statuses == [200, 404] || statuses == [200, 401], "{statuses:?}");
        assert_ne!(fixture.signer().unwrap(), kid);
        assert_eq!(fixture.kids().await.len(), 2, "one came in its place");
    }
}

#[tokio::test]
async fn of_two_who_revoke_a_key_at_once_one_does_it() {
    of_many_who_revoke_a_key_one_does_it(Fixture::start().await).await;
}

#[tokio::test]
async fn of_two_who_revoke_a_key_at_once_one_does_it_on_postgres() {
    of_many_who_revoke_a_key_one_does_it(Fixture::on_postgres().await).await;
}

#[tokio::test]
async fn a_key_and_the_one_that_would_take_its_place_can_be_revoked_at_once() {
    for _ in 0..5 {
        let fixture = Fixture::start().await;
        fixture.rotate(unix_now().plus(30 * DAY - 3_600)).await;
        let before = fixture.kids().await;
        let (state, now) = (fixture.state(), unix_now());
        let revoke = async |kid: &str| state.revoke(&crate::domain::revocation::Order::Key(kid.into()), now).await;
        let outcomes = futures_util::future::join_all(before.iter().map(|kid| revoke(kid))).await;
        outcomes.into_iter().for_each(|outcome| assert!(outcome.unwrap().is_some()));
        let after = fixture.kids().await;
        assert!(after.len() == 2 && after.iter().all(|kid| !before.contains(kid)), "{before:?} {after:?}");
        assert!(after.contains(&fixture.signer().unwrap()));
    }
}

#[tokio::test]
async fn a_compromised_key_signs_nothing_more_even_when_the_new_one_can_not_be_read() {
    let fixture = Fixture::start().await;
    let admin = fixture.admin_token().await;
    let kid = fixture.signer().unwrap();
    let connection = rusqlite::Connection::open(fixture.folder.path().join("probity.db")).unwrap();
    let spoil = "UPDATE signing_keys SET sealed = 'x' || sealed WHERE algorithm = 'EdDSA'";
    assert_eq!(connection.execute(spoil, []).unwrap(), 1);
    assert_eq!(fixture.revoke_key(&admin, &kid).await.status, StatusCode::OK);
    assert!(fixture.signer().is_err());
    let refused = fixture.post_as_service("/token", &[("grant_type", "client_credentials")]).await;
    assert_eq!(refused.error(), (500, "server_error".into()));
    assert!(!fixture.kids().await.contains(&kid));
    let heal = "UPDATE signing_keys SET sealed = substr(sealed, 2) WHERE algorithm = 'EdDSA'";
    assert_eq!(connection.execute(heal, []).unwrap(), 1);
    fixture.state().keys.reload(&fixture.state().store).await.unwrap();
    assert!(fixture.is_active(&fixture.service_token().await).await);
}

#[tokio::test]
async fn another_master_key_takes_over_everything_that_is_sealed() {
    let fixture = Fixture::start().await;
    let (kids, tokens) = (fixture.kids().await, fixture.redeem(&fixture.code(&fixture.log_in().await).await).await);
    let refresh = tokens.text("refresh_token");
    let Fixture { authority, router, folder, config, .. } = fixture;
    drop(router);
    authority.stop().await;
    let start = async |config: &AuthorityConfig, key: u8| {
        Authority::start_with(config, MasterKey::from_bytes([key; 32]), Arc::new(Web::default())).await
    };
    assert!(start(&config, 2).await.is_err(), "the new key alone opens nothing");
    let previous = folder.path().join("previous.key");
    std::fs::write(&previous, MasterKey::from_bytes([1; 32]).to_text().as_bytes()).unwrap();
    let both = AuthorityConfig { previous_master_key_file: Some(previous), ..config.clone() };
    for _ in 0..2 {
        // Once more changes nothing.
        start(&both, 2).await.unwrap().stop().await;
    }
    assert!(start(&config, 1).await.is_err(), "the old key opens nothing any more");
    let authority = start(&config, 2).await.unwrap();
    let router = crate::http::router(Arc::clone(authority.state()));
    let fixture = Fixture { authority, router, folder, config, web: Arc::default() };
    assert_eq!(fixture.kids().await, kids);
    assert_eq!(fixture.refresh(&refresh).await.status, StatusCode::OK);
}

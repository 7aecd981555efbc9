//! The forms of access tokens, lifetimes of a client, and claims that the operator maps.

use super::*;
use probity_jose::jwe::{ContentEncryptionAlgorithm, Decrypter, DecryptionKey, DecryptionKeys, KeyManagementAlgorithm};
use serde_json::json;

use crate::domain::claims::{ClaimMapping, ClaimPlace, ClaimType};
use crate::domain::client::access_token_format::AccessTokenFormat;
use crate::domain::lifetimes::ClientLifetimes;

/// With opaque tokens for `app` and `service`.
async fn opaque() -> Fixture {
    Fixture::with(|config| {
        for client in [0, 2] {
            config.clients[client].policy.access_token_format = AccessTokenFormat::Opaque;
        }
    })
    .await
}

#[tokio::test]
async fn an_opaque_token_says_nothing_to_whoever_has_it_and_everything_at_introspection() {
    let fixture = opaque().await;
    let answer =
        fixture.redeem(&fixture.code_with(&fixture.log_in().await, &[("scope", "openid read email")]).await).await;
    let token = answer.text("access_token");
    assert!(token.starts_with("pat_") && !token.contains('.'), "{token}");
    let said = fixture.post_as_service("/introspect", &[("token", &token)]).await.json();
    for (name, value) in [("active", json!(true)), ("client_id", json!("app")), ("scope", json!("openid read email"))] {
        assert_eq!(said[name], value, "{said}");
    }
    assert!(!said.to_string().contains("eyJ"), "the signed token never leaves: {said}");
    let userinfo = fixture.get("/userinfo", &[("authorization", &format!("Bearer {token}"))]).await;
    assert_eq!(userinfo.json()["email"], "alice@example.org", "it opens what any access token opens");
    let refreshed = fixture.refresh(&answer.text("refresh_token")).await.text("access_token");
    assert!(refreshed.starts_with("pat_") && refreshed != token);
}

#[tokio::test]
async fn an_opaque_token_is_revoked_like_any_other() {
    let fixture = opaque().await;
    let (revoked, other) = (fixture.service_token().await, fixture.service_token().await);
    assert!(fixture.is_active(&revoked).await);
    let by_another = fixture.post("/revoke", &[], &[("client_id", "app"), ("token", &revoked)]).await;
    assert_eq!(by_another.error(), (400, "unauthorized_client".into()));
    fixture.post_as_service("/revoke", &[("token", &revoked)]).await;
    assert!(!fixture.is_active(&revoked).await && fixture.is_active(&other).await);
    let admin = fixture.admin_token().await;
    let why = fixture.admin(Method::POST, "why", &admin, &json!({ "token": revoked })).await.json();
    assert_eq!((&why["verdict"], &why["client_id"]), (&json!("revoked"), &json!("service")));
    let tokens = fixture.redeem(&fixture.code(&fixture.log_in().await).await).await;
    let form = [("client_id", "app"), ("token", &tokens.text("refresh_token"))];
    assert_eq!(fixture.post("/revoke", &[], &form).await.status, StatusCode::OK);
    assert!(!fixture.is_active(&tokens.text("access_token")).await, "with its grant");
}

#[tokio::test]
async fn opaque_tokens_leave_nothing_in_the_store() {
    let fixture = opaque().await;
    fixture.service_token().await;
    let before = fixture.rows();
    for _ in 0..20 {
        fixture.service_token().await;
    }
    assert_eq!(fixture.rows(), before);
}

#[tokio::test]
async fn a_changed_opaque_token_is_none() {
    let fixture = opaque().await;
    let token = fixture.service_token().await;
    for bad in [format!("{token}x"), token[..token.len() - 1].to_owned(), token.replacen("pat_", "prt_", 1)] {
        assert!(!fixture.is_active(&bad).await);
    }
}

/// With tokens for `service` that are encrypted to this key, and its private half.
async fn encrypted() -> (Fixture, DecryptionKey) {
    let key = DecryptionKey::generate(KeyManagementAlgorithm::EcdhEsA256Kw).unwrap();
    let jwk: Value = serde_json::from_str(&key.encryption_key().unwrap().to_jwk().unwrap()).unwrap();
    let fixture = Fixture::with(|config| {
        let policy = &mut config.clients[2].policy;
        policy.access_token_format = AccessTokenFormat::EncryptedJwt;
        policy.access_token_encryption_key = Some(jwk);
    })
    .await;
    (fixture, key)
}

#[tokio::test]
async fn an_encrypted_token_is_read_by_its_audience_only_which_may_ask_about_what_is_inside() {
    let (fixture, key) = encrypted().await;
    let token = fixture.service_token().await;
    assert_eq!(token.matches('.').count(), 4);
    let decrypter = Decrypter::new([KeyManagementAlgorithm::EcdhEsA256Kw], [ContentEncryptionAlgorithm::A256Gcm]);
    let inside = decrypter.decrypt(&token, &DecryptionKeys::from(key)).unwrap();
    assert_eq!(inside.header().content_type(), Some("JWT"));
    let signed = String::from_utf8(inside.into_content()).unwrap();
    assert_eq!(claims(&signed)["client_id"], "service");
    assert!(fixture.is_active(&signed).await);
    // Who can't read it is not told that it is good, nor that it was revoked.
    assert!(!fixture.is_active(&token).await);
    let refused = fixture.post_as_service("/revoke", &[("token", &token)]).await;
    assert_eq!(refused.error(), (400, "unsupported_token_type".into()));
    fixture.post_as_service("/revoke", &[("token", &signed)]).await;
    assert!(!fixture.is_active(&signed).await);
}

#[tokio::test]
async fn a_client_of_encrypted_tokens_needs_a_public_key_and_one_audience() {
    let (fixture, _) = encrypted().await;
    let refused = |change: &dyn Fn(&mut crate::domain::client::policy::ClientPolicy)| {
        let mut config = fixture.config.clone();
        change(&mut config.clients[2].policy);
        config.check().unwrap_err().to_string()
    };
    for bad in [
        refused(&|policy| policy.access_token_encryption_key = None),
        refused(&|policy| policy.access_token_encryption_key = Some(json!({"kty": "oct", "k": "AAAA", "alg": "dir"}))),
        refused(&|policy| policy.access_token_encryption_key.as_mut().unwrap()["d"] = "AAAA".into()),
        refused(&|policy| policy.resources = vec!["https://b.example".into()]),
        refused(&|policy| policy.access_token_format = AccessTokenFormat::Jwt),
        refused(&|policy| policy.lifetimes.access_token = Some(3_601)),
    ] {
        assert!(bad.starts_with("clients: service: policy: "), "{bad}");
    }
}

#[tokio::test]
async fn a_client_has_lifetimes_of_its_own() {
    let fixture = Fixture::with(|config| {
        config.clients[0].policy.lifetimes =
            ClientLifetimes { access_token: Some(42), id_token: Some(43), refresh: Some(60) };
    })
    .await;
    let answer = fixture.redeem(&fixture.code_with(&fixture.log_in().await, &[("scope", "openid")]).await).await;
    assert_eq!(answer.json()["expires_in"], 42);
    let id_token = claims(&answer.text("id_token"));
    assert_eq!(id_token["exp"].as_u64().unwrap() - id_token["iat"].as_u64().unwrap(), 43);
    let expires = &fixture.post("/introspect", &[("authorization", &basic("service"))], &[]).await;
    assert_eq!(expires.error().1, "invalid_request");
    let connection = rusqlite::Connection::open(fixture.folder.path().join("probity.db")).unwrap();
    let life: i64 = connection.query_row("SELECT expires - rotated FROM families", [], |row| row.get(0)).unwrap();
    assert_eq!(life, 60);
    assert_eq!(
        fixture.post_as_service("/token", &[("grant_type", "client_credentials")]).await.json()["expires_in"],
        300
    );
}

#[tokio::test]
async fn mapped_attributes_are_in_the_tokens_that_the_operator_has_named_and_of_the_type() {
    let mapping = |claim: &str, attribute: &str, kind, into: &[ClaimPlace], scope: Option<&str>| ClaimMapping {
        claim: claim.into(),
        attribute: attribute.into(),
        kind,
        into: into.to_vec(),
        scope: scope.map(str::to_owned),
    };
    let fixture = Fixture::with(|config| {
        config.clients[0].policy.claims = vec![
            mapping("groups", "department", ClaimType::Strings, &[ClaimPlace::AccessToken], Some("read")),
            mapping("verified", "email_verified", ClaimType::String, &[ClaimPlace::IdToken], None),
            mapping("place", "address", ClaimType::Json, &[ClaimPlace::Userinfo], None),
            mapping("number", "name", ClaimType::Number, &[ClaimPlace::AccessToken], None),
        ];
    })
    .await;
    let session = fixture.log_in().await;
    let answer = fixture.redeem(&fixture.code_with(&session, &[("scope", "openid read")]).await).await;
    let check = async |answer: &Answer| {
        let (access, id) = (claims(&answer.text("access_token")), claims(&answer.text("id_token")));
        let userinfo = fixture.userinfo(&answer.text("access_token")).await.json();
        assert_eq!((&access["groups"], access.get("number"), access.get("place")), (&json!(["tests"]), None, None));
        assert_eq!((&id["verified"], id.get("groups")), (&json!("true"), None));
        assert_eq!((&userinfo["place"], userinfo.get("verified")), (&json!({"locality": "Berlin"}), None));
    };
    check(&answer).await;
    check(&fixture.refresh(&answer.text("refresh_token")).await).await;
    let without = fixture.redeem(&fixture.code_with(&session, &[("scope", "openid")]).await).await;
    assert!(claims(&without.text("access_token")).get("groups").is_none());
}

//! Clients that describe themselves at the address that is their name: draft-ietf-oauth-client-id-metadata-document.

use super::*;
use crate::config::ClientIdDocumentsConfig;
use serde_json::json;

const ID: &str = "https://client.example/app";

fn document() -> Value {
    json!({ "client_id": ID, "client_name": "Shop", "redirect_uris": [CALLBACK], "scope": "openid read" })
}

impl Fixture {
    async fn with_client_documents(third_party: bool) -> Self {
        Self::with(|config| {
            config.client_id_documents = Some(ClientIdDocumentsConfig {
                hosts: vec!["client.example".into()],
                scopes: ["openid", "read"].map(str::to_owned).to_vec(),
                audience: AUDIENCE.into(),
                grant_types: vec![GrantType::AuthorizationCode],
                third_party,
            });
        })
        .await
    }

    /// The answer to an authorization request of the client of the document.
    async fn visit(&self, id: &str, session: &str) -> Answer {
        self.get(&authorize_path(id, &[("scope", "openid")]), &[(COOKIE.as_str(), session)]).await
    }
}

#[tokio::test]
async fn a_client_that_describes_itself_logs_a_user_in_with_one_look_at_its_document() {
    let fixture = Fixture::with_client_documents(false).await;
    let metadata = fixture.get("/.well-known/openid-configuration", &[]).await.json();
    assert_eq!(metadata["client_id_metadata_document_supported"], true);
    fixture.web.put(ID, &document());
    let session = fixture.log_in().await;
    let code = parameter(&fixture.visit(ID, &session).await.location(), "code").unwrap();
    let tokens = fixture.redeem_as(ID, &code).await;
    assert_eq!(tokens.status, StatusCode::OK, "{tokens:?}");
    assert_eq!(claims(&tokens.text("access_token"))["client_id"], ID);
    assert_eq!(claims(&tokens.text("id_token"))["aud"], ID);
    assert_eq!(fixture.web.asked(ID), 1);
    // What has changed counts after a while.
    fixture.web.put(ID, &json!({ "client_id": ID, "redirect_uris": ["https://client.example/other"] }));
    assert_eq!(fixture.visit(ID, &session).await.status, StatusCode::SEE_OTHER);
    fixture.state().client_documents.as_ref().unwrap().age(ID);
    assert_eq!(fixture.visit(ID, &session).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(fixture.web.asked(ID), 2);
}

#[tokio::test]
async fn the_user_reads_whose_client_it_is() {
    let fixture = Fixture::with_client_documents(true).await;
    fixture.web.put(ID, &document());
    let page = fixture.visit(ID, &fixture.log_in().await).await;
    assert!(page.body.contains("id=\"consent\"") && page.body.contains("Shop (client.example)"), "{page:?}");
}

#[tokio::test]
async fn without_configuration_or_from_another_host_nothing_is_asked_for() {
    let fixture = Fixture::start().await;
    fixture.web.put(ID, &document());
    let metadata = fixture.get("/.well-known/openid-configuration", &[]).await.json();
    assert_eq!(metadata.get("client_id_metadata_document_supported"), None);
    assert_eq!(fixture.visit(ID, "").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(fixture.web.asked(ID), 0);
    let fixture = Fixture::with_client_documents(false).await;
    for id in ["https://other.example/app", "https://client.example:8443/app", "http://client.example/app"] {
        fixture.web.put(id, &json!({ "client_id": id, "redirect_uris": [CALLBACK] }));
        assert_eq!(fixture.visit(id, "").await.status, StatusCode::BAD_REQUEST, "{id}");
        assert_eq!(fixture.web.asked(id), 0, "{id}");
    }
}

#[tokio::test]
async fn a_document_that_is_not_good_is_no_client_and_not_asked_for_again_at_once() {
    let fixture = Fixture::with_client_documents(false).await;
    let bad = |number: usize| format!("https://client.example/bad-{number}");
    for (number, (name, value)) in [
        ("client_id", json!(ID)),
        ("client_secret", json!(SECRET)),
        ("token_endpoint_auth_method", json!("client_secret_basic")),
        ("redirect_uris", json!([])),
        ("grant_types", json!(["client_credentials"])),
        ("padding", json!("x".repeat(20_000))),
    ]
    .into_iter()
    .enumerate()
    {
        let id = bad(number);
        let mut document = document();
        document["client_id"] = id.clone().into();
        document[name] = value;
        fixture.web.put(&id, &document);
        for _ in 0..2 {
            assert_eq!(fixture.visit(&id, "").await.status, StatusCode::BAD_REQUEST, "{name}");
        }
        assert_eq!(fixture.web.asked(&id), 1, "{name}");
    }
}

#[tokio::test]
async fn made_up_addresses_neither_fill_the_memory_nor_drive_out_clients() {
    let fixture = Fixture::with_client_documents(false).await;
    fixture.web.put(ID, &document());
    fixture.visit(ID, "").await;
    for number in 0..1_100 {
        fixture.visit(&format!("https://client.example/{number}"), "").await;
    }
    assert_eq!(fixture.state().client_documents.as_ref().unwrap().len(), 1_024);
    fixture.visit(ID, "").await;
    assert_eq!(fixture.web.asked(ID), 1);
}

#[tokio::test]
async fn a_client_that_was_disabled_does_not_come_back_by_a_document() {
    let fixture = Fixture::with_client_documents(false).await;
    fixture.web.put(ID, &document());
    let admin = fixture.admin_token().await;
    let client = json!({
        "client_id": ID, "grant_types": ["authorization_code"], "redirect_uris": [CALLBACK], "audience": AUDIENCE,
        "metadata": { "token_endpoint_auth_method": "none" },
    });
    assert_eq!(fixture.admin(Method::POST, "clients", &admin, &client).await.status, StatusCode::CREATED);
    let connection = rusqlite::Connection::open(fixture.folder.path().join("probity.db")).unwrap();
    assert_eq!(connection.execute("UPDATE clients SET disabled = 1 WHERE client_id = ?1", [ID]).unwrap(), 1);
    assert_eq!(fixture.visit(ID, "").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(fixture.web.asked(ID), 0);
}

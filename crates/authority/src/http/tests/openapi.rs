//! The administration as its document describes it, and who may do what.

use super::*;
use serde_json::json;

/// Every operation of the document: method, path with something in its places, path as it is written, scope.
async fn operations(fixture: &Fixture) -> Vec<(Method, String, String, String)> {
    let document = fixture.get("/admin/openapi.json", &[]).await.json();
    assert_eq!(document["servers"][0]["url"], format!("{ISSUER}/admin/v1"));
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let scope = operation["security"][0]["oauth"][0].as_str().unwrap().to_owned();
            let filled = path.replace("{client_id}", "nobody").replace("{subject}", "nobody");
            operations.push((method, filled.trim_start_matches('/').to_owned(), path.clone(), scope));
        }
    }
    operations
}

async fn with_roles() -> Fixture {
    Fixture::with(|config| {
        let admin = config.clients.iter().find(|client| client.client_id == "admin").unwrap().clone();
        config.clients.extend(["auditor", "operator"].map(|role| ClientConfig {
            client_id: role.into(),
            scopes: vec![format!("probity:{role}")],
            ..admin.clone()
        }));
    })
    .await
}

#[tokio::test]
async fn each_operation_of_the_document_is_there_for_its_role_and_for_no_lesser_one() {
    let fixture = with_roles().await;
    let operations = operations(&fixture).await;
    assert!(operations.len() >= 20, "{operations:?}");
    let roles = ["auditor", "operator", "admin"];
    let rank = |role: &str| roles.iter().position(|known| role.ends_with(known)).unwrap();
    let mut seen = [0; 3];
    for (method, path, _, scope) in &operations {
        let refused = fixture.admin(method.clone(), path, "", &json!({})).await;
        assert_eq!(refused.error(), (401, "invalid_token".into()), "{method} {path}");
        for role in roles {
            let token = fixture.token_of(role).await;
            let answer = fixture.admin(method.clone(), path, &token, &json!({})).await;
            let may = rank(role) >= rank(scope);
            assert_eq!(answer.status == StatusCode::FORBIDDEN, !may, "{role}: {method} {path}: {answer:?}");
            assert!(
                ![StatusCode::UNAUTHORIZED, StatusCode::METHOD_NOT_ALLOWED].contains(&answer.status),
                "{method} {path}"
            );
        }
        seen[rank(scope)] += 1;
    }
    assert!(seen.iter().all(|count| *count > 1), "{seen:?}");
}

#[tokio::test]
async fn an_operator_revokes_and_an_auditor_only_looks() {
    let fixture = with_roles().await;
    let body = json!({ "token": "j" });
    let (operator, auditor) = (fixture.token_of("operator").await, fixture.token_of("auditor").await);
    assert_eq!(fixture.admin(Method::POST, "revocations", &operator, &body).await.status, StatusCode::OK);
    let refused = fixture.admin(Method::POST, "revocations", &auditor, &body).await;
    assert_eq!(refused.error(), (403, "insufficient_scope".into()));
    assert!(refused.headers["www-authenticate"].to_str().unwrap().contains("probity:operator"));
    let log = fixture.admin(Method::GET, "audit-log", &auditor, &json!({})).await.json();
    let last = log["entries"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["actor"], &last["action"]), (&json!("admin:operator"), &json!("revoked")));
}

#[tokio::test]
async fn the_page_of_endpoints_names_each_operation() {
    let page = include_str!("../../../../../docs/reference/http.md");
    for (method, _, path, _) in operations(&Fixture::start().await).await {
        let written = path.replace("{client_id}", "ID").replace("{subject}", "SUB");
        let line = format!("| `{method} /admin/v1{written}");
        let is_named = page
            .lines()
            .any(|known| known.strip_prefix(&line).is_some_and(|rest| rest.starts_with('`') || rest.starts_with('?')));
        assert!(is_named, "{line}");
    }
}

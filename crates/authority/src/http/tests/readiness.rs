//! When the store is busy or away.

use super::*;

#[tokio::test]
async fn an_authority_is_ready_while_its_store_answers() {
    let fixture = Fixture::start().await;
    assert_eq!(fixture.get("/readyz", &[]).await.status, StatusCode::OK);
    let fixture = Fixture::on_postgres().await;
    assert_eq!(fixture.get("/readyz", &[]).await.status, StatusCode::OK);
    let code = fixture.code(&fixture.log_in().await).await;
    fixture.state().store.close().await;
    let answer = fixture.get("/readyz", &[]).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{answer:?}");
    assert_eq!(fixture.get("/healthz", &[]).await.status, StatusCode::OK, "the process is well");
    // Nobody is told that anything of ours is broken, and everybody when to come back.
    let answer = fixture.redeem(&code).await;
    assert_eq!(answer.error(), (503, "temporarily_unavailable".into()));
    assert!(answer.headers.contains_key("retry-after"));
    let page = fixture.get(&authorize_path("app", &[]), &[("cookie", "__Host-probity-session=x")]).await;
    assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(page.headers.contains_key("retry-after"));
}

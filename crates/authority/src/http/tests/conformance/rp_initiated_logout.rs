//! OpenID Connect RP-Initiated Logout 1.0.

use super::*;

/// OpenID Connect RP-Initiated Logout section 2: a request may come by POST too, and an expired ID token still counts.
#[tokio::test]
async fn a_logout_by_post_from_the_clients_site_does_what_one_by_get_does() {
    const BYE: &str = "https://app.example/bye";
    let fixture = Fixture::with(|config| config.clients[0].metadata.post_logout_redirect_uris = vec![BYE.into()]).await;
    let session = fixture.log_in().await;
    let tokens = fixture.redeem(&fixture.code_with(&session, &[("scope", "openid")]).await).await;
    let form = [("id_token_hint", tokens.text("id_token")), ("post_logout_redirect_uri", BYE.to_owned())];
    let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
    let headers = [("cookie", session.as_str()), ("origin", "https://app.example"), ("sec-fetch-site", "cross-site")];
    let answer = fixture.post("/logout", &headers, &form).await;
    assert_eq!(answer.location().as_str(), BYE);
    assert!(!fixture.is_active(&tokens.text("access_token")).await);
}

/// OpenID Connect RP-Initiated Logout section 3: after a logout the browser goes to a registered address only.
#[tokio::test]
async fn nobody_is_sent_to_an_address_that_is_not_registered() {
    let fixture = Fixture::start().await;
    let session = fixture.log_in().await;
    let hint = fixture.redeem(&fixture.code_with(&session, &[("scope", "openid")]).await).await.text("id_token");
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", CALLBACK)])
        .finish();
    let answer = fixture.get(&format!("/logout?{query}"), &[("cookie", &session)]).await;
    assert!(answer.headers.get(LOCATION).is_none(), "{answer:?}");
}

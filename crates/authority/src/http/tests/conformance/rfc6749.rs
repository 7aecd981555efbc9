//! The OAuth 2.0 Authorization Framework, as OAuth 2.1 changes it.

use super::*;

/// RFC 6749 section 2.3.1: client identifier and password are form-encoded before they are joined.
#[tokio::test]
async fn a_secret_with_any_character_authenticates_in_the_header_and_in_the_body() {
    const ODD: &str = "colon:plus+percent%20space umlaut-ü-and-32-characters";
    let fixture = Fixture::with(|config| {
        let file = config.data.as_ref().unwrap().join("odd");
        std::fs::write(&file, ODD).unwrap();
        config.clients[2].client_secret_file = Some(file);
    })
    .await;
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let own = ("grant_type", "client_credentials");
    let header = format!("Basic {}", STANDARD.encode(format!("service:{}", encode(ODD))));
    let answer = fixture.post("/token", &[("authorization", &header)], &[own]).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let in_body = fixture.post("/token", &[], &[own, ("client_id", "service"), ("client_secret", ODD)]).await;
    assert_eq!(in_body.status, StatusCode::OK, "{in_body:?}");
}

/// RFC 6749 section 3.1: unknown parameters are ignored, and one without a value counts as omitted.
#[tokio::test]
async fn unknown_and_empty_parameters_are_ignored_at_both_endpoints() {
    let fixture = Fixture::start().await;
    let session = fixture.log_in().await;
    let path = format!("{}&unknown=1&display=&nonce=", authorize_path("app", &[]));
    let location = fixture.get(&path, &[("cookie", &session)]).await.location();
    assert!(parameter(&location, "code").is_some(), "{location}");
    let form = [("grant_type", "client_credentials"), ("unknown", "1"), ("scope", "")];
    assert_eq!(fixture.post_as_service("/token", &form).await.status, StatusCode::OK);
}

/// RFC 6749 section 3.1: no parameter comes more than once.
#[tokio::test]
async fn a_parameter_that_comes_twice_is_refused_at_both_endpoints() {
    let fixture = Fixture::start().await;
    let session = fixture.log_in().await;
    let path = format!("{}&state=other", authorize_path("app", &[]));
    assert_eq!(fixture.get(&path, &[("cookie", &session)]).await.status, StatusCode::BAD_REQUEST);
    let form = [("grant_type", "client_credentials"), ("scope", "read"), ("scope", "write")];
    assert_eq!(fixture.post_as_service("/token", &form).await.error(), (400, "invalid_request".into()));
}

/// RFC 6749 section 3.3: whoever gets another scope than asked for is told which.
#[tokio::test]
async fn the_answer_names_the_scope_that_was_granted() {
    let fixture = Fixture::start().await;
    let answer = fixture.post_as_service("/token", &[("grant_type", "client_credentials")]).await;
    assert_eq!(answer.text("scope"), "read write");
}

/// RFC 6749 section 4.1.2: a code expires shortly after it was issued.
#[tokio::test]
async fn an_expired_code_gives_nothing() {
    let fixture = Fixture::start().await;
    let code = fixture.code(&fixture.log_in().await).await;
    fixture.expire("codes");
    assert_eq!(fixture.redeem(&code).await.error(), (400, "invalid_grant".into()));
}

/// RFC 6749 section 4.1.2.1: an error that goes back to the client carries its state.
#[tokio::test]
async fn an_error_brings_the_state_back_exactly() {
    let fixture = Fixture::start().await;
    let state = "a b+c&d=e%20ü";
    let location = fixture.authorize("", &[("response_type", "token"), ("state", state)]).await.location();
    assert_eq!(parameter(&location, "error").as_deref(), Some("unsupported_response_type"));
    assert_eq!(parameter(&location, "state").as_deref(), Some(state));
}

/// RFC 6749 section 4.1.3: a code is for the redirect URI that it was sent to.
#[tokio::test]
async fn a_code_with_another_redirect_uri_gives_nothing() {
    let fixture = Fixture::with(|config| config.clients[0].redirect_uris.push("https://app.example/two".into())).await;
    let code = fixture.code(&fixture.log_in().await).await;
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", "app"),
        ("code", &code),
        ("redirect_uri", "https://app.example/two"),
        ("code_verifier", VERIFIER),
    ];
    assert_eq!(fixture.post("/token", &[], &form).await.error(), (400, "invalid_grant".into()));
    assert_eq!(fixture.redeem(&code).await.status, StatusCode::OK, "and it is not used up");
}

/// RFC 6749 section 3.1.2: a redirect URI is absolute and has no fragment.
#[tokio::test]
async fn a_redirect_uri_that_is_relative_or_has_a_fragment_is_not_registered() {
    let fixture = Fixture::start().await;
    for uri in ["/cb", "https://app.example/cb#x", "http://app.example/cb"] {
        let mut config = fixture.config.clone();
        config.clients[0].redirect_uris = vec![uri.into()];
        assert!(config.check().unwrap_err().to_string().contains("redirect_uris"), "{uri}");
    }
}

/// RFC 6749 section 5.1: what has tokens in it is kept by no cache.
#[tokio::test]
async fn no_answer_with_a_token_or_about_one_is_kept() {
    let fixture = Fixture::start().await;
    let token = fixture.service_token().await;
    for (path, form) in [
        ("/token", vec![("grant_type", "client_credentials")]),
        ("/introspect", vec![("token", token.as_str())]),
        ("/revoke", vec![("token", token.as_str())]),
    ] {
        let answer = fixture.post_as_service(path, &form).await;
        assert_eq!((answer.status, &answer.headers["cache-control"]), (StatusCode::OK, &"no-store".parse().unwrap()));
    }
}

/// RFC 6749 section 5.2: an error is JSON with printable ASCII only.
#[tokio::test]
async fn an_error_is_json_in_plain_characters() {
    let fixture = Fixture::start().await;
    let answer = fixture.post_as_service("/token", &[("grant_type", "pass\"wörd")]).await;
    assert_eq!(answer.error(), (400, "unsupported_grant_type".into()));
    assert_eq!(answer.headers["content-type"], "application/json");
    let description = answer.text("error_description");
    let is_allowed = |byte: u8| matches!(byte, 0x20..=0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    assert!(!description.is_empty() && description.bytes().all(is_allowed), "{description}");
}

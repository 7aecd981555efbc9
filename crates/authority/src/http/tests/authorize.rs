//! `/authorize` and `/login`.

use super::*;

#[tokio::test]
async fn a_user_logs_in_and_the_client_gets_a_code_at_its_address_with_state_and_issuer() {
    let fixture = Fixture::start().await;
    let page = fixture.get(&authorize_path("app", &[]), &[]).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("id=\"login\"") && !page.body.contains("<script"));
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'") && policy.contains("form-action 'self' https://app.example;"));
    let (answer, session) = fixture.submit_login(&page, "app", PASSWORD, "").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{answer:?}");
    let cookie = answer.headers.get_all(SET_COOKIE).iter().next().unwrap().to_str().unwrap();
    assert!(cookie.contains("Secure") && cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    let next = answer.location();
    assert_eq!(next.path(), "/authorize");
    let answer = fixture.get(&next[url::Position::BeforePath..], &[("cookie", &session)]).await;
    let callback = answer.location();
    assert!(callback.as_str().starts_with(CALLBACK));
    assert_eq!(parameter(&callback, "state").as_deref(), Some("st"));
    assert_eq!(parameter(&callback, "iss").as_deref(), Some(ISSUER));
    assert!(parameter(&callback, "code").unwrap().starts_with("pac_"));
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_get_the_same_answer_and_no_session() {
    let fixture = Fixture::start().await;
    let page = fixture.get(&authorize_path("app", &[]), &[]).await;
    let before = fixture.rows();
    let (wrong, session) = fixture.submit_login(&page, "app", "wrong password", "").await;
    assert_eq!((wrong.status, session.as_str()), (StatusCode::UNPROCESSABLE_ENTITY, ""));
    assert!(wrong.body.contains("id=\"error\"") && !wrong.body.contains("wrong password\""));
    assert_eq!(fixture.rows(), before);
}

#[tokio::test]
async fn a_login_form_from_another_site_or_without_its_token_is_refused() {
    let fixture = Fixture::start().await;
    let page = fixture.get(&authorize_path("app", &[]), &[]).await;
    let csrf = page.cookie("__Host-probity-csrf").unwrap();
    let cookie = format!("__Host-probity-csrf={csrf}");
    let request = authorize_path("app", &[]);
    let query = request.split_once('?').unwrap().1;
    let form = |csrf: &'static str| {
        [("csrf", csrf), ("request", query), ("username", "alice"), ("password", PASSWORD)]
            .map(|(n, v)| (n, v.to_owned()))
    };
    let mut good = form("");
    good[0].1.clone_from(&csrf);
    let send = async |headers: &[(&str, &str)], form: &[(&str, String); 4]| {
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        fixture.post("/login", headers, &form).await
    };
    let before = fixture.rows();
    for (headers, form) in [
        (vec![("cookie", cookie.as_str()), ("origin", "https://evil.example")], &good),
        (vec![("cookie", cookie.as_str()), ("origin", "null")], &good),
        (vec![("cookie", cookie.as_str()), ("sec-fetch-site", "cross-site")], &good),
        (vec![("cookie", cookie.as_str()), ("sec-fetch-site", "same-site")], &good),
        (vec![], &good),
        (vec![("cookie", cookie.as_str())], &form("")),
        (vec![("cookie", cookie.as_str())], &form("other")),
    ] {
        let answer = send(&headers, form).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{headers:?}");
        assert!(answer.cookie("__Host-probity-session").is_none());
    }
    assert_eq!(fixture.rows(), before);
    let answer = send(&[("cookie", &cookie), ("origin", ISSUER), ("sec-fetch-site", "same-origin")], &good).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "or the refusals above mean nothing: {answer:?}");
}

#[tokio::test]
async fn a_request_that_can_not_be_trusted_is_not_answered_by_a_redirect() {
    let fixture = Fixture::start().await;
    for path in [
        authorize_path("nobody", &[]),
        authorize_path("app", &[("client_id", "")]),
        authorize_path("app", &[("redirect_uri", "https://evil.example/cb")]),
        authorize_path("app", &[("redirect_uri", "https://app.example/cb/../evil")]),
        format!("{}&client_id=other", authorize_path("app", &[])),
        format!("{}&x=%zz", authorize_path("app", &[])),
    ] {
        let answer = fixture.get(&path, &[]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        assert!(answer.headers.get(LOCATION).is_none() && answer.body.contains("id=\"error\""), "{path}");
    }
}

#[tokio::test]
async fn an_error_of_the_request_goes_back_to_the_client() {
    let fixture = Fixture::start().await;
    for (change, error) in [
        (("response_type", "token"), "unsupported_response_type"),
        (("scope", "admin"), "invalid_scope"),
        (("code_challenge", ""), "invalid_request"),
        (("prompt", "none"), "login_required"),
    ] {
        let location = fixture.get(&authorize_path("app", &[change]), &[]).await.location();
        assert!(location.as_str().starts_with(CALLBACK), "{location}");
        assert_eq!(parameter(&location, "error").as_deref(), Some(error));
        assert_eq!(parameter(&location, "state").as_deref(), Some("st"));
        assert_eq!(parameter(&location, "iss").as_deref(), Some(ISSUER));
    }
}

#[tokio::test]
async fn a_known_browser_is_not_asked_again_unless_the_client_wants_it() {
    let fixture = Fixture::start().await;
    let session = fixture.log_in().await;
    fixture.code(&session).await;
    fixture.code_with(&session, &[("prompt", "none")]).await;
    let again = fixture.get(&authorize_path("app", &[("prompt", "login")]), &[("cookie", &session)]).await;
    assert!(again.body.contains("id=\"login\""));
    // The same user proves it again: the session stays the same, its cookie does not.
    let sid = |token: &str| claims(token)["sid"].as_str().unwrap().to_owned();
    let before = sid(&fixture.redeem(&fixture.code(&session).await).await.text("access_token"));
    let (_, renewed) = fixture.submit_login(&again, "app", PASSWORD, &session).await;
    assert_ne!(renewed, session);
    assert_eq!(sid(&fixture.redeem(&fixture.code(&renewed).await).await.text("access_token")), before);
    let old = fixture.get(&authorize_path("app", &[]), &[("cookie", &session)]).await;
    assert!(old.body.contains("id=\"login\""), "the old cookie is dead");
}

#[tokio::test]
async fn a_form_may_carry_the_request() {
    let fixture = Fixture::start().await;
    let request = Parameters::parse(authorize_path("app", &[]).split_once('?').unwrap().1).unwrap();
    let form = ["response_type", "client_id", "redirect_uri", "code_challenge", "code_challenge_method"];
    let form: Vec<(&str, &str)> = form.iter().map(|name| (*name, request.get(name).unwrap())).collect();
    let page = fixture.post("/authorize", &[], &form).await;
    assert!(page.body.contains("id=\"login\""), "{page:?}");
}

#[tokio::test]
async fn a_login_form_whose_request_is_damaged_is_the_browsers_fault_and_not_ours() {
    let fixture = Fixture::start().await;
    let page = fixture.get(&authorize_path("app", &[]), &[]).await;
    let csrf = page.cookie("__Host-probity-csrf").unwrap();
    let cookie = format!("__Host-probity-csrf={csrf}");
    for request in ["a=%zz", "client_id=app&client_id=app"] {
        let form = [("csrf", csrf.as_str()), ("request", request), ("username", "alice"), ("password", PASSWORD)];
        let answer = fixture.post("/login", &[(COOKIE.as_str(), &cookie), (ORIGIN.as_str(), ISSUER)], &form).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{request}: {answer:?}");
        assert!(answer.cookie("__Host-probity-session").is_none());
    }
}

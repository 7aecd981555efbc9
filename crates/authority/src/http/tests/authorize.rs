//! `/authorize` and `/login`.

use super::*;

/// RFC 6749 section 4.1.2: the code goes to the redirect URI with the state.
#[tokio::test]
async fn a_user_logs_in_and_the_client_gets_a_code_at_its_address_with_state_and_issuer() {
    let fixture = Fixture::start().await;
    let page = fixture.get(&authorize_path("app", &[]), &[]).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.contains("id=\"login\"") && !page.body.contains("<script"));
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'") && policy.contains("form-action 'self' https://app.example;"));
    let (answer, session) = fixture.submit_login(&page, PASSWORD, "").await;
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
    // The audit log notes it, and nothing else does.
    let rows = || {
        let noted = |row: &String| !row.starts_with("audit_log: ") && !row.contains("audit_head");
        fixture.rows().into_iter().filter(noted).collect::<Vec<_>>()
    };
    let before = rows();
    let (wrong, session) = fixture.submit_login(&page, "wrong password", "").await;
    assert_eq!((wrong.status, session.as_str()), (StatusCode::UNPROCESSABLE_ENTITY, ""));
    assert!(wrong.body.contains("id=\"error\"") && !wrong.body.contains("wrong password\""));
    assert_eq!(rows(), before);
}

/// RFC 9700 section 4.7: forms are protected against requests from other sites.
#[tokio::test]
async fn a_login_form_from_another_site_or_without_its_token_is_refused() {
    let fixture = Fixture::start().await;
    let page = fixture.get(&authorize_path("app", &[]), &[]).await;
    let csrf = page.cookie("__Host-probity-csrf").unwrap();
    let cookie = format!("__Host-probity-csrf={csrf}");
    let hidden = page.form("login");
    let form = |csrf: &'static str| {
        let (request, ticket) = (hidden["request"].as_str(), hidden["ticket"].as_str());
        [("csrf", csrf), ("request", request), ("ticket", ticket), ("username", "alice"), ("password", PASSWORD)]
            .map(|(n, v)| (n, v.to_owned()))
    };
    let mut good = form("");
    good[0].1.clone_from(&csrf);
    let send = async |headers: &[(&str, &str)], form: &[(&str, String); 5]| {
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

/// RFC 6749 section 4.1.2.1: a wrong client or redirect URI is not answered by a redirect.
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

/// RFC 6749 section 4.1.2.1: any other error goes back to the client.
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

/// OpenID Connect Core section 3.1.2.3: a user who has logged in is asked again only when the client wants it.
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
    let (_, renewed) = fixture.submit_login(&again, PASSWORD, &session).await;
    assert_ne!(renewed, session);
    assert_eq!(sid(&fixture.redeem(&fixture.code(&renewed).await).await.text("access_token")), before);
    let old = fixture.get(&authorize_path("app", &[]), &[("cookie", &session)]).await;
    assert!(old.body.contains("id=\"login\""), "the old cookie is dead");
}

/// OpenID Connect Core section 3.1.2.1: a request may come by GET or POST.
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

/// The parameters of the form that takes an answer to the client.
fn posted(answer: &Answer) -> BTreeMap<String, String> {
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert!(
        answer.body.contains(&format!("<form id=\"form_post\" method=\"post\" action=\"{CALLBACK}\"")),
        "{answer:?}"
    );
    answer.form("form_post")
}

#[tokio::test]
async fn form_post_section_2_the_answer_comes_in_a_form_that_sends_itself_and_runs_no_other_script() {
    let fixture = Fixture::start().await;
    let session = fixture.log_in().await;
    let ask = async |more: &[(&str, &str)]| {
        let more = [more, &[("response_mode", "form_post"), ("state", "\"><script>x")]].concat();
        fixture.get(&authorize_path("app", &more), &[("cookie", &session)]).await
    };
    let answer = ask(&[]).await;
    let form = posted(&answer);
    assert_eq!((form["state"].as_str(), form["iss"].as_str()), ("\"><script>x", ISSUER));
    assert_eq!(fixture.redeem(&form["code"]).await.status, StatusCode::OK);
    let policy = answer.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("script-src 'sha256-") && policy.contains("form-action https://app.example;"), "{policy}");
    assert_eq!(answer.body.matches("<script").count(), 1);
    assert_eq!(posted(&ask(&[("scope", "nonsense")]).await)["error"], "invalid_scope", "errors too");
}

#[tokio::test]
async fn jarm_section_2_the_answer_is_a_jwt_that_the_client_can_check() {
    use probity_jose::{JwkSet, SignatureAlgorithm, jwt};
    let metadata =
        ClientMetadata { authorization_signed_response_alg: Some(PublicAlgorithm::EDDSA), ..ClientMetadata::default() };
    let fixture = Fixture::with_metadata(metadata).await;
    let session = fixture.log_in().await;
    let keys = JwkSet::parse(fixture.get("/jwks", &[]).await.body.as_bytes()).unwrap();
    let verifier = jwt::Verifier::custom(jwt::TokenType::Untyped).issuer(ISSUER).audience("app");
    let verifier = verifier.algorithms([SignatureAlgorithm::EdDsa]);
    let verify = |response: &str| -> Value {
        verifier.verify(response, &keys, probity_verifier::clock::unix_now()).unwrap().into_claims()
    };
    for mode in ["jwt", "query.jwt", "form_post.jwt"] {
        let ask = async |scope: &str| {
            let path = authorize_path("app", &[("response_mode", mode), ("scope", scope)]);
            let answer = fixture.get(&path, &[("cookie", &session)]).await;
            if mode == "form_post.jwt" {
                let form = posted(&answer);
                assert_eq!(form.keys().collect::<Vec<_>>(), ["response"], "nothing beside it");
                return verify(&form["response"]);
            }
            let location = answer.location();
            assert_eq!(location.query_pairs().count(), 1, "nothing beside it: {location}");
            verify(&parameter(&location, "response").unwrap())
        };
        let granted = ask("openid").await;
        assert_eq!(granted["state"], "st");
        assert_eq!(fixture.redeem(granted["code"].as_str().unwrap()).await.status, StatusCode::OK, "{mode}");
        let refused = ask("nonsense").await;
        assert_eq!((&refused["error"], &refused["state"]), (&"invalid_scope".into(), &"st".into()), "{mode}");
    }
}

/// OpenID Connect Core section 3.1.2.1: prompt login and max_age bring a login.
#[tokio::test]
async fn core_section_3_1_2_1_a_login_that_was_asked_for_is_asked_for_once_and_really() {
    let fixture = Fixture::start().await;
    let mut session = fixture.log_in().await;
    for (name, value) in [("prompt", "login"), ("max_age", "0"), ("prompt", "select_account")] {
        let path = authorize_path("app", &[(name, value)]);
        let page = fixture.get(&path, &[("cookie", &session)]).await;
        // A ticket alone is no login.
        let form = page.form("login");
        let back = format!("/authorize?{}&probity_ticket={}", form["request"], form["ticket"]);
        let forged = format!("/authorize?{}&probity_ticket=9{}", form["request"], form["ticket"]);
        assert!(fixture.get(&forged, &[("cookie", &session)]).await.body.contains("id=\"login\""), "{name}");
        let (answer, renewed) = fixture.submit_login(&page, PASSWORD, &session).await;
        let next = answer.location();
        assert_eq!(
            (next.path(), parameter(&next, "probity_ticket").as_deref()),
            ("/authorize", Some(&*form["ticket"]))
        );
        let answer = fixture.get(&back, &[("cookie", &renewed)]).await;
        assert!(parameter(&answer.location(), "code").is_some(), "{name}: {answer:?}");
        let again = fixture.get(&path, &[("cookie", &renewed)]).await;
        assert!(again.body.contains("id=\"login\""), "{name}: a new request is a new request");
        session = renewed;
    }
}

/// OpenID Connect Core section 3.1.2.1: login_hint.
#[tokio::test]
async fn core_section_3_1_2_1_the_login_hint_fills_in_the_user_name() {
    let fixture = Fixture::start().await;
    let page = fixture.get(&authorize_path("app", &[("login_hint", "alice")]), &[]).await;
    assert_eq!(page.form("login")["username"], "alice");
    let page = fixture.get(&authorize_path("app", &[("login_hint", "\"><b>")]), &[]).await;
    assert_eq!(page.form("login")["username"], "\"><b>");
    let languages = fixture.get(&authorize_path("app", &[("ui_locales", "fr-CA de"), ("display", "touch")]), &[]).await;
    assert_eq!(languages.status, StatusCode::OK, "a language that we do not speak is no error");
}

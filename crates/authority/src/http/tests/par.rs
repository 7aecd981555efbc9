//! `POST /par`: RFC 9126.

use super::*;

impl Fixture {
    async fn push(&self, change: &[(&str, &str)]) -> Answer {
        let parameters = Parameters::parse(authorize_path("app", change).split_once('?').unwrap().1).unwrap().to_text();
        let form: Vec<(String, String)> = form_urlencoded::parse(parameters.as_bytes()).into_owned().collect();
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.post("/par", &[], &form).await
    }

    async fn bring(&self, client: &str, reference: &str, session: &str) -> Answer {
        let query = Parameters::default().with("client_id", client).with("request_uri", reference).to_text();
        self.get(&format!("/authorize?{query}"), &[("cookie", session)]).await
    }
}

fn pushing() -> ClientMetadata {
    ClientMetadata { require_pushed_authorization_requests: true, ..ClientMetadata::default() }
}

/// RFC 9126 section 2.2: a pushed request is granted by its reference.
#[tokio::test]
async fn section_2_2_a_pushed_request_is_granted_by_its_reference() {
    let fixture = Fixture::with_metadata(pushing()).await;
    let session = fixture.log_in_through_other().await;
    let pushed = fixture.push(&[("scope", "openid"), ("state", "pushed")]).await;
    assert_eq!(pushed.status, StatusCode::CREATED, "{pushed:?}");
    assert_eq!(
        (&pushed.json()["expires_in"], &pushed.headers["cache-control"]),
        (&90.into(), &"no-store".parse().unwrap())
    );
    let reference = pushed.text("request_uri");
    assert!(reference.starts_with("urn:ietf:params:oauth:request_uri:par_"), "{reference}");
    let answer = fixture.bring("app", &reference, &session).await;
    assert_eq!(parameter(&answer.location(), "state").as_deref(), Some("pushed"));
    let tokens = fixture.redeem(&parameter(&answer.location(), "code").unwrap()).await;
    assert!(tokens.json()["id_token"].is_string());
}

impl Fixture {
    /// Logs `alice` in through the client `other`.
    async fn log_in_through_other(&self) -> String {
        let page = self.get(&authorize_path("other", &[]), &[]).await;
        self.submit_login(&page, PASSWORD, "").await.1
    }
}

/// RFC 9126 section 4: only what was pushed counts.
#[tokio::test]
async fn section_4_only_what_was_pushed_counts() {
    let fixture = Fixture::start().await;
    let session = fixture.log_in().await;
    let reference = fixture.push(&[("state", "pushed")]).await.text("request_uri");
    let query =
        Parameters::parse(authorize_path("app", &[("state", "added"), ("scope", "write")]).split_once('?').unwrap().1);
    let query = query.unwrap().with("request_uri", &reference).to_text();
    let location = fixture.get(&format!("/authorize?{query}"), &[("cookie", &session)]).await.location();
    assert_eq!(parameter(&location, "state").as_deref(), Some("pushed"));
}

/// RFC 9126 section 7.3: a reference is good once and only for its client.
#[tokio::test]
async fn section_7_3_a_reference_is_good_once_and_only_for_its_client() {
    let fixture = Fixture::start().await;
    let session = fixture.log_in().await;
    let reference = fixture.push(&[]).await.text("request_uri");
    assert_eq!(fixture.bring("other", &reference, &session).await.status, StatusCode::BAD_REQUEST);
    assert!(fixture.bring("app", &reference, "").await.body.contains("id=\"login\""), "looking does not use it up");
    assert!(parameter(&fixture.bring("app", &reference, &session).await.location(), "code").is_some());
    let again = fixture.bring("app", &reference, &session).await;
    assert_eq!((again.status, again.headers.get(LOCATION)), (StatusCode::BAD_REQUEST, None));
    for odd in ["urn:ietf:params:oauth:request_uri:", "urn:ietf:params:oauth:request_uri:par_x"] {
        assert_eq!(fixture.bring("app", odd, &session).await.status, StatusCode::BAD_REQUEST, "{odd}");
    }
}

#[tokio::test]
async fn a_user_may_take_longer_to_log_in_than_a_reference_lives() {
    let fixture = Fixture::start().await;
    let reference = fixture.push(&[("prompt", "login")]).await.text("request_uri");
    let page = fixture.bring("app", &reference, "").await;
    let hash = PlainSecret::hash_of(SecretKind::PushedRequest, reference.rsplit(':').next().unwrap()).unwrap();
    let connection = rusqlite::Connection::open(fixture.folder.path().join("probity.db")).unwrap();
    let earlier = probity_verifier::clock::unix_now().as_secs() - 200;
    // As if the page had been open for three minutes.
    connection.execute("UPDATE pushed_requests SET expires = ?1", [i64::try_from(earlier + 90).unwrap()]).unwrap();
    let expired = fixture.bring("app", &reference, "").await;
    assert_eq!(expired.status, StatusCode::BAD_REQUEST, "a browser that comes now comes too late");
    let request = page.form("login")["request"].clone();
    let ticket = fixture.state().tickets.issue(&request, probity_jose::UnixTime::from_secs(earlier));
    let page = Answer { body: page.body.replace(&page.form("login")["ticket"], &ticket), ..page };
    let (answer, session) = fixture.submit_login(&page, PASSWORD, "").await;
    let next = answer.location();
    let answer = fixture.get(&next[url::Position::BeforePath..], &[("cookie", &session)]).await;
    assert!(parameter(&answer.location(), "code").is_some(), "{answer:?}");
    assert!(fixture.state().store.pushed_request(&hash).await.unwrap().is_none());
}

/// RFC 9126 section 2.3: a bad request is refused when it is pushed.
#[tokio::test]
async fn section_2_3_a_bad_request_is_refused_at_once_and_nothing_is_kept() {
    let fixture = Fixture::start().await;
    let before = fixture.rows();
    for (change, error) in [
        (("scope", "admin"), "invalid_scope"),
        (("response_type", "token"), "unsupported_response_type"),
        (("redirect_uri", "https://evil.example/cb"), "invalid_request"),
        (("code_challenge", ""), "invalid_request"),
        (("request_uri", "urn:ietf:params:oauth:request_uri:par_x"), "invalid_request"),
        (("request", "e30.e30.x"), "invalid_request_object"),
        (("resource", "https://elsewhere.example"), "invalid_target"),
        (("id_token_hint", "x"), "invalid_request"),
    ] {
        assert_eq!(fixture.push(&[change]).await.error(), (400, error.to_owned()), "{change:?}");
    }
    let unknown = fixture.push(&[("client_id", "nobody")]).await;
    assert_eq!(unknown.error(), (401, "invalid_client".into()), "section 2.1: the client authenticates itself");
    let confidential = fixture.post("/par", &[], &[("client_id", "service")]).await;
    assert_eq!(confidential.error(), (401, "invalid_client".into()));
    assert_eq!(fixture.get("/par", &[]).await.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(fixture.rows(), before);
}

/// RFC 9126 section 5: a client that has to push can't ask otherwise.
#[tokio::test]
async fn section_5_a_client_that_has_to_push_can_not_ask_otherwise() {
    let fixture = Fixture::with_metadata(pushing()).await;
    let location = fixture.get(&authorize_path("app", &[]), &[]).await.location();
    assert_eq!(parameter(&location, "error").as_deref(), Some("invalid_request"));
}

#[tokio::test]
async fn the_same_reference_twenty_times_at_once_gives_one_code() {
    let fixture = Arc::new(Fixture::start().await);
    let session = fixture.log_in().await;
    let reference = fixture.push(&[]).await.text("request_uri");
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let (fixture, reference, session) = (Arc::clone(&fixture), reference.clone(), session.clone());
            tokio::spawn(async move { fixture.bring("app", &reference, &session).await.status })
        })
        .collect();
    let mut granted = 0;
    for task in tasks {
        granted += usize::from(task.await.unwrap() == StatusCode::SEE_OTHER);
    }
    assert_eq!(granted, 1);
}

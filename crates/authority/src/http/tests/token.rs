//! `POST /token`.

use super::*;
use probity_jose::UnixTime;
use probity_verifier::clock::unix_now;

use crate::domain::access_token;
use crate::domain::revocation::Order;
use crate::store::{Write, drop_expired_codes};

/// RFC 9068 section 2: a token says what it should.
#[tokio::test]
async fn a_code_gives_tokens_that_say_what_they_should() {
    let fixture = Fixture::start().await;
    let code = fixture.code_with(&fixture.log_in().await, &[("scope", "openid read"), ("nonce", "n-1")]).await;
    let answer = fixture.redeem(&code).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(answer.headers["cache-control"], "no-store");
    let body = answer.json();
    assert_eq!(
        (&body["token_type"], &body["expires_in"], &body["scope"]),
        (&"Bearer".into(), &300.into(), &"openid read".into())
    );
    let token = answer.text("access_token");
    let header: Value = serde_json::from_slice(&base64url::decode(token.split('.').next().unwrap()).unwrap()).unwrap();
    assert_eq!((&header["typ"], &header["alg"]), (&access_token::TYPE.into(), &"ES256".into()));
    let access = claims(&token);
    for (name, value) in [("iss", ISSUER), ("aud", AUDIENCE), ("client_id", "app"), ("scope", "openid read")] {
        assert_eq!(access[name], value, "{name}");
    }
    for name in ["sub", "jti", "sid", "family"] {
        assert!(access[name].as_str().is_some_and(|text| text.len() == 22), "{name} in {access}");
    }
    let uri = access["status"]["status_list"]["uri"].as_str().unwrap();
    assert!(uri.starts_with(&format!("{ISSUER}/status-lists/")), "{uri}");
    let id = claims(&answer.text("id_token"));
    assert_eq!(
        (&id["aud"], &id["nonce"], &id["sub"], &id["sid"]),
        (&"app".into(), &"n-1".into(), &access["sub"], &access["sid"])
    );
    assert!(!access.to_string().contains("alice") && !id.to_string().contains("alice"), "nothing personal");
}

/// RFC 6749 section 4.1.2: a code is used once; a second use ends what the first gave.
#[tokio::test]
async fn a_code_that_comes_twice_kills_what_it_gave() {
    let fixture = Fixture::start().await;
    let code = fixture.code(&fixture.log_in().await).await;
    let first = fixture.redeem(&code).await;
    let (access, refresh) = (first.text("access_token"), first.text("refresh_token"));
    assert!(fixture.is_active(&access).await);
    assert_eq!(fixture.redeem(&code).await.error(), (400, "invalid_grant".into()));
    assert!(!fixture.is_active(&access).await);
    assert_eq!(fixture.refresh(&refresh).await.error(), (400, "invalid_grant".into()));
    assert_eq!(fixture.redeem(&code).await.error(), (400, "invalid_grant".into()), "and a third time too");
}

#[tokio::test]
async fn the_same_code_a_hundred_times_at_once_gives_one_token_set_and_a_revoked_grant() {
    the_same_code_a_hundred_times_at_once(Fixture::start().await).await;
}

#[tokio::test]
async fn the_same_code_a_hundred_times_at_once_gives_one_token_set_and_a_revoked_grant_on_postgres() {
    the_same_code_a_hundred_times_at_once(Fixture::on_postgres().await).await;
}

/// Asks again as long as the store says that it is too busy, as a client does.
async fn until_possible<A: Future<Output = Answer>>(ask: impl Fn() -> A) -> Answer {
    loop {
        let answer = ask().await;
        if answer.status != StatusCode::SERVICE_UNAVAILABLE {
            return answer;
        }
        assert!(answer.headers.contains_key("retry-after"));
    }
}

async fn the_same_code_a_hundred_times_at_once(fixture: Fixture) {
    let fixture = Arc::new(fixture);
    let code = fixture.code(&fixture.log_in().await).await;
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let (fixture, code) = (Arc::clone(&fixture), code.clone());
            tokio::spawn(async move { until_possible(|| fixture.redeem(&code)).await })
        })
        .collect();
    let mut given = Vec::new();
    for task in tasks {
        let answer = task.await.unwrap();
        match answer.status {
            StatusCode::OK => given.push(answer),
            _ => assert_eq!(answer.error(), (400, "invalid_grant".into())),
        }
    }
    assert_eq!(given.len(), 1);
    assert!(!fixture.is_active(&given[0].text("access_token")).await);
    assert_eq!(fixture.refresh(&given[0].text("refresh_token")).await.error(), (400, "invalid_grant".into()));
}

/// RFC 6749 section 4.1.3: a code is bound to its client, redirect URI and verifier.
#[tokio::test]
async fn whoever_has_the_code_alone_gets_nothing_and_breaks_nothing() {
    let fixture = Fixture::start().await;
    let code = fixture.code(&fixture.log_in().await).await;
    let before = fixture.rows();
    let good = [
        ("grant_type", "authorization_code"),
        ("client_id", "app"),
        ("code", code.as_str()),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    for (name, value) in [
        ("client_id", "other"),
        ("redirect_uri", "https://app.example/other"),
        ("code_verifier", "wrong-verifier-wrong-verifier-wrong-verifier-1"),
        ("code_verifier", ""),
        ("code", "pac_garbage"),
    ] {
        let form = good.map(|(known, was)| if known == name { (name, value) } else { (known, was) });
        assert_eq!(fixture.post("/token", &[], &form).await.error(), (400, "invalid_grant".into()), "{name}={value}");
    }
    assert_eq!(fixture.rows(), before, "the store is as it was");
    assert_eq!(fixture.redeem(&code).await.status, StatusCode::OK, "the real client is none the worse");
}

/// RFC 9700 section 4.14.2: refresh tokens rotate.
#[tokio::test]
async fn a_refresh_token_rotates_and_its_predecessor_gets_the_identical_successor() {
    let fixture = Fixture::start().await;
    let first = fixture.redeem(&fixture.code(&fixture.log_in().await).await).await.text("refresh_token");
    let second = fixture.refresh(&first).await.text("refresh_token");
    assert_ne!(first, second);
    assert_eq!(fixture.refresh(&first).await.text("refresh_token"), second, "a lost response");
    let third = fixture.refresh(&second).await.text("refresh_token");
    assert_ne!(third, second);
    // The first is now two steps behind: two parties have it.
    assert_eq!(fixture.refresh(&first).await.error(), (400, "invalid_grant".into()));
    assert_eq!(fixture.refresh(&third).await.error(), (400, "invalid_grant".into()), "the family is dead");
}

/// RFC 9700 section 4.14.2: a reused refresh token ends the grant.
#[tokio::test]
async fn a_reused_refresh_token_kills_the_access_tokens_of_its_family_too() {
    let fixture = Fixture::start().await;
    let first = fixture.redeem(&fixture.code(&fixture.log_in().await).await).await;
    let second = fixture.refresh(&first.text("refresh_token")).await;
    let third = fixture.refresh(&second.text("refresh_token")).await;
    assert!(fixture.is_active(&third.text("access_token")).await);
    fixture.refresh(&first.text("refresh_token")).await;
    for answer in [&first, &second, &third] {
        assert!(!fixture.is_active(&answer.text("access_token")).await);
    }
}

#[tokio::test]
async fn the_same_refresh_token_a_hundred_times_at_once_gives_one_successor() {
    the_same_refresh_token_a_hundred_times_at_once(Fixture::start().await).await;
}

#[tokio::test]
async fn the_same_refresh_token_a_hundred_times_at_once_gives_one_successor_on_postgres() {
    the_same_refresh_token_a_hundred_times_at_once(Fixture::on_postgres().await).await;
}

async fn the_same_refresh_token_a_hundred_times_at_once(fixture: Fixture) {
    let fixture = Arc::new(fixture);
    let first = fixture.redeem(&fixture.code(&fixture.log_in().await).await).await.text("refresh_token");
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let (fixture, token) = (Arc::clone(&fixture), first.clone());
            tokio::spawn(async move { until_possible(|| fixture.refresh(&token)).await })
        })
        .collect();
    let mut successors = std::collections::BTreeSet::new();
    for task in tasks {
        successors.insert(task.await.unwrap().text("refresh_token"));
    }
    assert_eq!(successors.len(), 1);
}

/// RFC 6749 section 6: a refresh gives at most what was granted, to the client that it was granted to.
#[tokio::test]
async fn a_refresh_gives_never_more_than_was_granted_and_belongs_to_its_client() {
    let fixture = Fixture::start().await;
    let code = fixture.code_with(&fixture.log_in().await, &[("scope", "read write")]).await;
    let token = fixture.redeem(&code).await.text("refresh_token");
    let before = fixture.rows();
    let refresh = async |client: &str, scope: &str| {
        let form =
            [("grant_type", "refresh_token"), ("client_id", client), ("refresh_token", &token), ("scope", scope)];
        fixture.post("/token", &[], &form).await
    };
    assert_eq!(refresh("app", "read openid").await.error(), (400, "invalid_scope".into()));
    assert_eq!(refresh("other", "read").await.error(), (400, "invalid_grant".into()));
    assert_eq!(fixture.rows(), before, "another client's use changes nothing");
    let narrowed = refresh("app", "read").await;
    assert_eq!(narrowed.json()["scope"], "read");
    assert_eq!(claims(&narrowed.text("access_token"))["scope"], "read");
}

#[tokio::test]
async fn no_token_outlives_its_session() {
    let fixture = Fixture::with(|config| config.lifetimes.session = 100).await;
    let answer = fixture.redeem(&fixture.code(&fixture.log_in().await).await).await;
    assert!(answer.json()["expires_in"].as_u64().unwrap() <= 100, "{answer:?}");
}

/// RFC 6749 section 4.4: a client acts for itself, without refresh token.
#[tokio::test]
async fn a_client_acts_for_itself_within_its_scopes() {
    let fixture = Fixture::start().await;
    let answer = fixture.post_as_service("/token", &[("grant_type", "client_credentials"), ("scope", "read")]).await;
    let claims = claims(&answer.text("access_token"));
    assert_eq!((&claims["sub"], &claims["scope"]), (&"service".into(), &"read".into()));
    assert!(claims.get("sid").is_none() && answer.json().get("refresh_token").is_none());
    // RFC 6749 section 2.3.1: the secret may come in the body instead.
    let form = [("grant_type", "client_credentials"), ("client_id", "service"), ("client_secret", SECRET)];
    assert_eq!(fixture.post("/token", &[], &form).await.status, StatusCode::OK);
}

/// RFC 6749 section 5.2: each bad request gets its error, 401 with a challenge where the client is not known.
#[tokio::test]
async fn each_bad_request_gets_its_standard_error_and_changes_nothing() {
    let fixture = Fixture::start().await;
    let before = fixture.rows();
    let own = ("grant_type", "client_credentials");
    let as_service = basic("service");
    let authorization = [("authorization", as_service.as_str())];
    for (form, error) in [
        (vec![], "invalid_request"),
        (vec![("grant_type", "password")], "unsupported_grant_type"),
        (vec![("grant_type", "refresh_token"), ("refresh_token", "x")], "unauthorized_client"),
        (vec![own, ("scope", "read admin")], "invalid_scope"),
        (vec![own, own], "invalid_request"),
        (vec![own, ("client_secret", SECRET)], "invalid_request"),
        (vec![own, ("client_id", "admin")], "invalid_request"),
    ] {
        let answer = fixture.post("/token", &authorization, &form).await;
        assert_eq!(answer.error(), (400, error.to_owned()), "{form:?}");
        assert_eq!(answer.headers["cache-control"], "no-store");
    }
    for (headers, form) in [
        (vec![], vec![own]),
        (vec![], vec![own, ("client_id", "service")]),
        (vec![], vec![own, ("client_id", "service"), ("client_secret", "wrong")]),
        (vec![], vec![own, ("client_id", "nobody"), ("client_secret", SECRET)]),
        (vec![], vec![own, ("client_id", "app"), ("client_secret", SECRET)]),
        (vec![("authorization", "Basic %%%")], vec![own]),
        (vec![("authorization", "Bearer abc")], vec![own]),
    ] {
        let answer = fixture.post("/token", &headers, &form).await;
        assert_eq!(answer.error(), (401, "invalid_client".into()), "{headers:?} {form:?}");
        assert_eq!(answer.headers["www-authenticate"], "Basic realm=\"probity\"");
    }
    let public = fixture.post("/token", &[], &[own, ("client_id", "app")]).await;
    assert_eq!(public.error(), (400, "unauthorized_client".into()));
    assert_eq!(fixture.get("/token", &[]).await.status, StatusCode::METHOD_NOT_ALLOWED);
    let large = "x".repeat(100_000);
    assert_eq!(
        fixture.post("/token", &authorization, &[own, ("x", &large)]).await.status,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    let in_query = fixture.post("/token?grant_type=client_credentials", &authorization, &[own]).await;
    assert_eq!(in_query.error(), (400, "invalid_request".into()));
    assert_eq!(fixture.rows(), before, "the store is as it was");
}

/// RFC 6749 section 3.2: parameters come as a form in the body.
#[tokio::test]
async fn a_body_that_is_no_form_is_refused() {
    let fixture = Fixture::start().await;
    for (media_type, body) in
        [("application/json", &b"{}"[..]), ("application/x-www-form-urlencoded", b"a=\xff"), ("", b"a=b")]
    {
        let request =
            Request::post("/token").header("content-type", media_type).header("authorization", basic("service"));
        let answer = fixture.send(request.body(Body::from(body)).unwrap()).await;
        assert_eq!(answer.error(), (400, "invalid_request".into()), "{media_type}");
    }
}

/// Revokes a client in a commit that takes more than a second after its stamp: the record is not published before that.
async fn revoke_slowly(fixture: &Fixture, client: &str) -> tokio::task::JoinHandle<()> {
    let store = fixture.state().store.clone();
    let slow = |statements| {
        Write::new().and_all(std::iter::repeat_n((), statements).map(|()| drop_expired_codes(UnixTime::default())))
    };
    let order = Order::Client(client.to_owned()).write(unix_now()).unwrap();
    // The first keeps the writer busy, so that the other two share a commit.
    let writes = [slow(20_000), order, slow(200_000)];
    let (started, is_started) = tokio::sync::oneshot::channel();
    let task = tokio::spawn(async move {
        let [busy, order, slow] = writes.map(|write| store.apply(write));
        let queued = async { started.send(()).unwrap() };
        let (busy, order, slow, ()) = tokio::join!(busy, order, slow, queued);
        assert!([busy, order, slow].iter().all(Result::is_ok));
    });
    is_started.await.unwrap();
    task
}

#[tokio::test]
async fn a_token_that_was_issued_before_a_revocation_of_its_client_is_dead_however_long_the_commit_takes() {
    let fixture = Fixture::start().await;
    let mut before = vec![fixture.service_token().await];
    let revocation = revoke_slowly(&fixture, "service").await;
    let is_published = || fixture.state().hub.replica().watermark("service", "service").is_some();
    while !is_published() {
        let token = fixture.service_token().await;
        // A token that came after the record was published may live.
        if !is_published() {
            before.push(token);
        }
        tokio::task::yield_now().await;
    }
    revocation.await.unwrap();
    let now = unix_now();
    let alive = before.iter().filter(|token| fixture.state().live_token(token, now).is_some()).count();
    assert_eq!(alive, 0, "of {} tokens", before.len());
}

#[tokio::test]
async fn a_repeated_refresh_token_gives_nothing_once_its_client_is_revoked() {
    let fixture = Fixture::start().await;
    let first = fixture.redeem(&fixture.code(&fixture.log_in().await).await).await.text("refresh_token");
    let mut given = vec![fixture.refresh(&first).await.text("access_token")];
    let revocation = revoke_slowly(&fixture, "app").await;
    while !revocation.is_finished() {
        let answer = fixture.refresh(&first).await;
        given.extend((answer.status == StatusCode::OK).then(|| answer.text("access_token")));
        tokio::task::yield_now().await;
    }
    revocation.await.unwrap();
    let now = unix_now();
    let alive = given.iter().filter(|token| fixture.state().live_token(token, now).is_some()).count();
    assert_eq!(alive, 0, "of {} tokens", given.len());
    assert_eq!(fixture.refresh(&first).await.error(), (400, "invalid_grant".into()));
}

#[tokio::test]
async fn a_code_gives_nothing_once_its_client_is_revoked() {
    let fixture = Fixture::start().await;
    let code = fixture.code(&fixture.log_in().await).await;
    fixture.state().revoke(&Order::Client("app".into()), unix_now()).await.unwrap();
    assert_eq!(fixture.redeem(&code).await.error(), (400, "invalid_grant".into()));
}

//! Request objects: RFC 9101.

use super::*;
use probity_jose::{SignatureAlgorithm, SigningKey, jwt};
use probity_verifier::clock::unix_now;
use serde_json::json;

/// A client's key with a name.
fn key(name: &str) -> SigningKey {
    SigningKey::generate(SignatureAlgorithm::Es256).unwrap().with_key_id(name)
}

fn set(keys: &[&SigningKey]) -> Value {
    let keys: Vec<Value> = keys.iter().map(|key| serde_json::from_str(&key.public_jwk().unwrap()).unwrap()).collect();
    json!({ "keys": keys })
}

/// The claims of a good request object.
fn object() -> Value {
    json!({
        "iss": "app", "aud": ISSUER, "exp": unix_now().as_secs() + 60, "client_id": "app", "response_type": "code",
        "redirect_uri": CALLBACK, "scope": "openid", "state": "inside", "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    })
}

fn changed(name: &str, value: Value) -> Value {
    let mut object = object();
    object[name] = value;
    object.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    object
}

fn sign(claims: &Value, key: &SigningKey) -> String {
    jwt::sign("oauth-authz-req+jwt", claims, key).unwrap()
}

fn request_path(object: &str, beside: &[(&str, &str)]) -> String {
    let parameters = Parameters::default().with("client_id", "app").with("request", object);
    let parameters = beside.iter().fold(parameters, |parameters, (name, value)| parameters.with(name, value));
    format!("/authorize?{}", parameters.to_text())
}

async fn with_keys(keys: Value, change: impl FnOnce(&mut ClientMetadata)) -> Fixture {
    let mut metadata = ClientMetadata { jwks: Some(keys), ..ClientMetadata::default() };
    change(&mut metadata);
    Fixture::with_metadata(metadata).await
}

/// The error of a request that is told to the client.
async fn error_of(fixture: &Fixture, object: &str) -> String {
    let path = request_path(object, &[("redirect_uri", CALLBACK)]);
    let location = fixture.get(&path, &[]).await.location();
    parameter(&location, "error").unwrap_or_else(|| panic!("{location}"))
}

/// RFC 9101 section 6.3: only what is inside the object counts.
#[tokio::test]
async fn section_6_3_a_signed_request_is_granted_and_what_stands_beside_it_does_not_count() {
    let key = key("1");
    let fixture = with_keys(set(&[&key]), |metadata| metadata.require_signed_request_object = true).await;
    let page = fixture.get(&authorize_path("other", &[]), &[]).await;
    let session = fixture.submit_login(&page, PASSWORD, "").await.1;
    let beside = [("state", "beside"), ("scope", "write"), ("response_type", "token")];
    let path = request_path(&sign(&object(), &key), &beside);
    let location = fixture.get(&path, &[("cookie", &session)]).await.location();
    assert_eq!(parameter(&location, "state").as_deref(), Some("inside"));
    let answer = fixture.redeem(&parameter(&location, "code").unwrap()).await;
    assert_eq!(answer.json()["scope"], "openid");
}

/// RFC 9101 section 10.5: a client that has to sign can't ask otherwise.
#[tokio::test]
async fn section_10_5_a_client_that_has_to_sign_can_not_ask_otherwise() {
    let fixture = with_keys(set(&[&key("1")]), |metadata| metadata.require_signed_request_object = true).await;
    let location = fixture.get(&authorize_path("app", &[]), &[]).await.location();
    assert_eq!(parameter(&location, "error").as_deref(), Some("invalid_request"));
}

/// RFC 9101 section 6.2: the object is the client's own, for this server and now.
#[tokio::test]
async fn section_6_2_an_object_that_is_not_the_clients_own_for_us_and_now_is_refused() {
    let key = key("1");
    let fixture = with_keys(set(&[&key]), |_| {}).await;
    assert!(fixture.get(&request_path(&sign(&object(), &key), &[]), &[]).await.body.contains("id=\"login\""));
    for (name, value) in [
        ("iss", json!("other")),
        ("iss", Value::Null),
        ("aud", json!("https://elsewhere.example")),
        ("aud", Value::Null),
        ("exp", json!(unix_now().as_secs() - 60)),
        ("exp", Value::Null),
        ("client_id", json!("other")),
        ("client_id", Value::Null),
        ("sub", json!("app")),
        ("request_uri", json!("https://x.example")),
        ("prompt", json!(true)),
    ] {
        let object = sign(&changed(name, value.clone()), &key);
        assert_eq!(error_of(&fixture, &object).await, "invalid_request_object", "{name} {value}");
    }
    let forged = sign(&object(), &self::key("1"));
    let assertion = jwt::sign("client-authentication+jwt", &object(), &key).unwrap();
    let access_token = fixture.service_token().await;
    for object in [forged, assertion, access_token, "x".to_owned()] {
        assert_eq!(error_of(&fixture, &object).await, "invalid_request_object", "{object}");
    }
    let unsigned =
        format!("{}.{}.", base64url::encode(br#"{"alg":"none"}"#), base64url::encode(object().to_string().as_bytes()));
    assert_eq!(error_of(&fixture, &unsigned).await, "request_not_supported");
    // Without a registered address to send it to, only the user is told.
    assert_eq!(
        fixture.get(&request_path("x", &[]), &[]).await.status,
        StatusCode::SEE_OTHER,
        "the only one is the one"
    );
    let elsewhere = request_path("x", &[("redirect_uri", "https://evil.example/cb")]);
    assert_eq!(fixture.get(&elsewhere, &[]).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn an_object_with_another_algorithm_than_the_registered_one_is_refused() {
    let key = key("1");
    let fixture = with_keys(set(&[&key]), |metadata| {
        metadata.request_object_signing_alg = PublicAlgorithm::parse("PS256");
    })
    .await;
    assert_eq!(error_of(&fixture, &sign(&object(), &key)).await, "invalid_request_object");
}

/// RFC 9101 section 5.2: a request_uri of elsewhere is not fetched.
#[tokio::test]
async fn section_5_2_a_request_uri_of_elsewhere_is_not_fetched() {
    let fixture = Fixture::start().await;
    let url = "https://app.example/request";
    let path = authorize_path("app", &[("request_uri", url)]);
    let location = fixture.get(&path, &[]).await.location();
    assert_eq!(parameter(&location, "error").as_deref(), Some("request_uri_not_supported"));
    assert_eq!(fixture.web.asked(url), 0);
    let both = format!("{path}&request=x");
    let location = fixture.get(&both, &[]).await.location();
    assert_eq!(parameter(&location, "error").as_deref(), Some("invalid_request"), "section 5");
}

#[tokio::test]
async fn a_login_may_take_longer_than_the_object_lives() {
    let key = key("1");
    let fixture = with_keys(set(&[&key]), |_| {}).await;
    let came = unix_now().as_secs() - 300;
    let path = request_path(&sign(&changed("exp", json!(came + 60)), &key), &[]);
    assert_eq!(fixture.get(&path, &[]).await.status, StatusCode::SEE_OTHER, "expired");
    let query = path.split_once('?').unwrap().1;
    let ticket = fixture.state().tickets.issue(query, probity_jose::UnixTime::from_secs(came));
    let page = fixture.get(&format!("{path}&probity_ticket={ticket}"), &[]).await;
    assert!(page.body.contains("id=\"login\""), "{page:?}");
}

/// RFC 9126 section 3: a request object can be pushed.
#[tokio::test]
async fn rfc_9126_section_3_a_request_object_can_be_pushed() {
    let key = key("1");
    let fixture = with_keys(set(&[&key]), |_| {}).await;
    let session = fixture.log_in().await;
    let push = async |object: &str| fixture.post("/par", &[], &[("client_id", "app"), ("request", object)]).await;
    let reference = push(&sign(&object(), &key)).await.text("request_uri");
    let query = Parameters::default().with("client_id", "app").with("request_uri", &reference).to_text();
    let location = fixture.get(&format!("/authorize?{query}"), &[("cookie", &session)]).await.location();
    assert_eq!(parameter(&location, "state").as_deref(), Some("inside"));
    assert_eq!(
        push(&sign(&changed("client_id", json!("other")), &key)).await.error(),
        (400, "invalid_request_object".into())
    );
    assert_eq!(push("x").await.error(), (400, "invalid_request_object".into()));
}

#[tokio::test]
async fn keys_at_an_address_are_fetched_once_and_again_when_the_client_signs_with_a_new_one() {
    let url = "https://app.example/keys";
    let metadata = ClientMetadata { jwks_uri: Some(url.into()), ..ClientMetadata::default() };
    let fixture = Fixture::with_metadata(metadata).await;
    let (old, new) = (key("old"), key("new"));
    let is_good = async |key: &SigningKey| {
        let path = request_path(&sign(&object(), key), &[]);
        fixture.get(&path, &[]).await.status == StatusCode::OK
    };
    fixture.web.put(url, &set(&[&old]));
    for _ in 0..3 {
        assert!(is_good(&old).await);
    }
    assert_eq!(fixture.web.asked(url), 1);
    // A key that is not there makes us look again, but not each time: the client chooses how often it sends something.
    for _ in 0..3 {
        assert!(!is_good(&new).await);
    }
    assert_eq!(fixture.web.asked(url), 1, "it was asked a moment ago");
    fixture.web.put(url, &set(&[&old, &new]));
    fixture.state().fetched_keys.age(url);
    assert!(is_good(&new).await && is_good(&old).await);
    assert_eq!(fixture.web.asked(url), 2);
}

#[tokio::test]
async fn a_key_set_with_a_private_key_is_nobodys() {
    let url = "https://app.example/keys";
    let metadata = ClientMetadata { jwks_uri: Some(url.into()), ..ClientMetadata::default() };
    let fixture = Fixture::with_metadata(metadata).await;
    let key = key("1");
    let private: Value = serde_json::from_str(&key.to_jwk()).unwrap();
    fixture.web.put(url, &json!({ "keys": [private] }));
    assert_eq!(error_of(&fixture, &sign(&object(), &key)).await, "invalid_request_object");
}

//! How clients authenticate themselves: RFC 6749 section 2.3, RFC 7523, RFC 8705.

use super::*;
use crate::config::ClientCertificatesConfig;
use crate::domain::certificate::ClientCertificate;
use crate::domain::client::metadata::AuthMethod;
use probity_jose::{SignatureAlgorithm, SigningKey, VerifyingKey, jwt};
use probity_verifier::clock::unix_now;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use serde_json::json;

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

fn set(keys: &[&SigningKey]) -> Value {
    let keys: Vec<Value> = keys.iter().map(|key| serde_json::from_str(&key.public_jwk().unwrap()).unwrap()).collect();
    json!({ "keys": keys })
}

/// With another method of the client `service`.
async fn with_method(method: AuthMethod, change: impl FnOnce(&mut ClientMetadata, &mut AuthorityConfig)) -> Fixture {
    Fixture::with(|config| {
        let mut metadata = ClientMetadata { token_endpoint_auth_method: Some(method), ..ClientMetadata::default() };
        change(&mut metadata, config);
        let service = config.clients.iter_mut().find(|client| client.client_id == "service").unwrap();
        if !matches!(method, AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost) {
            service.client_secret_file = None;
        }
        service.metadata = metadata;
    })
    .await
}

fn assertion_claims(id: &str) -> Value {
    let now = unix_now().as_secs();
    json!({"iss": "service", "sub": "service", "aud": ISSUER, "iat": now, "exp": now + 60, "jti": id})
}

fn changed(id: &str, name: &str, value: Value) -> Value {
    let mut claims = assertion_claims(id);
    claims[name] = value;
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    claims
}

fn assertion(claims: &Value, key: &SigningKey) -> String {
    jwt::sign("JWT", claims, key).unwrap()
}

async fn with_assertion(fixture: &Fixture, assertion: &str, more: &[(&str, &str)]) -> Answer {
    let form = [("grant_type", "client_credentials"), ("client_assertion_type", TYPE), ("client_assertion", assertion)];
    fixture.post("/token", &[], &[&form[..], more].concat()).await
}

fn key() -> SigningKey {
    SigningKey::generate(SignatureAlgorithm::Es256).unwrap().with_key_id("k")
}

#[tokio::test]
async fn rfc_7523_section_3_a_client_proves_itself_by_an_assertion_at_every_endpoint() {
    let key = key();
    let fixture = with_method(AuthMethod::PrivateKeyJwt, |metadata, _| metadata.jwks = Some(set(&[&key]))).await;
    let token = with_assertion(&fixture, &assertion(&assertion_claims("1"), &key), &[("client_id", "service")]).await;
    let token = token.text("access_token");
    for (at, path) in ["/introspect", "/revoke"].into_iter().enumerate() {
        let assertion = assertion(&assertion_claims(&format!("e{at}")), &key);
        let form = [("token", token.as_str()), ("client_assertion_type", TYPE), ("client_assertion", &assertion)];
        assert_eq!(fixture.post(path, &[], &form).await.status, StatusCode::OK, "{path}");
        assert_eq!(fixture.post(path, &[], &form).await.error(), (401, "invalid_client".into()), "{path}: once");
    }
}

/// OpenID Connect Core section 9: each fault of an assertion refuses it.
#[tokio::test]
async fn rfc_7523_section_3_each_fault_of_an_assertion_refuses_it() {
    let key = key();
    let fixture = with_method(AuthMethod::PrivateKeyJwt, |metadata, _| metadata.jwks = Some(set(&[&key]))).await;
    let now = unix_now().as_secs();
    for (name, value) in [
        ("sub", json!("admin")),
        ("sub", Value::Null),
        ("aud", json!(format!("{ISSUER}/token"))),
        ("aud", json!([ISSUER, "https://elsewhere.example"])),
        ("aud", json!(format!("{ISSUER}/"))),
        ("aud", Value::Null),
        ("exp", json!(now - 60)),
        ("exp", json!(now + 3_700)),
        ("exp", Value::Null),
        ("nbf", json!(now + 60)),
        ("jti", Value::Null),
        ("jti", json!("x".repeat(600))),
    ] {
        let answer = with_assertion(&fixture, &assertion(&changed("f", name, value.clone()), &key), &[]).await;
        assert_eq!(answer.error(), (401, "invalid_client".into()), "{name} {value}");
    }
    let forged = assertion(&assertion_claims("g"), &self::key());
    assert_eq!(with_assertion(&fixture, &forged, &[]).await.error(), (401, "invalid_client".into()));
    let request_object = jwt::sign("oauth-authz-req+jwt", &assertion_claims("h"), &key).unwrap();
    assert_eq!(with_assertion(&fixture, &request_object, &[]).await.error(), (401, "invalid_client".into()));
    // None of these has used its identifier up.
    let good = assertion(&assertion_claims("f"), &key);
    let other = with_assertion(&fixture, &good, &[("client_id", "admin")]).await;
    assert_eq!(other.error(), (400, "invalid_request".into()), "RFC 7521 section 4.2");
    let both = with_assertion(&fixture, &good, &[("client_secret", SECRET)]).await;
    assert_eq!(both.error(), (400, "invalid_request".into()), "RFC 6749 section 2.3: one method");
    assert_eq!(with_assertion(&fixture, &good, &[]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_same_assertion_fifty_times_at_once_is_accepted_once() {
    let key = key();
    let fixture = with_method(AuthMethod::PrivateKeyJwt, |metadata, _| metadata.jwks = Some(set(&[&key]))).await;
    let (fixture, good) = (Arc::new(fixture), assertion(&assertion_claims("1"), &key));
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let (fixture, good) = (Arc::clone(&fixture), good.clone());
            tokio::spawn(async move { with_assertion(&fixture, &good, &[]).await.status })
        })
        .collect();
    let mut accepted = 0;
    for task in tasks {
        accepted += usize::from(task.await.unwrap() == StatusCode::OK);
    }
    assert_eq!(accepted, 1);
}

#[tokio::test]
async fn a_registered_algorithm_is_the_only_one() {
    let key = key();
    let fixture = with_method(AuthMethod::PrivateKeyJwt, |metadata, _| {
        metadata.jwks = Some(set(&[&key]));
        metadata.token_endpoint_auth_signing_alg = PublicAlgorithm::parse("PS256");
    })
    .await;
    let answer = with_assertion(&fixture, &assertion(&assertion_claims("1"), &key), &[]).await;
    assert_eq!(answer.error(), (401, "invalid_client".into()));
}

#[tokio::test]
async fn a_client_uses_the_method_that_it_has_registered_and_no_other() {
    for (method, basic_is_good, post_is_good) in [
        (AuthMethod::ClientSecretBasic, true, false),
        (AuthMethod::ClientSecretPost, false, true),
        (AuthMethod::PrivateKeyJwt, false, false),
    ] {
        let key = key();
        let fixture = with_method(method, |metadata, _| metadata.jwks = Some(set(&[&key]))).await;
        let own = ("grant_type", "client_credentials");
        let basic = fixture.post_as_service("/token", &[own]).await.status;
        let in_body = [own, ("client_id", "service"), ("client_secret", SECRET)];
        let in_body = fixture.post("/token", &[], &in_body).await.status;
        let status = |good| if good { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
        assert_eq!((basic, in_body), (status(basic_is_good), status(post_is_good)), "{method:?}");
        let none = fixture.post("/token", &[], &[own, ("client_id", "service")]).await.status;
        assert_eq!(none, StatusCode::UNAUTHORIZED, "{method:?}");
        let by_key = with_assertion(&fixture, &assertion(&assertion_claims("1"), &key), &[]).await.status;
        assert_eq!(by_key, status(method == AuthMethod::PrivateKeyJwt), "{method:?}");
    }
}

/// A certificate authority, and certificates of it.
struct Pki {
    root: CertifiedIssuer<'static, KeyPair>,
}

impl Pki {
    fn new() -> Self {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "Test authority");
        Self { root: CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap() }
    }

    fn certificate(&self, name: &str) -> ClientCertificate {
        let key = KeyPair::generate().unwrap();
        let certificate = params(name).signed_by(&key, &self.root).unwrap();
        ClientCertificate::new(vec![certificate.der().to_vec()]).unwrap()
    }
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec![format!("{name}.example")]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn self_signed(name: &str, key: &KeyPair) -> ClientCertificate {
    ClientCertificate::new(vec![params(name).self_signed(key).unwrap().der().to_vec()]).unwrap()
}

impl Fixture {
    /// A form over a connection with this certificate.
    pub(super) async fn post_certified(
        &self,
        path: &str,
        certificate: Option<&ClientCertificate>,
        form: &[(&str, &str)],
    ) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let mut request = Request::post(path).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(certificate) = certificate {
            request = request.extension(certificate.clone());
        }
        self.send(request.body(Body::from(body)).unwrap()).await
    }
}

fn ca_file(pki: &Pki) -> PathBuf {
    let path =
        std::env::temp_dir().join(format!("probity-ca-{}-{:?}.pem", std::process::id(), std::thread::current().id()));
    std::fs::write(&path, pki.root.pem()).unwrap();
    path
}

const OWN: [(&str, &str); 2] = [("grant_type", "client_credentials"), ("client_id", "service")];

/// RFC 8705 section 2.1: a certificate counts if it is vouched for and about the client.
#[tokio::test]
async fn rfc_8705_section_2_1_a_certificate_counts_if_the_authority_vouches_for_it_and_it_is_about_the_client() {
    let (pki, stranger) = (Pki::new(), Pki::new());
    let file = ca_file(&pki);
    let fixture = with_method(AuthMethod::TlsClientAuth, |metadata, config| {
        metadata.tls_client_auth_san_dns = Some("billing.example".into());
        let ca_file = Some(file.clone());
        config.client_certificates = Some(ClientCertificatesConfig { ca_file, ..ClientCertificatesConfig::default() });
    })
    .await;
    let own = fixture.post_certified("/token", Some(&pki.certificate("billing")), &OWN).await;
    assert_eq!(own.status, StatusCode::OK, "{own:?}");
    for certificate in [
        None,
        Some(pki.certificate("other")),
        Some(stranger.certificate("billing")),
        Some(self_signed("billing", &KeyPair::generate().unwrap())),
    ] {
        let answer = fixture.post_certified("/token", certificate.as_ref(), &OWN).await;
        assert_eq!(answer.error(), (401, "invalid_client".into()));
    }
    std::fs::remove_file(file).unwrap();
}

fn jwks_of(key: &KeyPair) -> Value {
    let key = VerifyingKey::from_public_pem(&key.public_key_pem(), SignatureAlgorithm::Es256).unwrap();
    json!({ "keys": [serde_json::from_str::<Value>(&key.to_jwk().unwrap()).unwrap()] })
}

/// RFC 8705 section 2.2: a self-signed certificate counts if its key is registered.
#[tokio::test]
async fn rfc_8705_section_2_2_a_self_signed_certificate_counts_if_its_key_is_registered() {
    let key = KeyPair::generate().unwrap();
    let fixture = with_method(AuthMethod::SelfSignedTlsClientAuth, |metadata, config| {
        metadata.jwks = Some(jwks_of(&key));
        config.client_certificates = Some(ClientCertificatesConfig::default());
    })
    .await;
    let own = fixture.post_certified("/token", Some(&self_signed("x", &key)), &OWN).await;
    assert_eq!(own.status, StatusCode::OK, "{own:?}");
    let other = self_signed("x", &KeyPair::generate().unwrap());
    for certificate in [None, Some(&other)] {
        assert_eq!(fixture.post_certified("/token", certificate, &OWN).await.error(), (401, "invalid_client".into()));
    }
}

/// RFC 8705 section 3: tokens are bound to the certificate.
#[tokio::test]
async fn rfc_8705_section_3_tokens_are_bound_to_the_certificate_and_so_are_a_public_clients_refresh_tokens() {
    let fixture = Fixture::with(|config| {
        config.client_certificates = Some(ClientCertificatesConfig::default());
        config.clients[0].metadata.tls_client_certificate_bound_access_tokens = true;
    })
    .await;
    let (own, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let (own, other) = (self_signed("own", &own), self_signed("other", &other));
    let code = fixture.code_with(&fixture.log_in().await, &[("scope", "openid")]).await;
    let redeem =
        [("grant_type", "authorization_code"), ("client_id", "app"), ("code", &code), ("code_verifier", VERIFIER)];
    let bare = fixture.post_certified("/token", None, &redeem).await;
    assert_eq!(bare.error(), (400, "invalid_request".into()), "the client has said that all its tokens are bound");
    let tokens = fixture.post_certified("/token", Some(&own), &redeem).await;
    let access = tokens.text("access_token");
    assert_eq!(claims(&access)["cnf"], json!({"x5t#S256": own.thumbprint()}));
    let introspected = fixture.post_as_service("/introspect", &[("token", &access)]).await.json();
    assert_eq!(introspected["cnf"], json!({"x5t#S256": own.thumbprint()}), "section 3.2");
    let userinfo = async |certificate: Option<&ClientCertificate>| {
        let mut request = Request::get("/userinfo").header(AUTHORIZATION, format!("Bearer {access}"));
        if let Some(certificate) = certificate {
            request = request.extension(certificate.clone());
        }
        fixture.send(request.body(Body::empty()).unwrap()).await.status
    };
    assert_eq!(userinfo(Some(&own)).await, StatusCode::OK);
    assert_eq!(userinfo(None).await, StatusCode::UNAUTHORIZED);
    assert_eq!(userinfo(Some(&other)).await, StatusCode::UNAUTHORIZED);
    let token = tokens.text("refresh_token");
    let refresh = [("grant_type", "refresh_token"), ("client_id", "app"), ("refresh_token", &token)];
    let stolen = fixture.post_certified("/token", Some(&other), &refresh).await;
    assert_eq!(stolen.error(), (400, "invalid_grant".into()), "section 4");
    let refreshed = fixture.post_certified("/token", Some(&own), &refresh).await;
    assert_eq!(claims(&refreshed.text("access_token"))["cnf"], json!({"x5t#S256": own.thumbprint()}));
}

/// RFC 8705 section 5: the metadata has the aliases.
#[tokio::test]
async fn rfc_8705_section_5_the_metadata_says_where_certificates_are_asked_for_and_only_if_they_are() {
    let plain = Fixture::start().await.get("/.well-known/openid-configuration", &[]).await.json();
    assert_eq!(plain["tls_client_certificate_bound_access_tokens"], false);
    let methods = plain["token_endpoint_auth_methods_supported"].as_array().unwrap();
    assert!(!methods.iter().any(|method| method.as_str().unwrap().contains("tls")), "{methods:?}");
    assert!(plain.get("mtls_endpoint_aliases").is_none());
    let fixture = Fixture::with(|config| {
        config.client_certificates = Some(ClientCertificatesConfig {
            listen: Some(config.listen),
            url: Some("https://mtls.as.example:8444".into()),
            ca_file: None,
        });
    })
    .await;
    let metadata = fixture.get("/.well-known/openid-configuration", &[]).await.json();
    let methods = metadata["token_endpoint_auth_methods_supported"].as_array().unwrap();
    assert!(methods.contains(&"self_signed_tls_client_auth".into()) && !methods.contains(&"tls_client_auth".into()));
    assert_eq!(metadata["mtls_endpoint_aliases"]["token_endpoint"], "https://mtls.as.example:8444/token");
    for (name, alias) in metadata["mtls_endpoint_aliases"].as_object().unwrap() {
        let url = Url::parse(alias.as_str().unwrap()).unwrap();
        assert_eq!(metadata[name].as_str().unwrap(), format!("{ISSUER}{}", url.path()));
    }
}

#[test]
fn a_configuration_that_can_not_authenticate_its_client_is_refused() {
    let check = |method: &str, more: &str, certificates: &str| {
        let text = format!(
            "issuer = '{ISSUER}'\ndata = 'd'\nmaster_key_file = 'm'\n[tls]\ncertificate_file = 'c'\nkey_file = 'k'\n\
             [[clients]]\nclient_id = 'x'\ngrant_types = ['client_credentials']\naudience = 'a'\n{more}\n\
             metadata.token_endpoint_auth_method = '{method}'\n{certificates}"
        );
        toml::from_str::<AuthorityConfig>(&text).unwrap().check()
    };
    let jwks = "metadata.jwks_uri = 'https://x.example/keys'";
    assert_eq!(check("private_key_jwt", jwks, ""), Ok(()));
    assert_eq!(check("client_secret_post", "client_secret_file = 's'", ""), Ok(()));
    let (any, vouched) = ("[client_certificates]", "[client_certificates]\nca_file = 'ca.pem'");
    assert_eq!(check("self_signed_tls_client_auth", jwks, any), Ok(()));
    let about = "metadata.tls_client_auth_san_ip = '192.0.2.7'";
    assert_eq!(check("tls_client_auth", about, vouched), Ok(()));
    assert!(check("tls_client_auth", about, any).is_err(), "nobody would vouch for it");
    for about in ["san_ip = '192.0.2'", "san_dns = ''", "subject_dn = 'shop'"] {
        let about = format!("metadata.tls_client_auth_{about}");
        assert!(check("tls_client_auth", &about, vouched).is_err(), "{about}");
    }
    for (method, more) in [
        ("private_key_jwt", ""),
        ("private_key_jwt", "metadata.jwks_uri = 'http://x.example/keys'"),
        ("private_key_jwt", "client_secret_file = 's'\nmetadata.jwks_uri = 'https://x.example/keys'"),
        ("client_secret_basic", ""),
        ("none", ""),
        ("self_signed_tls_client_auth", ""),
        ("self_signed_tls_client_auth", jwks),
        ("tls_client_auth", ""),
        ("tls_client_auth", "metadata.tls_client_auth_san_dns = 'x'\nmetadata.tls_client_auth_san_uri = 'y'"),
    ] {
        assert!(check(method, more, "").is_err(), "{method} {more}");
    }
}

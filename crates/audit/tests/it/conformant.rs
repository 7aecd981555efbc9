//! Tokens as several issuers really make them: nothing that is right may fail.

use probity_audit::evidence::{Evidence, KeySet, to_base64url};
use probity_audit::{Audit, Blocklist, Place, Severity, Status};

use crate::samples::{NOW, token};

/// Header and claims in the shapes that the products document, with times that fit.
const TOKENS: [(&str, &str, &str); 9] = [
    (
        "Probity",
        r#"{"typ":"at+jwt","alg":"ES256","kid":"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"}"#,
        r#"{"iss":"https://login.example","sub":"u_7f3kq9","aud":"https://api.example","client_id":"web","iat":1700000000,"exp":1700000300,"jti":"9f4e1d3c9a8b4c21","scope":"orders:read","sid":"s_81","auth_time":1699999000,"acr":"urn:example:mfa","amr":["pwd","otp"],"status":{"status_list":{"idx":3,"uri":"https://login.example/status/1"}}}"#,
    ),
    (
        "Keycloak",
        r#"{"alg":"RS256","typ":"JWT","kid":"FJ86GcF3jTbNLOco4NvZkUCIUmfYCqoqtOQeMfbhNlE"}"#,
        r#"{"exp":1700000300,"iat":1700000000,"jti":"onrtac:73d4ed8a-8a0f-4a1a-b2cb-f5e4d5bb0a6b","iss":"https://sso.example/realms/main","aud":"account","sub":"1b2d7d2b-6d0f-4a4f-9a3f-0e7b1f1f7a55","typ":"Bearer","azp":"web","sid":"7c5e6b5e-2b0d-4a36-90c8-5a9c0e2f6a1b","acr":"1","auth_time":1699999990,"amr":["pwd"],"allowed-origins":["https://app.example"],"realm_access":{"roles":["offline_access","uma_authorization"]},"scope":"openid profile"}"#,
    ),
    (
        "Auth0",
        r#"{"alg":"RS256","typ":"JWT","kid":"NEVBNUNBOTgxRkE5NkQzQzc4OTBEMEFFRDQ5N0Q"}"#,
        r#"{"iss":"https://tenant.eu.auth0.example/","sub":"auth0|64f1c0ffee0123456789abcd","aud":["https://api.example","https://tenant.eu.auth0.example/userinfo"],"iat":1700000000,"exp":1700003600,"azp":"zXv7ZxTQy7h2wqD3d5D1v9Jc0uY2mK4P","scope":"openid read:orders"}"#,
    ),
    (
        "Okta",
        r#"{"kid":"cPGqGJ0Fh0q1yq5H4yJk0z3s6nTq8b1c2d3e4f5g6h7","alg":"RS256"}"#,
        r#"{"ver":1,"jti":"AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE","iss":"https://org.okta.example/oauth2/default","aud":"api://default","iat":1700000000,"exp":1700003600,"cid":"0oabv6kx4qq6h1U5l0h7","uid":"00uixa271s6x7qt8I0h7","scp":["openid","profile"],"auth_time":1699999990,"sub":"00uixa271s6x7qt8I0h7"}"#,
    ),
    (
        "Entra ID v2",
        r#"{"typ":"JWT","alg":"RS256","kid":"nOo3ZDrODXEK1jKWhXslHR_KXEg"}"#,
        r#"{"aud":"6e74172b-be56-4843-9ff4-e66a39bb12e3","iss":"https://login.microsoftonline.example/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0","iat":1700000000,"nbf":1700000000,"exp":1700003600,"azp":"e9a7e6ab-1f0b-4a2f-8a5d-0b1e8f2ad9a1","azpacr":"1","oid":"00000000-0000-0000-66f3-3332eca7ea81","rh":"0.AQ8A","scp":"access_as_user","sub":"AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ","tid":"72f988bf-86f1-41af-91ab-2d7cd011db47","uti":"fqiBqXLPj0eQa82S-IYFAA","ver":"2.0"}"#,
    ),
    (
        "Cognito",
        r#"{"kid":"1234example=","alg":"RS256"}"#,
        r#"{"sub":"aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee","iss":"https://cognito-idp.eu-west-1.example/eu-west-1_example","client_id":"xxxxxxxxxxxxexample","origin_jti":"aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeef","event_id":"64f513be-32db-42b0-b78e-b02127b4f463","token_use":"access","scope":"phone openid","auth_time":1699999990,"exp":1700003600,"iat":1700000000,"jti":"aaaaaaaa-bbbb-cccc-dddd-ffffffffffff","username":"my-test-user"}"#,
    ),
    (
        "Google ID token",
        r#"{"alg":"RS256","kid":"0e345fd7e4a97271dffa991f5a893cd16b8e0827","typ":"JWT"}"#,
        r#"{"iss":"https://accounts.google.example","azp":"1234987819200.apps.example","aud":"1234987819200.apps.example","sub":"10769150350006150715113082367","at_hash":"HK6E_P6Dh8Y93mRNtsDB1Q","email":"jsmith@example.com","email_verified":true,"iat":1700000000,"exp":1700003600,"nonce":"0394852-3190485-2490358"}"#,
    ),
    (
        "DPoP proof of RFC 9449",
        r#"{"typ":"dpop+jwt","alg":"ES256","jwk":{"kty":"EC","crv":"P-256","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA"}}"#,
        r#"{"jti":"-BwC3ESc6acc2lTc","htm":"POST","htu":"https://server.example.com/token","iat":1700000000}"#,
    ),
    (
        "Back-channel logout token",
        r#"{"typ":"logout+jwt","alg":"RS256","kid":"k1"}"#,
        r#"{"iss":"https://server.example","sub":"248289761001","aud":"s6BhdRkqt3","iat":1700000000,"exp":1700000120,"jti":"bWJq-9f4e1d3c9a8b","sid":"08a5019c-17e1-4977-8f42-65a12843ea02","events":{"http://schemas.openid.net/event/backchannel-logout":{}}}"#,
    ),
];

#[test]
fn tokens_of_other_issuers_have_no_findings() {
    let mut wrong = Vec::new();
    for (issuer, header, claims) in TOKENS {
        let mut evidence = Evidence::default();
        evidence.add_token(token(header, claims));
        let report = Audit::of(issuer, evidence, NOW).run();
        for result in report.with_status(Status::Fail) {
            for finding in &result.findings {
                let severity = finding.severity_under(result.rule);
                wrong.push(format!("{issuer}: {} ({}) {}", result.rule.id, severity.name(), finding.claim));
            }
        }
        assert_eq!(report.exit_code(Severity::Info, 0), 0, "{issuer}: {wrong:?}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_token_that_is_wrong_in_every_way_has_many() {
    let mut evidence = Evidence::default();
    evidence.add_token(token(
        r#"{"alg":"HS256","kid":"/etc/keys/a.pem","jku":"https://x.example","@secret":"secret"}"#,
        r#"{"sub":"alice@example.org","aud":"*","iat":1700000000,"exp":1800000000000,"email":"a@b.example","password":"x","ip":"10.0.0.1"}"#,
    ));
    let report = Audit::of("bad", evidence, NOW).run();
    let found: Vec<&str> = report.with_status(Status::Fail).iter().map(|result| result.rule.id).collect();
    for id in ["KEY-01", "CLM-04", "CLM-18", "HDR-15", "LEAK-01", "LEAK-04"] {
        assert!(found.contains(&id), "{id} is not in {found:?}");
    }
}

#[test]
fn a_key_on_a_blocklist_is_proven_and_no_other_is() {
    let modulus = (1..=255).collect::<Vec<u8>>();
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &modulus);
    let set = format!(r#"{{"kty":"RSA","e":"AQAB","n":"{}"}}"#, to_base64url(&modulus));
    for (record, status) in [([&hash.as_ref()[..15], &[7]].concat(), Status::Fail), (vec![1; 16], Status::Pass)] {
        let mut evidence = Evidence::default();
        evidence.key_sets.push(KeySet::parse(&set, Place::of("keys.json")).unwrap());
        let mut audit = Audit::of("keys", evidence, NOW);
        audit.only = vec!["KEY-15".to_owned()];
        audit.blocklist = Blocklist::new(record);
        let report = audit.run();
        assert_eq!(report.results.iter().find(|result| result.rule.id == "KEY-15").unwrap().status, status);
    }
}

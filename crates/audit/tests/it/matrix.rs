//! Each live rule fails on a verifier with its flaw, and passes on correct ones, however they answer.

use std::fmt::Write as _;
use std::sync::Arc;

use probity_audit::evidence::{Evidence, Json, KeySet, Token};
use probity_audit::live::{Carried, KEY_SET_PATH, Listener, LiveOptions, OtherToken, Prober, Signer, Supplies, Target};
use probity_audit::{Allow, Audit, Place, Policy, Report, Status, Verdict};

use crate::verifier::{Flaw, Keys, Manner, SECRET, Verifier, claims, encrypted, mint, typed, uses_hmac};

/// A flaw, the rule that must fail on it (or ask for a look), and what the verifier does, in words.
const FLAWS: &[(Flaw, &str, &str)] = &[
    (Flaw::SignatureIgnored, "SIG-01", "does not verify signatures"),
    (Flaw::NoneAccepted, "SIG-02", "accepts `alg: none`"),
    (Flaw::NoneInOddCase, "SIG-02", "accepts `alg: nOnE` only"),
    (Flaw::EmptySignatureAccepted, "SIG-03", "accepts an empty signature"),
    (Flaw::PemAsSecret, "SIG-04", "takes the PEM text of its public key for an HMAC secret"),
    (Flaw::DerAsSecret, "SIG-04", "takes the DER of its public key for an HMAC secret"),
    (Flaw::KeySetAsSecret, "SIG-04", "takes the text of its key set for an HMAC secret"),
    (Flaw::PemOfRecoveredKeyAsSecret, "SIG-04", "the same, and its key set is not known"),
    (Flaw::AlgorithmNotBound, "SIG-05", "verifies HS512 with the secret of HS256"),
    (Flaw::ZeroSignatureAccepted, "SIG-09", "accepts r = s = 0"),
    (Flaw::MacComparedByItsLength, "SIG-10", "compares as many bytes of the MAC as it is given"),
    (Flaw::LenientBase64, "SIG-12", "decodes base64 leniently"),
    (Flaw::CritIgnored, "SIG-13", "ignores `crit`"),
    (Flaw::B64Ignored, "SIG-14", "ignores `b64`"),
    (Flaw::PolyglotAccepted, "SIG-15", "verifies the JSON form and reads the compact one"),
    (Flaw::DuplicatesAccepted, "SIG-16", "accepts repeated member names"),
    (Flaw::NestedNotVerified, "SIG-17", "does not verify the inner token"),
    (Flaw::CubeRootAccepted, "SIG-18", "checks RSA padding carelessly, with a key of exponent 3"),
    (Flaw::TokenIgnored, "SIG-19", "answers without looking at the token"),
    (Flaw::ClaimsReadFirst, "SIG-21", "reads the claims before the signature is checked"),
    (Flaw::EmbeddedKeyTrusted, "HDR-01", "trusts the key in `jwk`"),
    (Flaw::EmbeddedCertificateTrusted, "HDR-04", "trusts the certificate in `x5c`"),
    (Flaw::KidIsAFile, "HDR-07", "reads the secret from the file that `kid` names"),
    (Flaw::KidReachesSql, "HDR-08", "puts `kid` into SQL"),
    (Flaw::KidObjectFails, "HDR-10", "fails on a `kid` that is no text"),
    (Flaw::UnknownKidFallsBack, "HDR-11", "takes any key for an unknown `kid`"),
    (Flaw::PublishedSecretTrusted, "HDR-12", "trusts a secret that stands in its key set"),
    (Flaw::OddHeaderFails, "HDR-13", "fails on odd headers"),
    (Flaw::ClaimsIntoPage, "HDR-16", "writes claims into a page"),
    (Flaw::EmptySecretAccepted, "KEY-04", "accepts the empty secret"),
    (Flaw::CommonSecretAccepted, "KEY-05", "accepts an example's secret beside its key"),
    (Flaw::ExpiredAccepted, "CLM-02", "ignores `exp`"),
    (Flaw::OddExpiryAccepted, "CLM-05", "ignores an `exp` that is no number"),
    (Flaw::NotBeforeIgnored, "CLM-06", "ignores `nbf`"),
    (Flaw::FutureIssueAccepted, "CLM-07", "accepts an `iat` in the future"),
    (Flaw::LargeLeeway, "CLM-08", "forgives ten minutes"),
    (Flaw::IssuerIgnored, "CLM-09", "ignores `iss`"),
    (Flaw::AudienceIgnored, "CLM-10", "ignores `aud`"),
    (Flaw::AudienceBySubstring, "CLM-11", "compares `aud` by substring"),
    (Flaw::EncryptedTakenForSigned, "JWE-02", "takes what it can decrypt for signed"),
    (Flaw::UnsignedContentAccepted, "JWE-03", "accepts encrypted claims without a signature"),
    (Flaw::TagIgnored, "JWE-07", "does not check the tag"),
    (Flaw::QueryTokenAccepted, "STO-10", "takes the token from the query"),
    (Flaw::SeveralTokensAccepted, "STO-19", "takes one of two tokens"),
    (Flaw::AnyOriginAllowed, "STO-15", "allows any origin with credentials"),
    (Flaw::NoChallenge, "STO-21", "sends no WWW-Authenticate"),
    (Flaw::NoCsrfDefence, "STO-08", "serves requests that another site makes"),
    (Flaw::TracesShown, "LEAK-06", "shows a stack trace"),
    (Flaw::IdTokenAccepted, "XSV-01", "accepts an ID token"),
    (Flaw::LogoutTokenAccepted, "XSV-02", "accepts a logout token"),
    (Flaw::OtherAudienceAccepted, "XSV-03", "accepts a token for another service"),
    (Flaw::IssuerNotBoundToKeys, "XSV-04", "accepts another issuer's signature"),
    (Flaw::OtherEnvironmentAccepted, "XSV-05", "accepts a staging token"),
    (Flaw::TypeNotEnforced, "XSV-06", "ignores `typ`"),
    (Flaw::BoundTokenAsBearer, "XSV-07", "accepts a DPoP-bound token as a bearer token"),
    (Flaw::CertificateBindingIgnored, "XSV-08", "ignores the binding to a certificate"),
    (Flaw::ProofNotChecked, "XSV-09", "checks nothing of a proof but its signature"),
    (Flaw::SecondUrlLenient, "XSV-11", "a second URL reads tokens leniently"),
    (Flaw::IdentityHeaderBelieved, "XSV-12", "believes `X-Forwarded-User`"),
    (Flaw::WithdrawnKeyTrusted, "KM-08", "trusts a withdrawn key"),
    (Flaw::FailsOpen, "OPS-07", "serves when a header can't be read"),
    (Flaw::ClockWrong, "OPS-09", "has a clock that is years off"),
    (Flaw::DeepJsonFails, "DOS-04", "fails on deep JSON"),
    (Flaw::KeyUrlFetched, "HDR-02", "fetches the URL in `jku`"),
    (Flaw::KeyUrlTrusted, "HDR-02", "trusts the key set at the URL in `jku`"),
    (Flaw::IssuerDiscovered, "HDR-02", "asks whatever issuer a token names"),
    (Flaw::CertificateUrlTrusted, "HDR-03", "trusts the certificate at the URL in `x5u`"),
    (Flaw::KeyUrlComparedByItsBeginning, "HDR-05", "compares `jku` by its beginning"),
    (Flaw::InnerKeyUrlFetched, "HDR-06", "knows inner addresses by one spelling only"),
    (Flaw::KidReachesShell, "HDR-09", "puts `kid` into a shell"),
    (Flaw::InvalidCurveAccepted, "JWE-06", "multiplies points that are on no curve"),
    (Flaw::UnpacksEverything, "DOS-02", "unpacks as much as there is"),
    (Flaw::FetchesForEachKid, "DOS-06", "fetches its keys for each unknown `kid`"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_flaw_is_found_by_its_rule_and_correct_verifiers_are_left_alone() {
    let keys = Arc::new(Keys::new());
    let mut table = String::from(HEAD);
    let mut wrong = Vec::new();
    for (flaw, rule, words) in FLAWS {
        let report = audit(*flaw, Manner::Strict, &keys).await;
        let found = ids(&report, &[Status::Fail]);
        let looked = ids(&report, &[Status::Fail, Status::Review]);
        if !looked.contains(rule) {
            let state = report.results.iter().find(|result| result.rule.id == *rule).unwrap();
            wrong.push(format!("{flaw:?}: {rule} is {:?} {:?}", state.status, state.notes));
        }
        let others: Vec<&str> = found.iter().copied().filter(|id| id != rule).collect();
        let _ = writeln!(table, "| {words} | {rule} | {} | {} |", others.join(" "), report.verdict.name());
    }
    table.push_str("\nServices with logins, audited by a flow file:\n\n| the service | rule that must find it | rules that fail too | verdict |\n|---|---|---|---|\n");
    let (rows, wrong_flows) = crate::flows::rows().await;
    table.push_str(&rows);
    wrong.extend(wrong_flows);
    table.push_str("\nCorrect verifiers, on which nothing may fail:\n\n| verifier | failed | could not tell | passed | verdict |\n|---|---|---|---|---|\n");
    for (manner, words) in [
        (Manner::Strict, "answers 401 with JSON"),
        (Manner::AlwaysOk, "answers errors with 200"),
        (Manner::Redirect, "redirects to a login page"),
        (Manner::Limited, "answers every seventh request with 429"),
        (Manner::Slow, "takes its time"),
    ] {
        let report = audit(Flaw::None, manner, &keys).await;
        for result in report.with_status(Status::Fail) {
            wrong.push(format!(
                "{manner:?}: {} fails: {:?}",
                result.rule.id,
                result.findings.first().map(|finding| &finding.claim)
            ));
        }
        if report.verdict != Verdict::NotShownInsecure {
            wrong.push(format!("{manner:?}: {} {}", report.verdict.name(), report.headline()));
        }
        let inconclusive = ids(&report, &[Status::Inconclusive]);
        let passed = report
            .results
            .iter()
            .filter(|result| result.status == Status::Pass && result.rule.checks.iter().any(|check| check.is_live()))
            .count();
        if passed < 40 {
            wrong.push(format!("{manner:?}: only {passed} live rules passed; {inconclusive:?}"));
        }
        let _ = writeln!(
            table,
            "| {words} | | {} | {passed} live rules | {} |",
            inconclusive.join(" "),
            report.verdict.name()
        );
    }
    let report = audit(Flaw::None, Manner::Blind, &keys).await;
    if report.verdict != Verdict::CannotSay || !ids(&report, &[Status::Fail]).is_empty() {
        wrong.push(format!("a blind page: {} {:?}", report.verdict.name(), ids(&report, &[Status::Fail])));
    }
    let _ = writeln!(
        table,
        "| shows nothing of whether the token was good | | every live rule | | {} |",
        report.verdict.name()
    );
    println!("{table}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    crate::kept::compare("audit-matrix.md", &table);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verifier_that_takes_encrypted_tokens_rightly_passes() {
    let keys = Arc::new(Keys::new());
    let report = audit(Flaw::NestedEncryptedAccepted, Manner::Strict, &keys).await;
    assert_eq!(ids(&report, &[Status::Fail]), [""; 0]);
    for rule in ["JWE-06", "DOS-02"] {
        assert!(ids(&report, &[Status::Pass]).contains(&rule), "{rule}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_is_sent_that_is_not_in_the_report_and_none_without_permission() {
    let keys = Arc::new(Keys::new());
    let report = with(Flaw::None, Manner::Strict, &keys, |audit| audit.allow.active = false).await;
    assert!(report.requests.is_empty());
    assert_eq!(report.grade.letter, None);
    let report = audit(Flaw::None, Manner::Strict, &keys).await;
    let numbers: Vec<usize> = report.requests.iter().map(|sent| sent.number).collect();
    assert_eq!(numbers, (1..=numbers.len()).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_signature_of_a_good_token_is_in_any_report() {
    let keys = Arc::new(Keys::new());
    let options = options(Flaw::LenientBase64, Manner::Strict, &keys).await;
    let mut secret: Vec<String> = options.others.iter().map(|other| other.text.clone()).collect();
    secret.push(options.token.clone());
    let report = tokio::task::spawn_blocking(move || {
        let mut audit = prepared(options, Flaw::LenientBase64, &keys);
        audit.allow.active = true;
        audit.run()
    })
    .await
    .unwrap();
    let sarif = probity_audit::report::Sarif { full: true, anchor: "README.md".to_owned() };
    let style = probity_audit::report::Style { verbose: true, ..Default::default() };
    let written = [
        probity_audit::report::text(&report, style),
        probity_audit::report::json(&report).to_string(),
        probity_audit::report::sarif(&report, &sarif).to_string(),
        probity_audit::report::html(&report).unwrap(),
        probity_audit::report::markdown(&report),
    ];
    for token in secret {
        let signature = token.rsplit('.').next().unwrap();
        for text in &written {
            let around = text.find(signature).map(|at| text[at.saturating_sub(900)..at + 150].to_owned());
            assert_eq!(around, None, "a signature is in a report");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_that_runs_out_is_no_pass() {
    let keys = Arc::new(Keys::new());
    let options = options(Flaw::None, Manner::Strict, &keys).await;
    let report = tokio::task::spawn_blocking(move || {
        let mut audit = prepared(LiveOptions { max_requests: 30, ..options }, Flaw::None, &keys);
        audit.allow.active = true;
        audit.run()
    })
    .await
    .unwrap();
    assert_eq!(report.requests.len(), 30);
    assert_eq!(report.verdict, Verdict::CannotSay);
    assert!(report.headline().contains("--max-requests"), "{}", report.headline());
    assert!(ids(&report, &[Status::Fail]).is_empty());
}

fn ids(report: &Report, statuses: &[Status]) -> Vec<&'static str> {
    report.results.iter().filter(|result| statuses.contains(&result.status)).map(|result| result.rule.id).collect()
}

async fn audit(flaw: Flaw, manner: Manner, keys: &Arc<Keys>) -> Report {
    with(flaw, manner, keys, |_| {}).await
}

async fn with(
    flaw: Flaw,
    manner: Manner,
    keys: &Arc<Keys>,
    change: impl FnOnce(&mut Audit<'static>) + Send + 'static,
) -> Report {
    let options = options(flaw, manner, keys).await;
    let keys = Arc::clone(keys);
    tokio::task::spawn_blocking(move || {
        let mut audit = prepared(options, flaw, &keys);
        // Waiting for call-backs takes time, so only where there may be some, and where there must be none.
        let oob = flaw == Flaw::None || (Flaw::KeyUrlFetched..=Flaw::FetchesForEachKid).contains(&flaw);
        audit.allow = Allow { active: true, oob, dos_probe: true, ..Allow::default() };
        change(&mut audit);
        audit.run()
    })
    .await
    .unwrap()
}

async fn options(flaw: Flaw, manner: Manner, keys: &Arc<Keys>) -> LiveOptions {
    let now = now();
    let listener = Listener::start("127.0.0.1:0".parse().unwrap(), None).await.unwrap();
    let keys_at = Some(listener.url(KEY_SET_PATH).to_string());
    let address = Verifier::start(flaw, manner, Arc::clone(keys), now, keys_at).await;
    let plain = claims(now);
    let good = mint(&keys.own, flaw, &plain);
    let other = |kind: &str, text: String| OtherToken { kind: kind.to_owned(), text };
    let cnf = |name: &str, value: &str| Json::Object(vec![(name.to_owned(), value.into())]);
    let others = vec![
        other("id", typed(&keys.own, flaw, "JWT", &plain.with("aud", "web".into()).with("nonce", "n".into()))),
        other("audience", mint(&keys.own, flaw, &plain.with("aud", "https://b.example".into()))),
        other("environment", mint(&keys.own, flaw, &plain.with("iss", "https://staging.example".into()))),
        other("dpop", mint(&keys.own, flaw, &plain.with("cnf", cnf("jkt", &keys.dpop.thumbprint())))),
        other(
            "mtls",
            mint(&keys.own, flaw, &plain.with("cnf", cnf("x5t#S256", "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"))),
        ),
        other("withdrawn", mint(&keys.withdrawn, flaw, &plain)),
    ];
    let encrypts = matches!(flaw, Flaw::UnsignedContentAccepted | Flaw::TagIgnored);
    let mut target = Target::get(&format!("http://{address}/me")).unwrap();
    if flaw == Flaw::NoCsrfDefence {
        target.carrier = Carried::Cookie("session".to_owned());
        target.method = "POST".to_owned();
    }
    let signer = |key: &probity_jose::SigningKey| Signer::from_jwk(&key.to_jwk(), None).unwrap();
    let own = if uses_hmac(flaw) { Signer::from_secret(SECRET, "HS256") } else { signer(&keys.own) };
    LiveOptions {
        second: Some(url::Url::parse(&format!("http://{address}/second")).unwrap()),
        target,
        token: if encrypts { encrypted(&good) } else { good },
        accept_when: Vec::new(),
        others,
        supplies: Supplies {
            signer: Some(own),
            other_issuer_signer: Some(signer(&keys.other_issuer)),
            wrong_use_signer: None,
            encryption_secret: encrypts.then(|| SECRET.to_vec()),
            dpop_key: Some(keys.dpop.to_jwk().to_string()),
        },
        authorities: None,
        listener: Some(Arc::new(listener)),
        connect_to: None,
        max_requests: 5_000,
        requests_per_second: 0,
        allow_dos_probe: true,
        marker: "probity-audit-test".to_owned(),
    }
}

fn prepared(options: LiveOptions, flaw: Flaw, keys: &Keys) -> Audit<'static> {
    let mut evidence = Evidence::default();
    evidence.add_token(Token::parse(&options.token, Place::of("the valid token")).unwrap());
    if flaw != Flaw::PemOfRecoveredKeyAsSecret {
        evidence.key_sets.push(KeySet::parse(&keys.set(flaw), Place::of("keys.json")).unwrap());
    }
    let name = options.target.url.to_string();
    let prober = Prober::new(options, &evidence, &Policy::default(), now(), tokio::runtime::Handle::current()).unwrap();
    let mut audit = Audit::of(name, evidence, now());
    audit.prober = Some(prober);
    audit
}

#[expect(clippy::disallowed_methods, reason = "a live verifier and its auditor share the real time")]
fn now() -> i64 {
    i64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

const HEAD: &str = "# The matrix: does each live rule find its flaw?\n\nEach row is a verifier over HTTP with one flaw, audited by every rule. Written by the test \
`every_flaw_is_found_by_its_rule_and_correct_verifiers_are_left_alone`; `PROBITY_KEEP=1` renews it.\n\n\
| the verifier | rule that must find it | rules that fail too | verdict |\n|---|---|---|---|\n";

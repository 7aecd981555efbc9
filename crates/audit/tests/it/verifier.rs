//! A strict verifier over HTTP that can be given one flaw, or another way of answering.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_lc_rs::{aead, agreement, cipher, digest, hmac};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use num_bigint::BigUint;
use probity_audit::evidence::{Json, base64, base64url, to_base64, to_base64url};
use probity_jose::{SignatureAlgorithm, SigningKey, VerifyingKey};

/// What is wrong with a verifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Flaw {
    None,
    SignatureIgnored,
    NoneAccepted,
    NoneInOddCase,
    EmptySignatureAccepted,
    PemAsSecret,
    DerAsSecret,
    KeySetAsSecret,
    PemOfRecoveredKeyAsSecret,
    AlgorithmNotBound,
    ZeroSignatureAccepted,
    MacComparedByItsLength,
    LenientBase64,
    CritIgnored,
    B64Ignored,
    PolyglotAccepted,
    DuplicatesAccepted,
    NestedNotVerified,
    CubeRootAccepted,
    TokenIgnored,
    ClaimsReadFirst,
    EmbeddedKeyTrusted,
    EmbeddedCertificateTrusted,
    KidIsAFile,
    KidReachesSql,
    KidObjectFails,
    UnknownKidFallsBack,
    PublishedSecretTrusted,
    OddHeaderFails,
    ClaimsIntoPage,
    EmptySecretAccepted,
    CommonSecretAccepted,
    ExpiredAccepted,
    OddExpiryAccepted,
    NotBeforeIgnored,
    FutureIssueAccepted,
    LargeLeeway,
    IssuerIgnored,
    AudienceIgnored,
    AudienceBySubstring,
    EncryptedTakenForSigned,
    UnsignedContentAccepted,
    TagIgnored,
    QueryTokenAccepted,
    SeveralTokensAccepted,
    AnyOriginAllowed,
    NoChallenge,
    NoCsrfDefence,
    TracesShown,
    IdTokenAccepted,
    LogoutTokenAccepted,
    OtherAudienceAccepted,
    IssuerNotBoundToKeys,
    OtherEnvironmentAccepted,
    TypeNotEnforced,
    BoundTokenAsBearer,
    CertificateBindingIgnored,
    ProofNotChecked,
    SecondUrlLenient,
    IdentityHeaderBelieved,
    WithdrawnKeyTrusted,
    FailsOpen,
    ClockWrong,
    DeepJsonFails,
}

/// How a verifier answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// 401 with JSON.
    Strict,
    /// 200 for everything, with another body.
    AlwaysOk,
    /// A redirect to a login page.
    Redirect,
    /// 429 for every seventh request.
    Limited,
    /// After a pause.
    Slow,
    /// 200 with a page in which nothing shows whether the token was good.
    Blind,
}

/// The keys of the play.
pub(crate) struct Keys {
    pub(crate) own: SigningKey,
    pub(crate) other_issuer: SigningKey,
    pub(crate) withdrawn: SigningKey,
    pub(crate) dpop: SigningKey,
    pub(crate) decryption: agreement::PrivateKey,
    pub(crate) cube: BigUint,
}

impl Keys {
    pub(crate) fn new() -> Self {
        let key = |kid: &str| SigningKey::generate(SignatureAlgorithm::Es256).unwrap().with_key_id(kid);
        Self {
            own: key("k1"),
            other_issuer: key("other"),
            withdrawn: key("old"),
            dpop: key("dpop"),
            decryption: agreement::PrivateKey::generate(&agreement::ECDH_P256).unwrap(),
            // Any modulus will do: nobody needs its factors to be fooled by a cube root.
            cube: (BigUint::from(1u8) << 2047u32)
                + BigUint::from_bytes_be(digest::digest(&digest::SHA512, b"cube").as_ref())
                + 1u8,
        }
    }

    /// The published key set.
    pub(crate) fn set(&self, flaw: Flaw) -> String {
        let mut keys = vec![self.own.public_jwk().unwrap()];
        if flaw == Flaw::EncryptedTakenForSigned {
            let public = self.decryption.compute_public_key().unwrap();
            let (x, y) = public.as_ref()[1..].split_at(32);
            keys.push(format!(
                r#"{{"kty":"EC","crv":"P-256","use":"enc","kid":"e1","x":"{}","y":"{}"}}"#,
                to_base64url(x),
                to_base64url(y)
            ));
        }
        if flaw == Flaw::CubeRootAccepted {
            keys.push(format!(
                r#"{{"kty":"RSA","kid":"cube","e":"Aw","n":"{}"}}"#,
                to_base64url(&self.cube.to_bytes_be())
            ));
        }
        if flaw == Flaw::PublishedSecretTrusted {
            keys.push(format!(r#"{{"kty":"oct","kid":"leaked","k":"{}"}}"#, to_base64url(SECRET)));
        }
        format!(r#"{{"keys":[{}]}}"#, keys.join(","))
    }
}

/// The secret of verifiers that use HMAC, and of those that decrypt.
pub(crate) const SECRET: &[u8; 32] = b"\x8b\x01\xf3 a long secret, nobody's!!\x11\x99\x02";

/// What a verifier is.
pub(crate) struct Verifier {
    pub(crate) flaw: Flaw,
    pub(crate) manner: Manner,
    pub(crate) keys: Arc<Keys>,
    pub(crate) now: i64,
    count: AtomicUsize,
}

impl Verifier {
    /// Starts on a port of this machine.
    pub(crate) async fn start(flaw: Flaw, manner: Manner, keys: Arc<Keys>, now: i64) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let verifier = Arc::new(Self { flaw, manner, keys, now, count: AtomicUsize::new(0) });
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let verifier = Arc::clone(&verifier);
                let service = service_fn(move |request| {
                    let verifier = Arc::clone(&verifier);
                    async move { Ok::<_, Infallible>(verifier.answer(request).await) }
                });
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        address
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (parts, body) = request.into_parts();
        let _ = body.collect().await;
        let header =
            |name: &str| parts.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        if self.manner == Manner::Limited && self.count.fetch_add(1, Ordering::Relaxed) % 7 == 6 {
            return Response::builder().status(429).header("retry-after", "0").body(Full::default()).unwrap();
        }
        if self.manner == Manner::Slow {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        let query = parts.uri.query().unwrap_or_default();
        let in_query = query.split('&').find_map(|pair| pair.strip_prefix("access_token=")).map(str::to_owned);
        let bearer = header("authorization").and_then(|value| value.strip_prefix("Bearer ").map(str::to_owned));
        let bound = header("authorization").and_then(|value| value.strip_prefix("DPoP ").map(str::to_owned));
        let cookie = header("cookie")
            .and_then(|value| value.split("; ").find_map(|pair| pair.strip_prefix("session=").map(str::to_owned)));
        let lenient = self.flaw == Flaw::SecondUrlLenient && parts.uri.path() == "/second";
        let verdict = if let Some(token) = bound {
            self.with_proof(
                &token,
                header("dpop").as_deref(),
                parts.method.as_str(),
                &format!("http://{}{}", header("host").unwrap_or_default(), parts.uri.path()),
            )
        } else {
            let token = match (bearer.or(cookie.clone()), in_query) {
                (Some(_), Some(other)) if self.flaw == Flaw::SeveralTokensAccepted => Some(other),
                (Some(_), Some(_)) => None,
                (None, Some(token)) if self.flaw == Flaw::QueryTokenAccepted => Some(token),
                (token, _) => token,
            };
            let cross_site =
                header("sec-fetch-site").as_deref() == Some("cross-site") && self.flaw != Flaw::NoCsrfDefence;
            match token {
                Some(_) if cookie.is_some() && cross_site => Err(Refusal::from("cross-site")),
                Some(token) => self.verify(&token, lenient),
                None if self.flaw == Flaw::IdentityHeaderBelieved && header("x-forwarded-user").is_some() => {
                    Ok(Json::Object(vec![("sub".to_owned(), header("x-forwarded-user").unwrap().as_str().into())]))
                }
                None => Err(Refusal::from("no token")),
            }
        };
        let verdict = if self.flaw == Flaw::TokenIgnored { Ok(Json::Object(Vec::new())) } else { verdict };
        self.respond(verdict, header("origin"))
    }

    fn respond(&self, verdict: Result<Json, Refusal>, origin: Option<String>) -> Response<Full<Bytes>> {
        let mut response = Response::builder();
        if let (Flaw::AnyOriginAllowed, Some(origin)) = (self.flaw, origin) {
            response = response
                .header("access-control-allow-origin", origin)
                .header("access-control-allow-credentials", "true");
        }
        if self.flaw == Flaw::ClockWrong {
            response = response.header("date", "Tue, 24 Nov 2015 08:16:00 GMT");
        }
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        if self.manner == Manner::Blind {
            return response.body(Full::from(format!("<html>page {number}</html>"))).unwrap();
        }
        let body = |text: String| Full::from(text);
        match verdict {
            Ok(_) if self.flaw == Flaw::TokenIgnored => response.body(body("hello".to_owned())).unwrap(),
            Ok(claims) if self.flaw == Flaw::ClaimsIntoPage => {
                let page = format!(
                    "<html>hello {}</html>",
                    claims.text("name").or_else(|| claims.text("sub")).unwrap_or_default()
                );
                response.header("content-type", "text/html").body(body(page)).unwrap()
            }
            Ok(claims) => {
                let sub = claims.text("sub").unwrap_or_default();
                response
                    .header("content-type", "application/json")
                    .body(body(format!(r#"{{"sub":{},"request":{number}}}"#, Json::from(sub))))
                    .unwrap()
            }
            Err(refusal) if refusal.status != 401 => {
                response.status(refusal.status).body(body("failed".to_owned())).unwrap()
            }
            Err(refusal) => match self.manner {
                Manner::AlwaysOk => response
                    .header("content-type", "application/json")
                    .body(body(format!(r#"{{"error":"invalid_token","request":{number}}}"#)))
                    .unwrap(),
                Manner::Redirect => response
                    .status(302)
                    .header("location", format!("/login?state={number}"))
                    .body(Full::default())
                    .unwrap(),
                _ => {
                    if self.flaw != Flaw::NoChallenge {
                        response = response.header("www-authenticate", "Bearer error=\"invalid_token\"");
                    }
                    let text = match self.flaw {
                        Flaw::TracesShown => "Traceback (most recent call last):\n  File \"app.py\"",
                        Flaw::ClaimsReadFirst => refusal.reason,
                        _ => "invalid_token",
                    };
                    response.status(401).body(body(format!(r#"{{"error":"{text}"}}"#))).unwrap()
                }
            },
        }
    }

    fn with_proof(&self, token: &str, proof: Option<&str>, method: &str, url: &str) -> Result<Json, Refusal> {
        let claims = self.verify_signed(token, true)?;
        let proof = proof.ok_or("no proof")?;
        let parts: Vec<&str> = proof.split('.').collect();
        let [header, payload, signature] = parts[..] else { return Err("no proof".into()) };
        let header = json(header)?;
        let said = json(payload)?;
        let jwk = header.get("jwk").ok_or("no key")?.to_string();
        let key = VerifyingKey::from_jwk(jwk.as_bytes(), SignatureAlgorithm::Es256).map_err(|_| "key")?;
        let input = proof.rsplit_once('.').ok_or("no proof")?.0;
        key.verify(input.as_bytes(), &base64url(signature).ok_or("base64")?).map_err(|_| "proof signature")?;
        if claims.get("cnf").and_then(|cnf| cnf.text("jkt")) != Some(key.thumbprint()) {
            return Err("another key".into());
        }
        if self.flaw == Flaw::ProofNotChecked {
            return Ok(claims);
        }
        let hash = to_base64url(digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
        let fresh = said.get("iat").and_then(Json::as_i64).is_some_and(|iat| (iat - self.now).abs() < 300);
        let used =
            said.text("jti") != Some("probity-0") || self.count.fetch_add(0x10_000, Ordering::Relaxed) < 0x10_000;
        let good = header.text("typ") == Some("dpop+jwt")
            && said.text("htm") == Some(method)
            && said.text("htu") == Some(url)
            && said.text("ath") == Some(&hash)
            && said.text("jti").is_some()
            && fresh
            && used;
        if good { Ok(claims) } else { Err("proof".into()) }
    }

    fn verify(&self, token: &str, lenient: bool) -> Result<Json, Refusal> {
        let claims = match token.split('.').count() {
            5 => self.decrypt(token)?,
            _ => self.verify_signed(token, lenient)?,
        };
        let bound =
            claims.get("cnf").is_some_and(|cnf| cnf.get("jkt").is_some()) && self.flaw != Flaw::BoundTokenAsBearer;
        let certificate = claims.get("cnf").is_some_and(|cnf| cnf.get("x5t#S256").is_some())
            && self.flaw != Flaw::CertificateBindingIgnored;
        if bound || certificate { Err("bound".into()) } else { Ok(claims) }
    }

    fn decrypt(&self, token: &str) -> Result<Json, Refusal> {
        let parts: Vec<&str> = token.split('.').collect();
        let header = json(parts[0])?;
        let part = |at: usize| base64url(parts[at]).ok_or(Refusal::from("base64"));
        let key = match (header.text("alg"), self.flaw) {
            (Some("ECDH-ES"), Flaw::EncryptedTakenForSigned) => {
                let epk = header.get("epk").ok_or("epk")?;
                let point =
                    [vec![4], base64url(epk.text("x").unwrap()).unwrap(), base64url(epk.text("y").unwrap()).unwrap()]
                        .concat();
                let theirs = agreement::UnparsedPublicKey::new(&agreement::ECDH_P256, point);
                let shared =
                    agreement::agree(
                        &self.keys.decryption,
                        theirs,
                        Refusal::from("epk"),
                        |shared| Ok(shared.to_vec()),
                    )?;
                digest::digest(
                    &digest::SHA256,
                    &[&[0, 0, 0, 1][..], &shared, &[0, 0, 0, 7], b"A256GCM", &[0; 8], &256u32.to_be_bytes()].concat(),
                )
                .as_ref()
                .to_vec()
            }
            (Some("dir"), Flaw::UnsignedContentAccepted | Flaw::TagIgnored) => SECRET.to_vec(),
            _ => return Err("encrypted".into()),
        };
        let mut sealed = [part(3)?, part(4)?].concat();
        if self.flaw == Flaw::TagIgnored {
            // GCM without its tag is counter mode, from the second block on.
            let counter: [u8; 16] = [part(2)?, vec![0, 0, 0, 2]].concat().try_into().map_err(|_| "iv")?;
            let cipher = cipher::UnboundCipherKey::new(&cipher::AES_256, &key).map_err(|_| "key")?;
            let mut text = part(3)?;
            let context = cipher::DecryptionContext::Iv128(counter.into());
            let opened = cipher::DecryptingKey::ctr(cipher)
                .map_err(|_| "key")?
                .decrypt(&mut text, context)
                .map_err(|_| "text")?;
            return self.verify_signed(&String::from_utf8_lossy(opened), false);
        }
        let cipher = aead::LessSafeKey::new(aead::UnboundKey::new(&aead::AES_256_GCM, &key).map_err(|_| "key")?);
        let nonce = aead::Nonce::try_assume_unique_for_key(&part(2)?).map_err(|_| "iv")?;
        let opened = cipher.open_in_place(nonce, aead::Aad::from(parts[0]), &mut sealed).map_err(|_| "tag")?;
        match Json::from_bytes(opened).filter(Json::is_object) {
            Some(claims) => self.check_claims(&header, &claims).map(|()| claims),
            _ => self.verify_signed(&String::from_utf8_lossy(opened), false),
        }
    }

    fn verify_signed(&self, token: &str, lenient: bool) -> Result<Json, Refusal> {
        if self.flaw == Flaw::PolyglotAccepted && token.starts_with('{') {
            return self.polyglot(token);
        }
        if self.flaw == Flaw::DeepJsonFails && token.len() > 1_000 {
            return Err(Refusal { status: 500, reason: "stack" });
        }
        let loose = self.flaw == Flaw::LenientBase64 || lenient;
        let cleaned: String =
            if loose { token.chars().filter(|c| !matches!(c, ' ' | '=')).collect() } else { token.to_owned() };
        let parts: Vec<&str> = cleaned.split('.').collect();
        let (Some(head), Some(payload)) = (parts.first(), parts.get(1)) else { return Err("parts".into()) };
        let signature = *parts.get(2).unwrap_or(&"");
        if parts.len() != 3 && !matches!(self.flaw, Flaw::NoneAccepted | Flaw::EmptySignatureAccepted) {
            return Err("parts".into());
        }
        let strict = |text: &str| if loose { base64url(text) } else { probity_jose::base64url::decode(text).ok() };
        let failed = |refusal: Refusal| match self.flaw {
            Flaw::OddHeaderFails => Refusal { status: 500, reason: "header" },
            _ => refusal,
        };
        let header = match strict(head).and_then(|bytes| Json::from_bytes(&bytes)).filter(Json::is_object) {
            Some(header) => header,
            None if self.flaw == Flaw::FailsOpen => return Ok(Json::Object(vec![("sub".to_owned(), "alice".into())])),
            None => return Err(failed("header".into())),
        };
        let alg = header
            .text("alg")
            .ok_or_else(|| failed("alg".into()))
            .or_else(|refusal| if self.flaw == Flaw::NoneAccepted { Ok("none") } else { Err(refusal) })?;
        if self.flaw == Flaw::KidObjectFails && header.get("kid").is_some_and(|kid| kid.as_str().is_none()) {
            return Err(Refusal { status: 500, reason: "kid" });
        }
        let claims = strict(payload).and_then(|bytes| Json::from_bytes(&bytes));
        if self.flaw == Flaw::ClaimsReadFirst {
            self.check_claims(&header, claims.as_ref().ok_or("claims")?)?;
        }
        if header.get("crit").is_some() {
            let names = header.get("crit").map(Json::strings).unwrap_or_default();
            let ignored = self.flaw == Flaw::CritIgnored || (self.flaw == Flaw::B64Ignored && names == ["b64"]);
            if !ignored {
                return Err("crit".into());
            }
        }
        if header.get("b64").is_some() && self.flaw != Flaw::B64Ignored {
            return Err("b64".into());
        }
        let signature_bytes = strict(signature).ok_or("signature")?;
        self.check_signature(alg, &header, &format!("{head}.{payload}"), &signature_bytes)?;
        let claims = match claims {
            Some(claims) if claims.is_object() => claims,
            _ if self.flaw == Flaw::NestedNotVerified => {
                let inner = String::from_utf8(base64url(payload).ok_or("payload")?).map_err(|_| "payload")?;
                json(inner.split('.').nth(1).ok_or("inner")?)?
            }
            _ => return Err("claims".into()),
        };
        if (header.repeated_member().is_some() || claims.repeated_member().is_some())
            && self.flaw != Flaw::DuplicatesAccepted
        {
            return Err("duplicates".into());
        }
        self.check_claims(&header, &claims).map(|()| claims)
    }

    /// Verified as JSON, read as the compact form: CVE-2022-39227.
    fn polyglot(&self, token: &str) -> Result<Json, Refusal> {
        let outer = Json::parse(token).ok_or("json")?;
        let part = |name: &str| outer.text(name).unwrap_or_default().to_owned();
        self.verify_signed(&format!("{}.{}.{}", part("protected"), part("payload"), part("signature")), false)?;
        json(token.split('.').nth(1).ok_or("compact")?)
    }

    fn check_signature(&self, alg: &str, header: &Json, input: &str, signature: &[u8]) -> Result<(), Refusal> {
        let flaw = self.flaw;
        let hs = |secret: &[u8]| alg == "HS256" && mac(secret, input) == signature;
        let own = self.keys.own.public_jwk().unwrap();
        let accepted = match flaw {
            Flaw::SignatureIgnored => true,
            Flaw::NoneAccepted => alg == "none",
            Flaw::NoneInOddCase => alg == "nOnE",
            Flaw::EmptySignatureAccepted => signature.is_empty(),
            Flaw::PemAsSecret | Flaw::PemOfRecoveredKeyAsSecret => hs(pem(&own).as_bytes()),
            Flaw::DerAsSecret => hs(&spki(&own)),
            Flaw::KeySetAsSecret => hs(self.keys.set(flaw).as_bytes()),
            Flaw::ZeroSignatureAccepted => {
                alg == "ES256" && signature.len() == 64 && signature.iter().all(|byte| *byte == 0)
            }
            Flaw::EmptySecretAccepted => hs(b""),
            Flaw::CommonSecretAccepted => hs(b"your-384-bit-secret"),
            Flaw::PublishedSecretTrusted => hs(SECRET),
            Flaw::KidIsAFile => header.text("kid").is_some_and(|kid| kid.contains("/dev/null")) && hs(b""),
            Flaw::KidReachesSql => header
                .text("kid")
                .and_then(|kid| kid.split_once("' UNION SELECT '"))
                .is_some_and(|(_, rest)| hs(rest.split('\'').next().unwrap().as_bytes())),
            Flaw::EmbeddedKeyTrusted => header.get("jwk").is_some_and(|jwk| {
                let alg = alg.parse().ok();
                alg.and_then(|alg| VerifyingKey::from_jwk(jwk.to_string().as_bytes(), alg).ok())
                    .is_some_and(|key| key.verify(input.as_bytes(), signature).is_ok())
            }),
            Flaw::EmbeddedCertificateTrusted => {
                header.get("x5c").and_then(|chain| base64(chain.elements().first()?.as_str()?)).is_some_and(|der| {
                    // The point of a P-256 key stands at a fixed place before the signature.
                    let at = der.windows(2).position(|window| window == [0, 4]).unwrap_or(0) + 2;
                    der.get(at..at + 64).is_some_and(|point| {
                        let (x, y) = point.split_at(32);
                        let jwk = format!(
                            r#"{{"kty":"EC","crv":"P-256","x":"{}","y":"{}"}}"#,
                            to_base64url(x),
                            to_base64url(y)
                        );
                        VerifyingKey::from_jwk(jwk.as_bytes(), SignatureAlgorithm::Es256)
                            .is_ok_and(|key| key.verify(input.as_bytes(), signature).is_ok())
                    })
                })
            }
            Flaw::IssuerNotBoundToKeys => verifies(&self.keys.other_issuer, input, signature),
            Flaw::WithdrawnKeyTrusted => verifies(&self.keys.withdrawn, input, signature),
            Flaw::CubeRootAccepted => {
                let block =
                    (BigUint::from_bytes_be(signature).modpow(&BigUint::from(3u8), &self.keys.cube)).to_bytes_be();
                let hash = digest::digest(&digest::SHA256, input.as_bytes());
                // The careless check: padding, hash, and no look at what follows.
                block.windows(32).any(|window| window == hash.as_ref()) && block.first() == Some(&1)
            }
            Flaw::AlgorithmNotBound if alg == "HS512" => {
                hmac::sign(&hmac::Key::new(hmac::HMAC_SHA512, SECRET), input.as_bytes()).as_ref() == signature
            }
            _ => false,
        };
        if accepted {
            return Ok(());
        }
        if uses_hmac(flaw) {
            let tag = mac(SECRET, input);
            let right = if flaw == Flaw::MacComparedByItsLength {
                !signature.is_empty() && tag.starts_with(signature)
            } else {
                tag == signature
            };
            return if alg == "HS256" && right { Ok(()) } else { Err("signature".into()) };
        }
        if alg != "ES256" {
            return Err("alg".into());
        }
        if header.text("kid") != Some("k1") && flaw != Flaw::UnknownKidFallsBack {
            return Err("kid".into());
        }
        if verifies(&self.keys.own, input, signature) { Ok(()) } else { Err("signature".into()) }
    }

    fn check_claims(&self, header: &Json, claims: &Json) -> Result<(), Refusal> {
        let flaw = self.flaw;
        let time = |name: &str| claims.get(name).map(|value| value.as_i64().ok_or(Refusal::from("time"))).transpose();
        let leeway = if flaw == Flaw::LargeLeeway { 600 } else { 30 };
        if !(flaw == Flaw::OddExpiryAccepted && claims.get("exp").is_some_and(|exp| exp.as_i64().is_none())) {
            let exp = time("exp")?.ok_or("no exp")?;
            if exp + leeway <= self.now && flaw != Flaw::ExpiredAccepted {
                return Err("expired".into());
            }
            if exp > 100_000_000_000 {
                return Err("absurd exp".into());
            }
        }
        if time("nbf")?.is_some_and(|nbf| nbf > self.now + leeway) && flaw != Flaw::NotBeforeIgnored {
            return Err("not yet".into());
        }
        if time("iat")?.is_some_and(|iat| iat > self.now + 300) && flaw != Flaw::FutureIssueAccepted {
            return Err("issued in the future".into());
        }
        if claims.text("iss") != Some(ISSUER)
            && !(flaw == Flaw::IssuerIgnored
                || (flaw == Flaw::OtherEnvironmentAccepted && claims.text("iss") == Some("https://staging.example")))
        {
            return Err("issuer".into());
        }
        let audiences = claims.get("aud").map(Json::strings).unwrap_or_default();
        let audience = match flaw {
            Flaw::AudienceIgnored => true,
            Flaw::OtherAudienceAccepted => {
                audiences.iter().any(|audience| [AUDIENCE, "https://b.example"].contains(audience))
            }
            Flaw::AudienceBySubstring => audiences.iter().any(|audience| audience.contains(AUDIENCE)),
            Flaw::IdTokenAccepted => audiences.iter().any(|audience| [AUDIENCE, "web"].contains(audience)),
            _ => audiences.contains(&AUDIENCE),
        };
        if !audience {
            return Err("audience".into());
        }
        let typ = header.text("typ").unwrap_or_default();
        let any_type = match flaw {
            Flaw::TypeNotEnforced => true,
            Flaw::IdTokenAccepted => typ == "JWT",
            Flaw::LogoutTokenAccepted => typ == "logout+jwt",
            Flaw::EncryptedTakenForSigned | Flaw::UnsignedContentAccepted => header.get("enc").is_some(),
            _ => false,
        };
        if typ != "at+jwt" && !any_type { Err("type".into()) } else { Ok(()) }
    }
}

pub(crate) const ISSUER: &str = "https://issuer.example";
pub(crate) const AUDIENCE: &str = "https://api.example";

/// Whether a verifier of this flaw takes tokens by HMAC.
pub(crate) fn uses_hmac(flaw: Flaw) -> bool {
    matches!(flaw, Flaw::MacComparedByItsLength | Flaw::AlgorithmNotBound)
}

/// The claims of a good token.
pub(crate) fn claims(now: i64) -> Json {
    let text = format!(
        r#"{{"iss":"{ISSUER}","sub":"alice","aud":"{AUDIENCE}","client_id":"web","iat":{},"exp":{},"jti":"9f4e1d3c-9a8b-4c21"}}"#,
        now - 10,
        now + 1_800
    );
    Json::parse(&text).unwrap()
}

/// A good token.
pub(crate) fn mint(key: &SigningKey, flaw: Flaw, claims: &Json) -> String {
    typed(key, flaw, "at+jwt", claims)
}

/// A token of a type.
pub(crate) fn typed(key: &SigningKey, flaw: Flaw, typ: &str, claims: &Json) -> String {
    let alg = if uses_hmac(flaw) { "HS256" } else { "ES256" };
    let header = format!(r#"{{"alg":"{alg}","kid":"{}","typ":"{typ}"}}"#, key.key_id().unwrap());
    let input = format!("{}.{}", to_base64url(header.as_bytes()), to_base64url(claims.to_string().as_bytes()));
    let signature = if uses_hmac(flaw) { mac(SECRET, &input) } else { key.sign(input.as_bytes()).unwrap() };
    format!("{input}.{}", to_base64url(&signature))
}

/// A token encrypted by the shared key.
pub(crate) fn encrypted(inner: &str) -> String {
    let header = to_base64url(br#"{"alg":"dir","enc":"A256GCM","cty":"JWT"}"#);
    let cipher = aead::LessSafeKey::new(aead::UnboundKey::new(&aead::AES_256_GCM, SECRET).unwrap());
    let mut sealed = inner.as_bytes().to_vec();
    let nonce = aead::Nonce::try_assume_unique_for_key(&[9; 12]).unwrap();
    let tag = cipher.seal_in_place_separate_tag(nonce, aead::Aad::from(header.as_str()), &mut sealed).unwrap();
    format!("{header}..{}.{}.{}", to_base64url(&[9; 12]), to_base64url(&sealed), to_base64url(tag.as_ref()))
}

/// Why a token is refused.
#[derive(Debug)]
struct Refusal {
    status: u16,
    reason: &'static str,
}

impl From<&'static str> for Refusal {
    fn from(reason: &'static str) -> Self {
        Self { status: 401, reason }
    }
}

fn json(part: &str) -> Result<Json, Refusal> {
    base64url(part).and_then(|bytes| Json::from_bytes(&bytes)).filter(Json::is_object).ok_or(Refusal::from("json"))
}

fn mac(secret: &[u8], input: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), input.as_bytes()).as_ref().to_vec()
}

fn verifies(key: &SigningKey, input: &str, signature: &[u8]) -> bool {
    key.verifying_key().unwrap().verify(input.as_bytes(), signature).is_ok()
}

/// SubjectPublicKeyInfo of a P-256 key: a fixed prefix and the point.
fn spki(jwk: &str) -> Vec<u8> {
    let jwk = Json::parse(jwk).unwrap();
    let prefix = probity_audit::evidence::hex("3059301306072a8648ce3d020106082a8648ce3d03010703420004").unwrap();
    [prefix, base64url(jwk.text("x").unwrap()).unwrap(), base64url(jwk.text("y").unwrap()).unwrap()].concat()
}

fn pem(jwk: &str) -> String {
    let text = to_base64(&spki(jwk));
    let (first, second) = text.split_at(64);
    format!("-----BEGIN PUBLIC KEY-----\n{first}\n{second}\n-----END PUBLIC KEY-----\n")
}

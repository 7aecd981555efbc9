//! Reads a token and decides.

use aws_lc_rs::digest;
use probity_audit::evidence::{Json, base64url, to_base64url};
use probity_jose::{SignatureAlgorithm, VerifyingKey};
use std::sync::atomic::Ordering;

use super::{Flaw, Refusal, Verifier, json};

impl Verifier {
    pub(super) fn with_proof(
        &self,
        token: &str,
        proof: Option<&str>,
        method: &str,
        url: &str,
    ) -> Result<Json, Refusal> {
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

    pub(super) fn verify(&self, token: &str, lenient: bool) -> Result<Json, Refusal> {
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

    pub(super) fn verify_signed(&self, token: &str, lenient: bool) -> Result<Json, Refusal> {
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
}

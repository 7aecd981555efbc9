//! Checks claims and `typ`.

use probity_audit::evidence::Json;

use super::{AUDIENCE, Flaw, ISSUER, Refusal, Verifier};

impl Verifier {
    pub(super) fn check_claims(&self, header: &Json, claims: &Json) -> Result<(), Refusal> {
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

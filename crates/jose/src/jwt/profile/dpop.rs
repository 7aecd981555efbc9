//! DPoP proofs (RFC 9449): that whoever uses a token holds a key.

use core::time::Duration;

use aws_lc_rs::digest;

use crate::algorithm::SignatureAlgorithm;
use crate::base64url;
use crate::error::Error;
use crate::json::Document;
use crate::jwk::{Jwk, JwkSet, Members};
use crate::jwt::builder::Builder;
use crate::jwt::checks::Subject;
use crate::jwt::profile::Profile;
use crate::jwt::{TokenType, Verifier};
use crate::key::VerifyingKey;
use crate::time::UnixTime;

/// Verifies DPoP proofs (RFC 9449 section 4.3).
///
/// This is the one place where a token brings its own key: what counts is the key's thumbprint in the result, which
/// must be the one that the access token is bound to. The caller must accept each `jti` only once within `max_age`.
#[derive(Debug, Clone)]
pub struct DpopVerifier {
    /// The rules of every token, with what can be adjusted about them: `max_age` is 60 seconds unless set.
    pub policy: Verifier,
}

/// The request that a proof must be for.
#[derive(Debug, Clone, Copy)]
pub struct DpopRequest<'a> {
    /// The HTTP method.
    pub method: &'a str,
    /// The HTTP URI. Query and fragment are not compared.
    pub uri: &'a str,
    /// The access token that comes with the proof; nothing at the token endpoint.
    pub access_token: Option<&'a str>,
    /// The nonce that the server has given out, if it does.
    pub nonce: Option<&'a str>,
}

/// A verified proof. Only a [`DpopVerifier`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DpopProof {
    thumbprint: String,
    id: String,
    issued: UnixTime,
}

impl DpopVerifier {
    /// A verifier that allows some algorithms. Those of shared secrets are never allowed.
    ///
    /// ```
    /// use probity_jose::{SignatureAlgorithm, UnixTime, jwt};
    /// // RFC 9449 section 4.1, figure 2
    /// let proof = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg";
    /// let request = jwt::DpopRequest {
    ///     method: "POST",
    ///     uri: "https://server.example.com/token",
    ///     access_token: None,
    ///     nonce: None,
    /// };
    /// let verifier = jwt::DpopVerifier::new([SignatureAlgorithm::Es256]);
    /// let verified = verifier.verify(proof, &request, UnixTime::from_secs(1_562_262_620))?;
    /// assert_eq!(verified.thumbprint(), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
    /// # Ok::<(), probity_jose::Error>(())
    /// ```
    pub fn new(algorithms: impl IntoIterator<Item = SignatureAlgorithm>) -> Self {
        // Section 4.3, step 5: an asymmetric algorithm.
        let algorithms = algorithms.into_iter().filter(|algorithm| !algorithm.is_symmetric());
        let typ = TokenType::Exactly("dpop+jwt".into());
        let mut policy = Builder::new(Profile::Plain, typ, &["jti", "htm", "htu", "iat"])
            .danger_accept_any_issuer()
            .danger_accept_any_audience()
            .algorithms(algorithms);
        policy.max_age = Some(MAX_AGE);
        Self { policy }
    }

    /// Verifies a proof for a request.
    ///
    /// # Errors
    /// As [`Verifier::verify`]; [`Error::WrongRequest`], [`Error::WrongAccessToken`], [`Error::WrongNonce`].
    pub fn verify(&self, proof: &str, request: &DpopRequest<'_>, now: UnixTime) -> Result<DpopProof, Error> {
        let key = self.key_of(proof)?;
        let thumbprint = key.thumbprint().to_owned();
        let verified = self.policy.verify_and::<serde::de::IgnoredAny>(proof, &JwkSet::from(key), now, |subject| {
            check_request(subject, request)
        })?;
        let registered = verified.registered();
        let (id, issued) = (registered.jti.clone(), registered.iat);
        Ok(DpopProof { thumbprint, id: id.ok_or(Error::ClaimMissing)?, issued: issued.ok_or(Error::ClaimMissing)? })
    }

    /// The key in the proof's header (section 4.2), for the header's algorithm.
    fn key_of(&self, proof: &str) -> Result<VerifyingKey, Error> {
        let parts = self.policy.signature.split(proof)?;
        let header = self.policy.signature.read_protected(parts.header).map_err(|error| parts.explain(error))?;
        let document = Document::parse(header.protected().as_bytes())?;
        let jwk = document.root().member("jwk").ok_or(Error::HeaderMalformed)?;
        let jwk = Jwk::read(Members::of(jwk).map_err(|_| Error::HeaderMalformed)?)?;
        // Section 4.3, step 7: it must not hold a private key.
        if jwk.is_private() {
            return Err(Error::HeaderMalformed);
        }
        VerifyingKey::for_algorithm(&jwk, header.algorithm())
    }
}

impl DpopProof {
    /// The thumbprint of the key that signed: `jkt` of the tokens that are bound to it.
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// `jti`, to be accepted only once.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// `iat`.
    pub fn issued(&self) -> UnixTime {
        self.issued
    }
}

/// Section 4.3, steps 8 to 12.
fn check_request(subject: &Subject<'_>, request: &DpopRequest<'_>) -> Result<(), Error> {
    let required = |name| subject.text(name).and_then(|text| text.ok_or(Error::ClaimMissing));
    if required("htm")? != request.method || !is_same_uri(&required("htu")?, request.uri) {
        return Err(Error::WrongRequest);
    }
    if let Some(nonce) = request.nonce
        && subject.text("nonce")?.as_deref() != Some(nonce)
    {
        return Err(Error::WrongNonce);
    }
    let Some(access_token) = request.access_token else { return Ok(()) };
    let hash = base64url::encode(digest::digest(&digest::SHA256, access_token.as_bytes()).as_ref());
    if subject.text("ath")?.as_deref() == Some(&hash) { Ok(()) } else { Err(Error::WrongAccessToken) }
}

/// Section 4.3, step 9: without query and fragment, after the normalization of RFC 3986 sections 6.2.2.1 and 6.2.3:
/// scheme and host in lower case, no default port, at least a slash for a path.
fn is_same_uri(one: &str, other: &str) -> bool {
    match (normalize(one), normalize(other)) {
        (Some(one), Some(other)) => one == other,
        _ => false,
    }
}

/// Scheme, authority and path.
fn normalize(uri: &str) -> Option<(String, String, &str)> {
    let (scheme, rest) = uri.split_once("://")?;
    let rest = rest.split(['?', '#']).next()?;
    let (authority, path) = rest.find('/').and_then(|at| rest.split_at_checked(at)).unwrap_or((rest, "/"));
    let (scheme, authority) = (scheme.to_ascii_lowercase(), authority.to_ascii_lowercase());
    let port = if scheme == "https" { ":443" } else { ":80" };
    let authority = authority.strip_suffix(port).or(authority.strip_suffix(':')).unwrap_or(&authority).to_owned();
    let usable = matches!(scheme.as_str(), "https" | "http") && !authority.is_empty() && !authority.contains('@');
    usable.then_some((scheme, authority, path))
}

/// How old a proof may be unless set otherwise.
const MAX_AGE: Duration = Duration::from_mins(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_secrets_are_not_allowed_even_when_they_are_asked_for() {
        let verifier = DpopVerifier::new(SignatureAlgorithm::ALL.iter().copied());
        for algorithm in SignatureAlgorithm::ALL {
            let allowed = verifier.policy.signature.algorithms.contains(*algorithm);
            assert_eq!(allowed, !algorithm.is_symmetric(), "{algorithm}");
        }
    }

    #[test]
    fn uris_are_compared_without_query_after_normalization() {
        for (one, other) in [
            ("https://a.example/token", "https://a.example/token?x=1#y"),
            ("https://a.example/token?x=1", "https://a.example/token"),
            ("HTTPS://A.example:443/token", "https://a.example/token"),
            ("http://a.example:80", "http://a.example/"),
            ("https://a.example:/", "https://a.example"),
            ("https://[::1]:443/", "https://[::1]/"),
        ] {
            assert!(is_same_uri(one, other), "{one} {other}");
        }
        for (one, other) in [
            ("https://a.example/token", "http://a.example/token"),
            ("https://a.example/token", "https://a.example/Token"),
            ("https://a.example/token", "https://a.example/token/"),
            ("https://a.example/token", "https://a.example:8443/token"),
            ("https://a.example:80/", "https://a.example/"),
            ("https://a.example.evil/token", "https://a.example/token"),
            ("https://a.example@evil/", "https://evil/"),
            ("/token", "/token"),
            ("", ""),
        ] {
            assert!(!is_same_uri(one, other), "{one} {other}");
        }
    }
}

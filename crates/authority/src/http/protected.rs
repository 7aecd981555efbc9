//! Requests to what access tokens protect here: userinfo and the administration (RFC 6750, RFC 8705 section 3, RFC 9449
//! section 7).

use ::http::header::AUTHORIZATION;
use ::http::request::Parts;
use ::http::{HeaderMap, Method};
use axum::extract::FromRequestParts;
use probity_verifier::clock::unix_now;

use super::dpop::ProofFor;
use super::error::OAuthError;
use super::own_token::OwnToken;
use crate::authority::State;
use crate::domain::certificate::ClientCertificate;
use crate::domain::confirmation::Confirmation;

/// What of a request bears on its token.
pub(super) struct Protected {
    method: Method,
    headers: HeaderMap,
    certificate: Option<ClientCertificate>,
}

/// A token, and the scheme by which it came.
#[derive(Debug, Clone, Copy)]
pub(super) enum PresentedToken<'a> {
    /// RFC 6750: whoever has it may use it, unless it is bound to a certificate.
    Bearer(&'a str),
    /// RFC 9449 section 7.1: with a proof.
    Dpop(&'a str),
}

impl<S: Send + Sync> FromRequestParts<S> for Protected {
    type Rejection = OAuthError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, OAuthError> {
        let certificate = parts.extensions.get::<ClientCertificate>().cloned();
        Ok(Self { method: parts.method.clone(), headers: parts.headers.clone(), certificate })
    }
}

impl Protected {
    /// The token in the header.
    pub(super) fn token(&self) -> Option<PresentedToken<'_>> {
        let (scheme, token) = authorization(&self.headers)?;
        if scheme.eq_ignore_ascii_case("Bearer") {
            Some(PresentedToken::Bearer(token))
        } else if scheme.eq_ignore_ascii_case("DPoP") {
            Some(PresentedToken::Dpop(token))
        } else {
            None
        }
    }

    /// The token, if it is good in every respect and whoever sends it to this path has what it is bound to.
    pub(super) fn check(
        &self,
        state: &State,
        path: &'static str,
        presented: PresentedToken<'_>,
    ) -> Result<OwnToken, OAuthError> {
        self.check_all(state, path, presented).map_err(|error| OAuthError::AtResource(Box::new(error)))
    }

    fn check_all(
        &self,
        state: &State,
        path: &'static str,
        presented: PresentedToken<'_>,
    ) -> Result<OwnToken, OAuthError> {
        const NOT_GOOD: OAuthError = OAuthError::InvalidToken("the token is not good");
        let (PresentedToken::Bearer(token) | PresentedToken::Dpop(token)) = presented;
        let own = state.live_token(token, unix_now()).ok_or(NOT_GOOD)?;
        let bound = own.confirmation().map_err(|_| NOT_GOOD)?;
        let key = match presented {
            PresentedToken::Bearer(_) => None,
            PresentedToken::Dpop(_) => {
                let used = ProofFor { method: &self.method, path, access_token: Some(token) };
                let proof = state.read_proof(&self.headers, used)?;
                let key = state.use_proof(proof)?.ok_or(OAuthError::InvalidDpopProof("the proof is missing"))?;
                // RFC 9449 section 7.1: only a token that is bound to a key goes by this scheme.
                if bound.key.is_none() {
                    return Err(NOT_GOOD);
                }
                Some(key)
            }
        };
        let certificate = self.certificate.as_ref().map(ClientCertificate::thumbprint);
        if bound.is_met_by(&Confirmation { key, certificate }) { Ok(own) } else { Err(NOT_GOOD) }
    }
}

/// The token of `Authorization: Bearer`.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = authorization(headers)?;
    scheme.eq_ignore_ascii_case("Bearer").then_some(token)
}

/// Scheme and credentials of the one `Authorization` header.
fn authorization(headers: &HeaderMap) -> Option<(&str, &str)> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (only, None) = (values.next()?, values.next()) else {
        return None;
    };
    only.to_str().ok()?.split_once(' ')
}

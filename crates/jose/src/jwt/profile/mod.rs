//! Kinds of tokens, each with the type and the checks that its specification gives it.
//!
//! | profile | specification | made with |
//! |---|---|---|
//! | access token | RFC 9068 sections 2.2 and 4 | [`Verifier::access_token`] |
//! | ID token | OpenID Connect Core 1.0 section 3.1.3.7 | [`IdTokenVerifier`] |
//! | logout token | OpenID Connect Back-Channel Logout 1.0 section 2.6 | [`Verifier::logout_token`] |
//! | client assertion | RFC 7523 section 3 | [`Verifier::client_assertion`] |
//! | request object | RFC 9101 sections 4 and 6 | [`Verifier::request_object`] |
//! | DPoP proof | RFC 9449 section 4.3 | [`DpopVerifier`] |

mod access_token;
mod client_assertion;
mod dpop;
mod id_token;
mod logout_token;
mod request_object;

#[cfg(doc)]
use super::Verifier;
use super::checks::Subject;
use crate::error::Error;

pub use dpop::{DpopProof, DpopRequest, DpopVerifier};
pub use id_token::{IdTokenVerifier, half_hash};

/// The checks of a profile beyond those of every token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Profile {
    Plain,
    LogoutToken,
    ClientAssertion,
    RequestObject,
}

impl Profile {
    pub(super) fn check(self, subject: &Subject<'_>) -> Result<(), Error> {
        match self {
            Self::Plain => Ok(()),
            Self::LogoutToken => logout_token::check(subject),
            Self::ClientAssertion => client_assertion::check(subject),
            Self::RequestObject => request_object::check(subject),
        }
    }
}

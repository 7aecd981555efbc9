//! Which clients can work: the same for those of a file, of an administrator and of their own registration.

use super::metadata::{AuthMethod, ClientMetadata};
use super::policy::ClientPolicy;
use super::redirect_uri::{self, MAX_REDIRECT_URIS};
use super::{GrantType, MAX_CLIENT_ID_BYTES};
use crate::domain::algorithm::PublicAlgorithm;

/// The longest name of a client, in bytes.
pub const MAX_CLIENT_NAME_BYTES: usize = 200;

/// The longest audience, in bytes.
pub const MAX_AUDIENCE_BYTES: usize = 512;

/// A client as far as it can be checked without its secret.
#[derive(Debug, Clone, Copy)]
pub struct Outline<'a> {
    /// The grants that it may use.
    pub grant_types: &'a [GrantType],
    /// Where authorization responses may go.
    pub redirect_uris: &'a [String],
    /// Whether it has a secret.
    pub has_secret: bool,
    /// The rest of what it says of itself.
    pub metadata: &'a ClientMetadata,
    /// What the operator decides for it.
    pub policy: &'a ClientPolicy,
}

/// What an authority can do for its clients.
#[derive(Debug, Clone, Copy)]
pub struct Abilities<'a> {
    /// The algorithms that it signs with.
    pub algorithms: &'a [PublicAlgorithm],
    /// Whether it asks for client certificates.
    pub certificates: bool,
    /// Whether somebody vouches for them.
    pub vouchers: bool,
}

/// Why a client can't work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadClient {
    /// A redirect URI: RFC 7591 section 3.2.2 has a code of its own for these.
    #[error("redirect_uris: {0}")]
    RedirectUri(String),
    /// Anything else; names the member.
    #[error("{0}")]
    Metadata(String),
}

impl Outline<'_> {
    /// Checks what can be checked without asking anybody.
    ///
    /// # Errors
    /// [`BadClient`]
    pub fn check(&self) -> Result<(), BadClient> {
        let metadata = |text: &str| Err(BadClient::Metadata(text.to_owned()));
        let uses = |grant| self.grant_types.contains(&grant);
        if self.redirect_uris.len() > MAX_REDIRECT_URIS {
            return Err(BadClient::RedirectUri(format!("more than {MAX_REDIRECT_URIS}")));
        }
        if uses(GrantType::AuthorizationCode) && self.redirect_uris.is_empty() {
            return Err(BadClient::RedirectUri("authorization_code needs at least one".to_owned()));
        }
        let method = self.metadata.token_endpoint_auth_method;
        if method.is_some() && AuthMethod::uses_secret(method) && !self.has_secret {
            return metadata("client_secret: the token_endpoint_auth_method needs one");
        }
        if !AuthMethod::uses_secret(method) && self.has_secret {
            return metadata("client_secret: the token_endpoint_auth_method uses none");
        }
        let is_public = method.map_or(!self.has_secret, |method| method == AuthMethod::None);
        if uses(GrantType::ClientCredentials) && is_public {
            // RFC 6749 section 4.4: confidential clients only.
            return metadata("client_secret: client_credentials needs one, or another way to authenticate");
        }
        if self.policy.nonce_instead_of_pkce && is_public {
            // OAuth 2.1 section 7.5.1: the code alone would then open everything.
            return metadata(
                "policy: nonce_instead_of_pkce: only a client that authenticates itself may do without PKCE",
            );
        }
        for uri in self.redirect_uris {
            redirect_uri::check(uri).map_err(|reason| BadClient::RedirectUri(format!("{uri}: {reason}")))?;
        }
        let failed = |reason| BadClient::Metadata(format!("metadata: {reason}"));
        self.metadata.check(self.redirect_uris).map_err(failed)?;
        self.policy.check().map_err(|reason| BadClient::Metadata(format!("policy: {reason}")))
    }

    /// Checks that the authority can do what the client builds on.
    ///
    /// # Errors
    /// [`BadClient`]
    pub fn check_with(&self, abilities: Abilities<'_>) -> Result<(), BadClient> {
        let failed = |reason: &str| Err(BadClient::Metadata(format!("metadata: {reason}")));
        if self.metadata.needs_certificate() && !abilities.certificates {
            return failed("client certificates need a section client_certificates");
        }
        if self.metadata.token_endpoint_auth_method == Some(AuthMethod::TlsClientAuth) && !abilities.vouchers {
            return failed("tls_client_auth needs client_certificates.ca_file");
        }
        match self.metadata.algorithms().find(|wanted| !abilities.algorithms.contains(wanted)) {
            Some(foreign) => failed(&format!("{foreign} is not among signing_algorithms")),
            None => Ok(()),
        }
    }
}

/// Checks a `client_id` that somebody has chosen.
///
/// # Errors
/// [`BadClient`]
pub fn check_id(id: &str) -> Result<(), BadClient> {
    let printable = |byte: u8| matches!(byte, 0x21..=0x7e);
    if id.is_empty() || id.len() > MAX_CLIENT_ID_BYTES || !id.bytes().all(printable) {
        let reason = "client_id: 1 to 255 printable ASCII characters without spaces";
        return Err(BadClient::Metadata(reason.to_owned()));
    }
    Ok(())
}

/// Checks a name that users are to read.
///
/// # Errors
/// [`BadClient`]
pub fn check_name(name: &str) -> Result<(), BadClient> {
    if name.is_empty() || name.len() > MAX_CLIENT_NAME_BYTES || name.contains(char::is_control) {
        let reason = format!("client_name: 1 to {MAX_CLIENT_NAME_BYTES} bytes without control characters");
        return Err(BadClient::Metadata(reason));
    }
    Ok(())
}

/// Checks where access tokens are to be good.
///
/// # Errors
/// [`BadClient`]
pub fn check_audience(audience: &str) -> Result<(), BadClient> {
    if audience.is_empty() || audience.len() > MAX_AUDIENCE_BYTES || audience.contains(char::is_control) {
        let reason = format!("audience: 1 to {MAX_AUDIENCE_BYTES} bytes without control characters");
        return Err(BadClient::Metadata(reason));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_public_client_does_without_pkce() {
        let policy = ClientPolicy { nonce_instead_of_pkce: true, ..ClientPolicy::default() };
        let check = |method, has_secret| {
            let metadata = ClientMetadata { token_endpoint_auth_method: method, ..ClientMetadata::default() };
            Outline { grant_types: &[], redirect_uris: &[], has_secret, metadata: &metadata, policy: &policy }.check()
        };
        assert!(check(None, false).is_err() && check(Some(AuthMethod::None), false).is_err());
        assert_eq!(check(None, true), Ok(()));
    }

    #[test]
    fn a_client_has_a_secret_exactly_if_it_authenticates_by_one() {
        let check = |method, has_secret, grants: &[GrantType]| {
            let metadata = ClientMetadata { token_endpoint_auth_method: method, ..ClientMetadata::default() };
            let uris = ["https://app.example/cb".to_owned()];
            let policy = &ClientPolicy::default();
            Outline { grant_types: grants, redirect_uris: &uris, has_secret, metadata: &metadata, policy }.check()
        };
        let code = [GrantType::AuthorizationCode];
        for (method, has_secret, is_good) in [
            (None, true, true),
            (None, false, true),
            (Some(AuthMethod::ClientSecretBasic), true, true),
            (Some(AuthMethod::ClientSecretPost), false, false),
            (Some(AuthMethod::None), true, false),
            (Some(AuthMethod::None), false, true),
        ] {
            assert_eq!(check(method, has_secret, &code).is_ok(), is_good, "{method:?} {has_secret}");
        }
        let own = [GrantType::ClientCredentials];
        assert!(check(Some(AuthMethod::None), false, &own).is_err() && check(None, false, &own).is_err());
        assert!(check(None, true, &own).is_ok());
    }
}

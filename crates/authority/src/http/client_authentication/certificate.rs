//! `tls_client_auth` and `self_signed_tls_client_auth`: the client has proven a certificate's key in its TLS handshake
//! (RFC 8705 section 2).

use probity_jose::Error;
use probity_verifier::clock::unix_now;

use crate::authority::State;
use crate::domain::certificate::ClientCertificate;
use crate::domain::client::Client;
use crate::domain::client::metadata::AuthMethod;

impl State {
    /// Whether the connection's certificate is the client's.
    pub(super) async fn is_certified(&self, client: &Client, certificate: Option<&ClientCertificate>) -> bool {
        let Some(certificate) = certificate else {
            return false;
        };
        if client.authenticates_by(AuthMethod::TlsClientAuth) {
            // Section 2.1: somebody whom we trust says that it is about the registered subject.
            let is_vouched_for =
                self.vouchers.as_ref().is_some_and(|vouchers| vouchers.vouch_for(certificate, unix_now()));
            let subject = client.metadata.certificate_subject();
            return is_vouched_for && subject.is_some_and(|subject| certificate.is_about(&subject));
        }
        if client.authenticates_by(AuthMethod::SelfSignedTlsClientAuth) {
            // Section 2.2: the registered key is enough.
            let has_key = |keys: &probity_jose::JwkSet| {
                if certificate.has_key_of(keys) { Ok(()) } else { Err(Error::KeyNotFound) }
            };
            return self.with_client_keys(client, has_key).await.is_ok();
        }
        false
    }
}

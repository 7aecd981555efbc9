//! Finds the authorization request that a browser brings: as parameters, as a signed object, or as a reference to one that
//! was pushed.

use probity_jose::UnixTime;

use super::failure::Failure;
use crate::authority::State;
use crate::domain::authorization::{AuthorizationError, AuthorizationRequest, Origin};
use crate::domain::client::Client;
use crate::domain::parameters::Parameters;
use crate::domain::pushed_request::REFERENCE_PREFIX;
use crate::domain::secret::{PlainSecret, SecretHash, SecretKind};

/// A request that was found.
pub(super) struct Found {
    pub(super) client: Client,
    pub(super) request: AuthorizationRequest,
    /// What is used up when the request is granted.
    pub(super) pushed: Option<SecretHash>,
}

impl State {
    /// The client and the request that these parameters make. It came at `came`; that is also the moment at which its object
    /// or reference must have been good, since a login takes its time.
    pub(super) async fn find_request(&self, parameters: &Parameters, came: UnixTime) -> Result<Found, Failure> {
        let client = match parameters.get("client_id") {
            Some(id) => self.client(id).await?,
            None => None,
        };
        let client =
            client.ok_or(AuthorizationError::Unredirectable("The application that sent you here is not known."))?;
        let unreadable = |error, description| AuthorizationRequest::unreadable(parameters, &client, error, description);
        let (inside, origin, pushed) = match (parameters.get("request_uri"), parameters.get("request")) {
            (None, None) => (parameters.clone(), Origin::default(), None),
            // RFC 9101 section 5.
            (Some(_), Some(_)) => return Err(unreadable("invalid_request", "request beside request_uri").into()),
            (None, Some(object)) => {
                let inside = self.read_request_object(&client, object, came).await;
                let inside = inside.map_err(|(error, description)| unreadable(error, description))?;
                // RFC 9101 section 6.3: what stands beside the object does not count.
                (inside, Origin { signed: true, ..Origin::default() }, None)
            }
            (Some(reference), None) => {
                let Some(reference) = reference.strip_prefix(REFERENCE_PREFIX) else {
                    let description = "request_uri is only for requests that were pushed";
                    return Err(unreadable("request_uri_not_supported", description).into());
                };
                let hash = PlainSecret::hash_of(SecretKind::PushedRequest, reference).ok();
                let pushed = match &hash {
                    Some(hash) => self.store.pushed_request(hash).await?,
                    None => None,
                };
                let pushed = pushed.filter(|pushed| pushed.is_good(&client.id, came)).ok_or({
                    AuthorizationError::Unredirectable(
                        "This sign-in request has expired or was used. Please go back to the application and start again.",
                    )
                })?;
                (pushed.parameters, Origin { pushed: true, signed: pushed.signed }, hash)
            }
        };
        let mut request = AuthorizationRequest::read(&inside, &client, origin)?;
        if let Some(hint) = inside.get("id_token_hint") {
            let hint = self.read_id_token_hint(hint, &client.id, came);
            let hint =
                hint.ok_or_else(|| request.refused("invalid_request", "id_token_hint is no ID token of ours"))?;
            request = request.for_subject(hint.subject);
        }
        Ok(Found { client, request, pushed })
    }
}

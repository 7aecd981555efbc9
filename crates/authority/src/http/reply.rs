//! Sends the answer to an authorization request: by a redirect or a form, as parameters or as one signed JWT.

use ::http::{Response, StatusCode};
use axum::body::Body;
use probity_jose::UnixTime;
use serde::Serialize;
use serde_json::{Map, Value};

use super::browser::{self, see_other};
use super::error::OAuthError;
use crate::authority::State;
use crate::domain::authorization::{Carrier, Reply, with_query};
use crate::pages::FormPostPage;

/// `typ` of a signed answer (JARM section 2.1 has none of its own).
const TYPE: &str = "JWT";

/// JARM section 2.1.
#[derive(Serialize)]
struct SignedReply<'a> {
    iss: &'a str,
    aud: &'a str,
    exp: u64,
    #[serde(flatten)]
    parameters: Map<String, Value>,
}

impl State {
    /// Sends an answer to the client.
    pub(super) fn send(&self, reply: &Reply, now: UnixTime) -> Result<Response<Body>, OAuthError> {
        let to = &reply.to;
        let parameters =
            if to.mode.signed { vec![("response", self.sign_reply(reply, now)?)] } else { reply.parameters.clone() };
        match to.mode.carrier {
            Carrier::Query => {
                let pairs = parameters.iter().map(|(name, value)| (*name, value.as_str()));
                Ok(see_other(&with_query(&to.redirect_uri, pairs)))
            }
            Carrier::FormPost => {
                let page = FormPostPage {
                    action: &to.redirect_uri,
                    style: &self.style(),
                    script: browser::SUBMIT_SCRIPT,
                    parameters: &parameters,
                };
                Ok(browser::submitting_page(StatusCode::OK, &page, &to.redirect_uri))
            }
        }
    }

    fn sign_reply(&self, reply: &Reply, now: UnixTime) -> Result<String, OAuthError> {
        let claims = SignedReply {
            iss: &self.issuer,
            aud: &reply.to.client_id,
            // It is of use as long as the code in it.
            exp: now.plus(self.lifetimes.code).as_secs(),
            parameters: reply
                .parameters
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.as_str().into()))
                .collect(),
        };
        Ok(self.sign(TYPE, &claims, reply.to.algorithm)?)
    }
}

//! Where and how the answer to an authorization request goes: RFC 6749 section 4.1.2, OAuth 2.0 Multiple Response Types
//! section 2.1, Form Post Response Mode, JARM.

use url::Url;

use crate::domain::algorithm::PublicAlgorithm;

/// How the parameters of an answer travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// In the query of the redirect URI.
    Query,
    /// In a form that the browser posts to the redirect URI.
    FormPost,
}

/// `response_mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResponseMode {
    /// How they travel.
    pub carrier: Carrier,
    /// Whether they are one signed JWT (JARM).
    pub signed: bool,
}

impl ResponseMode {
    /// Every mode by its name. `fragment` is not among them: a code does not belong there.
    pub const ALL: [(&'static str, Self); 5] = [
        ("query", Self { carrier: Carrier::Query, signed: false }),
        ("form_post", Self { carrier: Carrier::FormPost, signed: false }),
        ("jwt", Self { carrier: Carrier::Query, signed: true }),
        ("query.jwt", Self { carrier: Carrier::Query, signed: true }),
        ("form_post.jwt", Self { carrier: Carrier::FormPost, signed: true }),
    ];

    /// The default for `response_type=code`.
    pub const QUERY: Self = Self { carrier: Carrier::Query, signed: false };

    /// The mode of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, mode)| mode)
    }
}

/// Where the answer to a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyTo {
    /// The client.
    pub client_id: String,
    /// One of its registered addresses.
    pub redirect_uri: String,
    /// How.
    pub mode: ResponseMode,
    /// Signs the answer, if the mode wants that; the authority's default when the client has not chosen.
    pub algorithm: Option<PublicAlgorithm>,
    /// Goes back as it came.
    pub state: Option<String>,
}

/// An answer: a code or an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Where it goes.
    pub to: ReplyTo,
    /// What it says.
    pub parameters: Vec<(&'static str, String)>,
}

impl Reply {
    /// An answer with `state`, and with `iss` against mix-up (RFC 9207 section 2; a signed answer has it as a claim, JARM
    /// section 2.1).
    pub fn new(to: ReplyTo, issuer: &str, mut parameters: Vec<(&'static str, String)>) -> Self {
        parameters.extend(to.state.clone().map(|state| ("state", state)));
        if !to.mode.signed {
            parameters.push(("iss", issuer.to_owned()));
        }
        Self { to, parameters }
    }

    /// An error: RFC 6749 section 4.1.2.1.
    pub fn error(to: ReplyTo, issuer: &str, error: &str, description: &str) -> Self {
        Self::new(to, issuer, vec![("error", error.to_owned()), ("error_description", description.to_owned())])
    }
}

/// A redirect URI with these parameters in its query, beside those that it has (RFC 6749 section 3.1.2).
pub fn with_query<'a>(redirect_uri: &str, parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    // The redirect URI was checked when it was registered.
    let Ok(mut url) = Url::parse(redirect_uri) else {
        return redirect_uri.to_owned();
    };
    url.query_pairs_mut().extend_pairs(parameters);
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(mode: &str) -> ReplyTo {
        ReplyTo {
            client_id: "app".into(),
            redirect_uri: "https://app.example/cb?x=1".into(),
            mode: ResponseMode::parse(mode).unwrap(),
            algorithm: None,
            state: Some("s t".into()),
        }
    }

    #[test]
    fn an_answer_has_state_and_issuer_and_leaves_the_redirect_uris_own_query() {
        let reply = Reply::new(to("query"), "https://as.example", vec![("code", "c+d".into())]);
        let parameters = reply.parameters.iter().map(|(name, value)| (*name, value.as_str()));
        assert_eq!(
            with_query(&reply.to.redirect_uri, parameters),
            "https://app.example/cb?x=1&code=c%2Bd&state=s+t&iss=https%3A%2F%2Fas.example"
        );
    }

    #[test]
    fn a_signed_answer_says_its_issuer_as_a_claim_and_not_twice() {
        let reply = Reply::error(to("jwt"), "https://as.example", "access_denied", "no");
        assert!(reply.parameters.iter().all(|(name, _)| *name != "iss"));
    }

    #[test]
    fn a_code_never_goes_into_a_fragment() {
        assert_eq!(ResponseMode::parse("fragment"), None);
        assert_eq!(ResponseMode::parse("fragment.jwt"), None);
    }
}

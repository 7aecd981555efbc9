//! Requests that the authority makes itself, to addresses that clients name: their key sets, and where they want to hear of a logout.
//!
//! Whoever registers a client chooses the address, so each request is guarded: HTTPS only, no redirects, no address inside
//! this network, small answers, little time.

mod address;
mod https;

pub(crate) use https::Https;

use std::pin::Pin;

use url::{Host, Url};

/// The most bytes of an answer that are read.
pub(crate) const MAX_ANSWER_BYTES: usize = 128 * 1024;

/// The longest address that is asked, in bytes.
pub(crate) const MAX_URL_BYTES: usize = 2_048;

/// Why an address was not asked, or did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OutboundError {
    #[error("not an https address without user name and fragment")]
    BadUrl,
    #[error("the address leads into this network")]
    Private,
    #[error("there was no answer: {0}")]
    Unreachable(String),
    #[error("the answer was {0}")]
    Status(u16),
    #[error("the answer is larger than {MAX_ANSWER_BYTES} bytes")]
    TooLarge,
}

/// An answer with the status 200.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OutboundAnswer {
    /// `Content-Type` without parameters, in lower case.
    pub(crate) media_type: String,
    /// The body.
    pub(crate) body: Vec<u8>,
}

type Answering<'a, T> = Pin<Box<dyn Future<Output = Result<T, OutboundError>> + Send + 'a>>;

/// Makes requests: over HTTPS, or as a test wants it.
pub(crate) trait Outbound: Send + Sync {
    /// Fetches a document.
    fn get<'a>(&'a self, url: &'a Url) -> Answering<'a, OutboundAnswer>;

    /// Posts a form; any answer of success will do.
    fn post_form<'a>(&'a self, url: &'a Url, form: &'a [(&'static str, &'a str)]) -> Answering<'a, ()>;
}

/// Reads an address that may be asked.
///
/// # Errors
/// [`OutboundError::BadUrl`]
pub(crate) fn parse_url(text: &str) -> Result<Url, OutboundError> {
    let url = Url::parse(text).map_err(|_| OutboundError::BadUrl)?;
    let is_good = text.len() <= MAX_URL_BYTES
        && url.scheme() == "https"
        && url.host().is_some()
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none();
    if is_good { Ok(url) } else { Err(OutboundError::BadUrl) }
}

/// The address that a URL names without a resolver, if it does.
fn literal_address(url: &Url) -> Option<std::net::IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_https_address_is_asked() {
        assert!(parse_url("https://a.example:8443/keys?x=1").is_ok());
        for text in [
            "http://a.example/keys",
            "https://user@a.example/",
            "https://:p@a.example/",
            "https://a.example/#x",
            "file:///etc/passwd",
            "keys",
            &format!("https://a.example/{}", "x".repeat(MAX_URL_BYTES)),
        ] {
            assert_eq!(parse_url(text), Err(OutboundError::BadUrl), "{text}");
        }
    }
}

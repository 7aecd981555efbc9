//! Resource indicators: RFC 8707. Where a token is to be good.

use url::Url;

use super::client::Client;

/// The most resources in one request.
pub const MAX_RESOURCES: usize = 8;

/// The longest resource indicator, in bytes.
pub const MAX_RESOURCE_BYTES: usize = 1_024;

/// A `resource` that no token is issued for: `invalid_target`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTarget {
    /// Not an absolute URI without fragment (section 2), or too many.
    #[error("resource is no absolute URI without fragment, or there are too many")]
    Malformed,
    /// One that the client may not ask for, or that was not granted.
    #[error("the resource is none that may be asked for here")]
    NotAllowed,
}

impl Client {
    /// The resources of an authorization request: those that were asked for, if the client may have them all.
    ///
    /// # Errors
    /// [`InvalidTarget`]
    pub fn resources(&self, requested: &[String]) -> Result<Vec<String>, InvalidTarget> {
        check(requested)?;
        let is_allowed = |resource: &String| *resource == self.audience || self.policy.resources.contains(resource);
        if requested.iter().all(is_allowed) { Ok(requested.to_vec()) } else { Err(InvalidTarget::NotAllowed) }
    }

    /// The audience of a token of the client itself.
    ///
    /// # Errors
    /// [`InvalidTarget`]
    pub fn own_audience(&self, requested: &[String]) -> Result<Vec<String>, InvalidTarget> {
        self.resources(requested).map(|resources| self.or_default(resources))
    }

    /// The audience of a token under a grant: those that are asked for now, of those that were granted; all of them when
    /// none is asked for (section 2.2).
    ///
    /// # Errors
    /// [`InvalidTarget`]
    pub fn audience_of(&self, granted: &[String], requested: &[String]) -> Result<Vec<String>, InvalidTarget> {
        check(requested)?;
        let granted = self.or_default(granted.to_vec());
        if requested.is_empty() {
            return Ok(granted);
        }
        if requested.iter().all(|resource| granted.contains(resource)) {
            Ok(requested.to_vec())
        } else {
            Err(InvalidTarget::NotAllowed)
        }
    }

    fn or_default(&self, resources: Vec<String>) -> Vec<String> {
        if resources.is_empty() { vec![self.audience.clone()] } else { resources }
    }
}

/// Section 2: an absolute URI without fragment.
fn check(resources: &[String]) -> Result<(), InvalidTarget> {
    let is_good = |resource: &String| {
        resource.len() <= MAX_RESOURCE_BYTES && Url::parse(resource).is_ok_and(|url| url.fragment().is_none())
    };
    let is_distinct = |at: usize, resource: &String| !resources.iter().take(at).any(|earlier| earlier == resource);
    let all_good = resources.iter().enumerate().all(|(at, resource)| is_good(resource) && is_distinct(at, resource));
    if resources.len() <= MAX_RESOURCES && all_good { Ok(()) } else { Err(InvalidTarget::Malformed) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::client::policy::ClientPolicy;

    const A: &str = "https://a.example/";
    const B: &str = "https://b.example/";

    fn client() -> Client {
        let policy = ClientPolicy { resources: vec![B.into()], ..ClientPolicy::default() };
        Client { audience: A.into(), policy, ..Client::sample() }
    }

    fn list(resources: &[&str]) -> Vec<String> {
        resources.iter().map(|resource| (*resource).to_owned()).collect()
    }

    #[test]
    fn a_client_gets_what_it_asks_for_of_what_it_may_have_and_its_default_when_it_asks_for_nothing() {
        assert_eq!(client().own_audience(&[]), Ok(list(&[A])));
        assert_eq!(client().own_audience(&list(&[B, A])), Ok(list(&[B, A])));
        assert_eq!(client().own_audience(&list(&["https://c.example/"])), Err(InvalidTarget::NotAllowed));
    }

    #[test]
    fn a_grant_is_only_ever_narrowed() {
        assert_eq!(client().audience_of(&list(&[A, B]), &[]), Ok(list(&[A, B])));
        assert_eq!(client().audience_of(&list(&[A, B]), &list(&[B])), Ok(list(&[B])));
        assert_eq!(client().audience_of(&list(&[B]), &list(&[A])), Err(InvalidTarget::NotAllowed));
        assert_eq!(client().audience_of(&[], &list(&[B])), Err(InvalidTarget::NotAllowed), "the default was granted");
    }

    #[test]
    fn what_is_no_resource_indicator_is_refused() {
        let many = (0..=MAX_RESOURCES).map(|n| format!("https://{n}.example/")).collect();
        let long = format!("https://a.example/{}", "x".repeat(MAX_RESOURCE_BYTES));
        for resources in [list(&["/api"]), list(&["https://a.example/#x"]), list(&[A, A]), list(&[&long]), many] {
            assert_eq!(client().own_audience(&resources), Err(InvalidTarget::Malformed), "{resources:?}");
        }
    }
}

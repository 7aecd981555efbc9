//! Consent: what a user has agreed that a client may have.

use std::collections::BTreeSet;

use probity_jose::UnixTime;

use super::authorization::AuthorizationRequest;
use super::claims::MAX_CLAIMS;
use super::resource::MAX_RESOURCES;
use super::scope::Scope;

/// What a user has agreed to, for one client. It stands until it is withdrawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// The scopes.
    pub scope: Scope,
    /// The claims that were asked for one by one.
    pub claims: BTreeSet<String>,
    /// Where the tokens may be good besides the client's own audience.
    pub resources: BTreeSet<String>,
    /// When the user was last asked.
    pub granted: UnixTime,
}

impl Consent {
    /// Consent to everything that a request asks for.
    pub fn to(request: &AuthorizationRequest, granted: UnixTime) -> Self {
        Self {
            scope: request.scope.clone(),
            claims: claims_of(request).map(str::to_owned).collect(),
            resources: request.resources.iter().cloned().collect(),
            granted,
        }
    }

    /// Whether it is consent to this request too.
    pub fn covers(&self, request: &AuthorizationRequest) -> bool {
        request.scope.names().all(|name| self.scope.contains(name))
            && claims_of(request).all(|claim| self.claims.contains(claim))
            && request.resources.iter().all(|resource| self.resources.contains(resource))
    }

    /// The same consent beside what was agreed to before; alone when both are more than one request could ask for, so that
    /// what is kept of a user and a client is bounded.
    #[must_use]
    pub fn beside(self, earlier: &Self) -> Self {
        let names = self.scope.names().chain(earlier.scope.names());
        let claims: BTreeSet<_> = self.claims.union(&earlier.claims).cloned().collect();
        let resources: BTreeSet<_> = self.resources.union(&earlier.resources).cloned().collect();
        match Scope::from_names(names) {
            Ok(scope) if claims.len() <= MAX_CLAIMS && resources.len() <= MAX_RESOURCES => {
                Self { scope, claims, resources, granted: self.granted }
            }
            _ => self,
        }
    }
}

/// The names of the claims that a request asks for one by one.
pub fn claims_of(request: &AuthorizationRequest) -> impl Iterator<Item = &str> {
    let claims = request.claims.userinfo.keys().chain(request.claims.id_token.keys());
    claims.map(String::as_str).filter(|claim| !ABOUT_LOGIN.contains(claim))
}

/// Claims about the login, which every ID token has.
const ABOUT_LOGIN: [&str; 5] = ["sub", "acr", "amr", "auth_time", "sid"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::authorization::Origin;
    use crate::domain::client::Client;
    use crate::domain::parameters::Parameters;

    const NOW: UnixTime = UnixTime::from_secs(1_000);

    fn request(scope: &str, claims: &[&str]) -> AuthorizationRequest {
        let client = Client { scope: Scope::parse("openid read write").unwrap(), ..Client::sample() };
        let claims = claims.iter().map(|claim| format!("\"{claim}\":null")).collect::<Vec<_>>().join(",");
        let parameters = Parameters::default()
            .with("response_type", "code")
            .with("scope", scope)
            .with("claims", &format!("{{\"userinfo\":{{{claims}}}}}"))
            .with("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
            .with("code_challenge_method", "S256");
        AuthorizationRequest::read(&parameters, &client, Origin::default()).unwrap()
    }

    #[test]
    fn consent_covers_what_was_agreed_to_or_less_and_nothing_more() {
        let consent = Consent::to(&request("openid read", &["name"]), NOW);
        assert!(consent.covers(&request("read", &[])));
        assert!(consent.covers(&request("openid", &["name", "acr"])), "every ID token says acr");
        assert!(!consent.covers(&request("openid write", &[])));
        assert!(!consent.covers(&request("openid", &["email"])));
        let elsewhere = AuthorizationRequest { resources: vec!["https://b.example".into()], ..request("read", &[]) };
        assert!(!consent.covers(&elsewhere));
    }

    #[test]
    fn consent_adds_up_until_it_would_grow_without_bound() {
        let earlier = Consent::to(&request("openid read", &["name"]), NOW);
        let both = Consent::to(&request("write", &["email"]), NOW.plus(1)).beside(&earlier);
        assert!(both.covers(&request("openid read write", &["name", "email"])));
        assert_eq!(both.granted, NOW.plus(1));
        let many: Vec<String> = (0..MAX_CLAIMS).map(|n| format!("c{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let alone = Consent::to(&request("write", &many), NOW).beside(&earlier);
        assert!(!alone.covers(&request("openid", &["name"])) && alone.claims.len() == MAX_CLAIMS);
    }
}

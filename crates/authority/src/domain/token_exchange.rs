//! Token exchange: RFC 8693. A token for one place is exchanged for one for another place, with less scope or as much.

use probity_jose::UnixTime;
use serde_json::{Map, Value, json};

use super::client::Client;
use super::confirmation::Confirmation;
use super::scope::{Scope, ScopeError};

/// The one type of token that is taken and given: an access token of this authority (section 3).
pub const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// The same by its form (section 3), as far as it is taken.
pub const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

/// How deep `act` may be nested: the length of the chain of services that act for each other.
pub const MAX_ACTORS: usize = 8;

/// A token that comes in, verified.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// `sub`.
    pub subject: String,
    /// `client_id`: to whom it was issued.
    pub client_id: String,
    /// `aud`.
    pub audience: Vec<String>,
    /// `scope`.
    pub scope: String,
    /// `exp`.
    pub expires: UnixTime,
    /// `act`: who acts already.
    pub actor: Option<Value>,
    /// `cnf`.
    pub confirmation: Confirmation,
}

/// Why a token is not exchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    /// The client has nothing to do with the token.
    #[error("the subject_token was issued neither to this client nor for a place of its own")]
    NotYours,
    /// It is bound to a key or certificate that was not proven.
    #[error("the token is bound to a key or certificate that was not proven")]
    Unproven,
    /// The actor's token belongs to somebody else.
    #[error("the actor_token was issued to another client")]
    NotYourActor,
    /// Too many act for each other.
    #[error("more than {MAX_ACTORS} act for each other")]
    TooManyActors,
    /// The scope.
    #[error(transparent)]
    Scope(#[from] ScopeError),
}

/// What the new token says that the old one does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchanged {
    /// What of the old one's scope it keeps.
    pub scope: Scope,
    /// `act`.
    pub actor: Option<Value>,
    /// When it expires at the latest.
    pub expires: UnixTime,
}

/// Decides about an exchange: who asks, with what it has proven, for which scope.
///
/// # Errors
/// [`ExchangeError`]
pub fn exchange(
    client: &Client,
    proven: &Confirmation,
    subject: &Incoming,
    actor: Option<&Incoming>,
    scope: Option<&str>,
) -> Result<Exchanged, ExchangeError> {
    let is_own = subject.client_id == client.id;
    let is_at_its_place = |place: &String| *place == client.id || client.policy.exchanges_tokens_for.contains(place);
    if !is_own && !subject.audience.iter().any(is_at_its_place) {
        return Err(ExchangeError::NotYours);
    }
    // A service can't prove the key of who has called it; who was issued the token can.
    if is_own && !subject.confirmation.is_met_by(proven) {
        return Err(ExchangeError::Unproven);
    }
    if let Some(actor) = actor {
        if actor.client_id != client.id {
            return Err(ExchangeError::NotYourActor);
        }
        if !actor.confirmation.is_met_by(proven) {
            return Err(ExchangeError::Unproven);
        }
    }
    // Never more than the token has, and never more than the client may have.
    let held = subject.scope.split(' ').filter(|name| client.scope.contains(name));
    let scope = Scope::from_names(held)?.grant(scope)?;
    let expires = actor.map_or(subject.expires, |actor| subject.expires.min(actor.expires));
    Ok(Exchanged { scope, actor: act(client, subject, actor)?, expires })
}

/// Section 4.1: who acts, around who has acted before. A chain is never shortened, or a service could hide that it was there.
fn act(client: &Client, subject: &Incoming, actor: Option<&Incoming>) -> Result<Option<Value>, ExchangeError> {
    let before = subject.actor.clone();
    if actor.is_none() && client.policy.may_impersonate {
        return Ok(before);
    }
    let acts = actor.map_or(client.id.as_str(), |actor| actor.subject.as_str());
    let mut act = Map::from_iter([("sub".to_owned(), Value::from(acts))]);
    if acts != client.id {
        act.insert("client_id".to_owned(), client.id.as_str().into());
    }
    let mut depth = 1;
    let mut link = before.as_ref();
    while let Some(act) = link {
        depth += 1;
        link = act.get("act");
    }
    if depth > MAX_ACTORS {
        return Err(ExchangeError::TooManyActors);
    }
    act.extend(before.map(|before| ("act".to_owned(), before)));
    Ok(Some(json!(act)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::client::policy::ClientPolicy;

    fn incoming() -> Incoming {
        Incoming {
            subject: "alice".into(),
            client_id: "app".into(),
            audience: vec!["https://orders.example".into()],
            scope: "read write other".into(),
            expires: UnixTime::from_secs(1_000),
            actor: None,
            confirmation: Confirmation::default(),
        }
    }

    fn orders() -> Client {
        let policy =
            ClientPolicy { exchanges_tokens_for: vec!["https://orders.example".into()], ..ClientPolicy::default() };
        Client { id: "orders".into(), scope: Scope::parse("read write admin").unwrap(), policy, ..Client::sample() }
    }

    fn exchanged(client: &Client, subject: &Incoming, scope: Option<&str>) -> Result<Exchanged, ExchangeError> {
        exchange(client, &Confirmation::default(), subject, None, scope)
    }

    #[test]
    fn scope_is_narrowed_to_what_both_have_and_to_what_is_asked_for() {
        let scope = |asked| exchanged(&orders(), &incoming(), asked).map(|exchanged| exchanged.scope.to_string());
        assert_eq!(scope(None).as_deref(), Ok("read write"));
        assert_eq!(scope(Some("read")).as_deref(), Ok("read"));
        for more in ["admin", "other", "read admin"] {
            assert_eq!(scope(Some(more)), Err(ExchangeError::Scope(ScopeError::NotAllowed)), "{more}");
        }
    }

    #[test]
    fn only_who_got_the_token_or_was_called_with_it_exchanges_it() {
        let other = Client { id: "other".into(), policy: ClientPolicy::default(), ..orders() };
        assert_eq!(exchanged(&other, &incoming(), None), Err(ExchangeError::NotYours));
        let app = Client { id: "app".into(), ..other.clone() };
        assert!(exchanged(&app, &incoming(), None).is_ok());
        assert!(exchanged(&other, &Incoming { audience: vec!["other".into()], ..incoming() }, None).is_ok());
    }

    #[test]
    fn section_4_1_who_acts_stands_around_who_acted_before() {
        let first = exchanged(&orders(), &incoming(), None).unwrap();
        assert_eq!(first.actor, Some(json!({"sub": "orders"})));
        let next = Client { id: "stock".into(), ..orders() };
        let second = exchanged(&next, &Incoming { actor: first.actor, ..incoming() }, None).unwrap();
        assert_eq!(second.actor, Some(json!({"sub": "stock", "act": {"sub": "orders"}})));
        let quiet = ClientPolicy { may_impersonate: true, ..next.policy.clone() };
        let quiet = Client { policy: quiet, ..next };
        assert_eq!(exchanged(&quiet, &incoming(), None).unwrap().actor, None);
        let kept = exchanged(&quiet, &Incoming { actor: second.actor.clone(), ..incoming() }, None).unwrap();
        assert_eq!(kept.actor, second.actor, "it can hide itself, and nobody before it");
        let deep = (0..MAX_ACTORS).fold(json!({"sub": "x"}), |act, _| json!({"sub": "x", "act": act}));
        let outcome = exchanged(&orders(), &Incoming { actor: Some(deep), ..incoming() }, None);
        assert_eq!(outcome, Err(ExchangeError::TooManyActors));
    }

    #[test]
    fn an_actors_token_is_the_clients_own_and_limits_the_time() {
        let actor = Incoming {
            subject: "robot".into(),
            client_id: "orders".into(),
            expires: UnixTime::from_secs(900),
            ..incoming()
        };
        let with = |actor: &Incoming| exchange(&orders(), &Confirmation::default(), &incoming(), Some(actor), None);
        let done = with(&actor).unwrap();
        assert_eq!(done.actor, Some(json!({"sub": "robot", "client_id": "orders"})));
        assert_eq!(done.expires, UnixTime::from_secs(900));
        assert_eq!(with(&Incoming { client_id: "app".into(), ..actor.clone() }), Err(ExchangeError::NotYourActor));
        let bound = Confirmation { key: Some("k".into()), certificate: None };
        assert_eq!(with(&Incoming { confirmation: bound, ..actor }), Err(ExchangeError::Unproven));
    }

    #[test]
    fn a_bound_token_is_exchanged_by_who_got_it_with_its_key_only() {
        let bound = Confirmation { key: Some("k".into()), certificate: None };
        let subject = Incoming { confirmation: bound.clone(), ..incoming() };
        let app = Client { id: "app".into(), ..orders() };
        assert_eq!(exchanged(&app, &subject, None), Err(ExchangeError::Unproven));
        assert!(exchange(&app, &bound, &subject, None, None).is_ok());
        assert!(exchanged(&orders(), &subject, None).is_ok(), "a service that was called with it");
    }
}

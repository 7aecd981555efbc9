//! The revocation protocol under every order of events (`model`) and under random faults (`simulation`).
//!
//! Both run the functions of the product: [`Follower`](probity_verifier::revocation::Follower) is the guard's side,
//! [`Registry`](probity_authority::revocation::Registry) and
//! [`Conversation`](probity_authority::revocation::Conversation) are the authority's.

#[cfg(test)]
mod check;
#[cfg(test)]
mod dice;
#[cfg(test)]
mod model;
#[cfg(test)]
mod simulation;

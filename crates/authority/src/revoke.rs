//! Carries out orders to revoke, and answers at the level that was asked for.

use std::collections::BTreeSet;
use std::time::Duration;

use probity_jose::UnixTime;
use probity_verifier::clock::{boot_now, unix_now};
use probity_verifier::revocation::{BadIdentifier, Position};
use serde::Serialize;
use tracing::info;

use crate::authority::State;
use crate::domain::audit_log::Event;
use crate::domain::revocation::Order;
use crate::keys::KeyError;
use crate::store::{Conflict, StoreError, Write, WriteError};

/// What an answer to a revocation means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum AnswerLevel {
    /// It is stored and can't be lost.
    #[default]
    Durable,
    /// Besides, every guard enforces it or refuses everything.
    Enforced,
}

impl AnswerLevel {
    /// The level of a name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name {
            "durable" => Some(Self::Durable),
            "enforced" => Some(Self::Enforced),
            _ => None,
        }
    }
}

/// Why an order could not be carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RevokeError {
    #[error(transparent)]
    BadIdentifier(#[from] BadIdentifier),
    #[error(transparent)]
    Keys(#[from] KeyError),
    #[error(transparent)]
    Read(#[from] StoreError),
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error("there is no such signing key, or it is compromised already")]
    NoSuchKey,
}

/// The answer to a revocation.
#[derive(Debug, Serialize)]
pub(crate) struct Revoked {
    level: &'static str,
    /// The revocation's place in the log, as `term-seq@writer`.
    position: String,
    /// Who enforces it; only at the level `enforced`.
    #[serde(skip_serializing_if = "Option::is_none")]
    guards: Option<Guards>,
    /// From the order to this answer, in microseconds.
    elapsed_us: u64,
    /// Of that, the time until it was on disk.
    durable_us: u64,
}

#[derive(Debug, Serialize)]
struct Guards {
    enforcing: u32,
    /// Names of guards whose leases had to run out: they refuse everything.
    expired: Vec<String>,
}

impl State {
    /// Makes an order durable; `None` when it had been carried out before.
    pub(crate) async fn revoke(&self, order: &Order, now: UnixTime) -> Result<Option<Position>, RevokeError> {
        self.revoke_along(order, Write::new(), now).await
    }

    /// The same together with another write: both are done or neither is.
    pub(crate) async fn revoke_along(
        &self,
        order: &Order,
        along: Write,
        now: UnixTime,
    ) -> Result<Option<Position>, RevokeError> {
        let mut write = along.and_other(order.write(now)?);
        if let Order::Key(kid) = order {
            let applied = self.keys.compromise(&self.store, kid, &write, now).await?.ok_or(RevokeError::NoSuchKey)?;
            let position = applied.position;
            self.metrics.ordered(order);
            info!(level = order.level(), position = position.map(|position| position.to_string()), "revoked");
            return Ok(position);
        }
        let mut names = BTreeSet::new();
        if let Order::Subject(subject) = order {
            names.extend(self.store.pairwise_names(subject).await?);
            write = revoking_names(write, &names, now)?;
        }
        let applied = match self.store.apply(write).await {
            Ok(applied) => applied,
            Err(WriteError::Conflict(Conflict::AlreadyRevoked)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let mut position = applied.position;
        if matches!(order, Order::Session { .. } | Order::Subject(_) | Order::Everything) {
            self.sessions_ended.notify_one();
        }
        if let Order::Subject(subject) = order {
            // A name that was added between our look and our write; after it there is no session that could add one.
            let mut late: BTreeSet<_> = self.store.pairwise_names(subject).await?.into_iter().collect();
            late.retain(|name| !names.contains(name));
            if !late.is_empty() {
                position = self.store.apply(revoking_names(Write::new(), &late, now)?).await?.position;
            }
        }
        self.metrics.ordered(order);
        info!(level = order.level(), position = position.map(|position| position.to_string()), "revoked");
        Ok(position)
    }

    /// Carries out an order and answers when the level is reached.
    pub(crate) async fn revoke_at(
        &self,
        order: &Order,
        level: AnswerLevel,
        event: Option<Event>,
    ) -> Result<Revoked, RevokeError> {
        let start = boot_now();
        // An order that had been carried out before is somewhere before the head.
        let along = event.into_iter().fold(Write::new(), Write::logging);
        let position = self.revoke_along(order, along, unix_now()).await?.unwrap_or_else(|| self.hub.head());
        let durable = boot_now().since(start);
        self.metrics.durable(durable);
        let guards = match level {
            AnswerLevel::Durable => None,
            AnswerLevel::Enforced => {
                let enforcement = self.hub.enforce(position).await;
                self.metrics.enforced(enforcement.elapsed, enforcement.guards_expired.len());
                Some(Guards { enforcing: enforcement.guards_enforcing, expired: enforcement.guards_expired })
            }
        };
        Ok(Revoked {
            level: if guards.is_some() { "enforced" } else { "durable" },
            position: position.to_string(),
            guards,
            elapsed_us: micros(boot_now().since(start)),
            durable_us: micros(durable),
        })
    }
}

/// The same write that also revokes what was issued under other names of a subject.
fn revoking_names(write: Write, names: &BTreeSet<String>, now: UnixTime) -> Result<Write, BadIdentifier> {
    names.iter().try_fold(write, |write, name| Ok(write.revoking(Order::Subject(name.clone()).record(now)?)))
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

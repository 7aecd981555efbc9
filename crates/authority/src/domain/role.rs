//! What callers of the administration may do.

use super::scope;

/// A role; each may do everything that the ones before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Reads.
    Auditor,
    /// Revokes, too.
    Operator,
    /// Does everything.
    Admin,
}

impl Role {
    /// Every role, the one that may do least first.
    pub const ALL: [Self; 3] = [Self::Auditor, Self::Operator, Self::Admin];

    /// The scope that gives it.
    pub const fn scope(self) -> &'static str {
        match self {
            Self::Auditor => scope::AUDITOR,
            Self::Operator => scope::OPERATOR,
            Self::Admin => scope::ADMIN,
        }
    }

    /// What it may do.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Auditor => "reads everything but secrets",
            Self::Operator => "revokes, and what an auditor may",
            Self::Admin => "everything",
        }
    }

    /// The one that may do most of those that scopes give.
    pub fn of(has_scope: impl Fn(&str) -> bool) -> Option<Self> {
        Self::ALL.into_iter().rev().find(|role| has_scope(role.scope()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_scopes_the_one_that_allows_most_counts() {
        let of = |scopes: &[&str]| Role::of(|name| scopes.contains(&name));
        assert_eq!(of(&["probity:auditor", "probity:operator"]), Some(Role::Operator));
        assert_eq!(of(&["probity:admin"]), Some(Role::Admin));
        assert_eq!(of(&["probity:metrics", "admin"]), None);
        assert!(Role::Auditor < Role::Operator && Role::Operator < Role::Admin);
    }
}

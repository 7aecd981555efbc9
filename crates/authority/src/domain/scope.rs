//! Scopes: RFC 6749 section 3.3.

use core::fmt;

/// The most scope names in one request or registration.
pub const MAX_SCOPES: usize = 64;

/// The longest scope name, in bytes.
pub const MAX_SCOPE_NAME_BYTES: usize = 128;

/// Asks for an ID token (OpenID Connect Core 1.0 section 3.1.2.1).
pub const OPENID: &str = "openid";

/// Asks for a refresh token (OpenID Connect Core 1.0 section 11).
pub const OFFLINE_ACCESS: &str = "offline_access";

/// What the names of all scopes start with that open this authority itself.
pub const OWN_SCOPES: &str = "probity:";

/// Allows the administration of this authority.
pub const ADMIN: &str = "probity:admin";

/// Allows to revoke, and to read the administration.
pub const OPERATOR: &str = "probity:operator";

/// Allows to read the administration.
pub const AUDITOR: &str = "probity:auditor";

/// Allows to read the metrics of this authority.
pub const METRICS: &str = "probity:metrics";

/// A set of scope names, in the order in which they were given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope(Vec<String>);

/// A scope that can't be granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// Not names of printable ASCII separated by single spaces, or too many, or one is too long.
    #[error("the scope is malformed")]
    Malformed,
    /// A name that the client may not ask for.
    #[error("the scope has a name that this client may not ask for")]
    NotAllowed,
}

impl Scope {
    /// Reads names separated by single spaces; a name given twice counts once.
    ///
    /// # Errors
    /// [`ScopeError::Malformed`]
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        Self::from_names(text.split(' '))
    }

    /// The set of these names.
    ///
    /// # Errors
    /// [`ScopeError::Malformed`]
    pub fn from_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, ScopeError> {
        let mut scope = Vec::new();
        for name in names {
            if !is_scope_name(name) || scope.len() == MAX_SCOPES {
                return Err(ScopeError::Malformed);
            }
            if !scope.iter().any(|known| known == name) {
                scope.push(name.to_owned());
            }
        }
        Ok(Self(scope))
    }

    /// What a client gets that asks for `requested`: that, or everything that it may have when it asks for nothing.
    ///
    /// # Errors
    /// [`ScopeError`]
    pub fn grant(&self, requested: Option<&str>) -> Result<Self, ScopeError> {
        let Some(requested) = requested else {
            return Ok(self.clone());
        };
        let requested = Self::parse(requested)?;
        if requested.0.iter().all(|name| self.contains(name)) { Ok(requested) } else { Err(ScopeError::NotAllowed) }
    }

    /// Whether a name is in it.
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|known| known == name)
    }

    /// Whether it has no name.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

/// RFC 6749 section 3.3: printable ASCII without space, `"` and `\`.
fn is_scope_name(name: &str) -> bool {
    let allowed = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
    !name.is_empty() && name.len() <= MAX_SCOPE_NAME_BYTES && name.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_gets_what_it_asks_for_within_what_it_may_have_and_all_when_it_asks_for_nothing() {
        let allowed = Scope::parse("read write").unwrap();
        assert_eq!(allowed.grant(None), Ok(allowed.clone()));
        assert_eq!(allowed.grant(Some("write write")).unwrap().to_string(), "write");
        assert_eq!(allowed.grant(Some("write admin")), Err(ScopeError::NotAllowed));
    }

    #[test]
    fn a_malformed_scope_is_refused() {
        for text in ["", " read", "read  write", "re\"ad", "re\\ad", "ré", "a\tb", &"x".repeat(129)] {
            assert_eq!(Scope::parse(text), Err(ScopeError::Malformed), "{text:?}");
        }
        let many: Vec<String> = (0..=MAX_SCOPES).map(|n| n.to_string()).collect();
        assert_eq!(Scope::parse(&many.join(" ")), Err(ScopeError::Malformed));
    }
}

//! `typ`: which kind of token this is (RFC 7515 section 4.1.9, RFC 8725 section 3.11).

use crate::error::Error;

/// What a verifier demands of `typ`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenType {
    /// This media type, without `application/`. Compared without regard to case, as media types are.
    Exactly(String),
    /// This media type, no `typ`, or `JWT`: for kinds of tokens that got a type of their own later.
    ExactlyOrUntyped(String),
    /// No `typ`, or `JWT`: for kinds of tokens that are older than explicit types, like ID tokens.
    Untyped,
    /// Anything. A token of another kind from the same issuer may then pass for this one.
    Unchecked,
}

impl TokenType {
    pub(super) fn check(&self, typ: Option<&str>) -> Result<(), Error> {
        let fits = match (self, typ) {
            (Self::Unchecked, _) | (Self::Untyped | Self::ExactlyOrUntyped(_), None) => true,
            (Self::Exactly(expected), Some(typ)) => is_same(expected, typ),
            (Self::ExactlyOrUntyped(expected), Some(typ)) => is_same(expected, typ) || is_same("JWT", typ),
            (Self::Untyped, Some(typ)) => is_same("JWT", typ),
            (Self::Exactly(_), None) => false,
        };
        if fits { Ok(()) } else { Err(Error::WrongType) }
    }
}

/// RFC 7515 section 4.1.9: `application/` may be left out when no other slash follows.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    short(one).eq_ignore_ascii_case(short(other))
}

fn short(typ: &str) -> &str {
    const PREFIX: &str = "application/";
    match typ.split_at_checked(PREFIX.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) && !rest.contains('/') => rest,
        _ => typ,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_compared_as_a_media_type() {
        let expected = TokenType::Exactly("at+jwt".into());
        for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+jwt"] {
            assert_eq!(expected.check(Some(typ)), Ok(()), "{typ}");
        }
        for typ in ["", "JWT", "jwt", "at+jwt ", "text/at+jwt", "application/x/at+jwt", "at+jwt;x=1", "application/"] {
            assert_eq!(expected.check(Some(typ)), Err(Error::WrongType), "{typ}");
        }
        assert_eq!(expected.check(None), Err(Error::WrongType));
    }

    #[test]
    fn untyped_is_absent_or_jwt() {
        assert_eq!(TokenType::Untyped.check(None), Ok(()));
        assert_eq!(TokenType::Untyped.check(Some("jwt")), Ok(()));
        assert_eq!(TokenType::Untyped.check(Some("at+jwt")), Err(Error::WrongType));
        assert_eq!(TokenType::Unchecked.check(Some("anything")), Ok(()));
    }
}

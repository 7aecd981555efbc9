//! What must be accepted once only, remembered until it would not be accepted anyway.

use aws_lc_rs::digest;
use probity_jose::{UnixTime, base64url};

use super::write::{Conflict, Expect, Statement};

/// Uses an identifier of a kind up; [`Conflict::Taken`] when it was used before.
pub(crate) fn use_once(kind: &'static str, parts: &[&str], expires: UnixTime) -> Statement {
    Statement::new(
        "INSERT INTO used_ids (id_hash, expires) VALUES ($1, $2) ON CONFLICT (id_hash) DO NOTHING",
        [hash(kind, parts).into(), expires.into()],
        Expect::One(Conflict::Taken),
    )
}

/// Forgets what can't be accepted any more.
pub(crate) fn drop_expired_ids(now: UnixTime) -> Statement {
    Statement::new("DELETE FROM used_ids WHERE expires <= $1", [now.into()], Expect::Any)
}

/// The parts with their lengths, so that no two lists of parts are one text.
fn hash(kind: &str, parts: &[&str]) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in [kind].iter().chain(parts) {
        context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(part.as_bytes());
    }
    base64url::encode(context.finish().as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_of_different_clients_or_kinds_are_different() {
        let all = [hash("a", &["b", "c"]), hash("a", &["bc", ""]), hash("ab", &["c"]), hash("x", &["b", "c"])];
        for (at, one) in all.iter().enumerate() {
            assert!(all.iter().skip(at + 1).all(|other| other != one));
        }
    }
}

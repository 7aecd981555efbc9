//! Tickets: since when an authorization request has been under way.
//!
//! A browser leaves for the login or consent page and comes back with the same request. Then the login that `prompt`
//! or `max_age` asked for has happened after the ticket's moment, and must not be asked for once more. The ticket is a MAC,
//! so nothing is stored, and a request that was changed on the way has no ticket.

use aws_lc_rs::hmac;
use probity_jose::{UnixTime, base64url};

use super::server_secret::ServerSecret;

/// For how long, in seconds, a request may be under way.
pub const MAX_UNDER_WAY_SECONDS: u64 = 3_600;

/// Makes and checks tickets.
#[derive(Debug)]
pub struct Tickets(hmac::Key);

impl Tickets {
    /// The tickets of an authority.
    pub fn new(secret: &ServerSecret) -> Self {
        Self(secret.derive("ticket"))
    }

    /// The ticket of a request that has been under way since a moment.
    pub fn issue(&self, request: &str, since: UnixTime) -> String {
        let tag = hmac::sign(&self.0, &signed(request, since));
        format!("{since}.{}", base64url::encode(tag.as_ref()))
    }

    /// Since when a request has been under way; nothing when the ticket is another request's, forged or too old.
    pub fn read(&self, request: &str, ticket: &str, now: UnixTime) -> Option<UnixTime> {
        let (since, tag) = ticket.split_once('.')?;
        let since = UnixTime::from_secs(since.parse().ok()?);
        let tag = base64url::decode(tag).ok()?;
        hmac::verify(&self.0, &signed(request, since), &tag).ok()?;
        (now.since(since) <= MAX_UNDER_WAY_SECONDS).then_some(since)
    }
}

fn signed(request: &str, since: UnixTime) -> Vec<u8> {
    [&since.as_secs().to_be_bytes()[..], request.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_good_for_its_own_request_for_an_hour() {
        let tickets = Tickets::new(&ServerSecret::new(&[1; 32]));
        let since = UnixTime::from_secs(1_000);
        let ticket = tickets.issue("a=1", since);
        assert_eq!(tickets.read("a=1", &ticket, UnixTime::from_secs(4_600)), Some(since));
        assert_eq!(tickets.read("a=1", &ticket, UnixTime::from_secs(4_601)), None);
        assert_eq!(tickets.read("a=2", &ticket, since), None);
        assert_eq!(tickets.read("a=1", &ticket.replacen("1000", "1001", 1), since), None);
        for odd in ["", ".", "1000", "1000.", "x.AAAA", "1000.AAAA"] {
            assert_eq!(tickets.read("a=1", odd, since), None, "{odd}");
        }
    }
}

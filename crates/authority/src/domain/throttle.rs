//! Throttling of logins: guessing is slow, and nobody can lock anybody else out.
//!
//! Each failed attempt costs, and what it cost comes back with time. What counts is an address (who tries many accounts), an
//! account at an address, and an account from anywhere (many addresses try one account). A browser in which the user has
//! logged in before has a count of its own, so that strangers can't use it up; and whoever comes from an address that has not
//! failed at this account gets a try however many others have.

use core::net::IpAddr;
use std::collections::HashMap;

use aws_lc_rs::hmac;
use probity_jose::{UnixTime, base64url};

use super::server_secret::ServerSecret;

/// The most counts that are kept. When there are more, those that matter least are forgotten.
pub const MAX_COUNTS: usize = 100_000;

/// Bytes of randomness in the name of a browser.
pub const DEVICE_BYTES: usize = 16;

/// How many failures at once are free, and after how many seconds one comes back.
#[derive(Debug, Clone, Copy)]
struct Limit {
    burst: u64,
    seconds: u64,
}

const ADDRESS: Limit = Limit { burst: 60, seconds: 10 };
const ACCOUNT: Limit = Limit { burst: 50, seconds: 60 };
const AT_ADDRESS: Limit = Limit { burst: 8, seconds: 60 };
/// The same while the account is under attack.
const AT_ADDRESS_UNDER_ATTACK: Limit = Limit { burst: 2, seconds: 60 };
const DEVICE: Limit = Limit { burst: 10, seconds: 30 };

/// Who tries to log in.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// The user name, whether there is one or not.
    pub account: &'a str,
    /// Where it comes from, if that is known.
    pub address: Option<IpAddr>,
    /// The browser, if the user has logged in in it before.
    pub device: Option<&'a str>,
}

/// Too many failures: come back after so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many failures; a try is possible in {0} s")]
pub struct Throttled(pub u64);

/// Counts failures. Each count is the moment at which all of it will have come back.
#[derive(Debug, Default)]
pub struct Throttle(HashMap<String, u64>);

impl Throttle {
    /// Takes a try, as if it failed; [`Throttle::succeeded`] gives it back.
    ///
    /// # Errors
    /// [`Throttled`]; nothing is taken then.
    pub fn take(&mut self, attempt: Attempt<'_>, now: UnixTime) -> Result<(), Throttled> {
        let counts = self.counts_of(attempt, now);
        let wait = counts.iter().map(|(key, limit)| self.wait(key, *limit, now)).max().unwrap_or(0);
        if wait > 0 {
            return Err(Throttled(wait));
        }
        for (key, limit) in counts {
            let count = self.0.entry(key).or_default();
            *count = (*count).max(now.as_secs()) + limit.seconds;
        }
        // With an address, the account's own count says only whether it is under attack.
        if attempt.device.is_none() && attempt.address.is_some() {
            let count = self.0.entry(account_key(attempt)).or_default();
            *count =
                ((*count).max(now.as_secs()) + ACCOUNT.seconds).min(now.as_secs() + ACCOUNT.burst * ACCOUNT.seconds);
        }
        self.forget(now);
        Ok(())
    }

    /// Gives back what a try has taken, because it was the right password.
    pub fn succeeded(&mut self, attempt: Attempt<'_>, now: UnixTime) {
        let mut counts = self.counts_of(attempt, now);
        if attempt.device.is_none() && attempt.address.is_some() {
            counts.push((account_key(attempt), ACCOUNT));
        }
        for (key, limit) in counts {
            if let Some(count) = self.0.get_mut(&key) {
                *count = count.saturating_sub(limit.seconds);
            }
        }
    }

    /// What has to have a try left.
    fn counts_of(&self, attempt: Attempt<'_>, now: UnixTime) -> Vec<(String, Limit)> {
        let account = attempt.account;
        match (attempt.device, attempt.address.map(network)) {
            (Some(device), _) => vec![(format!("device {device} {account}"), DEVICE)],
            (None, Some(address)) => {
                let is_attacked = self.wait(&account_key(attempt), ACCOUNT, now) > 0;
                let limit = if is_attacked { AT_ADDRESS_UNDER_ATTACK } else { AT_ADDRESS };
                vec![(format!("address {address}"), ADDRESS), (format!("pair {address} {account}"), limit)]
            }
            (None, None) => vec![(account_key(attempt), ACCOUNT)],
        }
    }

    /// In how many seconds there is a try; 0 when there is one.
    fn wait(&self, key: &str, limit: Limit, now: UnixTime) -> u64 {
        let taken = self.0.get(key).copied().unwrap_or(0).saturating_sub(now.as_secs());
        (taken + limit.seconds).saturating_sub(limit.burst * limit.seconds)
    }

    fn forget(&mut self, now: UnixTime) {
        if self.0.len() <= MAX_COUNTS {
            return;
        }
        self.0.retain(|_, count| *count > now.as_secs());
        if self.0.len() > MAX_COUNTS {
            let mut counts: Vec<u64> = self.0.values().copied().collect();
            let (_, middle, _) = counts.select_nth_unstable(MAX_COUNTS / 2);
            let middle = *middle;
            self.0.retain(|_, count| *count > middle);
        }
    }
}

fn account_key(attempt: Attempt<'_>) -> String {
    format!("account {}", attempt.account)
}

/// An IPv6 customer has a network of 2^64 addresses, so that counts as one.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) >> 64 << 64).into()),
        address @ IpAddr::V4(_) => address,
    }
}

/// Names browsers in which a user has logged in, so that they can be known again: a random name and a MAC, and nothing kept.
#[derive(Debug)]
pub struct Devices(hmac::Key);

impl Devices {
    /// The browsers of an authority.
    pub fn new(secret: &ServerSecret) -> Self {
        Self(secret.derive("login-device"))
    }

    /// What a browser gets when a user has logged in in it.
    pub fn issue(&self, account: &str, entropy: [u8; DEVICE_BYTES]) -> String {
        let name = base64url::encode(&entropy);
        let tag = hmac::sign(&self.0, format!("{name} {account}").as_bytes());
        format!("{name}.{}", base64url::encode(tag.as_ref()))
    }

    /// The name of the browser, if this user has logged in in it.
    pub fn read<'a>(&self, account: &str, text: &'a str) -> Option<&'a str> {
        let (name, tag) = text.split_once('.')?;
        let tag = base64url::decode(tag).ok()?;
        hmac::verify(&self.0, format!("{name} {account}").as_bytes(), &tag).ok()?;
        Some(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_000_000);

    fn from(address: u32) -> Attempt<'static> {
        Attempt { account: "alice", address: Some(IpAddr::from(address.to_be_bytes())), device: None }
    }

    /// How many tries somebody gets at once.
    fn tries(throttle: &mut Throttle, attempt: Attempt<'_>, now: UnixTime) -> usize {
        (0..1_000).take_while(|_| throttle.take(attempt, now).is_ok()).count()
    }

    #[test]
    fn one_address_gets_a_few_tries_at_an_account_and_then_one_now_and_then() {
        let mut throttle = Throttle::default();
        assert_eq!(tries(&mut throttle, from(1), NOW), 8);
        assert_eq!(throttle.take(from(1), NOW), Err(Throttled(60)));
        assert_eq!(tries(&mut throttle, from(1), NOW.plus(59)), 0);
        assert_eq!(tries(&mut throttle, from(1), NOW.plus(60)), 1);
    }

    #[test]
    fn one_address_that_tries_many_accounts_is_slowed_down() {
        let mut throttle = Throttle::default();
        let names: Vec<String> = (0..100).map(|n| format!("user{n}")).collect();
        let tried =
            names.iter().filter(|name| throttle.take(Attempt { account: name, ..from(1) }, NOW).is_ok()).count();
        assert_eq!(tried, 60);
    }

    #[test]
    fn many_addresses_can_not_lock_the_user_out_and_get_little_themselves() {
        let mut throttle = Throttle::default();
        let tried: usize = (0..1_000).map(|address| tries(&mut throttle, from(address), NOW)).sum();
        assert!(tried < 2_100, "two each: {tried}");
        assert!(throttle.take(from(5_000), NOW).is_ok(), "the user at an address of their own");
        let known = Attempt { device: Some("browser"), ..from(1) };
        assert!(throttle.take(known, NOW).is_ok(), "the user's browser, at an address of the attackers");
        assert_eq!(tries(&mut throttle, known, NOW), 9, "which has a limit too");
    }

    #[test]
    fn the_right_password_costs_nothing() {
        let mut throttle = Throttle::default();
        for attempt in [from(1), Attempt { address: None, ..from(1) }, Attempt { device: Some("d"), ..from(1) }] {
            for _ in 0..1_000 {
                throttle.take(attempt, NOW).unwrap();
                throttle.succeeded(attempt, NOW);
            }
        }
    }

    #[test]
    fn without_addresses_an_account_still_has_a_limit() {
        let mut throttle = Throttle::default();
        assert_eq!(tries(&mut throttle, Attempt { address: None, ..from(1) }, NOW), 50);
        assert!(throttle.take(Attempt { account: "bob", address: None, device: None }, NOW).is_ok());
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one() {
        let at = |text: &str| network(text.parse().unwrap());
        assert_eq!(at("2001:db8::1"), at("2001:db8::ffff:1"));
        assert_ne!(at("2001:db8::1"), at("2001:db8:0:1::1"));
        assert_eq!(at("::ffff:192.0.2.1"), at("192.0.2.1"));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut throttle = Throttle::default();
        for address in 0..120_000 {
            assert!(throttle.take(from(address), NOW).is_ok());
        }
        assert!(throttle.0.len() <= MAX_COUNTS + 3);
    }

    #[test]
    fn a_browser_is_known_for_its_own_user_only() {
        let devices = Devices::new(&ServerSecret::new(&[1; 32]));
        let text = devices.issue("alice", [7; DEVICE_BYTES]);
        assert!(devices.read("alice", &text).is_some());
        assert_eq!(devices.read("bob", &text), None);
        for odd in ["", ".", "x.y", &text[..text.len() - 1], &text.replacen('B', "C", 1)] {
            assert_eq!(devices.read("alice", odd), None, "{odd}");
        }
    }
}

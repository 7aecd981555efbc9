//! What the checks need beside the artifact that they look at.

use crate::blocklist::Blocklist;
use crate::evidence::Evidence;
use crate::secrets::{Progress, Wordlist};

/// The circumstances of an audit.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    /// Seconds since 1970.
    pub now: i64,
    /// What is demanded.
    pub policy: &'a Policy,
    /// Everything that was given, for checks that compare.
    pub evidence: &'a Evidence,
    /// Candidates for secrets beyond the built-in ones.
    pub wordlists: &'a [Wordlist],
    /// Products of known shared primes, as big-endian integers, from files of the operator.
    pub known_moduli: &'a [num_bigint::BigUint],
    /// Keys of broken generators, from a file of the operator.
    pub blocklist: Option<&'a Blocklist>,
    /// Told how far a word list is.
    pub progress: Option<&'a (dyn Fn(Progress) + Sync)>,
}

impl core::fmt::Debug for Setting<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Setting").field("now", &self.now).field("policy", &self.policy).finish_non_exhaustive()
    }
}

/// The thresholds of an audit. Every report prints them.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Policy {
    /// Seconds; an access token that lives longer gets a low finding.
    pub lifetime_low: i64,
    /// Seconds; a medium finding.
    pub lifetime_medium: i64,
    /// Seconds; a high finding.
    pub lifetime_high: i64,
    /// Seconds of clock difference that a verifier may forgive.
    pub leeway: i64,
    /// The authenticator assurance level (NIST SP 800-63B) that is asked for, 1 to 3.
    pub assurance_level: Option<u8>,
    /// Up to which length every HMAC secret of lower-case letters and digits is tried.
    pub brute_force_length: usize,
    /// Whether recovered secrets are shown.
    pub show_secrets: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            lifetime_low: 3_600,
            lifetime_medium: 86_400,
            lifetime_high: 2_592_000,
            leeway: 180,
            assurance_level: None,
            brute_force_length: 0,
            show_secrets: false,
        }
    }
}

//! A snapshot's name: where it stands, what it holds, and the authority's signature over both.
//!
//! The records of a snapshot come in the order of their bytes, each once, so that two authorities that know the same write
//! the same bytes. Their SHA-256 and their count are claims of a JWT with the type [`SNAPSHOT_TYPE`], signed with a key of
//! the issuer's set. Whoever carries a snapshot, a relay or a cache, can thus neither change it nor leave something out.

use aws_lc_rs::digest::{Context, SHA256};
use probity_jose::jwt::{self, TokenType};
use probity_jose::{Error, JwkSet, SignatureAlgorithm, SigningKey, UnixTime, base64url};
use serde::{Deserialize, Serialize};

use super::position::{Position, Positions};
use super::record::Revocation;

/// `typ` of a snapshot's signature.
pub const SNAPSHOT_TYPE: &str = "probity-snapshot+jwt";

/// What a snapshot is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SnapshotClaims {
    /// Every record up to here that lapses after the horizon is in it.
    pub positions: Positions,
    /// Records that lapsed at or before this may be missing.
    pub horizon: UnixTime,
    /// How many records it has.
    pub count: u64,
    /// SHA-256 of the records' bytes, one after the other.
    pub sha256: [u8; 32],
}

/// Why a snapshot is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// The signature is not the issuer's, or does not say what a snapshot's must.
    #[error("the snapshot's signature is refused: {0}")]
    Signature(#[from] Error),
    /// A record is repeated or out of order.
    #[error("the snapshot's records are not in order")]
    OutOfOrder,
    /// Other records came than were signed.
    #[error("the snapshot's records are not those that were signed")]
    OtherRecords,
}

#[derive(Serialize, Deserialize)]
struct Wire {
    iss: String,
    positions: Vec<String>,
    horizon: u64,
    count: u64,
    sha256: String,
}

impl SnapshotClaims {
    /// Signs the claims.
    ///
    /// # Errors
    /// When the key can't sign.
    pub fn sign(&self, issuer: &str, key: &SigningKey) -> Result<String, Error> {
        let wire = Wire {
            iss: issuer.to_owned(),
            positions: self.positions.iter().map(|place| place.to_string()).collect(),
            horizon: self.horizon.as_secs(),
            count: self.count,
            sha256: base64url::encode(&self.sha256),
        };
        jwt::sign(SNAPSHOT_TYPE, &wire, key)
    }

    /// Verifies a signature and reads what it says. It says nothing about time, so no clock is asked.
    ///
    /// # Errors
    /// [`SnapshotError::Signature`]
    pub fn verify(
        token: &str,
        issuer: &str,
        keys: &JwkSet,
        algorithms: &[SignatureAlgorithm],
    ) -> Result<Self, SnapshotError> {
        let mut policy = jwt::Verifier::custom(TokenType::Exactly(SNAPSHOT_TYPE.to_owned()))
            .issuer(issuer)
            .danger_accept_any_audience()
            .algorithms(algorithms.iter().copied());
        // A snapshot has no lifetime: its position says how old it is, and deltas bring it up to date.
        policy.required_claims = vec!["positions".to_owned()];
        let verified = policy.verify::<Wire>(token, keys, UnixTime::default())?;
        Self::read(verified.claims()).ok_or(SnapshotError::Signature(Error::ClaimsMismatch))
    }

    fn read(wire: &Wire) -> Option<Self> {
        let places = wire.positions.iter().map(|text| text.parse::<Position>().ok()).collect::<Option<Vec<_>>>()?;
        let positions = Positions::try_from(places).ok().filter(|positions| !positions.is_empty())?;
        let sha256 = base64url::decode(&wire.sha256).ok()?.try_into().ok()?;
        Some(Self { positions, horizon: UnixTime::from_secs(wire.horizon), count: wire.count, sha256 })
    }
}

/// Hashes records one after the other and watches their order.
#[derive(Clone)]
pub struct SnapshotHash {
    context: Context,
    count: u64,
    last: Vec<u8>,
}

impl std::fmt::Debug for SnapshotHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SnapshotHash").field("count", &self.count).finish_non_exhaustive()
    }
}

impl Default for SnapshotHash {
    fn default() -> Self {
        Self { context: Context::new(&SHA256), count: 0, last: Vec::new() }
    }
}

impl SnapshotHash {
    /// The next record.
    ///
    /// # Errors
    /// [`SnapshotError::OutOfOrder`] when its bytes are not above those of the record before.
    pub fn add(&mut self, record: &Revocation) -> Result<(), SnapshotError> {
        let mut bytes = Vec::with_capacity(self.last.len().max(64));
        record.encode(&mut bytes);
        self.add_bytes(bytes)
    }

    /// The next record's bytes.
    ///
    /// # Errors
    /// [`SnapshotError::OutOfOrder`]
    pub fn add_bytes(&mut self, bytes: Vec<u8>) -> Result<(), SnapshotError> {
        // No record is empty, so the first is above nothing.
        if bytes <= self.last {
            return Err(SnapshotError::OutOfOrder);
        }
        self.context.update(&bytes);
        self.count += 1;
        self.last = bytes;
        Ok(())
    }

    /// How many records there were, and their hash.
    pub fn finish(self) -> (u64, [u8; 32]) {
        let mut sha256 = [0; 32];
        sha256.iter_mut().zip(self.context.finish().as_ref()).for_each(|(to, from)| *to = *from);
        (self.count, sha256)
    }

    /// Compares what came with what was signed.
    ///
    /// # Errors
    /// [`SnapshotError::OtherRecords`]
    pub fn check(self, claims: &SnapshotClaims) -> Result<(), SnapshotError> {
        if self.finish() == (claims.count, claims.sha256) { Ok(()) } else { Err(SnapshotError::OtherRecords) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Target, Writer};
    use super::*;

    const ISSUER: &str = "https://as.example";
    const ALGORITHMS: [SignatureAlgorithm; 1] = [SignatureAlgorithm::Es256];

    fn token(jti: &str) -> Revocation {
        Revocation::own(Target::Token(jti.into()), UnixTime::from_secs(9))
    }

    fn hashed(names: &[&str]) -> SnapshotHash {
        let mut hash = SnapshotHash::default();
        names.iter().for_each(|name| hash.add(&token(name)).unwrap());
        hash
    }

    fn claims(names: &[&str]) -> SnapshotClaims {
        let (count, sha256) = hashed(names).finish();
        let place = Position { writer: Writer([7; 8]), term: 2, seq: 5 };
        SnapshotClaims { positions: place.into(), horizon: UnixTime::from_secs(77), count, sha256 }
    }

    fn key() -> (SigningKey, JwkSet) {
        let key = SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
        let set = JwkSet::from(key.verifying_key().unwrap());
        (key, set)
    }

    #[test]
    fn what_was_signed_is_what_is_read() {
        let (key, keys) = key();
        let claims = claims(&["a", "b"]);
        let token = claims.sign(ISSUER, &key).unwrap();
        assert_eq!(SnapshotClaims::verify(&token, ISSUER, &keys, &ALGORITHMS), Ok(claims));
    }

    #[test]
    fn a_snapshot_of_another_issuer_key_or_kind_is_refused() {
        let (key, keys) = key();
        let token = claims(&[]).sign(ISSUER, &key).unwrap();
        assert!(SnapshotClaims::verify(&token, "https://other.example", &keys, &ALGORITHMS).is_err());
        assert!(SnapshotClaims::verify(&token, ISSUER, &self::key().1, &ALGORITHMS).is_err());
        assert!(SnapshotClaims::verify(&token, ISSUER, &keys, &[]).is_err());
        // The same claims as an access token.
        let wire = serde_json::json!({"iss": ISSUER, "positions": ["2-5@0707070707070707"], "horizon": 1, "count": 0,
            "sha256": base64url::encode(&[0; 32])});
        let other = jwt::sign("at+jwt", &wire, &key).unwrap();
        assert!(SnapshotClaims::verify(&other, ISSUER, &keys, &ALGORITHMS).is_err());
        let same = jwt::sign(SNAPSHOT_TYPE, &wire, &key).unwrap();
        assert!(SnapshotClaims::verify(&same, ISSUER, &keys, &ALGORITHMS).is_ok());
    }

    #[test]
    fn a_record_left_out_added_or_changed_is_noticed() {
        let signed = claims(&["a", "b"]);
        assert_eq!(hashed(&["a", "b"]).check(&signed), Ok(()));
        for other in [&["a"][..], &["a", "b", "c"], &["a", "c"], &[]] {
            assert_eq!(hashed(other).check(&signed), Err(SnapshotError::OtherRecords));
        }
    }

    #[test]
    fn records_out_of_order_or_repeated_are_refused() {
        for (first, second) in [("b", "a"), ("a", "a")] {
            let mut hash = hashed(&[first]);
            assert_eq!(hash.add(&token(second)), Err(SnapshotError::OutOfOrder));
        }
    }
}

//! Keys of broken generators, as a list that the operator supplies: it is too large to come along.

use aws_lc_rs::digest;
use num_bigint::BigUint;

/// A list of RSA moduli whose private halves are known: sorted records of 16 bytes, of which 15 are the beginning of the
/// SHA-256 of the modulus and one names the flaw. This is the form of `blocklist.dat` of the badkeys project.
#[derive(Debug, Clone)]
pub struct Blocklist {
    records: Vec<u8>,
}

impl Blocklist {
    /// A list from the bytes of its file; `None` when they are no sorted records.
    pub fn new(records: Vec<u8>) -> Option<Self> {
        let (whole, rest) = records.as_chunks::<RECORD_BYTES>();
        (rest.is_empty() && !whole.is_empty() && whole.is_sorted()).then_some(Self { records })
    }

    /// How many keys are on it.
    pub fn len(&self) -> usize {
        self.records.len() / RECORD_BYTES
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The number of the flaw, when the modulus is on the list.
    pub fn find(&self, modulus: &BigUint) -> Option<u8> {
        let hash = digest::digest(&digest::SHA256, &modulus.to_bytes_be());
        let name = hash.as_ref().get(..HASH_BYTES)?;
        let (records, _) = self.records.as_chunks::<RECORD_BYTES>();
        let at = records.binary_search_by(|record| record.get(..HASH_BYTES).unwrap_or_default().cmp(name)).ok()?;
        records.get(at)?.get(HASH_BYTES).copied()
    }
}

const RECORD_BYTES: usize = 16;
const HASH_BYTES: usize = 15;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listed_modulus_is_found_and_no_other() {
        let record = |number: u32| {
            let hash = digest::digest(&digest::SHA256, &BigUint::from(number).to_bytes_be());
            [&hash.as_ref()[..HASH_BYTES], &[number.to_le_bytes()[0]]].concat()
        };
        let mut records: Vec<Vec<u8>> = (1_000..1_100).map(record).collect();
        records.sort();
        let list = Blocklist::new(records.concat()).unwrap();
        assert_eq!(list.len(), 100);
        assert_eq!(list.find(&BigUint::from(1_042u32)), Some(1_042u32.to_le_bytes()[0]));
        assert_eq!(list.find(&BigUint::from(1_142u32)), None);
    }

    #[test]
    fn what_is_no_list_is_refused() {
        assert!(Blocklist::new(Vec::new()).is_none());
        assert!(Blocklist::new(vec![0; 17]).is_none());
        assert!(Blocklist::new([[9; 16], [1; 16]].concat()).is_none());
    }
}

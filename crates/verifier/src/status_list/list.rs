//! A list of statuses (section 4).

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

/// The most bytes of a list when it is not compressed: as many as our own longest list has.
pub const MAX_STATUS_LIST_BYTES: usize = 1 << 24;

/// How many bits each status has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bits {
    /// Valid or invalid.
    One,
    /// Up to suspended and one status of the application's own.
    Two,
    /// Sixteen statuses.
    Four,
    /// 256 statuses.
    Eight,
}

impl Bits {
    /// The member `bits`.
    pub const fn count(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Four => 4,
            Self::Eight => 8,
        }
    }
}

impl TryFrom<u8> for Bits {
    type Error = MalformedStatusList;

    fn try_from(bits: u8) -> Result<Self, MalformedStatusList> {
        match bits {
            1 => Ok(Self::One),
            2 => Ok(Self::Two),
            4 => Ok(Self::Four),
            8 => Ok(Self::Eight),
            // Section 4.2: the allowed values are 1, 2, 4 and 8.
            _ => Err(MalformedStatusList::Bits),
        }
    }
}

/// What a list says of one token (section 7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// 0x00.
    Valid,
    /// 0x01: revoked for good.
    Invalid,
    /// 0x02: revoked for now.
    Suspended,
    /// Any other: what it means is the application's affair, and it is not valid.
    Other(u8),
}

/// A list that can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MalformedStatusList {
    /// Statuses have 1, 2, 4 or 8 bits.
    #[error("a status has 1, 2, 4 or 8 bits")]
    Bits,
    /// It is no zlib stream, or bytes follow it.
    #[error("the list is no zlib stream")]
    Compression,
    /// It is longer than [`MAX_STATUS_LIST_BYTES`].
    #[error("the list has more than {MAX_STATUS_LIST_BYTES} bytes")]
    TooLong,
}

/// Statuses by index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusList {
    bits: Bits,
    bytes: Vec<u8>,
}

impl StatusList {
    /// A list from its bytes: in each, the lowest bits are the first status.
    pub const fn new(bits: Bits, bytes: Vec<u8>) -> Self {
        Self { bits, bytes }
    }

    /// How many bits each status has.
    pub const fn bits(&self) -> Bits {
        self.bits
    }

    /// How many bytes it has when it is not compressed.
    pub const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether it has no entry.
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The status at an index; nothing when the list is shorter (section 8.3: then the token must be rejected).
    pub fn get(&self, index: u64) -> Option<Status> {
        let bits = u64::from(self.bits.count());
        let bit = index.checked_mul(bits)?;
        let byte = *self.bytes.get(usize::try_from(bit / 8).ok()?)?;
        let mask = u8::MAX >> (8 - bits);
        Some(match (byte >> (bit % 8)) & mask {
            0 => Status::Valid,
            1 => Status::Invalid,
            2 => Status::Suspended,
            other => Status::Other(other),
        })
    }

    /// The list as a zlib stream (RFC 1950), the member `lst` before it becomes base64url.
    pub fn compress(&self) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        // A vector takes everything.
        let written = encoder.write_all(&self.bytes);
        written.and_then(|()| encoder.finish()).unwrap_or_default()
    }

    /// Reads a zlib stream. Never takes more memory than the longest list has, whatever the stream says of itself.
    ///
    /// # Errors
    /// [`MalformedStatusList`]
    pub fn inflate(bits: Bits, compressed: &[u8]) -> Result<Self, MalformedStatusList> {
        let mut decoder = ZlibDecoder::new(compressed);
        let mut bytes = Vec::new();
        let limit = MAX_STATUS_LIST_BYTES as u64 + 1;
        let read = decoder.by_ref().take(limit).read_to_end(&mut bytes);
        if bytes.len() > MAX_STATUS_LIST_BYTES {
            return Err(MalformedStatusList::TooLong);
        }
        read.map_err(|_| MalformedStatusList::Compression)?;
        if decoder.total_in() != compressed.len() as u64 {
            return Err(MalformedStatusList::Compression);
        }
        Ok(Self { bits, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    // Section 4.1: the statuses 1,0,0,1,1,1,0,1, 1,1,0,0,0,1,0,1 of one bit.
    const ONE_BIT: [u8; 2] = [0xb9, 0xa3];

    #[test]
    fn the_lowest_bits_of_a_byte_come_first() {
        let list = StatusList::new(Bits::One, ONE_BIT.into());
        let read: Vec<bool> = (0..16).map(|index| list.get(index) == Some(Status::Invalid)).collect();
        let expected = [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1].map(|bit| bit == 1);
        assert_eq!(read, expected);
        // Section 4.1: the statuses 1,2,0,3, 0,1,0,1, 1,2,3,3 of two bits.
        let list = StatusList::new(Bits::Two, vec![0xc9, 0x44, 0xf9]);
        assert_eq!(
            (0..4).map(|index| list.get(index).unwrap()).collect::<Vec<_>>(),
            [Status::Invalid, Status::Suspended, Status::Valid, Status::Other(3)]
        );
    }

    #[test]
    fn an_index_beyond_the_list_has_no_status() {
        let list = StatusList::new(Bits::One, ONE_BIT.into());
        for index in [16, 17, u64::MAX / 2, u64::MAX] {
            assert_eq!(list.get(index), None, "{index}");
        }
        assert_eq!(StatusList::new(Bits::Eight, vec![]).get(0), None);
    }

    #[test]
    fn a_bomb_is_refused_before_it_has_gone_off() {
        let bomb = StatusList::new(Bits::One, vec![0; MAX_STATUS_LIST_BYTES + 1]).compress();
        assert!(bomb.len() < 20_000, "{}", bomb.len());
        assert_eq!(StatusList::inflate(Bits::One, &bomb), Err(MalformedStatusList::TooLong));
        let longest = StatusList::new(Bits::One, vec![0; MAX_STATUS_LIST_BYTES]);
        assert_eq!(StatusList::inflate(Bits::One, &longest.compress()), Ok(longest));
    }

    #[test]
    fn bytes_after_the_stream_and_a_cut_one_are_refused() {
        let whole = StatusList::new(Bits::One, ONE_BIT.into()).compress();
        let longer: Vec<u8> = whole.iter().copied().chain([0]).collect();
        for bytes in [&longer[..], &whole[..whole.len() - 1], &[], &ONE_BIT] {
            assert_eq!(StatusList::inflate(Bits::One, bytes), Err(MalformedStatusList::Compression), "{bytes:?}");
        }
    }

    #[test]
    fn a_status_has_one_two_four_or_eight_bits() {
        assert_eq!([0, 3, 5, 16].map(Bits::try_from), [Err(MalformedStatusList::Bits); 4]);
        assert_eq!([1, 2, 4, 8].map(|bits| Bits::try_from(bits).unwrap().count()), [1, 2, 4, 8]);
    }

    proptest! {
        #[test]
        fn a_list_reads_back_as_it_was_compressed(bytes in proptest::collection::vec(any::<u8>(), 0..500)) {
            let list = StatusList::new(Bits::Four, bytes);
            prop_assert_eq!(StatusList::inflate(Bits::Four, &list.compress()), Ok(list));
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = StatusList::inflate(Bits::One, &bytes);
        }
    }

    /// The vectors of the specification, when they lie beside the project.
    #[test]
    fn the_specifications_lists_read_as_it_says() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/status-list/status_list_vectors.json");
        let Ok(text) = std::fs::read_to_string(path) else {
            return;
        };
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        let vectors = document["vectors"].as_array().unwrap();
        assert!(!vectors.is_empty());
        for vector in vectors {
            let number = |name: &str| vector[name].as_u64().unwrap();
            let bits = Bits::try_from(u8::try_from(number("bits")).unwrap()).unwrap();
            let compressed = probity_jose::base64url::decode(vector["status_list"]["lst"].as_str().unwrap()).unwrap();
            let list = StatusList::inflate(bits, &compressed).unwrap();
            let listed = vector["expected_nonzero_or_listed"].as_object().unwrap();
            let value = |status| match status {
                Status::Valid => 0,
                Status::Invalid => 1,
                Status::Suspended => 2,
                Status::Other(other) => u64::from(other),
            };
            for index in 0..number("size") {
                let expected = listed.get(&index.to_string()).map_or(0, |value| value.as_u64().unwrap());
                assert_eq!(value(list.get(index).unwrap()), expected, "{bits:?} {index}");
            }
            assert_eq!(list.get(number("size")), None);
        }
    }
}

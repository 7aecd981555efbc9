//! Writes DER values. All of it may be private keys, so all of it is overwritten when dropped.

use zeroize::Zeroizing;

use super::tag;

pub(super) type Der = Zeroizing<Vec<u8>>;

/// A value from the parts of its content.
pub(super) fn value(tag: u8, parts: &[&[u8]]) -> Der {
    let length = parts.iter().map(|part| part.len()).sum::<usize>();
    // The full capacity at once: a vector that grows leaves copies behind.
    let mut der = Zeroizing::new(Vec::with_capacity(length + 1 + 1 + size_of::<usize>()));
    der.push(tag);
    let big_endian = length.to_be_bytes();
    let significant = big_endian.iter().skip_while(|byte| **byte == 0);
    if length >= 0x80 {
        let count = significant.clone().fold(0_u8, |count, _| count + 1);
        der.push(0x80 | count);
    }
    der.extend(significant);
    if length == 0 {
        der.push(0);
    }
    for part in parts {
        der.extend_from_slice(part);
    }
    der
}

pub(super) fn sequence(parts: &[&[u8]]) -> Der {
    value(tag::SEQUENCE, parts)
}

/// A positive integer from its bytes without leading zeros.
pub(super) fn positive(bytes: &[u8]) -> Der {
    let sign: &[u8] = if bytes.first().is_some_and(|byte| *byte >= 0x80) { &[0] } else { &[] };
    value(tag::INTEGER, &[sign, bytes])
}

/// A small integer: a version.
pub(super) fn small(number: u8) -> Der {
    value(tag::INTEGER, &[&[number]])
}

/// A bit string of whole bytes.
pub(super) fn bits(bytes: &[u8]) -> Der {
    value(tag::BIT_STRING, &[&[0], bytes])
}

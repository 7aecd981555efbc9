//! Compresses (RFC 1951) as far as tokens that unpack to much need it: literals, and runs of a repeated group of four bytes.

/// One block with the fixed codes.
pub(crate) fn deflate(data: &[u8]) -> Vec<u8> {
    let mut bits = Bits::default();
    // The last block, with fixed codes.
    bits.low_first(0b011, 3);
    let mut rest = data;
    let mut done = 0_usize;
    while let Some(byte) = rest.first() {
        let before = data.get(done.saturating_sub(GROUP)..).unwrap_or_default();
        let run = rest.len() >= RUN && done >= GROUP && rest.iter().zip(before).take(RUN).all(|(new, old)| new == old);
        let step = if run {
            // Length 258 is code 285, distance 4 is code 3.
            bits.high_first(0b1100_0101, 8);
            bits.high_first(3, 5);
            RUN
        } else {
            match u32::from(*byte) {
                low @ 0..144 => bits.high_first(0x30 + low, 8),
                high => bits.high_first(0x190 + high - 144, 9),
            }
            1
        };
        done += step;
        rest = rest.get(step..).unwrap_or_default();
    }
    bits.high_first(0, 7);
    bits.bytes
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: u32,
}

impl Bits {
    /// Codes stand with their highest bit first.
    fn high_first(&mut self, code: u32, length: u32) {
        (0..length).rev().for_each(|bit| self.push(code >> bit & 1));
    }

    /// Numbers stand with their lowest bit first.
    fn low_first(&mut self, number: u32, length: u32) {
        (0..length).for_each(|bit| self.push(number >> bit & 1));
    }

    fn push(&mut self, bit: u32) {
        if self.used.is_multiple_of(8) {
            self.bytes.push(0);
        }
        if let Some(last) = self.bytes.last_mut() {
            *last |= u8::from(bit == 1) << (self.used % 8);
        }
        self.used += 1;
    }
}

/// What is repeated, in bytes: what three equal bytes are in base64url.
const GROUP: usize = 4;

/// The longest run that one code stands for.
const RUN: usize = 258;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_coded_as_the_specification_says() {
        // As zlib writes the fixed block of this text.
        assert_eq!(deflate(b"abc"), [0x4b, 0x4c, 0x4a, 0x06, 0x00]);
    }

    #[test]
    fn a_million_bytes_become_a_few_thousand() {
        assert!(deflate(&b"YWFh".repeat(250_000)).len() < 7_000);
    }
}

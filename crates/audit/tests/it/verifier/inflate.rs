//! Unpacks one block with fixed codes (RFC 1951 section 3.2.6), literals and runs of length 258 at distance 4.

/// What the bytes unpack to, when that is at most `limit` long.
pub(super) fn inflate(bytes: &[u8], limit: usize) -> Option<Vec<u8>> {
    let mut bits = bytes.iter().flat_map(|byte| (0..8).map(move |bit| u32::from(byte >> bit & 1)));
    let mut code = |length: u32| (0..length).try_fold(0, |code, _| Some(code << 1 | bits.next()?));
    let mut text: Vec<u8> = Vec::new();
    // The last block, with fixed codes: 1, then 1 0.
    (code(3)? == 0b110).then_some(())?;
    while text.len() <= limit {
        match code(7)? {
            0 => return Some(text),
            start @ 0..24 => panic!("a length of code {start} is not written by this audit"),
            start @ 24..96 => text.push(u8::try_from((start << 1 | code(1)?) - 0x30).unwrap()),
            start @ 96..100 => {
                let run = start << 1 | code(1)?;
                assert_eq!((run, code(5)?), (0b1100_0101, 3), "another run than this audit writes");
                for _ in 0..258 {
                    text.push(text[text.len() - 4]);
                }
            }
            start => text.push(u8::try_from((start << 2 | code(2)?) - 0x190 + 144).unwrap()),
        }
    }
    None
}

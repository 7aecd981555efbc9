//! Finds a name that occurs twice in an object, without hashing or allocating for objects of usual size.

use std::borrow::Cow;
use std::collections::HashSet;

use super::{Kind, Node};

/// The names of one object so far.
pub(super) struct Names {
    /// A number for each name, by its length and some of its bytes. A name whose number is not there is surely new.
    seen: [u32; FEW],
    /// A bit for each of these numbers, by its hash. A number whose bit is not set is not among them.
    bits: [u64; BIT_WORDS],
    count: usize,
    /// Whether a name had escapes. It may equal one of another form, so that numbers say nothing any more.
    escaped: bool,
    /// Unescaped names, once there are many: from then on a set answers.
    many: Option<HashSet<String>>,
}

/// Up to how many names an object gets by with numbers.
const FEW: usize = 32;

/// Words of 64 bits: so many that the names of a usual object rarely share a bit.
const BIT_WORDS: usize = 4;

impl Names {
    pub(super) const fn new() -> Self {
        Self { seen: [0; FEW], bits: [0; BIT_WORDS], count: 0, escaped: false, many: None }
    }

    /// Takes the name that has just been read, the last node, into the object at node `object`; false when the object
    /// has it already.
    #[inline]
    pub(super) fn add(&mut self, nodes: &[Node<'_>], object: usize) -> bool {
        let Some((name, earlier)) = nodes.split_last() else { return true };
        let number = fingerprint(name.text);
        self.escaped |= name.kind == Kind::EscapedString;
        let known = self.escaped || self.may_know(number) && self.knows(number);
        let is_new = match self.seen.get_mut(self.count) {
            Some(place) if !known => {
                *place = number;
                true
            }
            _ => self.is_new(name, earlier.get(object + 1..).unwrap_or_default()),
        };
        self.count += 1;
        is_new
    }

    /// Whether a number's bit was set; it is afterwards.
    #[inline]
    fn may_know(&mut self, number: u32) -> bool {
        // The high bits of the product depend on all bits of the number.
        let hash = number.wrapping_mul(0x9e37_79b1) >> 24;
        let bit = 1 << (hash % u64::BITS);
        let Some(word) = self.bits.get_mut((hash / u64::BITS) as usize) else { return true };
        let was_set = *word & bit != 0;
        *word |= bit;
        was_set
    }

    #[cold]
    fn knows(&self, number: u32) -> bool {
        self.seen.get(..self.count).is_none_or(|seen| seen.contains(&number))
    }

    #[cold]
    fn is_new(&mut self, name: &Node<'_>, earlier: &[Node<'_>]) -> bool {
        let new = name.string().unwrap_or_default();
        let mut earlier = names(earlier);
        if self.count < FEW {
            return earlier.all(|name| name != new);
        }
        self.many.get_or_insert_with(|| earlier.map(Cow::into_owned).collect()).insert(new.into_owned())
    }
}

/// The names among the nodes of an object's members.
fn names<'t>(members: &[Node<'t>]) -> impl Iterator<Item = Cow<'t, str>> {
    let mut rest = members;
    core::iter::from_fn(move || {
        let [name, value, ..] = rest else { return None };
        rest = rest.get(2 + value.below as usize..).unwrap_or_default();
        name.string()
    })
}

/// A number that differs for most names: the first byte, the middle, the last and the length.
#[inline]
fn fingerprint(name: &str) -> u32 {
    let bytes = name.as_bytes();
    let byte = |at: usize| bytes.get(at).copied().unwrap_or(0);
    let [length, ..] = bytes.len().to_le_bytes();
    u32::from_le_bytes([byte(0), byte(bytes.len() / 2), byte(bytes.len().wrapping_sub(1)), length])
}

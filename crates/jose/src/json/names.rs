//! Finds a name that occurs twice in an object, without hashing or allocating for objects of usual size.

use std::borrow::Cow;
use std::collections::HashSet;

use super::{Kind, Node};

/// The names of one object so far.
#[derive(Default)]
pub(super) struct Names {
    /// One bit for each name, by its length and some of its bytes. A name whose bit is not set is surely new.
    seen: u64,
    count: usize,
    /// Unescaped names, once there are many: from then on a set answers.
    many: Option<HashSet<String>>,
}

/// Up to how many names each new one is compared with the others one by one.
const FEW: usize = 32;

impl Names {
    /// Takes the name that has just been read, the last node, into the object at node `object`; false when the object
    /// has it already.
    #[inline]
    pub(super) fn add(&mut self, text: &str, nodes: &[Node], object: usize) -> bool {
        let Some((name, earlier)) = nodes.split_last() else { return true };
        self.count += 1;
        // An escaped name may equal one of another form, so that its bit says nothing: it counts as seen.
        let bit = if name.kind == Kind::String { fingerprint(name.text(text)) } else { u64::MAX };
        let may_be_known = self.seen & bit != 0;
        self.seen |= bit;
        !(may_be_known || self.count > FEW) || self.is_new(text, *name, earlier.get(object + 1..).unwrap_or_default())
    }

    #[cold]
    fn is_new(&mut self, text: &str, name: Node, earlier: &[Node]) -> bool {
        let new = name.string(text).unwrap_or_default();
        let mut earlier = names(text, earlier);
        if self.count <= FEW {
            return earlier.all(|name| name != new);
        }
        self.many.get_or_insert_with(|| earlier.map(Cow::into_owned).collect()).insert(new.into_owned())
    }
}

/// The names among the nodes of an object's members.
fn names<'d>(text: &'d str, members: &'d [Node]) -> impl Iterator<Item = Cow<'d, str>> {
    let mut rest = members;
    core::iter::from_fn(move || {
        let [name, value, ..] = rest else { return None };
        rest = rest.get(2 + value.below as usize..).unwrap_or_default();
        name.string(text)
    })
}

/// One of 64 bits, which differs for most names.
#[inline]
fn fingerprint(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let byte = |at: usize| bytes.get(at).map_or(0, |byte| u64::from(*byte));
    let mixed =
        byte(0) ^ byte(bytes.len() / 2) << 2 ^ byte(bytes.len().wrapping_sub(1)) << 4 ^ (bytes.len() as u64) << 3;
    // The top bits of a product depend on all bits of its factors.
    1 << (mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58)
}

//! Finds a name that occurs twice in an object, without hashing or allocating for objects of usual size.

use std::collections::HashSet;

use super::{Elements, Kind, Members, Node, Value};
use crate::error::Error;

/// The names of one object so far.
#[derive(Default)]
pub(super) struct Names {
    /// One bit for each name, by its length and its ends. A new name whose bit is not set is surely new.
    seen: u64,
    count: usize,
    /// Unescaped names, once there are many: from then on a set answers.
    many: Option<HashSet<String>>,
}

/// Up to how many names each new one is compared with the others one by one.
const FEW: usize = 32;

impl Names {
    /// Takes the name at node `name` of the object at node `object`.
    ///
    /// # Errors
    /// [`Error::JsonDuplicateName`] when the object has it already.
    pub(super) fn add(&mut self, text: &str, nodes: &[Node], object: usize, name: usize) -> Result<(), Error> {
        let below = |nodes| Elements { text, rest: nodes };
        let Some(new) = nodes.get(name..).and_then(|nodes| below(nodes).next()) else { return Ok(()) };
        self.count += 1;
        if let Some(many) = &mut self.many {
            return insert(many, new);
        }
        let earlier = || Members(below(nodes.get(object + 1..name).unwrap_or_default())).map(|(name, _)| name);
        if self.count > FEW {
            let mut many: HashSet<String> = earlier().map(String::from).collect();
            let outcome = insert(&mut many, new);
            self.many = Some(many);
            return outcome;
        }
        // An escaped name may equal one of another length, so that its bit says nothing: it counts as seen.
        let bit = if new.kind() == Kind::String { 1 << fingerprint(new.raw()) } else { u64::MAX };
        let may_be_known = self.seen & bit != 0;
        self.seen |= bit;
        if may_be_known {
            let new = new.as_str();
            if earlier().any(|name| Some(&name) == new.as_ref()) {
                return Err(Error::JsonDuplicateName);
            }
        }
        Ok(())
    }
}

fn insert(names: &mut HashSet<String>, name: Value<'_>) -> Result<(), Error> {
    let new = name.as_str().is_none_or(|name| names.insert(name.into_owned()));
    if new { Ok(()) } else { Err(Error::JsonDuplicateName) }
}

/// A number below 64 that differs for most names.
fn fingerprint(name: &str) -> u32 {
    let bytes = name.as_bytes();
    let byte = |at: Option<&u8>| at.map_or(0, |byte| u32::from(*byte));
    let mixed =
        byte(bytes.first()).wrapping_mul(31) ^ byte(bytes.last()).wrapping_mul(7) ^ byte(bytes.get(bytes.len() / 2));
    (mixed ^ u32::try_from(bytes.len()).unwrap_or(0)) % 64
}

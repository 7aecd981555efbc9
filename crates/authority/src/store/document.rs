//! JSON documents in text columns: for what no statement asks for.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::value::Inconsistent;

/// A document as the store keeps it. Absent members are left out.
pub(super) fn to_document(value: &impl Serialize) -> String {
    // Ours are structures of texts, numbers and lists, which always have a JSON form.
    let mut document = serde_json::to_value(value).unwrap_or_default();
    if let Value::Object(members) = &mut document {
        members.retain(|_, member| !member.is_null());
    }
    document.to_string()
}

/// Reads what [`to_document`] wrote.
///
/// # Errors
/// [`Inconsistent`] with the reason given.
pub(super) fn from_document<T: DeserializeOwned>(text: &str, reason: &'static str) -> Result<T, Inconsistent> {
    serde_json::from_str(text).map_err(|_| Inconsistent(reason))
}

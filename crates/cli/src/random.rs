//! The rim's source of randomness.

use crate::failure::Failure;

/// Bytes that nobody can guess.
///
/// # Errors
/// When the system has no randomness to give.
#[expect(clippy::disallowed_methods, reason = "this is the command's rim, where randomness is drawn")]
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| Failure::new("the system gives no randomness"))?;
    Ok(bytes)
}

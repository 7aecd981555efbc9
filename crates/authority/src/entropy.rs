//! The rim's source of randomness.

/// The system gives no randomness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no randomness")]
pub struct NoEntropy;

/// Bytes that nobody can guess.
///
/// # Errors
/// [`NoEntropy`]
#[expect(clippy::disallowed_methods, reason = "this is the rim, where randomness is drawn")]
pub fn bytes<const N: usize>() -> Result<[u8; N], NoEntropy> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| NoEntropy)?;
    Ok(bytes)
}

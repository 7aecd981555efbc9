//! `cargo xtask bench`: our code beside its peers in one run, as ratios to the bare primitive, against the budgets.

mod guard;
mod jose;
mod revocation;

pub(crate) use guard::guard;
pub(crate) use jose::jose;
pub(crate) use revocation::revocation;

//! `cargo xtask bench`: our code beside its peers in one run, as ratios to the bare primitive, against the budgets.

mod jose;

pub(crate) use jose::jose;

//! The auditor from outside: every rule's examples, the matrix of verifiers, reports, real targets.

mod examples;
mod samples;

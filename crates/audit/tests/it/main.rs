//! The auditor from outside: every rule's examples, the matrix of verifiers, reports, conformant tokens, real targets.

mod conformant;
mod examples;
mod kept;
mod matrix;
mod real;
mod reports;
mod samples;
mod schema;
mod verifier;

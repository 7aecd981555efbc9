//! The auditor from outside: every rule's examples, the matrix of verifiers, reports, conformant tokens, real targets.

#[cfg(test)]
mod conformant;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod flows;
#[cfg(test)]
mod kept;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod real;
#[cfg(test)]
mod reports;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod session_service;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod verifier;

//! Demonstrating Proof of Possession.

use super::*;

/// RFC 9449 section 5.1: the metadata names the algorithms that proofs may have, asymmetric ones only.
#[tokio::test]
async fn the_metadata_names_asymmetric_algorithms_for_proofs() {
    let metadata = Fixture::start().await.discovery().await;
    let algorithms = metadata["dpop_signing_alg_values_supported"].as_array().unwrap();
    assert!(algorithms.contains(&"ES256".into()), "{algorithms:?}");
    assert!(algorithms.iter().all(|name| name != "none" && !name.as_str().unwrap().starts_with("HS")));
}

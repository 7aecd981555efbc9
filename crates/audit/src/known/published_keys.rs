//! Key pairs whose private half is printed in public.

/// Where the private half of the key with this thumbprint is printed.
pub(crate) fn find(thumbprint: &str) -> Option<&'static str> {
    KEYS.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let mut columns = line.split('\t');
        (columns.next() == Some(thumbprint)).then(|| columns.nth(1)).flatten()
    })
}

const KEYS: &str = include_str!("../../data/published-keys.tsv");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_rfc_8037_is_known() {
        assert!(find("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k").is_some());
        assert_eq!(find("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4"), None);
    }
}

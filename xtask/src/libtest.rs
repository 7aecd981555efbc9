//! Reads how many tests passed and failed out of what test binaries print.

/// The sum over all test binaries.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Count {
    /// Adds what a line says, if it is the last line of a test binary:
    /// `test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s`.
    pub(crate) fn see(&mut self, line: &str) {
        let Some((_, rest)) = line.split_once("test result: ") else {
            return;
        };
        let number = |what: &str| {
            let before = rest.split(';').find_map(|part| part.strip_suffix(what));
            before.and_then(|before| before.rsplit(' ').next()?.parse::<u64>().ok()).unwrap_or(0)
        };
        self.passed += number(" passed");
        self.failed += number(" failed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_of_all_binaries_are_added_up() {
        let mut count = Count::default();
        for line in [
            "running 14 tests",
            "test it::passed ... ok",
            "test result: ok. 12 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "\u{1b}[32mtest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 9 filtered out; finished in 0.00s",
        ] {
            count.see(line);
        }
        assert_eq!(count, Count { passed: 16, failed: 1 });
    }
}

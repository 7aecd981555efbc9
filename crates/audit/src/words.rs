//! Numbers in words.

/// A span of seconds for a person: `5 minutes`, `2 days`.
pub(crate) fn duration(seconds: i64) -> String {
    let (count, unit) = match seconds.abs() {
        s if s < 120 => (seconds, "second"),
        s if s < 7_200 => (seconds / 60, "minute"),
        s if s < 172_800 => (seconds / 3_600, "hour"),
        s if s < 63_072_000 => (seconds / 86_400, "day"),
        _ => (seconds / 31_536_000, "year"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// A count for a person: `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(duration(1), "1 second");
        assert_eq!(duration(300), "5 minutes");
        assert_eq!(duration(86_400), "24 hours");
        assert_eq!(duration(2_592_000), "30 days");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(count(12), "12");
    }
}

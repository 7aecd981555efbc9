//! Moduli that can be factored with little effort.

use num_bigint::BigUint;

/// Fermat's method: finds primes that are close to each other. Gives the rounds that it took.
pub(crate) fn fermat(n: &BigUint, rounds: u32) -> Option<u32> {
    let mut a = n.sqrt();
    if &(&a * &a) == n {
        return Some(0);
    }
    a += 1u8;
    for round in 1..=rounds {
        let rest = &a * &a - n;
        let root = rest.sqrt();
        if &root * &root == rest {
            // A trivial factor would be no factorization.
            return (&a - &root > BigUint::from(1u8)).then_some(round);
        }
        a += 1u8;
    }
    None
}

/// The smallest prime factor below 65,537.
pub(crate) fn small_factor(n: &BigUint) -> Option<u32> {
    let mut sieve = vec![true; 65_537];
    let mut found = None;
    // Residues by products of many primes at once would be faster; this takes a millisecond.
    for candidate in 2..65_537u32 {
        if !sieve.get(candidate as usize).copied().unwrap_or(false) {
            continue;
        }
        for multiple in (candidate as usize * 2..65_537).step_by(candidate as usize) {
            if let Some(entry) = sieve.get_mut(multiple) {
                *entry = false;
            }
        }
        if (n % candidate) == BigUint::ZERO && n != &BigUint::from(candidate) {
            found = Some(candidate);
            break;
        }
    }
    found
}

/// Whether a number passes a test that every prime passes and almost no composite does.
pub(crate) fn is_probable_prime(n: &BigUint) -> bool {
    let one = BigUint::from(1u8);
    if n <= &one || !n.bit(0) {
        return n == &BigUint::from(2u8);
    }
    let minus_one = n - &one;
    let twos = minus_one.trailing_zeros().unwrap_or(0);
    let odd = &minus_one >> twos;
    [2u8, 3, 5, 7, 11, 13, 17, 19].iter().all(|base| {
        let base = BigUint::from(*base);
        if &base >= n {
            return true;
        }
        let mut x = base.modpow(&odd, n);
        if x == one || x == minus_one {
            return true;
        }
        for _ in 1..twos {
            x = &x * &x % n;
            if x == minus_one {
                return true;
            }
        }
        false
    })
}

/// Reads products of known primes, a hexadecimal number on each line.
pub fn moduli(text: &str) -> Option<Vec<BigUint>> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| BigUint::parse_bytes(line.trim_start_matches("0x").as_bytes(), 16)).collect()
}

/// The greatest common divisor.
pub(crate) fn gcd(left: &BigUint, right: &BigUint) -> BigUint {
    let (mut left, mut right) = (left.clone(), right.clone());
    while right != BigUint::ZERO {
        let rest = left % &right;
        left = right;
        right = rest;
    }
    left
}

/// Wiener's method: whether the private exponent is so small that the continued fraction of e/n gives it.
pub(crate) fn wiener(n: &BigUint, e: &BigUint) -> bool {
    let (mut numerator, mut denominator) = (e.clone(), n.clone());
    let (mut k0, mut k1) = (BigUint::ZERO, BigUint::from(1u8));
    let (mut d0, mut d1) = (BigUint::from(1u8), BigUint::ZERO);
    let message = BigUint::from(2u8);
    let limit = n.bits() / 4 + 2;
    while denominator != BigUint::ZERO {
        let quotient = &numerator / &denominator;
        let rest = &numerator % &denominator;
        (numerator, denominator) = (denominator, rest);
        (k0, k1) = (k1.clone(), &quotient * &k1 + k0);
        (d0, d1) = (d1.clone(), &quotient * &d1 + d0);
        if d1.bits() > limit {
            return false;
        }
        // The exponent is right when it undoes an encryption.
        if d1 > BigUint::from(1u8) && message.modpow(e, n).modpow(&d1, n) == message {
            return true;
        }
    }
    false
}

#[cfg(test)]
#[expect(clippy::many_single_char_names, reason = "the names of the standards")]
mod tests {
    use super::*;

    fn next_prime(from: BigUint) -> BigUint {
        let mut candidate = from | BigUint::from(1u8);
        while !is_probable_prime(&candidate) {
            candidate += 2u8;
        }
        candidate
    }

    #[test]
    fn close_primes_are_found_and_distant_ones_are_not() {
        let p = next_prime((BigUint::from(3u8) << 254u32) + 12_345u32);
        let q = next_prime(&p + 2u8);
        assert!(fermat(&(&p * &q), 100).is_some());
        let far = next_prime(BigUint::from(5u8) << 253u32);
        assert_eq!(fermat(&(&p * &far), 100), None);
        assert_eq!(fermat(&(&p * &p), 100), Some(0));
    }

    #[test]
    fn small_and_shared_factors_are_found() {
        let p = next_prime(BigUint::from(1u8) << 200u32);
        let q = next_prime(BigUint::from(1u8) << 210u32);
        assert_eq!(small_factor(&(&p * 65_521u32)), Some(65_521));
        assert_eq!(small_factor(&(&p * &q)), None);
        assert_eq!(gcd(&(&p * &q), &(&p * 7u8)), p);
        assert!(is_probable_prime(&p) && !is_probable_prime(&(&p * &q)));
    }

    #[test]
    fn a_small_private_exponent_is_found() {
        let p = next_prime(BigUint::from(3u8) << 126u32);
        let q = next_prime(BigUint::from(5u8) << 125u32);
        let (n, phi) = (&p * &q, (&p - 1u8) * (&q - 1u8));
        let mut d = BigUint::from(1_000_003u32);
        let e = loop {
            match d.modinv(&phi) {
                Some(e) => break e,
                None => d += 2u8,
            }
        };
        assert!(wiener(&n, &e));
        assert!(!wiener(&n, &BigUint::from(65_537u32)));
    }
}

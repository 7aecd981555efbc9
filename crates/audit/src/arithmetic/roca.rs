//! The fingerprint of keys from the library of CVE-2017-15361: their primes are `k·M + 65537^a mod M`, so the modulus is
//! a power of 65537 modulo M, the product of the first primes.

use num_bigint::BigUint;

/// Whether the modulus is a power of 65537 modulo the product of the first 39 primes.
///
/// By the Chinese remainder theorem that is so when it is one modulo each prime, and the exponents, each known modulo the
/// order of 65537 there, agree with one another. A random modulus passes with a probability below 2^-100.
pub(crate) fn has_fingerprint(n: &BigUint) -> bool {
    let mut exponents: Vec<(u64, u64)> = Vec::with_capacity(PRIMES.len());
    for prime in PRIMES {
        let residue = (n % prime).iter_u64_digits().next().unwrap_or(0);
        match logarithm(residue, u64::from(prime)) {
            Some(exponent) => exponents.push(exponent),
            None => return false,
        }
    }
    exponents.iter().enumerate().all(|(at, (left, left_order))| {
        exponents.iter().skip(at + 1).all(|(right, right_order)| {
            let common = gcd(*left_order, *right_order);
            left % common == right % common
        })
    })
}

/// The exponent e with 65537^e = residue modulo a prime, and the order of 65537 there.
fn logarithm(residue: u64, prime: u64) -> Option<(u64, u64)> {
    let generator = 65_537 % prime;
    let (mut power, mut order, mut found) = (1 % prime, 0, None);
    loop {
        if power == residue {
            found = found.or(Some(order));
        }
        power = power * generator % prime;
        order += 1;
        if power == 1 % prime || order > prime {
            return found.map(|exponent| (exponent, order));
        }
    }
}

fn gcd(left: u64, right: u64) -> u64 {
    if right == 0 { left } else { gcd(right, left % right) }
}

/// The first 39 primes: their product is M for keys of 512 bits, and divides M for longer ones.
const PRIMES: [u32; 39] = [
    2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109,
    113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arithmetic::factor::is_probable_prime;

    /// A prime as the flawed library makes them.
    fn flawed_prime(exponent: u32, from: u64) -> BigUint {
        let m: BigUint = PRIMES.iter().map(|prime| BigUint::from(*prime)).product();
        let residue = BigUint::from(65_537u32).modpow(&BigUint::from(exponent), &m);
        (from..u64::MAX).map(|k| &m * k + &residue).find(is_probable_prime).unwrap()
    }

    #[test]
    fn flawed_keys_are_recognised() {
        for exponent in [3, 1_000, 77_777] {
            let n = flawed_prime(exponent, 1 << 36) * flawed_prime(exponent + 5, 1 << 37);
            assert!(has_fingerprint(&n));
            assert!(!has_fingerprint(&(&n + 2u8)));
        }
    }
}

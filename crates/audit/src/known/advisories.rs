//! Libraries with known flaws in their handling of JWTs.

/// A flaw of a library, fixed in a version.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Advisory {
    /// Where the package is published, as `npm`.
    pub(crate) ecosystem: &'static str,
    /// The package.
    pub(crate) package: &'static str,
    /// The first version without the flaw; empty when there is none.
    pub(crate) fixed: &'static str,
    /// The identifier.
    pub(crate) id: &'static str,
    /// What goes wrong.
    pub(crate) what: &'static str,
}

/// The advisories that a version of a package is open to.
pub(crate) fn of(package: &str, version: &str) -> impl Iterator<Item = &'static Advisory> {
    let known = ADVISORIES.iter().filter(move |advisory| advisory.package == package);
    known.filter(move |advisory| advisory.fixed.is_empty() || is_before(version, advisory.fixed))
}

/// Whether one version is lower than another; a pre-release is taken for its release.
fn is_before(version: &str, fixed: &str) -> bool {
    let numbers = |text: &str| -> Vec<u64> {
        let core = text.trim_start_matches(['v', '=', '^', '~']).split(['-', '+']).next().unwrap_or_default();
        core.split('.').map(|part| part.parse().unwrap_or(0)).collect()
    };
    let (mut left, mut right) = (numbers(version), numbers(fixed));
    let length = left.len().max(right.len());
    left.resize(length, 0);
    right.resize(length, 0);
    left < right
}

/// When the table was last gone through.
pub(crate) const AS_OF: &str = "2026-11";

const fn advisory(
    ecosystem: &'static str,
    package: &'static str,
    fixed: &'static str,
    id: &'static str,
    what: &'static str,
) -> Advisory {
    Advisory { ecosystem, package, fixed, id, what }
}

pub(crate) const ADVISORIES: &[Advisory] = &[
    advisory("npm", "jsonwebtoken", "4.2.2", "CVE-2015-9235", "a public key is taken for an HMAC secret"),
    advisory("npm", "jsonwebtoken", "9.0.0", "CVE-2022-23540", "`none` is allowed when no algorithm is given"),
    advisory("npm", "jsonwebtoken", "9.0.0", "CVE-2022-23541", "a public key is taken for an HMAC secret"),
    advisory("npm", "jsonwebtoken", "9.0.0", "CVE-2022-23539", "keys of the wrong type are accepted"),
    advisory("npm", "jwt-simple", "0.3.1", "CVE-2016-10555", "the token chooses the algorithm"),
    advisory("npm", "express-jwt", "6.0.0", "CVE-2020-15084", "algorithms are not required"),
    advisory("npm", "jose", "2.0.6", "CVE-2022-36083", "the PBES2 count is unbounded"),
    advisory("npm", "fast-jwt", "3.3.2", "CVE-2023-48223", "a public key is taken for an HMAC secret"),
    advisory("npm", "node-jose", "2.2.0", "CVE-2023-25653", "some EC keys make it loop for ever"),
    advisory("npm", "node-jose", "0.11.0", "CVE-2018-0114", "a key inside the token is trusted"),
    advisory("pypi", "pyjwt", "1.5.1", "CVE-2017-11424", "a public key is taken for an HMAC secret"),
    advisory("pypi", "pyjwt", "2.4.0", "CVE-2022-29217", "a public key is taken for an HMAC secret"),
    advisory("pypi", "pyjwt", "2.10.1", "CVE-2024-53861", "`iss` is compared by substring"),
    advisory("pypi", "pyjwt", "2.12.0", "CVE-2026-32597", "unknown `crit` extensions are accepted"),
    advisory("pypi", "python-jose", "3.4.0", "CVE-2024-33663", "a public key is taken for an HMAC secret"),
    advisory("pypi", "python-jose", "3.4.0", "CVE-2024-33664", "a small token decompresses without bound"),
    advisory("pypi", "authlib", "1.3.1", "CVE-2024-37568", "a public key is taken for an HMAC secret"),
    advisory("pypi", "authlib", "1.6.4", "CVE-2025-59420", "unknown `crit` extensions are accepted"),
    advisory("pypi", "authlib", "1.6.5", "CVE-2025-61920", "tokens have no size limit"),
    advisory("pypi", "authlib", "1.6.7", "CVE-2026-28802", "`none` is accepted (from 1.6.5)"),
    advisory("pypi", "jwcrypto", "1.5.6", "CVE-2024-28102", "a small token decompresses without bound"),
    advisory("pypi", "python-jwt", "3.3.4", "CVE-2022-39227", "a token in two serializations at once is accepted"),
    advisory("go", "github.com/golang-jwt/jwt", "3.2.1", "CVE-2020-26160", "an audience that is a list is not checked"),
    advisory(
        "go",
        "github.com/dgrijalva/jwt-go",
        "",
        "CVE-2020-26160",
        "an audience that is a list is not checked; not maintained",
    ),
    advisory("go", "github.com/golang-jwt/jwt/v5", "5.2.2", "CVE-2025-30204", "many dots cost memory"),
    advisory("go", "github.com/golang-jwt/jwt/v4", "4.5.2", "CVE-2025-30204", "many dots cost memory"),
    advisory(
        "go",
        "github.com/go-jose/go-jose/v4",
        "4.0.1",
        "CVE-2024-28180",
        "a small token decompresses without bound",
    ),
    advisory("packagist", "firebase/php-jwt", "6.0.0", "CVE-2021-46743", "a public key is taken for an HMAC secret"),
    advisory("packagist", "lcobucci/jwt", "3.4.6", "CVE-2021-41106", "a file's path is taken for the secret"),
    advisory("maven", "com.nimbusds:nimbus-jose-jwt", "9.37.2", "CVE-2023-52428", "the PBES2 count is unbounded"),
    advisory("maven", "org.bitbucket.b_c:jose4j", "0.9.3", "CVE-2023-31582", "a low PBES2 count is accepted"),
    advisory("maven", "org.bitbucket.b_c:jose4j", "0.9.4", "CVE-2023-51775", "the PBES2 count is unbounded"),
    advisory("gem", "json-jwt", "1.9.4", "CVE-2018-1000539", "the GCM tag's length is not checked"),
    advisory("gem", "json-jwt", "1.16.6", "CVE-2023-51774", "an encrypted token is taken for a signed one"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_their_numbers() {
        assert!(is_before("2.3.0", "2.4.0") && is_before("v2.9", "2.10.1") && is_before("0.9", "1"));
        assert!(!is_before("2.4.0", "2.4.0") && !is_before("10.0.0", "9.0.0") && !is_before("2.4", "2.4.0"));
    }

    #[test]
    fn a_fixed_version_is_open_to_nothing() {
        assert_eq!(of("jsonwebtoken", "8.5.1").count(), 3);
        assert_eq!(of("jsonwebtoken", "9.0.2").count(), 0);
        assert_eq!(of("github.com/dgrijalva/jwt-go", "3.2.0").count(), 1);
    }
}

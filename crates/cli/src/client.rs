//! The HTTP client of the commands.

use std::path::Path;
use std::time::Duration;

use url::{Host, Url};

use crate::failure::{Doing, Failure, Kind};

/// How long one request may take: an `enforced` answer takes up to a lease and its margins.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);

/// A client that trusts the certificates in `ca_file`, or the platform's without one. It follows no redirect.
///
/// # Errors
/// When the file can't be read or has no certificate.
pub(crate) fn http_client(ca_file: Option<&Path>) -> Result<reqwest::Client, Failure> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("probity/", env!("CARGO_PKG_VERSION")))
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(REQUEST_TIMEOUT);
    if let Some(path) = ca_file {
        let pem = read(path)?;
        let certificates = reqwest::Certificate::from_pem_bundle(&pem).doing(path.display())?;
        if certificates.is_empty() {
            return Err(Failure::new(format!("{}: no certificate in the file", path.display())));
        }
        builder = builder.tls_certs_only(certificates);
    }
    Ok(builder.build()?)
}

/// Checks that what is sent to this address can't be read on the way: HTTPS, or a loopback address.
///
/// # Errors
/// When it is no such address.
pub(crate) fn check_address(address: &str) -> Result<(), Failure> {
    let url = Url::parse(address).or_kind(Kind::Configuration)?;
    let is_loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback => Ok(()),
        _ => Err(Failure::new("is not https; plain http is for a loopback host only").of_kind(Kind::Configuration)),
    }
}

/// Reads a file, and names it when it can't.
///
/// # Errors
/// What the file system says.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).doing(path.display())
}

/// Reads a secret from a file: one line, without the line's end.
///
/// # Errors
/// When the file can't be read, is empty, or has more than one line.
pub(crate) fn read_secret(path: &Path) -> Result<zeroize::Zeroizing<String>, Failure> {
    let text = String::from_utf8(read(path)?).map_err(|_| Failure::new(format!("{}: not UTF-8", path.display())))?;
    let text = zeroize::Zeroizing::new(text);
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() || secret.contains(['\r', '\n']) {
        return Err(Failure::new(format!("{}: expected one line with the secret", path.display())));
    }
    Ok(zeroize::Zeroizing::new(secret.to_owned()))
}

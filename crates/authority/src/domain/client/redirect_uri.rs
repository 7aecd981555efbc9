//! Redirect URIs: RFC 6749 section 3.1.2, compared as RFC 9700 section 2.1 wants it.

use url::{Host, Url};

/// The most redirect URIs of one client.
pub const MAX_REDIRECT_URIS: usize = 32;

/// The longest redirect URI, in bytes.
pub const MAX_REDIRECT_URI_BYTES: usize = 2_048;

/// Checks a URI that is to be registered: absolute, without fragment; `http` only to this very machine (RFC 8252).
///
/// # Errors
/// Says why an authorization response may not go there.
pub fn check(uri: &str) -> Result<(), &'static str> {
    if uri.len() > MAX_REDIRECT_URI_BYTES {
        return Err("too long");
    }
    let url = Url::parse(uri).map_err(|_| "not an absolute URI")?;
    if url.fragment().is_some() {
        return Err("has a fragment");
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_this_machine(&url) => Ok(()),
        "http" => Err("plain http leaves this machine"),
        "javascript" | "data" | "vbscript" | "file" | "blob" | "about" => Err("a scheme that runs or reads something"),
        // RFC 8252 section 7.1: a private-use scheme is a reversed domain name.
        scheme if scheme.contains('.') => Ok(()),
        _ => Err("a private-use scheme must be a reversed domain name (RFC 8252 section 7.1)"),
    }
}

/// Whether a URL's host is the machine that opens it.
pub fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Whether a requested URI is a registered one: character by character; only the port of a loopback address may be any
/// (RFC 8252 section 7.3).
pub fn is_same(registered: &str, requested: &str) -> bool {
    if registered == requested {
        return true;
    }
    if requested.len() > MAX_REDIRECT_URI_BYTES {
        return false;
    }
    let (Ok(mut known), Ok(asked)) = (Url::parse(registered), Url::parse(requested)) else {
        return false;
    };
    let is_loopback_address = match known.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    };
    // The requested text itself must be what the parser made of it: no other spelling passes.
    known.scheme() == "http"
        && is_loopback_address
        && known.set_port(asked.port()).is_ok()
        && known.as_str() == requested
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_uri_can_neither_run_script_nor_carry_a_code_in_the_clear() {
        for uri in
            ["https://app.example/cb?x=1", "http://127.0.0.1:7777/cb", "http://localhost/cb", "com.example.app:/cb"]
        {
            assert_eq!(check(uri), Ok(()), "{uri}");
        }
        for uri in [
            "https://app.example/cb#x",
            "http://app.example/cb",
            "javascript:alert(1)",
            "data:text/html,x",
            "/cb",
            "app:/cb",
            &format!("https://app.example/{}", "x".repeat(MAX_REDIRECT_URI_BYTES)),
        ] {
            assert!(check(uri).is_err(), "{uri}");
        }
    }
}

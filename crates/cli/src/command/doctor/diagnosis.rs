//! What a failed connection, a redirect or a clock means: pure.

use std::error::Error;
use std::io;

use rustls::CertificateError;
use url::Url;

use super::finding::Finding;

/// Why a server could not be asked, and what to do.
pub(super) fn connection(url: &Url, error: &(dyn Error + 'static), ca_file: bool) -> Finding {
    let host = url.host_str().unwrap_or_default();
    let port = url.port_or_known_default().unwrap_or_default();
    for cause in causes(error) {
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            return certificate(host, tls, ca_file);
        }
        if let Some(io) = cause.downcast_ref::<io::Error>() {
            match io.kind() {
                io::ErrorKind::ConnectionRefused => {
                    return Finding::bad(
                        format!("nothing listens at {host}:{port}"),
                        "start it, or correct host and port; `listen` of the configuration says where it listens",
                    );
                }
                io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted => {
                    return Finding::bad(
                        format!("{host}:{port} ends the connection at once"),
                        "look for a wrong port, or a proxy that speaks another protocol there",
                    );
                }
                _ => {}
            }
        }
    }
    if causes(error).any(|cause| cause.to_string().contains("failed to lookup address")) {
        return Finding::bad(
            format!("no address is known for the name {host}"),
            "correct the name, or its entry in DNS or /etc/hosts",
        );
    }
    let timed_out = causes(error).any(|cause| {
        cause.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_timeout)
            || cause.downcast_ref::<io::Error>().is_some_and(|io| io.kind() == io::ErrorKind::TimedOut)
    });
    if timed_out {
        return Finding::bad(
            format!("{host}:{port} does not answer in time"),
            "look for a firewall, or for a server that is stuck",
        );
    }
    let last = causes(error).last().map(ToString::to_string).unwrap_or_default();
    Finding::bad(format!("{host}:{port} can't be asked: {last}"), "try the same URL with curl -v")
}

fn certificate(host: &str, error: &rustls::Error, ca_file: bool) -> Finding {
    let rustls::Error::InvalidCertificate(certificate) = error else {
        return match error {
            rustls::Error::InvalidMessage(_) => Finding::bad(
                format!("{host} does not speak TLS at this port"),
                "http:// instead of https:// (on this machine only), or another port",
            ),
            other => Finding::bad(format!("{host}: {other}"), "compare the TLS versions that both sides allow"),
        };
    };
    match certificate {
        CertificateError::UnknownIssuer => {
            let advice = if ca_file {
                "`ca_file` is not that of this server: name the one that signed its certificate"
            } else {
                "name the certificate authority by `ca_file` in guard.toml"
            };
            Finding::bad(
                format!("the certificate of {host} is signed by an authority that is not trusted here"),
                advice,
            )
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Finding::bad(
            format!("the certificate is not for the name {host}"),
            "use a name that stands in the certificate, or get a certificate for this one",
        ),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Finding::bad(
            format!("the certificate of {host} has expired"),
            "renew it; if it is new, this machine's clock is ahead",
        ),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Finding::bad(
            format!("the certificate of {host} is not valid yet"),
            "this machine's clock is behind, or the one that made the certificate was ahead",
        ),
        other => Finding::bad(format!("the certificate of {host} can't be used: {other}"), "get another certificate"),
    }
}

/// An error and everything that led to it.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'e (dyn Error + 'static)| {
        let error: &'e (dyn Error + 'static) = *error;
        // An I/O error that wraps another one names that one's cause as its own, and hides it.
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        }
    })
}

/// Where a redirect leads, and what that says.
pub(super) fn redirect(from: &Url, location: &str) -> Finding {
    let Ok(to) = from.join(location) else {
        return Finding::bad(format!("{from} redirects to something that is no URL"), "look at what answers there");
    };
    let what = format!("{from} redirects to {to}");
    if from.scheme() != to.scheme() {
        return Finding::bad(what, format!("write {}:// in the configuration", to.scheme()));
    }
    if from.host() != to.host() || from.port_or_known_default() != to.port_or_known_default() {
        let advice = format!(
            "the issuer's own address is probably {}: clients and guards must name it exactly",
            to.origin().ascii_serialization()
        );
        return Finding::bad(what, advice);
    }
    Finding::bad(what, "metadata and keys are never redirected: a proxy in front changes the path")
}

/// How far a server's clock is ahead of this machine's, in seconds; behind when negative.
pub(super) fn clocks(ahead: i64) -> Finding {
    let seconds = ahead.unsigned_abs();
    if seconds <= NOTICEABLE_SECONDS {
        return Finding::good("its clock and this machine's agree, as far as the date of an answer tells");
    }
    let what = format!("its clock is {seconds} s {} this machine's", if ahead > 0 { "ahead of" } else { "behind" });
    Finding::bad(what, "let both follow NTP; a minute is too much for tokens that live five")
}

/// `Date` has whole seconds, and the answer took a while.
const NOTICEABLE_SECONDS: u64 = 3;

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn a_redirect_says_whether_scheme_host_or_path_is_wrong() {
        let from = url("https://login.example/.well-known/openid-configuration");
        for (location, part) in [
            ("http://login.example/.well-known/openid-configuration", "write http://"),
            ("https://www.login.example/", "probably https://www.login.example"),
            ("https://login.example:8443/", "probably https://login.example:8443"),
            ("/auth/.well-known/openid-configuration", "changes the path"),
            ("https://", "no URL"),
        ] {
            let finding = redirect(&from, location);
            assert_eq!(finding.state, State::Bad);
            assert!(finding.to_string().contains(part), "{location}: {finding}");
        }
    }

    #[test]
    fn clocks_may_be_apart_by_what_a_date_can_tell_and_no_more() {
        assert_eq!((clocks(3).state, clocks(-3).state), (State::Good, State::Good));
        assert!(clocks(4).to_string().contains("4 s ahead of"));
        let finding = clocks(-90);
        assert_eq!(finding.state, State::Bad);
        assert!(finding.to_string().contains("90 s behind"), "{finding}");
    }

    #[test]
    fn what_is_wrong_with_a_certificate_is_found_inside_of_wrapped_errors() {
        for (error, part) in [
            (CertificateError::UnknownIssuer, "not trusted here"),
            (CertificateError::NotValidForName, "not for the name login.example"),
            (CertificateError::Expired, "has expired"),
            (CertificateError::NotValidYet, "clock is behind"),
        ] {
            let wrapped = io::Error::other(io::Error::other(rustls::Error::InvalidCertificate(error)));
            let finding = connection(&url("https://login.example"), &wrapped, false);
            assert!(finding.to_string().contains(part), "{part}: {finding}");
        }
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        let finding = connection(&url("https://login.example"), &refused, false);
        assert!(finding.to_string().contains("nothing listens at login.example:443"), "{finding}");
    }
}

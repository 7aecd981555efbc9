//! Certificates that change while the process serves.

use std::fs;
use std::net::TcpStream;
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::CertificateDer;

use crate::harness::{Authority, PATIENCE, wait_for};

/// Whether a handshake succeeds for whoever trusts only this certificate.
fn is_served(authority: &Authority, certificate: &CertificateDer<'static>) -> bool {
    let mut trusted = rustls::RootCertStore::empty();
    trusted.add(certificate.clone()).unwrap();
    let config = rustls::ClientConfig::builder().with_root_certificates(trusted).with_no_client_auth();
    let mut connection = rustls::ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", authority.port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    while connection.is_handshaking() {
        if connection.complete_io(&mut stream).is_err() {
            return false;
        }
    }
    true
}

#[test]
fn a_renewed_certificate_is_served_without_a_restart_and_a_broken_one_never() {
    let authority = Authority::start();
    let client = authority.client();
    assert_eq!(client.send(client.get("/healthz")).status, 200);
    let key = KeyPair::generate().unwrap();
    let renewed = CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    assert!(!is_served(&authority, renewed.der()));

    // The files are written one after the other: in between they do not fit.
    fs::write(authority.data("tls.pem"), renewed.pem()).unwrap();
    wait_for("the misfit to be noticed", || {
        fs::read_to_string(&authority.process.log).unwrap().contains("the old one stays")
    });
    let old = authority.client();
    assert_eq!(old.send(old.get("/healthz")).status, 200);
    fs::write(authority.data("tls.key"), key.serialize_pem()).unwrap();
    wait_for("the new certificate", || is_served(&authority, renewed.der()));
    assert_eq!(client.send(client.get("/healthz")).status, 200, "connections of before go on");

    fs::write(authority.data("tls.key"), "garbage").unwrap();
    let told = || fs::read_to_string(&authority.process.log).unwrap().matches("the old one stays").count();
    wait_for("the garbage to be noticed", || told() == 2);
    assert!(is_served(&authority, renewed.der()));
}

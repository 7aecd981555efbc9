//! Apache with `mod_auth_openidc`: an application that knows nothing of OpenID Connect gets its user's name.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::person::Person;
use super::record;
use crate::harness::{Authority, Process, free_port, get, wait_for};

const PROGRAM: &str = "/usr/sbin/apache2";
const MODULE: &str = "/usr/lib/apache2/modules/mod_auth_openidc.so";

/// The site's configuration: everything needs a login, and userinfo is asked too.
fn site(authority: &Authority, port: u16) -> String {
    let modules = "/usr/lib/apache2/modules";
    let (issuer, ca, secret) = (authority.issuer(), authority.data("ca.pem"), authority.service().1);
    format!(
        r#"
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authn_core_module {modules}/mod_authn_core.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule authz_user_module {modules}/mod_authz_user.so
LoadModule auth_openidc_module {MODULE}
ServerName 127.0.0.1
PidFile apache.pid
Mutex file:. default
ErrorLog error.log
Listen 127.0.0.1:{port}
DocumentRoot site
OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID apache
OIDCClientSecret {secret}
OIDCRedirectURI http://127.0.0.1:{port}/oidc
OIDCCryptoPassphrase a-passphrase-of-this-test-only
OIDCCABundlePath {}
OIDCPKCEMethod S256
OIDCScope "openid"
OIDCResponseMode query
<Location />
  AuthType openid-connect
  Require valid-user
</Location>
"#,
        ca.display()
    )
}

#[test]
fn a_site_behind_mod_auth_openidc_lets_its_user_in() {
    assert!(
        Path::new(PROGRAM).exists() && Path::new(MODULE).exists(),
        "this test needs apache2 libapache2-mod-auth-openidc: `cargo xtask test` installs them as root"
    );
    let mut authority = Authority::start();
    let port = free_port();
    let audience = authority.audience().to_owned();
    authority.configure(&format!(
        r#"
[[clients]]
client_id = "apache"
client_secret_file = "service.secret"
grant_types = ["authorization_code", "refresh_token"]
redirect_uris = ["http://127.0.0.1:{port}/oidc"]
scopes = ["openid"]
audience = "{audience}""#
    ));
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("site")).unwrap();
    fs::write(folder.path().join("site/index.txt"), "what only users see").unwrap();
    fs::write(folder.path().join("httpd.conf"), site(&authority, port)).unwrap();
    let mut command = Command::new(PROGRAM);
    command.args(["-d", ".", "-f", "httpd.conf", "-D", "FOREGROUND"]).current_dir(folder.path());
    let _apache = Process::start(command.env("APACHE_RUN_DIR", folder.path()), folder.path().join("apache.log"));
    wait_for("Apache to listen", || TcpStream::connect(("127.0.0.1", port)).is_ok());

    let mut person = Person::new(&authority);
    let site = format!("http://127.0.0.1:{port}");
    let (at, page) = person.visit(&format!("{site}/index.txt"), &[&authority.issuer(), &site]);
    let log = fs::read_to_string(folder.path().join("error.log")).unwrap_or_default();
    assert_eq!((page.status, page.body.as_str()), (200, "what only users see"), "{at}\n{log}");
    // And not to whoever comes without the cookie.
    assert_eq!(get(port, "/index.txt", &[]).status, 401);
    record("mod_auth_openidc", &[("code with PKCE, ID token, userinfo".to_owned(), None)]);
}

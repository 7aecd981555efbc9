//! The data folder of `serve --dev` and `demo`: every file that a real deployment needs, generated.
//!
//! There is no development mode: what runs is `serve.toml` in that folder, which a person could have written. The folder
//! is made under another name and renamed when it is whole, so that a crash leaves either all of it or none.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use probity_authority::MasterKey;
use probity_authority::secret::{PlainSecret, SecretKind};
use probity_jose::base64url;
use zeroize::Zeroizing;

use crate::client::read_secret;
use crate::failure::{Doing, Failure, Kind};
use crate::pki::{DevCertificate, write_private};
use crate::random;

/// The `aud` of the tokens: the application in front of which a guard stands.
pub(crate) const AUDIENCE: &str = "https://api.localhost";

/// Where the public client `app` listens for the authorization code, unless something else is wished.
pub(crate) const REDIRECT_URI: &str = "http://127.0.0.1:7777/callback";

/// The public client through which a user logs in.
pub(crate) const APP: &str = "app";

/// The confidential client that acts for itself.
pub(crate) const SERVICE: &str = "service";

/// The user.
pub(crate) const USER: &str = "alice";

/// What the folder is made for.
#[derive(Debug)]
pub(crate) struct Wishes<'a> {
    /// The issuer.
    pub(crate) issuer: &'a str,
    /// Where the authority listens.
    pub(crate) listen: SocketAddr,
    /// Where the public client listens.
    pub(crate) redirect_uri: &'a str,
    /// Where a guard with the generated configuration listens.
    pub(crate) guard_listen: SocketAddr,
}

/// A data folder that is whole.
#[derive(Debug, Clone)]
pub(crate) struct DevFolder {
    path: PathBuf,
}

impl DevFolder {
    /// The data folder that an earlier start has made at `path`, or nothing when there is none.
    ///
    /// # Errors
    /// Something else is there.
    pub(crate) fn open(path: &Path) -> Result<Option<Self>, Failure> {
        let folder = Self { path: path.to_owned() };
        if folder.serve_file().is_file() {
            return Ok(Some(folder));
        }
        match fs::read_dir(path).map(|mut entries| entries.next().is_none()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            // An empty folder is as good as none.
            Ok(true) => Ok(None),
            Ok(false) => Err(Failure::new(format!(
                "{0} is there and has no serve.toml, so it is no data folder; name another with --data, or remove {0}",
                path.display()
            ))
            .of_kind(Kind::Configuration)),
            Err(error) => Err(error).doing(path.display()),
        }
    }

    /// Makes a data folder at `path`, where nothing or an empty folder is.
    ///
    /// # Errors
    /// What the file system says. Nothing is left behind.
    pub(crate) fn make(path: &Path, wishes: &Wishes<'_>) -> Result<Self, Failure> {
        let unfinished = beside(path)?;
        let made = create_private(&unfinished).map_err(Failure::from).and_then(|()| {
            fill(&unfinished, wishes)?;
            sync_folder(&unfinished)?;
            fs::rename(&unfinished, path)?;
            Ok(sync_folder(parent(path))?)
        });
        if made.is_err() {
            // The failure to tell of is the first one.
            let _ = fs::remove_dir_all(&unfinished);
        }
        made.doing(format_args!("the data folder {} can't be made", path.display()))?;
        Ok(Self { path: path.to_owned() })
    }

    /// The file that `serve` runs.
    pub(crate) fn serve_file(&self) -> PathBuf {
        self.file("serve.toml")
    }

    /// The certificate authority that clients must trust.
    pub(crate) fn ca_file(&self) -> PathBuf {
        self.file("ca.pem")
    }

    /// The profile of `probity admin`.
    pub(crate) fn admin_profile(&self) -> PathBuf {
        self.file("admin.toml")
    }

    /// The configuration of a guard.
    pub(crate) fn guard_file(&self) -> PathBuf {
        self.file("guard.toml")
    }

    /// The credential of a guard.
    pub(crate) fn guard_credential(&self) -> PathBuf {
        self.file("guard.credential")
    }

    /// The password of [`USER`].
    ///
    /// # Errors
    /// The file can't be read.
    pub(crate) fn password(&self) -> Result<Zeroizing<String>, Failure> {
        read_secret(&self.file("alice.password"))
    }

    /// The secret of [`SERVICE`].
    ///
    /// # Errors
    /// The file can't be read.
    pub(crate) fn service_secret(&self) -> Result<Zeroizing<String>, Failure> {
        read_secret(&self.file("service.secret"))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

/// Writes every file of a data folder.
fn fill(folder: &Path, wishes: &Wishes<'_>) -> Result<(), Failure> {
    let private = |name: &str, text: &str| write_private(&folder.join(name), text.as_bytes()).doing(name);
    let secret = |kind| Ok::<_, Failure>(PlainSecret::new(kind, random::bytes()?));
    create_private(&folder.join("store"))?;
    private("master.key", &MasterKey::from_bytes(random::bytes()?).to_text())?;
    DevCertificate::in_folder(folder)?;
    private("admin.secret", secret(SecretKind::ClientSecret)?.expose())?;
    private("service.secret", secret(SecretKind::ClientSecret)?.expose())?;
    private("guard.credential", secret(SecretKind::GuardCredential)?.expose())?;
    private("alice.password", &base64url::encode(&random::bytes::<12>()?))?;
    private("serve.toml", &serve_toml(wishes))?;
    private("guard.toml", &guard_toml(wishes))?;
    private("admin.toml", &admin_toml(wishes))
}

fn serve_toml(wishes: &Wishes<'_>) -> String {
    let Wishes { issuer, listen, redirect_uri, .. } = wishes;
    format!(
        r#"# Made by `probity serve --dev`; yours to edit. Paths are relative to this file.
issuer = "{issuer}"
listen = "{listen}"
data = "store"
master_key_file = "master.key"

[tls]
certificate_file = "tls.pem"
key_file = "tls.key"

# A public client: a user logs in through it.
[[clients]]
client_id = "{APP}"
client_name = "The app"
grant_types = ["authorization_code", "refresh_token"]
redirect_uris = ["{redirect_uri}"]
scopes = ["openid", "offline_access"]
audience = "{AUDIENCE}"

# A confidential client: it acts for itself.
[[clients]]
client_id = "{SERVICE}"
client_secret_file = "service.secret"
grant_types = ["client_credentials"]
audience = "{AUDIENCE}"

# What `probity admin` is.
[[clients]]
client_id = "admin"
client_secret_file = "admin.secret"
grant_types = ["client_credentials"]
scopes = ["probity:admin"]
audience = "{issuer}/admin"

[[users]]
username = "{USER}"
password_file = "alice.password"

[[guards]]
name = "guard"
credential_file = "guard.credential"
"#
    )
}

fn guard_toml(wishes: &Wishes<'_>) -> String {
    let Wishes { issuer, guard_listen, .. } = wishes;
    format!(
        r#"# Made by `probity serve --dev`; yours to edit. Paths are relative to this file.
issuer = "{issuer}"
audience = "{AUDIENCE}"
listen = "{guard_listen}"
credential_file = "guard.credential"
ca_file = "ca.pem"
"#
    )
}

fn admin_toml(wishes: &Wishes<'_>) -> String {
    let issuer = wishes.issuer;
    format!(
        r#"# Made by `probity serve --dev`; yours to edit. Paths are relative to this file.
issuer = "{issuer}"
ca_file = "ca.pem"
client_id = "admin"
client_secret_file = "admin.secret"
"#
    )
}

/// A name beside `path` that nothing has: a rename within one folder is atomic.
fn beside(path: &Path) -> Result<PathBuf, Failure> {
    let name = path.file_name().ok_or_else(|| Failure::new(format!("{} can't be a data folder", path.display())))?;
    let mut unfinished = name.to_owned();
    unfinished.push(format!(".unfinished-{}", base64url::encode(&random::bytes::<6>()?)));
    Ok(parent(path).join(unfinished))
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

/// Makes a folder that only its owner may enter.
///
/// # Errors
/// What the file system says.
pub(crate) fn create_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder)
}

/// A name in a folder is durable when the folder is.
fn sync_folder(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config_file;
    use probity_authority::config::AuthorityConfig;
    use probity_guard::config::GuardConfig;
    use tempfile::TempDir;

    fn wishes() -> Wishes<'static> {
        Wishes {
            issuer: "https://localhost:8443",
            listen: SocketAddr::from(([127, 0, 0, 1], 8443)),
            redirect_uri: REDIRECT_URI,
            guard_listen: SocketAddr::from(([127, 0, 0, 1], 9080)),
        }
    }

    #[test]
    fn a_made_folder_is_opened_again_and_its_files_are_configurations_that_work() {
        let temp = TempDir::new().unwrap();
        let path = temp.path().join("data");
        assert!(DevFolder::open(&path).unwrap().is_none());
        let made = DevFolder::make(&path, &wishes()).unwrap();
        let opened = DevFolder::open(&path).unwrap().unwrap();
        assert_eq!(opened.path(), made.path());
        let serve: AuthorityConfig = config_file::load(&opened.serve_file()).unwrap();
        serve.check().unwrap();
        let guard: GuardConfig = config_file::load(&opened.guard_file()).unwrap();
        assert_eq!((guard.issuer, guard.audience.as_str()), (serve.issuer, AUDIENCE));
        assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 1, "nothing unfinished is left");
    }

    #[test]
    fn two_folders_share_no_secret() {
        let temp = TempDir::new().unwrap();
        let folders = ["a", "b"].map(|name| DevFolder::make(&temp.path().join(name), &wishes()).unwrap());
        for name in ["master.key", "tls.key", "admin.secret", "service.secret", "guard.credential", "alice.password"] {
            let [a, b] = folders.clone().map(|folder| fs::read(folder.file(name)).unwrap());
            assert!(!a.is_empty(), "{name}");
            assert_ne!(a, b, "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_enter_the_folder_and_read_the_secrets() {
        use std::os::unix::fs::PermissionsExt;
        let temp = TempDir::new().unwrap();
        let folder = DevFolder::make(&temp.path().join("data"), &wishes()).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(folder.path()), 0o700);
        for name in ["master.key", "tls.key", "admin.secret", "service.secret", "guard.credential", "alice.password"] {
            assert_eq!(mode(&folder.file(name)), 0o600, "{name}");
        }
    }

    #[test]
    fn a_folder_of_something_else_is_refused_and_left_alone() {
        let temp = TempDir::new().unwrap();
        fs::write(temp.path().join("thesis.txt"), "mine").unwrap();
        let message = DevFolder::open(temp.path()).unwrap_err().to_string();
        assert!(message.contains("serve.toml"), "{message}");
        assert!(DevFolder::make(temp.path(), &wishes()).is_err());
        assert_eq!(fs::read_to_string(temp.path().join("thesis.txt")).unwrap(), "mine");
    }
}

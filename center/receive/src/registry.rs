//! Who may come: one-time tokens, the certificates given out, and the sites that were shut out. Plain files, so
//! that a command changes them while the center runs, and a backup or a person reads them without it. Holds no
//! secret: of a token only the digest.
//!
//! ```text
//! sites/tokens/<id>.json      {site, secret_sha256, created, expires}; renamed to used/ when it is used
//! sites/edges/<sha256>.json   {site, issued, expires} of each certificate given out, by its fingerprint
//! sites/revoked/<site>.json   {at}: only certificates given out after that are let in
//! ```

use std::{
    collections::BTreeMap,
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use ring::{
    digest::{SHA256, digest},
    rand::{SecureRandom as _, SystemRandom},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::sync::watch;

use bongsu_sdk_model::{SiteId, Timestamp};
use bongsu_sdk_wire::{Token, hex};

/// Longest life of a token.
pub const TOKEN_LIFE_MAX: Duration = Duration::from_secs(30 * 86_400);

/// Why a token or certificate could not be looked up or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// A file cannot be used.
    #[error("failed to use `{path}`: {cause}")]
    File {
        /// The file.
        path: PathBuf,
        /// What was wrong.
        cause: io::Error,
    },
    /// There is no such token.
    #[error("there is no token `{0}`, hint: `bongsu-center token list`")]
    NoToken(String),
    /// The site is not shut out.
    #[error("site `{0}` is not revoked")]
    NotRevoked(SiteId),
    /// The system has no randomness.
    #[error("the system gives no random numbers")]
    Random,
    /// A token may not live as long.
    #[error("a token lives at most 30 days")]
    Life,
}

/// Why an edge is not enrolled. Its text goes to the edge's operator and says no more than he may know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    /// No such token, used before, or another secret.
    #[error("the token is unknown or has been used, hint: ask for a new one")]
    Unknown,
    /// Too late.
    #[error("the token has expired, hint: ask for a new one")]
    Expired,
    /// For another site.
    #[error("the token is for another site")]
    Site,
    /// The key does not prove itself.
    #[error("the key's proof is wrong")]
    Proof,
    /// The center cannot sign.
    #[error("this center cannot issue certificates at present, hint: see the center's log")]
    Unable,
}

/// A token as the center knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenInfo {
    /// The site it is good for.
    pub site: SiteId,
    secret_sha256: String,
    /// When it was made.
    pub created: Timestamp,
    /// Until when it is good.
    pub expires: Timestamp,
}

/// A certificate that was given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) issued: Timestamp,
    pub(crate) expires: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Edge {
    site: SiteId,
    issued: Timestamp,
    expires: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Revoked {
    at: Timestamp,
}

/// The files.
#[derive(Debug, Clone)]
pub struct Registry {
    directory: PathBuf,
    revoked: watch::Sender<BTreeMap<SiteId, Timestamp>>,
}

impl Registry {
    /// Opens the registry in `directory`, made if need be. Blocks, as does everything here.
    ///
    /// # Errors
    /// [`RegistryError::File`].
    pub fn open(directory: &Path) -> Result<Self, RegistryError> {
        for part in ["tokens", "used", "edges", "revoked"] {
            let path = directory.join(part);
            fs::create_dir_all(&path).map_err(|cause| RegistryError::File { path, cause })?;
        }
        let registry = Self {
            directory: directory.to_owned(),
            revoked: watch::Sender::default(),
        };
        registry.reload()?;
        Ok(registry)
    }

    /// Makes a token for one edge of `site`; `authority` is the SHA-256 of the authority's certificate.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub fn create_token(
        &self,
        site: &SiteId,
        authority: [u8; 32],
        life: Duration,
        now: Timestamp,
    ) -> Result<Token, RegistryError> {
        if life.is_zero() || life > TOKEN_LIFE_MAX {
            return Err(RegistryError::Life);
        }
        let mut token = Token {
            site: site.clone(),
            id: [0; 8],
            secret: [0; 24],
            authority,
        };
        let random = SystemRandom::new();
        for bytes in [token.id.as_mut_slice(), token.secret.as_mut_slice()] {
            random.fill(bytes).map_err(|_| RegistryError::Random)?;
        }
        let info = TokenInfo {
            site: site.clone(),
            secret_sha256: hex(digest(&SHA256, &token.secret).as_ref()),
            created: now,
            expires: now.plus(life),
        };
        self.write(&self.path("tokens", &hex(&token.id)), &info)?;
        Ok(token)
    }

    /// The unused tokens by id, expired ones too.
    ///
    /// # Errors
    /// [`RegistryError::File`].
    pub fn tokens(&self) -> Result<BTreeMap<String, TokenInfo>, RegistryError> {
        self.read_all("tokens")
    }

    /// Makes a token worthless.
    ///
    /// # Errors
    /// [`RegistryError::NoToken`] if there is none of this id.
    pub fn revoke_token(&self, id: &str) -> Result<(), RegistryError> {
        if !is_id(id) {
            return Err(RegistryError::NoToken(id.chars().take(80).collect()));
        }
        let path = self.path("tokens", id);
        fs::remove_file(&path).map_err(|cause| match cause.kind() {
            io::ErrorKind::NotFound => RegistryError::NoToken(id.to_owned()),
            _ => RegistryError::File { path, cause },
        })
    }

    /// Uses a token up. Of two who come at once, one is refused: a file is renamed only once.
    ///
    /// # Errors
    /// [`JoinError`].
    pub(crate) fn redeem(
        &self,
        id: [u8; 8],
        secret: &[u8],
        site: &SiteId,
        now: Timestamp,
    ) -> Result<(), JoinError> {
        let id = hex(&id);
        let path = self.path("tokens", &id);
        let info: TokenInfo = read(&path).map_err(|_| JoinError::Unknown)?;
        // Digests are compared, of which nobody chooses the bytes: how long that takes tells nothing.
        if info.secret_sha256 != hex(digest(&SHA256, secret).as_ref()) {
            return Err(JoinError::Unknown);
        }
        if info.site != *site {
            return Err(JoinError::Site);
        }
        if now >= info.expires {
            return Err(JoinError::Expired);
        }
        fs::rename(&path, self.path("used", &id)).map_err(|_| JoinError::Unknown)?;
        sync(&self.directory.join("tokens")).map_err(|_| JoinError::Unable)
    }

    /// Notes a certificate that is about to be given out.
    pub(crate) fn note(
        &self,
        site: &SiteId,
        fingerprint: &str,
        given: Given,
    ) -> Result<(), RegistryError> {
        let edge = Edge {
            site: site.clone(),
            issued: given.issued,
            expires: given.expires,
        };
        self.write(&self.path("edges", fingerprint), &edge)
    }

    /// What is known of a certificate; nothing if another authority or `ca issue` made it.
    pub(crate) fn given(&self, site: &SiteId, fingerprint: &str) -> Option<Given> {
        let edge: Edge = read(&self.path("edges", fingerprint)).ok()?;
        (edge.site == *site).then_some(Given {
            issued: edge.issued,
            expires: edge.expires,
        })
    }

    /// Shuts a site out: every certificate that it has now is worthless, open connections are dropped within
    /// a second. A certificate given out later, for a new token, is good again.
    ///
    /// # Errors
    /// [`RegistryError::File`].
    pub fn revoke_site(&self, site: &SiteId, now: Timestamp) -> Result<(), RegistryError> {
        self.write(&self.path("revoked", site.as_str()), &Revoked { at: now })?;
        self.reload()
    }

    /// Lets a site in again, with the certificates it had.
    ///
    /// # Errors
    /// [`RegistryError::NotRevoked`].
    pub fn restore_site(&self, site: &SiteId) -> Result<(), RegistryError> {
        let path = self.path("revoked", site.as_str());
        match fs::remove_file(&path) {
            Ok(()) => self.reload(),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
                Err(RegistryError::NotRevoked(site.clone()))
            }
            Err(cause) => Err(RegistryError::File { path, cause }),
        }
    }

    /// The sites that are shut out, since when.
    #[must_use]
    pub fn revoked(&self) -> BTreeMap<SiteId, Timestamp> {
        self.revoked.borrow().clone()
    }

    /// Reads again who is shut out; another process may have changed it.
    pub(crate) fn reload(&self) -> Result<(), RegistryError> {
        let found: BTreeMap<String, Revoked> = self.read_all("revoked")?;
        let found: BTreeMap<SiteId, Timestamp> = found
            .into_iter()
            .filter_map(|(site, revoked)| Some((SiteId::new(&site).ok()?, revoked.at)))
            .collect();
        self.revoked.send_if_modified(|known| {
            let changed = *known != found;
            *known = found;
            changed
        });
        Ok(())
    }

    /// Whether this certificate of this site is worthless.
    pub(crate) fn is_revoked(&self, site: &SiteId, fingerprint: &str) -> bool {
        let Some(at) = self.revoked.borrow().get(site).copied() else {
            return false;
        };
        let given = self.given(site, fingerprint);
        given.is_none_or(|given| given.issued <= at)
    }

    /// Waits until this certificate is worthless.
    pub(crate) async fn until_revoked(&self, site: &SiteId, fingerprint: &str) {
        let mut revoked = self.revoked.subscribe();
        while !self.is_revoked(site, fingerprint) {
            if revoked.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    fn path(&self, part: &str, name: &str) -> PathBuf {
        self.directory.join(part).join(format!("{name}.json"))
    }

    fn read_all<T: DeserializeOwned>(
        &self,
        part: &str,
    ) -> Result<BTreeMap<String, T>, RegistryError> {
        let path = self.directory.join(part);
        let failed = |cause| RegistryError::File {
            path: path.clone(),
            cause,
        };
        let mut all = BTreeMap::new();
        for entry in fs::read_dir(&path).map_err(failed)? {
            let file = entry.map_err(failed)?.path();
            let name = file.file_stem().and_then(|stem| stem.to_str());
            let is_json = file.extension().is_some_and(|end| end == "json");
            if let (Some(name), true) = (name, is_json) {
                match read(&file) {
                    Ok(value) => {
                        all.insert(name.to_owned(), value);
                    }
                    Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
                    Err(cause) => return Err(RegistryError::File { path: file, cause }),
                }
            }
        }
        Ok(all)
    }

    /// Whole or not at all, and on disk.
    fn write(&self, path: &Path, value: &impl Serialize) -> Result<(), RegistryError> {
        let written = || -> io::Result<()> {
            let unfinished = path.with_extension("new");
            let mut file = fs::File::create(&unfinished)?;
            file.write_all(&serde_json::to_vec_pretty(value)?)?;
            file.sync_all()?;
            fs::rename(&unfinished, path)?;
            sync(path.parent().unwrap_or(&self.directory))
        };
        written().map_err(|cause| RegistryError::File {
            path: path.to_owned(),
            cause,
        })
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> io::Result<T> {
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}

fn sync(directory: &Path) -> io::Result<()> {
    fs::File::open(directory)?.sync_all()
}

fn is_id(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|digit| digit.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(1_000_000);
    const HOUR: Duration = Duration::from_secs(3_600);

    fn busan() -> SiteId {
        SiteId::new("busan").unwrap()
    }

    #[test]
    fn a_token_is_good_once_for_its_site_until_it_expires() {
        let directory = tempfile::tempdir().unwrap();
        let registry = Registry::open(directory.path()).unwrap();
        let make = || registry.create_token(&busan(), [0; 32], HOUR, NOW).unwrap();
        let redeem =
            |token: &Token, site: &SiteId, now| registry.redeem(token.id, &token.secret, site, now);
        let token = make();
        let seoul = SiteId::new("seoul").unwrap();
        let wrong = registry.redeem(token.id, &[0; 24], &busan(), NOW);
        assert_eq!(wrong, Err(JoinError::Unknown));
        assert_eq!(redeem(&token, &seoul, NOW), Err(JoinError::Site));
        let late = redeem(&token, &busan(), NOW.plus(HOUR));
        assert_eq!(late, Err(JoinError::Expired));
        assert_eq!(redeem(&token, &busan(), NOW), Ok(()));
        assert_eq!(redeem(&token, &busan(), NOW), Err(JoinError::Unknown));

        let token = make();
        registry.revoke_token(&hex(&token.id)).unwrap();
        assert_eq!(redeem(&token, &busan(), NOW), Err(JoinError::Unknown));
        for id in [hex(&token.id).as_str(), "../edges/x", ""] {
            assert!(registry.revoke_token(id).is_err(), "{id}");
        }
        let files = fs::read_dir(directory.path().join("used")).unwrap();
        for file in files {
            let text = fs::read_to_string(file.unwrap().path()).unwrap();
            assert!(!text.contains(&hex(&token.secret)), "{text}");
        }
    }

    #[test]
    fn a_site_that_was_shut_out_comes_in_with_a_new_certificate_only() {
        let directory = tempfile::tempdir().unwrap();
        let registry = Registry::open(directory.path()).unwrap();
        let note = |name: &str, issued| {
            let given = Given {
                issued,
                expires: issued.plus(HOUR),
            };
            registry.note(&busan(), name, given).unwrap();
        };
        note("old", NOW);
        // Another process does it.
        let other = Registry::open(directory.path()).unwrap();
        other.revoke_site(&busan(), NOW.plus(HOUR)).unwrap();
        assert!(!registry.is_revoked(&busan(), "old"), "not heard of it yet");
        registry.reload().unwrap();
        assert!(registry.is_revoked(&busan(), "old"));
        assert!(registry.is_revoked(&busan(), "of another authority"));
        note("new", NOW.plus(2 * HOUR));
        assert!(!registry.is_revoked(&busan(), "new"));
        registry.restore_site(&busan()).unwrap();
        assert!(!registry.is_revoked(&busan(), "old"));
    }
}

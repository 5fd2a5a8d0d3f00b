//! The center's own certificate authority: a directory with `ca.pem` and `ca.key`, and the certificates it
//! issues. It never overwrites a file and never sends a key anywhere. For an edge that enrols it signs a public
//! key: the edge sends the bare point with a proof of possession. Rejected: a PKCS#10 request, which would need an
//! ASN.1 parser in front of strangers for the sake of fields that the authority decides itself.
//!
//! ECDSA P-256 throughout, because every TLS library speaks it. A site is the DNS name `<site>.edge.bongsu`;
//! an edge's certificate is good only as a client, a center's only as a server.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData, SanType,
    SignatureAlgorithm,
};
use ring::digest::{SHA256, digest};
use rustls::pki_types::{CertificateDer, pem::PemObject};

use bongsu_sdk_model::{SiteId, Timestamp};
use bongsu_sdk_wire::edge_name;

/// File name of the authority's certificate.
pub const CA_CERTIFICATE: &str = "ca.pem";
/// File name of the authority's private key.
pub const CA_KEY: &str = "ca.key";

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long the authority is good.
const CA_LIFE: Duration = DAY.saturating_mul(3_650);
/// How long what it issues is good.
const LIFE: Duration = DAY.saturating_mul(397);
/// Certificates begin this long before they are made, for clocks that are behind.
const CLOCK_SLACK: Duration = DAY;

/// Why a certificate could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaError {
    /// The file is there already.
    #[error(
        "`{path}` exists and is never overwritten, hint: choose another directory or move it away"
    )]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A file cannot be read or written.
    #[error("failed to use `{path}`: {cause}")]
    File {
        /// The file.
        path: PathBuf,
        /// What was wrong.
        cause: std::io::Error,
    },
    /// A name cannot stand in a certificate.
    #[error(
        "`{name}` cannot be a name in a certificate, hint: letters, digits and dashes, none of them first or last"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// The authority's files are damaged or do not belong together.
    #[error("the authority in `{path}` cannot be used: {cause}")]
    Authority {
        /// The directory.
        path: PathBuf,
        /// What was wrong.
        cause: String,
    },
    /// The certificate library failed.
    #[error("failed to make a certificate: {0}")]
    Make(#[from] rcgen::Error),
}

/// An authority that can issue.
pub struct Ca {
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A fresh certificate and its key, both PEM. Not written anywhere yet.
pub struct Issued {
    certificate: String,
    key: KeyPair,
}

impl Ca {
    /// Creates a new authority in `directory`, which is created if need be.
    ///
    /// # Errors
    /// [`CaError::Exists`] if there is one already, or a part of one.
    pub fn create(directory: &Path, now: Timestamp) -> Result<Self, CaError> {
        fs::create_dir_all(directory).map_err(|cause| CaError::File {
            path: directory.to_owned(),
            cause,
        })?;
        let certificate_path = directory.join(CA_CERTIFICATE);
        if certificate_path.exists() {
            return Err(CaError::Exists {
                path: certificate_path,
            });
        }
        let key = KeyPair::generate()?;
        let certificate = authority(now).self_signed(&key)?.pem();
        write_new(
            &directory.join(CA_KEY),
            &key.serialize_pem(),
            Secrecy::Secret,
        )?;
        write_new(&certificate_path, &certificate, Secrecy::Open)?;
        Ok(Self {
            certificate,
            issuer: Issuer::new(authority(now), key),
        })
    }

    /// Opens the authority in `directory`.
    ///
    /// # Errors
    /// [`CaError`] if a file is missing or damaged.
    pub fn open(directory: &Path) -> Result<Self, CaError> {
        Self::open_files(&directory.join(CA_CERTIFICATE), &directory.join(CA_KEY))
    }

    /// Opens the authority in two files.
    ///
    /// # Errors
    /// [`CaError`] if a file is missing or damaged.
    pub fn open_files(certificate: &Path, key: &Path) -> Result<Self, CaError> {
        let (path, certificate) = (key, read(certificate)?);
        let key = KeyPair::from_pem(&read(key)?).map_err(|error| CaError::Authority {
            path: path.to_owned(),
            cause: error.to_string(),
        })?;
        Ok(Self {
            certificate,
            issuer: Issuer::new(authority(Timestamp::default()), key),
        })
    }

    /// The authority's certificate (PEM), which every edge and center needs.
    #[must_use]
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// The SHA-256 of the authority's certificate (DER), which tokens carry.
    ///
    /// # Errors
    /// [`CaError::Authority`] if the certificate is damaged.
    pub fn fingerprint(&self) -> Result<[u8; 32], CaError> {
        let certificate =
            CertificateDer::from_pem_slice(self.certificate.as_bytes()).map_err(|error| {
                CaError::Authority {
                    path: CA_CERTIFICATE.into(),
                    cause: format!("{error:?}"),
                }
            })?;
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(digest(&SHA256, &certificate).as_ref());
        Ok(fingerprint)
    }

    /// A client certificate (PEM) for a key that was made at the edge of `site`; `point` is its public half,
    /// uncompressed on P-256. That the edge holds the private half is the caller's to have checked.
    ///
    /// # Errors
    /// [`CaError::Name`] as in [`Ca::issue_edge`].
    pub(crate) fn sign_edge(
        &self,
        site: &SiteId,
        point: &[u8],
        now: Timestamp,
        life: Duration,
    ) -> Result<String, CaError> {
        let usage = ExtendedKeyUsagePurpose::ClientAuth;
        let params = leaf(&[edge_name(site)], usage, now, life)?;
        Ok(params.signed_by(&Point(point), &self.issuer)?.pem())
    }

    /// A client certificate for the edge of `site`, with a key made here.
    ///
    /// # Errors
    /// [`CaError::Name`] if the site is no DNS label, such as one that begins with a dash.
    pub fn issue_edge(&self, site: &SiteId, now: Timestamp) -> Result<Issued, CaError> {
        self.issue(&[edge_name(site)], ExtendedKeyUsagePurpose::ClientAuth, now)
    }

    /// A server certificate for a center reached under `names` (DNS names or addresses).
    ///
    /// # Errors
    /// [`CaError::Name`] if there is no name or one of them is none.
    pub fn issue_center(&self, names: &[String], now: Timestamp) -> Result<Issued, CaError> {
        self.issue(names, ExtendedKeyUsagePurpose::ServerAuth, now)
    }

    fn issue(
        &self,
        names: &[String],
        usage: ExtendedKeyUsagePurpose,
        now: Timestamp,
    ) -> Result<Issued, CaError> {
        let params = leaf(names, usage, now, LIFE)?;
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?.pem();
        Ok(Issued { certificate, key })
    }
}

impl Issued {
    /// Writes `<stem>.pem` and `<stem>.key` (readable by the owner only) and gives their paths.
    ///
    /// # Errors
    /// [`CaError::Exists`] if one of them is there already.
    pub fn write(&self, directory: &Path, stem: &str) -> Result<(PathBuf, PathBuf), CaError> {
        fs::create_dir_all(directory).map_err(|cause| CaError::File {
            path: directory.to_owned(),
            cause,
        })?;
        let certificate = directory.join(format!("{stem}.pem"));
        let key = directory.join(format!("{stem}.key"));
        if certificate.exists() {
            return Err(CaError::Exists { path: certificate });
        }
        write_new(&key, &self.key.serialize_pem(), Secrecy::Secret)?;
        write_new(&certificate, &self.certificate, Secrecy::Open)?;
        Ok((certificate, key))
    }
}

/// The authority's certificate before it is signed. Its subject never varies, so that an issuer can be made
/// again from the key alone.
fn authority(now: Timestamp) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named("Bongsu CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    set_validity(&mut params, now, CA_LIFE);
    params
}

/// A certificate before it is signed, of whoever goes by `names`.
fn leaf(
    names: &[String],
    usage: ExtendedKeyUsagePurpose,
    now: Timestamp,
    life: Duration,
) -> Result<CertificateParams, CaError> {
    let first = names.first().ok_or_else(|| CaError::Name {
        name: String::new(),
    })?;
    let mut params = CertificateParams::default();
    params.subject_alt_names = names
        .iter()
        .map(|name| alt_name(name))
        .collect::<Result<_, _>>()?;
    params.distinguished_name = named(first);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![usage];
    params.use_authority_key_identifier_extension = true;
    set_validity(&mut params, now, life);
    Ok(params)
}

/// A public key on P-256.
struct Point<'a>(&'a [u8]);

impl PublicKeyData for Point<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_ECDSA_P256_SHA256
    }
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::OrganizationName, "Bongsu");
    distinguished.push(DnType::CommonName, name);
    distinguished
}

fn alt_name(name: &str) -> Result<SanType, CaError> {
    use rustls::pki_types::ServerName;
    let refused = || CaError::Name {
        name: name.to_owned(),
    };
    match ServerName::try_from(name).map_err(|_| refused())? {
        ServerName::DnsName(name) => Ok(SanType::DnsName(name.as_ref().try_into()?)),
        ServerName::IpAddress(_) => name
            .parse::<IpAddr>()
            .map(SanType::IpAddress)
            .map_err(|_| refused()),
        _ => Err(refused()),
    }
}

/// Good from a little before `now` until `life` after it.
fn set_validity(params: &mut CertificateParams, now: Timestamp, life: Duration) {
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let since_epoch = now.since(Timestamp::from_ms(0));
    params.not_before = epoch + since_epoch.saturating_sub(CLOCK_SLACK);
    params.not_after = epoch + since_epoch + life;
}

#[derive(Clone, Copy)]
enum Secrecy {
    Open,
    Secret,
}

fn read(path: &Path) -> Result<String, CaError> {
    fs::read_to_string(path).map_err(|cause| CaError::File {
        path: path.to_owned(),
        cause,
    })
}

fn write_new(path: &Path, text: &str, secrecy: Secrecy) -> Result<(), CaError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(match secrecy {
            Secrecy::Open => 0o644,
            Secrecy::Secret => 0o600,
        });
    }
    let written = options.open(path).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.map_err(|cause| match cause.kind() {
        std::io::ErrorKind::AlreadyExists => CaError::Exists {
            path: path.to_owned(),
        },
        _ => CaError::File {
            path: path.to_owned(),
            cause,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use rustls::{pki_types::UnixTime, server::WebPkiClientVerifier};

    use crate::tls;

    const NOW: Timestamp = Timestamp::from_ms(1_800_000_000_000);

    fn der(issued: &Issued) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(issued.certificate.as_bytes()).unwrap()
    }

    /// Whether the authority in `directory` vouches for a client at `at`.
    fn is_good_client(directory: &Path, issued: &Issued, at: Timestamp) -> bool {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let roots = tls::roots(&directory.join(CA_CERTIFICATE)).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider)
            .build()
            .unwrap();
        let at = UnixTime::since_unix_epoch(at.since(Timestamp::from_ms(0)));
        verifier.verify_client_cert(&der(issued), &[], at).is_ok()
    }

    #[test]
    fn an_authority_is_made_once_and_its_keys_are_private() {
        let directory = tempfile::tempdir().unwrap();
        let ca = Ca::create(directory.path(), NOW).unwrap();
        assert!(matches!(
            Ca::create(directory.path(), NOW),
            Err(CaError::Exists { .. })
        ));
        let (_, key) = ca
            .issue_center(&["localhost".into()], NOW)
            .unwrap()
            .write(directory.path(), "center")
            .unwrap();
        let again = ca
            .issue_center(&["localhost".into()], NOW)
            .unwrap()
            .write(directory.path(), "center");
        assert!(matches!(again, Err(CaError::Exists { .. })));
        #[cfg(unix)]
        for secret in [key, directory.path().join(CA_KEY)] {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(
                fs::metadata(secret).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
    }

    #[test]
    fn an_edge_certificate_is_for_one_site_one_purpose_and_a_time() {
        let directory = tempfile::tempdir().unwrap();
        Ca::create(directory.path(), NOW).unwrap();
        let ca = Ca::open(directory.path()).unwrap();
        let busan = SiteId::new("busan").unwrap();
        let edge = ca.issue_edge(&busan, NOW).unwrap();
        assert!(tls::is_for(&der(&edge), &busan));
        assert!(!tls::is_for(&der(&edge), &SiteId::new("seoul").unwrap()));
        assert!(is_good_client(directory.path(), &edge, NOW));
        assert!(!is_good_client(
            directory.path(),
            &edge,
            NOW.plus(LIFE + DAY)
        ));
        assert!(!is_good_client(
            directory.path(),
            &edge,
            NOW.minus(2 * CLOCK_SLACK)
        ));
        let center = ca
            .issue_center(&["127.0.0.1".into(), "center.example".into()], NOW)
            .unwrap();
        assert!(!is_good_client(directory.path(), &center, NOW));
    }

    #[test]
    fn another_authority_vouches_for_nothing_here() {
        let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        Ca::create(ours.path(), NOW).unwrap();
        let edge = Ca::create(theirs.path(), NOW)
            .unwrap()
            .issue_edge(&SiteId::new("jeju").unwrap(), NOW)
            .unwrap();
        assert!(!is_good_client(ours.path(), &edge, NOW));
    }

    #[test]
    fn impossible_names_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let ca = Ca::create(directory.path(), NOW).unwrap();
        assert!(matches!(
            ca.issue_edge(&SiteId::new("-").unwrap(), NOW),
            Err(CaError::Name { .. })
        ));
        assert!(matches!(
            ca.issue_center(&["no name".into()], NOW),
            Err(CaError::Name { .. })
        ));
        assert!(matches!(
            ca.issue_center(&[], NOW),
            Err(CaError::Name { .. })
        ));
    }
}

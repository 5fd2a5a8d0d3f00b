//! The edge's certificate and key in one file, so that replacing both is one rename and a power cut leaves the
//! old pair or the new one. A certificate and key in two files are somebody else's to replace, and only read.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::Path,
};

use rcgen::KeyPair;
use rustls::{
    crypto::ring::sign::any_supported_type,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};

/// What the file holds.
pub(crate) fn text(certificate: &str, key: &KeyPair) -> String {
    format!("{}{certificate}", key.serialize_pem())
}

/// Whether `certificate` is for `key`; the text says why not.
pub(crate) fn check(certificate: &str, key: &KeyPair) -> Result<(), String> {
    let certificate = first_certificate(certificate)?;
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(str::to_owned)?;
    let key = any_supported_type(&key).map_err(|error| error.to_string())?;
    CertifiedKey::new(vec![certificate], key)
        .keys_match()
        .map_err(|error| format!("the certificate is not for the key: {error}"))
}

/// The first certificate of a PEM text.
pub(crate) fn first_certificate(pem: &str) -> Result<CertificateDer<'static>, String> {
    CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|error| format!("{error:?}"))
}

/// Whether the file holds both.
pub(crate) fn is_whole(path: &Path) -> bool {
    PrivateKeyDer::from_pem_file(path).is_ok() && CertificateDer::from_pem_file(path).is_ok()
}

/// Replaces the file, whole or not at all, readable by its owner only, on disk when this returns.
pub(crate) fn write(path: &Path, text: &str) -> io::Result<()> {
    let unfinished = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(&unfinished)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    fs::File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
}

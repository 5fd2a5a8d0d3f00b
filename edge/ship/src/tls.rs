//! The edge's side of mutual TLS: TLS 1.3 only, ring only, no resumption and no early data, so that every
//! connection shows its certificate again.

use std::{path::Path, sync::Arc};

use quinn::crypto::rustls::QuicClientConfig;
use rustls::{
    RootCertStore,
    client::Resumption,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
};

use bongsu_sdk_wire::ALPN;

use crate::{Config, Error};

/// Reads the three files and makes a QUIC client of them. Blocks.
pub(crate) fn client(config: &Config) -> Result<QuicClientConfig, Error> {
    let mut roots = RootCertStore::empty();
    for authority in certificates(&config.ca)? {
        roots
            .add(authority)
            .map_err(|error| unusable(&config.ca, error))?;
    }
    let key = match PrivateKeyDer::from_pem_file(&config.cert) {
        Err(pem::Error::NoItemsFound) => PrivateKeyDer::from_pem_file(&config.key)
            .map_err(|error| unreadable(&config.key, error))?,
        whole => whole.map_err(|error| unreadable(&config.cert, error))?,
    };
    let mut tls = rustls::ClientConfig::builder_with_provider(Arc::new(
        rustls::crypto::ring::default_provider(),
    ))
    .with_protocol_versions(&[&rustls::version::TLS13])
    .map_err(Error::Tls)?
    .with_root_certificates(roots)
    .with_client_auth_cert(certificates(&config.cert)?, key)
    .map_err(|error| unusable(&config.cert, error))?;
    tls.alpn_protocols = vec![ALPN.to_vec()];
    tls.resumption = Resumption::disabled();
    QuicClientConfig::try_from(tls).map_err(|error| unusable(&config.cert, error))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unreadable(path, error))?;
    if certificates.is_empty() {
        return Err(unreadable(path, pem::Error::NoItemsFound));
    }
    Ok(certificates)
}

fn unreadable(path: &Path, cause: pem::Error) -> Error {
    Error::File {
        path: path.to_owned(),
        cause,
    }
}

fn unusable(path: &Path, cause: impl std::fmt::Display) -> Error {
    Error::Certificate {
        path: path.to_owned(),
        cause: cause.to_string(),
    }
}

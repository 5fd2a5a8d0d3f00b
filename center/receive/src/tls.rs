//! The center's side of mutual TLS: TLS 1.3 only, ring only, a certificate of our authority or no
//! connection. No tickets and no early data, so that every connection shows its certificate again.

use std::{path::Path, sync::Arc};

use quinn::crypto::rustls::QuicServerConfig;
use rustls::{
    RootCertStore,
    client::verify_server_name,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem, pem::PemObject},
    server::{ParsedCertificate, WebPkiClientVerifier},
};

use bongsu_sdk_model::SiteId;
use bongsu_sdk_wire::{ALPN, edge_name};

use crate::{Config, Error};

/// Reads the three files and makes a QUIC server of them. Blocks. Also gives the private key's bytes, from
/// which other secrets are derived.
pub(crate) fn server(config: &Config) -> Result<(QuicServerConfig, PrivateKeyDer<'static>), Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::from_pem_file(&config.key)
        .map_err(|error| unreadable(&config.key, error))?;
    let verifier =
        WebPkiClientVerifier::builder_with_provider(roots(&config.ca)?, Arc::clone(&provider))
            .build()
            .map_err(|error| unusable(&config.ca, error))?;
    let mut tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(Error::Tls)?
        .with_client_cert_verifier(verifier)
        .with_single_cert(certificates(&config.cert)?, key.clone_key())
        .map_err(|error| unusable(&config.cert, error))?;
    tls.alpn_protocols = vec![ALPN.to_vec()];
    tls.send_tls13_tickets = 0;
    tls.max_early_data_size = 0;
    let tls = QuicServerConfig::try_from(tls).map_err(|error| unusable(&config.cert, error))?;
    Ok((tls, key))
}

/// Whether the certificate that `connection` showed is for this site's edge. That it is one of ours, valid
/// and meant for a client was settled in the handshake.
pub(crate) fn is_edge_of(connection: &quinn::Connection, site: &SiteId) -> bool {
    let chain = connection
        .peer_identity()
        .and_then(|identity| identity.downcast::<Vec<CertificateDer>>().ok());
    let Some(certificate) = chain.as_ref().and_then(|chain| chain.first()) else {
        return false;
    };
    is_for(certificate, site)
}

/// Whether a certificate names this site's edge.
pub(crate) fn is_for(certificate: &CertificateDer<'_>, site: &SiteId) -> bool {
    let Ok(name) = ServerName::try_from(edge_name(site)) else {
        return false;
    };
    ParsedCertificate::try_from(certificate)
        .is_ok_and(|certificate| verify_server_name(&certificate, &name).is_ok())
}

/// The authorities in a PEM file.
pub(crate) fn roots(path: &Path) -> Result<Arc<RootCertStore>, Error> {
    let mut roots = RootCertStore::empty();
    for authority in certificates(path)? {
        roots
            .add(authority)
            .map_err(|error| unusable(path, error))?;
    }
    Ok(Arc::new(roots))
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

//! The center's side of mutual TLS: TLS 1.3 only, ring only, a certificate of our authority or no
//! connection, but for an edge that enrols. No tickets and no early data, so that every connection shows its certificate again.

use std::{path::Path, sync::Arc};

use quinn::crypto::rustls::{HandshakeData, QuicServerConfig};
use ring::digest::{SHA256, digest};
use rustls::{
    RootCertStore,
    client::verify_server_name,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem, pem::PemObject},
    server::{ParsedCertificate, WebPkiClientVerifier},
};

use bongsu_sdk_model::SiteId;
use bongsu_sdk_wire::{ALPN, JOIN_ALPN, edge_name, hex};

use crate::{Config, Error};

/// Reads the three files and makes a QUIC server of them. Blocks. Also gives the private key's bytes, from
/// which other secrets are derived.
pub(crate) fn server(config: &Config) -> Result<(QuicServerConfig, PrivateKeyDer<'static>), Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::from_pem_file(&config.key)
        .map_err(|error| unreadable(&config.key, error))?;
    let verifier =
        WebPkiClientVerifier::builder_with_provider(roots(&config.ca)?, Arc::clone(&provider))
            // Who has none may enrol, and nothing else: see `peer`.
            .allow_unauthenticated()
            .build()
            .map_err(|error| unusable(&config.ca, error))?;
    let mut tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(Error::Tls)?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain(config)?, key.clone_key())
        .map_err(|error| unusable(&config.cert, error))?;
    tls.alpn_protocols = vec![ALPN.to_vec(), JOIN_ALPN.to_vec()];
    tls.send_tls13_tickets = 0;
    tls.max_early_data_size = 0;
    let tls = QuicServerConfig::try_from(tls).map_err(|error| unusable(&config.cert, error))?;
    Ok((tls, key))
}

/// The center's certificates and behind them its authority, by whose digest an edge that enrols knows it.
fn chain(config: &Config) -> Result<Vec<CertificateDer<'static>>, Error> {
    let mut chain = certificates(&config.cert)?;
    for authority in certificates(&config.ca)? {
        if !chain.contains(&authority) {
            chain.push(authority);
        }
    }
    Ok(chain)
}

/// What a peer may do, by what it said and showed in the handshake.
pub(crate) enum Peer {
    /// Enrol.
    Newcomer,
    /// Speak for a site, if the certificate is for it.
    Edge(Certificate),
    /// Nothing.
    Nobody,
}

/// An edge's certificate. That it is one of ours, valid and meant for a client was settled in the handshake.
pub(crate) struct Certificate(CertificateDer<'static>);

impl Certificate {
    /// Whether it names this site's edge.
    pub(crate) fn is_for(&self, site: &SiteId) -> bool {
        is_for(&self.0, site)
    }

    /// Its SHA-256 in hexadecimal.
    pub(crate) fn fingerprint(&self) -> String {
        hex(digest(&SHA256, &self.0).as_ref())
    }
}

/// Who is there.
pub(crate) fn peer(connection: &quinn::Connection) -> Peer {
    let said = connection
        .handshake_data()
        .and_then(|data| data.downcast::<HandshakeData>().ok())
        .and_then(|data| data.protocol);
    if said.as_deref() == Some(JOIN_ALPN) {
        return Peer::Newcomer;
    }
    connection
        .peer_identity()
        .and_then(|identity| identity.downcast::<Vec<CertificateDer<'static>>>().ok())
        .and_then(|chain| chain.into_iter().next())
        .map_or(Peer::Nobody, |leaf| Peer::Edge(Certificate(leaf)))
}

/// The SHA-256 of the first certificate in a PEM text, in hexadecimal.
pub(crate) fn fingerprint_of_pem(pem: &str) -> Option<String> {
    let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
    Some(hex(digest(&SHA256, &certificate).as_ref()))
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

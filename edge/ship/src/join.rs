//! Gets this edge its first certificate: makes a key that never leaves the machine, shows a one-time token, and
//! writes what comes back. Trusts the center only if its chain holds the authority that the token names.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
    time::Duration,
};

use quinn::{ClientConfig, Connection, Endpoint, crypto::rustls::QuicClientConfig};
use rcgen::{KeyPair, SigningKey as _};
use ring::digest::{SHA256, digest};
use rustls::{
    DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use bongsu_sdk_model::SiteId;
use bongsu_sdk_wire::{Decoder, JOIN_ALPN, Join, Joined, PROOF_LABEL, PublicKey, Token, encode};

use crate::identity;

/// Limit of the whole enrolment.
const LIMIT: Duration = Duration::from_secs(20);
/// Most bytes of the center's answer.
const MAX_BYTES: usize = 64 << 10;

/// File of the edge's certificate and key, beside [`AUTHORITY`].
pub const IDENTITY: &str = "edge.pem";
/// File of the authority that vouches for the center.
pub const AUTHORITY: &str = "ca.pem";

/// Why this edge was not enrolled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    /// Enrolled already.
    #[error("`{0}` exists and is not overwritten, hint: move it away to enrol again")]
    Exists(PathBuf),
    /// Not `host:port`, or nobody there.
    #[error("failed to reach `{center}`: {cause}")]
    Reach {
        /// The center's address.
        center: String,
        /// What was wrong.
        cause: String,
    },
    /// Somebody answered, but not the center that the token is from.
    #[error("`{center}` is not the center that made this token: {cause}")]
    Stranger {
        /// The center's address.
        center: String,
        /// What was wrong.
        cause: String,
    },
    /// The center said no.
    #[error("the center refused: {0}")]
    Refused(String),
    /// The center's answer makes no sense.
    #[error("the center's answer cannot be used: {0}")]
    Answer(String),
    /// A key could not be made.
    #[error("failed to make a key: {0}")]
    Key(String),
    /// A file could not be written.
    #[error("failed to write `{path}`: {cause}")]
    File {
        /// The file.
        path: PathBuf,
        /// What was wrong.
        cause: std::io::Error,
    },
}

/// Enrols this edge at `center` (`host:port`) and writes [`IDENTITY`] (readable by its owner only) and
/// [`AUTHORITY`] into `directory`.
///
/// # Errors
/// [`JoinError`]; after [`JoinError::Refused`] or later the token may be used up.
pub async fn join(center: &str, token: &Token, directory: &Path) -> Result<(), JoinError> {
    let identity = directory.join(IDENTITY);
    if identity.exists() {
        return Err(JoinError::Exists(identity));
    }
    fs::create_dir_all(directory).map_err(|cause| JoinError::File {
        path: directory.to_owned(),
        cause,
    })?;
    let key = KeyPair::generate().map_err(|e| JoinError::Key(e.to_string()))?;
    let seen = Arc::new(OnceLock::new());
    let joining = ask(center, token, &key, Arc::clone(&seen));
    let joined = tokio::time::timeout(LIMIT, joining)
        .await
        .map_err(|_| JoinError::Reach {
            center: center.to_owned(),
            cause: format!("no answer within {} s", LIMIT.as_secs()),
        })??;
    let (certificate, authority) = match joined {
        Joined::Welcome {
            certificate,
            authority,
        } => (certificate, authority),
        Joined::Refused { text } => return Err(JoinError::Refused(text)),
    };
    identity::check(&certificate, &key).map_err(JoinError::Answer)?;
    let of_authority = identity::first_certificate(&authority).map_err(JoinError::Answer)?;
    if digest(&SHA256, &of_authority).as_ref() != token.authority {
        let cause = "it sent another authority than the token names".to_owned();
        return Err(JoinError::Answer(cause));
    }
    let written = |path: PathBuf, text: &str| {
        identity::write(&path, text).map_err(|cause| JoinError::File { path, cause })
    };
    written(directory.join(AUTHORITY), &authority)?;
    written(identity, &identity::text(&certificate, &key))
}

async fn ask(
    center: &str,
    token: &Token,
    key: &KeyPair,
    seen: Arc<OnceLock<String>>,
) -> Result<Joined, JoinError> {
    let reach = |cause: String| JoinError::Reach {
        center: center.to_owned(),
        cause,
    };
    let host = crate::config::host_of(center)
        .ok_or_else(|| reach("it is not host:port, hint: --center center.example:7443".into()))?;
    let client = client(token, Arc::clone(&seen)).map_err(reach)?;
    let addresses = tokio::net::lookup_host(center)
        .await
        .map_err(|e| reach(e.to_string()))?;
    let mut last = reach("the name has no address".to_owned());
    for address in addresses {
        match connect(client.clone(), address, host).await {
            Ok((endpoint, connection)) => {
                let answer = converse(&connection, token, key).await.map_err(reach);
                connection.close(0_u8.into(), b"");
                endpoint.wait_idle().await;
                return answer;
            }
            Err(cause) => {
                last = match seen.get() {
                    Some(cause) => JoinError::Stranger {
                        center: center.to_owned(),
                        cause: cause.clone(),
                    },
                    None => reach(cause),
                };
            }
        }
    }
    Err(last)
}

async fn connect(
    client: ClientConfig,
    address: SocketAddr,
    host: &str,
) -> Result<(Endpoint, Connection), String> {
    let any: SocketAddr = match address {
        SocketAddr::V4(_) => (std::net::Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (std::net::Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let endpoint = Endpoint::client(any).map_err(text)?;
    let connecting = endpoint.connect_with(client, address, host).map_err(text)?;
    let connection = connecting.await.map_err(text)?;
    Ok((endpoint, connection))
}

async fn converse(connection: &Connection, token: &Token, key: &KeyPair) -> Result<Joined, String> {
    let join = Join {
        token: token.id,
        secret: token.secret,
        site: token.site.clone(),
        key: shown(connection, &token.site, key)?,
    };
    let (mut up, mut down) = connection.open_bi().await.map_err(text)?;
    up.write_all(&encode(&join).map_err(text)?)
        .await
        .map_err(text)?;
    up.finish().map_err(text)?;
    let bytes = down.read_to_end(MAX_BYTES).await.map_err(text)?;
    let mut decoder = Decoder::<Joined>::new(MAX_BYTES);
    decoder.push(&bytes);
    decoder
        .next()
        .map_err(text)?
        .ok_or_else(|| "it broke off".to_owned())
}

/// The public half of a key, with a proof that is good on this connection only.
pub(crate) fn shown(
    connection: &Connection,
    site: &SiteId,
    key: &KeyPair,
) -> Result<PublicKey, String> {
    let mut binding = [0; 32];
    connection
        .export_keying_material(&mut binding, PROOF_LABEL, b"")
        .map_err(|_| "TLS gives no keying material".to_owned())?;
    let point = key.public_key_raw().to_vec();
    let claim = PublicKey::claim(site.as_str(), &point, &binding);
    let proof = key.sign(&claim).map_err(text)?;
    Ok(PublicKey { point, proof })
}

fn client(token: &Token, seen: Arc<OnceLock<String>>) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let pinned = Pinned {
        authority: token.authority,
        provider: Arc::clone(&provider),
        seen,
    };
    let mut tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(text)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(pinned))
        .with_no_client_auth();
    tls.alpn_protocols = vec![JOIN_ALPN.to_vec()];
    let tls = QuicClientConfig::try_from(tls).map_err(text)?;
    Ok(ClientConfig::new(Arc::new(tls)))
}

/// Trusts the one authority whose digest is in the token, which the center sends along.
#[derive(Debug)]
struct Pinned {
    authority: [u8; 32],
    provider: Arc<rustls::crypto::CryptoProvider>,
    /// Why a server was not trusted, for the operator.
    seen: Arc<OnceLock<String>>,
}

impl Pinned {
    fn verify(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let pinned = intermediates
            .iter()
            .find(|shown| digest(&SHA256, shown).as_ref() == self.authority);
        let pinned = pinned.ok_or_else(|| {
            rustls::Error::General("its chain does not hold the token's authority".to_owned())
        })?;
        let mut roots = RootCertStore::empty();
        roots.add(pinned.clone().into_owned())?;
        let verifier = WebPkiServerVerifier::builder_with_provider(
            Arc::new(roots),
            Arc::clone(&self.provider),
        )
        .build()
        .map_err(|error| rustls::Error::General(error.to_string()))?;
        verifier.verify_server_cert(end_entity, intermediates, server_name, &[], now)
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.verify(end_entity, intermediates, server_name, now)
            .inspect_err(|error| {
                let _ = self.seen.set(error.to_string());
            })
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("only TLS 1.3 is spoken".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

//! The second listener, for clients that speak TLS. Reads certificates and key, so that `--check` sees what
//! is wrong with them.

use std::{net::SocketAddr, path::Path, sync::Arc};

use bongsu_sdk_config::Section;
use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};

/// Where to listen for TLS, and as whom.
#[derive(Debug, Clone)]
pub struct Tls {
    /// Address to listen on.
    pub bind: SocketAddr,
    /// Certificate, key, and whom to trust: TLS 1.2 and 1.3.
    pub(crate) server: Arc<ServerConfig>,
    certified: bool,
}

impl Tls {
    /// Whether clients must show a certificate.
    #[must_use]
    pub const fn asks_for_certificates(&self) -> bool {
        self.certified
    }

    /// Reads `tls_bind`, `tls_cert`, `tls_key` and `tls_client_ca`; none without `tls_bind`, or if anything is
    /// at fault.
    pub(super) fn read(section: &Section) -> Option<Self> {
        let bind = section.optional::<SocketAddr>("tls_bind");
        let [cert, key, client_ca] =
            ["tls_cert", "tls_key", "tls_client_ca"].map(|key| section.optional_path(key));
        let Some(bind) = bind else {
            if (cert.is_some() || key.is_some() || client_ca.is_some()) && !section.has("tls_bind")
            {
                section.fault("tls_bind", "is required with the other tls_ keys");
            }
            return None;
        };
        let chain = cert.map_or_else(
            || missing(section, "tls_cert"),
            |path| certificates(section, "tls_cert", &path),
        );
        let key = key.map_or_else(
            || missing(section, "tls_key"),
            |path| private_key(section, &path),
        );
        let trusted = match client_ca {
            None => Some(None),
            Some(path) => certificates(section, "tls_client_ca", &path).map(Some),
        };
        let certified = section.has("tls_client_ca");
        let server = build(chain?, key?, trusted?);
        let server =
            server.map_err(|error| section.fault("tls_cert", format!("cannot be used: {error}")));
        server.ok().map(|server| Self {
            bind,
            server: Arc::new(server),
            certified,
        })
    }
}

fn missing<T>(section: &Section, key: &str) -> Option<T> {
    section.fault(key, "is required with tls_bind");
    None
}

fn certificates(section: &Section, key: &str, path: &Path) -> Option<Vec<CertificateDer<'static>>> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(chain) if chain.is_empty() => {
            section.fault(key, format!("`{}` has no certificate", path.display()));
            None
        }
        Ok(chain) => Some(chain),
        Err(error) => {
            section.fault(key, format!("cannot read `{}`: {error}", path.display()));
            None
        }
    }
}

fn private_key(section: &Section, path: &Path) -> Option<PrivateKeyDer<'static>> {
    let key = PrivateKeyDer::from_pem_file(path);
    key.map_err(|error| {
        section.fault(
            "tls_key",
            format!("cannot read `{}`: {error}", path.display()),
        );
    })
    .ok()
}

/// With `trusted`, clients must show a certificate that one of these has signed.
fn build(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    trusted: Option<Vec<CertificateDer<'static>>>,
) -> Result<ServerConfig, Box<dyn std::error::Error>> {
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?;
    let builder = match trusted {
        None => builder.with_no_client_auth(),
        Some(trusted) => {
            let mut roots = RootCertStore::empty();
            for certificate in trusted {
                roots.add(certificate)?;
            }
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build()?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    Ok(builder.with_single_cert(chain, key)?)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use bongsu_sdk_config::Faults;

    use super::*;

    fn faults(text: &str) -> (bool, Vec<String>) {
        let faults = Faults::default();
        let section = Section::parse(text, &faults);
        let tls = Tls::read(&section);
        section.finish();
        (tls.is_some(), faults.lines())
    }

    #[test]
    fn every_faulty_file_is_reported() {
        let dir = tempfile::tempdir().unwrap();
        let [empty, own, key] = ["empty", "own", "key"].map(|name| dir.path().join(name));
        let made = rcgen::generate_simple_self_signed(["edge".to_owned()]).unwrap();
        fs::write(&empty, "").unwrap();
        fs::write(&own, made.cert.pem()).unwrap();
        fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let bind = "tls_bind = \"127.0.0.1:0\"\n";
        assert_eq!(faults(""), (false, vec![]));
        assert_eq!(
            faults(&format!("tls_key = {key:?}")).1,
            ["tls_bind: is required with the other tls_ keys"]
        );
        assert_eq!(
            faults(bind).1,
            [
                "tls_cert: is required with tls_bind",
                "tls_key: is required with tls_bind"
            ]
        );
        let (usable, lines) = faults(&format!(
            "{bind}tls_cert = {empty:?}\ntls_key = {own:?}\ntls_client_ca = \"/nowhere/x\""
        ));
        let starts: Vec<_> = lines.iter().filter_map(|line| line.get(..20)).collect();
        assert!(!usable);
        assert_eq!(lines.len(), 3, "{lines:?}");
        assert!(lines[0].starts_with("tls_cert: `") && lines[0].ends_with("has no certificate"));
        assert!(starts[1].starts_with("tls_key: cannot read"));
        assert!(starts[2].starts_with("tls_client_ca: canno"));
        let whole = format!("{bind}tls_cert = {own:?}\ntls_key = {key:?}\ntls_client_ca = {own:?}");
        assert_eq!(faults(&whole), (true, vec![]));
    }
}

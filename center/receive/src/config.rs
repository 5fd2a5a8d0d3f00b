//! The `[receive]` section of `center.toml`: where to listen, whom to trust, and the limits on what a peer
//! may take.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use bongsu_sdk_config::Section;

/// How to receive.
#[derive(Debug, Clone)]
pub struct Config {
    /// `bind`: UDP address to listen on. Default `0.0.0.0:7443`, open to the network: without a certificate
    /// nobody gets further than the TLS handshake.
    pub bind: SocketAddr,
    /// `ca`: certificates of the authorities that may vouch for edges (PEM). Default `tls/ca.pem`.
    pub ca: PathBuf,
    /// `ca_key`: private key of `ca`, with which edges that enrol or renew get their certificates; without the file
    /// there is no enrolment, and an authority elsewhere makes the certificates. Default `tls/ca.key`.
    pub ca_key: PathBuf,
    /// `certificate_life`: how long an enrolled edge's certificate is good; it is renewed when two thirds are over.
    /// Shorter means that one which was copied is worthless sooner. Default 90 d.
    pub certificate_life: Duration,
    /// `cert`: the center's certificate, then any intermediates (PEM). Default `tls/center.pem`.
    pub cert: PathBuf,
    /// `key`: private key of `cert` (PEM). Default `tls/center.key`.
    pub key: PathBuf,
    /// `connections`: most connections at once, those in their handshake included. Each may hold about
    /// `2 × transaction + 8 MiB` of memory when it floods. Default 2048.
    pub connections: usize,
    /// `hello_timeout`: time for the TLS handshake, again for Hello, and for each pulse. Default 5 s.
    pub hello_timeout: Duration,
    /// `idle_timeout`: silence after which a connection is given up. Default 10 s.
    pub idle_timeout: Duration,
    /// `transaction`: payload bytes applied in one transaction. Larger drains a backlog faster and holds more
    /// in memory. Default 4 MiB.
    pub transaction_bytes: usize,
    /// `grace`: how long a shutdown waits for transactions under way. Default 5 s.
    pub grace: Duration,
}

impl Config {
    /// Reads the section; faults are collected in it.
    #[must_use]
    pub fn read(section: Section) -> Self {
        let config = Self {
            bind: section.address("bind", (Ipv4Addr::UNSPECIFIED, 7443).into()),
            ca: section.path("ca", "tls/ca.pem"),
            ca_key: section.path("ca_key", "tls/ca.key"),
            certificate_life: section
                .duration("certificate_life", Duration::from_secs(90 * 86_400)),
            cert: section.path("cert", "tls/center.pem"),
            key: section.path("key", "tls/center.key"),
            connections: usize::try_from(section.integer("connections", 2_048, 1..=100_000))
                .unwrap_or(usize::MAX),
            hello_timeout: section.duration("hello_timeout", Duration::from_secs(5)),
            idle_timeout: section.duration("idle_timeout", Duration::from_secs(10)),
            transaction_bytes: usize::try_from(section.size("transaction", 4 << 20))
                .unwrap_or(usize::MAX),
            grace: section.duration("grace", Duration::from_secs(5)),
        };
        if config.certificate_life < Duration::from_secs(1) {
            section.fault("certificate_life", "must be at least a second");
        }
        if config.transaction_bytes == 0 {
            section.fault("transaction", "must be over zero");
        }
        section.finish();
        config
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bongsu_sdk_config::Faults;

    #[test]
    fn an_empty_section_is_usable_and_faults_are_named() {
        let faults = Faults::default();
        assert_eq!(Config::read(Section::parse("", &faults)).bind.port(), 7443);
        assert!(faults.is_empty());
        let _ = Config::read(Section::parse(
            "transaction = \"0B\"\nconnections = 0\n",
            &faults,
        ));
        assert_eq!(
            faults.lines(),
            [
                "connections: 0 is not within 1 to 100000",
                "transaction: must be over zero"
            ]
        );
    }
}

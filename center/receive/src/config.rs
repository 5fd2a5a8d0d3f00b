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
    /// UDP address to listen on. Open to the network by default: without a certificate nobody gets further
    /// than the TLS handshake.
    pub bind: SocketAddr,
    /// Certificates of the authorities that may vouch for edges (PEM).
    pub ca: PathBuf,
    /// The center's certificate, then any intermediates (PEM).
    pub cert: PathBuf,
    /// Private key of `cert` (PEM).
    pub key: PathBuf,
    /// Most connections at once, those in their handshake included. Each may hold about
    /// `2 × transaction + 4 MiB` of memory when it floods.
    pub connections: usize,
    /// Time from the first packet to Hello.
    pub hello_timeout: Duration,
    /// Silence after which a connection is given up.
    pub idle_timeout: Duration,
    /// Payload bytes applied in one transaction. Larger drains a backlog faster and holds more in memory.
    pub transaction_bytes: usize,
    /// How long a shutdown waits for transactions under way.
    pub grace: Duration,
}

impl Config {
    /// Reads the section; faults are collected in it.
    #[must_use]
    pub fn read(section: Section) -> Self {
        let config = Self {
            bind: section.address("bind", (Ipv4Addr::UNSPECIFIED, 7443).into()),
            ca: section.path("ca", "tls/ca.pem"),
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

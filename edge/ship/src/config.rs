//! The `[ship]` section of `edge.toml`. It says where the center is and how patient to be, nothing about
//! what is shipped.

use std::{path::PathBuf, time::Duration};

use bongsu_sdk_config::Section;
use bongsu_sdk_wire::SendWindow;

/// How to reach the center.
#[derive(Debug, Clone)]
pub struct Config {
    /// `center`: `host:port` of the center, looked up anew at every attempt. Default `127.0.0.1:7443`.
    pub center: String,
    /// `server_name`: name the center's certificate must carry. Default: the host of `center`.
    pub server_name: String,
    /// `ca`: certificates of the authorities that may vouch for the center (PEM). Default `tls/ca.pem`.
    pub ca: PathBuf,
    /// `cert`: this edge's certificate, then any intermediates (PEM). Read again at every attempt, so that
    /// a renewed one is used without a restart. Default `tls/edge.pem`.
    pub cert: PathBuf,
    /// `key`: private key of `cert` (PEM), not read if `cert` holds it too, as it does after `bongsu-edge join`.
    /// Default `tls/edge.key`.
    pub key: PathBuf,
    /// `backoff_min`: wait after the first failed attempt; doubles after each. Default 250 ms.
    pub backoff_min: Duration,
    /// `backoff_max`: longest wait between attempts, and so the delay with which a center that was away is
    /// found again. Default 30 s.
    pub backoff_max: Duration,
    /// `connect_timeout`: limit of one attempt: look-up of the name, TLS and the protocol's own handshake.
    /// Default 5 s.
    pub connect_timeout: Duration,
    /// `keep_alive`: pause after which a quiet connection is kept open by some 40 bytes. Default 3 s.
    pub keep_alive: Duration,
    /// `idle_timeout`: silence after which the connection is given up. Default 10 s.
    pub idle_timeout: Duration,
    /// `window_batches` and `window`: what may be under way without an acknowledgement, and so what is sent
    /// twice after a cut. Default 8192 batches and 16 MiB.
    pub window: SendWindow,
    /// `max_kbps`: most that this edge sends to the center, kbit/s, with QUIC's own bytes. Answers and live figures
    /// go before the backlog; live figures become rarer. Default: no limit.
    pub max_kbps: Option<u64>,
}

impl Config {
    /// Reads the section; faults are collected in it.
    #[must_use]
    pub fn read(section: Section) -> Self {
        let center = section.text("center", "127.0.0.1:7443");
        let host = host_of(&center).map(str::to_owned).unwrap_or_else(|| {
            section.fault(
                "center",
                format!("`{center}` is not host:port, hint: center = \"center.example:7443\""),
            );
            String::new()
        });
        let config = Self {
            server_name: section.text("server_name", &host),
            center,
            ca: section.path("ca", "tls/ca.pem"),
            cert: section.path("cert", "tls/edge.pem"),
            key: section.path("key", "tls/edge.key"),
            backoff_min: section.duration("backoff_min", Duration::from_millis(250)),
            backoff_max: section.duration("backoff_max", Duration::from_secs(30)),
            connect_timeout: section.duration("connect_timeout", Duration::from_secs(5)),
            keep_alive: section.duration("keep_alive", Duration::from_secs(3)),
            idle_timeout: section.duration("idle_timeout", Duration::from_secs(10)),
            window: SendWindow {
                batches: read_usize(&section, "window_batches", 8_192),
                bytes: usize::try_from(section.size("window", 16 << 20)).unwrap_or(usize::MAX),
            },
            max_kbps: section
                .has("max_kbps")
                .then(|| section.integer("max_kbps", 0, 8..=100_000_000)),
        };
        config.check(&section);
        section.finish();
        config
    }

    fn check(&self, section: &Section) {
        if self.backoff_min.is_zero() || self.backoff_min > self.backoff_max {
            section.fault("backoff_min", "must be over zero and not over backoff_max");
        }
        if self.keep_alive >= self.idle_timeout {
            section.fault("keep_alive", "must be shorter than idle_timeout");
        }
        if self.window.bytes == 0 {
            section.fault("window", "must be over zero");
        }
    }
}

fn read_usize(section: &Section, key: &str, default: u64) -> usize {
    usize::try_from(section.integer(key, default, 1..=1_000_000)).unwrap_or(usize::MAX)
}

/// The host of `host:port` or `[v6]:port`, if it is one.
pub(crate) fn host_of(center: &str) -> Option<&str> {
    let (host, port) = center.rsplit_once(':')?;
    port.parse::<u16>().ok().filter(|port| *port > 0)?;
    let host = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host);
    (!host.is_empty()).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bongsu_sdk_config::Faults;

    fn faults_of(text: &str) -> Vec<String> {
        let faults = Faults::default();
        let _ = Config::read(Section::parse(text, &faults));
        faults.lines()
    }

    #[test]
    fn an_empty_section_is_usable() {
        let faults = Faults::default();
        let config = Config::read(Section::parse("", &faults));
        assert_eq!(
            (config.center.as_str(), config.server_name.as_str()),
            ("127.0.0.1:7443", "127.0.0.1")
        );
        assert!(faults.is_empty());
    }

    #[test]
    fn every_fault_is_named() {
        assert_eq!(
            faults_of(
                "center = \"nowhere\"\nbackoff_min = \"1m\"\nkeep_alive = \"10s\"\nwindow = \"0B\"\n"
            ),
            [
                "center: `nowhere` is not host:port, hint: center = \"center.example:7443\"",
                "backoff_min: must be over zero and not over backoff_max",
                "keep_alive: must be shorter than idle_timeout",
                "window: must be over zero",
            ]
        );
    }

    #[test]
    fn hosts_are_found_in_every_form() {
        for (center, host) in [
            ("center.example:7443", Some("center.example")),
            ("[::1]:7443", Some("::1")),
            ("10.0.0.1:1", Some("10.0.0.1")),
            (":7443", None),
            ("center:", None),
            ("center:0", None),
        ] {
            assert_eq!(host_of(center), host, "{center}");
        }
    }
}

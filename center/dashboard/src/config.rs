//! The `[dashboard]` section of `center.toml`: where to listen and the limits on what a client may take.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use bongsu_sdk_config::Section;

/// How to serve the dashboard.
#[derive(Debug, Clone)]
pub struct Config {
    /// TCP address of page and API. Loopback by default; put a web server with TLS in front for others.
    pub bind: SocketAddr,
    /// Nobody has to sign in; only on a loopback address, for demonstrations.
    pub open: bool,
    /// Session cookies only over TLS; default: unless bound to a loopback address.
    pub secure_cookie: bool,
    /// Where a web server in front says who the client is, such as `x-forwarded-for`: its last entry counts.
    pub address_header: Option<String>,
    /// Most connections at once; further ones wait in the system's queue. Each may hold about 100 KiB.
    pub connections: usize,
    /// Largest request body, bytes.
    pub body_bytes: usize,
    /// Time from a request's first byte to its response; then 503 `timeout`.
    pub request_timeout: Duration,
    /// Silence after which a connection is closed.
    pub idle_timeout: Duration,
    /// Questions answered at one time. Each reads history and may use one core.
    pub questions: usize,
    /// How long a question waits for its turn; then 503 `busy`.
    pub question_wait: Duration,
    /// How long one overview is served to everybody who asks.
    pub overview_every: Duration,
    /// How long a shutdown waits for requests in process.
    pub grace: Duration,
}

impl Config {
    /// Reads the section; faults are collected in it.
    #[must_use]
    pub fn read(section: Section) -> Self {
        let count = |key, default, most| {
            usize::try_from(section.integer(key, default, 1..=most)).unwrap_or(usize::MAX)
        };
        let bind = section.address("bind", (Ipv4Addr::LOCALHOST, 8080).into());
        let config = Self {
            bind,
            open: section.flag("open", false),
            secure_cookie: section.flag("secure_cookie", !bind.ip().is_loopback()),
            address_header: section
                .optional_text("address_header")
                .map(|name| name.to_lowercase()),
            connections: count("connections", 1_024, 65_536),
            body_bytes: usize::try_from(section.size("body", 64 << 10)).unwrap_or(usize::MAX),
            request_timeout: section.duration("request_timeout", Duration::from_secs(30)),
            idle_timeout: section.duration("idle_timeout", Duration::from_secs(30)),
            questions: count("questions", 4, 256),
            question_wait: section.duration("question_wait", Duration::from_secs(5)),
            overview_every: section.duration("overview_every", Duration::from_secs(1)),
            grace: section.duration("grace", Duration::from_secs(5)),
        };
        for (key, value) in [
            ("request_timeout", config.request_timeout),
            ("idle_timeout", config.idle_timeout),
        ] {
            if value.is_zero() {
                section.fault(key, "must be over zero");
            }
        }
        if config.open && !bind.ip().is_loopback() {
            section.fault("open", "only where `bind` is a loopback address");
        }
        if config.body_bytes == 0 {
            section.fault("body", "must be over zero");
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
    fn an_empty_section_is_loopback_and_faults_are_named() {
        let faults = Faults::default();
        let config = Config::read(Section::parse("", &faults));
        assert!(config.bind.ip().is_loopback() && faults.is_empty());
        let text = "questions = 0\nrequest_timeout = \"0s\"\nbody = \"0B\"\nbnd = \"x\"\n";
        let _ = Config::read(Section::parse(text, &faults));
        assert_eq!(
            faults.lines(),
            [
                "questions: 0 is not within 1 to 256",
                "request_timeout: must be over zero",
                "body: must be over zero",
                "bnd: unknown key, hint: did you mean `bind`?",
            ]
        );
    }
}

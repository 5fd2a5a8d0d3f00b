//! Reads and checks the section `collect`. The keys' meaning stands in the crate's documentation.

use std::{collections::BTreeSet, net::SocketAddr, path::PathBuf, time::Duration};

use bongsu_sdk_config::Section;
use bongsu_sdk_model::{AppId, InstanceId};
use hyper::Uri;
use jiff::tz::TimeZone;

use crate::{
    access_log::{
        entry::CookieNames,
        format::{Format, Source},
    },
    field::name,
    login::LoginRule,
    scrape::ScrapeConfig,
};

/// Longest message an operator may allow.
const MESSAGE_CEILING: u64 = 64 << 20;

/// What to collect and within which limits.
#[derive(Debug, Clone)]
pub struct Config {
    pub(crate) grpc: SocketAddr,
    pub(crate) http: SocketAddr,
    pub(crate) limits: Limits,
    pub(crate) cookie_attribute: String,
    pub(crate) join_wait: Duration,
    pub(crate) spans: bool,
    pub(crate) host_every: Option<Duration>,
    pub(crate) data_dir: PathBuf,
    pub(crate) login: LoginRule,
    pub(crate) logs: Vec<LogConfig>,
    pub(crate) scrape: Vec<ScrapeConfig>,
}

/// What one peer, and all of them, may take of this process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) message_bytes: usize,
    pub(crate) connections: usize,
    pub(crate) exports: usize,
    pub(crate) export_timeout: Duration,
    pub(crate) idle_timeout: Duration,
}

/// One access log.
#[derive(Debug, Clone)]
pub(crate) struct LogConfig {
    pub(crate) path: PathBuf,
    pub(crate) format: Format,
    pub(crate) app: AppId,
    pub(crate) instance: InstanceId,
    pub(crate) from_start: bool,
    pub(crate) poll: Duration,
    pub(crate) max_line: usize,
    pub(crate) rotated_for: Duration,
}

impl Config {
    /// Reads the section; faults go to the section's list and leave a usable default.
    #[must_use]
    pub fn read(section: Section) -> Self {
        let every = nonzero(&section, "host_every", Duration::from_secs(5));
        let config = Self {
            grpc: section.address("grpc", SocketAddr::from(([127, 0, 0, 1], 4317))),
            http: section.address("http", SocketAddr::from(([127, 0, 0, 1], 4318))),
            limits: Limits {
                message_bytes: bytes(&section, "max_message", 4 << 20, MESSAGE_CEILING),
                connections: count(&section, "max_connections", 256),
                exports: count(&section, "max_exports", 32),
                export_timeout: nonzero(&section, "export_timeout", Duration::from_secs(10)),
                idle_timeout: nonzero(&section, "idle_timeout", Duration::from_secs(75)),
            },
            cookie_attribute: section.text("cookie_attribute", "bongsu.cookie"),
            join_wait: nonzero(&section, "join_wait", Duration::from_secs(300)),
            spans: section.flag("spans", true),
            host_every: section.flag("host", true).then_some(every),
            data_dir: section.path("data_dir", "data/collect"),
            login: login(section.section("login")),
            logs: section
                .sections("logs")
                .into_iter()
                .filter_map(log)
                .collect(),
            scrape: section
                .sections("scrape")
                .into_iter()
                .filter_map(scrape)
                .collect(),
        };
        let mut paths = BTreeSet::new();
        for log in config
            .logs
            .iter()
            .filter(|log| !paths.insert(log.path.clone()))
        {
            section.fault(
                "logs",
                format!("`{}` is followed twice", log.path.display()),
            );
        }
        section.finish();
        config
    }
}

fn login(section: Section) -> LoginRule {
    let failed = section.integers("failed", &[401, 403, 422], 100..=599);
    let rule = LoginRule {
        urls: section.texts("urls", &["/login"]),
        methods: section.texts("methods", &["POST"]),
        failed: failed
            .into_iter()
            .filter_map(|status| u16::try_from(status).ok())
            .collect(),
    };
    section.finish();
    rule
}

fn log(section: Section) -> Option<LogConfig> {
    let path = section.required::<PathBuf>("path");
    let app = section.required::<AppId>("app");
    let instance = section
        .optional::<InstanceId>("instance")
        .or_else(|| name(None, InstanceId::new));
    let cookies = CookieNames {
        session: section.text("session_cookie", "JSESSIONID"),
        user: section.text("user_cookie", "bongsu"),
    };
    let source = Source {
        name: section.text("format", "combined"),
        pattern: section.optional_text("pattern"),
        fields: section.section("fields").settings(),
        zone: zone(&section),
        cookies,
    };
    let format = Format::compile(source).map_err(|(key, fault)| section.fault(key, fault));
    let from = section.text("from", "end");
    if !["start", "end"].contains(&from.as_str()) {
        section.fault("from", format!("`{from}` is not `start` or `end`"));
    }
    let poll = nonzero(&section, "poll", Duration::from_millis(250));
    let max_line = bytes(&section, "max_line", 64 << 10, 16 << 20);
    let rotated_for = nonzero(&section, "rotated_for", Duration::from_secs(30));
    section.finish();
    let (path, app, instance, format) = (path?, app?, instance?, format.ok()?);
    let from_start = from == "start";
    Some(LogConfig {
        path,
        format,
        app,
        instance,
        from_start,
        poll,
        max_line,
        rotated_for,
    })
}

fn scrape(section: Section) -> Option<ScrapeConfig> {
    let url = section.required::<Uri>("url");
    let url = url.filter(|url| {
        let is_plain = url.scheme_str() == Some("http") && url.host().is_some();
        if !is_plain {
            section.fault(
                "url",
                format!("`{url}` is not of the form `http://host:port/metrics`"),
            );
        }
        is_plain
    });
    let app = section.required::<AppId>("app");
    let host = url.as_ref().and_then(|url| url.authority());
    let instance = section
        .optional::<InstanceId>("instance")
        .or_else(|| name(host.map(|host| host.as_str()), InstanceId::new));
    let made = ScrapeConfig {
        every: nonzero(&section, "every", Duration::from_secs(15)),
        timeout: nonzero(&section, "timeout", Duration::from_secs(5)),
        max_bytes: bytes(&section, "max_bytes", 8 << 20, MESSAGE_CEILING),
        max_series: usize::try_from(section.integer("max_series", 20_000, 1..=1_000_000))
            .unwrap_or(usize::MAX),
        url: url.unwrap_or_default(),
        app: app.clone().or_else(|| name(None, AppId::new))?,
        instance: instance?,
    };
    let is_whole = app.is_some() && made.url.host().is_some();
    section.finish();
    is_whole.then_some(made)
}

/// The zone of stamps that name none.
fn zone(section: &Section) -> TimeZone {
    let name = section.text("zone", "Asia/Seoul");
    TimeZone::get(&name).unwrap_or_else(|_| {
        // A machine without zones need not have them for logs that do not need one.
        if section.has("zone") || section.text("format", "") == "haproxy" {
            let what =
                format!("`{name}` is not a time zone this machine knows, hint: install tzdata");
            section.fault("zone", what);
        }
        TimeZone::UTC
    })
}

fn count(section: &Section, key: &str, default: u64) -> usize {
    usize::try_from(section.integer(key, default, 1..=65_536)).unwrap_or(usize::MAX)
}

fn bytes(section: &Section, key: &str, default: u64, ceiling: u64) -> usize {
    let size = section.size(key, default);
    if !(1_024..=ceiling).contains(&size) {
        section.fault(
            key,
            format!("{size} bytes are not within 1KiB and {}MiB", ceiling >> 20),
        );
        return usize::try_from(default).unwrap_or(usize::MAX);
    }
    usize::try_from(size).unwrap_or(usize::MAX)
}

fn nonzero(section: &Section, key: &str, default: Duration) -> Duration {
    let duration = section.duration(key, default);
    if duration.is_zero() {
        section.fault(key, "must not be zero");
        return default;
    }
    duration
}

#[cfg(test)]
mod tests {
    use bongsu_sdk_config::Faults;

    use super::*;

    fn read(text: &str) -> (Config, Vec<String>) {
        let faults = Faults::default();
        let root = Section::parse(text, &faults);
        let config = Config::read(root.section("collect"));
        root.finish();
        (config, faults.lines())
    }

    #[test]
    fn an_empty_section_is_the_documented_defaults() {
        let (config, faults) = read("");
        assert_eq!(faults, [""; 0]);
        assert_eq!(config.grpc.to_string(), "127.0.0.1:4317");
        assert_eq!(config.limits.message_bytes, 4 << 20);
        assert_eq!(config.host_every, Some(Duration::from_secs(5)));
        assert_eq!(config.login.failed, [401, 403, 422]);
        assert!(config.logs.is_empty());
    }

    #[test]
    fn every_fault_is_reported() {
        let (config, faults) = read(
            "[collect]\ngrpc = \"here\"\nmax_message = \"1GiB\"\nexport_timeout = \"0s\"\nhos = true\n\
             [collect.login]\nfailed = [401, 7]\n\
             [[collect.logs]]\napp = \"shop\"\nformat = \"w3c\"\nfrom = \"middle\"\n\
             [[collect.logs]]\npath = \"a.log\"\napp = \"shop\"\n\
             [[collect.logs]]\npath = \"a.log\"\napp = \"shop\"\n",
        );
        assert_eq!(config.limits.message_bytes, 4 << 20);
        assert_eq!(
            faults,
            [
                "collect.grpc: `here`: invalid socket address syntax",
                "collect.max_message: 1073741824 bytes are not within 1KiB and 64MiB",
                "collect.export_timeout: must not be zero",
                "collect.login.failed: 7 is not within 100 to 599",
                "collect.logs[0].path: is required",
                "collect.logs[0].format: `w3c` is not one of combined, apache-combined, common, nginx-cookie, \
                 apache, tomcat, tomcat9, haproxy, json, pattern",
                "collect.logs[0].from: `middle` is not `start` or `end`",
                "collect.logs: `a.log` is followed twice",
                "collect.hos: unknown key, hint: did you mean `host`?",
            ]
        );
    }
}

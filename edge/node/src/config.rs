//! `edge.toml`. Every fault in it is reported, not just the first.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use bongsu_edge_rollup::Lateness;
use bongsu_edge_sessions::Password;
use bongsu_sdk_config::{Faults, Section};
use bongsu_sdk_model::{AppId, SiteId};
use bongsu_sdk_plan::REGIONS;
use jiff::tz::TimeZone;

use crate::plugins::PluginConfig;

/// A checked configuration.
#[derive(Debug)]
pub struct Config {
    /// `site`: this site's id, the same as in its certificate.
    pub site: SiteId,
    /// `name`: what people call the site; default: the region's name, else the id.
    pub name: String,
    /// `data_dir`: roll-ups, findings and spool; default `data`.
    pub data_dir: PathBuf,
    /// `identity_key`: file with the organisation's key, 32 hexadecimal digits, the same at every site.
    pub identity_key: PathBuf,
    /// `time_zone`: how instants are shown and days are cut; default `Asia/Seoul`.
    pub zone: TimeZone,
    /// `apps`: applications that questions may name besides those that were heard of.
    pub apps: Vec<AppId>,
    /// `[rollup] lateness`: how late a transaction may come; `unlimited` for replays; default `10m`.
    pub lateness: Lateness,
    /// `[rollup] kept`: how long minutes, five minutes and findings are kept here; default `40d`.
    pub kept: Duration,
    /// `[spool] max_bytes`: what may wait for the center; beyond, the oldest of it becomes coarser and only then
    /// is lost; default `2GiB`.
    pub spool_max_bytes: u64,
    /// `[rollup] hours_kept`: how long hours are kept here; default `730d`.
    pub hours_kept: Duration,
    /// `[history]`: how single transactions are kept.
    pub history: bongsu_edge_history::Settings,
    /// `[http] bind`: local page and API; default `127.0.0.1:7070`.
    pub http: SocketAddr,
    /// `[http] admin_token_file`: file with the token that orders must present; without it there are no orders.
    pub admin_token: Option<Password>,
    /// `[plugins]`.
    pub plugins: PluginConfig,
    /// `[sessions]`.
    pub sessions: bongsu_edge_sessions::Config,
    /// `[collect]`.
    pub collect: bongsu_edge_collect::Config,
    /// `[guard]`.
    pub guard: bongsu_edge_guard::Config,
    /// `[ship]`; without it the edge stands alone.
    pub ship: Option<bongsu_edge_ship::Config>,
}

impl Config {
    /// Reads a whole file.
    ///
    /// # Errors
    /// Every fault, one line each.
    pub fn parse(text: &str) -> Result<Self, Vec<String>> {
        let faults = Faults::default();
        let root = Section::parse(text, &faults);
        let config = Self::read(root);
        match config {
            Some(config) if faults.is_empty() => Ok(config),
            _ => Err(faults.lines()),
        }
    }

    fn read(root: Section) -> Option<Self> {
        let site: Option<SiteId> = root.required("site");
        let region = site
            .as_ref()
            .and_then(|site| REGIONS.iter().find(|r| r.id == site.as_str()));
        let name = root.text("name", region.map_or("", |region| region.ko));
        let data_dir = root.path("data_dir", "data");
        let identity_key = root.path("identity_key", "identity.key");
        let zone = zone(&root);
        let apps = root.texts("apps", &[]);
        let apps = apps
            .iter()
            .filter_map(|app| {
                AppId::new(app)
                    .map_err(|error| root.fault("apps", error))
                    .ok()
            })
            .collect();
        let (lateness, kept, hours_kept) = rollup(root.section("rollup"));
        let history = bongsu_edge_history::Settings::read(root.section("history"));
        let spool = root.section("spool");
        let spool_max_bytes = spool.size("max_bytes", 2 << 30);
        spool.finish();
        let http_section = root.section("http");
        let http = http_section.address("bind", SocketAddr::from(([127, 0, 0, 1], 7070)));
        let admin_token = Password::read(&http_section, "admin_token_file");
        http_section.finish();
        let plugins = PluginConfig::read(root.section("plugins"), &data_dir);
        let sessions = bongsu_edge_sessions::Config::read(root.section("sessions"));
        let collect = bongsu_edge_collect::Config::read(root.section("collect"));
        let guard = bongsu_edge_guard::Config::read(root.section("guard"), &data_dir);
        let ship = root
            .has("ship")
            .then(|| bongsu_edge_ship::Config::read(root.section("ship")));
        root.finish();
        let site = site?;
        Some(Self {
            name: if name.is_empty() {
                site.to_string()
            } else {
                name
            },
            site,
            data_dir,
            identity_key,
            zone,
            apps,
            lateness,
            kept,
            spool_max_bytes,
            hours_kept,
            history,
            http,
            admin_token,
            plugins,
            sessions,
            collect,
            guard,
            ship,
        })
    }
}

fn rollup(section: Section) -> (Lateness, Duration, Duration) {
    let unlimited = section
        .optional_text("lateness")
        .is_some_and(|text| text == "unlimited");
    let lateness = if unlimited {
        Lateness::Unlimited
    } else {
        Lateness::Within(section.duration("lateness", Duration::from_secs(600)))
    };
    let kept = section.duration("kept", Duration::from_secs(40 * 86_400));
    let hours_kept = section.duration("hours_kept", Duration::from_secs(730 * 86_400));
    section.finish();
    (lateness, kept, hours_kept)
}

fn zone(root: &Section) -> TimeZone {
    let name = root.text("time_zone", "Asia/Seoul");
    TimeZone::get(&name).unwrap_or_else(|_| {
        let hint = "hint: use a name such as Asia/Seoul";
        root.fault("time_zone", format!("`{name}` is not a time zone, {hint}"));
        TimeZone::UTC
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_faults_are_reported_at_once() {
        let text = r#"
            site = "Busan"
            time_zone = "Mars/Olympus"
            [http]
            bind = "everywhere"
            [rollup]
            lateness = "soon"
            kep = "40d"
        "#;
        let faults = Config::parse(text).unwrap_err();
        assert_eq!(faults.len(), 5, "{faults:#?}");
    }

    const EXAMPLE: &str = include_str!("../../../deploy/edge.toml");

    #[test]
    fn the_example_shows_the_defaults() {
        let shown = Config::parse(EXAMPLE).unwrap();
        let bare = Config::parse("site = \"busan\"").unwrap();
        let of = |config: &Config| {
            let sessions = format!("{:?}", config.sessions);
            (
                config.http,
                config.spool_max_bytes,
                config.data_dir.clone(),
                sessions,
            )
        };
        assert_eq!(of(&shown), of(&bare));
    }

    #[test]
    fn every_key_the_example_only_mentions_exists() {
        let is_setting = |line: &str| {
            let word = line.split(' ').next().unwrap_or_default();
            line.starts_with('[')
                || line
                    .strip_prefix(word)
                    .is_some_and(|l| l.starts_with(" = "))
        };
        let lines = EXAMPLE.lines().map(|line| match line.strip_prefix("# ") {
            Some(setting) if is_setting(setting) => setting,
            _ => line,
        });
        let text: Vec<_> = lines.collect();
        let faults = Config::parse(&text.join("\n")).err().unwrap();
        // All that is wrong is that the secrets are not there.
        let (missing, others): (Vec<_>, Vec<_>) = faults
            .iter()
            .partition(|fault| fault.contains("cannot read"));
        assert_eq!(others, Vec::<&String>::new());
        assert_eq!(missing.len(), 8, "{missing:#?}");
    }

    #[test]
    fn a_site_is_enough() {
        let config = Config::parse("site = \"busan\"").unwrap();
        assert_eq!(config.name, "부산");
        assert!(config.ship.is_none());
        assert_eq!(config.lateness, Lateness::Within(Duration::from_secs(600)));
    }
}

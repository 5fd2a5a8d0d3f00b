//! `center.toml`. Every fault in it is reported, not just the first.

use std::path::PathBuf;

use bongsu_center_history::Retention;
use bongsu_sdk_config::{Faults, Section};
use bongsu_sdk_model::SiteId;
use bongsu_sdk_plan::{Named, Vocabulary};
use jiff::tz::TimeZone;

/// A checked configuration.
#[derive(Debug)]
pub(crate) struct Config {
    /// `data_dir`: history and ledger; default `data`.
    pub(crate) data_dir: PathBuf,
    /// `time_zone`: how instants are shown and days are cut; default `Asia/Seoul`.
    pub(crate) zone: TimeZone,
    /// `[[sites]]` with `id` and, if it is not a region of Korea, `name` and `name_en`: who should report.
    /// Default: the 17 regions.
    pub(crate) sites: Vec<Named<SiteId>>,
    /// `[history]`: how long what is kept.
    pub(crate) retention: Retention,
    /// `[receive]`.
    pub(crate) receive: bongsu_center_receive::Config,
    /// `[control]`.
    pub(crate) control: bongsu_center_control::Config,
    /// `[dashboard]`.
    pub(crate) dashboard: bongsu_center_dashboard::Config,
}

impl Config {
    /// Reads a whole file.
    ///
    /// # Errors
    /// Every fault, one line each.
    pub(crate) fn parse(text: &str) -> Result<Self, Vec<String>> {
        let faults = Faults::default();
        let root = Section::parse(text, &faults);
        let config = Self {
            data_dir: root.path("data_dir", "data"),
            zone: zone(&root),
            sites: sites(&root),
            retention: Retention::read(root.section("history")),
            receive: bongsu_center_receive::Config::read(root.section("receive")),
            control: bongsu_center_control::Config::read(root.section("control")),
            dashboard: bongsu_center_dashboard::Config::read(root.section("dashboard")),
        };
        root.finish();
        if faults.is_empty() {
            Ok(config)
        } else {
            Err(faults.lines())
        }
    }
}

fn zone(root: &Section) -> TimeZone {
    let name = root.text("time_zone", "Asia/Seoul");
    TimeZone::get(&name).unwrap_or_else(|_| {
        let hint = "hint: use a name such as Asia/Seoul";
        root.fault("time_zone", format!("`{name}` is not a time zone, {hint}"));
        TimeZone::UTC
    })
}

fn sites(root: &Section) -> Vec<Named<SiteId>> {
    let sections = root.sections("sites");
    if sections.is_empty() {
        return Vocabulary::nationwide([]).sites;
    }
    let mut sites: Vec<Named<SiteId>> = Vec::new();
    for section in sections {
        let names = (
            section.optional_text("name"),
            section.optional_text("name_en"),
        );
        if let Some(id) = section.required::<SiteId>("id") {
            if sites.iter().any(|site| site.id == id) {
                section.fault("id", format!("`{id}` is listed twice"));
            }
            sites.extend(named(id, names));
        }
        section.finish();
    }
    sites
}

/// The region's own names, unless the file says otherwise.
fn named(id: SiteId, (ko, en): (Option<String>, Option<String>)) -> Option<Named<SiteId>> {
    let site = Vocabulary::of([id], []).sites.pop()?;
    Some(Named {
        ko: ko.unwrap_or(site.ko),
        en: en.unwrap_or(site.en),
        ..site
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_sites_the_fleet_is_the_country() {
        assert_eq!(Config::parse("").unwrap().sites.len(), 17);
    }

    #[test]
    fn faults_of_every_section_are_reported_at_once() {
        let text = r#"
            time_zone = "Mars/Olympus"
            data = "x"
            [[sites]]
            id = "Busan"
            [[sites]]
            name = "nowhere"
            [receive]
            bind = 7443
        "#;
        let faults = Config::parse(text).unwrap_err();
        assert_eq!(faults.len(), 5, "{faults:#?}");
    }
}

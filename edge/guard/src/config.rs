//! The `[guard]` section of `edge.toml`.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use bongsu_sdk_config::Section;

use crate::Cookie;

/// How requests are judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where rules and outcomes are kept.
    pub data_dir: PathBuf,
    /// The header in which the web server names the client's address, in lower case. The web server must set it.
    pub address_header: String,
    /// Cookies that carry a session's id; the first that is there counts.
    pub session_cookies: Vec<String>,
    /// Most rules at once.
    pub max_rules: usize,
    /// `[guard.cookie]`: give every client an identity.
    pub cookie: Option<Cookie>,
}

const SESSION_COOKIES: &[&str] = &[
    "JSESSIONID",
    "SESSION",
    "PHPSESSID",
    "connect.sid",
    "sessionid",
    "session",
];

impl Default for Config {
    fn default() -> Self {
        Self {
            data_dir: "data/guard".into(),
            address_header: "x-real-ip".into(),
            session_cookies: SESSION_COOKIES
                .iter()
                .map(|name| (*name).to_owned())
                .collect(),
            max_rules: 20_000,
            cookie: None,
        }
    }
}

impl Config {
    /// Reads the section; faults are collected in it. Without a folder of its own it is in `folder`.
    #[must_use]
    pub fn read(section: Section, folder: &Path) -> Self {
        let default = Self::default();
        let cookie = section
            .has("cookie")
            .then(|| Cookie::read(section.section("cookie")));
        let config = Self {
            data_dir: section
                .optional_path("data_dir")
                .unwrap_or_else(|| folder.join("guard")),
            address_header: section
                .text("address_header", &default.address_header)
                .to_lowercase(),
            session_cookies: section.texts("session_cookies", SESSION_COOKIES),
            max_rules: usize::try_from(section.integer("max_rules", 20_000, 1..=100_000))
                .unwrap_or(20_000),
            cookie: cookie.flatten(),
        };
        section.finish();
        config
    }
}

impl Cookie {
    fn read(section: Section) -> Option<Self> {
        let wanted = section.flag("enabled", false);
        let name = section.text("name", "bongsu_id");
        let is_token = !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        if !is_token {
            section.fault(
                "name",
                format!("`{name}` is no name of a cookie, hint: letters, digits, `-`, `_`, `.`"),
            );
        }
        let cookie = Self {
            name,
            life: section.duration("life", Duration::from_secs(400 * 86_400)),
            secure: section.flag("secure", true),
        };
        section.finish();
        wanted.then_some(cookie)
    }
}

#[cfg(test)]
mod tests {
    use bongsu_sdk_config::Faults;

    use super::*;

    #[test]
    fn an_empty_section_has_the_defaults_and_faults_are_named() {
        let faults = Faults::default();
        assert_eq!(
            Config::read(Section::parse("", &faults), Path::new("data")),
            Config::default()
        );
        let text = "max_rules = 0\n[cookie]\nenabled = true\nname = \"a b\"\nlif = \"1d\"";
        let _ = Config::read(Section::parse(text, &faults), Path::new("data"));
        assert_eq!(faults.lines().len(), 3, "{:?}", faults.lines());
    }
}

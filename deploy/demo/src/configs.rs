//! The configuration files of a run: what an operator would write, with this run's ports and folders.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::{Context as _, Result};

use crate::layout::{Layout, SitePlace};

const NGINX: &str = include_str!("../nginx.conf");
const APPLICATION: &str = include_str!("../app/minwon.py");
const STYLE: &str = include_str!("../app/static/minwon.css");

/// Writes them all.
///
/// The identity key is the organisation's, the same at every site: only then is a person who visits two of
/// them counted once. The center never gets it.
pub(crate) fn write(layout: &Layout) -> Result<()> {
    put(
        &layout.tls().join("identity.key"),
        &format!("{:032x}\n", fastrand::u128(..)),
    )?;
    put(&layout.center.config(), &center(layout))?;
    for place in &layout.sites {
        put(&place.config(), &edge(layout, place))?;
        put(&place.web.join("nginx.conf"), &nginx(place))?;
        put(&place.web.join("minwon.py"), APPLICATION)?;
        put(&place.web.join("static/minwon.css"), STYLE)?;
    }
    Ok(())
}

fn put(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).with_context(|| format!("failed to write {}", file.display()))
}

fn center(layout: &Layout) -> String {
    let (center, tls) = (&layout.center, layout.tls());
    let mut text = format!(
        r#"data_dir = "{data}"

[receive]
bind = "127.0.0.1:{quic}"
ca = "{tls}/ca.pem"
cert = "{tls}/center.pem"
key = "{tls}/center.key"

[dashboard]
bind = "127.0.0.1:{http}"
open = true
"#,
        data = center.folder.join("data").display(),
        quic = center.quic,
        http = center.http,
        tls = tls.display(),
    );
    for place in &layout.sites {
        // Writing to a string does not fail.
        let _written = write!(
            text,
            "\n[[sites]]\nid = \"{}\"\nname = \"{}\"\n",
            place.site.id, place.site.name
        );
    }
    text
}

fn edge(layout: &Layout, place: &SitePlace) -> String {
    format!(
        r#"site = "{site}"
data_dir = "{data}"
identity_key = "{tls}/identity.key"
apps = ["minwon"]

[sessions]
bind = "127.0.0.1:{resp}"
data_dir = "{data}/sessions"

[collect]
data_dir = "{data}/collect"
grpc = "127.0.0.1:{otlp_grpc}"
http = "127.0.0.1:{otlp_http}"
# Three sites on one machine: its CPU and memory say nothing about any of them.
host = false

[[collect.logs]]
path = "{web}/access.log"
app = "minwon"
instance = "nginx"
format = "nginx-cookie"
session_cookie = "session"
user_cookie = "bongsu_uid"
from = "start"

[plugins]
dir = "{plugins}"

[ship]
center = "127.0.0.1:{quic}"
ca = "{tls}/ca.pem"
cert = "{tls}/{site}.pem"
key = "{tls}/{site}.key"

[http]
bind = "127.0.0.1:{local}"
"#,
        site = place.site.id,
        data = place.edge.join("data").display(),
        resp = place.resp,
        otlp_grpc = place.otlp_grpc,
        otlp_http = place.otlp_http,
        web = place.web.display(),
        plugins = layout.given.plugins.display(),
        quic = layout.center.quic,
        tls = layout.tls().display(),
        local = place.local,
    )
}

/// As root, nginx's workers would become another user, who may not read the state folder.
fn nginx(place: &SitePlace) -> String {
    let user = if rustix::process::geteuid().is_root() {
        "user root;"
    } else {
        ""
    };
    NGINX
        .replace("{{user}}", user)
        .replace("{{port}}", &place.nginx.to_string())
        .replace("{{app_port}}", &place.app.to_string())
        .replace(
            "{{static}}",
            &place.web.join("static").display().to_string(),
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        layout::{Given, Layout},
        site::SITES,
    };

    #[test]
    fn every_placeholder_is_filled() {
        let state = tempfile::tempdir().unwrap();
        let given = Given {
            bin: "bin".into(),
            plugins: "plugins".into(),
            python: "python3".into(),
            nginx: "nginx".into(),
            state: state.path().into(),
        };
        let layout = Layout::prepare(given).unwrap();
        write(&layout).unwrap();
        for place in &layout.sites {
            let text = fs::read_to_string(place.web.join("nginx.conf")).unwrap();
            assert!(!text.contains("{{"), "{text}");
        }
        let center = fs::read_to_string(layout.center.config()).unwrap();
        assert_eq!(center.matches("[[sites]]").count(), SITES.len());
    }
}

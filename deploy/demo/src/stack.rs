//! Starts the platform on one machine: a center, and per site an edge, an application and a web server, each
//! a real process of its own.

use std::{process::Command, time::Duration};

use anyhow::{Context as _, Result, bail, ensure};
use reqwest::Client;

use crate::{
    api,
    layout::{Layout, SitePlace},
    process::{Layer, Processes},
};

/// How long a program may take until it answers.
const START_LIMIT: Duration = Duration::from_secs(60);

/// Makes the authority, and certificates for the center and each edge.
pub(crate) fn issue_certificates(layout: &Layout) -> Result<()> {
    let ca = |words: &[&str]| {
        let mut command = Command::new(layout.given.bin.join("bongsu-center"));
        command.arg("ca").args(words).arg("--dir").arg(layout.tls());
        let output = command.output().context("failed to start bongsu-center")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "bongsu-center ca {} failed: {said}",
            words.join(" ")
        );
        anyhow::Ok(())
    };
    ca(&["init"])?;
    ca(&["issue", "--center", "127.0.0.1"])?;
    layout
        .sites
        .iter()
        .try_for_each(|place| ca(&["issue", "--site", place.site.id]))
}

/// Starts the center and waits until it answers.
pub(crate) async fn start_center(
    layout: &Layout,
    processes: &mut Processes,
    client: &Client,
) -> Result<()> {
    let mut command = Command::new(layout.given.bin.join("bongsu-center"));
    command.arg("--config").arg(layout.center.config());
    processes.start("center", Layer::Center, &command)?;
    ready(
        client,
        &format!("{}/healthz", layout.center.url()),
        processes,
    )
    .await
}

/// Starts every edge and waits until all answer.
pub(crate) async fn start_edges(
    layout: &Layout,
    processes: &mut Processes,
    client: &Client,
) -> Result<()> {
    for place in &layout.sites {
        let mut command = Command::new(layout.given.bin.join("bongsu-edge"));
        command.arg("--config").arg(place.config());
        processes.start(&format!("{}-edge", place.site.id), Layer::Edge, &command)?;
    }
    for place in &layout.sites {
        ready(client, &format!("{}/healthz", place.url()), processes).await?;
    }
    Ok(())
}

/// Starts every application and the web server before it, and waits until all serve a page.
pub(crate) async fn start_web(
    layout: &Layout,
    processes: &mut Processes,
    client: &Client,
) -> Result<()> {
    for place in &layout.sites {
        processes.start(
            &format!("{}-app", place.site.id),
            Layer::Web,
            &gunicorn(layout, place),
        )?;
        processes.start(
            &format!("{}-nginx", place.site.id),
            Layer::Web,
            &nginx(layout, place),
        )?;
    }
    for place in &layout.sites {
        // The application first: nginx would report an application that is not there yet as an error.
        for port in [place.app, place.nginx] {
            ready(
                client,
                &format!("http://127.0.0.1:{port}/health"),
                processes,
            )
            .await?;
        }
    }
    Ok(())
}

fn gunicorn(layout: &Layout, place: &SitePlace) -> Command {
    let mut command = Command::new(&layout.given.python);
    command.args([
        "-m",
        "gunicorn",
        "--workers",
        "1",
        "--threads",
        "8",
        "--bind",
    ]);
    command.arg(format!("127.0.0.1:{}", place.app)).arg("--pid");
    command.arg(place.pid_file()).arg("minwon:create()");
    command.current_dir(&place.web);
    command.env("MINWON_SITE", place.site.id);
    command.env("MINWON_DATABASE", place.web.join("minwon.sqlite"));
    command.env("MINWON_REDIS_PORT", place.resp.to_string());
    command.env(
        "MINWON_OTLP",
        format!("http://127.0.0.1:{}", place.otlp_http),
    );
    command.env("MINWON_WORK", place.site.work.to_string());
    command.env("OTEL_PYTHON_FLASK_EXCLUDED_URLS", "health");
    command.env("OTEL_SEMCONV_STABILITY_OPT_IN", "http");
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

fn nginx(layout: &Layout, place: &SitePlace) -> Command {
    let mut command = Command::new(&layout.given.nginx);
    command
        .arg("-p")
        .arg(&place.web)
        .args(["-c", "nginx.conf", "-e", "error.log"]);
    command
}

/// Waits until `url` answers with success.
///
/// # Errors
/// If a program ends meanwhile, or it takes too long.
async fn ready(client: &Client, url: &str, processes: &mut Processes) -> Result<()> {
    let waiting = async {
        while !api::healthy(client, url).await {
            processes.check()?;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anyhow::Ok(())
    };
    match tokio::time::timeout(START_LIMIT, waiting).await {
        Ok(result) => result,
        Err(_) => bail!(
            "no answer from {url} within {START_LIMIT:?}; the logs are in {}",
            processes.logs()
        ),
    }
}

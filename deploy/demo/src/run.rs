//! One run, from the empty folder to the end of the last process, as a script.

use std::{process::ExitCode, sync::Arc, time::Duration};

use anyhow::Result;
use bongsu_sdk_model::{Tier, Timestamp, Window};
use reqwest::Client;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    api,
    backfill::{self, Past},
    clock, configs,
    cpu::CpuMeter,
    layout::{Given, Layout},
    live::{Crowd, Seen},
    process::Processes,
    progress::{Bar, step},
    questions,
    season::Season,
    site::SITES,
    stack,
    truth::{SiteTruth, Truth},
};

/// What kind of run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// Seconds of live traffic before the questions; none: until a signal comes.
    pub(crate) headless: Option<u64>,
    /// Days of history.
    pub(crate) days: u16,
    /// Of everything made up.
    pub(crate) seed: u64,
}

/// Runs until done, or told to stop by SIGINT, SIGTERM or SIGHUP; then stops every process.
///
/// # Errors
/// If something failed or an answer was wrong; what was written is then kept, and the logs are named.
pub(crate) async fn until_stopped(given: Given, plan: Plan) -> Result<ExitCode> {
    let layout = Layout::prepare(given)?;
    let mut processes = Processes::new(&layout.logs())?;
    let result = tokio::select! {
        result = demo(&layout, &mut processes, plan) => result.map(|()| ExitCode::SUCCESS),
        told = told_to_stop() => told.map(|()| ExitCode::from(130)),
    };
    step("stopping");
    processes.stop();
    match &result {
        Ok(_) => layout.clean()?,
        Err(_) => eprintln!("the logs are in {}", layout.logs().display()),
    }
    result
}

async fn told_to_stop() -> Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = interrupt.recv() => (),
        _ = terminate.recv() => (),
        _ = hangup.recv() => (),
    }
    Ok(())
}

async fn demo(layout: &Layout, processes: &mut Processes, plan: Plan) -> Result<()> {
    let begun = clock::now();
    let client = Client::builder().timeout(Duration::from_secs(30)).build()?;
    configs::write(layout)?;
    step("certificates: an authority, the center, three edges");
    stack::issue_certificates(layout)?;
    step("the center");
    stack::start_center(layout, processes, &client).await?;

    let seasons = SITES
        .iter()
        .map(|site| Season::new(plan.seed, site))
        .collect::<Result<Vec<_>>>()?;
    let fed = history_until(begun, plan.days);
    let pasts = layout.sites.iter().zip(&seasons);
    let pasts = pasts.map(|(place, season)| Past {
        config: place.config(),
        season: season.clone(),
    });
    let batches = backfill::run(pasts.collect(), fed).await?;

    step("the edges of 서울, 부산 and 제주, their applications and web servers");
    stack::start_edges(layout, processes, &client).await?;
    stack::start_web(layout, processes, &client).await?;
    step("people");
    let truth = truth(layout, seasons, fed)?;
    let webs: Vec<_> = layout
        .sites
        .iter()
        .map(|place| (place.site, place.nginx))
        .collect();
    let _crowd = Crowd::start(plan.seed, &webs, &truth.seen)?;
    ship_history(layout, processes, &client, batches).await?;

    introduce(layout, clock::now().since(begun));
    stay(processes, plan.headless).await?;
    step(format!("{} live requests were sent", truth.seen.requests()));
    questions::ask_all(&client, &layout.center.url(), &truth).await
}

/// Whole minutes up to `now`.
fn history_until(now: Timestamp, days: u16) -> Window {
    Window::ending_at(
        Tier::Minute.floor(now),
        Duration::from_secs(u64::from(days) * 86_400),
    )
}

fn truth(layout: &Layout, seasons: Vec<Season>, fed: Window) -> Result<Truth> {
    let now = clock::now();
    let mut sites = Vec::new();
    for (place, season) in layout.sites.iter().zip(seasons) {
        sites.push(SiteTruth {
            site: place.site,
            season,
            cpu: CpuMeter::start(&place.pid_file(), now)?,
        });
    }
    Ok(Truth {
        sites,
        fed,
        seen: Arc::new(Seen::default()),
    })
}

/// Shows how much of the `batches` that history left in the edges' spools the center has, until it has all.
async fn ship_history(
    layout: &Layout,
    processes: &mut Processes,
    client: &Client,
    batches: u64,
) -> Result<()> {
    let mut bar = Bar::new("history: from the edges to the center");
    loop {
        let mut acknowledged = 0;
        for place in &layout.sites {
            acknowledged += api::metric(client, &place.url(), "bongsu_ship_acked_sequence").await?;
        }
        bar.show(acknowledged, batches);
        if acknowledged >= batches {
            return Ok(());
        }
        processes.check()?;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn introduce(layout: &Layout, took: Duration) {
    println!("\nReady after {} s.\n", took.as_secs());
    println!("  dashboard    {}", layout.center.url());
    for place in &layout.sites {
        println!(
            "  {}         {}   its web site: http://127.0.0.1:{}",
            place.site.name,
            place.url(),
            place.nginx
        );
    }
    println!("  logs         {}\n", layout.logs().display());
    println!("Three questions to try:");
    for question in questions::texts() {
        println!("  {question}");
    }
    println!();
}

/// Watches the programs for so many seconds, or for ever.
async fn stay(processes: &mut Processes, seconds: Option<u64>) -> Result<()> {
    if seconds.is_none() {
        println!("Ctrl-C stops everything.");
    }
    let mut rest = seconds;
    while rest != Some(0) {
        tokio::time::sleep(Duration::from_secs(1)).await;
        processes.check()?;
        rest = rest.map(|seconds| seconds - 1);
    }
    Ok(())
}

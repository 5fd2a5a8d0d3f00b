//! Feeds every site its season before its edge starts, with a bar.
//!
//! Each request goes through the edge's own pipeline (masker, detectors, roll-ups, store, spool) under the
//! season's clock. The sites are fed side by side, each on its own thread: this is computing, not waiting.

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, anyhow, bail};
use bongsu_edge_collect::Collected;
use bongsu_edge_node::{Backfill, Config};
use bongsu_sdk_model::{GaugeKind, Tier, Timestamp, Window};
use tokio::task;

use crate::{
    progress::Bar,
    season::{Minute, Season},
};

/// An edge to be fed: its configuration file, and its past.
pub(crate) struct Past {
    /// `edge.toml`.
    pub(crate) config: PathBuf,
    /// What happened.
    pub(crate) season: Season,
}

/// Feeds all of `pasts` over `window`; gives the number of batches that the edges have to ship.
///
/// Dropping the future stops the feeding within a minute of season.
///
/// # Errors
/// The first error of any edge.
pub(crate) async fn run(pasts: Vec<Past>, window: Window) -> Result<u64> {
    let (fed, stopped) = (Arc::new(AtomicU64::new(0)), StopOnDrop::default());
    let minutes = window.width().as_secs() / Tier::Minute.width().as_secs();
    let total = minutes * u64::try_from(pasts.len())?;
    let mut feeding = {
        let (fed, stop) = (fed.clone(), stopped.0.clone());
        task::spawn_blocking(move || feed_all(&pasts, window, &fed, &stop))
    };
    let mut bar = Bar::new("history: requests through the edges");
    loop {
        tokio::select! {
            batches = &mut feeding => {
                bar.show(total, total);
                return batches?;
            }
            () = tokio::time::sleep(Duration::from_millis(200)) => {
                bar.show(fed.load(Ordering::Relaxed).min(total.saturating_sub(1)), total);
            }
        }
    }
}

#[derive(Default)]
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn feed_all(pasts: &[Past], window: Window, fed: &AtomicU64, stop: &AtomicBool) -> Result<u64> {
    thread::scope(|scope| {
        let feeding: Vec<_> = pasts
            .iter()
            .map(|past| scope.spawn(move || feed(past, window, fed, stop)))
            .collect();
        feeding
            .into_iter()
            .map(|thread| thread.join().map_err(|_| anyhow!("feeding panicked"))?)
            .sum()
    })
}

fn feed(past: &Past, window: Window, fed: &AtomicU64, stop: &AtomicBool) -> Result<u64> {
    let text = fs::read_to_string(&past.config)
        .with_context(|| format!("failed to read {}", past.config.display()))?;
    let config = Config::parse(&text).map_err(|faults| anyhow!("{}", faults.join("\n")))?;
    let mut edge = Backfill::open(&config, window.from)?;
    for minute in past.season.minutes(window) {
        if stop.load(Ordering::Relaxed) {
            bail!("stopped");
        }
        let until = minute.until;
        edge.feed(collected(&past.season, minute), until)?;
        fed.fetch_add(1, Ordering::Relaxed);
    }
    edge.finish(window.to)
}

/// A minute as the edge's listeners would have handed it over.
fn collected(season: &Season, minute: Minute) -> Vec<Collected> {
    let (app, instance) = season.instance();
    let cpu = Collected::Gauge {
        app: app.clone(),
        instance: instance.clone(),
        kind: GaugeKind::Cpu,
        value: minute.cpu,
        at: Timestamp::from_ms(minute.until.as_ms() - 1),
    };
    let requests = minute
        .transactions
        .into_iter()
        .map(|request| Collected::Transaction(Box::new(request)));
    requests.chain([cpu]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::site::SITES;

    fn pasts(folder: &std::path::Path) -> Vec<Past> {
        let key = folder.join("identity.key");
        fs::write(&key, "00112233445566778899aabbccddeeff\n").unwrap();
        let past = |site: &'static crate::site::Site| {
            let config = folder.join(format!("{}.toml", site.id));
            let (data, key) = (folder.join(site.id), key.display());
            let text = format!(
                "site = \"{}\"\ndata_dir = \"{}\"\nidentity_key = \"{key}\"\n",
                site.id,
                data.display()
            );
            fs::write(&config, text).unwrap();
            Past {
                config,
                season: Season::new(1, site).unwrap(),
            }
        };
        SITES.iter().map(past).collect()
    }

    #[tokio::test]
    async fn every_minute_of_every_site_is_spooled() {
        let folder = tempfile::tempdir().unwrap();
        let window = Window::ending_at(
            Timestamp::from_ms(1_794_798_000_000),
            Duration::from_secs(600),
        );
        let batches = run(pasts(folder.path()), window).await.unwrap();
        assert!(batches >= 30, "{batches} batches for 30 minutes of sites");
    }

    #[tokio::test]
    async fn an_unusable_configuration_is_reported() {
        let folder = tempfile::tempdir().unwrap();
        let pasts = pasts(folder.path());
        fs::write(&pasts[1].config, "site = \"Not A Site\"\n").unwrap();
        let window = Window::ending_at(
            Timestamp::from_ms(1_794_798_000_000),
            Duration::from_secs(60),
        );
        let error = run(pasts, window).await.unwrap_err();
        assert!(error.to_string().contains("site"), "{error}");
    }
}

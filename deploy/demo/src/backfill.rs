//! Feeds every site its season before its edge starts, with a bar.
//!
//! The sites are fed side by side, each on its own thread: this is computing, not waiting. It reads no clock;
//! the season carries the time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::{Result, anyhow, bail};
use bongsu_sdk_model::{Tier, Window};
use tokio::task;

use crate::{
    progress::Bar,
    season::{Minute, Season},
};

/// Feeds each season over `window` to what `open` gives for it, and returns when all are fed.
///
/// Dropping the future stops the feeding within a minute of season.
///
/// # Errors
/// The first error of `open` or of a feed.
pub(crate) async fn run<F>(
    seasons: Vec<Season>,
    window: Window,
    open: impl Fn(&Season) -> Result<F> + Send + Sync + 'static,
) -> Result<()>
where
    F: FnMut(Minute) -> Result<()>,
{
    let (fed, stopped) = (Arc::new(AtomicU64::new(0)), StopOnDrop::default());
    let minutes = window.width().as_secs() / Tier::Minute.width().as_secs();
    let total = minutes * u64::try_from(seasons.len())?;
    let mut feeding = {
        let (fed, stop) = (fed.clone(), stopped.0.clone());
        task::spawn_blocking(move || feed_all(&seasons, window, &open, &fed, &stop))
    };
    let mut bar = Bar::new("35 days of history: requests through the edges");
    loop {
        tokio::select! {
            result = &mut feeding => {
                result??;
                bar.show(total, total);
                return Ok(());
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

fn feed_all<F>(
    seasons: &[Season],
    window: Window,
    open: &(impl Fn(&Season) -> Result<F> + Sync),
    fed: &AtomicU64,
    stop: &AtomicBool,
) -> Result<()>
where
    F: FnMut(Minute) -> Result<()>,
{
    let feed_one = |season: &Season| {
        let mut feed = open(season)?;
        for minute in season.minutes(window) {
            if stop.load(Ordering::Relaxed) {
                bail!("stopped");
            }
            feed(minute)?;
            fed.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    };
    thread::scope(|scope| {
        let feeding: Vec<_> = seasons
            .iter()
            .map(|season| scope.spawn(move || feed_one(season)))
            .collect();
        feeding
            .into_iter()
            .try_for_each(|thread| thread.join().map_err(|_| anyhow!("feeding panicked"))?)
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use bongsu_sdk_model::Timestamp;

    use super::*;
    use crate::site::SITES;

    fn two_hours() -> Window {
        Window::ending_at(
            Timestamp::from_ms(1_794_798_000_000),
            Duration::from_secs(7_200),
        )
    }

    fn seasons() -> Vec<Season> {
        SITES
            .iter()
            .map(|site| Season::new(1, site).unwrap())
            .collect()
    }

    #[tokio::test]
    async fn every_site_gets_every_minute_in_order() {
        let got = Arc::new(Mutex::new(Vec::new()));
        let open = {
            let got = got.clone();
            move |season: &Season| {
                let (got, instance) = (got.clone(), season.instance().1.clone());
                Ok(move |minute: Minute| {
                    got.lock().unwrap().push((instance.clone(), minute.until));
                    Ok(())
                })
            }
        };
        run(seasons(), two_hours(), open).await.unwrap();
        let got = got.lock().unwrap();
        for season in seasons() {
            let mine: Vec<_> = got
                .iter()
                .filter(|(i, _)| i == season.instance().1)
                .map(|(_, until)| *until)
                .collect();
            assert_eq!(mine.len(), 120);
            assert!(mine.is_sorted());
        }
    }

    #[tokio::test]
    async fn an_error_of_one_site_is_the_result() {
        let open = |_: &Season| Ok(|_: Minute| -> Result<()> { bail!("disk full") });
        let error = run(seasons(), two_hours(), open).await.unwrap_err();
        assert_eq!(error.to_string(), "disk full");
    }
}

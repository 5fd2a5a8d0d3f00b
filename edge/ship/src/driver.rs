//! The life of shipping: attempt, connection, wait, again, until it is told to stop. Knows nothing of frames.

use std::{hash::RandomState, sync::Arc};

use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use bongsu_sdk_model::{Clock, SiteId, Timestamp};
use bongsu_sdk_wire::{Pulse, RefusalCode};

use crate::{Config, Downlink, Error, Outbox, backoff::Backoff, ended::Ended, link, tls};

/// How shipping is doing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    /// Whether the center has welcomed this edge and the connection stands.
    pub connected: bool,
    /// Since when `connected` has been what it is, by the edge's clock.
    pub since: Timestamp,
    /// Highest sequence known to be durable at the center.
    pub acked_through: u64,
    /// The center's clock minus the edge's, ms, as measured when the last connection began.
    pub clock_offset_ms: Option<i64>,
    /// Why there is no connection, or why the last one ended.
    pub last_error: Option<String>,
}

/// Everything a connection needs.
pub(crate) struct Shipper {
    pub(crate) config: Config,
    pub(crate) site: SiteId,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) outbox: Arc<dyn Outbox>,
    pub(crate) wake: Arc<Notify>,
    pub(crate) downlink: Downlink,
    pub(crate) status: watch::Sender<Status>,
    pub(crate) stop: CancellationToken,
}

/// Owns the shipping task; dropping it stops shipping without waiting.
#[derive(Debug)]
pub struct Handle {
    status: watch::Receiver<Status>,
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
}

impl Handle {
    /// How shipping is doing; changes as it does.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// Closes the connection and waits until the task has ended. What is unacknowledged stays in the outbox.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        if let Some(task) = self.task.take() {
            let _ = task.await;
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Starts shipping in the background and returns at once, whether or not the center can be reached.
///
/// `wake` is notified (`notify_one`) after something was added to the outbox. `pulses` holds the newest
/// pulse. `downlink` is what the center may ask and order.
///
/// # Errors
/// [`Error`] if the certificate files or settings are unusable at the start.
///
/// # Panics
/// Outside a tokio runtime.
pub fn start(
    config: Config,
    site: SiteId,
    clock: Arc<dyn Clock>,
    outbox: Arc<dyn Outbox>,
    wake: Arc<Notify>,
    pulses: watch::Receiver<Option<Pulse>>,
    downlink: Downlink,
) -> Result<Handle, Error> {
    link::transport(&config)?;
    tls::client(&config)?;
    let stop = CancellationToken::new();
    let (status, status_out) = watch::channel(Status {
        since: clock.now(),
        ..Status::default()
    });
    let shipper = Shipper {
        config,
        site,
        clock,
        outbox,
        wake,
        downlink,
        status,
        stop: stop.clone(),
    };
    let task = tokio::spawn(run(shipper, pulses));
    Ok(Handle {
        status: status_out,
        stop,
        task: Some(task),
    })
}

async fn run(shipper: Shipper, mut pulses: watch::Receiver<Option<Pulse>>) {
    let Config {
        backoff_min,
        backoff_max,
        ..
    } = shipper.config;
    let mut backoff = Backoff::new(backoff_min, backoff_max, RandomState::new());
    let mut first = true;
    loop {
        let ended = link::run(&shipper, &mut pulses).await;
        let was_connected = shipper.status.borrow().connected;
        match &ended {
            Ended::Stopped => break,
            Ended::Refused(refusal) => match refusal.code {
                // A moment's wait does not heal these: a person or another edge has to do something.
                RefusalCode::Version
                | RefusalCode::Site
                | RefusalCode::Replaced
                | RefusalCode::Revoked => {
                    backoff.give_time();
                }
                RefusalCode::Stopping if was_connected => backoff.reset(),
                // The center is there but in trouble, or finds this edge to be: wait ever longer.
                _ => {}
            },
            _ if was_connected => backoff.reset(),
            _ => {}
        }
        let wait = backoff.wait();
        shipper.disconnected(&ended, was_connected || first);
        first = false;
        tokio::select! {
            () = shipper.stop.cancelled() => break,
            () = tokio::time::sleep(wait) => {}
        }
    }
    shipper.disconnected(&Ended::Stopped, false);
}

impl Shipper {
    /// The center has welcomed this edge.
    pub(crate) fn connected(&self, through: u64, clock_offset_ms: i64) {
        let now = self.clock.now();
        tracing::info!(center = %self.config.center, acked_through = through, clock_offset_ms, "connected to the center");
        self.status.send_modify(|status| {
            *status = Status {
                connected: true,
                since: now,
                acked_through: through,
                clock_offset_ms: Some(clock_offset_ms),
                last_error: None,
            };
        });
    }

    /// More is durable at the center.
    pub(crate) fn acknowledged(&self, through: u64) {
        self.status
            .send_modify(|status| status.acked_through = through);
    }

    /// A connection or an attempt has ended. The first of a row is a warning, the others are for debugging.
    fn disconnected(&self, ended: &Ended, changed: bool) {
        let center = &self.config.center;
        if changed {
            tracing::warn!(%center, reason = %ended, "the center cannot be reached; the edge works on and tries again");
        } else {
            tracing::debug!(%center, reason = %ended, "the center still cannot be reached");
        }
        let now = self.clock.now();
        self.status.send_modify(|status| {
            if status.connected {
                status.connected = false;
                status.since = now;
            }
            status.last_error = Some(ended.to_string());
        });
    }
}

//! The listening side: accepts connections within the limits, starts a session for each, and stops them.

mod enrol;
mod ledger;
mod orders;
mod pulses;
mod session;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use quinn::{Endpoint, Incoming};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};

use bongsu_sdk_model::Clock;

use crate::{Config, Error, Inbox, Sites, Stats, endpoint, seats::Seats, stats::Counts};

/// How often orders are looked at for having expired.
const TIDY_EVERY: Duration = Duration::from_secs(5);

/// How often it is looked who was shut out, and so how long a revoked edge may stay.
const REVOKED_EVERY: Duration = Duration::from_millis(500);

/// What all sessions share.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) inbox: Arc<dyn Inbox>,
    pub(crate) seats: Seats,
    pub(crate) sites: Sites,
    pub(crate) counts: Counts,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
}

/// A bound receiver; dropping it stops receiving without waiting.
pub struct Handle {
    address: SocketAddr,
    endpoint: Endpoint,
    drivers: TaskTracker,
    shared: Arc<Shared>,
    stop: DropGuard,
}

impl Handle {
    /// The address it listens on, with the real port when the configured one was 0.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Counts since the start.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.counts.snapshot()
    }

    /// Stops accepting, ends every connection after its present transaction and closes the port. Returns when
    /// all of that has happened or the grace period is over.
    pub async fn shutdown(self) {
        let Self {
            endpoint,
            drivers,
            shared,
            stop,
            ..
        } = self;
        drop(stop);
        shared.tasks.close();
        drivers.close();
        let goodbye = async {
            shared.tasks.wait().await;
            endpoint.wait_idle().await;
            drop(endpoint);
            drivers.wait().await;
        };
        if tokio::time::timeout(shared.config.grace, goodbye)
            .await
            .is_err()
        {
            tracing::warn!("receiving was stopped before every connection had ended");
        }
    }
}

/// Opens the port and receives in the background until the handle is shut down.
///
/// # Errors
/// [`Error`] if a certificate file or setting is unusable or the port cannot be opened.
pub async fn bind(
    config: Config,
    clock: Arc<dyn Clock>,
    inbox: Arc<dyn Inbox>,
    sites: Sites,
) -> Result<Handle, Error> {
    let (drivers, stop) = (TaskTracker::new(), CancellationToken::new());
    let endpoint = endpoint::bind(&config, &drivers)?;
    let address = endpoint.local_addr().map_err(|cause| Error::Bind {
        address: config.bind,
        cause,
    })?;
    let shared = Arc::new(Shared {
        config,
        clock,
        inbox,
        seats: Seats::default(),
        sites,
        counts: Counts::default(),
        stop: stop.clone(),
        tasks: TaskTracker::new(),
    });
    tracing::info!(%address, "receiving from edges");
    shared
        .tasks
        .spawn(accept(endpoint.clone(), Arc::clone(&shared)));
    shared.tasks.spawn(tidy(Arc::clone(&shared)));
    shared.tasks.spawn(watch_revoked(Arc::clone(&shared)));
    Ok(Handle {
        address,
        endpoint,
        drivers,
        shared,
        stop: stop.drop_guard(),
    })
}

/// Looks whether a site was shut out by another process.
async fn watch_revoked(shared: Arc<Shared>) {
    let mut tick = tokio::time::interval(REVOKED_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while shared.stop.run_until_cancelled(tick.tick()).await.is_some() {
        let sites = shared.sites.clone();
        match tokio::task::spawn_blocking(move || sites.registry().reload()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "failed to read who is shut out"),
            Err(error) => tracing::error!(%error, "reading who is shut out ended badly"),
        }
    }
}

/// Keeps the sites' orders true to the clock.
async fn tidy(shared: Arc<Shared>) {
    let mut tick = tokio::time::interval(TIDY_EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while shared.stop.run_until_cancelled(tick.tick()).await.is_some() {
        let sites = shared.sites.clone();
        match tokio::task::spawn_blocking(move || sites.tidy()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "failed to tidy the orders"),
            Err(error) => tracing::error!(%error, "tidying the orders ended badly"),
        }
    }
}

async fn accept(endpoint: Endpoint, shared: Arc<Shared>) {
    loop {
        let incoming = tokio::select! {
            () = shared.stop.cancelled() => return,
            incoming = endpoint.accept() => incoming,
        };
        let Some(incoming) = incoming else { return };
        if let Some(incoming) = admit(&endpoint, &shared, incoming) {
            shared
                .tasks
                .spawn(session::run(incoming, Arc::clone(&shared)));
        }
    }
}

/// Turns away what is over the limit. When half of it is used, an address has to prove that it is real before
/// it may cost anything.
fn admit(endpoint: &Endpoint, shared: &Shared, incoming: Incoming) -> Option<Incoming> {
    let (open, limit) = (endpoint.open_connections(), shared.config.connections);
    if open >= limit {
        incoming.refuse();
        let turned_away = shared.counts.turned_away.add(1);
        if turned_away.is_power_of_two() {
            tracing::warn!(
                turned_away,
                limit,
                "too many connections, hint: raise receive.connections"
            );
        }
        return None;
    }
    if open >= limit / 2 && incoming.may_retry() && !incoming.remote_address_validated() {
        let _ = incoming.retry();
        return None;
    }
    Some(incoming)
}

//! Who is connected: one seat per site, taken over by the newest connection. Only sites whose certificate
//! was checked get here, so the list is no longer than the list of certificates.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::OwnedMutexGuard, time::Instant};
use tokio_util::sync::CancellationToken;

use bongsu_sdk_model::SiteId;
use bongsu_sdk_wire::{Refusal, RefusalCode};

/// Longest wait imposed on a site that keeps breaking the protocol.
const LONGEST_PENALTY: Duration = Duration::from_secs(60);
/// Good behaviour after which a site begins anew.
const FORGIVEN_AFTER: Duration = Duration::from_secs(300);

/// All seats.
#[derive(Debug, Default)]
pub(crate) struct Seats(Mutex<HashMap<SiteId, Seat>>);

#[derive(Debug, Default)]
struct Seat {
    /// Held by whoever may touch the site's ledger.
    lane: Arc<tokio::sync::Mutex<()>>,
    /// Cancelled when a newer connection comes.
    present: CancellationToken,
    /// Connections that ended with a broken rule, until there was none for a while.
    strikes: u32,
    last_strike: Option<Instant>,
    closed_until: Option<Instant>,
}

/// The right to touch a site's ledger. Clones belong to the transactions under way; the next connection
/// waits for the last of them.
#[derive(Debug, Clone)]
pub(crate) struct Lane {
    _guard: Arc<OwnedMutexGuard<()>>,
}

/// A connection's place in the queue for a site.
#[derive(Debug)]
pub(crate) struct Ticket {
    lane: Arc<tokio::sync::Mutex<()>>,
    /// Cancelled when a newer connection of the site has come.
    pub(crate) replaced: CancellationToken,
}

impl Ticket {
    /// Waits until the site's former connection has let go of the ledger.
    pub(crate) async fn lane(&self) -> Lane {
        Lane {
            _guard: Arc::new(Arc::clone(&self.lane).lock_owned().await),
        }
    }
}

impl Seats {
    /// Takes the site's seat from whoever has it.
    pub(crate) fn take(&self, site: &SiteId) -> Result<Ticket, Refusal> {
        self.with(site, |seat| {
            if seat
                .closed_until
                .is_some_and(|until| Instant::now() < until)
            {
                return Err(Refusal::new(
                    RefusalCode::Busy,
                    "too soon after a broken frame",
                ));
            }
            seat.present.cancel();
            seat.present = CancellationToken::new();
            Ok(Ticket {
                lane: Arc::clone(&seat.lane),
                replaced: seat.present.clone(),
            })
        })
    }

    /// The site broke the protocol: the first time is free, then the wait doubles from one second.
    pub(crate) fn strike(&self, site: &SiteId) {
        let now = Instant::now();
        self.with(site, |seat| {
            if seat
                .last_strike
                .is_none_or(|last| now - last > FORGIVEN_AFTER)
            {
                seat.strikes = 0;
            }
            let penalty = Duration::from_secs(1 << seat.strikes.saturating_sub(1).min(6));
            seat.closed_until = (seat.strikes > 0).then(|| now + penalty.min(LONGEST_PENALTY));
            seat.strikes = seat.strikes.saturating_add(1);
            seat.last_strike = Some(now);
        });
    }

    fn with<T>(&self, site: &SiteId, work: impl FnOnce(&mut Seat) -> T) -> T {
        let mut seats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        work(seats.entry(site.clone()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_newest_wins_but_waits_for_the_last_transaction() {
        let (seats, site) = (Seats::default(), SiteId::new("jeju").unwrap());
        let old = seats.take(&site).unwrap();
        let lane = old.lane().await;
        let transaction = lane.clone();
        let new = seats.take(&site).unwrap();
        assert!(old.replaced.is_cancelled() && !new.replaced.is_cancelled());
        drop(lane);
        let waiting = tokio::time::timeout(Duration::from_secs(1), new.lane());
        assert!(waiting.await.is_err(), "a transaction is still under way");
        drop(transaction);
        new.lane().await;
    }

    #[tokio::test(start_paused = true)]
    async fn one_broken_frame_is_free_the_second_costs_a_second_only_its_own_site() {
        let (seats, site) = (Seats::default(), SiteId::new("jeju").unwrap());
        seats.strike(&site);
        assert!(seats.take(&site).is_ok());
        seats.strike(&site);
        assert_eq!(seats.take(&site).unwrap_err().code, RefusalCode::Busy);
        assert!(seats.take(&SiteId::new("busan").unwrap()).is_ok());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(seats.take(&site).is_ok());
    }
}

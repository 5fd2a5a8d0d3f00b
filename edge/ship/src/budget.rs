//! How much of the link this edge may use: a bucket that fills at `max_kbps`, from which whatever is more urgent
//! drinks first. It counts what is written, with an allowance for QUIC's own bytes; it never drops anything.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Bytes that are written at once at most, so that something more urgent waits no longer than for them.
pub(crate) const PIECE: usize = 8 << 10;
/// QUIC, UDP and IP take about 50 bytes of a packet of 1 200.
const OVERHEAD: usize = 24;

/// Who drinks, the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// Answers and reports: somebody waits for them.
    Reply,
    /// Live figures.
    Pulse,
    /// The ledger.
    Ledger,
}

/// The bucket.
#[derive(Debug)]
pub(crate) struct Budget {
    /// Bytes per second; none: no limit.
    rate: Option<u64>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Bytes in the bucket; under zero, it is being waited for.
    bytes: f64,
    filled: Instant,
    /// How many wait, by use.
    waiting: [usize; 3],
}

impl Budget {
    /// A full bucket of a second's worth.
    pub(crate) fn new(max_kbps: Option<u64>, now: Instant) -> Self {
        let rate = max_kbps.map(|kbps| kbps.saturating_mul(1_000) / 8);
        Self {
            rate,
            state: Mutex::new(State {
                bytes: rate.map_or(0.0, to_f64),
                filled: now,
                waiting: [0; 3],
            }),
        }
    }

    /// Waits until `bytes` may be written.
    pub(crate) async fn take(&self, by: Use, bytes: usize) {
        let Some(rate) = self.rate else { return };
        let _waiting = Waiting::new(self, by);
        while let Some(wait) = self.try_take(rate, by, bytes, Instant::now()) {
            tokio::time::sleep(wait).await;
        }
    }

    /// Takes at once, or says when to try again.
    fn try_take(&self, rate: u64, by: Use, bytes: usize, now: Instant) -> Option<Duration> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let rate = to_f64(rate);
        let since = now.saturating_duration_since(state.filled).as_secs_f64();
        state.bytes = (state.bytes + since * rate).min(rate);
        state.filled = now;
        let cost = to_f64((bytes + bytes / OVERHEAD) as u64);
        // What is larger than the bucket empties it and leaves the rest to be waited for.
        let enough = state.bytes >= cost.min(rate);
        let first = state
            .waiting
            .iter()
            .take(by as usize)
            .all(|waiting| *waiting == 0);
        if enough && first {
            state.bytes -= cost;
            return None;
        }
        let missing = (cost.min(rate) - state.bytes).max(rate / 100.0);
        Some(Duration::from_secs_f64(missing / rate))
    }

    fn wait(&self, by: Use, change: impl FnOnce(usize) -> usize) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(waiting) = state.waiting.get_mut(by as usize) {
            *waiting = change(*waiting);
        }
    }
}

/// Stands in the queue while it lives, however its future ends.
struct Waiting<'a>(&'a Budget, Use);

impl<'a> Waiting<'a> {
    fn new(budget: &'a Budget, by: Use) -> Self {
        budget.wait(by, |waiting| waiting + 1);
        Self(budget, by)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.wait(self.1, |waiting| waiting.saturating_sub(1));
    }
}

/// Rates and sizes are far below 2^52.
#[expect(clippy::cast_precision_loss, reason = "see above")]
const fn to_f64(bytes: u64) -> f64 {
    bytes as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[tokio::test(start_paused = true)]
    async fn no_more_than_the_rate_goes_out_over_time() {
        let start = Instant::now();
        let budget = Budget::new(Some(80), start);
        for _ in 0..100 {
            budget.take(Use::Ledger, 1_000).await;
        }
        // 104 200 bytes at 10 000 a second, of which the first second was in the bucket.
        let took = start.elapsed().as_secs_f64();
        assert!((9.0..10.5).contains(&took), "{took}");
        let unlimited = Budget::new(None, start);
        let start = Instant::now();
        unlimited.take(Use::Ledger, usize::MAX / 2).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn the_more_urgent_goes_first_and_a_large_piece_does_not_wait_for_ever() {
        let budget = Arc::new(Budget::new(Some(80), Instant::now()));
        budget.take(Use::Ledger, 9_600).await;
        let take = |by, bytes| {
            let budget = Arc::clone(&budget);
            tokio::spawn(async move {
                budget.take(by, bytes).await;
                Instant::now()
            })
        };
        let (ledger, pulse, reply) = (
            take(Use::Ledger, 1_000),
            take(Use::Pulse, 50_000),
            take(Use::Reply, 1_000),
        );
        let (ledger, pulse, reply) = (
            ledger.await.unwrap(),
            pulse.await.unwrap(),
            reply.await.unwrap(),
        );
        assert!(reply < pulse && pulse < ledger);
    }
}

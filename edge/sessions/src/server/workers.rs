//! Threads that serve connections, each with an event loop of its own, as many of them as the load needs.
//!
//! There is one per core, and connections begin on the first. Only when every loop in use has no time left is
//! one more used, and connections spread themselves over them, each the next time it has nothing to do. A loop
//! that runs whatever is ready before it waits again shares one write of the journal among all of it, and a
//! machine whose other core is busy with something else is not made to switch between the two.
//!
//! ## Decisions
//!
//! - **Measured on two busy cores, 50 connections, one SET of 1 KB at a time:** two loops from the start gave a p99 of
//!   5.9 ms, one gave 1.5 ms at 95 % of the throughput, because two loops and their client fight for two cores.
//! - **Rejected: the process's work-stealing runtime.** A request takes a few microseconds, less than waking
//!   another core to steal it costs.

mod load;

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
    time::{Instant, MissedTickBehavior, interval},
};

use self::load::Load;

/// How often the loops are looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Running threads; they end when this is dropped, and with them whatever they still serve.
#[derive(Debug)]
pub(crate) struct Workers {
    loops: Vec<(Handle, oneshot::Sender<()>)>,
    used: AtomicUsize,
}

impl Workers {
    /// One thread per core, the first of them in use.
    pub(crate) fn start() -> io::Result<Self> {
        let count = thread::available_parallelism().map_or(1, usize::from);
        let loops = (0..count).map(start_one).collect::<io::Result<Vec<_>>>()?;
        Ok(Self {
            loops,
            used: AtomicUsize::new(1),
        })
    }

    /// How many loops are in use.
    pub(crate) fn used(&self) -> usize {
        self.used.load(Relaxed)
    }

    /// Has so many loops used, until the load asks for another number.
    #[cfg(test)]
    pub(super) fn use_loops(&self, used: usize) {
        self.used.store(used, Relaxed);
    }

    /// How many connections each loop serves.
    #[cfg(test)]
    pub(super) fn served(&self) -> Vec<usize> {
        let served = |(handle, _): &(Handle, _)| handle.metrics().num_alive_tasks();
        self.loops.iter().map(served).collect()
    }

    /// The number of the loop that should serve this client now.
    pub(crate) fn seat(&self, client: i64) -> usize {
        match self.used() {
            0 | 1 => 0,
            used => usize::try_from(client).unwrap_or(0) % used,
        }
    }

    /// The event loop of that number.
    pub(crate) fn of(&self, seat: usize) -> Handle {
        self.loops
            .get(seat)
            .map_or_else(Handle::current, |(handle, _)| handle.clone())
    }

    /// Decides again and again how many loops are used; never ends.
    pub(crate) async fn adapt(self: Arc<Self>) {
        let mut load = Load::new(self.loops.len());
        let mut judged = self.used();
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut before = (Instant::now(), self.busy());
        loop {
            looks.tick().await;
            let (now, busy) = (Instant::now(), self.busy());
            let passed = now.duration_since(before.0).as_secs_f64().max(1e-3);
            let shares = busy.iter().zip(&before.1);
            let shares: Vec<f64> = shares
                .map(|(busy, before)| busy.saturating_sub(*before).as_secs_f64() / passed)
                .collect();
            let used = load.judge(&shares);
            if used != judged {
                self.used.store(used, Relaxed);
                tracing::debug!(used, "event loops that serve session clients");
            }
            (judged, before) = (used, (now, busy));
        }
    }

    /// How long each loop has worked so far.
    fn busy(&self) -> Vec<Duration> {
        let busy = |(handle, _): &(Handle, _)| handle.metrics().worker_total_busy_duration(0);
        self.loops.iter().map(busy).collect()
    }
}

fn start_one(number: usize) -> io::Result<(Handle, oneshot::Sender<()>)> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    let (stop, stopped) = oneshot::channel();
    thread::Builder::new()
        .name(format!("sessions-{number}"))
        .spawn(move || {
            // An error is the other end gone, which is the sign to stop.
            let _ = runtime.block_on(stopped);
        })?;
    Ok((handle, stop))
}

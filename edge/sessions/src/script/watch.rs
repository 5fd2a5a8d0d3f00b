//! How long a script may go on. Asked by the machine every few hundred instructions, by every command it runs,
//! and by what runs long inside one function.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::time::Instant;

/// Shared by a machine and the functions its scripts call.
#[derive(Debug, Clone)]
pub(super) struct Watch(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    made: Instant,
    /// When the run ends, microseconds since `made`.
    ends_us: AtomicU64,
    ran_out: AtomicBool,
}

impl Watch {
    /// Nothing runs yet.
    pub(super) fn new() -> Self {
        Self(Arc::new(Inner {
            made: Instant::now(),
            ends_us: AtomicU64::new(u64::MAX),
            ran_out: AtomicBool::new(false),
        }))
    }

    /// A run starts that may take `limit`.
    pub(super) fn start(&self, limit: Duration) {
        let ends = self.now_us().saturating_add(micros(limit));
        self.0.ends_us.store(ends, Relaxed);
        self.0.ran_out.store(false, Relaxed);
    }

    /// Whether the run must stop.
    pub(super) fn is_over(&self) -> bool {
        let over = self.now_us() >= self.0.ends_us.load(Relaxed);
        if over {
            self.0.ran_out.store(true, Relaxed);
        }
        over
    }

    /// Whether the run was told to stop.
    pub(super) fn ran_out(&self) -> bool {
        self.0.ran_out.load(Relaxed)
    }

    fn now_us(&self) -> u64 {
        micros(self.0.made.elapsed())
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

//! Ends keys whose time has run out, whether anyone looks at them or not.
//!
//! A few at a time: a shard is let go after each handful, so that a hundred thousand sessions that end in one
//! second delay nobody by more than that handful.

use std::{sync::Arc, time::Duration};

use tokio::{task::yield_now, time::MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::{Engine, shards::SHARDS};

/// Time between two looks; a clock may be moved without telling us, so it is not a sleep until the next expiry.
const TICK: Duration = Duration::from_millis(25);
/// Most keys that end while one shard is held.
const HANDFUL: usize = 32;

/// Looks until `stop`.
pub(crate) async fn run(engine: Arc<Engine>, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        for number in 0..SHARDS {
            while engine.expire(number) {
                yield_now().await;
            }
        }
    }
}

impl Engine {
    /// Ends a handful of keys of one shard; whether there may be more.
    fn expire(&self, number: usize) -> bool {
        let now = self.clock.now();
        let mut shard = self.shards.one(number);
        if shard.next_expiry().is_none_or(|at| at > now) {
            return false;
        }
        let before = shard.weight();
        let more = shard.expire_due(now, HANDFUL);
        self.finish(std::slice::from_mut(&mut shard), before);
        more
    }
}

//! Ends keys whose time has run out, whether anyone looks at them or not.
//!
//! A few at a time: a shard is let go after each handful, so that a hundred thousand sessions that end in one
//! second delay nobody by more than that handful.

use std::{sync::Arc, time::Duration};

use bongsu_sdk_model::SessionEventKind;
use tokio::{task::yield_now, time::MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::{Engine, Position, shards::SHARDS};
use crate::sessions::BINDINGS;

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
        let mut last = None;
        for number in 0..SHARDS {
            while let Some((position, more)) = engine.expire(number) {
                last = last.max(Some(position));
                if !more {
                    break;
                }
                yield_now().await;
            }
        }
        engine.drop_orphans();
        if let Some(position) = last.filter(|_| engine.announcer.is_holding()) {
            // A failure is told to those who write.
            let _ = engine.settled(position).await;
        }
    }
}

impl Engine {
    /// Removes the bindings of sessions whose shadows ended: their shards were not held then. Should the process
    /// die just before, they stay bound until their own keys end. Everything appended is before the position.
    pub(super) fn drop_orphans(&self) -> Position {
        let mut position = Position::default();
        let now = self.clock.now();
        for session in self.registry.take_orphans() {
            let mut shard = self.shards.one(self.shards.number(&session.key));
            // It may have become somebody's again.
            let users = self.registry.users();
            let bound = users.binding(session.db, &session.key).is_some();
            drop(users);
            if !bound {
                let before = shard.weight();
                let why = SessionEventKind::Destroyed;
                shard.remove(session.db + BINDINGS, &session.key, why, now);
                let shards = std::slice::from_mut(&mut shard);
                position = position.max(self.finish(shards, before, Vec::new()));
            }
        }
        position
    }

    /// Ends a handful of keys of one shard. None: no key's time had run out; else where the journal stands and
    /// whether there may be more.
    fn expire(&self, number: usize) -> Option<(Position, bool)> {
        let now = self.clock.now();
        let mut shard = self.shards.one(number);
        if shard.next_expiry().is_none_or(|at| at > now) {
            return None;
        }
        let before = shard.weight();
        let more = shard.expire_due(now, HANDFUL);
        let position = self.finish(std::slice::from_mut(&mut shard), before, Vec::new());
        Some((position, more))
    }
}

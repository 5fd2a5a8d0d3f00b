//! Hears from the primaries which keys ended, so that it is told at once and not when somebody looks.
//!
//! What is heard is only a reason to look: messages may be late, doubled or lost. A backend that does not allow
//! `notify-keyspace-events` to be set costs nothing but that: what runs out is looked at when it should have.

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures_util::StreamExt as _;
use redis::Value;
use tokio::{
    task::AbortHandle,
    time::{MissedTickBehavior, interval},
};

use super::{
    Backend,
    config::Node,
    delivery::{Parcel, To},
    track::role,
};
use crate::{engine::session, protocol::Protocol, sessions::SessionKey};

/// How often a listener is sought for every primary.
const TICK: Duration = Duration::from_secs(1);
/// How often the nodes or sentinels are asked who is primary when nothing is wrong.
const FRESH: Duration = Duration::from_secs(5);
/// Classes of events needed: by key event, of deletions, expiries and evictions. The backend publishes a message for
/// each deletion and expiry of any key then, and for each `EXPIRE` and `RENAME`, which share a class with `DEL`.
const CLASSES: &str = "Egxe";
const CHANNELS: [&str; 3] = [
    "__keyevent@*__:expired",
    "__keyevent@*__:del",
    "__keyevent@*__:evicted",
];

/// Listeners that end when this goes.
#[derive(Default)]
struct Listeners(HashMap<Node, AbortHandle>);

impl Drop for Listeners {
    fn drop(&mut self) {
        self.0.values().for_each(AbortHandle::abort);
    }
}

impl Backend {
    /// Keeps a listener on every primary.
    pub(super) async fn watch_events(self: &Arc<Self>) {
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut listeners = Listeners::default();
        loop {
            tick.tick().await;
            // A primary that was cut off and demoted meanwhile may serve old values without an error.
            if let Err(why) = self.delivery.refresh(FRESH).await {
                tracing::debug!(why, "session backend: nobody says who is primary");
            }
            let primaries = self.delivery.primaries();
            listeners.0.retain(|node, listener| {
                let wanted = primaries.contains(node);
                if !wanted {
                    listener.abort();
                }
                wanted && !listener.is_finished()
            });
            for node in primaries {
                let this = Arc::clone(self);
                listeners.0.entry(node.clone()).or_insert_with(|| {
                    tokio::spawn(async move {
                        if let Err(why) = this.listen(&node).await {
                            tracing::debug!(%node, why, "session backend: no events");
                        }
                    })
                    .abort_handle()
                });
            }
        }
    }

    /// Listens until the connection ends.
    async fn listen(&self, node: &Node) -> Result<(), String> {
        self.ask_for_events(node).await;
        let mut listener = self.delivery.pool.listen(node).await?;
        for channel in CHANNELS {
            let subscribed = listener.psubscribe(channel).await;
            subscribed.map_err(|error| error.to_string())?;
        }
        let mut messages = listener.on_message().ready_chunks(256);
        while let Some(messages) = messages.next().await {
            let heard = messages.iter().filter_map(|message| {
                self.meant(message.get_channel_name(), message.get_payload_bytes())
            });
            let heard: Vec<_> = heard.collect();
            self.look_at(&heard).await;
        }
        Ok(())
    }

    /// The session a message is about, if it is one that is thought to be there.
    fn meant(&self, channel: &str, key: &[u8]) -> Option<SessionKey> {
        let db = channel.strip_prefix("__keyevent@")?.split_once("__:")?.0;
        let db = db.parse().ok()?;
        role(&self.registry.applications, db, key)?;
        let is_known = self.track().known(db, key).is_some();
        is_known.then(|| session(db, key))
    }

    /// Has a primary publish what is needed, besides what it publishes already.
    async fn ask_for_events(&self, node: &Node) {
        let config = |words: &[&str]| Parcel {
            words: std::iter::once("CONFIG")
                .chain(words.iter().copied())
                .map(|word| word.to_owned().into())
                .collect(),
            to: To::Node(node.clone()),
            reads: true,
        };
        let deliver = async |parcel: Parcel| {
            let mut told = self.delivery.deliver(Protocol::Resp2, 0, &[parcel]).await;
            told.pop()
        };
        let told = deliver(config(&["GET", "notify-keyspace-events"])).await;
        let Some(Ok(Value::Array(pair))) = told else {
            return;
        };
        let present = match pair.get(1) {
            Some(Value::BulkString(present)) => String::from_utf8_lossy(present).into_owned(),
            _ => String::new(),
        };
        let wanted = with_classes(&present);
        if wanted == present {
            return;
        }
        let told = deliver(config(&["SET", "notify-keyspace-events", &wanted])).await;
        if !matches!(told, Some(Ok(Value::Okay))) {
            tracing::info!(
                %node,
                "the session backend does not allow notify-keyspace-events to be set: ends of sessions are noticed \
                 when they are due"
            );
        }
    }
}

/// The classes that are published with those that are needed.
fn with_classes(present: &str) -> String {
    let all = present.contains('A');
    let missing = CLASSES.chars().filter(|class| {
        let covered = all && *class != 'E';
        !covered && !present.contains(*class)
    });
    present.chars().chain(missing).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_added_to_what_is_there() {
        for (present, wanted) in [("", "Egxe"), ("AK", "AKE"), ("AKE", "AKE"), ("Kx", "KxEge")] {
            assert_eq!(with_classes(present), wanted, "{present}");
        }
    }
}

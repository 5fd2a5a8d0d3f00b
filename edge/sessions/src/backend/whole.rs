//! Commands on all keys: asked of every primary and put together.

use std::{fmt::Write as _, sync::atomic::Ordering::Relaxed};

use bytes::Bytes;
use redis::Value;

use super::{
    Backend,
    config::Node,
    delivery::{Parcel, To, Told},
    names, reply,
    track::Look,
};
use crate::{
    command::{Access, REDIS_VERSION, args::keyword},
    engine::Call,
    protocol::{Protocol, Reply},
};

impl Backend {
    /// Runs a call that names no keys.
    pub(super) async fn alone(&self, call: &Call, protocol: Protocol) -> Reply {
        match call.spec.name {
            "scan" => self.scan(call, protocol).await,
            "keys" => self.keys(call, protocol).await,
            "dbsize" => self.dbsize(call, protocol).await,
            "flushdb" | "flushall" => self.flush_all(call, protocol).await,
            "script" => self.script(call, protocol).await,
            "info" => Reply::Text(self.info()),
            name if name.starts_with("bongsu.") => self.order(call).await,
            name => {
                Reply::Error(format!("ERR '{name}' is not served with backend = \"redis\"").into())
            }
        }
    }

    /// Has every primary run a call.
    async fn everywhere(&self, call: &Call, protocol: Protocol) -> Vec<Told> {
        let on = |node: Node| self.addressed(call, call.args.clone(), node);
        let parcels: Vec<_> = self.delivery.primaries().into_iter().map(on).collect();
        self.delivery.deliver(protocol, call.db, &parcels).await
    }

    fn addressed(&self, call: &Call, args: Vec<Bytes>, node: Node) -> Parcel {
        let name = Bytes::from_static(call.spec.name.as_bytes());
        Parcel {
            words: std::iter::once(name).chain(args).collect(),
            to: To::Node(node),
            reads: call.spec.access == Access::Read,
        }
    }

    /// Goes over the primaries one by one: the cursor is the primary's own, times their number, plus its position.
    async fn scan(&self, call: &Call, protocol: Protocol) -> Reply {
        let primaries = self.delivery.primaries();
        let count = u64::try_from(primaries.len()).unwrap_or(u64::MAX).max(1);
        let cursor = call
            .args
            .first()
            .and_then(|cursor| std::str::from_utf8(cursor).ok());
        let Some(cursor) = cursor.and_then(|cursor| cursor.parse::<u64>().ok()) else {
            return Reply::Error("ERR invalid cursor".into());
        };
        let (own, position) = (cursor / count, cursor % count);
        let node = usize::try_from(position)
            .ok()
            .and_then(|at| primaries.get(at))
            .cloned();
        let Some(node) = node else {
            return Reply::Error("ERR invalid cursor".into());
        };
        let mut args = call.args.clone();
        if let Some(first) = args.first_mut() {
            *first = Bytes::from(own.to_string());
        }
        let parcel = self.addressed(call, args, node);
        let mut told = self.delivery.deliver(protocol, call.db, &[parcel]).await;
        let page = match told.pop() {
            Some(Ok(Value::Array(parts))) => <[Value; 2]>::try_from(parts).ok(),
            Some(told) => return reply::reply(call, told),
            None => None,
        };
        let Some([next, Value::Array(mut keys)]) = page else {
            return Reply::Error("ERR the session backend gave no page".into());
        };
        let next = reply::bulk(next).unwrap_or_default();
        let next = std::str::from_utf8(&next)
            .ok()
            .and_then(|next| next.parse::<u64>().ok());
        let next = match next.unwrap_or_default() {
            0 if position + 1 < count => position + 1,
            0 => 0,
            next => match next.checked_mul(count) {
                Some(next) => next + position,
                None => return Reply::Error("ERR the backend's cursor is too large".into()),
            },
        };
        keys.retain(is_theirs);
        Reply::Array(vec![
            Reply::Bulk(next.to_string().into()),
            reply::convert(Value::Array(keys)),
        ])
    }

    async fn keys(&self, call: &Call, protocol: Protocol) -> Reply {
        let mut all = Vec::new();
        for told in self.everywhere(call, protocol).await {
            match told {
                Ok(Value::Array(keys) | Value::Set(keys)) => {
                    all.extend(keys.into_iter().filter(is_theirs));
                }
                told => return reply::reply(call, told),
            }
        }
        reply::convert(Value::Array(all))
    }

    /// The backend's own count; what is ours in it is taken off as far as it is known.
    async fn dbsize(&self, call: &Call, protocol: Protocol) -> Reply {
        let mut sum = 0;
        for told in self.everywhere(call, protocol).await {
            match told {
                Ok(Value::Int(count)) => sum += count,
                told => return reply::reply(call, told),
            }
        }
        let ours = self.registry.users().of_database(call.db);
        let denies = if call.db == 0 { self.denies().len() } else { 0 };
        let ours = i64::try_from(ours + denies).unwrap_or(i64::MAX);
        Reply::Integer((sum - ours).max(0))
    }

    /// Empties the backend. Denies stay.
    async fn flush_all(&self, call: &Call, protocol: Protocol) -> Reply {
        for told in self.everywhere(call, protocol).await {
            match told {
                Ok(Value::Okay) => {}
                told => return reply::reply(call, told),
            }
        }
        let only = (call.spec.name == "flushdb").then_some(call.db);
        let (now, gone) = (self.now(), self.track().keys(only));
        for session in gone {
            let look = Look {
                there: None,
                bytes: None,
            };
            self.observe(&session, look, now);
        }
        for deny in self.denies() {
            if let Err(error) = self.keep_deny(&deny).await {
                tracing::warn!(%error, "a deny is kept in memory only");
            }
        }
        Reply::OK
    }

    /// Scripts are kept by every primary, so that each can run them.
    async fn script(&self, call: &Call, protocol: Protocol) -> Reply {
        let known = call.args.first().map(|what| keyword(what));
        let served = matches!(known.as_deref(), Some(b"LOAD" | b"EXISTS" | b"FLUSH"));
        if !served {
            return Reply::Error("ERR only LOAD, EXISTS and FLUSH are served".into());
        }
        let mut last = Reply::Error("ERR no primary is known".into());
        for told in self.everywhere(call, protocol).await {
            last = reply::reply(call, told);
            if matches!(last, Reply::Error(_)) {
                break;
            }
        }
        last
    }

    fn info(&self) -> String {
        let (status, counts) = (self.status(), self.tallies.counts());
        let up = self.now().since(self.stats.started).as_secs();
        let mut out = String::new();
        // Writing to memory cannot fail.
        let _ = write!(
            out,
            "# Server\r\nredis_version:{REDIS_VERSION}\r\nredis_mode:standalone\r\nbongsu_version:{}\r\n\
             process_id:{}\r\ntcp_port:{}\r\nuptime_in_seconds:{up}\r\n\r\n",
            env!("CARGO_PKG_VERSION"),
            std::process::id(),
            self.stats.port
        );
        let _ = write!(
            out,
            "# Clients\r\nconnected_clients:{}\r\nmaxclients:{}\r\n\r\n",
            self.stats.clients.load(Relaxed),
            self.stats.max_clients
        );
        let _ = write!(
            out,
            "# Stats\r\ntotal_connections_received:{}\r\ntotal_commands_processed:{}\r\n\r\n",
            self.stats.connections.load(Relaxed),
            self.stats.commands.load(Relaxed)
        );
        let _ = write!(
            out,
            "# Replication\r\nrole:master\r\n\r\n# Cluster\r\ncluster_enabled:0\r\n\r\n# Sessions\r\n\
             sessions_active:{}\r\nsessions_created:{}\r\nsessions_destroyed:{}\r\nsessions_expired:{}\r\n\
             sessions_rejected:{}\r\n\r\n",
            counts.active, counts.created, counts.destroyed, counts.expired, counts.rejected
        );
        let _ = write!(
            out,
            "# Backend\r\nbackend_primaries:{}\r\nbackend_ready:{}\r\nbackend_status:{}\r\n\
             backend_retried:{}\r\nbackend_failed:{}\r\nbackend_unreplicated:{}\r\n",
            status.primaries,
            u8::from(status.ready),
            if status.trouble.is_some() {
                "err"
            } else {
                "ok"
            },
            status.retried,
            status.failed,
            status.unreplicated
        );
        out
    }
}

/// Whether a key is not one of our own.
fn is_theirs(key: &Value) -> bool {
    match key {
        Value::BulkString(key) => !names::is_ours(key),
        _ => true,
    }
}

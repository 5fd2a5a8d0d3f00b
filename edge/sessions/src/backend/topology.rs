//! Which node is the primary of which slot, as the nodes or the sentinels last said.
//!
//! With one primary (sentinel, single) it has every slot, so that the rest of the backend need not know the
//! difference.

use std::time::Duration;

use redis::Value;
use tokio::time::timeout;

use super::{
    config::{Mode, Node, RedisConfig},
    pool::{Lane, Pool},
    slot::SLOTS,
};
use crate::protocol::Protocol;

/// Time a node has to say who is primary; then the next one is asked.
const ASK: Duration = Duration::from_secs(1);

/// The primaries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Topology {
    primaries: Vec<Node>,
    /// Position in `primaries` by slot; empty: all slots are the first one's.
    owners: Vec<Option<usize>>,
}

impl Topology {
    fn of_one(node: Node) -> Self {
        Self {
            primaries: vec![node],
            owners: Vec::new(),
        }
    }

    /// The primary of a slot; of no slot in particular, the first.
    pub(super) fn primary(&self, slot: Option<u16>) -> Option<&Node> {
        match slot {
            Some(slot) if !self.owners.is_empty() => {
                let owner = self.owners.get(usize::from(slot)).copied().flatten()?;
                self.primaries.get(owner)
            }
            _ => self.primaries.first(),
        }
    }

    /// Every primary.
    pub(super) fn primaries(&self) -> &[Node] {
        &self.primaries
    }

    /// Takes a node's word that another has a slot now.
    pub(super) fn moved(&mut self, slot: u16, node: Node) {
        let known = self.primaries.iter().position(|known| *known == node);
        let position = known.unwrap_or(self.primaries.len());
        if known.is_none() {
            self.primaries.push(node);
        }
        if self.owners.is_empty() {
            self.owners = vec![Some(0); usize::from(SLOTS)];
        }
        if let Some(owner) = self.owners.get_mut(usize::from(slot)) {
            *owner = Some(position);
        }
    }

    /// Asks who is primary of what: nodes known from before first, then the ones in the configuration.
    pub(super) async fn discover(
        pool: &Pool,
        config: &RedisConfig,
        known: &Self,
    ) -> Result<Self, String> {
        if config.mode == Mode::Single {
            let node = config.nodes.first().cloned();
            return node.map(Self::of_one).ok_or_else(|| "no node".to_owned());
        }
        let mut why = "no node".to_owned();
        let before = known
            .primaries
            .iter()
            .filter(|_| config.mode == Mode::Cluster);
        for node in config.nodes.iter().chain(before) {
            let asking = async {
                match &config.mode {
                    Mode::Sentinel(master) => ask_sentinel(pool, node, master).await,
                    _ => ask_cluster(pool, node).await,
                }
            };
            match timeout(ASK, asking).await {
                Ok(Ok(found)) => return Ok(found),
                Ok(Err(error)) => why = format!("{node}: {error}"),
                Err(_) => why = format!("{node} does not answer"),
            }
        }
        Err(why)
    }
}

async fn ask_sentinel(pool: &Pool, node: &Node, master: &str) -> Result<Topology, String> {
    let mut connection = pool.sentinel(node).await?;
    let mut ask = redis::cmd("SENTINEL");
    ask.arg("GET-MASTER-ADDR-BY-NAME").arg(master);
    let answer = connection.send_packed_command(&ask).await;
    match answer {
        Ok(Value::Array(parts)) => match &parts[..] {
            [host, port] => read_node(host, port)
                .map(Topology::of_one)
                .ok_or_else(|| "no address".to_owned()),
            _ => Err("no address".to_owned()),
        },
        Ok(Value::Nil) => Err(format!("it knows no primary called `{master}`")),
        Ok(other) => Err(format!("unexpected answer {other:?}")),
        Err(error) => Err(super::pool::describe(&error)),
    }
}

async fn ask_cluster(pool: &Pool, node: &Node) -> Result<Topology, String> {
    let lane = Lane {
        protocol: Protocol::Resp2,
        db: 0,
        writes: false,
    };
    let mut ask = redis::pipe();
    ask.cmd("CLUSTER").arg("SLOTS");
    let answer = pool.exchange(node, lane, &ask).await;
    let answer = answer.map_err(|failure| format!("{failure:?}"))?;
    match answer.first() {
        Some(Value::Array(ranges)) => {
            let topology = read_slots(ranges, node);
            match topology.primaries.is_empty() {
                true => Err("it knows no primary".to_owned()),
                false => Ok(topology),
            }
        }
        Some(Value::ServerError(error)) => Err(error.details().unwrap_or_default().to_owned()),
        other => Err(format!("unexpected answer {other:?}")),
    }
}

/// Reads `CLUSTER SLOTS`: first slot, last slot, primary, replicas. A node that does not know its own host is `asked`.
fn read_slots(ranges: &[Value], asked: &Node) -> Topology {
    let mut topology = Topology {
        primaries: Vec::new(),
        owners: vec![None; usize::from(SLOTS)],
    };
    for range in ranges {
        let Value::Array(range) = range else { continue };
        let [
            Value::Int(first),
            Value::Int(last),
            Value::Array(primary),
            ..,
        ] = &range[..]
        else {
            continue;
        };
        let [host, port, ..] = &primary[..] else {
            continue;
        };
        let Some(mut node) = read_node(host, port) else {
            continue;
        };
        if node.host.is_empty() {
            node.host.clone_from(&asked.host);
        }
        let (Ok(first), Ok(last)) = (u16::try_from(*first), u16::try_from(*last)) else {
            continue;
        };
        for slot in first..=last.min(SLOTS - 1) {
            topology.moved(slot, node.clone());
        }
    }
    topology
}

fn read_node(host: &Value, port: &Value) -> Option<Node> {
    let host = match host {
        Value::BulkString(host) => std::str::from_utf8(host).ok()?.to_owned(),
        Value::SimpleString(host) => host.clone(),
        Value::Nil => String::new(),
        _ => return None,
    };
    let port = match port {
        Value::Int(port) => u16::try_from(*port).ok()?,
        Value::BulkString(port) => std::str::from_utf8(port).ok()?.parse().ok()?,
        _ => return None,
    };
    Some(Node { host, port })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    fn node(host: &str, port: u16) -> Node {
        Node {
            host: host.to_owned(),
            port,
        }
    }

    #[test]
    fn slots_are_read_and_moved() {
        let range = |first, last, host: &str, port| {
            let primary = Value::Array(vec![bulk(host), Value::Int(port), bulk("id")]);
            Value::Array(vec![Value::Int(first), Value::Int(last), primary])
        };
        let ranges = [
            range(0, 99, "", 7000),
            range(100, 16_383, "b", 7001),
            Value::Nil,
        ];
        let mut topology = read_slots(&ranges, &node("a", 1));
        assert_eq!(topology.primaries(), [node("a", 7000), node("b", 7001)]);
        assert_eq!(topology.primary(Some(99)), Some(&node("a", 7000)));
        assert_eq!(topology.primary(Some(100)), Some(&node("b", 7001)));
        topology.moved(100, node("c", 7002));
        assert_eq!(topology.primary(Some(100)), Some(&node("c", 7002)));
        assert_eq!(topology.primary(Some(101)), Some(&node("b", 7001)));
    }

    #[test]
    fn a_slot_nobody_has_has_no_primary_and_one_server_has_all() {
        let topology = read_slots(&[], &node("a", 1));
        assert_eq!(topology.primary(Some(5)), None);
        let one = Topology::of_one(node("a", 1));
        assert_eq!(one.primary(Some(16_383)), Some(&node("a", 1)));
        assert_eq!(one.primary(None), Some(&node("a", 1)));
    }
}

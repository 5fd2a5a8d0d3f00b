//! Which time in databases and other services belongs to which server span, also when they came in different
//! exports.
//!
//! A call belongs to the nearest server span of its own process above it. A call below another (an ORM's
//! above a driver's) is not counted again; one below a consumer or a root of its own belongs to no
//! transaction. SDKs export spans as they end, so a call comes before its server span or with it: calls wait
//! for their server span, never the reverse. Where the chain of parents is broken when a server span comes,
//! and it is the only one of its trace and process, it gets the calls that ran while it did.
//!
//! What waits is bounded, in time and in spans; what was given up is counted by reason.
//!
//! Rejected: holding transactions until their trace is complete. Nothing says when it is, and every figure
//! would be late by the longest wait.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use bongsu_sdk_model::Timestamp;

use crate::SpanRole;

/// Longest chain of parents that is followed; longer ones, and circles, count as broken.
const LONGEST_CHAIN: usize = 64;
/// Spans that wait, of all traces; about 6 MiB.
const WAITING: usize = 100_000;
/// Spans that wait of one trace and process.
const WAITING_OF_ONE: usize = 4_096;

/// A process's part of a trace: a hash of who sent it, and the trace's id.
pub(super) type Key = (u64, [u8; 16]);

/// What is remembered of a span.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) key: Key,
    pub(super) span: [u8; 8],
    pub(super) parent: Option<[u8; 8]>,
    pub(super) role: SpanRole,
    /// When it began, microseconds since 1970.
    pub(super) started_us: u64,
    pub(super) duration_us: u64,
    /// Which transaction of the export a server span became.
    pub(super) transaction: Option<usize>,
    /// Whether a call's time found its place.
    pub(super) settled: bool,
}

impl Node {
    /// Whether `other` ran while this did.
    const fn spans(&self, other: &Self) -> bool {
        self.started_us <= other.started_us && other.ended_us() <= self.ended_us()
    }

    const fn ended_us(&self) -> u64 {
        self.started_us.saturating_add(self.duration_us)
    }

    const fn waits(&self) -> bool {
        matches!(self.role, SpanRole::Sql | SpanRole::External) && !self.settled
    }
}

/// Calls that were given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct GivenUp {
    /// Their server span did not come in time.
    pub(super) waited: usize,
    /// They made room for others.
    pub(super) crowded: usize,
    /// Their server span had come before them.
    pub(super) late: usize,
}

/// One call's time for one transaction of the export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Joined {
    pub(super) transaction: usize,
    pub(super) role: SpanRole,
    pub(super) duration_us: u64,
}

/// What waits for its server span.
#[derive(Debug)]
pub(super) struct Joins {
    wait: Duration,
    traces: HashMap<Key, Waiting>,
    in_order: VecDeque<(Timestamp, Key)>,
    spans: usize,
}

#[derive(Debug)]
struct Waiting {
    since: Timestamp,
    nodes: Vec<Node>,
}

/// What stands nearest above a call.
enum Above {
    /// A server span that became this transaction just now.
    Transaction(usize),
    /// A server span that came earlier, or was rejected.
    Gone,
    /// Another call, a consumer or nothing: it is nobody's.
    Nobody,
    /// Something that has not come.
    Unknown,
}

impl Joins {
    pub(super) fn new(wait: Duration) -> Self {
        Self {
            wait,
            traces: HashMap::new(),
            in_order: VecDeque::new(),
            spans: 0,
        }
    }

    /// Takes in the spans of an export; gives the times that found their transaction.
    pub(super) fn take(&mut self, mut nodes: Vec<Node>, now: Timestamp) -> (Vec<Joined>, GivenUp) {
        let mut given_up = self.expire(now);
        let mut joined = Vec::new();
        nodes.sort_unstable_by_key(|node| node.key);
        for part in nodes.chunk_by(|a, b| a.key == b.key) {
            let Some(key) = part.first().map(|node| node.key) else {
                continue;
            };
            let waiting = self.traces.remove(&key);
            let (since, mut nodes) = match waiting {
                Some(waiting) => {
                    self.spans -= waiting.nodes.len();
                    (waiting.since, waiting.nodes)
                }
                None => (now, Vec::new()),
            };
            let is_new = nodes.is_empty();
            nodes.extend_from_slice(part);
            settle(&mut nodes, &mut joined, &mut given_up);
            if nodes.iter().any(Node::waits) {
                self.wait(key, since, nodes, is_new, &mut given_up);
            }
        }
        (joined, given_up)
    }

    fn wait(
        &mut self,
        key: Key,
        since: Timestamp,
        nodes: Vec<Node>,
        is_new: bool,
        given_up: &mut GivenUp,
    ) {
        if nodes.len() > WAITING_OF_ONE {
            given_up.crowded += waiting_in(&nodes);
            return;
        }
        self.spans += nodes.len();
        self.traces.insert(key, Waiting { since, nodes });
        if is_new {
            self.in_order.push_back((since, key));
        }
        while self.spans > WAITING || self.in_order.len() > WAITING {
            let Some((since, key)) = self.in_order.pop_front() else {
                break;
            };
            given_up.crowded += self.drop_trace(since, key);
        }
    }

    fn expire(&mut self, now: Timestamp) -> GivenUp {
        let mut given_up = GivenUp::default();
        while let Some((since, key)) = self.in_order.front().copied()
            && now.since(since) > self.wait
        {
            self.in_order.pop_front();
            given_up.waited += self.drop_trace(since, key);
        }
        given_up
    }

    /// Forgets a trace; gives how many of its calls waited in vain.
    fn drop_trace(&mut self, since: Timestamp, key: Key) -> usize {
        // It may have been settled, and have come anew since.
        if self
            .traces
            .get(&key)
            .is_none_or(|trace| trace.since != since)
        {
            return 0;
        }
        let nodes = self.traces.remove(&key).map(|trace| trace.nodes);
        let nodes = nodes.unwrap_or_default();
        self.spans -= nodes.len();
        waiting_in(&nodes)
    }
}

fn waiting_in(nodes: &[Node]) -> usize {
    nodes.iter().filter(|node| node.waits()).count()
}

/// Finds the place of every call of one part of a trace that can have one now.
fn settle(nodes: &mut Vec<Node>, joined: &mut Vec<Joined>, given_up: &mut GivenUp) {
    nodes.sort_by_key(|node| node.span);
    // A span that was delivered twice is one.
    nodes.dedup_by_key(|node| node.span);
    let mut servers = nodes.iter().filter(|node| node.role == SpanRole::Server);
    let only = match (servers.next(), servers.next()) {
        (Some(server), None) => Some(*server),
        _ => None,
    };
    for at in 0..nodes.len() {
        let Some(node) = nodes.get(at).copied().filter(Node::waits) else {
            continue;
        };
        let transaction = match above(nodes, &node) {
            Above::Transaction(transaction) => Some(transaction),
            Above::Unknown => match only.filter(|server| server.spans(&node)) {
                Some(server) => server.transaction,
                None => continue,
            },
            Above::Gone => {
                given_up.late += 1;
                None
            }
            Above::Nobody => None,
        };
        joined.extend(transaction.map(|transaction| Joined {
            transaction,
            role: node.role,
            duration_us: node.duration_us,
        }));
        if let Some(node) = nodes.get_mut(at) {
            node.settled = true;
        }
    }
    for node in nodes {
        node.transaction = None;
    }
}

fn above(nodes: &[Node], call: &Node) -> Above {
    let mut below = *call;
    for _ in 0..LONGEST_CHAIN {
        let Some(parent) = below.parent else {
            return Above::Nobody;
        };
        let Ok(at) = nodes.binary_search_by_key(&parent, |node| node.span) else {
            return Above::Unknown;
        };
        let Some(node) = nodes.get(at) else {
            return Above::Unknown;
        };
        match node.role {
            SpanRole::Server => return node.transaction.map_or(Above::Gone, Above::Transaction),
            SpanRole::Consumer | SpanRole::Sql | SpanRole::External => return Above::Nobody,
            SpanRole::Internal => below = *node,
        }
    }
    Above::Unknown
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = (1, [7; 16]);

    fn node(id: u8, parent: u8, role: SpanRole, us: u64) -> Node {
        Node {
            key: KEY,
            span: [id; 8],
            parent: (parent != 0).then_some([parent; 8]),
            role,
            started_us: 0,
            duration_us: us,
            transaction: (role == SpanRole::Server).then_some(usize::from(id)),
            settled: false,
        }
    }

    fn joins() -> Joins {
        Joins::new(Duration::from_secs(60))
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_ms(seconds * 1_000)
    }

    /// SQL and external time of a transaction.
    fn times(joined: &[Joined], transaction: usize) -> (u64, u64) {
        let sum = |role| {
            let of = |one: &&Joined| one.transaction == transaction && one.role == role;
            joined.iter().filter(of).map(|one| one.duration_us).sum()
        };
        (sum(SpanRole::Sql), sum(SpanRole::External))
    }

    fn tree() -> Vec<Node> {
        let from = |started_us, node| Node { started_us, ..node };
        vec![
            from(105, node(4, 3, SpanRole::Sql, 60)),
            from(100, node(3, 2, SpanRole::Sql, 70)),
            from(50, node(2, 1, SpanRole::Internal, 500)),
            from(330, node(7, 6, SpanRole::Sql, 40)),
            from(320, node(6, 5, SpanRole::Server, 250)),
            from(300, node(5, 1, SpanRole::External, 300)),
            from(700, node(8, 1, SpanRole::External, 11)),
            from(0, node(1, 0, SpanRole::Server, 900)),
        ]
    }

    #[test]
    fn calls_belong_to_the_nearest_server_span() {
        let (joined, given_up) = joins().take(tree(), at(0));
        assert_eq!(times(&joined, 1), (70, 311));
        assert_eq!(times(&joined, 6), (40, 0));
        assert_eq!(given_up, GivenUp::default());
    }

    #[test]
    fn it_makes_no_difference_into_how_many_exports_a_trace_was_cut() {
        for cut in 1..(1 << 7) {
            let mut joins = joins();
            let (mut exports, mut export) = (Vec::new(), Vec::new());
            for (position, node) in tree().into_iter().enumerate() {
                export.push(node);
                if cut >> position & 1 == 1 {
                    exports.push(std::mem::take(&mut export));
                }
            }
            exports.push(export);
            let mut all = Vec::new();
            for export in exports {
                all.extend(joins.take(export, at(0)).0);
            }
            assert_eq!(
                (times(&all, 1), times(&all, 6)),
                ((70, 311), (40, 0)),
                "{cut:b}"
            );
            assert_eq!((joins.spans, joins.traces.len()), (0, 0), "{cut:b}");
        }
    }

    #[test]
    fn a_broken_chain_belongs_to_the_only_server_span_of_its_process() {
        let call = || node(3, 99, SpanRole::Sql, 70);
        let server = |id| node(id, 0, SpanRole::Server, 900);
        let (joined, _) = joins().take(vec![server(1), call()], at(0));
        assert_eq!(times(&joined, 1), (70, 0));
        let (joined, _) = joins().take(vec![server(1), server(2), call()], at(0));
        assert!(joined.is_empty());
        let elsewhere = Node {
            key: (2, [7; 16]),
            ..call()
        };
        let (joined, _) = joins().take(vec![server(1), elsewhere], at(0));
        assert!(joined.is_empty());
    }

    #[test]
    fn a_span_delivered_twice_counts_once() {
        let mut joins = joins();
        joins.take(vec![node(3, 1, SpanRole::Sql, 70)], at(0));
        joins.take(vec![node(3, 1, SpanRole::Sql, 70)], at(0));
        let (joined, _) = joins.take(vec![node(1, 0, SpanRole::Server, 900)], at(0));
        assert_eq!(times(&joined, 1), (70, 0));
    }

    #[test]
    fn what_is_nobodys_does_not_wait_and_circles_end() {
        let mut joins = joins();
        let (joined, given_up) = joins.take(
            vec![
                node(1, 0, SpanRole::Internal, 9),
                node(2, 1, SpanRole::Sql, 9),
                node(3, 0, SpanRole::External, 9),
                node(4, 9, SpanRole::Consumer, 9),
                node(5, 4, SpanRole::Sql, 9),
            ],
            at(0),
        );
        assert_eq!(
            (joined.len(), given_up, joins.spans),
            (0, GivenUp::default(), 0)
        );
        let circle = vec![
            node(1, 2, SpanRole::Internal, 1),
            node(2, 1, SpanRole::Internal, 1),
            node(3, 1, SpanRole::Sql, 70),
        ];
        assert!(joins.take(circle, at(0)).0.is_empty());
        assert_eq!(joins.take(Vec::new(), at(61)).1.waited, 1);
        assert_eq!((joins.spans, joins.in_order.len()), (0, 0));
    }

    #[test]
    fn a_call_after_its_server_span_is_late() {
        let mut joins = joins();
        let first = vec![
            node(1, 0, SpanRole::Server, 9),
            node(3, 8, SpanRole::Sql, 9),
        ];
        let two = [first, vec![node(2, 0, SpanRole::Server, 9)]].concat();
        joins.take(two, at(0));
        let (joined, given_up) = joins.take(vec![node(4, 1, SpanRole::Sql, 9)], at(1));
        assert_eq!((joined.len(), given_up.late), (0, 1));
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut joins = joins();
        let mut crowded = 0;
        for trace in 0..WAITING as u64 + 10 {
            let call = Node {
                key: (trace, [7; 16]),
                ..node(3, 1, SpanRole::Sql, 70)
            };
            crowded += joins.take(vec![call], at(0)).1.crowded;
        }
        assert_eq!((crowded, joins.spans), (10, WAITING));
        let many = (0..=WAITING_OF_ONE as u64).map(|id| Node {
            span: id.to_be_bytes(),
            ..node(3, 200, SpanRole::Sql, 1)
        });
        let (_, given_up) = joins.take(many.collect(), at(0));
        assert_eq!(given_up.crowded, WAITING_OF_ONE + 1);
    }
}

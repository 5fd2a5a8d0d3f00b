//! A simulated system: components, calls, traffic, and what happens in one row, faulty or not.
//!
//! Rows are computed from causes to effects: load down the calls, then time and errors up. The model is not
//! the analysis turned round: calls overlap, run apart, retry, hit time limits and fall back, components
//! spike by themselves, and only part of the requests is hit by a fault.

#![expect(
    clippy::indexing_slicing,
    reason = "a test's model over indices of its own making"
)]

use bongsu_sdk_analysis::cause::Kind;
use fastrand::Rng;

use crate::{incidents::Fault, measured::Row};

/// One component of the simulated system.
pub(crate) struct Node {
    /// What it is.
    pub(crate) kind: Kind,
    /// Distance from the front.
    pub(crate) depth: usize,
    /// Own time, ms.
    pub(crate) own_ms: f64,
    /// Row-to-row noise of the own time.
    pub(crate) noise: f64,
    /// How much of its capacity is in use.
    pub(crate) busy: f64,
    /// Usual errors.
    pub(crate) errors: f64,
    /// Requests a row from elsewhere.
    pub(crate) elsewhere: f64,
    /// How far the 99th percentile is from the mean.
    pub(crate) tail: f64,
    /// Whether resources are measured.
    pub(crate) gauged: bool,
}

/// A call of the simulated system.
pub(crate) struct Edge {
    /// Caller.
    pub(crate) from: usize,
    /// Callee, always of a larger index.
    pub(crate) to: usize,
    /// Calls a request.
    pub(crate) times: f64,
    /// Part of the callee's time the caller waits.
    pub(crate) waits: f64,
    /// Part of the callee's errors that become the caller's.
    pub(crate) fails: f64,
    /// Calls repeated after an error.
    pub(crate) retries: f64,
    /// The caller gives up, ms.
    pub(crate) limit_ms: f64,
}

/// A simulated system.
pub(crate) struct System {
    /// Its components, callers before callees.
    pub(crate) nodes: Vec<Node>,
    /// Its calls.
    pub(crate) edges: Vec<Edge>,
    /// Requests a row at the front.
    pub(crate) traffic: f64,
}

/// The fault at one row: component, kind, size, share of requests, how far it has developed (0 none, 1 full).
#[derive(Clone, Copy)]
pub(crate) struct Broken {
    /// Where.
    pub(crate) node: usize,
    /// What.
    pub(crate) fault: Fault,
    /// How bad.
    pub(crate) size: f64,
    /// Share of requests hit.
    pub(crate) hit: f64,
    /// How far developed.
    pub(crate) stage: f64,
}

impl Broken {
    /// Changes the own time, errors and resources of the broken component; the part of its requests that is
    /// slow for this one reason, and by how much.
    fn strike(&self, rng: &mut Rng, own: &mut f64, fails: &mut f64, row: &mut Row) -> (f64, f64) {
        let (mut slow, mut slow_ms) = (0.0, 0.0);
        match self.fault {
            Fault::Delay => {
                slow = self.hit;
                slow_ms = self.size * 400.0 * self.stage;
                *own += slow * slow_ms;
            }
            Fault::MemoryLeak => {
                *own *= 1.0 + self.size * self.stage.powi(2);
                *fails += 0.2 * (self.stage - 0.7).max(0.0) * self.size;
                row.heap += 50.0 * self.stage;
            }
            Fault::CpuHog => {
                *own *= 1.0 + self.size * self.stage;
                row.cpu = 97.0 + normal(rng);
            }
            Fault::Misconfiguration => {
                *fails += self.hit * self.stage;
                *own *= 1.0 - 0.5 * self.hit * self.stage;
            }
            Fault::ErrorRate => *fails += self.hit * self.stage,
            Fault::Overload => {}
        }
        (slow, slow_ms)
    }
}

/// A normal draw.
pub(crate) fn normal(rng: &mut Rng) -> f64 {
    (0..12).map(|_| rng.f64()).sum::<f64>() - 6.0
}

pub(crate) fn between(rng: &mut Rng, low: f64, high: f64) -> f64 {
    low + (high - low) * rng.f64()
}

impl System {
    /// 30 to 40 components in layers.
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        let size = rng.usize(30..=40);
        let mut nodes: Vec<Node> = Vec::with_capacity(size);
        let mut edges = Vec::new();
        for i in 0..size {
            let kind = match i * 10 / size {
                0..=5 => Kind::Service,
                6..=8 => Kind::Database,
                _ => Kind::External,
            };
            let callers: Vec<_> = (0..i)
                .filter(|c| nodes[*c].kind == Kind::Service && nodes[*c].depth < 5)
                .collect();
            let mut depth = 0;
            for _ in 0..if i == 0 {
                0
            } else {
                1 + usize::from(rng.f64() < 0.3)
            } {
                let from = callers[rng.usize(0..callers.len())];
                depth = if depth == 0 {
                    nodes[from].depth + 1
                } else {
                    depth.min(nodes[from].depth + 1)
                };
                edges.push(Edge::draw(rng, from, i));
            }
            nodes.push(Node::draw(rng, kind, depth));
        }
        edges.sort_by_key(|e: &Edge| (e.from, e.to));
        edges.dedup_by_key(|e| (e.from, e.to));
        Self {
            nodes,
            edges,
            traffic: 10f64.powf(between(rng, 2.3, 4.0)),
        }
    }

    /// The same system months earlier: other levels, other traffic.
    pub(crate) fn aged(&mut self, rng: &mut Rng) {
        self.traffic *= between(rng, 0.6, 1.8);
        for node in &mut self.nodes {
            node.own_ms *= (0.25 * normal(rng)).exp();
            node.tail *= (0.2 * normal(rng)).exp();
        }
    }

    /// What happens in one row; `None` as `broken` is a quiet row.
    pub(crate) fn row(&self, rng: &mut Rng, broken: Option<Broken>, swing: f64) -> Vec<Row> {
        let mut rows: Vec<Row> = self.nodes.iter().map(|_| Row::default()).collect();
        let hit = |i: usize, fault: Fault| broken.filter(|b| b.node == i && b.fault == fault);
        for i in 0..self.nodes.len() {
            let node = &self.nodes[i];
            let start = if i == 0 { self.traffic } else { node.elsewhere };
            let noisy = (start * swing * (0.04 * normal(rng)).exp()).max(0.0);
            rows[i].requests += noisy;
            if let Some(b) = hit(i, Fault::Overload) {
                rows[i].requests *= 1.0 + b.size * b.stage;
            }
            let going = 1.0 - hit(i, Fault::Misconfiguration).map_or(0.0, |b| b.hit * b.stage);
            for edge in self.edges.iter().filter(|e| e.from == i) {
                let repeated = if hit(edge.to, Fault::ErrorRate).is_some() {
                    1.0 + edge.retries
                } else {
                    1.0
                };
                rows[edge.to].requests += rows[i].requests * edge.times * going * repeated;
            }
        }
        for i in (0..self.nodes.len()).rev() {
            self.answer(rng, i, broken, &mut rows);
        }
        rows
    }

    fn answer(&self, rng: &mut Rng, i: usize, broken: Option<Broken>, rows: &mut [Row]) {
        let node = &self.nodes[i];
        let here = broken.filter(|b| b.node == i);
        let usual = self.usual(i).max(1.0);
        let counted = (0.3 / rows[i].requests.max(1.0).sqrt()).min(0.5);
        let busy = (node.busy * rows[i].requests / usual).min(1.4);
        let queue = (1.0 - node.busy) / (1.0 - busy.min(0.93));
        let mut own = node.own_ms * (normal(rng) * (node.noise + counted)).exp() * queue;
        let mut fails = node.errors + (busy - 0.95).max(0.0);
        // A spike of its own, innocent.
        if rng.f64() < 0.015 {
            own *= between(rng, 1.3, 3.0);
        }
        rows[i].cpu = 100.0 * (busy * 0.8).min(1.0) + 3.0 * normal(rng);
        rows[i].heap = 45.0 + 6.0 * normal(rng);
        let (mut slow, mut slow_ms) = match here {
            Some(b) => b.strike(rng, &mut own, &mut fails, &mut rows[i]),
            None => (0.0, 0.0),
        };
        let starved = here.is_some_and(|b| b.fault == Fault::CpuHog);
        let (mut time, mut good) = (own, 1.0 - fails.clamp(0.0, 1.0));
        let going = 1.0
            - here
                .filter(|b| b.fault == Fault::Misconfiguration)
                .map_or(0.0, |b| b.hit * b.stage);
        for edge in self.edges.iter().filter(|e| e.from == i) {
            let callee = &mut rows[edge.to];
            // A database is measured by who calls it: a starved caller sees it slow.
            if starved && self.nodes[edge.to].kind != Kind::Service && rng.f64() < 0.7 {
                callee.time *= 1.3;
            }
            let over = (1.0 - edge.limit_ms / callee.time.max(1e-3)).max(0.0);
            time += going
                * edge.times
                * edge.waits
                * callee.time.min(edge.limit_ms)
                * (1.0 + edge.retries * callee.errors);
            good *= 1.0 - ((callee.errors * edge.fails + over) * edge.times.min(1.0)).min(1.0);
            if edge.waits > 0.5 && callee.slow * edge.times > slow {
                slow = (callee.slow * edge.times).min(1.0);
                slow_ms = callee.slow_ms.min(edge.limit_ms);
            }
        }
        rows[i].time = time;
        rows[i].errors = (1.0 - good).clamp(0.0, 1.0);
        (rows[i].slow, rows[i].slow_ms) = (slow, slow_ms);
        rows[i].tail = node.tail * (0.12 * normal(rng)).exp();
    }

    /// Requests a row in quiet times.
    fn usual(&self, node: usize) -> f64 {
        let mut requests = vec![0.0; self.nodes.len()];
        for i in 0..=node {
            requests[i] += if i == 0 {
                self.traffic
            } else {
                self.nodes[i].elsewhere
            };
            for edge in self.edges.iter().filter(|e| e.from == i) {
                requests[edge.to] += requests[i] * edge.times;
            }
        }
        requests[node]
    }
}

impl Node {
    fn draw(rng: &mut Rng, kind: Kind, depth: usize) -> Self {
        let dead = rng.f64() < 0.03;
        Self {
            kind,
            depth,
            own_ms: 10f64.powf(between(rng, 0.3, 2.0)),
            noise: between(rng, 0.02, 0.12),
            busy: between(rng, 0.1, 0.6),
            errors: if dead { 0.9 } else { 0.005 * rng.f64().powi(4) },
            elsewhere: if rng.f64() < 0.2 {
                between(rng, 20.0, 500.0)
            } else {
                0.0
            },
            tail: between(rng, 2.0, 8.0),
            gauged: kind == Kind::Service && rng.bool(),
        }
    }
}

impl Edge {
    fn draw(rng: &mut Rng, from: usize, to: usize) -> Self {
        let apart = rng.f64() < 0.08;
        Self {
            from,
            to,
            times: 10f64.powf(between(rng, -0.9, 0.4)),
            waits: if apart { 0.0 } else { between(rng, 0.6, 1.0) },
            fails: if apart || rng.f64() < 0.15 {
                0.05
            } else {
                between(rng, 0.6, 1.0)
            },
            retries: if rng.f64() < 0.3 { 1.0 } else { 0.0 },
            limit_ms: if rng.f64() < 0.3 {
                between(rng, 500.0, 3000.0)
            } else {
                1e9
            },
        }
    }
}

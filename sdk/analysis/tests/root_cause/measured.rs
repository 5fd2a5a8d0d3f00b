//! What is measured of a simulated system: rows with noise and gaps, as series.

#![expect(
    clippy::indexing_slicing,
    reason = "a test's model over indices of its own making"
)]

use std::collections::BTreeMap;

use bongsu_sdk_analysis::cause::{Case, Component, Indicator, Kind, Point, Series, Statistic};
use bongsu_sdk_model::{Timestamp, Window};
use fastrand::Rng;

use crate::{
    incidents::{self, Fault, STEP_MS, Shape},
    system::{self, Broken, System},
};

/// What one component did in one row.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Row {
    /// Requests.
    pub(crate) requests: f64,
    /// Mean time, ms.
    pub(crate) time: f64,
    /// Part that failed.
    pub(crate) errors: f64,
    /// Part that was slow for one and the same reason, and by how much, ms.
    pub(crate) slow: f64,
    /// By how much, ms.
    pub(crate) slow_ms: f64,
    /// The 99th percentile over the mean, otherwise.
    pub(crate) tail: f64,
    /// CPU, %.
    pub(crate) cpu: f64,
    /// Heap, %.
    pub(crate) heap: f64,
}

/// The case `system` gives when `broken` breaks after `shape.before` rows.
pub(crate) fn case(
    rng: &mut Rng,
    system: &System,
    broken: Option<Broken>,
    shape: &Shape,
    symptom: Indicator,
) -> Case {
    let mut case = incidents::frame(system, shape, symptom, |_| rng.f64() > 0.03);
    let past = incidents::earlier(rng, system, shape.moved);
    let mut columns: Vec<BTreeMap<Indicator, Vec<Point>>> =
        vec![BTreeMap::new(); system.nodes.len()];
    let mut put = |rng: &mut Rng, system: &System, at: Timestamp, rows: &[Row]| {
        for ((row, columns), node) in rows.iter().zip(&mut columns).zip(&system.nodes) {
            for (indicator, value) in measure(rng, row, node.gauged) {
                columns
                    .entry(indicator)
                    .or_default()
                    .push(Point { at, value });
            }
        }
    };
    for i in 0..shape.normal {
        let swing = 1.0 + 0.25 * (i as f64 / 288.0 * std::f64::consts::TAU).sin();
        let rows = past.row(rng, None, swing);
        put(rng, &past, Timestamp::from_ms(i as i64 * STEP_MS), &rows);
    }
    for i in 0..shape.before + shape.after {
        let stage = match broken {
            Some(b) if i >= shape.before => Some(Broken {
                stage: stage(b, i - shape.before, shape.after),
                ..b
            }),
            _ => None,
        };
        let rows = system.row(rng, stage, 1.0);
        put(
            rng,
            system,
            case.incident
                .from
                .plus(std::time::Duration::from_millis(i as u64 * STEP_MS as u64)),
            &rows,
        );
    }
    let keep = [Some(0), broken.map(|b| b.node)];
    case.components = columns
        .into_iter()
        .enumerate()
        .map(|(i, columns)| {
            component(
                rng,
                i,
                system.nodes[i].kind,
                columns,
                keep.contains(&Some(i)),
                case.normal,
                symptom,
            )
        })
        .collect();
    case
}

/// A leak grows; the others come at once, and may be over before the last row.
fn stage(broken: Broken, row: usize, rows: usize) -> f64 {
    match broken.fault {
        Fault::MemoryLeak => (row + 1) as f64 / rows as f64,
        _ if rows <= 3 && row == 2 && ((broken.size * 10.0) as u64).is_multiple_of(3) => 0.0,
        _ => 1.0,
    }
}

fn measure(rng: &mut Rng, row: &Row, gauged: bool) -> Vec<(Indicator, f64)> {
    let requests = row.requests.round();
    let mut cells = vec![(Indicator::Requests, requests)];
    if gauged {
        cells.push((Indicator::Cpu, row.cpu.clamp(0.0, 100.0)));
        cells.push((Indicator::HeapAfterGc, row.heap.clamp(0.0, 100.0)));
    }
    if requests < 1.0 {
        return cells;
    }
    let failed =
        row.errors + system::normal(rng) * (row.errors * (1.0 - row.errors) / requests).sqrt();
    cells.push((
        Indicator::Availability,
        100.0 * (1.0 - failed.clamp(0.0, 1.0)),
    ));
    let other = (row.time - row.slow * row.slow_ms).max(0.05 * row.time);
    for (statistic, above, factor) in [
        (Statistic::P50, 0.5, 0.8),
        (Statistic::P90, 0.1, 0.8 + 0.2 * row.tail),
        (Statistic::P95, 0.05, 0.8 + 0.4 * row.tail),
        (Statistic::P99, 0.01, row.tail),
    ] {
        let slow = if row.slow >= above { row.slow_ms } else { 0.0 };
        let noise = (0.05 * system::normal(rng)).exp();
        cells.push((
            Indicator::Latency(statistic),
            (other * factor * noise).max(slow + other * 0.8),
        ));
    }
    cells.push((Indicator::Latency(Statistic::Average), row.time));
    cells
}

fn component(
    rng: &mut Rng,
    index: usize,
    kind: Kind,
    columns: BTreeMap<Indicator, Vec<Point>>,
    needed: bool,
    normal: Option<Window>,
    symptom: Indicator,
) -> Component {
    let silent = !needed && rng.f64() < 0.05;
    let unknown_before = rng.f64() < 0.05;
    let series = columns
        .into_iter()
        .filter_map(|(indicator, mut points)| {
            let asked = index == 0 && indicator == symptom;
            if silent || (!asked && rng.f64() < 0.08) {
                return None;
            }
            points.retain(|p| {
                asked
                    || rng.f64() > 0.03
                        && !(unknown_before && normal.is_some_and(|n| n.contains(p.at)))
            });
            Some(Series {
                indicator,
                points,
                source: "simulated".to_owned(),
            })
        })
        .collect();
    Component {
        name: format!("node-{index}"),
        kind: if rng.f64() < 0.3 { Kind::Unknown } else { kind },
        series,
        ..Component::default()
    }
}

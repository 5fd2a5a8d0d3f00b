//! Random incidents with a known cause: what is broken where, in rows of what length, and what was noticed.

#![expect(
    clippy::indexing_slicing,
    reason = "a test's model over indices of its own making"
)]

use bongsu_sdk_analysis::cause::{Call, Case, Indicator, Kind, Statistic, Symptom};
use bongsu_sdk_model::{Timestamp, Window};
use fastrand::Rng;

use crate::{
    measured::{self, Row},
    system::{Broken, Edge, Node, System, between},
};

/// Between rows, ms.
pub(crate) const STEP_MS: i64 = 300_000;

/// What is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// A part of the requests takes longer.
    Delay,
    /// Many more requests come to the component from elsewhere.
    Overload,
    /// Slower and slower, then failing.
    MemoryLeak,
    /// Everything the component does takes longer.
    CpuHog,
    /// Most requests fail at once, before calling anything.
    Misconfiguration,
    /// Some requests fail.
    ErrorRate,
}

impl Fault {
    /// Every fault.
    pub(crate) const ALL: [Self; 6] = [
        Self::Delay,
        Self::Overload,
        Self::MemoryLeak,
        Self::CpuHog,
        Self::Misconfiguration,
        Self::ErrorRate,
    ];
}

/// Where it is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// The component with the symptom.
    Front,
    /// A service one call away.
    Middle,
    /// A service further away.
    Deep,
    /// A database.
    Database,
    /// Something outside.
    External,
}

impl Place {
    /// Every place.
    pub(crate) const ALL: [Self; 5] = [
        Self::Front,
        Self::Middle,
        Self::Deep,
        Self::Database,
        Self::External,
    ];
}

/// An incident and its answer.
pub(crate) struct Incident {
    /// What the analysis is given.
    pub(crate) case: Case,
    /// Index of the broken component.
    pub(crate) cause: usize,
    /// What was broken there.
    pub(crate) fault: Fault,
    /// Where that is.
    pub(crate) place: Place,
}

/// How long the parts of an incident are, and what is missing of it.
pub(crate) struct Shape {
    /// Rows of the normal period.
    pub(crate) normal: usize,
    /// Rows of the incident before the fault.
    pub(crate) before: usize,
    /// Rows from the fault on.
    pub(crate) after: usize,
    /// The normal period is of another level.
    pub(crate) moved: bool,
}

impl Shape {
    fn draw(rng: &mut Rng) -> Self {
        let short = rng.f64() < 0.7;
        Self {
            normal: if rng.f64() < 0.2 {
                0
            } else {
                rng.usize(60..=288)
            },
            before: if short { 2 } else { 6 } - usize::from(rng.f64() < 0.15),
            after: if short { 3 } else { 7 },
            moved: rng.f64() < 0.4,
        }
    }
}

/// An incident drawn from `seed`, with a fault that shows at the front; also one without any fault.
pub(crate) fn draw(seed: u64) -> Incident {
    let mut rng = Rng::with_seed(seed);
    let fault = Fault::ALL[rng.usize(0..Fault::ALL.len())];
    let place = Place::ALL[rng.usize(0..Place::ALL.len())];
    loop {
        if let Some(incident) = try_draw(&mut rng, fault, place) {
            return incident;
        }
    }
}

fn at_place(system: &System, node: usize, place: Place) -> bool {
    let n = &system.nodes[node];
    match place {
        Place::Front => node == 0,
        Place::Middle => n.kind == Kind::Service && n.depth == 1,
        Place::Deep => n.kind == Kind::Service && n.depth >= 2,
        Place::Database => n.kind == Kind::Database,
        Place::External => n.kind == Kind::External,
    }
}

fn try_draw(rng: &mut Rng, fault: Fault, place: Place) -> Option<Incident> {
    let system = System::draw(rng);
    let places: Vec<_> = (0..system.nodes.len())
        .filter(|i| at_place(&system, *i, place))
        .collect();
    if places.is_empty() {
        return None;
    }
    let broken = Broken {
        node: places[rng.usize(0..places.len())],
        fault,
        size: between(rng, 1.0, 7.0),
        hit: match fault {
            Fault::Delay => [0.02, 0.1, 0.5, 1.0][rng.usize(0..4)],
            Fault::Misconfiguration => between(rng, 0.4, 1.0),
            _ => between(rng, 0.05, 0.4),
        },
        stage: 1.0,
    };
    let symptom = visible(rng, &system, broken)?;
    let shape = Shape::draw(rng);
    let case = measured::case(rng, &system, Some(broken), &shape, symptom);
    Some(Incident {
        case,
        cause: broken.node,
        fault,
        place,
    })
}

/// What of the fault shows at the front, on average.
fn visible(rng: &mut Rng, system: &System, broken: Broken) -> Option<Indicator> {
    let mean = |rng: &mut Rng, broken| {
        let rows: Vec<_> = (0..9)
            .map(|_| system.row(rng, broken, 1.0).swap_remove(0))
            .collect();
        let of = |f: fn(&Row) -> f64| {
            let mut v: Vec<_> = rows.iter().map(f).collect();
            v.sort_by(f64::total_cmp);
            v[4]
        };
        (of(|r| r.time), of(|r| r.errors))
    };
    let (time, errors) = mean(rng, None);
    let (slower, worse) = mean(rng, Some(broken));
    let (slower, worse) = (slower / time - 1.0, worse - errors);
    if worse > 0.02 && worse * 3.0 > slower {
        Some(Indicator::Availability)
    } else if slower > 0.15 {
        Some(Indicator::Latency(Statistic::Average))
    } else {
        None
    }
}

/// Rows without any fault, asked as if there had been an alarm.
pub(crate) fn quiet(seed: u64) -> Case {
    let mut rng = Rng::with_seed(seed);
    let system = System::draw(&mut rng);
    let shape = Shape {
        normal: rng.usize(60..=288),
        before: 2,
        after: 3,
        moved: false,
    };
    let symptom = if rng.bool() {
        Indicator::Availability
    } else {
        Indicator::Latency(Statistic::Average)
    };
    measured::case(&mut rng, &system, None, &shape, symptom)
}

/// The parts of a case that follow from its shape.
pub(crate) fn frame(
    system: &System,
    shape: &Shape,
    symptom: Indicator,
    kept: impl FnMut(&Edge) -> bool,
) -> Case {
    let row = |i: usize| Timestamp::from_ms(i as i64 * STEP_MS);
    let gap = 10_000;
    let start = shape.normal + gap;
    let mut kept = kept;
    Case {
        components: Vec::new(),
        calls: system
            .edges
            .iter()
            .filter(|e| kept(e))
            .map(|e| Call {
                from: e.from,
                to: e.to,
            })
            .collect(),
        normal: (shape.normal > 0).then(|| Window::new(row(0), row(shape.normal))),
        incident: Window::new(row(start), row(start + shape.before + shape.after)),
        symptom: Symptom {
            component: 0,
            indicator: symptom,
            at: row(start + 2),
        },
    }
}

/// The system as it was in the normal period.
pub(crate) fn earlier(rng: &mut Rng, system: &System, moved: bool) -> System {
    let mut past = System {
        nodes: system.nodes.iter().map(|n| Node { ..*n }).collect(),
        edges: system.edges.iter().map(|e| Edge { ..*e }).collect(),
        traffic: system.traffic,
    };
    if moved {
        past.aged(rng);
    }
    past
}

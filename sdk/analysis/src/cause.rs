//! Root cause (draft).

mod blame;
mod case;
mod course;
mod deviation;
mod graph;
mod profile;
mod robust;
mod scale;

pub use case::{
    Call, Case, Component, Contribution, Dimension, Indicator, Kind, Point, Series, Statistic,
    Symptom, Work,
};

use blame::Ledger;
use course::Course;
use graph::Graph;

/// d
#[derive(Debug)]
pub struct Draft {
    /// r
    pub ranked: Vec<(usize, f64, String)>,
    /// s
    pub symptom_strength: f64,
}

/// d
pub fn diagnose(case: &Case) -> Draft {
    let course = Course::of(case);
    let graph = Graph::of(case);
    let profiles = profile::all(case, &course);
    let ledger = Ledger::new(case, &course, &graph, &profiles);
    let mut ranked: Vec<_> = (0..case.components.len())
        .map(|c| {
            let b = ledger.blame(c);
            (c, b.score, format!("{b:.2?} {:?}", profiles.get(c).map(|p| (p.latency.map(|l| (l.deviation.strength, l.each, l.amount)), p.errors.map(|l| (l.deviation.strength, l.each)), p.requests))))
        })
        .collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    Draft { ranked, symptom_strength: course.inside }
}

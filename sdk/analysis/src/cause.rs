//! Root cause: which component a symptom comes from, computed, with its facts, objections and checks.
//!
//! Pure functions of a [`Case`]: no I/O, no clock, no chance; no name is interpreted, no order matters. The
//! same code answers at the center, at the edge, and in `cargo xtask eval rca`.
//!
//! ## The reasoning
//!
//! 1. **Course.** The symptom's own series says which rows of the incident are bad and how bad. Every other
//!    series is compared along that course: its level in the bad rows against the well rows of the same
//!    incident, and against the normal period as far as the symptom's change lies before the incident. A
//!    level that moved months ago is thereby in both sides of the comparison and says nothing.
//! 2. **Deviation.** The difference in spreads of the series' own noise: learned from the normal period (its
//!    middle half or its outer twentieth, whichever is wider), from like series of other components where
//!    that is short or missing, and from what the course leaves unexplained. Durations and counts compare by
//!    ratio, shares by difference.
//! 3. **Account.** Time and errors add up along calls, so a component's change (per request, times requests)
//!    is held against the symptom's, which gives its *share*, and what its callees added is subtracted from
//!    it, as surely as they deviate, which leaves its *own* part.
//! 4. **Load.** Who is asked more because its callers are asked more is not the origin, and does not excuse
//!    its callers.
//! 5. **Score** = confidence × share × own × reach × kind × onset × load, each shown ([`Blame`]). It orders
//!    candidates; it is not a probability.
//! 6. **Verdict.** Apart from the ranking: a symptom within its usual range gives
//!    [`Verdict::NothingStandsOut`], whatever the ranking holds.
//!
//! ## Decisions
//!
//! - **An account in the symptom's own unit, not a learned causal model.** It needs no training, copes with
//!   five rows and missing columns, and each factor can be read out to a person. Rejected: a structural
//!   model fitted per edge on the normal period; it needs a long baseline at the incident's own level, which
//!   is what is missing when it matters. The price: calls that overlap are subtracted too much, and shares
//!   with unknown call counts per edge are estimates.
//! - **Correlation decides the rows, not the ranking.** Ranking by correlation with the symptom alone names
//!   whatever lies between cause and symptom just as gladly.
//! - **Missing means unknown.** A component without a column is neither cleared nor accused; no baseline
//!   widens the noise instead of refusing. What is out of reach of the known calls keeps a fifth of its
//!   score, for call graphs learned from traces have holes.
//! - **Patterns explain, they do not rank.** A pool runs empty because the database is slow as often as by
//!   itself; only a resource's deviation adds to the confidence that something is wrong there.

mod account;
mod blame;
mod case;
mod contribution;
mod course;
mod deviation;
mod diagnosis;
mod graph;
mod pattern;
mod profile;
mod robust;
mod scale;
mod verdict;

pub use blame::Blame;
pub use case::{
    Call, Case, Component, Contribution, Dimension, Indicator, Kind, Point, Series, Statistic,
    Symptom, Work,
};
pub use diagnosis::{
    Cause, Caveat, Check, ContributionFact, Diagnosis, Evidence, Measure, Objection, Pattern,
    SeriesFact, Verdict,
};

use blame::Ledger;
use course::Course;
use graph::Graph;

/// Rows below which an incident is called short.
const FEW_ROWS: usize = 6;

/// Explains `case`.
#[must_use]
pub fn diagnose(case: &Case) -> Diagnosis {
    let course = Course::of(case);
    let graph = Graph::of(case);
    let profiles = profile::all(case, &course);
    let ledger = Ledger::new(case, &course, &graph, &profiles);
    let mut ranked: Vec<_> = (0..case.components.len())
        .map(|index| (index, ledger.blame(index)))
        .filter(|(_, blame)| blame.score > 0.0)
        .collect();
    // Equal scores: nearer first, then by name, so that the order of the input never shows.
    let near = |index: usize| graph.distance(index).unwrap_or(u32::MAX);
    let name = |index: usize| case.components.get(index).map(|c| c.name.as_str());
    ranked.sort_by(|(a, x), (b, y)| {
        y.score
            .total_cmp(&x.score)
            .then_with(|| near(*a).cmp(&near(*b)))
            .then_with(|| name(*a).cmp(&name(*b)))
    });
    let symptom = verdict::symptom(case, &course);
    let first = ranked.first().map_or(0.0, |(_, blame)| blame.score);
    let causes = ranked
        .into_iter()
        .filter_map(|(index, blame)| {
            let component = case.components.get(index)?;
            Some(account::cause(
                case,
                index,
                component,
                profiles.get(index)?,
                blame,
            ))
        })
        .collect();
    Diagnosis {
        verdict: verdict::verdict(symptom.as_ref(), first),
        symptom,
        causes,
        caveats: caveats(case, &course, &graph),
    }
}

fn caveats(case: &Case, course: &Course, graph: &Graph) -> Vec<Caveat> {
    let measured = |c: &&Component| {
        c.series
            .iter()
            .any(|s| scale::within(s, case.incident).next().is_some())
    };
    let silent = case.components.len() - case.components.iter().filter(measured).count();
    [
        case.normal.is_none().then_some(Caveat::NoNormalPeriod),
        course.moved.then_some(Caveat::MovedLevel),
        (course.len() < FEW_ROWS).then_some(Caveat::FewRows),
        (!graph.is_known(case.symptom.component)).then_some(Caveat::NoCalls),
        (silent > 0).then_some(Caveat::Unmeasured(silent)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

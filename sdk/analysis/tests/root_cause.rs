//! Root cause of simulated incidents: found, found better than by simple means, silent when nothing is wrong,
//! and indifferent to names, order and nonsense.

#[path = "root_cause/incidents.rs"]
mod incidents;
#[path = "root_cause/measured.rs"]
mod measured;
#[path = "root_cause/rivals.rs"]
mod rivals;
#[path = "root_cause/system.rs"]
mod system;

use std::collections::BTreeMap;

use bongsu_sdk_analysis::cause::{
    Call, Case, Caveat, Component, Diagnosis, Indicator, Point, Series, Statistic, Symptom,
    Verdict, diagnose,
};
use bongsu_sdk_model::{Timestamp, Window};
use incidents::{Fault, Place};

/// Seeds of these tests; those of the evaluation are others.
const SEEDS: std::ops::Range<u64> = 500_000..500_200;

fn components(diagnosis: &Diagnosis) -> Vec<usize> {
    diagnosis.causes.iter().map(|c| c.component).collect()
}

#[test]
fn causes_are_found_first_far_more_often_than_by_correlation_or_size() {
    let (mut first, mut third, mut correlated, mut anomalous) = (0, 0, 0, 0);
    for seed in SEEDS {
        let incident = incidents::draw(seed);
        let ours = components(&diagnose(&incident.case));
        let leads = |ranking: &[usize], k| ranking.iter().take(k).any(|c| *c == incident.cause);
        first += usize::from(leads(&ours, 1));
        third += usize::from(leads(&ours, 3));
        correlated += usize::from(leads(&rivals::by_correlation(&incident.case), 1));
        anomalous += usize::from(leads(&rivals::by_anomaly(&incident.case), 1));
    }
    let found = format!("{first} first, {third} in three; rivals {correlated}, {anomalous}");
    assert!(first >= 160 && third >= 180, "{found}");
    assert!(
        first >= anomalous + 20 && first >= correlated + 20,
        "{found}"
    );
}

#[test]
fn no_fault_and_no_place_is_a_blind_spot() {
    let mut tally: BTreeMap<(Fault, Place), (u32, u32)> = BTreeMap::new();
    for seed in SEEDS {
        let incident = incidents::draw(seed);
        let ours = components(&diagnose(&incident.case));
        let (found, all) = tally.entry((incident.fault, incident.place)).or_default();
        *found += u32::from(ours.iter().take(3).any(|c| *c == incident.cause));
        *all += 1;
    }
    assert!(tally.len() > 25, "{tally:?}");
    for (pair, (found, all)) in &tally {
        assert!(2 * found >= *all, "{pair:?}: {found} of {all}");
    }
}

#[test]
fn quiet_periods_seldom_stand_out() {
    let loud = SEEDS
        .filter(|seed| diagnose(&incidents::quiet(*seed)).verdict == Verdict::Explained)
        .count();
    assert!(loud <= 8, "{loud} of 200");
}

#[test]
fn names_and_order_change_nothing() {
    for seed in SEEDS.take(30) {
        let case = incidents::draw(seed).case;
        let last = case.components.len() - 1;
        let mut turned = case.clone();
        turned.components.reverse();
        for (i, component) in turned.components.iter_mut().enumerate() {
            component.name = format!("{i:03}-other");
            component.series.reverse();
        }
        for call in &mut turned.calls {
            *call = Call {
                from: last - call.from,
                to: last - call.to,
            };
        }
        turned.calls.reverse();
        turned.symptom.component = last - case.symptom.component;
        let (plain, turned) = (diagnose(&case), diagnose(&turned));
        assert_eq!(plain.verdict, turned.verdict, "{seed}");
        let (ours, theirs) = (&plain.causes, &turned.causes);
        assert_eq!(ours.len(), theirs.len(), "{seed}");
        for (a, b) in ours.iter().zip(theirs) {
            let tie = (a.blame.score - b.blame.score).abs() < 1e-9;
            assert!(tie, "{seed}: {} against {}", a.blame.score, b.blame.score);
            assert!(
                a.component == last - b.component || a.blame.score < 1e-9,
                "{seed}"
            );
        }
    }
}

#[test]
fn the_same_case_gives_the_same_diagnosis() {
    let case = incidents::draw(7).case;
    assert_eq!(diagnose(&case), diagnose(&case));
}

fn at(row: i64) -> Timestamp {
    Timestamp::from_ms(row * incidents::STEP_MS)
}

fn slow(values: [f64; 5]) -> Component {
    let points = (0..)
        .zip(values)
        .map(|(i, value)| Point { at: at(i), value })
        .collect();
    Component {
        series: vec![Series {
            indicator: Indicator::Latency(Statistic::Average),
            points,
            source: "test".to_owned(),
        }],
        ..Component::default()
    }
}

fn case(components: Vec<Component>, calls: &[(usize, usize)]) -> Case {
    Case {
        components,
        calls: calls
            .iter()
            .map(|(from, to)| Call {
                from: *from,
                to: *to,
            })
            .collect(),
        normal: None,
        incident: Window::new(at(0), at(5)),
        symptom: Symptom {
            component: 0,
            indicator: Indicator::Latency(Statistic::Average),
            at: at(2),
        },
    }
}

#[test]
fn five_rows_of_one_column_are_enough_for_a_plain_case() {
    let case = case(
        vec![
            slow([100.0, 101.0, 900.0, 910.0, 905.0]),
            slow([50.0, 50.0, 850.0, 860.0, 855.0]),
            slow([20.0, 21.0, 20.0, 21.0, 20.0]),
        ],
        &[(0, 1), (0, 2)],
    );
    let diagnosis = diagnose(&case);
    assert_eq!(diagnosis.verdict, Verdict::Explained);
    assert_eq!(components(&diagnosis)[0], 1);
    assert!(diagnosis.caveats.contains(&Caveat::NoNormalPeriod));
    assert!(diagnosis.caveats.contains(&Caveat::FewRows));
}

#[test]
fn a_circle_of_calls_ends() {
    let bad = [100.0, 100.0, 900.0, 900.0, 900.0];
    let case = case(
        vec![slow(bad), slow(bad), slow(bad)],
        &[(0, 1), (1, 2), (2, 0), (1, 1)],
    );
    assert_eq!(diagnose(&case).verdict, Verdict::Explained);
}

#[test]
fn nonsense_is_survived_and_accuses_nobody() {
    let empty = case(Vec::new(), &[(0, 1)]);
    assert_eq!(diagnose(&empty).verdict, Verdict::NotMeasured);
    assert!(diagnose(&empty).causes.is_empty());

    let wild = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, f64::MAX];
    let mut wild = case(
        vec![slow(wild), slow(wild), slow([0.0; 5])],
        &[(0, 1), (1, 99)],
    );
    for indicator in [Indicator::Requests, Indicator::Availability, Indicator::Cpu] {
        wild.components[1].series[0].indicator = indicator;
        let diagnosis = diagnose(&wild);
        assert!(diagnosis.causes.iter().all(|c| c.blame.score.is_finite()));
    }
    wild.symptom.component = 77;
    assert_eq!(diagnose(&wild).verdict, Verdict::NotMeasured);
}

#[test]
fn a_level_that_moved_long_ago_is_not_accused() {
    let mut moved = slow([500.0, 505.0, 500.0, 503.0, 501.0]);
    let mut cause = slow([50.0, 50.0, 850.0, 860.0, 855.0]);
    let mut front = slow([100.0, 101.0, 900.0, 910.0, 905.0]);
    let year = 100_000;
    for (component, usual) in [(&mut moved, 50.0), (&mut cause, 50.0), (&mut front, 60.0)] {
        let past = (0..60).map(|i| Point {
            at: at(i - year),
            value: usual + (i % 5) as f64,
        });
        component.series[0].points.splice(0..0, past);
    }
    let mut case = case(vec![front, moved, cause], &[(0, 1), (0, 2)]);
    case.normal = Some(Window::new(at(-year), at(60 - year)));
    let diagnosis = diagnose(&case);
    assert_eq!(components(&diagnosis)[0], 2);
    assert!(
        diagnosis
            .causes
            .iter()
            .all(|c| c.component != 1 || c.blame.score < 0.05)
    );
    assert!(diagnosis.caveats.contains(&Caveat::MovedLevel));
}

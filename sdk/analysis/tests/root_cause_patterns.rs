//! Each known pattern is named where its marks are, and not where they are not.

use bongsu_sdk_analysis::cause::{
    Call, Case, Cause, Check, Component, Contribution, Dimension, Evidence, Indicator, Kind,
    Objection, Pattern, Point, Series, Statistic, Symptom, Work, diagnose,
};
use bongsu_sdk_model::{Timestamp, Window};

const NORMAL: usize = 60;
const BEFORE: usize = 4;
const AFTER: usize = 4;

fn row(i: usize) -> Timestamp {
    Timestamp::from_ms(i as i64 * 60_000)
}

/// `usual` with a little noise, `bad` in the last rows.
fn series(indicator: Indicator, usual: f64, bad: f64) -> Series {
    let points = (0..NORMAL + BEFORE + AFTER)
        .map(|i| {
            let wave = 1.0 + 0.01 * ((i * 7 % 5) as f64 - 2.0);
            let level = if i >= NORMAL + BEFORE { bad } else { usual };
            Point {
                at: row(i),
                value: level * wave,
            }
        })
        .collect();
    Series {
        indicator,
        points,
        source: "rollup:1m".to_owned(),
    }
}

fn front() -> Component {
    Component {
        name: "front".to_owned(),
        kind: Kind::Service,
        series: vec![
            series(Indicator::Latency(Statistic::Average), 100.0, 500.0),
            series(Indicator::Requests, 1000.0, 1000.0),
        ],
        ..Component::default()
    }
}

/// A service behind the front that became slow, with what else is measured of it.
fn slow(more: Vec<Series>) -> Component {
    let mut series = vec![
        series(Indicator::Latency(Statistic::Average), 40.0, 440.0),
        series(Indicator::Requests, 1000.0, 1000.0),
    ];
    series.retain(|s| more.iter().all(|m| m.indicator != s.indicator));
    series.extend(more);
    Component {
        name: "order".to_owned(),
        kind: Kind::Service,
        series,
        ..Component::default()
    }
}

fn case(component: Component) -> Case {
    Case {
        components: vec![front(), component],
        calls: vec![Call { from: 0, to: 1 }],
        normal: Some(Window::new(row(0), row(NORMAL))),
        incident: Window::new(row(NORMAL), row(NORMAL + BEFORE + AFTER)),
        symptom: Symptom {
            component: 0,
            indicator: Indicator::Latency(Statistic::Average),
            at: row(NORMAL + BEFORE),
        },
    }
}

fn first(component: Component) -> Cause {
    let cause = diagnose(&case(component)).causes.swap_remove(0);
    assert_eq!(cause.name, "order");
    cause
}

#[track_caller]
fn check(component: Component, pattern: Pattern, check: Check) {
    let cause = first(component);
    assert_eq!(cause.patterns.first(), Some(&pattern), "{cause:#?}");
    assert_eq!(cause.check, check);
}

fn work(requests: f64, time_ms: f64, errors: f64) -> Work {
    Work {
        requests,
        time_ms,
        errors,
    }
}

fn part(dimension: Dimension, value: &str, normal: Option<Work>, incident: Work) -> Contribution {
    Contribution {
        dimension,
        value: value.to_owned(),
        normal,
        incident,
    }
}

fn made_of(component: Component, contributions: Vec<Contribution>) -> Component {
    Component {
        contributions,
        ..component
    }
}

#[test]
fn without_marks_there_is_no_pattern() {
    let cause = first(slow(vec![series(Indicator::Cpu, 30.0, 30.0)]));
    assert_eq!(cause.patterns, []);
    assert_eq!(cause.check, Check::SlowTraces);
    assert!(cause.against.is_empty(), "{:?}", cause.against);
}

#[test]
fn resources_name_their_patterns() {
    let of = |indicator, usual, bad| slow(vec![series(indicator, usual, bad)]);
    check(
        of(Indicator::HeapAfterGc, 50.0, 96.0),
        Pattern::HeapExhaustion,
        Check::HeapHistogram,
    );
    check(
        of(Indicator::OutOfMemory, 0.0, 3.0),
        Pattern::HeapExhaustion,
        Check::HeapHistogram,
    );
    check(
        of(Indicator::GcPause, 40.0, 900.0),
        Pattern::GarbageCollection,
        Check::GcLog,
    );
    check(
        of(Indicator::ThreadsBusy, 30.0, 99.0),
        Pattern::ThreadStarvation,
        Check::ThreadDumps,
    );
    check(
        of(Indicator::ConnectionsInUse, 30.0, 100.0),
        Pattern::ConnectionStarvation,
        Check::ConnectionHolders,
    );
    check(
        of(Indicator::ConnectionsWaiting, 0.0, 40.0),
        Pattern::ConnectionStarvation,
        Check::ConnectionHolders,
    );
    check(
        of(Indicator::Cpu, 30.0, 97.0),
        Pattern::HostSaturation,
        Check::Processes,
    );
    check(
        of(Indicator::Sessions, 1000.0, 9000.0),
        Pattern::SessionExplosion,
        Check::SessionCreators,
    );
    check(
        of(Indicator::NetworkDelay, 2.0, 300.0),
        Pattern::NetworkDelay,
        Check::RoundTrip,
    );
    check(
        of(Indicator::SqlPerRequest, 4.0, 90.0),
        Pattern::NPlusOne,
        Check::SqlOfOneTrace,
    );
}

#[test]
fn a_resource_that_is_always_full_is_no_pattern() {
    let cause = first(slow(vec![series(Indicator::ThreadsBusy, 99.0, 99.0)]));
    assert_eq!(cause.patterns, []);
}

#[test]
fn a_slow_statement_and_one_executed_too_often_are_told_apart() {
    let sql = |before, now| {
        let other = work(100.0, 200.0, 0.0);
        made_of(
            slow(Vec::new()),
            vec![
                part(Dimension::Sql, "select stock", Some(before), now),
                part(Dimension::Sql, "select user", Some(other), other),
            ],
        )
    };
    let slower = sql(work(10.0, 50.0, 0.0), work(10.0, 5000.0, 0.0));
    let oftener = sql(work(10.0, 50.0, 0.0), work(900.0, 4500.0, 0.0));
    check(slower.clone(), Pattern::SlowSql, Check::SqlPlan);
    check(oftener, Pattern::NPlusOne, Check::SqlOfOneTrace);
    let named = first(slower).evidence.iter().any(|e| {
        matches!(e, Evidence::Contribution(fact) if fact.value == "select stock" && fact.share > 0.99)
    });
    assert!(named);
}

#[test]
fn a_surge_is_an_attack_only_if_one_client_makes_it() {
    let surge = || slow(vec![series(Indicator::Requests, 1000.0, 6000.0)]);
    let clients = |now: [f64; 4]| {
        let part = |(i, now)| {
            let name = format!("10.0.{i}.0/24");
            part(
                Dimension::Client,
                &name,
                Some(work(4.0, 0.0, 0.0)),
                work(now, 0.0, 0.0),
            )
        };
        made_of(surge(), now.into_iter().enumerate().map(part).collect())
    };
    check(surge(), Pattern::TrafficSurge, Check::RequestsByClient);
    check(
        clients([25.0, 24.0, 26.0, 25.0]),
        Pattern::TrafficSurge,
        Check::RequestsByClient,
    );
    check(
        clients([4.0, 90.0, 4.0, 4.0]),
        Pattern::Attack,
        Check::RequestsByClient,
    );
}

#[test]
fn one_hot_user_is_named() {
    let user = |name: &str, now: f64| {
        part(
            Dimension::User,
            name,
            Some(work(1.0, 40.0, 0.0)),
            work(now, 40.0 * now, 0.0),
        )
    };
    let hot = made_of(
        slow(Vec::new()),
        vec![
            user("token-1", 1.0),
            user("token-2", 60.0),
            user("token-3", 1.5),
        ],
    );
    check(hot, Pattern::HotUser, Check::UserActivity);
    let many = (0..9).map(|i| user(&format!("token-{i}"), 5.0)).collect();
    assert_eq!(first(made_of(slow(Vec::new()), many)).patterns, []);
}

#[test]
fn a_release_counts_when_it_is_recent_or_alone_suffers() {
    let released = |at| Component {
        releases: vec![at],
        ..slow(Vec::new())
    };
    check(
        released(row(NORMAL + 2)),
        Pattern::BadRelease,
        Check::CompareVersions,
    );
    assert_eq!(first(released(row(2))).patterns, [], "an old release");
    assert_eq!(
        first(released(row(NORMAL + BEFORE + 3))).patterns,
        [],
        "a release after the onset"
    );
    let old = part(
        Dimension::Version,
        "1.4",
        Some(work(20.0, 800.0, 0.0)),
        work(10.0, 400.0, 0.0),
    );
    let new = |time| part(Dimension::Version, "1.5", None, work(10.0, time, 0.0));
    check(
        made_of(slow(Vec::new()), vec![old.clone(), new(8800.0)]),
        Pattern::BadRelease,
        Check::CompareVersions,
    );
    assert_eq!(
        first(made_of(slow(Vec::new()), vec![old, new(420.0)])).patterns,
        []
    );
}

#[test]
fn a_dependency_without_other_marks_has_failed() {
    for kind in [Kind::Database, Kind::External] {
        let dependency = Component {
            kind,
            ..slow(Vec::new())
        };
        check(
            dependency,
            Pattern::DependencyFailure,
            Check::DependencyStatus,
        );
    }
}

#[test]
fn a_pool_that_is_empty_because_of_the_database_is_explained_away() {
    let mut case = case(slow(vec![series(Indicator::ConnectionsInUse, 30.0, 100.0)]));
    let mut database = slow(Vec::new());
    database.name = "stock-db".to_owned();
    database.kind = Kind::Database;
    case.components.push(database);
    case.calls.push(Call { from: 1, to: 2 });
    let diagnosis = diagnose(&case);
    assert_eq!(diagnosis.causes[0].name, "stock-db");
    let pool = diagnosis.causes.iter().find(|c| c.name == "order").unwrap();
    assert_eq!(pool.patterns, [Pattern::ConnectionStarvation]);
    assert!(
        pool.against
            .iter()
            .any(|o| matches!(o, Objection::ExplainedBy { component: 2, .. }))
    );
}

#[test]
fn a_host_answers_for_those_who_run_on_it() {
    let mut case = case(slow(Vec::new()));
    case.components.push(Component {
        name: "node-3".to_owned(),
        kind: Kind::Host,
        series: vec![series(Indicator::Cpu, 30.0, 98.0)],
        ..Component::default()
    });
    case.calls.push(Call { from: 1, to: 2 });
    let diagnosis = diagnose(&case);
    assert_eq!(
        diagnosis.causes[0].name, "node-3",
        "{:#?}",
        diagnosis.causes
    );
    assert_eq!(diagnosis.causes[0].patterns, [Pattern::HostSaturation]);
    assert_eq!(diagnosis.causes[0].check, Check::Processes);
}

#[test]
fn load_passed_down_accuses_the_front_not_what_it_calls() {
    let mut case = case(slow(vec![series(Indicator::Requests, 1000.0, 6000.0)]));
    case.components[0].series[1] = series(Indicator::Requests, 1000.0, 6000.0);
    let diagnosis = diagnose(&case);
    let front = &diagnosis.causes[0];
    assert_eq!(
        (front.name.as_str(), front.patterns.as_slice()),
        ("front", &[Pattern::TrafficSurge][..])
    );
    assert!(
        diagnosis.causes[1]
            .against
            .contains(&Objection::LoadPassedDown)
    );
}

#[test]
fn every_fact_has_window_baseline_and_source() {
    let cause = first(slow(vec![series(Indicator::Cpu, 30.0, 97.0)]));
    let facts: Vec<_> = cause
        .evidence
        .iter()
        .filter_map(|e| match e {
            Evidence::Series(fact) => Some(fact),
            _ => None,
        })
        .collect();
    assert_eq!(facts.len(), 2);
    for fact in facts {
        assert_eq!(fact.source, "rollup:1m");
        assert_eq!(fact.onset, Some(row(NORMAL + BEFORE)));
        assert_eq!(fact.window.from, row(NORMAL));
        assert!(fact.strength > 5.0 && fact.value > 3.0 * fact.baseline);
    }
}

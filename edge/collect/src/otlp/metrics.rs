//! The OTLP metrics that are terms of load, as gauges in percent, and a few others as levels in their own unit.
//! Every other metric is taken and counted as ignored.
//!
//! | metric | gauge |
//! |---|---|
//! | `jvm.cpu.recent_utilization`, else `process.cpu.utilization`, else `system.cpu.utilization` | CPU |
//! | `system.memory.utilization` | memory |
//! | `jvm.memory.used_after_last_gc` over `jvm.memory.limit`, both of the heap | heap |
//! | `tomcat.thread.busy.count` over `tomcat.thread.limit` | threads, of the fullest connector |
//! | `db.client.connection.count` in state `used` over `db.client.connection.max` | connections, of the fullest pool |
//!
//! | metric | level |
//! |---|---|
//! | `jvm.memory.used_after_last_gc` of the heap | `heap_after_gc_bytes` |
//! | `jvm.gc.duration`, what came since the sender's last report | `gc_pause_ms` |
//! | `jvm.thread.count` | `jvm_threads` |
//! | `db.client.connection.pending_requests` | `db_connections_pending` |
//!
//! The former names (`process.runtime.jvm.…`, `db.client.connections.…`) are read, too.
//!
//! A share is made of one export only: senders put the metrics of one collection into one export. Of
//! several collections in one export the latest counts.

use std::collections::{BTreeMap, BTreeSet};

use bongsu_sdk_model::{AppId, GaugeKind, InstanceId, Timestamp};
use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    metrics::v1::{
        AggregationTemporality, Metric, NumberDataPoint, ResourceMetrics, metric::Data,
        number_data_point::Value,
    },
};

use super::attributes::{Attributes, deployment, sender};
use crate::{Collected, Deployment, LevelSample};

/// What an export came to.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) batch: Vec<Collected>,
    pub(super) received: usize,
    pub(super) ignored: usize,
    pub(super) in_future: usize,
    pub(super) versions: Vec<Deployment>,
    /// Time that a sender's collections took since it started.
    pub(super) pauses: Vec<LevelSample>,
}

/// The metrics that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    JvmCpu,
    ProcessCpu,
    SystemCpu,
    SystemMemory,
    HeapUsed,
    HeapLimit,
    ConnectionsUsed,
    ConnectionsMax,
    ConnectionsPending,
    ThreadsBusy,
    ThreadsMax,
    JvmThreads,
}

impl Level {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "jvm.cpu.recent_utilization" | "process.runtime.jvm.cpu.utilization" => Self::JvmCpu,
            "process.cpu.utilization" => Self::ProcessCpu,
            "system.cpu.utilization" => Self::SystemCpu,
            "system.memory.utilization" => Self::SystemMemory,
            "jvm.memory.used_after_last_gc" | "process.runtime.jvm.memory.usage_after_last_gc" => {
                Self::HeapUsed
            }
            "jvm.memory.limit" | "process.runtime.jvm.memory.limit" => Self::HeapLimit,
            "db.client.connection.count" | "db.client.connections.usage" => Self::ConnectionsUsed,
            "db.client.connection.max" | "db.client.connections.max" => Self::ConnectionsMax,
            "db.client.connection.pending_requests" | "db.client.connections.pending_requests" => {
                Self::ConnectionsPending
            }
            "tomcat.thread.busy.count" | "tomcat.threads.busy" => Self::ThreadsBusy,
            "tomcat.thread.limit" | "tomcat.threads.config.max" => Self::ThreadsMax,
            "jvm.thread.count" | "process.runtime.jvm.threads.count" => Self::JvmThreads,
            _ => return None,
        })
    }
}

/// The gauges of an export. Points without a time are of `now`; points after `latest` are rejected.
pub(super) fn take(
    export: &ExportMetricsServiceRequest,
    now: Timestamp,
    latest: Timestamp,
) -> Taken {
    let mut taken = Taken::default();
    for resource in &export.resource_metrics {
        let version = deployment(resource.resource.as_ref(), now);
        taken.versions.extend(version);
        let levels = Levels::of(resource, now, latest, &mut taken);
        let Some((app, instance)) = sender(resource.resource.as_ref()) else {
            continue;
        };
        let found = [
            (GaugeKind::Cpu, levels.cpu()),
            (GaugeKind::Memory, levels.memory()),
            (GaugeKind::Heap, levels.heap()),
            (GaugeKind::Threads, levels.threads()),
            (GaugeKind::DbConnections, levels.connections()),
        ];
        for (kind, share) in found {
            let Some((share, at)) = share.filter(|(share, _)| share.is_finite()) else {
                continue;
            };
            let (app, instance) = (app.clone(), instance.clone());
            let value = (share * 100.0).clamp(0.0, 100.0);
            taken.batch.push(Collected::Gauge {
                app,
                instance,
                kind,
                value,
                at,
            });
        }
        let pause = gc_pause(resource, now, latest);
        take_levels(&levels, pause, &app, &instance, &mut taken);
    }
    taken
}

/// What is no share; of a pause since the sender's start only the total is noted.
fn take_levels(
    levels: &Levels<'_>,
    pause: Option<(f64, Timestamp, bool)>,
    app: &AppId,
    instance: &InstanceId,
    taken: &mut Taken,
) {
    let since_last = pause.and_then(|(ms, at, is_total)| (!is_total).then_some((ms, at)));
    taken.pauses.extend(
        pause
            .filter(|(ms, _, is_total)| *is_total && ms.is_finite())
            .map(|(value, at, _)| LevelSample {
                app: app.clone(),
                instance: instance.clone(),
                level: crate::Level::GcPauseMs,
                value,
                at,
            }),
    );
    let own_units = [
        (crate::Level::HeapAfterGcBytes, levels.heap_bytes()),
        (crate::Level::GcPauseMs, since_last),
        (
            crate::Level::JvmThreads,
            levels.sum(Level::JvmThreads, |_| true),
        ),
        (
            crate::Level::DbConnectionsPending,
            levels.sum(Level::ConnectionsPending, |_| true),
        ),
    ];
    for (level, found) in own_units {
        let Some((value, at)) = found.filter(|(value, _)| value.is_finite()) else {
            continue;
        };
        let (app, instance) = (app.clone(), instance.clone());
        taken.batch.push(Collected::Level(LevelSample {
            app,
            instance,
            level,
            value,
            at,
        }));
    }
}

#[derive(Debug, Clone, Copy)]
struct Point<'a> {
    attributes: Attributes<'a>,
    value: f64,
    at: Timestamp,
}

impl Point<'_> {
    /// The text of an attribute by its present or its former names; empty if it is not there.
    fn text(&self, names: &[&str]) -> &str {
        self.attributes.text(names).unwrap_or_default()
    }
}

/// The latest points of each level of one sender.
#[derive(Debug, Default)]
struct Levels<'a>(BTreeMap<Level, Vec<Point<'a>>>);

impl<'a> Levels<'a> {
    fn of(
        resource: &'a ResourceMetrics,
        now: Timestamp,
        latest: Timestamp,
        taken: &mut Taken,
    ) -> Self {
        let mut levels = Self::default();
        for metric in resource
            .scope_metrics
            .iter()
            .flat_map(|scope| &scope.metrics)
        {
            taken.received += points_in(metric);
            let Some(level) = Level::named(&metric.name) else {
                if !is_gc_duration(&metric.name) {
                    taken.ignored += points_in(metric);
                }
                continue;
            };
            for point in numbers(metric) {
                match read(point, now) {
                    Some(point) if point.at > latest => taken.in_future += 1,
                    Some(point) => levels.add(level, point),
                    None => taken.ignored += 1,
                }
            }
        }
        levels
    }

    fn add(&mut self, level: Level, point: Point<'a>) {
        let points = self.0.entry(level).or_default();
        match points.first().map(|first| first.at.cmp(&point.at)) {
            Some(std::cmp::Ordering::Greater) => {}
            Some(std::cmp::Ordering::Less) => *points = vec![point],
            Some(std::cmp::Ordering::Equal) | None => points.push(point),
        }
    }

    fn points(&self, level: Level) -> &[Point<'a>] {
        self.0.get(&level).map_or(&[], Vec::as_slice)
    }

    /// Sum of the points of `level` that pass, and their time.
    fn sum(&self, level: Level, pass: impl Fn(&Point<'a>) -> bool) -> Option<(f64, Timestamp)> {
        let passed = || self.points(level).iter().filter(|point| pass(point));
        let at = passed().next()?.at;
        Some((passed().map(|point| point.value).sum(), at))
    }

    /// Of the process where it says so (it sums over `cpu.mode`), else of its machine.
    fn cpu(&self) -> Option<(f64, Timestamp)> {
        let process = self
            .sum(Level::JvmCpu, |_| true)
            .or_else(|| self.sum(Level::ProcessCpu, |_| true));
        process.or_else(|| self.system_cpu())
    }

    /// Busy share, the mean over the machine's CPUs; a sender without modes reports the busy share itself.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a number of CPUs is far below 2^53"
    )]
    fn system_cpu(&self) -> Option<(f64, Timestamp)> {
        let idle = |point: &Point<'_>| {
            let mode = point.text(&["cpu.mode", "state", "system.cpu.state"]);
            ["idle", "iowait"].contains(&mode)
        };
        let (busy, at) = self.sum(Level::SystemCpu, |point| !idle(point))?;
        let cpus: BTreeSet<String> = self
            .points(Level::SystemCpu)
            .iter()
            .map(|point| {
                point
                    .attributes
                    .id(&["cpu.logical_number", "cpu", "system.cpu.logical_number"])
            })
            .map(Option::unwrap_or_default)
            .collect();
        Some((busy / cpus.len().max(1) as f64, at))
    }

    fn memory(&self) -> Option<(f64, Timestamp)> {
        self.sum(Level::SystemMemory, |point| {
            matches!(point.text(&["system.memory.state", "state"]), "" | "used")
        })
    }

    fn heap_bytes(&self) -> Option<(f64, Timestamp)> {
        self.sum(Level::HeapUsed, is_of_heap)
    }

    fn heap(&self) -> Option<(f64, Timestamp)> {
        let (used, at) = self.heap_bytes()?;
        let (limit, _) = self.sum(Level::HeapLimit, is_of_heap)?;
        (limit > 0.0).then(|| (used / limit, at))
    }

    /// Used connections of the fullest pool.
    fn connections(&self) -> Option<(f64, Timestamp)> {
        self.fullest(
            Level::ConnectionsUsed,
            Level::ConnectionsMax,
            &["db.client.connection.pool.name", "pool.name"],
            |used| used.text(&["db.client.connection.state", "state"]) == "used",
        )
    }

    /// Busy threads of the fullest connector.
    fn threads(&self) -> Option<(f64, Timestamp)> {
        let name = ["tomcat.thread.pool.name", "name"];
        self.fullest(Level::ThreadsBusy, Level::ThreadsMax, &name, |_| true)
    }

    /// The highest share of `used` in `max`, both of the same name.
    fn fullest(
        &self,
        used: Level,
        max: Level,
        name: &[&str],
        pass: impl Fn(&Point<'a>) -> bool,
    ) -> Option<(f64, Timestamp)> {
        let name = |point: &Point<'a>| point.attributes.text(name).unwrap_or_default();
        let mut most: BTreeMap<&str, f64> = BTreeMap::new();
        for point in self.points(max) {
            *most.entry(name(point)).or_default() += point.value;
        }
        self.points(used)
            .iter()
            .filter(|point| pass(point))
            .filter_map(|used| {
                let most = most.get(name(used)).filter(|most| **most > 0.0)?;
                Some((used.value / most, used.at))
            })
            .max_by(|a, b| a.0.total_cmp(&b.0))
    }
}

fn is_of_heap(point: &Point<'_>) -> bool {
    point.text(&["jvm.memory.type", "type"]) == "heap"
}

/// Milliseconds that collections took, and whether that is since the sender's start rather than since its last
/// report.
fn gc_pause(
    resource: &ResourceMetrics,
    now: Timestamp,
    latest: Timestamp,
) -> Option<(f64, Timestamp, bool)> {
    let metrics = resource
        .scope_metrics
        .iter()
        .flat_map(|scope| &scope.metrics);
    let mut found: Option<(f64, Timestamp, bool)> = None;
    for metric in metrics.filter(|metric| is_gc_duration(&metric.name)) {
        let Some(Data::Histogram(data)) = &metric.data else {
            continue;
        };
        // Agents of the former name count in milliseconds.
        let to_ms = if metric.unit == "ms" { 1.0 } else { 1_000.0 };
        let is_total = data.aggregation_temporality == AggregationTemporality::Cumulative as i32;
        for point in &data.data_points {
            let at = instant(point.time_unix_nano, now);
            if let Some(took) = point.sum.filter(|_| at <= latest) {
                let sum = found.map_or(0.0, |(sum, ..)| sum) + took * to_ms;
                found = Some((sum, at, is_total));
            }
        }
    }
    found
}

fn is_gc_duration(name: &str) -> bool {
    ["jvm.gc.duration", "process.runtime.jvm.gc.duration"].contains(&name)
}

fn points_in(metric: &Metric) -> usize {
    match &metric.data {
        Some(Data::Gauge(data)) => data.data_points.len(),
        Some(Data::Sum(data)) => data.data_points.len(),
        Some(Data::Histogram(data)) => data.data_points.len(),
        Some(Data::ExponentialHistogram(data)) => data.data_points.len(),
        Some(Data::Summary(data)) => data.data_points.len(),
        None => 0,
    }
}

fn numbers(metric: &Metric) -> &[NumberDataPoint] {
    match &metric.data {
        Some(Data::Gauge(data)) => &data.data_points,
        Some(Data::Sum(data)) => &data.data_points,
        _ => &[],
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "bytes and connections are far below 2^53"
)]
fn read(point: &NumberDataPoint, now: Timestamp) -> Option<Point<'_>> {
    let value = match point.value? {
        Value::AsDouble(value) => value,
        Value::AsInt(value) => value as f64,
    };
    let at = instant(point.time_unix_nano, now);
    Some(Point {
        attributes: Attributes(&point.attributes),
        value,
        at,
    })
}

/// A point's time; `now` if it has none.
fn instant(nanos: u64, now: Timestamp) -> Timestamp {
    match nanos {
        0 => now,
        nanos => Timestamp::from_ms(i64::try_from(nanos / 1_000_000).unwrap_or(i64::MAX)),
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::{
        common::v1::{AnyValue, KeyValue, any_value},
        metrics::v1::{Gauge, Histogram, HistogramDataPoint, ScopeMetrics, Sum},
    };

    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(1_000_000);

    fn point(pairs: &[(&str, &str)], value: f64, at_ms: u64) -> NumberDataPoint {
        let text = |text: &str| any_value::Value::StringValue(text.to_owned());
        NumberDataPoint {
            attributes: pairs
                .iter()
                .map(|(key, value)| KeyValue {
                    key: (*key).to_owned(),
                    value: Some(AnyValue {
                        value: Some(text(value)),
                    }),
                    ..Default::default()
                })
                .collect(),
            time_unix_nano: at_ms * 1_000_000,
            value: Some(Value::AsDouble(value)),
            ..Default::default()
        }
    }

    fn gauge(name: &str, data_points: Vec<NumberDataPoint>) -> Metric {
        let data = Some(Data::Gauge(Gauge { data_points }));
        Metric {
            name: name.to_owned(),
            data,
            ..Default::default()
        }
    }

    fn sum(name: &str, data_points: Vec<NumberDataPoint>) -> Metric {
        let data = Some(Data::Sum(Sum {
            data_points,
            ..Default::default()
        }));
        Metric {
            name: name.to_owned(),
            data,
            ..Default::default()
        }
    }

    fn check(metrics: Vec<Metric>, expected: &[(GaugeKind, f64)]) -> Taken {
        let scope_metrics = vec![ScopeMetrics {
            metrics,
            ..Default::default()
        }];
        let resource_metrics = vec![ResourceMetrics {
            scope_metrics,
            ..Default::default()
        }];
        let taken = take(
            &ExportMetricsServiceRequest { resource_metrics },
            NOW,
            Timestamp::from_ms(2_000_000),
        );
        let found: Vec<_> = taken
            .batch
            .iter()
            .filter_map(|one| match one {
                Collected::Gauge { kind, value, .. } => Some((*kind, (value * 1e6).round() / 1e6)),
                Collected::Level(_) => None,
                _ => panic!("metrics make no transactions"),
            })
            .collect();
        assert_eq!(found, expected);
        taken
    }

    #[test]
    fn a_process_says_more_than_its_machine() {
        let process = gauge(
            "process.cpu.utilization",
            vec![
                point(&[("cpu.mode", "user")], 0.3, 9),
                point(&[("cpu.mode", "system")], 0.1, 9),
            ],
        );
        let system = gauge("system.cpu.utilization", vec![point(&[], 0.9, 9)]);
        check(vec![system.clone(), process], &[(GaugeKind::Cpu, 40.0)]);
        check(vec![system], &[(GaugeKind::Cpu, 90.0)]);
    }

    #[test]
    fn a_machine_is_the_mean_of_its_cpus_without_idling() {
        let cpu = |cpu, state, value| point(&[("cpu", cpu), ("state", state)], value, 9);
        let points = vec![
            cpu("0", "user", 0.5),
            cpu("0", "system", 0.1),
            cpu("0", "idle", 0.4),
            cpu("1", "user", 0.2),
            cpu("1", "idle", 0.7),
            cpu("1", "iowait", 0.1),
        ];
        let memory = vec![
            point(&[("state", "used")], 0.25, 9),
            point(&[("state", "free")], 0.75, 9),
        ];
        check(
            vec![
                gauge("system.cpu.utilization", points),
                gauge("system.memory.utilization", memory),
            ],
            &[(GaugeKind::Cpu, 40.0), (GaugeKind::Memory, 25.0)],
        );
    }

    #[test]
    fn heap_and_connections_are_shares_of_their_maximum() {
        let heap = |value| point(&[("jvm.memory.type", "heap")], value, 9);
        let other = point(&[("jvm.memory.type", "non_heap")], 1e9, 9);
        let used = |pool, value| {
            point(
                &[
                    ("db.client.connection.state", "used"),
                    ("db.client.connection.pool.name", pool),
                ],
                value,
                9,
            )
        };
        let max = |pool, value| point(&[("db.client.connection.pool.name", pool)], value, 9);
        check(
            vec![
                sum(
                    "jvm.memory.used_after_last_gc",
                    vec![heap(100.0), heap(200.0), other.clone()],
                ),
                sum("jvm.memory.limit", vec![heap(600.0), other]),
                sum(
                    "db.client.connection.count",
                    vec![used("a", 1.0), used("b", 9.0)],
                ),
                sum(
                    "db.client.connection.max",
                    vec![max("a", 10.0), max("b", 10.0)],
                ),
            ],
            &[(GaugeKind::Heap, 50.0), (GaugeKind::DbConnections, 90.0)],
        );
    }

    #[test]
    fn the_latest_collection_counts_and_the_future_does_not() {
        let points = vec![
            point(&[], 0.2, 8),
            point(&[], 0.7, 9),
            point(&[], 0.1, 3_000_000),
        ];
        let taken = check(
            vec![gauge("process.cpu.utilization", points)],
            &[(GaugeKind::Cpu, 70.0)],
        );
        assert_eq!((taken.received, taken.in_future, taken.ignored), (3, 1, 0));
    }

    #[test]
    fn what_is_not_a_term_of_load_is_ignored_and_counted() {
        let histogram = Metric {
            name: "http.server.request.duration".to_owned(),
            data: Some(Data::Histogram(Histogram {
                data_points: vec![HistogramDataPoint::default(); 2],
                ..Default::default()
            })),
            ..Default::default()
        };
        let empty = NumberDataPoint {
            value: None,
            ..point(&[], 0.0, 9)
        };
        let nan = gauge(
            "process.cpu.utilization",
            vec![point(&[], f64::NAN, 9), empty],
        );
        let taken = check(vec![histogram, nan], &[]);
        assert_eq!((taken.received, taken.ignored), (4, 3));
    }
}

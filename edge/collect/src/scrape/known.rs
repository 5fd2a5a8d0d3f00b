//! Which exporters' metrics mean what: JMX exporter, Micrometer (Spring Boot), Tomcat, HikariCP, node exporter.
//!
//! | gauge | of |
//! |---|---|
//! | heap | `jvm_gc_live_data_size_bytes` over `jvm_gc_max_data_size_bytes`, else the pools after collection over the heap's maximum |
//! | threads | busy over the maximum, of the fullest Tomcat connector |
//! | connections | active over the maximum, of the fullest HikariCP or JDBC pool |
//! | CPU | `process_cpu_usage`, else `system_cpu_usage`, else what the node's CPUs were not idle |
//! | memory | what of the node's memory is not available |
//!
//! Counters become rates between two scrapes; the first has none.

use std::collections::{BTreeMap, HashMap};

use bongsu_sdk_model::{GaugeKind, Timestamp};

use super::{ScrapeConfig, text::Series};
use crate::{Collected, Level, LevelSample};

/// Counters at the scrape before.
#[derive(Debug, Default)]
pub(super) struct Rates {
    at: Option<Timestamp>,
    totals: HashMap<&'static str, f64>,
}

impl Rates {
    /// What `total` grew by per second since the scrape before; a counter that fell began anew.
    fn per_second(&mut self, name: &'static str, total: f64, now: Timestamp) -> Option<f64> {
        let before = self.totals.insert(name, total)?;
        let seconds = now.since(self.at?).as_secs_f64();
        (seconds > 0.0 && total >= before).then(|| (total - before) / seconds)
    }
}

/// The series of one answer.
#[derive(Clone, Copy)]
struct Answer<'a>(&'a [Series]);

impl<'a> Answer<'a> {
    fn of(self, names: &[&str]) -> impl Iterator<Item = &'a Series> {
        self.0
            .iter()
            .filter(move |series| names.contains(&series.name.as_str()))
    }

    /// Sum of the series that pass; `None` of none.
    fn sum(self, names: &[&str], pass: impl Fn(&Series) -> bool) -> Option<f64> {
        let mut found = self.of(names).filter(|series| pass(series)).peekable();
        found.peek()?;
        Some(found.map(|series| series.value).sum())
    }

    /// The highest share of `used` in `max`, in percent, both of the same label `by`.
    fn fullest(self, used: &[&str], max: &[&str], by: &str) -> Option<f64> {
        let mut most: BTreeMap<&str, f64> = BTreeMap::new();
        for series in self.of(max) {
            *most.entry(series.label(by)).or_default() += series.value;
        }
        self.of(used)
            .filter_map(|used| {
                let most = most.get(used.label(by)).filter(|most| **most > 0.0)?;
                Some(used.value * 100.0 / most)
            })
            .max_by(f64::total_cmp)
    }
}

/// What an answer comes to.
pub(super) fn samples(
    target: &ScrapeConfig,
    series: &[Series],
    rates: &mut Rates,
    now: Timestamp,
) -> Vec<Collected> {
    let answer = Answer(series);
    let gauges = gauges(answer, rates, now)
        .into_iter()
        .filter_map(|(kind, value)| Some((kind, value.filter(|value| value.is_finite())?)))
        .map(|(kind, value)| Collected::Gauge {
            app: target.app.clone(),
            instance: target.instance.clone(),
            kind,
            value: value.clamp(0.0, 100.0),
            at: now,
        });
    let mut batch: Vec<Collected> = gauges.collect();
    let levels = levels(answer, rates, now)
        .into_iter()
        .filter_map(|(level, value)| Some((level, value.filter(|value| value.is_finite())?)))
        .map(|(level, value)| {
            Collected::Level(LevelSample {
                app: target.app.clone(),
                instance: target.instance.clone(),
                level,
                value,
                at: now,
            })
        });
    batch.extend(levels);
    rates.at = Some(now);
    batch
}

fn gauges(answer: Answer<'_>, rates: &mut Rates, now: Timestamp) -> [(GaugeKind, Option<f64>); 5] {
    let threads = answer.fullest(
        &[
            "tomcat_threads_busy_threads",
            "tomcat_threadpool_currentthreadsbusy",
        ],
        &[
            "tomcat_threads_config_max_threads",
            "tomcat_threadpool_maxthreads",
        ],
        "name",
    );
    let connections = answer.fullest(
        &["hikaricp_connections_active", "jdbc_connections_active"],
        &["hikaricp_connections_max", "jdbc_connections_max"],
        "pool",
    );
    [
        (GaugeKind::Cpu, cpu(answer, rates, now)),
        (GaugeKind::Memory, memory(answer)),
        (GaugeKind::Heap, heap(answer)),
        (GaugeKind::Threads, threads),
        (GaugeKind::DbConnections, connections),
    ]
}

fn levels(answer: Answer<'_>, rates: &mut Rates, now: Timestamp) -> Vec<(Level, Option<f64>)> {
    let all = |names: &[&str]| answer.sum(names, |_| true);
    let wired = |names: &[&str]| answer.sum(names, |series| series.label("device") != "lo");
    let disk_full = answer
        .of(&["node_filesystem_size_bytes"])
        .filter(|size| size.value > 0.0)
        .filter_map(|size| {
            let free = answer
                .of(&["node_filesystem_avail_bytes"])
                .find(|free| free.label("mountpoint") == size.label("mountpoint"))?;
            Some(100.0 - free.value * 100.0 / size.value)
        })
        .max_by(f64::total_cmp);
    let pauses = all(&["jvm_gc_pause_seconds_sum", "jvm_gc_collection_seconds_sum"]);
    let mut rate = |name, total: Option<f64>| rates.per_second(name, total?, now);
    vec![
        (Level::HeapAfterGcBytes, heap_after_gc(answer)),
        (
            Level::JvmThreads,
            all(&["jvm_threads_live_threads", "jvm_threads_current"]),
        ),
        (
            Level::DbConnectionsPending,
            all(&["hikaricp_connections_pending"]),
        ),
        (
            Level::GcPauseMs,
            rate("gc", pauses).map(|share| share * 1_000.0),
        ),
        (Level::DiskUsedPercent, disk_full),
        (
            Level::DiskReadBytesPerSecond,
            rate("read", all(&["node_disk_read_bytes_total"])),
        ),
        (
            Level::DiskWrittenBytesPerSecond,
            rate("written", all(&["node_disk_written_bytes_total"])),
        ),
        (
            Level::NetworkReceivedBytesPerSecond,
            rate("received", wired(&["node_network_receive_bytes_total"])),
        ),
        (
            Level::NetworkSentBytesPerSecond,
            rate("sent", wired(&["node_network_transmit_bytes_total"])),
        ),
    ]
}

fn cpu(answer: Answer<'_>, rates: &mut Rates, now: Timestamp) -> Option<f64> {
    let usage = |name| answer.sum(&[name], |_| true).map(|share| share * 100.0);
    if let Some(usage) = usage("process_cpu_usage").or_else(|| usage("system_cpu_usage")) {
        return Some(usage);
    }
    let names = ["node_cpu_seconds_total"];
    let is_idle = |series: &Series| ["idle", "iowait"].contains(&series.label("mode"));
    // Both are noted before either is missing.
    let idle = rates.per_second("idle", answer.sum(&names, is_idle)?, now);
    let all = rates.per_second("cpu", answer.sum(&names, |_| true)?, now);
    let (idle, all) = idle.zip(all).filter(|(_, all)| *all > 0.0)?;
    Some(100.0 - idle * 100.0 / all)
}

fn memory(answer: Answer<'_>) -> Option<f64> {
    let one = |name| answer.sum(&[name], |_| true);
    let total = one("node_memory_MemTotal_bytes").filter(|total| *total > 0.0)?;
    Some(100.0 - one("node_memory_MemAvailable_bytes")? * 100.0 / total)
}

fn heap_after_gc(answer: Answer<'_>) -> Option<f64> {
    let live = answer.sum(&["jvm_gc_live_data_size_bytes"], |_| true);
    // The pools' figures are of their last collection; those of the heap are named by their generation.
    let pools = ["jvm_memory_pool_collection_used_bytes"];
    live.filter(|live| *live > 0.0)
        .or_else(|| answer.sum(&pools, |_| true))
}

fn heap(answer: Answer<'_>) -> Option<f64> {
    let is_heap = |series: &Series| series.label("area") == "heap" && series.value > 0.0;
    let max = answer
        .sum(&["jvm_gc_max_data_size_bytes"], |_| true)
        .filter(|max| *max > 0.0)
        .or_else(|| answer.sum(&["jvm_memory_max_bytes", "jvm_memory_bytes_max"], is_heap))?;
    (max > 0.0).then_some(heap_after_gc(answer)? * 100.0 / max)
}

#[cfg(test)]
mod tests {
    use bongsu_sdk_model::{AppId, InstanceId};

    use super::*;
    use crate::scrape::text;

    /// What two scrapes ten seconds apart come to, as names and rounded values.
    fn check(first: &str, second: &str, expected: &[(&str, f64)]) {
        let target = ScrapeConfig {
            url: "http://localhost/".parse().unwrap(),
            app: AppId::new("shop").unwrap(),
            instance: InstanceId::new("a").unwrap(),
            every: std::time::Duration::from_secs(10),
            timeout: std::time::Duration::from_secs(1),
            max_bytes: 1,
            max_series: 1,
        };
        let mut rates = Rates::default();
        let mut scrape = |body: &str, ms| {
            let read = text::parse(body.as_bytes(), 1_000).unwrap();
            assert_eq!(read.unparsed, 0);
            samples(&target, &read.series, &mut rates, Timestamp::from_ms(ms))
        };
        scrape(first, 0);
        let found: Vec<_> = scrape(second, 10_000)
            .into_iter()
            .map(|one| match one {
                Collected::Gauge { kind, value, .. } => (format!("{kind:?}"), value),
                Collected::Level(sample) => (sample.level.name().to_owned(), sample.value),
                other => panic!("{other:?}"),
            })
            .map(|(name, value)| (name, (value * 100.0).round() / 100.0))
            .collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(name, value)| ((*name).to_owned(), *value))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn spring_boots_micrometer_is_known() {
        let body = |pause: &str| {
            format!(
                "process_cpu_usage 0.25\njvm_gc_live_data_size_bytes 3.0E8\njvm_gc_max_data_size_bytes 4.0E8\n\
                 tomcat_threads_busy_threads{{name=\"http-nio-8080\",}} 50.0\n\
                 tomcat_threads_config_max_threads{{name=\"http-nio-8080\",}} 200.0\n\
                 hikaricp_connections_active{{pool=\"a\",}} 9.0\nhikaricp_connections_max{{pool=\"a\",}} 10.0\n\
                 hikaricp_connections_active{{pool=\"b\",}} 0.0\nhikaricp_connections_max{{pool=\"b\",}} 10.0\n\
                 hikaricp_connections_pending{{pool=\"a\",}} 4.0\njvm_threads_live_threads 42.0\n\
                 jvm_gc_pause_seconds_sum{{action=\"end of minor GC\"}} {pause}\n"
            )
        };
        check(
            &body("1.0"),
            &body("1.5"),
            &[
                ("Cpu", 25.0),
                ("Heap", 75.0),
                ("Threads", 25.0),
                ("DbConnections", 90.0),
                ("heap_after_gc_bytes", 3e8),
                ("jvm_threads", 42.0),
                ("db_connections_pending", 4.0),
                ("gc_pause_ms", 50.0),
            ],
        );
    }

    #[test]
    fn the_jmx_exporter_is_known() {
        let body = "jvm_memory_pool_collection_used_bytes{pool=\"G1 Old Gen\"} 50\n\
            jvm_memory_pool_collection_used_bytes{pool=\"G1 Survivor Space\"} 10\n\
            jvm_memory_max_bytes{area=\"heap\"} 240\njvm_memory_max_bytes{area=\"nonheap\"} -1\njvm_threads_current 7\n";
        check(
            body,
            body,
            &[
                ("Heap", 25.0),
                ("heap_after_gc_bytes", 60.0),
                ("jvm_threads", 7.0),
            ],
        );
    }

    #[test]
    fn the_node_exporter_is_known() {
        let body = |idle: u32, user: u32, bytes: u32| {
            format!(
                "node_cpu_seconds_total{{cpu=\"0\",mode=\"idle\"}} {idle}\nnode_cpu_seconds_total{{cpu=\"0\",mode=\"user\"}} {user}\n\
                 node_memory_MemTotal_bytes 1000\nnode_memory_MemAvailable_bytes 400\n\
                 node_filesystem_size_bytes{{mountpoint=\"/\"}} 100\nnode_filesystem_avail_bytes{{mountpoint=\"/\"}} 20\n\
                 node_disk_read_bytes_total{{device=\"sda\"}} {bytes}\nnode_network_receive_bytes_total{{device=\"lo\"}} 7{bytes}\n\
                 node_network_receive_bytes_total{{device=\"eth0\"}} {bytes}\n"
            )
        };
        check(
            &body(100, 50, 0),
            &body(107, 53, 5_000),
            &[
                ("Cpu", 30.0),
                ("Memory", 60.0),
                ("disk_used_percent", 80.0),
                ("disk_read_bytes_per_second", 500.0),
                ("network_received_bytes_per_second", 500.0),
            ],
        );
    }
}

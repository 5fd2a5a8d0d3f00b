//! Each figure against a truth worked out by hand.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::{collections::BTreeMap, time::Duration};

use bongsu_sdk_analysis::{BlockError, Blocks, RollUpSource};
use bongsu_sdk_model::{
    AppId, GaugeKind, IdentityMode, InstanceId, Metric, Scope, SiteId, Tier, Timestamp,
    UrlTemplate, Window,
};
use bongsu_sdk_plan::{Agg, Dimension, Query, Source};
use bongsu_sdk_sketch::{Block, IdentityHash, Peak};

const MINUTE: i64 = 60_000;
const NOW: i64 = 60 * MINUTE;

/// Minute blocks per site, in memory.
#[derive(Default)]
struct Memory(BTreeMap<SiteId, Vec<Block>>);

impl Blocks for Memory {
    fn sites(&self) -> Vec<SiteId> {
        self.0.keys().cloned().collect()
    }
    fn heard(&self, site: &SiteId) -> Result<Option<Timestamp>, BlockError> {
        Ok(self
            .0
            .get(site)
            .and_then(|blocks| blocks.last())
            .map(|block| block.window().to))
    }
    fn visit(
        &self,
        site: &SiteId,
        window: Window,
        _: Tier,
        visit: &mut dyn FnMut(Block),
    ) -> Result<(), BlockError> {
        let blocks = self.0.get(site).into_iter().flatten();
        blocks
            .filter(|block| window.contains(block.start))
            .cloned()
            .for_each(visit);
        Ok(())
    }
    fn count_findings(&self, _: &[SiteId], _: Window) -> Result<u64, BlockError> {
        Ok(3)
    }
}

fn at(minute: i64) -> Timestamp {
    Timestamp::from_ms(minute * MINUTE)
}

fn site(name: &str) -> SiteId {
    SiteId::new(name).unwrap()
}

impl Memory {
    /// One minute of a site: who came, with which load, and how the requests went.
    fn minute(mut self, name: &str, minute: i64, users: &[u64], cpu: f64, errors: u64) -> Self {
        let mut block = Block::new(Tier::Minute, at(minute));
        let app = AppId::new("minwon").unwrap();
        let instance = Scope::Instance(app.clone(), InstanceId::new("was-1").unwrap());
        let url = Scope::Url(app, UrlTemplate::new("/list").unwrap());
        for scope in [Scope::Site, instance.clone(), url] {
            let rollup = block.entry(scope);
            for user in users {
                let hash = user.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                rollup
                    .users_mut(IdentityMode::Cookie)
                    .insert(IdentityHash::from_uniform(hash));
                rollup.counters.requests += 1;
                rollup.counters.duration_us += 200_000;
                rollup.durations.add(200_000);
            }
            rollup.counters.errors = errors;
        }
        block
            .entry(instance)
            .gauges
            .add_sample(GaugeKind::Cpu, cpu, at(minute));
        let rollup = block.entry(Scope::Site);
        rollup.gauges.add_sample(
            GaugeKind::SessionsActive,
            users.len() as f64 * 10.0,
            at(minute),
        );
        rollup.offer_peak(
            IdentityMode::Cookie,
            Peak {
                users: 9.0,
                at: at(minute),
            },
        );
        self.0.entry(site(name)).or_default().push(block);
        self
    }
}

fn fleet() -> RollUpSource<Memory> {
    let memory = Memory::default()
        .minute("busan", 50, &[1, 2, 3], 90.0, 1)
        .minute("busan", 56, &[3, 4], 70.0, 0)
        .minute("busan", 59, &[1], 80.0, 0)
        .minute("jeju", 50, &[3], 10.0, 0)
        .minute("jeju", 58, &[4, 5], 30.0, 0);
    RollUpSource::new(memory, Timestamp::from_ms(NOW))
}

fn query(metric: Metric, sites: &[&str], from: i64, to: i64) -> Query {
    Query {
        metric,
        sites: sites.iter().map(|name| site(name)).collect(),
        apps: vec![],
        urls: vec![],
        instances: vec![],
        window: Window::new(at(from), at(to)),
        mode: None,
        agg: None,
    }
}

fn check(query: &Query, want: Option<f64>) {
    let got = fleet()
        .measure(query)
        .unwrap()
        .map(|measured| (measured.value * 100.0).round() / 100.0);
    assert_eq!(got, want, "{query:?}");
}

#[test]
fn users_are_united_over_time_and_sites() {
    check(&query(Metric::UsersConcurrent, &[], 55, 60), Some(4.0));
    check(
        &query(Metric::UsersConcurrent, &["busan"], 55, 60),
        Some(3.0),
    );
    check(&query(Metric::UsersDistinct, &[], 0, 60), Some(5.0));
    check(&query(Metric::UsersDistinct, &["seoul"], 0, 60), None);
}

#[test]
fn concurrent_users_of_a_long_window_are_samples_every_five_minutes() {
    let busan = query(Metric::UsersConcurrent, &["busan"], 50, 60);
    check(&busan, Some(3.0));
    check(
        &Query {
            agg: Some(Agg::Min),
            ..busan.clone()
        },
        Some(3.0),
    );
    check(
        &Query {
            agg: Some(Agg::Max),
            ..busan
        },
        Some(9.0),
    );
    let both = query(Metric::UsersConcurrent, &[], 50, 60);
    check(
        &Query {
            agg: Some(Agg::Max),
            ..both
        },
        Some(4.0),
    );
}

#[test]
fn load_is_the_mean_over_sites_of_the_mean_over_instances() {
    check(&query(Metric::Load, &["busan"], 50, 60), Some(80.0));
    check(&query(Metric::Load, &[], 50, 60), Some(50.0));
    let busan = query(Metric::Load, &["busan"], 50, 60);
    check(
        &Query {
            agg: Some(Agg::Max),
            ..busan
        },
        Some(90.0),
    );
}

#[test]
fn counts_add_and_rates_divide() {
    check(&query(Metric::Requests, &[], 50, 60), Some(9.0));
    check(&query(Metric::Tps, &[], 50, 60), Some(0.02));
    check(&query(Metric::ErrorsRate, &["busan"], 50, 60), Some(16.67));
    check(&query(Metric::LatencyAvg, &[], 50, 60), Some(200.0));
    check(&query(Metric::SessionsActive, &[], 50, 60), Some(30.0));
    check(&query(Metric::Alerts, &[], 50, 60), Some(3.0));
    let p95 = fleet()
        .measure(&query(Metric::LatencyP95, &[], 50, 60))
        .unwrap()
        .unwrap();
    assert!((p95.value - 200.0).abs() <= 2.0, "{p95:?}");
}

#[test]
fn a_url_is_a_scope_of_its_own_and_has_no_load() {
    let list = vec![UrlTemplate::new("/li*").unwrap()];
    let requests = query(Metric::Requests, &["busan"], 50, 60);
    check(
        &Query {
            urls: list.clone(),
            ..requests
        },
        Some(6.0),
    );
    let load = query(Metric::Load, &["busan"], 50, 60);
    assert!(fleet().measure(&Query { urls: list, ..load }).is_err());
}

#[test]
fn a_series_leaves_gaps_where_nobody_was_heard() {
    let requests = query(Metric::Requests, &["jeju"], 50, 60);
    let series = fleet().series(&requests, Duration::from_secs(120)).unwrap();
    let values: Vec<_> = series.iter().map(|(_, value)| *value).collect();
    assert_eq!(values, [Some(1.0), None, None, None, Some(2.0)]);
    let users = query(Metric::UsersConcurrent, &["busan"], 56, 60);
    let sliding = fleet().series(&users, Duration::from_secs(60)).unwrap();
    let values: Vec<_> = sliding.iter().map(|(_, v)| v.map(f64::round)).collect();
    assert_eq!(values, [Some(2.0), None, None, Some(3.0)]);
}

#[test]
fn members_and_coverage_come_from_what_was_heard() {
    let window = query(Metric::Requests, &[], 57, 60);
    assert_eq!(
        fleet().members(Dimension::Site, &window).unwrap(),
        ["busan", "jeju"]
    );
    assert_eq!(fleet().members(Dimension::Url, &window).unwrap(), ["/list"]);
    assert!(fleet().members(Dimension::Sql, &window).is_err());
    let coverage = fleet().coverage(window.window);
    assert_eq!((coverage.expected, coverage.heard), (2, 1));
    assert_eq!(
        coverage.stale.first().map(|s| (s.site.as_str(), s.age_s)),
        Some(("jeju", Some(60)))
    );
}

#[test]
fn an_absurd_step_is_refused() {
    let year = query(Metric::Requests, &[], 0, 600_000);
    assert!(fleet().series(&year, Duration::from_millis(1)).is_err());
}

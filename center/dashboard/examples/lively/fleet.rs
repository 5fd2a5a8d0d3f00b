//! A made-up fleet behind the dashboard: every figure is a function of the site and the instant, so the same
//! question at the same instant has the same answer. Answers are made by the real executor of question plans.

use std::{f64::consts::TAU, time::Duration};

use bongsu_center_control::Preview;
use bongsu_center_dashboard::{
    Backend, BackendError, Figure, Figures, FindingRow, Overview, Registry, SiteName, SiteOverview,
    SiteState,
};
use bongsu_sdk_model::{AppId, IdentityMode, Metric, Severity, SiteId, Timestamp, Window};
use bongsu_sdk_plan::{
    Action, Answer, Coverage, Dimension, Executor, Lang, Measured, Moment, Plan, PlanWindow, Query,
    Source, SourceError, StaleSite, Vocabulary,
};
use jiff::tz::TimeZone;

const ZONE: &str = "Asia/Seoul";
const SILENCE_S: u64 = 912;
const LIVE: Duration = Duration::from_secs(300);
const HOUR_MS: i64 = 3_600_000;

/// Users at the busiest hour, mean load in per cent, state.
const MEMBERS: [(&str, f64, f64, SiteState); 9] = [
    ("seoul", 52_000.0, 58.0, SiteState::Live),
    ("busan", 21_500.0, 77.0, SiteState::Live),
    ("daegu", 9_300.0, 66.0, SiteState::Live),
    ("incheon", 13_000.0, 39.0, SiteState::Live),
    ("daejeon", 7_200.0, 36.0, SiteState::Live),
    ("gyeonggi", 44_000.0, 52.0, SiteState::Live),
    ("gangwon", 310.0, 19.0, SiteState::Live),
    ("sejong", 0.0, 0.0, SiteState::Never),
    ("jeju", 4_900.0, 31.0, SiteState::Stale),
];

/// The fleet.
pub(crate) struct Fleet {
    executor: Executor,
    vocabulary: Vocabulary,
    zone: TimeZone,
}

impl Fleet {
    /// Nine sites in Korea: seven live, one silent, one never heard.
    pub(crate) fn new() -> Self {
        let ids = MEMBERS.iter().filter_map(|(id, ..)| SiteId::new(id).ok());
        let vocabulary = Vocabulary::of(ids, AppId::new("portal"));
        let zone = TimeZone::get(ZONE).unwrap_or(TimeZone::UTC);
        Self {
            executor: Executor::new(vocabulary.clone(), zone.clone()),
            vocabulary,
            zone,
        }
    }

    fn figures(&self, sites: Vec<SiteId>, now: Timestamp) -> Figures {
        let window = Window::ending_at(now, LIVE);
        let shown = PlanWindow::Range {
            from: Moment::new(window.from, &self.zone),
            to: Moment::new(window.to, &self.zone),
        };
        let figure = |metric| {
            let query = query(metric, sites.clone(), window);
            let measured = MadeUp.measure(&query).ok().flatten()?;
            Some(Figure::of(metric, measured, shown))
        };
        Figures {
            load: figure(Metric::Load),
            users_concurrent: figure(Metric::UsersConcurrent),
            tps: figure(Metric::Tps),
            errors_rate: figure(Metric::ErrorsRate),
            latency_p95: figure(Metric::LatencyP95),
            sessions_active: figure(Metric::SessionsActive),
        }
    }

    fn finding(
        &self,
        site: &str,
        ago_s: u64,
        severity: Severity,
        said: [&str; 4],
        now: Timestamp,
    ) -> Option<FindingRow> {
        let [kind, detector, subject, summary] = said.map(str::to_owned);
        Some(FindingRow {
            site: SiteId::new(site).ok()?,
            at: Moment::new(now.minus(Duration::from_secs(ago_s)), &self.zone),
            severity,
            kind,
            detector,
            app: AppId::new("portal").ok(),
            subject,
            summary,
        })
    }
}

impl Backend for Fleet {
    fn overview(&self, now: Timestamp) -> Result<Overview, BackendError> {
        let sites = self
            .vocabulary
            .sites
            .iter()
            .zip(MEMBERS)
            .map(|(name, (.., state))| SiteOverview {
                site: name.id.clone(),
                name: SiteName {
                    ko: name.ko.clone(),
                    en: name.en.clone(),
                },
                state,
                age_s: match state {
                    SiteState::Live => Some(1.2),
                    SiteState::Stale => {
                        Some(f64::from(u16::try_from(SILENCE_S).unwrap_or(u16::MAX)))
                    }
                    SiteState::Never => None,
                },
                figures: match state {
                    SiteState::Never => Figures::default(),
                    _ => self.figures(vec![name.id.clone()], now),
                },
            });
        let brute = [
            "login-brute-force",
            "login-brute-force@1.0.0",
            "client:9f3a61c2",
            "client:9f3a61c2, 60초 동안 로그인 실패 42회",
        ];
        let long = [
            "long-session",
            "long-session@1.0.0",
            "session:51b0e7",
            "session:51b0e7, 3시간 12분째 접속 중",
        ];
        let markup = [
            "slow-url",
            "slow-url@0.3.1",
            "url:/minwon/{}",
            "<img src=x onerror=alert(1)> p95 4,210 ms",
        ];
        let findings = [
            self.finding("busan", 240, Severity::Critical, brute, now),
            self.finding("seoul", 1_500, Severity::Warning, long, now),
            self.finding("jeju", 9_000, Severity::Info, markup, now),
        ];
        Ok(Overview {
            at: Moment::new(now, &self.zone),
            zone: ZONE.to_owned(),
            national: self.figures(Vec::new(), now),
            sites: sites.collect(),
            findings: findings.into_iter().flatten().collect(),
        })
    }

    /// Understands three questions by one word each; everything else is asked back.
    fn question(
        &self,
        question: &str,
        lang: Option<Lang>,
        now: Timestamp,
    ) -> Result<Answer, BackendError> {
        let has = |words: [&str; 2]| words.iter().any(|word| question.contains(word));
        let busan = if has(["부산", "Busan"]) {
            r#""scope":{"sites":["busan"]},"#
        } else {
            ""
        };
        let plan = if has(["높은", "highest"]) {
            r#"{"op":"top","metrics":["load"],"group_by":["site"],"window":{"kind":"now"}}"#
                .to_owned()
        } else if has(["비교", "ompare"]) {
            format!(
                r#"{{"op":"compare","metrics":["users.concurrent","load"],{busan}{},"baseline":{{"kind":"previous_day"}},"assumed":["window: last 60 minutes"]}}"#,
                self.last_hour(now)
            )
        } else if has(["동시접속자", "concurrent"]) {
            format!(
                r#"{{"op":"value","metrics":["users.concurrent"],{busan}"window":{{"kind":"now"}}}}"#
            )
        } else {
            r#"{"op":"clarify","missing":["metric"]}"#.to_owned()
        };
        let plan = Plan::from_json(&plan).map_err(|error| BackendError(error.to_string()))?;
        self.plan(&plan, lang.unwrap_or_else(|| Lang::of(question)), now)
    }

    fn plan(&self, plan: &Plan, lang: Lang, now: Timestamp) -> Result<Answer, BackendError> {
        let answer = self.executor.execute(plan, &MadeUp, now, lang);
        Ok(answer.unwrap_or_else(|error| self.executor.decline(plan, &error, lang)))
    }

    fn sites(&self) -> Vec<SiteId> {
        let ids = MEMBERS.iter().map(|(id, ..)| SiteId::new(id));
        ids.filter_map(Result::ok).collect()
    }

    fn preview(
        &self,
        _: &Action,
        sites: &[SiteId],
        _: Option<&AppId>,
        now: Timestamp,
    ) -> Result<Preview, BackendError> {
        Ok(Preview {
            at: now,
            requests: Some(120.0),
            of_requests: Some(10_000.0 * sites.len() as f64),
            ..Preview::default()
        })
    }

    fn register(&self, registry: &mut Registry) {
        let members = i64::try_from(MEMBERS.len()).unwrap_or(i64::MAX);
        let gauge = prometheus_client::metrics::gauge::ConstGauge::new(members);
        registry.register("sites", "Sites of the fleet", gauge);
    }
}

impl Fleet {
    fn last_hour(&self, now: Timestamp) -> String {
        let minute = Timestamp::from_ms(now.as_ms() - now.as_ms().rem_euclid(60_000));
        let from = Moment::new(Timestamp::from_ms(minute.as_ms() - HOUR_MS), &self.zone);
        format!(
            r#""window":{{"from":"{from}","to":"{}"}}"#,
            Moment::new(minute, &self.zone)
        )
    }
}

/// Figures of any window.
struct MadeUp;

impl Source for MadeUp {
    fn measure(&self, query: &Query) -> Result<Option<Measured>, SourceError> {
        let middle =
            Timestamp::from_ms(query.window.from.as_ms() / 2 + query.window.to.as_ms() / 2);
        let members: Vec<_> = MEMBERS
            .iter()
            .filter(|(id, .., state)| {
                let asked =
                    query.sites.is_empty() || query.sites.iter().any(|site| site.as_str() == *id);
                asked && *state != SiteState::Never
            })
            .filter(|(.., state)| !query.sites.is_empty() || *state == SiteState::Live)
            .collect();
        if members.is_empty() {
            return Ok(None);
        }
        let of = |(id, users, load, _): &&(&str, f64, f64, SiteState)| {
            one(query.metric, id, *users, *load, middle)
        };
        let values: Vec<f64> = members.iter().filter_map(of).collect();
        let count = f64::from(u32::try_from(values.len().max(1)).unwrap_or(u32::MAX));
        let sum: f64 = values.iter().sum();
        let (value, exact) = match query.metric {
            // Some users are seen at two sites; a union counts them once.
            Metric::UsersConcurrent | Metric::UsersDistinct => (
                (sum * if values.len() > 1 { 0.96 } else { 1.0 }).round(),
                false,
            ),
            Metric::Tps | Metric::SessionsActive | Metric::Requests => (sum, true),
            _ => (sum / count, true),
        };
        Ok((!values.is_empty()).then(|| Measured {
            value,
            mode: (!exact).then_some(IdentityMode::Cookie),
            error_pct_95: (!exact && value > 1_000.0).then_some(1.6),
            source: "made-up".to_owned(),
        }))
    }

    fn series(
        &self,
        query: &Query,
        step: Duration,
    ) -> Result<Vec<(Timestamp, Option<f64>)>, SourceError> {
        let mut points = Vec::new();
        let mut from = query.window.from;
        while from < query.window.to && points.len() < 5_000 {
            let to = from.plus(step).min(query.window.to);
            let point = Query {
                window: Window::new(from, to),
                ..query.clone()
            };
            points.push((from, self.measure(&point)?.map(|measured| measured.value)));
            from = to;
        }
        Ok(points)
    }

    fn members(&self, dimension: Dimension, query: &Query) -> Result<Vec<String>, SourceError> {
        if dimension != Dimension::Site {
            return Err(SourceError::NotHeld {
                what: "this dimension".to_owned(),
            });
        }
        let asked =
            |id: &str| query.sites.is_empty() || query.sites.iter().any(|site| site.as_str() == id);
        let live = MEMBERS
            .iter()
            .filter(|(id, .., state)| *state == SiteState::Live && asked(id));
        Ok(live.map(|(id, ..)| (*id).to_owned()).collect())
    }

    fn coverage(&self, _: Window) -> Coverage {
        let silent = MEMBERS
            .iter()
            .filter(|(.., state)| *state != SiteState::Live);
        let stale: Vec<StaleSite> = silent
            .filter_map(|(id, .., state)| {
                let age_s = (*state == SiteState::Stale).then_some(SILENCE_S);
                Some(StaleSite {
                    site: SiteId::new(id).ok()?,
                    age_s,
                })
            })
            .collect();
        let expected = u32::try_from(MEMBERS.len()).unwrap_or(u32::MAX);
        let heard = expected - u32::try_from(stale.len()).unwrap_or(0);
        Coverage {
            expected,
            heard,
            stale,
        }
    }
}

/// One site's figure: a day with its peak in the afternoon, and some unrest.
#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds of this century are below 2^53"
)]
fn one(metric: Metric, id: &str, users: f64, load: f64, at: Timestamp) -> Option<f64> {
    let hours = at.as_ms() as f64 / 3_600_000.0;
    let phase = f64::from(id.bytes().fold(0_u8, u8::wrapping_add));
    let day = 0.72 + 0.28 * ((hours + 9.0 - 8.5) / 24.0 * TAU).sin();
    let unrest = 1.0 + 0.03 * (hours * 41.0 + phase).sin() + 0.02 * (hours * 257.0 + phase).sin();
    let level = day * unrest * (1.0 + 0.04 * (hours / 24.0 * 1.7).sin());
    Some(match metric {
        Metric::UsersConcurrent | Metric::UsersDistinct => (users * level).round(),
        Metric::SessionsActive => (users * level * 2.3).round(),
        Metric::Tps => users * level / 27.0,
        Metric::Load => (load * (0.55 + 0.5 * level)).clamp(0.0, 100.0),
        Metric::ErrorsRate => 0.2 + load / 90.0 * unrest * 0.4,
        Metric::LatencyAvg | Metric::LatencyP95 => 60.0 + load * level * 2.0,
        _ => return None,
    })
}

fn query(metric: Metric, sites: Vec<SiteId>, window: Window) -> Query {
    Query {
        metric,
        sites,
        apps: Vec::new(),
        urls: Vec::new(),
        instances: Vec::new(),
        window,
        mode: None,
        agg: None,
    }
}

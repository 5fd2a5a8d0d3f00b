//! The country at an instant: what `GET /api/overview` returns.
//!
//! Absent is `null`, never zero, and a silent site keeps its last figures under the state `stale`.

use bongsu_sdk_model::{AppId, IdentityMode, Metric, Severity, SiteId, Unit};
use bongsu_sdk_plan::{Measured, Moment, PlanWindow};
use serde::Serialize;
use utoipa::ToSchema;

/// Every site and the country together.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Overview {
    /// The instant shown, by the center's clock.
    #[schema(value_type = String, format = DateTime, example = "2026-11-20T14:30:00+09:00")]
    pub at: Moment,
    /// IANA name of the zone in which instants are to be shown.
    #[schema(example = "Asia/Seoul")]
    pub zone: String,
    /// Figures of all sites together: users are united, never summed; load is the mean of the sites heard.
    pub national: Figures,
    /// Every site of the fleet, in the fleet's order.
    pub sites: Vec<SiteOverview>,
    /// The latest findings, newest first.
    pub findings: Vec<FindingRow>,
}

/// One site.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SiteOverview {
    /// Its id.
    #[schema(value_type = String, example = "busan")]
    pub site: SiteId,
    /// What people call it.
    pub name: SiteName,
    /// Whether its figures are of now.
    pub state: SiteState,
    /// Seconds since it was last heard; `null` when it never was.
    #[schema(example = 1.2)]
    pub age_s: Option<f64>,
    /// Its figures; of the last window heard when it is stale.
    pub figures: Figures,
}

/// A site's name in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SiteName {
    /// In Korean.
    #[schema(example = "부산")]
    pub ko: String,
    /// In English.
    #[schema(example = "Busan")]
    pub en: String,
}

/// Whether a site is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SiteState {
    /// Heard within the last three intervals.
    Live,
    /// Silent for longer: its figures are old.
    Stale,
    /// Expected, but never heard.
    Never,
}

/// The figures of a tile; `null` where there is no data.
#[derive(Debug, Clone, PartialEq, Default, Serialize, ToSchema)]
pub struct Figures {
    /// Load, %: the highest of CPU, memory, heap, threads, connections; its mean over instances and sites.
    pub load: Option<Figure>,
    /// Distinct users of the last 5 minutes.
    #[serde(rename = "users.concurrent")]
    pub users_concurrent: Option<Figure>,
    /// Requests per second.
    pub tps: Option<Figure>,
    /// Server errors per hundred requests.
    #[serde(rename = "errors.rate")]
    pub errors_rate: Option<Figure>,
    /// 95th percentile of duration, ms.
    #[serde(rename = "latency.p95")]
    pub latency_p95: Option<Figure>,
    /// Sessions that have not expired, idle ones included.
    #[serde(rename = "sessions.active")]
    pub sessions_active: Option<Figure>,
}

/// One figure with its provenance.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Figure {
    /// In `unit`.
    #[schema(example = 5210)]
    pub value: f64,
    /// `users`, `sessions`, `count`, `1/s`, `ms`, `%` or `score`.
    #[schema(value_type = String, example = "users")]
    pub unit: Unit,
    /// Half width of the 95 % band in per cent of the value; absent for exact figures.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1.6)]
    pub error_pct_95: Option<f64>,
    /// How users were told apart: `cookie`, `session` or `ip`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "cookie")]
    pub mode: Option<IdentityMode>,
    /// The interval measured: `from` inside, `to` not.
    #[schema(value_type = Object, example = json!({"from": "2026-11-20T14:25:00+09:00", "to": "2026-11-20T14:30:00+09:00"}))]
    pub window: PlanWindow,
    /// Where it came from, as `rollup:2s`.
    #[schema(example = "rollup:2s")]
    pub source: String,
}

impl Figure {
    /// A measurement of `metric` over `window`.
    #[must_use]
    pub fn of(metric: Metric, measured: Measured, window: PlanWindow) -> Self {
        Self {
            value: measured.value,
            unit: metric.unit(),
            error_pct_95: measured.error_pct_95,
            mode: measured.mode,
            window,
            source: measured.source,
        }
    }
}

/// A finding in the list. It was masked at its edge.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct FindingRow {
    /// Where.
    #[schema(value_type = String, example = "busan")]
    pub site: SiteId,
    /// When what it is about ended.
    #[schema(value_type = String, format = DateTime, example = "2026-11-20T14:28:00+09:00")]
    pub at: Moment,
    /// `info`, `warning` or `critical`.
    #[schema(value_type = String, example = "warning")]
    pub severity: Severity,
    /// What kind of thing, a stable word.
    #[schema(example = "login-brute-force")]
    pub kind: String,
    /// Which plugin said so.
    #[schema(example = "login-brute-force@1.0.0")]
    pub detector: String,
    /// Application, if in one.
    #[schema(value_type = Option<String>, example = "portal")]
    pub app: Option<AppId>,
    /// Whom or what it is about, as a token.
    #[schema(example = "client:9f3a61c2")]
    pub subject: String,
    /// One sentence with its figures.
    pub summary: String,
}

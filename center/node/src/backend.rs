//! What the dashboard shows, from history and questions.

use std::{sync::Arc, time::Duration};

use bongsu_center_ask::Ask;
use bongsu_center_control::Preview;
use bongsu_center_dashboard::{
    Backend, BackendError, Figure, Figures, FindingRow, Overview, Registry, SiteName, SiteOverview,
    SiteState,
};
use bongsu_center_history::{History, SiteFinding};
use bongsu_center_receive::Sites;
use bongsu_sdk_analysis::STALE_AFTER;
use bongsu_sdk_model::{AppId, Metric, SiteId, Timestamp, Window};
use bongsu_sdk_plan::{Action, Answer, Lang, Moment, Named, Plan, PlanWindow, Query, Source};
use prometheus_client::metrics::{family::Family, gauge::Gauge};

use crate::preview;

/// Figures of a tile are those of the last five minutes.
const NOW: Duration = Duration::from_secs(300);
const FINDINGS: usize = 20;
const FINDINGS_KEPT: Duration = Duration::from_secs(86_400);

/// History and questions as the dashboard wants them.
pub(crate) struct CenterBackend {
    pub(crate) ask: Ask,
    pub(crate) history: Arc<History>,
    pub(crate) sites: Sites,
}

impl Backend for CenterBackend {
    fn overview(&self, now: Timestamp) -> Result<Overview, BackendError> {
        let source = self.ask.source(now);
        let sites = self
            .ask
            .sites()
            .iter()
            .map(|site| self.site(site, &source, now))
            .collect::<Result<_, _>>()?;
        let findings = Window::new(now.minus(FINDINGS_KEPT), now.plus(FINDINGS_KEPT));
        let findings = self.history.findings(findings, FINDINGS).map_err(failed)?;
        Ok(Overview {
            at: self.moment(now),
            zone: self.ask.zone().iana_name().unwrap_or("UTC").to_owned(),
            national: self.figures(&source, None, now),
            sites,
            findings: findings.into_iter().map(|found| self.row(found)).collect(),
        })
    }

    fn question(
        &self,
        question: &str,
        lang: Option<Lang>,
        now: Timestamp,
    ) -> Result<Answer, BackendError> {
        Ok(self.ask.question(question, lang, now))
    }

    fn plan(&self, plan: &Plan, lang: Lang, now: Timestamp) -> Result<Answer, BackendError> {
        Ok(self.ask.plan(plan, lang, now))
    }

    fn sites(&self) -> Vec<SiteId> {
        self.ask
            .sites()
            .iter()
            .map(|site| site.id.clone())
            .collect()
    }

    fn preview(
        &self,
        action: &Action,
        sites: &[SiteId],
        app: Option<&AppId>,
        now: Timestamp,
    ) -> Result<Preview, BackendError> {
        Ok(preview::measure(
            &self.ask.source(now),
            action,
            sites,
            app,
            now,
        ))
    }

    fn register(&self, registry: &mut Registry) {
        let connected = Family::<Vec<(String, String)>, Gauge>::default();
        let lost = Family::<Vec<(String, String)>, Gauge>::default();
        for site in self.ask.sites() {
            let label = vec![("site".to_owned(), site.id.to_string())];
            let stands = self.history.heartbeat(&site.id).connected;
            connected.get_or_create(&label).set(i64::from(stands));
            let losses = self.history.losses(&site.id).unwrap_or_default();
            let batches: u64 = losses.iter().map(|loss| loss.through - loss.from + 1).sum();
            lost.get_or_create(&label)
                .set(i64::try_from(batches).unwrap_or(i64::MAX));
        }
        registry.register(
            "site_connected",
            "1 while the site's edge is connected",
            connected,
        );
        registry.register(
            "site_batches_lost",
            "Batches that never came and never will",
            lost,
        );
        self.register_links(registry);
    }
}

impl CenterBackend {
    fn register_links(&self, registry: &mut Registry) {
        let offset = Family::<Vec<(String, String)>, Gauge>::default();
        let version = Family::<Vec<(String, String)>, Gauge>::default();
        for link in self.sites.links() {
            let label = vec![("site".to_owned(), link.site.to_string())];
            offset.get_or_create(&label).set(link.clock_offset_ms);
            version.get_or_create(&label).set(link.version.into());
        }
        registry.register(
            "site_clock_offset_milliseconds",
            "The edge's clock minus the center's, as measured when its last connection began",
            offset,
        );
        registry.register(
            "site_protocol_version",
            "The version of the protocol on the site's last connection",
            version,
        );
    }

    fn site(
        &self,
        site: &Named<SiteId>,
        source: &impl Source,
        now: Timestamp,
    ) -> Result<SiteOverview, BackendError> {
        let heard = self.history.heard(&site.id).map_err(failed)?;
        let age = heard.map(|at| now.since(at));
        let state = match age {
            None => SiteState::Never,
            Some(age) if age > STALE_AFTER => SiteState::Stale,
            Some(_) => SiteState::Live,
        };
        let until = if state == SiteState::Live {
            now
        } else {
            heard.unwrap_or(now)
        };
        Ok(SiteOverview {
            site: site.id.clone(),
            name: SiteName {
                ko: site.ko.clone(),
                en: site.en.clone(),
            },
            state,
            age_s: age.map(|age| age.as_secs_f64()),
            figures: self.figures(source, Some(&site.id), until),
        })
    }

    /// The last five minutes before `until`, of one site or of all together.
    fn figures(&self, source: &impl Source, site: Option<&SiteId>, until: Timestamp) -> Figures {
        let window = Window::ending_at(until, NOW);
        let figure = |metric: Metric| {
            let query = Query {
                metric,
                sites: site.into_iter().cloned().collect(),
                apps: Vec::new(),
                urls: Vec::new(),
                instances: Vec::new(),
                window,
                mode: None,
                agg: None,
            };
            let measured = source.measure(&query).unwrap_or_else(|error| {
                tracing::error!("failed to measure {metric}: {error}");
                None
            });
            measured.map(|measured| Figure::of(metric, measured, self.shown(window)))
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

    fn row(&self, SiteFinding { site, finding }: SiteFinding) -> FindingRow {
        FindingRow {
            site,
            at: self.moment(finding.window.to),
            severity: finding.severity,
            kind: finding.kind,
            detector: finding.detector,
            app: finding.app,
            subject: finding.subject,
            summary: finding.summary,
        }
    }

    fn shown(&self, window: Window) -> PlanWindow {
        PlanWindow::Range {
            from: self.moment(window.from),
            to: self.moment(window.to),
        }
    }

    fn moment(&self, at: Timestamp) -> Moment {
        Moment::new(at, self.ask.zone())
    }
}

fn failed(error: impl std::fmt::Display) -> BackendError {
    BackendError(error.to_string())
}

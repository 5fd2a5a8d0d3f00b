//! The answer under construction, and the measuring all operations share.

use std::time::Duration;

use bongsu_sdk_model::{IdentityMode, Metric, Timestamp, Unit, Window};

use super::{
    ExecuteError, Executor,
    facts::{Facts, natural},
    groups::Group,
    window,
};
use crate::{
    Agg, Answer, Baseline, Chart, ChartKind, ChartSeries, Dimension, Fact, Field, Lang, Link, Plan,
    PlanWindow, Query, Source, Table,
    word::{self, Sentence},
};

/// Everything one execution works on.
pub(super) struct Builder<'a> {
    pub(super) executor: &'a Executor,
    pub(super) plan: &'a Plan,
    pub(super) source: &'a dyn Source,
    pub(super) lang: Lang,
    pub(super) now: Timestamp,
    /// The plan's interval.
    pub(super) window: Window,
    pub(super) facts: Facts,
    sentences: Vec<Sentence>,
    tables: Vec<Table>,
    charts: Vec<Chart>,
    caveats: Vec<String>,
    modes: Vec<IdentityMode>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(
        executor: &'a Executor,
        plan: &'a Plan,
        source: &'a dyn Source,
        now: Timestamp,
        lang: Lang,
    ) -> Self {
        let asked = window::resolve(plan, now, &executor.zone);
        let mut builder = Self {
            executor,
            plan,
            source,
            lang,
            now,
            window: Window::new(asked.from, asked.to.min(now.max(asked.from))),
            facts: Facts::default(),
            sentences: Vec::new(),
            tables: Vec::new(),
            charts: Vec::new(),
            caveats: Vec::new(),
            modes: Vec::new(),
        };
        if asked.to > now {
            builder.caveat(
                "아직 오지 않은 시간은 제외했습니다.",
                "Time that has not come yet is left out.",
            );
        }
        builder
    }

    /// One sentence more.
    pub(super) fn say(&mut self, sentence: Sentence) {
        self.sentences.push(sentence);
    }

    pub(super) fn table(&mut self, table: Table) {
        self.tables.push(table);
    }

    pub(super) fn chart(&mut self, chart: Chart) {
        self.charts.push(chart);
    }

    pub(super) fn caveat(&mut self, ko: &str, en: &str) {
        let text = self.lang.pick(ko, en).to_owned();
        if !self.caveats.contains(&text) {
            self.caveats.push(text);
        }
    }

    /// A fault of a plan that is well formed but asks for more than this executor has.
    pub(super) fn unsupported(&self, part: impl Into<String>) -> ExecuteError {
        ExecuteError::UnsupportedPart {
            op: self.plan.op,
            part: part.into(),
        }
    }

    /// Refuses plans that name what roll-ups do not hold.
    pub(super) fn only_places(&self) -> Result<(), ExecuteError> {
        if self.plan.scope.names_subjects() {
            return Err(self.unsupported("scope: users, sessions, addresses or traces"));
        }
        if self
            .plan
            .conditions
            .iter()
            .any(|condition| !matches!(condition.field, Field::Metric(_)))
        {
            return Err(self.unsupported("where"));
        }
        Ok(())
    }

    /// The query for a metric over the plan's scope.
    pub(super) fn query(&self, metric: Metric) -> Query {
        let scope = &self.plan.scope;
        let wide = self.window.width() > window::NOW_WIDTH;
        Query {
            metric,
            sites: scope.sites.clone(),
            apps: scope.apps.clone(),
            urls: scope.urls.clone(),
            instances: scope.instances.clone(),
            window: self.window,
            mode: None,
            agg: self.agg(metric).or_else(|| natural(metric, wide)),
        }
    }

    /// The figure asked for; people are united and never summed, whatever was asked.
    pub(super) fn agg(&self, metric: Metric) -> Option<Agg> {
        self.plan
            .agg
            .filter(|agg| !(metric.unit() == Unit::Users && *agg == Agg::Sum))
    }

    /// Measures and keeps the fact; `None` when there is no data.
    pub(super) fn measure(
        &mut self,
        query: &Query,
        group: &Group,
    ) -> Result<Option<Fact>, ExecuteError> {
        let Some(measured) = self.source.measure(query)? else {
            return Ok(None);
        };
        if !measured.value.is_finite() {
            return Ok(None);
        }
        if let Some(mode) = measured.mode
            && !self.modes.contains(&mode)
        {
            self.modes.push(mode);
        }
        let window = window::shown(query.window, &self.executor.zone);
        Ok(Some(self.facts.measured(
            query,
            group.scope(query),
            window,
            measured,
        )))
    }

    /// A figure that decides something and is not itself told.
    pub(super) fn peek(&self, query: &Query) -> Result<Option<f64>, ExecuteError> {
        Ok(self.source.measure(query)?.map(|measured| measured.value))
    }

    /// The way users are told apart over the whole scope, so that every group is counted the same way.
    pub(super) fn pinned_mode(&self, query: &Query) -> Result<Option<IdentityMode>, ExecuteError> {
        if query.metric.unit() != Unit::Users {
            return Ok(None);
        }
        Ok(self
            .source
            .measure(query)?
            .and_then(|measured| measured.mode))
    }

    pub(super) fn series(
        &self,
        query: &Query,
        step: Duration,
    ) -> Result<Vec<(Timestamp, Option<f64>)>, ExecuteError> {
        Ok(self.source.series(query, step)?)
    }

    pub(super) fn members(
        &self,
        dimension: Dimension,
        query: &Query,
    ) -> Result<Vec<String>, ExecuteError> {
        Ok(self.source.members(dimension, query)?)
    }

    /// The interval of a baseline.
    pub(super) fn baseline(&self, baseline: Baseline, of: Window) -> Option<Window> {
        window::baseline(baseline, of, &self.executor.zone)
    }

    pub(super) fn days(&self) -> Vec<Window> {
        window::days(self.window, &self.executor.zone)
    }

    /// An interval as it is shown.
    pub(super) fn shown(&self, window: Window) -> PlanWindow {
        window::shown(window, &self.executor.zone)
    }

    /// What a group is called.
    pub(super) fn label(&self, group: &Group) -> String {
        group.label(&self.executor.vocabulary, self.lang)
    }

    /// What the plan's scope is called: its places, or the whole country.
    pub(super) fn place(&self) -> String {
        word::place(&self.plan.scope, &self.executor.vocabulary, self.lang)
    }

    /// A chart of lines.
    pub(super) fn lines(&self, metric: Metric, series: Vec<ChartSeries>) -> Chart {
        Chart {
            kind: ChartKind::Line,
            title: format!(
                "{} · {}",
                self.place(),
                word::metric_label(metric, self.lang)
            ),
            unit: metric.unit(),
            categories: Vec::new(),
            series,
        }
    }

    /// The finished answer.
    pub(super) fn finish(mut self) -> Answer {
        let coverage = self.source.coverage(self.window);
        self.mode_caveats();
        if let Some(text) = word::stale(&coverage, &self.executor.vocabulary, self.lang) {
            self.caveats.push(text);
        }
        self.caveats.extend(
            self.plan
                .assumed
                .iter()
                .map(|assumed| word::assumed(assumed, self.lang)),
        );
        let links = self.links();
        let text = word::render(&self.sentences, self.lang);
        Answer {
            plan: self.plan.clone(),
            facts: self.facts.finish(),
            text,
            tables: self.tables,
            charts: self.charts,
            links,
            coverage,
            caveats: self.caveats,
            proposal: None,
            by: "planner".to_owned(),
            trace_id: None,
        }
    }

    fn mode_caveats(&mut self) {
        let Some(mode) = self.modes.first().copied() else {
            return;
        };
        let (ko, en) = word::mode_note(mode);
        self.caveat(ko, en);
    }

    fn links(&self) -> Vec<Link> {
        let between = format!(
            "from={}&to={}",
            crate::moment::instant(self.window.from),
            crate::moment::instant(self.window.to)
        );
        let sites = &self.plan.scope.sites;
        let of_site = |site: &bongsu_sdk_model::SiteId| Link {
            title: self
                .executor
                .vocabulary
                .site_label(site, self.lang)
                .to_owned(),
            href: format!("/sites/{site}?{between}"),
        };
        if self.plan.metrics.is_empty() {
            return Vec::new();
        }
        if sites.is_empty() {
            return vec![Link {
                title: self.place(),
                href: format!("/?{between}"),
            }];
        }
        sites.iter().map(of_site).collect()
    }
}

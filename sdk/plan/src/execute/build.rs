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
    further: Vec<Link>,
    proposal: Option<crate::Action>,
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
            further: Vec::new(),
            proposal: None,
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
            return Err(self.unsupported(self.lang.pick(
                "사용자·세션·IP·추적 한 건 단위는 각 지역 엣지에만 있음",
                "scope: users, sessions, addresses and traces stay at each site's edge",
            )));
        }
        if self
            .plan
            .conditions
            .iter()
            .any(|condition| !matches!(condition.field, Field::Metric(_)))
        {
            return Err(self.unsupported(self.lang.pick("요청 한 건 단위의 조건", "where")));
        }
        Ok(())
    }

    /// Says which restrictions of the plan were not applied, for operations that look at places as a whole.
    pub(super) fn note_left_out(&mut self) {
        if self.plan.scope.names_subjects() {
            self.caveat(
                "사용자·세션·IP·추적 단위의 자료는 각 지역의 엣지에만 있어, 여기서는 전체를 보았습니다.",
                "Data of single users, sessions, addresses or traces stay at each site's edge; this looks at all of them together.",
            );
        }
        let other = |condition: &crate::Condition| !matches!(condition.field, Field::Metric(_));
        if self.plan.conditions.iter().any(other) {
            self.caveat(
                "요청 단위 조건은 적용하지 않았습니다.",
                "Conditions on single requests were not applied.",
            );
        }
    }

    /// Puts the plan's action into the answer, to be approved by somebody.
    pub(super) fn propose(&mut self) {
        self.proposal.clone_from(&self.plan.action);
    }

    /// One sentence more, in the answer's language.
    pub(super) fn say_in(&mut self, ko: &str, en: &str) {
        let words = self.lang.pick(ko, en).to_owned();
        self.say(Sentence::Words(words));
    }

    /// What a query's places are called.
    pub(super) fn place_of(&self, query: &Query) -> String {
        let scope = super::explain::scope_of(query);
        word::place(&scope, &self.executor.vocabulary, self.lang)
    }

    /// What a site is called.
    pub(super) fn site_label(&self, site: &bongsu_sdk_model::SiteId) -> String {
        let label = self.executor.vocabulary.site_label(site, self.lang);
        label.to_owned()
    }

    /// What an application is called.
    pub(super) fn app_label(&self, app: &bongsu_sdk_model::AppId) -> String {
        self.executor
            .vocabulary
            .app_label(app, self.lang)
            .to_owned()
    }

    /// A link to each of the query's sites at its window, or to the whole country.
    pub(super) fn link(&mut self, query: &Query) {
        let links = self.links_to(&query.sites, query.window);
        for link in links {
            if !self.further.contains(&link) {
                self.further.push(link);
            }
        }
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

    /// A number of rows of the plan's scope as a fact.
    pub(super) fn counted(&mut self, metric: Metric, total: u64) -> Fact {
        let query = self.query(metric);
        let window = self.shown(query.window);
        #[expect(clippy::cast_precision_loss, reason = "a count of rows")]
        let measured = crate::Measured {
            value: total as f64,
            mode: None,
            error_pct_95: None,
            source: "rows".to_owned(),
        };
        let query = Query { agg: None, ..query };
        let scope = Group::All.scope(&query);
        self.facts.measured(&query, scope, window, measured)
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

    /// The members of a dimension by the figure of each, highest first; members of equal figures by name.
    pub(super) fn ranked(
        &self,
        dimension: Dimension,
        query: &Query,
    ) -> Result<Vec<(Group, f64)>, ExecuteError> {
        let mut each = self.source.measure_each(dimension, query)?;
        each.sort_by(|a, b| b.1.value.total_cmp(&a.1.value).then_with(|| a.0.cmp(&b.0)));
        Ok(each
            .into_iter()
            .filter_map(|(name, one)| Some((Group::of(dimension, &name)?, one.value)))
            .collect())
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
        let mut links = std::mem::take(&mut self.further);
        if !self.plan.metrics.is_empty() {
            for link in self.links_to(&self.plan.scope.sites, self.window) {
                if !links.contains(&link) {
                    links.push(link);
                }
            }
        }
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
            proposal: self.proposal,
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

    fn links_to(&self, sites: &[bongsu_sdk_model::SiteId], window: Window) -> Vec<Link> {
        let between = format!(
            "from={}&to={}",
            crate::moment::instant(window.from),
            crate::moment::instant(window.to)
        );
        if sites.is_empty() {
            return vec![Link {
                title: word::place(
                    &crate::PlanScope::default(),
                    &self.executor.vocabulary,
                    self.lang,
                ),
                href: format!("/?{between}"),
            }];
        }
        let of_site = |site: &bongsu_sdk_model::SiteId| Link {
            title: self.site_label(site),
            href: format!("/sites/{site}?{between}"),
        };
        sites.iter().map(of_site).collect()
    }
}

//! A case around a symptom: the application it is in, what that calls, what its servers have left, and which URL
//! and instance its work is of.

use std::collections::{BTreeMap, BTreeSet};

use bongsu_sdk_model::{AppId, GaugeKind, Scope, SiteId, Timestamp, Window};
use bongsu_sdk_plan::{Query, SourceError, SuspectPart};

use super::{
    LEAD,
    rows::{Grid, Row, Rows, float},
    runs::{Figure, Run},
};
use crate::{
    Blocks,
    cause::{
        Call, Case, Component, Contribution, Dimension, Indicator, Kind, Point, Series, Statistic,
        Symptom, Work,
    },
    source::RollUpSource,
};

/// What a component of the case is.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) app: Option<AppId>,
    pub(super) part: SuspectPart,
}

/// Which time of a row, µs.
type Time = fn(&Row) -> u64;

/// Rows by start, of several sites together.
type Course = BTreeMap<Timestamp, Row>;

impl<B: Blocks> RollUpSource<B> {
    /// The symptom's query, its case, and what the case's components are.
    pub(super) fn case_of(
        &self,
        grid: &Grid,
        query: &Query,
        worst: &Run,
        sites: &[SiteId],
    ) -> Result<(Query, Case, Vec<Part>), SourceError> {
        let run = worst.window;
        let incident = Window::new(
            run.from.minus(grid.step * LEAD),
            run.to.plus(grid.step * 3).min(self.now.max(run.to)),
        );
        let normal = grid.earlier.first().map(|there| {
            let back = grid.window.from.since(there.from);
            Window::new(incident.from.minus(back), incident.to.minus(back))
        });
        let near = Grid {
            step: grid.step,
            window: incident,
            earlier: normal.into_iter().collect(),
        };
        let rows = self.rows_of(&near, sites, &|_| true)?;
        let apps = match worst.scope.app() {
            Some(app) => BTreeSet::from([app.clone()]),
            None => rows
                .of
                .keys()
                .filter_map(|(_, scope)| scope.app())
                .cloned()
                .collect(),
        };
        let mut made = Making {
            case: Case {
                components: Vec::new(),
                calls: Vec::new(),
                normal,
                incident,
                symptom: Symptom {
                    component: 0,
                    indicator: indicator(worst.figure),
                    at: run.from,
                },
            },
            parts: Vec::new(),
            rows: &rows,
            run,
            before: normal.map(|normal| {
                let back = incident.from.since(normal.from);
                Window::new(run.from.minus(back), run.to.minus(back))
            }),
        };
        let root = worst.scope.app().is_none().then(|| made.site());
        for app in &apps {
            let index = made.app(app);
            if let Some(root) = root {
                made.case.calls.push(Call {
                    from: root,
                    to: index,
                });
            }
        }
        let (case, parts) = (made.case, made.parts);
        Ok((narrowed(query, worst, sites), case, parts))
    }
}

/// The question's query for the symptom's figure, scope and run.
pub(super) fn narrowed(query: &Query, run: &Run, sites: &[SiteId]) -> Query {
    let (mut apps, mut instances, mut urls) = (query.apps.clone(), Vec::new(), query.urls.clone());
    match &run.scope {
        Scope::Site => {}
        Scope::App(app) => apps = vec![app.clone()],
        Scope::Instance(app, instance) => {
            apps = vec![app.clone()];
            instances = vec![instance.clone()];
        }
        Scope::Url(app, url) => {
            apps = vec![app.clone()];
            urls = vec![url.clone()];
        }
    }
    Query {
        metric: run.figure.metric(),
        sites: sites.to_vec(),
        apps,
        urls,
        instances,
        window: run.window,
        mode: None,
        agg: None,
    }
}

const fn indicator(figure: Figure) -> Indicator {
    match figure {
        Figure::Errors => Indicator::Availability,
        Figure::Latency => Indicator::Latency(Statistic::Average),
        Figure::Requests => Indicator::Requests,
        Figure::Level(kind) => level(kind),
    }
}

const fn level(kind: GaugeKind) -> Indicator {
    match kind {
        GaugeKind::Cpu => Indicator::Cpu,
        GaugeKind::Memory => Indicator::Memory,
        GaugeKind::Heap => Indicator::HeapAfterGc,
        GaugeKind::Threads => Indicator::ThreadsBusy,
        GaugeKind::DbConnections => Indicator::ConnectionsInUse,
        GaugeKind::SessionsActive => Indicator::Sessions,
    }
}

struct Making<'a> {
    case: Case,
    parts: Vec<Part>,
    rows: &'a Rows,
    run: Window,
    /// The run's clock times in the normal period.
    before: Option<Window>,
}

impl Making<'_> {
    fn push(&mut self, component: Component, part: Part) -> usize {
        self.case.components.push(component);
        self.parts.push(part);
        self.case.components.len() - 1
    }

    /// The whole site.
    fn site(&mut self) -> usize {
        let course = self.course(|scope| *scope == Scope::Site);
        let mut series = requests(&course);
        series.push(measured(&course, Indicator::Sessions, |row| {
            row.level(GaugeKind::SessionsActive)
        }));
        let component = Component {
            name: "site".to_owned(),
            kind: Kind::Service,
            series,
            ..Component::default()
        };
        let part = Part {
            app: None,
            part: SuspectPart::Site,
        };
        self.push(component, part)
    }

    /// An application with its servers' levels, then what it asks.
    fn app(&mut self, app: &AppId) -> usize {
        let course = self.course(|scope| matches!(scope, Scope::App(one) if one == app));
        let mut series = requests(&course);
        let servers = self.course(|scope| matches!(scope, Scope::Instance(one, _) if one == app));
        for kind in GaugeKind::LOAD {
            series.push(measured(&servers, level(kind), |row| row.level(kind)));
        }
        let component = Component {
            name: app.to_string(),
            kind: Kind::Service,
            series,
            contributions: self.contributions(app),
            releases: Vec::new(),
        };
        let of = |part| Part {
            app: Some(app.clone()),
            part,
        };
        let index = self.push(component, of(SuspectPart::App));
        let asked: [(&str, SuspectPart, Kind, Time); 2] = [
            ("db", SuspectPart::Database, Kind::Database, |row| {
                row.sql_us
            }),
            ("ext", SuspectPart::External, Kind::External, |row| {
                row.external_us
            }),
        ];
        for (name, part, kind, time) in asked {
            let took = measured(&course, Indicator::Latency(Statistic::Average), |row| {
                row.each(time(row))
            });
            if took.points.is_empty() {
                continue;
            }
            let asks = measured(&course, Indicator::Requests, |row| {
                Some(float(row.requests))
            });
            let component = Component {
                name: format!("{app}:{name}"),
                kind,
                series: vec![took, asks],
                ..Component::default()
            };
            let to = self.push(component, of(part));
            self.case.calls.push(Call { from: index, to });
        }
        index
    }

    /// The rows of all scopes that `is`, added up.
    fn course(&self, is: impl Fn(&Scope) -> bool) -> Course {
        let mut course = Course::new();
        for ((_, scope), rows) in &self.rows.of {
            if is(scope) {
                for (at, row) in rows {
                    course.entry(*at).or_default().add(row);
                }
            }
        }
        course
    }

    /// Which URL and instance the application's work is of, in the run and at its clock times before.
    fn contributions(&self, app: &AppId) -> Vec<Contribution> {
        let mut members: BTreeMap<(Dimension, String), Course> = BTreeMap::new();
        for ((_, scope), rows) in &self.rows.of {
            let member = match scope {
                Scope::Url(one, url) if one == app => (Dimension::Url, url.to_string()),
                Scope::Instance(one, instance) if one == app => {
                    (Dimension::Instance, instance.to_string())
                }
                _ => continue,
            };
            let course = members.entry(member).or_default();
            for (at, row) in rows {
                course.entry(*at).or_default().add(row);
            }
        }
        members
            .into_iter()
            .map(|((dimension, value), course)| Contribution {
                dimension,
                value,
                normal: self.before.map(|window| work(&course, window)),
                incident: work(&course, self.run),
            })
            .collect()
    }
}

fn work(course: &Course, window: Window) -> Work {
    let seconds = window.width().as_secs_f64().max(1.0);
    let mut all = Row::default();
    for (_, row) in course.range(window.from..window.to) {
        all.add(row);
    }
    Work {
        requests: float(all.requests) / seconds,
        time_ms: float(all.duration_us) / 1_000.0 / seconds,
        errors: float(all.errors) / seconds,
    }
}

/// What requests say of a component.
fn requests(course: &Course) -> Vec<Series> {
    vec![
        measured(course, Indicator::Latency(Statistic::Average), |row| {
            row.each(row.duration_us)
        }),
        measured(course, Indicator::Requests, |row| Some(float(row.requests))),
        measured(course, Indicator::Availability, |row| {
            (row.requests > 0).then(|| 100.0 - 100.0 * float(row.errors) / float(row.requests))
        }),
    ]
}

fn measured(course: &Course, indicator: Indicator, of: impl Fn(&Row) -> Option<f64>) -> Series {
    let points = course.iter().filter_map(|(at, row)| {
        Some(Point {
            at: *at,
            value: of(row)?,
        })
    });
    Series {
        indicator,
        points: points.collect(),
        source: "rollup".to_owned(),
    }
}

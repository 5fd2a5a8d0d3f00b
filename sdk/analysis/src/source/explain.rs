//! Why something went wrong, from roll-ups: what left its usual range, where, and a case for [`crate::cause`].
//!
//! 1. Rows of every site and application in the window, and of the same clock times of alike earlier days.
//! 2. Runs of rows out of their usual range ([`runs`]); the worst is the symptom.
//! 3. A case around it ([`case`]): the application with its databases, external calls and resources, its URLs
//!    and instances as contributions; the same clock times of an earlier day as the normal period.
//! 4. [`crate::cause::diagnose`] ranks, [`told`] translates.
//!
//! ## Decisions
//!
//! - **Held against like days, not run through the streaming detector.** That one needs a week of rows of every
//!   series before it speaks; this needs as many rows as the window has, a few times over.
//! - **URLs and instances are read only where the symptom is.** Most of a block is its URLs.

mod case;
mod rows;
mod runs;
mod told;

use std::time::Duration;

use bongsu_sdk_model::{Scope, SiteId, Timestamp, Window};
use bongsu_sdk_plan::{Explanation, Query, SourceError, Verdict, Weakness};

use self::{
    rows::{Grid, Rows},
    runs::Run,
};
use super::RollUpSource;
use crate::{Blocks, calendar::CalendarStep, calendar::DayKind, cause};

const FIVE_MINUTES: Duration = Duration::from_secs(300);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
/// How many earlier days the window is held against, of few sites and of many.
const LIKE_DAYS: usize = 5;
const LIKE_DAYS_OF_MANY: usize = 3;
const MANY_SITES: usize = 20;
/// How far back they are looked for.
const LOOK_BACK: u16 = 28;
/// Rows before a run that belong to the incident, to see it begin.
const LEAD: u32 = 12;
/// Deviations told beside the symptom.
const ALSO: usize = 12;

impl<B: Blocks> RollUpSource<B> {
    pub(super) fn explained(&self, query: &Query) -> Result<Explanation, SourceError> {
        let step = if query.window.width() <= DAY + HOUR * 2 {
            FIVE_MINUTES
        } else {
            HOUR
        };
        let window = self.whole_rows(query.window, step);
        let sites = self.sites(query);
        let most = if sites.len() > MANY_SITES {
            LIKE_DAYS_OF_MANY
        } else {
            LIKE_DAYS
        };
        let grid = Grid {
            step,
            window,
            earlier: self.like_days(window, most),
        };
        let rows = self.rows_of(&grid, &sites, &|scope| coarse(scope, query))?;
        let mut found = runs::find(&grid, &rows);
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        let empty = |verdict| Explanation {
            verdict,
            symptom: None,
            also: Vec::new(),
            suspects: Vec::new(),
            days: u32::try_from(rows.days()).unwrap_or(u32::MAX),
            step,
            weaknesses: Vec::new(),
        };
        if !rows.is_heard() {
            return Ok(empty(Verdict::NotMeasured));
        }
        let Some(worst) = found.first().cloned() else {
            let mut nothing = empty(Verdict::NothingStandsOut);
            nothing.weaknesses = no_past(rows.days());
            return Ok(nothing);
        };
        let sites_of = spread(&worst, &found, &sites);
        let (symptom, case, scopes) = self.case_of(&grid, query, &worst, &sites_of)?;
        let diagnosis = cause::diagnose(&case);
        let mut explanation = told::tell(query, &symptom, &worst, &scopes, &diagnosis, step);
        explanation.also = told::also(query, &found, &symptom, ALSO);
        explanation.days = empty(Verdict::Explained).days;
        explanation.weaknesses.extend(no_past(rows.days()));
        explanation.weaknesses.dedup();
        Ok(explanation)
    }

    /// The window in whole rows, as far as it has passed.
    fn whole_rows(&self, window: Window, step: Duration) -> Window {
        let floor = |at: Timestamp| {
            let step = i64::try_from(step.as_millis()).unwrap_or(i64::MAX).max(1);
            Timestamp::from_ms(at.as_ms().div_euclid(step) * step)
        };
        let to = window.to.min(self.now);
        let last = floor(to);
        // A row that has just begun says little and looks like a dropout.
        let to = if last > window.from { last } else { to };
        Window::new(floor(window.from), to.max(floor(window.from).plus(step)))
    }

    /// The same clock times of earlier days of the same kind, the nearest first.
    fn like_days(&self, window: Window, most: usize) -> Vec<Window> {
        let kind = |at: Timestamp| self.calendar.kind(self.calendar.date(at));
        let wanted = kind(window.from);
        let days = window.width().as_secs().div_ceil(DAY.as_secs()).max(1);
        let stride = if days > 1 {
            u16::try_from(days.div_ceil(7) * 7).unwrap_or(7)
        } else {
            1
        };
        let earlier = |back: u16| {
            let step = CalendarStep::Days(back);
            let from = self.calendar.earlier(window.from, step)?;
            Some(Window::new(from, from.plus(window.width())))
        };
        let alike =
            |there: &Window| stride > 1 || wanted == DayKind::Holiday || kind(there.from) == wanted;
        (stride..=LOOK_BACK)
            .step_by(usize::from(stride))
            .filter_map(earlier)
            .filter(alike)
            .take(most)
            .collect()
    }

    /// Rows of the scopes wanted, in the grid's window and in its earlier days.
    fn rows_of(
        &self,
        grid: &Grid,
        sites: &[SiteId],
        wanted: &dyn Fn(&Scope) -> bool,
    ) -> Result<Rows, SourceError> {
        let mut rows = Rows::default();
        for site in sites {
            for window in std::iter::once(grid.window).chain(grid.earlier.iter().copied()) {
                self.blocks.each(site, window, grid.tier(), &mut |block| {
                    rows.add(site, block, grid, wanted);
                })?;
            }
        }
        Ok(rows)
    }
}

/// The scopes in which symptoms are looked for.
fn coarse(scope: &Scope, query: &Query) -> bool {
    let of_app = |app| query.apps.is_empty() || query.apps.contains(app);
    match scope {
        Scope::Site => query.apps.is_empty() && query.urls.is_empty(),
        Scope::App(app) => of_app(app) && query.urls.is_empty(),
        Scope::Instance(app, instance) => {
            of_app(app)
                && (query.instances.is_empty() || query.instances.contains(instance))
                && query.urls.is_empty()
        }
        Scope::Url(app, url) => of_app(app) && query.urls.contains(url),
    }
}

fn no_past(days: usize) -> Vec<Weakness> {
    if days == 0 {
        vec![Weakness::NoPast]
    } else {
        Vec::new()
    }
}

/// The sites of a symptom: its own, or all that have the same when those are more than half of the fleet.
fn spread(worst: &Run, found: &[Run], sites: &[SiteId]) -> Vec<SiteId> {
    let alike = |run: &&Run| {
        run.scope == worst.scope && run.figure == worst.figure && run.window.overlaps(worst.window)
    };
    let mut with: Vec<SiteId> = found
        .iter()
        .filter(alike)
        .map(|run| run.site.clone())
        .collect();
    with.sort();
    with.dedup();
    if with.len() > 1 && with.len() * 2 > sites.len() {
        with
    } else {
        vec![worst.site.clone()]
    }
}

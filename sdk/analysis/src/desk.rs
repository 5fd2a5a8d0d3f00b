//! Question in, answer out: the same desk stands at the center and in every edge.

use bongsu_sdk_model::Timestamp;
use bongsu_sdk_plan::{Answer, Executor, Lang, Plan, Planner, Vocabulary};
use jiff::tz::TimeZone;

use crate::{Blocks, RollUpSource, calendar::Calendar};

/// Understands questions with the planner and answers them from blocks. Needs no model and no network.
#[derive(Debug, Clone)]
pub struct Desk {
    planner: Planner,
    executor: Executor,
    calendar: Calendar,
}

impl Desk {
    /// A desk that knows these names, shows time in `zone` and keeps the holidays of Korea.
    #[must_use]
    pub fn new(vocabulary: Vocabulary, zone: TimeZone) -> Self {
        Self {
            planner: Planner::new(vocabulary.clone(), zone.clone()),
            calendar: Calendar::korea(zone.clone()),
            executor: Executor::new(vocabulary, zone),
        }
    }

    /// Answers a question in `lang`, or in its own language. What cannot be answered is an answer that says so.
    pub fn answer(
        &self,
        question: &str,
        lang: Option<Lang>,
        blocks: impl Blocks,
        now: Timestamp,
    ) -> Answer {
        let understanding = self.planner.plan(question, now);
        let lang = lang.unwrap_or_else(|| Lang::of(question));
        self.execute(&understanding.plan, blocks, now, lang)
    }

    /// Executes a plan, worded in `lang`.
    pub fn execute(&self, plan: &Plan, blocks: impl Blocks, now: Timestamp, lang: Lang) -> Answer {
        let source = RollUpSource::new(blocks, now).with_calendar(self.calendar.clone());
        self.executor
            .execute(plan, &source, now, lang)
            .unwrap_or_else(|error| self.executor.decline(plan, &error, lang))
    }
}

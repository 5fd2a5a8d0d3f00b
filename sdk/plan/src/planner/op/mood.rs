//! How a question is meant: as rows, as a complaint, as a course over time, as a look for what is odd.

use bongsu_sdk_model::Metric;

use super::{super::concept::Cue, Found};
use crate::{Dimension, PlanWindow};

impl Found<'_, '_> {
    /// "특이사항", "what stood out", and nobody asked for a comparison or a list.
    pub(super) fn stands_out(&self) -> bool {
        self.has(Cue::StandsOut) && !self.any(&[Cue::Compare, Cue::List, Cue::Most, Cue::Top])
    }

    pub(super) fn list_verb(&self) -> bool {
        self.any(&[
            Cue::Show,
            Cue::Find,
            Cue::Only,
            Cue::Which,
            Cue::Who,
            Cue::What,
            Cue::Anomaly,
            Cue::Failed,
            Cue::LongLived,
            Cue::Stay,
            Cue::Connected,
        ])
    }

    /// Something is wrong, and nobody asked for a figure.
    pub(super) fn complains(&self) -> bool {
        let wrong = self.any(&[Cue::Trouble, Cue::WhatsUp, Cue::Surge, Cue::Analyse]);
        let slow =
            self.has(Cue::Slow) && self.free_metrics.iter().all(|m| *m == Metric::LatencyAvg);
        let figure = self.any(&[
            Cue::Trend,
            Cue::Chart,
            Cue::Statistics,
            Cue::Count,
            Cue::HowMuch,
        ]);
        (wrong || slow) && !figure
    }

    pub(super) fn series(&self) -> bool {
        let timed = self
            .split
            .iter()
            .all(|d| matches!(d, Dimension::Hour | Dimension::Day));
        let now = self.plain.window == Some(PlanWindow::Now);
        self.has(Cue::Trend)
            || (self.has(Cue::Statistics) && (self.ranged() || self.stepped))
            || (self.stepped && !self.metrics.is_empty() && !now)
            || (self.has(Cue::Chart)
                && self.split.is_empty()
                && timed
                && !now
                && !self.metrics.is_empty())
    }
}

//! One site by the hour for some days, made up: busy on working days, slow when told to be.

use bongsu_sdk_analysis::{
    BlockError, Blocks,
    calendar::{Calendar, DayKind},
};
use bongsu_sdk_model::{AppId, GaugeKind, InstanceId, Scope, SiteId, Tier, Timestamp, Window};
use bongsu_sdk_sketch::Block;
use jiff::tz::TimeZone;

const HOUR: i64 = 3_600_000;

/// An instant written with its offset.
pub(crate) fn at(text: &str) -> Timestamp {
    Timestamp::from_ms(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

/// Hours of a site. Hour 0 is the last before the end.
pub(crate) struct Hours {
    end: Timestamp,
    count: i64,
    latency: fn(i64, f64) -> f64,
    memory: fn(i64) -> f64,
}

impl Hours {
    /// So many days until `end`.
    pub(crate) fn until(end: &str, days: i64) -> Self {
        Self {
            end: at(end),
            count: days * 24,
            latency: |_, usual| usual,
            memory: |_| 50.0,
        }
    }

    /// With response times made by hour and usual value, ms.
    pub(crate) fn with_latency(self, latency: fn(i64, f64) -> f64) -> Self {
        Self { latency, ..self }
    }

    /// With memory in per cent made by hour.
    pub(crate) fn with_memory(self, memory: fn(i64) -> f64) -> Self {
        Self { memory, ..self }
    }

    /// One more hour.
    pub(crate) fn with_last_hour(self) -> Self {
        Self {
            count: self.count + 1,
            ..self
        }
    }

    fn block(&self, hour: i64) -> Block {
        let start = Timestamp::from_ms(self.end.as_ms() - (hour + 1) * HOUR);
        let calendar = Calendar::korea(TimeZone::get("Asia/Seoul").unwrap());
        let working = calendar.kind(calendar.date(start)) == DayKind::Working;
        let requests = if working { 100 } else { 20 };
        // 198 … 202 ms, the same at each run.
        let usual = 198.0 + (hour * 7 % 5) as f64;
        let each = ((self.latency)(hour, usual) * 1_000.0) as u64;
        let mut block = Block::new(Tier::Hour, start);
        let rollup = block.entry(Scope::Site);
        rollup.counters.requests = requests;
        rollup.counters.duration_us = requests * each;
        rollup.durations.add(each);
        let instance = Scope::Instance(
            AppId::new("minwon").unwrap(),
            InstanceId::new("was-1").unwrap(),
        );
        block
            .entry(instance)
            .gauges
            .add_sample(GaugeKind::Memory, (self.memory)(hour), start);
        block
    }
}

impl Blocks for &Hours {
    fn sites(&self) -> Vec<SiteId> {
        vec![SiteId::new("busan").unwrap()]
    }
    fn heard(&self, _: &SiteId) -> Result<Option<Timestamp>, BlockError> {
        Ok(Some(self.end))
    }
    fn visit(
        &self,
        _: &SiteId,
        window: Window,
        _: Tier,
        visit: &mut dyn FnMut(Block),
    ) -> Result<(), BlockError> {
        let hours = |at: Timestamp| (self.end.as_ms() - at.as_ms()).div_euclid(HOUR);
        let (last, first) = (hours(window.to).max(0), hours(window.from).min(self.count));
        for hour in (last..first).rev() {
            visit(self.block(hour));
        }
        Ok(())
    }
    fn count_findings(&self, _: &[SiteId], _: Window) -> Result<u64, BlockError> {
        Ok(0)
    }
}

//! Counters of what came in and what was refused, by reason. They only grow; they hold no labels that a
//! peer chooses.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What a collection has counted since it was bound.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        #[non_exhaustive]
        pub struct CollectStats {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl CollectStats {
            /// Every counter with its name, in the order of the fields.
            pub fn named(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name),)*].into_iter()
            }
        }

        /// The same counters while they are counted.
        #[derive(Debug, Default)]
        pub(crate) struct Counts {
            $(pub(crate) $name: Count,)*
        }

        impl Counts {
            pub(crate) fn read(&self) -> CollectStats {
                CollectStats { $($name: self.$name.read(),)* }
            }
        }
    };
}

counts! {
    /// Transactions handed on, from spans and from log lines.
    transactions,
    /// Gauge samples handed on.
    gauges,
    /// Gauge samples of the host and of exporters dropped because the channel was full.
    gauges_dropped,
    /// Spans received.
    spans,
    /// Server spans rejected: they end before they start.
    spans_negative,
    /// Server spans rejected: they have no start or no end.
    spans_without_time,
    /// Server spans rejected: they end more than ten minutes from now.
    spans_in_future,
    /// Server spans rejected: they end before the year 2000.
    spans_too_old,
    /// Server spans that had come before: a sender sent them again.
    spans_duplicate,
    /// Spans without a trace or a span id; server spans among them count, but nothing can be joined to them.
    spans_without_id,
    /// Calls given up: their server span did not come within `join_wait`.
    calls_unjoined,
    /// Calls given up: they made room for newer ones.
    calls_crowded_out,
    /// Calls given up: their server span had been handed on before them.
    calls_late,
    /// Exceptions reported, of spans and of log records.
    exceptions,
    /// Exceptions beyond what one export may report.
    exceptions_dropped,
    /// Metric points received.
    points,
    /// Metric points of metrics that are not mapped to a gauge.
    points_ignored,
    /// Metric points rejected: they are of more than ten minutes from now.
    points_in_future,
    /// Log records received over OTLP.
    log_records,
    /// Log records of severity ERROR or FATAL with an exception; the others are not used.
    log_exceptions,
    /// Exports refused: not of their encoding, not of their compression, or more elements than their size allows.
    exports_malformed,
    /// Exports refused: longer than the limit.
    exports_too_large,
    /// Exports refused: of another content type or compression.
    exports_unsupported,
    /// Exports asked to come again: the channel or the number of exports in process was full.
    exports_refused,
    /// Exports given up: not sent whole in time.
    exports_timed_out,
    /// Connections closed at once: their number was at its limit.
    connections_refused,
    /// Series read of Prometheus exporters.
    scrape_series,
    /// Lines of exporters that are no series.
    scrape_lines_unparsed,
    /// Scrapes that failed: no answer, not in time, or beyond a limit.
    scrape_failures,
    /// Log lines read.
    log_lines,
    /// Log lines that are not in their log's format.
    log_lines_unparsed,
    /// Log lines skipped for their length.
    log_lines_too_long,
    /// Log files renamed and created anew.
    log_rotations,
    /// Log files that became shorter, or other at their start.
    log_truncations,
    /// Log files that vanished before they were read to their end.
    log_files_lost,
    /// Log files or checkpoints that could not be read or written, per attempt.
    log_failures,
}

/// One counter.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self, n: usize) {
        self.0.fetch_add(n as u64, Ordering::Relaxed);
    }

    fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_read_by_name() {
        let counts = Counts::default();
        counts.spans.add(3);
        let named: Vec<_> = counts
            .read()
            .named()
            .filter(|(_, value)| *value != 0)
            .collect();
        assert_eq!(named, [("spans", 3)]);
    }
}

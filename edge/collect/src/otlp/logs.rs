//! Log records: those that tell of an exception at severity ERROR or FATAL are counted, reported, and mark the
//! transaction of their trace failed. Nothing else of a record is kept.

use bongsu_sdk_model::Timestamp;
use opentelemetry_proto::tonic::{
    collector::logs::v1::ExportLogsServiceRequest,
    logs::v1::{LogRecord, SeverityNumber},
};

use super::{
    attributes::{Attributes, sender},
    exceptions::{self, Part},
};
use crate::ExceptionReport;

/// What an export came to.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) received: usize,
    pub(super) exceptions: usize,
    /// Where they happened, as far as they say so.
    pub(super) parts: Vec<Part>,
    pub(super) reports: Vec<ExceptionReport>,
    /// Exceptions beyond what one export may report.
    pub(super) dropped: usize,
}

/// The exceptions of an export; records without a time are of `now`.
pub(super) fn take(export: &ExportLogsServiceRequest, now: Timestamp) -> Taken {
    let mut taken = Taken::default();
    for resource in &export.resource_logs {
        let sender = sender(resource.resource.as_ref());
        for record in resource
            .scope_logs
            .iter()
            .flat_map(|scope| &scope.log_records)
        {
            taken.received += 1;
            if !is_exception(record) {
                continue;
            }
            taken.exceptions += 1;
            let Some((app, instance)) = &sender else {
                continue;
            };
            let trace = <[u8; 16]>::try_from(record.trace_id.as_slice()).ok();
            let trace = trace.filter(|id| *id != [0; 16]);
            if let Some(trace) = trace {
                taken.parts.push((app.clone(), instance.clone(), trace));
            }
            if taken.reports.len() >= exceptions::MOST_OF_ONE_EXPORT {
                taken.dropped += 1;
                continue;
            }
            let at = match record.time_unix_nano.max(record.observed_time_unix_nano) {
                0 => now,
                nanos => Timestamp::from_ms(i64::try_from(nanos / 1_000_000).unwrap_or(i64::MAX)),
            };
            let attributes = Attributes(&record.attributes);
            let report = exceptions::report(attributes, app, instance, trace, at.min(now));
            taken.reports.push(report);
        }
    }
    taken
}

/// Severity numbers from ERROR on, FATAL above it, are failures (OpenTelemetry logs data model).
fn is_exception(record: &LogRecord) -> bool {
    let names = [
        "exception.type",
        "exception.message",
        "exception.stacktrace",
    ];
    record.severity_number >= SeverityNumber::Error as i32
        && Attributes(&record.attributes).has(&names)
}

//! Log records: those that tell of an exception at severity ERROR or FATAL are counted, and mark the
//! transaction of their trace failed. Nothing of a record is kept, neither its text nor its stack.

use opentelemetry_proto::tonic::{
    collector::logs::v1::ExportLogsServiceRequest,
    logs::v1::{LogRecord, SeverityNumber},
};

use super::{
    attributes::{Attributes, sender},
    exceptions::Part,
};

/// What an export came to.
#[derive(Debug, Default)]
pub(super) struct Taken {
    pub(super) received: usize,
    pub(super) exceptions: usize,
    /// Where they happened, as far as they say so.
    pub(super) parts: Vec<Part>,
}

/// The exceptions of an export.
pub(super) fn take(export: &ExportLogsServiceRequest) -> Taken {
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
            let trace = <[u8; 16]>::try_from(record.trace_id.as_slice()).ok();
            if let (Some((app, instance)), Some(trace)) =
                (&sender, trace.filter(|id| *id != [0; 16]))
            {
                taken.parts.push((app.clone(), instance.clone(), trace));
            }
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

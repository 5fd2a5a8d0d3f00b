//! The fields of OTLP that are read, by their name in JSON, with their number and type in protobuf
//! (`opentelemetry/proto/*/v1/*.proto`). What is not here is skipped.

use super::super::Signal;

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// `string`.
    Text,
    /// `bytes` that are an id, in hex.
    Hex,
    /// `bool`.
    Bool,
    /// An enumeration, by number.
    Enum,
    /// `int64`.
    Int,
    /// `fixed64`.
    Fixed,
    /// `sfixed64`.
    SignedFixed,
    /// `double`.
    Double,
    /// A message.
    One(&'static [Field]),
    /// Messages.
    Many(&'static [Field]),
}

/// One field of a message.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) number: u64,
    pub(super) kind: Kind,
}

/// The fields of the export of `signal`.
pub(super) const fn of(signal: Signal) -> &'static [Field] {
    match signal {
        Signal::Traces => TRACES,
        Signal::Metrics => METRICS,
        Signal::Logs => LOGS,
    }
}

const fn field(name: &'static str, number: u64, kind: Kind) -> Field {
    Field { name, number, kind }
}

const TRACES: &[Field] = &[field("resourceSpans", 1, Kind::Many(RESOURCE_SPANS))];
const RESOURCE_SPANS: &[Field] = &[
    field("resource", 1, Kind::One(RESOURCE)),
    field("scopeSpans", 2, Kind::Many(SCOPE_SPANS)),
];
const SCOPE_SPANS: &[Field] = &[field("spans", 2, Kind::Many(SPAN))];
const SPAN: &[Field] = &[
    field("traceId", 1, Kind::Hex),
    field("spanId", 2, Kind::Hex),
    field("parentSpanId", 4, Kind::Hex),
    field("name", 5, Kind::Text),
    field("kind", 6, Kind::Enum),
    field("startTimeUnixNano", 7, Kind::Fixed),
    field("endTimeUnixNano", 8, Kind::Fixed),
    field("attributes", 9, Kind::Many(KEY_VALUE)),
    field("events", 11, Kind::Many(EVENT)),
    field("status", 15, Kind::One(STATUS)),
];
const EVENT: &[Field] = &[field("name", 2, Kind::Text)];
const STATUS: &[Field] = &[field("code", 3, Kind::Enum)];

const METRICS: &[Field] = &[field("resourceMetrics", 1, Kind::Many(RESOURCE_METRICS))];
const RESOURCE_METRICS: &[Field] = &[
    field("resource", 1, Kind::One(RESOURCE)),
    field("scopeMetrics", 2, Kind::Many(SCOPE_METRICS)),
];
const SCOPE_METRICS: &[Field] = &[field("metrics", 2, Kind::Many(METRIC))];
const METRIC: &[Field] = &[
    field("name", 1, Kind::Text),
    field("gauge", 5, Kind::One(NUMBERS)),
    field("sum", 7, Kind::One(NUMBERS)),
    field("histogram", 9, Kind::One(COUNTED)),
    field("exponentialHistogram", 10, Kind::One(COUNTED)),
    field("summary", 11, Kind::One(COUNTED)),
];
const NUMBERS: &[Field] = &[field("dataPoints", 1, Kind::Many(NUMBER_POINT))];
const NUMBER_POINT: &[Field] = &[
    field("timeUnixNano", 3, Kind::Fixed),
    field("asDouble", 4, Kind::Double),
    field("asInt", 6, Kind::SignedFixed),
    field("attributes", 7, Kind::Many(KEY_VALUE)),
];
/// Points that are not read, only counted.
const COUNTED: &[Field] = &[field("dataPoints", 1, Kind::Many(&[]))];

const LOGS: &[Field] = &[field("resourceLogs", 1, Kind::Many(RESOURCE_LOGS))];
const RESOURCE_LOGS: &[Field] = &[
    field("resource", 1, Kind::One(RESOURCE)),
    field("scopeLogs", 2, Kind::Many(SCOPE_LOGS)),
];
const SCOPE_LOGS: &[Field] = &[field("logRecords", 2, Kind::Many(LOG_RECORD))];
const LOG_RECORD: &[Field] = &[
    field("severityNumber", 2, Kind::Enum),
    field("attributes", 6, Kind::Many(KEY_VALUE)),
    field("traceId", 9, Kind::Hex),
];

const RESOURCE: &[Field] = &[field("attributes", 1, Kind::Many(KEY_VALUE))];
const KEY_VALUE: &[Field] = &[
    field("key", 1, Kind::Text),
    field("value", 2, Kind::One(ANY_VALUE)),
];
const ANY_VALUE: &[Field] = &[
    field("stringValue", 1, Kind::Text),
    field("boolValue", 2, Kind::Bool),
    field("intValue", 3, Kind::Int),
    field("doubleValue", 4, Kind::Double),
];

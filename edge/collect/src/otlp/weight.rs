//! What a protobuf message will take in memory once decoded, found without decoding it.
//!
//! An empty span is 2 bytes on the wire and hundreds in memory, so a limit on the message's length alone
//! lets 4 MiB (4 KiB compressed) become half a gigabyte. One pass over the wire form, which allocates
//! nothing, adds up the elements that cost most; the rest costs no more than its own length.

use std::mem::size_of;

use bongsu_sdk_model::Transaction;
use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, EntityRef, KeyValue},
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
    metrics::v1::{
        Exemplar, ExponentialHistogramDataPoint, HistogramDataPoint, Metric, NumberDataPoint,
        ResourceMetrics, ScopeMetrics, SummaryDataPoint, summary_data_point::ValueAtQuantile,
    },
    trace::v1::{
        ResourceSpans, ScopeSpans, Span,
        span::{Event, Link},
    },
};

use super::{Refusal, exceptions::Part, joins::Node};
use crate::SpanRecord;

/// Deepest nesting, as in the decoder.
const DEPTH: usize = 100;

/// A kind of message: what one takes in memory, and which of its fields are messages worth weighing.
pub(super) struct Shape {
    bytes: usize,
    fields: &'static [(u64, &'static Self)],
}

macro_rules! shapes {
    ($($(#[$doc:meta])* $vis:vis $name:ident = $bytes:expr, [$($field:literal $of:ident),*];)*) => {
        $($(#[$doc])* $vis static $name: Shape =
            Shape { bytes: $bytes, fields: &[$(($field, &$of)),*] };)*
    };
}

shapes! {
    /// `ExportTraceServiceRequest`. A span may also become a transaction, and is remembered.
    pub(super) TRACES = 0, [1 RESOURCE_SPANS];
    RESOURCE_SPANS = size_of::<ResourceSpans>(), [1 RESOURCE, 2 SCOPE_SPANS];
    SCOPE_SPANS = size_of::<ScopeSpans>(), [1 SCOPE, 2 SPAN];
    SPAN = size_of::<Span>() + size_of::<Transaction>() + size_of::<Node>() + size_of::<SpanRecord>(),
        [9 KEY_VALUE, 11 EVENT, 13 LINK];
    EVENT = size_of::<Event>(), [3 KEY_VALUE];
    LINK = size_of::<Link>(), [4 KEY_VALUE];

    /// `ExportMetricsServiceRequest`.
    pub(super) METRICS = 0, [1 RESOURCE_METRICS];
    RESOURCE_METRICS = size_of::<ResourceMetrics>(), [1 RESOURCE, 2 SCOPE_METRICS];
    SCOPE_METRICS = size_of::<ScopeMetrics>(), [1 SCOPE, 2 METRIC];
    METRIC = size_of::<Metric>(), [5 NUMBERS, 7 NUMBERS, 9 HISTOGRAM, 10 EXPONENTIAL, 11 SUMMARY, 12 KEY_VALUE];
    NUMBERS = 0, [1 NUMBER_POINT];
    NUMBER_POINT = size_of::<NumberDataPoint>(), [5 EXEMPLAR, 7 KEY_VALUE];
    HISTOGRAM = 0, [1 HISTOGRAM_POINT];
    HISTOGRAM_POINT = size_of::<HistogramDataPoint>(), [8 EXEMPLAR, 9 KEY_VALUE];
    EXPONENTIAL = 0, [1 EXPONENTIAL_POINT];
    EXPONENTIAL_POINT = size_of::<ExponentialHistogramDataPoint>(), [1 KEY_VALUE, 11 EXEMPLAR];
    SUMMARY = 0, [1 SUMMARY_POINT];
    SUMMARY_POINT = size_of::<SummaryDataPoint>(), [6 QUANTILE, 7 KEY_VALUE];
    QUANTILE = size_of::<ValueAtQuantile>(), [];
    EXEMPLAR = size_of::<Exemplar>(), [7 KEY_VALUE];

    /// `ExportLogsServiceRequest`.
    pub(super) LOGS = 0, [1 RESOURCE_LOGS];
    RESOURCE_LOGS = size_of::<ResourceLogs>(), [1 RESOURCE, 2 SCOPE_LOGS];
    SCOPE_LOGS = size_of::<ScopeLogs>(), [1 SCOPE, 2 LOG_RECORD];
    LOG_RECORD = size_of::<LogRecord>() + size_of::<Part>(), [5 ANY_VALUE, 6 KEY_VALUE];

    RESOURCE = 0, [1 KEY_VALUE, 3 ENTITY];
    ENTITY = size_of::<EntityRef>(), [3 TEXT, 4 TEXT];
    TEXT = size_of::<String>(), [];
    SCOPE = 0, [3 KEY_VALUE];
    KEY_VALUE = size_of::<KeyValue>(), [2 ANY_VALUE];
    ANY_VALUE = 0, [5 ARRAY, 6 LIST];
    ARRAY = 0, [1 ARRAY_ITEM];
    ARRAY_ITEM = size_of::<AnyValue>(), [5 ARRAY, 6 LIST];
    LIST = 0, [1 KEY_VALUE];
}

impl Shape {
    /// Adds up what `message` will take; refuses it beyond `budget` bytes, or when it is not protobuf.
    pub(super) fn weigh(&self, message: &[u8], budget: usize) -> Result<(), Refusal> {
        let mut left = budget;
        self.descend(message, &mut left, DEPTH)
    }

    fn descend(&self, mut message: &[u8], left: &mut usize, depth: usize) -> Result<(), Refusal> {
        const GARBAGE: Refusal = Refusal::Malformed("not protobuf");
        let depth = depth
            .checked_sub(1)
            .ok_or(Refusal::Malformed("nested too deeply"))?;
        while !message.is_empty() {
            let tag = varint(&mut message).ok_or(GARBAGE)?;
            let skip = match tag & 7 {
                0 => varint(&mut message).map(|_| 0),
                1 => Some(8),
                2 => varint(&mut message).and_then(|length| usize::try_from(length).ok()),
                5 => Some(4),
                _ => None,
            };
            let (value, rest) = skip
                .and_then(|length| message.split_at_checked(length))
                .ok_or(GARBAGE)?;
            message = rest;
            let field = self.fields.iter().find(|(field, _)| tag == field << 3 | 2);
            if let Some((_, shape)) = field {
                *left = left
                    .checked_sub(shape.bytes)
                    .ok_or(Refusal::Malformed("too many elements for its length"))?;
                shape.descend(value, left, depth)?;
            }
        }
        Ok(())
    }
}

/// Takes a base-128 number of at most ten bytes off the front.
fn varint(message: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..70).step_by(7) {
        let (byte, rest) = message.split_first()?;
        *message = rest;
        value |= u64::from(byte & 0x7f) << shift.min(63);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::{
        collector::trace::v1::ExportTraceServiceRequest,
        common::v1::{ArrayValue, any_value::Value},
    };
    use prost::Message;

    use super::*;

    fn spans(span: &Span, count: usize) -> Vec<u8> {
        let scope_spans = vec![ScopeSpans {
            spans: vec![span.clone(); count],
            ..Default::default()
        }];
        let resource_spans = vec![ResourceSpans {
            scope_spans,
            ..Default::default()
        }];
        ExportTraceServiceRequest { resource_spans }.encode_to_vec()
    }

    #[test]
    fn empty_spans_weigh_what_they_become() {
        let one = SPAN.bytes;
        let around = size_of::<ResourceSpans>() + size_of::<ScopeSpans>();
        let message = spans(&Span::default(), 1_000);
        assert_eq!(TRACES.weigh(&message, around + 1_000 * one), Ok(()));
        assert_eq!(
            TRACES.weigh(&message, around + 1_000 * one - 1),
            Err(Refusal::Malformed("too many elements for its length"))
        );
    }

    #[test]
    fn nesting_is_bounded() {
        let mut value = AnyValue {
            value: Some(Value::IntValue(1)),
        };
        for _ in 0..60 {
            value = AnyValue {
                value: Some(Value::ArrayValue(ArrayValue {
                    values: vec![value],
                })),
            };
        }
        let attributes = vec![KeyValue {
            key: "k".to_owned(),
            value: Some(value),
            ..Default::default()
        }];
        let message = spans(
            &Span {
                attributes,
                ..Default::default()
            },
            1,
        );
        assert_eq!(
            TRACES.weigh(&message, usize::MAX),
            Err(Refusal::Malformed("nested too deeply"))
        );
    }

    #[test]
    fn garbage_is_refused_and_never_panics() {
        let garbage = Err(Refusal::Malformed("not protobuf"));
        assert_eq!(TRACES.weigh(&[0xff; 32], usize::MAX), garbage);
        assert_eq!(TRACES.weigh(&[0x0a, 0x7f, 1], usize::MAX), garbage);
        assert_eq!(TRACES.weigh(&[0x0b], usize::MAX), garbage);
        let message = spans(
            &Span {
                name: "n".to_owned(),
                ..Default::default()
            },
            3,
        );
        for length in 0..message.len() {
            let cut = TRACES.weigh(&message[..length], usize::MAX);
            assert!(length == 0 || cut == garbage, "{length}");
        }
    }
}

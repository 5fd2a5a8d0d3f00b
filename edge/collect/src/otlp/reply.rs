//! What a taken export is answered: nothing, or how much of it was rejected and why.

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::{
    logs::v1::{ExportLogsPartialSuccess, ExportLogsServiceResponse},
    metrics::v1::{ExportMetricsPartialSuccess, ExportMetricsServiceResponse},
    trace::v1::{ExportTracePartialSuccess, ExportTraceServiceResponse},
};
use prost::Message;
use serde_json::json;

use super::{Encoding, Signal};

/// The part of an export that was not taken.
#[derive(Debug)]
pub(super) struct Rejected {
    pub(super) count: usize,
    pub(super) why: String,
}

/// The response of `signal`: empty if all was taken, else with its `partial_success`.
pub(super) fn encode(signal: Signal, encoding: Encoding, rejected: Option<Rejected>) -> Bytes {
    let partial = rejected.map(|Rejected { count, why }| {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        (count, why)
    });
    match encoding {
        Encoding::Protobuf => protobuf(signal, partial).into(),
        Encoding::Json => json(signal, partial).into(),
    }
}

fn protobuf(signal: Signal, partial: Option<(i64, String)>) -> Vec<u8> {
    match signal {
        Signal::Traces => ExportTraceServiceResponse {
            partial_success: partial.map(|(rejected_spans, error_message)| {
                ExportTracePartialSuccess {
                    rejected_spans,
                    error_message,
                }
            }),
        }
        .encode_to_vec(),
        Signal::Metrics => ExportMetricsServiceResponse {
            partial_success: partial.map(|(rejected_data_points, error_message)| {
                ExportMetricsPartialSuccess {
                    rejected_data_points,
                    error_message,
                }
            }),
        }
        .encode_to_vec(),
        Signal::Logs => ExportLogsServiceResponse {
            partial_success: partial.map(|(rejected_log_records, error_message)| {
                ExportLogsPartialSuccess {
                    rejected_log_records,
                    error_message,
                }
            }),
        }
        .encode_to_vec(),
    }
}

/// 64-bit integers are text in the protobuf JSON mapping.
fn json(signal: Signal, partial: Option<(i64, String)>) -> String {
    let Some((count, why)) = partial else {
        return "{}".to_owned();
    };
    let rejected = match signal {
        Signal::Traces => "rejectedSpans",
        Signal::Metrics => "rejectedDataPoints",
        Signal::Logs => "rejectedLogRecords",
    };
    json!({"partialSuccess": {rejected: count.to_string(), "errorMessage": why}}).to_string()
}

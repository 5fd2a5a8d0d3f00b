//! `google.rpc.Status` and `RetryInfo`, the details that OTLP asks of a refusal (`google/rpc/status.proto`,
//! `google/rpc/error_details.proto`; OTLP specification, "Failures" and "OTLP/gRPC Throttling").
//!
//! Four messages of ten fields stand here rather than a dependency that generates them.

use std::time::Duration;

use prost::Message;
use serde_json::json;

use super::Encoding;

/// The body of a refusal over HTTP, and `grpc-status-details-bin` over gRPC.
#[derive(Clone, PartialEq, Message)]
pub(super) struct RpcStatus {
    #[prost(int32, tag = "1")]
    pub(super) code: i32,
    #[prost(string, tag = "2")]
    pub(super) message: String,
    #[prost(message, repeated, tag = "3")]
    pub(super) details: Vec<Any>,
}

/// A message with the name of its type.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Any {
    #[prost(string, tag = "1")]
    pub(super) type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) value: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<Seconds>,
}

/// `google.protobuf.Duration` of whole seconds.
#[derive(Clone, Copy, PartialEq, Message)]
struct Seconds {
    #[prost(int64, tag = "1")]
    seconds: i64,
}

impl RpcStatus {
    pub(super) fn new(code: tonic::Code, message: String, retry: Option<Duration>) -> Self {
        let details = retry.map(|delay| {
            let seconds = i64::try_from(delay.as_secs()).unwrap_or(i64::MAX);
            Any {
                type_url: "type.googleapis.com/google.rpc.RetryInfo".to_owned(),
                value: RetryInfo {
                    retry_delay: Some(Seconds { seconds }),
                }
                .encode_to_vec(),
            }
        });
        Self {
            code: code as i32,
            message,
            details: details.into_iter().collect(),
        }
    }

    /// The status as the body of an answer over HTTP. In JSON the retry stands in `Retry-After` alone.
    pub(super) fn body(&self, encoding: Encoding) -> Vec<u8> {
        match encoding {
            Encoding::Protobuf => self.encode_to_vec(),
            Encoding::Json => json!({"code": self.code, "message": self.message})
                .to_string()
                .into_bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_of_one_second_has_the_bytes_of_the_specification() {
        let status = RpcStatus::new(
            tonic::Code::Unavailable,
            "x".to_owned(),
            Some(Duration::from_secs(1)),
        );
        let mut wire = vec![0x08, 14, 0x12, 1, b'x', 0x1a, 48, 0x0a, 40];
        wire.extend(b"type.googleapis.com/google.rpc.RetryInfo");
        wire.extend([0x12, 4, 0x0a, 2, 0x08, 1]);
        assert_eq!(status.encode_to_vec(), wire);
    }
}

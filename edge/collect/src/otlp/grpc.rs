//! OTLP over gRPC: framing, compression and statuses. The messages pass through as bytes.

use std::{pin::Pin, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::Response,
    routing::post,
};
use bytes::{Buf, BufMut, Bytes};
use prost::Message;
use tonic::{
    Code, Status,
    codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder},
    server::{Grpc, UnaryService},
};

use super::{Collector, Encoding, Protocol, RETRY_AFTER, Refusal, Signal, rpc_status::RpcStatus};
use crate::config::Limits;

const TRACES: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const METRICS: &str = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
const LOGS: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";

#[derive(Debug, Clone)]
struct Method {
    collector: Arc<Collector>,
    limit: usize,
    signal: Signal,
}

/// The three `Export` methods; every other is unimplemented.
pub(super) fn router(collector: Arc<Collector>, limits: Limits) -> Router {
    let method = |signal| Method {
        collector: collector.clone(),
        limit: limits.message_bytes,
        signal,
    };
    Router::new()
        .route(TRACES, post(export).with_state(method(Signal::Traces)))
        .route(METRICS, post(export).with_state(method(Signal::Metrics)))
        .route(LOGS, post(export).with_state(method(Signal::Logs)))
        .fallback(async || {
            Status::unimplemented("only traces, metrics and logs are taken").into_http::<Body>()
        })
}

async fn export(State(method): State<Method>, request: Request) -> Response {
    let Method {
        collector,
        limit,
        signal,
    } = method;
    let mut refused = None;
    let call = Export {
        collector: &collector,
        signal,
        refused: Some(&mut refused),
    };
    let response = Grpc::new(Raw)
        .accept_compressed(CompressionEncoding::Gzip)
        .accept_compressed(CompressionEncoding::Zstd)
        .max_decoding_message_size(limit)
        .unary(call, request)
        .await;
    match refused.or_else(|| unread(&response, limit)) {
        Some(refusal) => collector.refuse(Protocol::Grpc, Encoding::Protobuf, &refusal),
        None => response.map(Body::new),
    }
}

/// Why tonic could not read the message, in our words: it says `OUT_OF_RANGE` or `RESOURCE_EXHAUSTED` of one
/// that is too long, and `INTERNAL`, which blames the server, of one that is garbled.
fn unread<B>(response: &axum::http::Response<B>, limit: usize) -> Option<Refusal> {
    match Status::from_header_map(response.headers())?.code() {
        Code::Ok => None,
        Code::OutOfRange | Code::ResourceExhausted => Some(Refusal::TooLarge { limit }),
        Code::Unimplemented => Some(Refusal::Unsupported(
            "no compression but gzip and zstd is supported",
        )),
        _ => Some(Refusal::Malformed(
            "not one gRPC message, or not of its compression",
        )),
    }
}

/// The refusal as a status with details.
pub(super) fn refusal(refusal: &Refusal) -> Response {
    status(refusal).into_http()
}

fn status(refusal: &Refusal) -> Status {
    let (code, retry) = match refusal {
        Refusal::Malformed(_) => (Code::InvalidArgument, None),
        Refusal::TooLarge { .. } => (Code::ResourceExhausted, None),
        Refusal::Unsupported(_) => (Code::Unimplemented, None),
        Refusal::Busy => (Code::Unavailable, Some(RETRY_AFTER)),
        Refusal::TimedOut => (Code::DeadlineExceeded, None),
    };
    let details = RpcStatus::new(code, refusal.to_string(), retry).encode_to_vec();
    Status::with_details(code, refusal.to_string(), details.into())
}

/// One call of an `Export` method.
struct Export<'a> {
    collector: &'a Collector,
    signal: Signal,
    /// Where the refusal goes; there is one call.
    refused: Option<&'a mut Option<Refusal>>,
}

impl<'a> UnaryService<Bytes> for Export<'a> {
    type Response = Bytes;
    type Future = Pin<Box<dyn Future<Output = Result<tonic::Response<Bytes>, Status>> + Send + 'a>>;

    fn call(&mut self, request: tonic::Request<Bytes>) -> Self::Future {
        let accepted = self
            .collector
            .export(self.signal, Encoding::Protobuf, request.into_inner());
        let (refused, collector) = (self.refused.take(), self.collector);
        Box::pin(async move {
            let outcome = match accepted {
                Ok(accepted) => accepted.kept(collector).await,
                Err(refusal) => Err(refusal),
            };
            outcome.map(tonic::Response::new).map_err(|refusal| {
                let status = status(&refusal);
                if let Some(refused) = refused {
                    *refused = Some(refusal);
                }
                status
            })
        })
    }
}

/// A codec that leaves messages as they are.
#[derive(Debug, Clone, Copy)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.put(message);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}

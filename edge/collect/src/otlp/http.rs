//! OTLP over HTTP: `POST /v1/traces`, `/v1/metrics` and `/v1/logs` with a body of protobuf or JSON, plain, gzip or zstd. The
//! answer is written as the request was; refusals carry a `google.rpc.Status`, as the specification asks.

use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, State, rejection::BytesRejection},
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER as RETRY_AFTER_HEADER},
    },
    response::{IntoResponse, Response},
    routing::post,
};
use bytes::Bytes;
use tonic::Code;
use tower_http::decompression::RequestDecompressionLayer;

use super::{Collector, Encoding, Protocol, RETRY_AFTER, Refusal, Signal, rpc_status::RpcStatus};
use crate::config::Limits;

#[derive(Debug, Clone)]
struct Endpoint {
    collector: Arc<Collector>,
    limit: usize,
    signal: Signal,
}

/// The three endpoints. The limit is on the body after decompression, which stops at the limit.
pub(super) fn router(collector: Arc<Collector>, limits: Limits) -> Router {
    let endpoint = |signal| Endpoint {
        collector: collector.clone(),
        limit: limits.message_bytes,
        signal,
    };
    Router::new()
        .route(
            "/v1/traces",
            post(export).with_state(endpoint(Signal::Traces)),
        )
        .route(
            "/v1/metrics",
            post(export).with_state(endpoint(Signal::Metrics)),
        )
        .route("/v1/logs", post(export).with_state(endpoint(Signal::Logs)))
        .layer(DefaultBodyLimit::max(limits.message_bytes))
        .layer(RequestDecompressionLayer::new().pass_through_unaccepted(true))
        .fallback(async || {
            (
                StatusCode::NOT_FOUND,
                "OTLP is taken at /v1/traces, /v1/metrics and /v1/logs\n",
            )
        })
}

async fn export(
    State(endpoint): State<Endpoint>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let collector = &endpoint.collector;
    let encoding = Encoding::of(&headers);
    let accepted = encoding
        .ok_or(Refusal::Unsupported(
            "the body must be application/x-protobuf or application/json",
        ))
        .and_then(|encoding| {
            let message = whole(&headers, body, endpoint.limit)?;
            collector.export(endpoint.signal, encoding, message)
        });
    let encoding = encoding.unwrap_or(Encoding::Protobuf);
    let outcome = match accepted {
        Ok(accepted) => accepted.kept(collector).await,
        Err(refusal) => Err(refusal),
    };
    match outcome {
        Ok(response) => ([(CONTENT_TYPE, encoding.content_type())], response).into_response(),
        Err(refusal) => collector.refuse(Protocol::Http, encoding, &refusal),
    }
}

/// The body, once it was decompressed: the layer before us takes the header away with the compression.
fn whole(
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
    limit: usize,
) -> Result<Bytes, Refusal> {
    if headers
        .get(CONTENT_ENCODING)
        .is_some_and(|encoding| encoding != "identity")
    {
        return Err(Refusal::Unsupported(
            "no compression but gzip and zstd is supported",
        ));
    }
    body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Refusal::TooLarge { limit },
        _ => Refusal::Malformed("the body ended early, or is not of its compression"),
    })
}

/// The refusal as an HTTP status with a `google.rpc.Status`.
pub(super) fn refusal(encoding: Encoding, refusal: &Refusal) -> Response {
    let (http, code, retry) = match refusal {
        Refusal::Malformed(_) => (StatusCode::BAD_REQUEST, Code::InvalidArgument, None),
        Refusal::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, Code::ResourceExhausted, None),
        Refusal::Unsupported(_) => (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Code::Unimplemented,
            None,
        ),
        Refusal::Busy => (
            StatusCode::SERVICE_UNAVAILABLE,
            Code::Unavailable,
            Some(RETRY_AFTER),
        ),
        Refusal::TimedOut => (StatusCode::REQUEST_TIMEOUT, Code::DeadlineExceeded, None),
    };
    let body = RpcStatus::new(code, refusal.to_string(), retry).body(encoding);
    let kind = [(CONTENT_TYPE, encoding.content_type())];
    let mut response = (http, kind, body).into_response();
    if let Some(delay) = retry {
        response
            .headers_mut()
            .insert(RETRY_AFTER_HEADER, HeaderValue::from(delay.as_secs()));
    }
    response
}

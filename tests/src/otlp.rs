//! Requests that an application served, as its OpenTelemetry SDK reports them.

use std::sync::atomic::{AtomicU64, Ordering};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, KeyValue, any_value::Value},
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span, span::SpanKind},
};
use prost::Message as _;

/// One request.
#[derive(Debug, Clone)]
pub struct Visit {
    /// When it ended, milliseconds since the epoch.
    pub ended_ms: i64,
    /// Who: the first-party cookie.
    pub cookie: String,
    /// From which address.
    pub client: String,
    /// Its method.
    pub method: &'static str,
    /// Its path, which is its route too.
    pub path: &'static str,
    /// The status it was answered with.
    pub status: i64,
    /// The session's id and the user's, if the request carried them.
    pub session: Option<(String, String)>,
}

impl Visit {
    /// A `GET /list` that went well.
    #[must_use]
    pub fn of(cookie: &str, ended_ms: i64) -> Self {
        Self {
            ended_ms,
            cookie: cookie.to_owned(),
            client: "203.0.113.7".to_owned(),
            method: "GET",
            path: "/list",
            status: 200,
            session: None,
        }
    }

    /// A `POST /login` from `client` that was refused.
    #[must_use]
    pub fn refused_login(client: &str, ended_ms: i64) -> Self {
        Self {
            client: client.to_owned(),
            method: "POST",
            path: "/login",
            status: 401,
            ..Self::of("guesser", ended_ms)
        }
    }
}

/// No two requests have the same ids: an edge counts a span that comes again once.
static NEXT_SPAN: AtomicU64 = AtomicU64::new(1);

/// The visits as one export of the application `minwon`, in protobuf.
#[must_use]
pub fn encode(visits: &[Visit]) -> Vec<u8> {
    let resource = Resource {
        attributes: vec![
            text("service.name", "minwon"),
            text("service.instance.id", "was-1"),
        ],
        ..Resource::default()
    };
    let first = NEXT_SPAN.fetch_add(visits.len() as u64, Ordering::Relaxed);
    let spans = (first..)
        .zip(visits)
        .map(|(number, visit)| span(number, visit))
        .collect();
    let scope = ScopeSpans {
        spans,
        ..ScopeSpans::default()
    };
    let resource_spans = ResourceSpans {
        resource: Some(resource),
        scope_spans: vec![scope],
        ..ResourceSpans::default()
    };
    ExportTraceServiceRequest {
        resource_spans: vec![resource_spans],
    }
    .encode_to_vec()
}

fn span(number: u64, visit: &Visit) -> Span {
    let end = u64::try_from(visit.ended_ms).unwrap_or(0) * 1_000_000;
    Span {
        trace_id: u128::from(number).to_be_bytes().to_vec(),
        span_id: number.to_be_bytes().to_vec(),
        name: format!("{} {}", visit.method, visit.path),
        kind: SpanKind::Server.into(),
        start_time_unix_nano: end.saturating_sub(20_000_000),
        end_time_unix_nano: end,
        attributes: [
            text("http.request.method", visit.method),
            text("http.route", visit.path),
            text("url.path", visit.path),
            text("client.address", &visit.client),
            text("bongsu.cookie", &visit.cookie),
            attribute("http.response.status_code", Value::IntValue(visit.status)),
        ]
        .into_iter()
        .chain(
            visit
                .session
                .iter()
                .flat_map(|(session, user)| [text("session.id", session), text("user.id", user)]),
        )
        .collect(),
        ..Span::default()
    }
}

fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::StringValue(value.to_owned()))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    let value = Some(AnyValue { value: Some(value) });
    KeyValue {
        key: key.to_owned(),
        value,
        ..KeyValue::default()
    }
}

//! The same transactions as an OpenTelemetry SDK would send them to a Collector: OTLP/gRPC with zstd.
//!
//! A transaction is a server span with two database calls and one external call below it, since that is where its
//! SQL and external time come from; each with the attributes that the semantic conventions ask for and the
//! identities that Bongsu counts. Spans leave in batches of 512 per instance, the SDK's default, each batch
//! compressed for itself at zstd's default level, as gRPC does. HTTP/2 and TLS are left out on both sides.

use std::collections::BTreeMap;

use bongsu_sdk_model::Transaction;
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value},
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span, span::SpanKind},
};
use prost::Message as _;

const BATCH: usize = 512;
/// Length and flag before each gRPC message.
const GRPC_HEADER: usize = 5;
const LEVEL: i32 = 3;

/// Bytes on the wire, and spans.
pub(crate) fn bytes(transactions: &[Transaction], random: &mut fastrand::Rng) -> (usize, usize) {
    let mut spans: BTreeMap<(String, String), Vec<Span>> = BTreeMap::new();
    for transaction in transactions {
        let key = (
            transaction.app.to_string(),
            transaction.instance.to_string(),
        );
        spans
            .entry(key)
            .or_default()
            .extend(trace(transaction, random));
    }
    let (mut bytes, mut count) = (0, 0);
    for ((app, instance), spans) in spans {
        count += spans.len();
        for batch in spans.chunks(BATCH) {
            let message = export(&app, &instance, batch.to_vec()).encode_to_vec();
            let packed = zstd::bulk::compress(&message, LEVEL).expect("zstd");
            bytes += packed.len() + GRPC_HEADER;
        }
    }
    (bytes, count)
}

fn export(app: &str, instance: &str, spans: Vec<Span>) -> ExportTraceServiceRequest {
    let attributes = [
        ("service.name", app),
        ("service.instance.id", instance),
        ("service.version", "4.2.1"),
        ("telemetry.sdk.language", "java"),
        ("telemetry.sdk.name", "opentelemetry"),
        ("telemetry.sdk.version", "1.44.0"),
        ("host.name", instance),
        ("process.runtime.version", "17.0.9+9"),
    ];
    let resource = Resource {
        attributes: attributes.map(|(key, value)| text(key, value)).to_vec(),
        ..Resource::default()
    };
    let scope = ScopeSpans {
        scope: Some(InstrumentationScope {
            name: "io.opentelemetry.tomcat-10.0".into(),
            version: "2.10.0-alpha".into(),
            ..InstrumentationScope::default()
        }),
        spans,
        ..ScopeSpans::default()
    };
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(resource),
            scope_spans: vec![scope],
            ..ResourceSpans::default()
        }],
    }
}

/// A server span, two database calls and one external call.
fn trace(t: &Transaction, random: &mut fastrand::Rng) -> [Span; 4] {
    let trace_id = random.u128(..).to_be_bytes().to_vec();
    let end = t.ended.as_ms().unsigned_abs() * 1_000_000 + random.u64(..1_000_000);
    let start = end - t.duration_us * 1_000;
    let server = Span {
        trace_id: trace_id.clone(),
        span_id: random.u64(..).to_be_bytes().to_vec(),
        name: format!("{} {}", t.method, t.url),
        kind: SpanKind::Server.into(),
        start_time_unix_nano: start,
        end_time_unix_nano: end,
        attributes: request(t, random),
        ..Span::default()
    };
    let root = server.span_id.clone();
    let mut child = |name: &str, share: u64, attributes: Vec<KeyValue>| Span {
        trace_id: trace_id.clone(),
        span_id: random.u64(..).to_be_bytes().to_vec(),
        parent_span_id: root.clone(),
        name: name.into(),
        kind: SpanKind::Client.into(),
        start_time_unix_nano: start + random.u64(..t.duration_us * 200 + 1),
        end_time_unix_nano: start + t.duration_us * 1_000 / share,
        attributes,
        ..Span::default()
    };
    let area = t.url.as_str().split('/').nth(2).unwrap_or("page");
    let external = vec![
        text("http.request.method", "GET"),
        text("url.full", "http://auth.internal/token"),
        text("server.address", "auth.internal"),
        number("http.response.status_code", 200),
    ];
    [
        server,
        child("SELECT minwon", 3, sql(area)),
        child("SELECT minwon", 2, sql("members")),
        child("GET", 2, external),
    ]
}

fn request(t: &Transaction, random: &mut fastrand::Rng) -> Vec<KeyValue> {
    let client = t.client.map(|ip| ip.to_string()).unwrap_or_default();
    let agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)";
    vec![
        text("http.request.method", &t.method),
        text("http.route", t.url.as_str()),
        text("url.path", t.url.as_str()),
        text("url.scheme", "https"),
        text("server.address", "minwon.example.go.kr"),
        text("network.protocol.version", "1.1"),
        text("user_agent.original", agent),
        text("client.address", &client),
        text("session.id", t.session.as_deref().unwrap_or_default()),
        text("bongsu.cookie", t.cookie.as_deref().unwrap_or_default()),
        number("http.response.status_code", t.status.into()),
        number("http.response.body.size", t.response_bytes.cast_signed()),
        number("thread.id", random.i64(20..220)),
    ]
}

fn sql(table: &str) -> Vec<KeyValue> {
    vec![
        text("db.system", "postgresql"),
        text("db.namespace", "minwon"),
        text("db.operation.name", "SELECT"),
        text(
            "db.query.text",
            &format!("SELECT * FROM {table} WHERE id = ?"),
        ),
        text("server.address", "db-1"),
    ]
}

fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::StringValue(value.to_owned()))
}

fn number(key: &str, value: i64) -> KeyValue {
    attribute(key, Value::IntValue(value))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

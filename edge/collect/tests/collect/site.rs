//! A running collection and what its senders need.

use std::{
    io::Write,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bongsu_edge_collect::{Collected, Config, Handle};
use bongsu_sdk_config::{Faults, Section};
use bongsu_sdk_model::{ManualClock, Timestamp, Transaction};
use flate2::{Compression, write::GzEncoder};
use opentelemetry_proto::tonic::{
    collector::trace::v1::{ExportTraceServiceRequest, trace_service_client::TraceServiceClient},
    common::v1::{AnyValue, KeyValue, any_value::Value},
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span, span::SpanKind},
};
use prost::Message;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc::{self, Receiver},
};
use tonic::transport::Channel;

pub(crate) const NOW_MS: u64 = 1_800_000_000_000;

/// Every span of these tests is another.
static SPANS: AtomicU64 = AtomicU64::new(1);

pub(crate) struct Site {
    pub(crate) handle: Handle,
    pub(crate) batches: Receiver<Vec<Collected>>,
}

impl Site {
    /// Both listeners on free ports, the host not sampled, a channel of `capacity` batches.
    pub(crate) async fn start(config: &str, capacity: usize) -> Self {
        let faults = Faults::default();
        let text =
            format!("grpc = \"127.0.0.1:0\"\nhttp = \"127.0.0.1:0\"\nhost = false\n{config}");
        let config = Config::read(Section::parse(&text, &faults));
        assert_eq!(faults.lines(), [""; 0]);
        let (sink, batches) = mpsc::channel(capacity);
        let clock = ManualClock::at(Timestamp::from_ms(NOW_MS.try_into().unwrap()));
        let handle = bongsu_edge_collect::bind(config, Arc::new(clock), sink)
            .await
            .unwrap();
        Self { handle, batches }
    }

    pub(crate) async fn client(&self) -> TraceServiceClient<Channel> {
        TraceServiceClient::connect(format!("http://{}", self.handle.grpc_addr()))
            .await
            .unwrap()
    }

    /// The next `count` transactions.
    pub(crate) async fn transactions(&mut self, count: usize) -> Vec<Transaction> {
        let mut transactions = Vec::new();
        while transactions.len() < count {
            let batch = self.batches.recv().await.unwrap();
            transactions.extend(batch.into_iter().filter_map(|one| match one {
                Collected::Transaction(transaction) => Some(*transaction),
                Collected::Gauge { .. } => panic!("no gauge was sent"),
                _ => None,
            }));
        }
        assert_eq!(transactions.len(), count);
        transactions
    }

    /// An export is taken and comes out: the site is well.
    pub(crate) async fn check(&mut self) {
        self.client()
            .await
            .export(export(vec![server_span("/health")]))
            .await
            .unwrap();
        let taken = self.transactions(1).await;
        assert_eq!(taken[0].url.as_str(), "/health");
        let body = export(vec![server_span("/health")]).encode_to_vec();
        assert_eq!(
            post(self.handle.http_addr(), "/v1/traces", PROTOBUF, &body)
                .await
                .status,
            200
        );
        self.transactions(1).await;
    }
}

pub(crate) fn attribute(key: &str, text: &str) -> KeyValue {
    let value = Some(AnyValue {
        value: Some(Value::StringValue(text.to_owned())),
    });
    KeyValue {
        key: key.to_owned(),
        value,
        ..Default::default()
    }
}

pub(crate) fn server_span(path: &str) -> Span {
    Span {
        trace_id: vec![1; 16],
        span_id: SPANS.fetch_add(1, Ordering::Relaxed).to_be_bytes().to_vec(),
        name: "GET".to_owned(),
        kind: SpanKind::Server as i32,
        start_time_unix_nano: (NOW_MS - 20) * 1_000_000,
        end_time_unix_nano: NOW_MS * 1_000_000,
        attributes: vec![
            attribute("http.request.method", "GET"),
            attribute("url.path", path),
        ],
        ..Default::default()
    }
}

pub(crate) fn export(spans: Vec<Span>) -> ExportTraceServiceRequest {
    let resource = Resource {
        attributes: vec![attribute("service.name", "shop")],
        ..Default::default()
    };
    let scope_spans = vec![ScopeSpans {
        spans,
        ..Default::default()
    }];
    let resource_spans = vec![ResourceSpans {
        resource: Some(resource),
        scope_spans,
        ..Default::default()
    }];
    ExportTraceServiceRequest { resource_spans }
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 19).unwrap()
}

pub(crate) const PROTOBUF: &str = "content-type: application/x-protobuf\r\n";
pub(crate) const GZIP: &str = "content-type: application/x-protobuf\r\ncontent-encoding: gzip\r\n";

pub(crate) const ZSTD: &str = "content-type: application/x-protobuf\r\ncontent-encoding: zstd\r\n";
pub(crate) const JSON: &str = "content-type: application/json\r\n";
pub(crate) const GZIP_JSON: &str =
    "content-type: application/json; charset=utf-8\r\ncontent-encoding: gzip\r\n";

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: String,
    pub(crate) body: Vec<u8>,
}

/// One request on a connection of its own.
pub(crate) async fn post(to: SocketAddr, path: &str, headers: &str, body: &[u8]) -> Answer {
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: edge\r\nconnection: close\r\n{headers}content-length: {length}\r\n\r\n"
    );
    let mut stream = TcpStream::connect(to).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    // The server may answer, and close, before it has read everything.
    let _ = stream.write_all(body).await;
    answer(&mut stream).await
}

/// Reads an answer to its end.
pub(crate) async fn answer(stream: &mut TcpStream) -> Answer {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4_096];
    while let Ok(length @ 1..) = stream.read(&mut chunk).await {
        bytes.extend_from_slice(&chunk[..length]);
    }
    let end = bytes
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .expect("an HTTP answer");
    let headers = String::from_utf8(bytes[..end].to_vec())
        .unwrap()
        .to_ascii_lowercase();
    let status = headers.split(' ').nth(1).unwrap().parse().unwrap();
    Answer {
        status,
        headers,
        body: bytes[end + 4..].to_vec(),
    }
}

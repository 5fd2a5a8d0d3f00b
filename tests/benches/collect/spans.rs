//! OTLP/gRPC spans, beside the OpenTelemetry Collector's core.

use std::{
    env, fs,
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, SystemTime},
};

use anyhow::{Context as _, Result};
use opentelemetry_proto::tonic::{
    collector::trace::v1::{ExportTraceServiceRequest, trace_service_client::TraceServiceClient},
    common::v1::{AnyValue, KeyValue, any_value::Value},
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span, span::SpanKind},
};
use tonic::transport::Channel;

use crate::{
    Extent,
    figure::{self, Bar},
    process::Process,
};

/// Traces of one export; each is a server span, an internal one, a statement and a call.
const TRACES: u64 = 125;
const SPANS: usize = 500;
const CONNECTIONS: usize = 8;

pub(crate) fn measure(extent: Extent) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let collector = env::var_os("BONGSU_COLLECTOR");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..extent.runs {
        let config = "grpc = \"127.0.0.1:0\"\nhttp = \"127.0.0.1:0\"\nhost = false\n";
        let mut command = Command::new(env::current_exe()?);
        let mut process = Process::start(command.args(["--serve", config]).stderr(Stdio::null()))?;
        let address = process.line()?;
        ours.push(runtime.block_on(load(&process, &address, extent.exports))?);
        if let Some(collector) = &collector {
            let (process, address) = start_collector(Path::new(collector))?;
            theirs.push(runtime.block_on(load(&process, &address, extent.exports))?);
        }
    }
    let peer = if theirs.is_empty() {
        ""
    } else {
        "otel collector core, nop exporter"
    };
    if !theirs.is_empty() {
        let ratio = ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs);
        figure::print(
            "otlp_grpc_spans_vs_collector",
            "ratio",
            peer,
            Bar::AtLeast(1.0),
            ratio.collect(),
        );
        figure::print(
            "collector_spans_per_cpu_second",
            "spans/s",
            peer,
            Bar::None,
            theirs,
        );
    }
    figure::print(
        "otlp_grpc_spans_per_cpu_second",
        "spans/s",
        peer,
        Bar::None,
        ours,
    );
    Ok(())
}

fn start_collector(program: &Path) -> Result<(Process, String)> {
    let free = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let dir = tempfile::tempdir()?;
    let config = dir.path().join("collector.yaml");
    fs::write(
        &config,
        format!(
            "receivers: {{otlp: {{protocols: {{grpc: {{endpoint: \"{free}\"}}}}}}}}\nexporters: {{nop: {{}}}}\n\
             service:\n  telemetry: {{metrics: {{level: none}}, logs: {{level: error}}}}\n\
             \x20 pipelines: {{traces: {{receivers: [otlp], exporters: [nop]}}}}\n"
        ),
    )?;
    let mut command = Command::new(program);
    command.args(["--config", &format!("file:{}", config.display())]);
    let process = Process::start(command.stderr(Stdio::null()))?;
    let until = SystemTime::now() + Duration::from_secs(30);
    while std::net::TcpStream::connect(free).is_err() {
        anyhow::ensure!(SystemTime::now() < until, "the collector does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok((process, free.to_string()))
}

/// Sends `exports` exports after a warm-up; gives spans per second of the receiver's CPU.
async fn load(process: &Process, address: &str, exports: usize) -> Result<f64> {
    let endpoint = Channel::from_shared(format!("http://{address}"))?;
    let mut clients = Vec::new();
    for _ in 0..CONNECTIONS {
        clients.push(TraceServiceClient::new(endpoint.connect().await?));
    }
    send(&clients, 0, CONNECTIONS).await?;
    let before = process.cpu_seconds()?;
    send(&clients, CONNECTIONS, exports).await?;
    let cpu = process.cpu_seconds()? - before;
    anyhow::ensure!(cpu > 0.0, "too little load to measure");
    Ok((exports * SPANS) as f64 / cpu)
}

async fn send(clients: &[TraceServiceClient<Channel>], first: usize, exports: usize) -> Result<()> {
    let mut senders = tokio::task::JoinSet::new();
    for (sender, client) in clients.iter().enumerate() {
        let mut client = client.clone();
        let mine = (first + sender..first + exports).step_by(CONNECTIONS);
        senders.spawn(async move {
            for number in mine {
                let request = export(number as u64);
                // A receiver that is busy says so, and is asked again.
                while let Err(status) = client.export(request.clone()).await {
                    anyhow::ensure!(status.code() == tonic::Code::Unavailable, "{status}");
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            }
            Ok(())
        });
    }
    while let Some(sent) = senders.join_next().await {
        sent.context("a sender ended")??;
    }
    Ok(())
}

fn export(number: u64) -> ExportTraceServiceRequest {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let now = u64::try_from(since.as_nanos()).unwrap_or(0);
    let spans = (0..TRACES)
        .flat_map(|trace| tree(number * TRACES + trace + 1, now))
        .collect();
    let resource = Resource {
        attributes: vec![
            text("service.name", "minwon"),
            text("service.instance.id", "was-1"),
        ],
        ..Default::default()
    };
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(resource),
            scope_spans: vec![ScopeSpans {
                spans,
                ..Default::default()
            }],
            ..Default::default()
        }],
    }
}

/// A request with a statement and a call below it, as the Java agent sends them.
fn tree(trace: u64, now: u64) -> [Span; 4] {
    let span = |id: u64, parent: u64, kind: SpanKind, us: u64, attributes| Span {
        trace_id: u128::from(trace).to_be_bytes().to_vec(),
        span_id: (trace * 4 + id).to_be_bytes().to_vec(),
        parent_span_id: if parent == 0 {
            Vec::new()
        } else {
            (trace * 4 + parent).to_be_bytes().to_vec()
        },
        name: "GET /minwon/{id}".to_owned(),
        kind: kind as i32,
        start_time_unix_nano: now - us * 1_000,
        end_time_unix_nano: now,
        attributes,
        ..Default::default()
    };
    let server = vec![
        text("http.request.method", "GET"),
        text("http.route", "/minwon/{id}"),
        text("url.path", &format!("/minwon/{}", trace % 5_000)),
        text(
            "client.address",
            &format!("10.1.{}.{}", trace % 20, trace % 250),
        ),
        text(
            "user_agent.original",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/126.0",
        ),
        text("session.id", &format!("session-{}", trace % 5_000)),
        text("server.address", "www.example.go.kr"),
        text("network.protocol.version", "1.1"),
    ];
    let sql = vec![
        text("db.system.name", "postgresql"),
        text("db.namespace", "minwon"),
        text(
            "db.query.text",
            "SELECT id, title FROM minwon WHERE id = ? AND state = ?",
        ),
        text("server.address", "db"),
    ];
    let call = vec![
        text("http.request.method", "GET"),
        text("url.full", "http://ledger/api/v1/entries"),
        text("server.address", "ledger"),
    ];
    [
        span(3, 2, SpanKind::Client, 900, sql),
        span(
            2,
            1,
            SpanKind::Internal,
            2_000,
            vec![text("code.function.name", "Minwon.find")],
        ),
        span(4, 1, SpanKind::Client, 3_000, call),
        span(1, 0, SpanKind::Server, 9_000, server),
    ]
}

fn text(key: &str, value: &str) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(Value::StringValue(value.to_owned())),
        }),
        ..Default::default()
    }
}

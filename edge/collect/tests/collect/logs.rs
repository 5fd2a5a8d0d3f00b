//! OTLP logs: taken, answered, and used only where they tell of an exception.

use bongsu_sdk_model::Transaction;
use opentelemetry_proto::tonic::{
    collector::logs::v1::{
        ExportLogsServiceRequest, ExportLogsServiceResponse, logs_service_client::LogsServiceClient,
    },
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs, SeverityNumber},
    resource::v1::Resource,
    trace::v1::Span,
};
use prost::Message;

use crate::site::{JSON, PROTOBUF, Site, attribute, export, post, server_span};

fn exception(severity: SeverityNumber, trace: u8) -> LogRecord {
    LogRecord {
        severity_number: severity as i32,
        trace_id: vec![trace; 16],
        span_id: vec![2; 8],
        attributes: vec![
            attribute("exception.type", "java.lang.IllegalStateException"),
            attribute("exception.message", "cart 17 is gone"),
        ],
        ..Default::default()
    }
}

fn logs(app: &str, log_records: Vec<LogRecord>) -> ExportLogsServiceRequest {
    let resource = Resource {
        attributes: vec![attribute("service.name", app)],
        ..Default::default()
    };
    let scope_logs = vec![ScopeLogs {
        log_records,
        ..Default::default()
    }];
    let resource_logs = vec![ResourceLogs {
        resource: Some(resource),
        scope_logs,
        ..Default::default()
    }];
    ExportLogsServiceRequest { resource_logs }
}

/// The transaction of a server span of `trace`, answered with `status`.
async fn served(site: &mut Site, trace: u8, status: &str) -> Transaction {
    let mut span = Span {
        trace_id: vec![trace; 16],
        ..server_span("/cart")
    };
    span.attributes
        .push(attribute("http.response.status_code", status));
    site.client()
        .await
        .export(export(vec![span]))
        .await
        .unwrap();
    site.transactions(1).await.remove(0)
}

#[tokio::test]
async fn a_logged_exception_fails_the_transaction_of_its_trace() {
    let mut site = Site::start("", 8).await;
    let mut client = LogsServiceClient::connect(format!("http://{}", site.handle.grpc_addr()))
        .await
        .unwrap();
    let plain = LogRecord {
        attributes: Vec::new(),
        ..exception(SeverityNumber::Error, 4)
    };
    let records = vec![
        exception(SeverityNumber::Error, 1),
        exception(SeverityNumber::Fatal2, 2),
        exception(SeverityNumber::Warn, 3),
        plain,
        exception(SeverityNumber::Error, 0),
    ];
    let response = client.export(logs("shop", records)).await.unwrap();
    assert_eq!(response.into_inner().partial_success, None);
    client
        .export(logs("till", vec![exception(SeverityNumber::Error, 5)]))
        .await
        .unwrap();

    let mut failed = Vec::new();
    for (trace, status) in [
        (1, "200"),
        (2, "404"),
        (3, "200"),
        (4, "200"),
        (5, "200"),
        (0, "200"),
    ] {
        failed.push(served(&mut site, trace, status).await.is_error());
    }
    assert_eq!(failed, [true, false, false, false, false, false]);
    let stats = site.handle.stats();
    assert_eq!((stats.log_records, stats.log_exceptions), (6, 4));
}

#[tokio::test]
async fn logs_are_taken_over_http_in_both_encodings() {
    let mut site = Site::start("", 8).await;
    let http = site.handle.http_addr();
    let body = logs("shop", vec![exception(SeverityNumber::Error, 7)]).encode_to_vec();
    let answer = post(http, "/v1/logs", PROTOBUF, &body).await;
    assert_eq!(answer.status, 200);
    let response = ExportLogsServiceResponse::decode(answer.body.as_slice()).unwrap();
    assert_eq!(response.partial_success, None);

    let body = br#"{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},
      "scopeLogs":[{"scope":{"name":"app"},"logRecords":[{"timeUnixNano":"1800000000000000000","severityNumber":17,
        "severityText":"ERROR","body":{"stringValue":"cart 17 is gone"},"traceId":"08080808080808080808080808080808",
        "spanId":"0808080808080808","attributes":[{"key":"exception.stacktrace","value":{"stringValue":"at A.b"}}]}]}]}]}"#;
    let answer = post(http, "/v1/logs", JSON, body).await;
    assert_eq!(
        (answer.status, answer.body.as_slice()),
        (200, b"{}".as_slice())
    );
    assert!(served(&mut site, 7, "200").await.is_error());
    assert!(served(&mut site, 8, "200").await.is_error());
    assert_eq!(site.handle.stats().log_exceptions, 2);
    let garbage = post(http, "/v1/logs", PROTOBUF, b"\xff\xff\xff").await;
    assert_eq!(garbage.status, 400);
    site.check().await;
}

#[tokio::test]
async fn a_bomb_of_empty_records_is_refused_before_it_is_decoded() {
    let mut site = Site::start("", 8).await;
    let bomb = logs("shop", vec![LogRecord::default(); 1_000_000]).encode_to_vec();
    assert!(bomb.len() < 4 << 20);
    let answer = post(site.handle.http_addr(), "/v1/logs", PROTOBUF, &bomb).await;
    assert_eq!(answer.status, 400);
    site.check().await;
}

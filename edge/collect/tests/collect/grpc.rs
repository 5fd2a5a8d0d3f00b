//! OTLP/gRPC, spoken by the client that tonic generates from the specification.

use bongsu_edge_collect::Collected;
use bongsu_sdk_model::GaugeKind;
use opentelemetry_proto::tonic::{
    collector::{
        metrics::v1::{ExportMetricsServiceRequest, metrics_service_client::MetricsServiceClient},
        trace::v1::ExportTracePartialSuccess,
    },
    metrics::v1::{
        Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, metric::Data,
        number_data_point::Value,
    },
    trace::v1::Span,
};
use tonic::{Code, codec::CompressionEncoding};

use crate::site::{NOW_MS, Site, export, server_span};

#[tokio::test]
async fn spans_become_transactions_compressed_or_not() {
    let mut site = Site::start("", 8).await;
    let mut plain = site.client().await;
    let mut zipped = site
        .client()
        .await
        .send_compressed(CompressionEncoding::Gzip);
    let mut zstd = site
        .client()
        .await
        .send_compressed(CompressionEncoding::Zstd);
    for client in [&mut plain, &mut zipped, &mut zstd] {
        let response = client
            .export(export(vec![server_span("/orders/17")]))
            .await
            .unwrap();
        assert_eq!(response.into_inner().partial_success, None);
        let taken = site.transactions(1).await;
        assert_eq!(
            (taken[0].app.as_str(), taken[0].url.as_str()),
            ("shop", "/orders/{}")
        );
        assert_eq!(taken[0].duration_us, 20_000);
    }
    assert_eq!(
        (site.handle.stats().spans, site.handle.stats().transactions),
        (3, 3)
    );
    site.handle.shutdown().await;
}

#[tokio::test]
async fn rejected_spans_are_told_and_their_neighbours_kept() {
    let mut site = Site::start("", 8).await;
    let tomorrow = (NOW_MS + 86_400_000) * 1_000_000;
    let skewed = Span {
        end_time_unix_nano: tomorrow,
        ..server_span("/skewed")
    };
    let negative = Span {
        end_time_unix_nano: 1,
        ..server_span("/negative")
    };
    let spans = vec![skewed, server_span("/good"), negative];
    let response = site.client().await.export(export(spans)).await.unwrap();
    let Some(ExportTracePartialSuccess {
        rejected_spans,
        error_message,
    }) = response.into_inner().partial_success
    else {
        panic!("a partial success")
    };
    assert_eq!(rejected_spans, 2);
    assert!(
        error_message.contains("1 end before they start"),
        "{error_message}"
    );
    assert_eq!(site.transactions(1).await[0].url.as_str(), "/good");
}

#[tokio::test]
async fn a_full_channel_takes_nothing_and_says_when_to_come_again() {
    let mut site = Site::start("", 1).await;
    let mut client = site.client().await;
    client
        .export(export(vec![server_span("/first")]))
        .await
        .unwrap();
    let refused = client
        .export(export(["/again"; 3].map(server_span).to_vec()))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    let details = String::from_utf8_lossy(refused.details()).into_owned();
    assert!(details.contains("google.rpc.RetryInfo"), "{details}");
    assert_eq!(site.handle.stats().exports_refused, 1);

    assert_eq!(site.transactions(1).await[0].url.as_str(), "/first");
    client
        .export(export(["/again"; 3].map(server_span).to_vec()))
        .await
        .unwrap();
    assert!(
        site.transactions(3)
            .await
            .iter()
            .all(|taken| taken.url.as_str() == "/again")
    );
    assert_eq!(site.handle.stats().transactions, 4);
}

#[tokio::test]
async fn a_message_beyond_the_limit_is_resource_exhausted() {
    let mut site = Site::start("max_message = \"64KiB\"", 8).await;
    let long = export(vec![server_span(&"/x".repeat(64 << 10))]);
    let refused = site.client().await.export(long.clone()).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert!(
        refused.message().contains("65536 bytes"),
        "{}",
        refused.message()
    );
    let mut zipped = site
        .client()
        .await
        .send_compressed(CompressionEncoding::Gzip);
    assert_eq!(
        zipped.export(long).await.unwrap_err().code(),
        Code::ResourceExhausted
    );
    assert_eq!(site.handle.stats().exports_too_large, 2);
    site.check().await;
}

#[tokio::test]
async fn known_metrics_become_gauges() {
    let mut site = Site::start("", 8).await;
    let metric = |name: &str| Metric {
        name: name.to_owned(),
        data: Some(Data::Gauge(Gauge {
            data_points: vec![NumberDataPoint {
                value: Some(Value::AsDouble(0.42)),
                ..Default::default()
            }],
        })),
        ..Default::default()
    };
    let metrics = vec![
        metric("process.cpu.utilization"),
        metric("process.open_handles"),
    ];
    let scope_metrics = vec![ScopeMetrics {
        metrics,
        ..Default::default()
    }];
    let resource_metrics = vec![ResourceMetrics {
        scope_metrics,
        ..Default::default()
    }];
    let mut client = MetricsServiceClient::connect(format!("http://{}", site.handle.grpc_addr()))
        .await
        .unwrap();
    client
        .export(ExportMetricsServiceRequest { resource_metrics })
        .await
        .unwrap();
    let batch = site.batches.recv().await.unwrap();
    let [
        Collected::Gauge {
            kind: GaugeKind::Cpu,
            value,
            at,
            ..
        },
    ] = batch.as_slice()
    else {
        panic!("one gauge, not {batch:?}")
    };
    assert_eq!((*value, at.as_ms().unsigned_abs()), (42.0, NOW_MS));
    assert_eq!(site.handle.stats().points_ignored, 1);
}

//! OTLP/HTTP, spoken byte by byte.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;

use crate::site::{GZIP, PROTOBUF, Site, ZSTD, export, gzip, post, server_span, zstd};

#[tokio::test]
async fn spans_become_transactions_compressed_or_not() {
    let mut site = Site::start("", 8).await;
    let body = || export(vec![server_span("/orders/17")]).encode_to_vec();
    for (headers, body) in [
        (PROTOBUF, body()),
        (GZIP, gzip(&body())),
        (ZSTD, zstd(&body())),
    ] {
        let answer = post(site.handle.http_addr(), "/v1/traces", headers, &body).await;
        assert_eq!(answer.status, 200);
        assert!(
            answer
                .headers
                .contains("content-type: application/x-protobuf")
        );
        let response = ExportTraceServiceResponse::decode(answer.body.as_slice()).unwrap();
        assert_eq!(response.partial_success, None);
        assert_eq!(site.transactions(1).await[0].url.as_str(), "/orders/{}");
    }
    site.handle.shutdown().await;
}

#[tokio::test]
async fn what_is_not_taken_says_why() {
    let mut site = Site::start("max_message = \"64KiB\"", 8).await;
    let http = site.handle.http_addr();
    let body = export(vec![server_span("/")]).encode_to_vec();
    let refused = async |path, headers, body: &[u8]| {
        let answer = post(http, path, headers, body).await;
        (
            answer.status,
            String::from_utf8_lossy(&answer.body).into_owned(),
        )
    };

    let (status, text) = refused("/v1/traces", "content-type: text/plain\r\n", b"{}").await;
    assert_eq!(status, 415);
    assert!(
        text.contains("must be application/x-protobuf or application/json"),
        "{text}"
    );
    let brotli = "content-type: application/x-protobuf\r\ncontent-encoding: br\r\n";
    let (status, text) = refused("/v1/traces", brotli, &body).await;
    assert_eq!(status, 415);
    assert!(text.contains("gzip and zstd"), "{text}");
    assert_eq!(refused("/v1/profiles", PROTOBUF, &body).await.0, 404);
    assert_eq!(
        refused("/v1/traces", PROTOBUF, b"\xff\xff\xff").await.0,
        400
    );
    assert_eq!(refused("/v1/traces", GZIP, &body).await.0, 400);
    assert_eq!(refused("/v1/traces", ZSTD, &body).await.0, 400);
    let (status, text) = refused("/v1/traces", PROTOBUF, &vec![0; 65 << 10]).await;
    assert_eq!(status, 413);
    assert!(text.contains("longer than 65536 bytes"), "{text}");

    let stats = site.handle.stats();
    assert_eq!(
        (
            stats.exports_malformed,
            stats.exports_too_large,
            stats.exports_unsupported
        ),
        (3, 1, 2)
    );
    site.check().await;
}

#[tokio::test]
async fn a_full_channel_takes_nothing_and_says_when_to_come_again() {
    let mut site = Site::start("", 1).await;
    let http = site.handle.http_addr();
    let two = || export(vec![server_span("/again"), server_span("/again")]).encode_to_vec();
    let (first, body) = (two(), two());
    assert_eq!(post(http, "/v1/traces", PROTOBUF, &first).await.status, 200);
    let refused = post(http, "/v1/traces", PROTOBUF, &body).await;
    assert_eq!(refused.status, 503);
    assert!(
        refused.headers.contains("retry-after: 1"),
        "{}",
        refused.headers
    );
    site.transactions(2).await;
    assert_eq!(post(http, "/v1/traces", PROTOBUF, &body).await.status, 200);
    site.transactions(2).await;
    assert_eq!(site.handle.stats().transactions, 4);
}

#[tokio::test]
async fn what_is_delivered_twice_counts_once() {
    let mut site = Site::start("", 8).await;
    let http = site.handle.http_addr();
    let body = export(vec![server_span("/a"), server_span("/b")]).encode_to_vec();
    for _ in 0..3 {
        assert_eq!(post(http, "/v1/traces", PROTOBUF, &body).await.status, 200);
    }
    site.transactions(2).await;
    let stats = site.handle.stats();
    assert_eq!((stats.transactions, stats.spans_duplicate), (2, 4));
}

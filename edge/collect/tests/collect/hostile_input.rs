//! What peers should not send. After each attack a good export on both listeners must pass.

use std::time::Duration;

use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tonic::{Code, codec::CompressionEncoding};

use crate::site::{GZIP, PROTOBUF, Site, ZSTD, answer, export, gzip, post, server_span, zstd};

/// Longer than anything here takes; only a hang reaches it.
const HANG: Duration = Duration::from_secs(30);

#[tokio::test]
async fn garbage_on_either_listener_leaves_the_neighbours_alone() {
    let mut site = Site::start("", 8).await;
    let mut neighbour = site.client().await;
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    let garbage: Vec<u8> = (0..100_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    let attacks = [
        garbage.clone(),
        [preface.clone(), garbage].concat(),
        [preface, vec![0; 9]].concat(),
        b"GET / HTTP/9.9\r\n\r\n".to_vec(),
        vec![b'A'; 1 << 20],
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
    ];
    for listener in [site.handle.grpc_addr(), site.handle.http_addr()] {
        for attack in &attacks {
            let mut stream = TcpStream::connect(listener).await.unwrap();
            // Refusing to read on is an answer, too.
            let _ = stream.write_all(attack).await;
            let _ = stream.shutdown().await;
            let mut rest = Vec::new();
            let _ = timeout(HANG, stream.read_to_end(&mut rest))
                .await
                .expect("the listener to close");
        }
    }
    neighbour
        .export(export(vec![server_span("/health")]))
        .await
        .unwrap();
    site.transactions(1).await;
    site.check().await;
}

#[tokio::test]
async fn a_truncated_export_is_malformed_wherever_it_is_cut() {
    let mut site = Site::start("", 8).await;
    let body = export(vec![server_span("/orders")]).encode_to_vec();
    for length in 1..body.len() {
        let answer = post(
            site.handle.http_addr(),
            "/v1/traces",
            PROTOBUF,
            &body[..length],
        )
        .await;
        assert_eq!(answer.status, 400, "{length}");
    }
    let zipped = gzip(&body);
    for length in [1, 5, 10, zipped.len() / 2, zipped.len() - 9] {
        let answer = post(
            site.handle.http_addr(),
            "/v1/traces",
            GZIP,
            &zipped[..length],
        )
        .await;
        assert_eq!(answer.status, 400, "{length}");
    }
    site.check().await;
}

#[tokio::test]
async fn a_bomb_of_any_compression_stops_at_the_limit() {
    let mut site = Site::start("", 8).await;
    let zeros = vec![0; 64 << 20];
    for (headers, bomb) in [(GZIP, gzip(&zeros)), (ZSTD, zstd(&zeros))] {
        assert!(bomb.len() < 100 << 10);
        let answer = post(site.handle.http_addr(), "/v1/traces", headers, &bomb).await;
        assert_eq!(answer.status, 413);
    }

    let long = export(vec![server_span(&"/".repeat(64 << 20))]);
    for encoding in [CompressionEncoding::Gzip, CompressionEncoding::Zstd] {
        let mut client = site.client().await.send_compressed(encoding);
        let refused = client.export(long.clone()).await.unwrap_err();
        assert_eq!(refused.code(), Code::ResourceExhausted);
    }
    assert_eq!(site.handle.stats().exports_too_large, 4);
    site.check().await;
}

#[tokio::test]
async fn a_bomb_of_empty_elements_is_refused_before_it_is_decoded() {
    let mut site = Site::start("", 8).await;
    let bomb = export(vec![Span::default(); 2_000_000]);
    assert!(bomb.encoded_len() < 4 << 20);
    let mut client = site
        .client()
        .await
        .send_compressed(CompressionEncoding::Gzip);
    let refused = client.export(bomb).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert!(
        refused.message().contains("too many elements"),
        "{}",
        refused.message()
    );
    site.check().await;
}

#[tokio::test]
async fn a_sender_that_stalls_is_answered_and_its_slot_is_free_again() {
    let mut site = Site::start("max_exports = 1\nexport_timeout = \"2s\"", 8).await;
    let http = site.handle.http_addr();
    let mut stalled = TcpStream::connect(http).await.unwrap();
    let head =
        format!("POST /v1/traces HTTP/1.1\r\nhost: edge\r\n{PROTOBUF}content-length: 9\r\n\r\nx");
    stalled.write_all(head.as_bytes()).await.unwrap();
    let reply = timeout(HANG, answer(&mut stalled))
        .await
        .expect("an answer to the stalled export");
    assert_eq!(reply.status, 408);
    assert_eq!(site.handle.stats().exports_timed_out, 1);
    site.check().await;
}

#[tokio::test]
async fn exports_beyond_the_number_are_asked_to_come_again() {
    let site = Site::start("max_exports = 1\nexport_timeout = \"1h\"", 8).await;
    let http = site.handle.http_addr();
    let mut holder = TcpStream::connect(http).await.unwrap();
    let head = format!(
        "POST /v1/traces HTTP/1.1\r\nhost: edge\r\n{PROTOBUF}content-length: 9\r\nexpect: 100-continue\r\n\r\n"
    );
    holder.write_all(head.as_bytes()).await.unwrap();
    // The server asks for the body once the export is in process.
    let mut ask = [0; 25];
    timeout(HANG, holder.read_exact(&mut ask))
        .await
        .expect("the export to be in process")
        .unwrap();
    assert_eq!(&ask, b"HTTP/1.1 100 Continue\r\n\r\n");

    assert_eq!(post(http, "/v1/traces", PROTOBUF, b"").await.status, 503);
    let refused = site
        .client()
        .await
        .export(export(Vec::new()))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    holder
        .write_all(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff")
        .await
        .unwrap();
    let mut status = [0; 12];
    timeout(HANG, holder.read_exact(&mut status))
        .await
        .expect("an answer")
        .unwrap();
    assert_eq!(&status, b"HTTP/1.1 400");
    site.client()
        .await
        .export(export(Vec::new()))
        .await
        .unwrap();
}

#[tokio::test]
async fn connections_beyond_the_number_and_silent_ones_are_closed() {
    let site = Site::start("max_connections = 1\nidle_timeout = \"2s\"", 8).await;
    for listener in [site.handle.grpc_addr(), site.handle.http_addr()] {
        let mut silent = TcpStream::connect(listener).await.unwrap();
        let mut beyond = TcpStream::connect(listener).await.unwrap();
        let mut rest = Vec::new();
        for stream in [&mut beyond, &mut silent] {
            let _ = timeout(HANG, stream.read_to_end(&mut rest))
                .await
                .expect("the connection to be closed");
        }
    }
    assert_eq!(site.handle.stats().connections_refused, 2);
}

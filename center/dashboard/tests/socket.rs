//! The dashboard on a real socket: hostile bytes, limits, shutdown.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test may fail like the test"
)]

#[path = "../examples/lively/fleet.rs"]
mod fleet;

use std::{net::SocketAddr, sync::Arc};

use bongsu_center_control::{Config as ControlConfig, Control};
use bongsu_center_dashboard::{Config, Error, Handle, bind};
use bongsu_sdk_config::{Faults, Section};
use bongsu_sdk_model::{ManualClock, Timestamp};
use fleet::Fleet;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";

fn control() -> Arc<Control> {
    let folder = tempfile::tempdir().unwrap().keep();
    Arc::new(Control::open(&folder, ControlConfig::default()).unwrap())
}

async fn serve(config: &str) -> Handle {
    let text = format!("bind = \"127.0.0.1:0\"\nopen = true\n{config}");
    let config = Config::read(Section::parse(&text, &Faults::default()));
    let clock = ManualClock::at(Timestamp::from_ms(1_795_152_600_000));
    bind(
        config,
        Arc::new(Fleet::new()),
        control(),
        Arc::default(),
        Arc::new(clock),
    )
    .await
    .unwrap()
}

/// Sends bytes and returns the first line of what comes back until the peer closes.
async fn exchange(addr: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    // The peer may close before it has taken everything; what it said still counts.
    let _ = stream.write_all(bytes).await;
    let mut reply = Vec::new();
    let _ = stream.read_to_end(&mut reply).await;
    String::from_utf8_lossy(&reply)
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}

#[tokio::test]
async fn garbage_gets_an_error_and_its_neighbours_live_on() {
    let server = serve("idle_timeout = \"200ms\"").await;
    let endless_head = [b"GET / HTTP/1.1\r\nx: ".as_slice(), &vec![b'a'; 200_000]].concat();
    let many_headers = [
        b"GET / HTTP/1.1\r\n".to_vec(),
        b"a: b\r\n".repeat(5_000),
        b"\r\n".to_vec(),
    ]
    .concat();
    for (bytes, reply) in [
        (
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".as_slice(),
            "HTTP/1.1 400 Bad Request",
        ),
        (b"\r\n\r\nnonsense\r\n\r\n", "HTTP/1.1 400 Bad Request"),
        (
            &endless_head,
            "HTTP/1.1 431 Request Header Fields Too Large",
        ),
        (
            &many_headers,
            "HTTP/1.1 431 Request Header Fields Too Large",
        ),
        (b"GET /heal", ""),
    ] {
        assert_eq!(exchange(server.addr(), bytes).await, reply);
        assert_eq!(exchange(server.addr(), HEALTH).await, "HTTP/1.1 200 OK");
    }
    server.shutdown().await;
}

#[tokio::test]
async fn a_body_that_never_ends_is_cut_off() {
    let server = serve("request_timeout = \"200ms\"").await;
    let head = b"POST /api/ask HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 900\r\nconnection: close\r\n\r\n{";
    assert_eq!(
        exchange(server.addr(), head).await,
        "HTTP/1.1 503 Service Unavailable"
    );
    server.shutdown().await;
}

#[tokio::test]
async fn a_client_beyond_the_limit_is_served_when_there_is_room() {
    let server = serve("connections = 1").await;
    let mut holder = TcpStream::connect(server.addr()).await.unwrap();
    let mut waiting = TcpStream::connect(server.addr()).await.unwrap();
    waiting.write_all(HEALTH).await.unwrap();
    for _ in 0..3 {
        holder
            .write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n")
            .await
            .unwrap();
        let mut reply = [0; 1_024];
        assert!(holder.read(&mut reply).await.unwrap() > 0);
    }
    let early = waiting.try_read(&mut [0; 8]);
    assert_eq!(
        early.unwrap_err().kind(),
        std::io::ErrorKind::WouldBlock,
        "the only place is taken"
    );
    drop(holder);
    let mut reply = Vec::new();
    waiting.read_to_end(&mut reply).await.unwrap();
    assert!(reply.starts_with(b"HTTP/1.1 200 OK"));
    server.shutdown().await;
}

#[tokio::test]
async fn a_taken_address_is_an_error_that_names_it() {
    let server = serve("").await;
    let text = format!("bind = \"{}\"", server.addr());
    let config = Config::read(Section::parse(&text, &Faults::default()));
    let taken = bind(
        config,
        Arc::new(Fleet::new()),
        control(),
        Arc::default(),
        Arc::new(ManualClock::default()),
    )
    .await;
    let error = taken.unwrap_err();
    assert!(
        matches!(&error, Error::Bind { address, .. } if *address == server.addr()),
        "{error}"
    );
    assert!(error.to_string().contains("hint: "), "{error}");
    server.shutdown().await;
}

#[tokio::test]
async fn after_shutdown_nobody_listens() {
    let server = serve("").await;
    let addr = server.addr();
    let mut idle = TcpStream::connect(addr).await.unwrap();
    server.shutdown().await;
    assert!(TcpStream::connect(addr).await.is_err());
    assert_eq!(
        idle.read(&mut [0; 8]).await.unwrap(),
        0,
        "an idle connection is closed"
    );
}

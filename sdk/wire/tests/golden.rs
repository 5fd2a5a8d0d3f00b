//! Every frame and payload in hexadecimal. A change here is a new protocol version, never an edit.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use bongsu_sdk_model::{AppId, Finding, SessionCounts, Severity, SiteId, Timestamp, Window};
use bongsu_sdk_wire::{
    Batch, Decoder, Down, Frame, Hello, MAX_FRAME_BYTES, Payload, Pulse, Refusal, RefusalCode, Up,
    Versions, Welcome, encode,
};

const CLOCK: Timestamp = Timestamp::from_ms(1_700_000_000_000);

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[track_caller]
fn check<F: Frame + PartialEq + std::fmt::Debug>(frame: F, golden: &str) {
    let bytes = encode(&frame).unwrap();
    assert_eq!(hex(&bytes), golden.replace([' ', '\n'], ""));
    let mut decoder = Decoder::new(MAX_FRAME_BYTES);
    decoder.push(&bytes);
    assert_eq!(decoder.next(), Ok(Some(frame)));
    assert!(decoder.is_at_boundary());
}

fn site() -> SiteId {
    SiteId::new("busan").unwrap()
}

#[test]
fn hello() {
    let hello = Hello {
        versions: Versions {
            oldest: 1,
            newest: 2,
        },
        site: site(),
        epoch: 300,
        oldest: 7,
        clock: CLOCK,
    };
    // length | variant | oldest newest | site | epoch | oldest | clock, zigzagged
    check(
        Up::Hello(hello),
        "00000012 00 0102 05 627573616e ac02 07 80a0abfef962",
    );
}

#[test]
fn batch() {
    let batch = Batch {
        sequence: 128,
        payload: vec![0xde, 0xad, 0xbe],
    };
    // length | variant | sequence | payload
    check(Up::Batch(batch), "00000007 01 8001 03 deadbe");
}

#[test]
fn pulse() {
    let window = Window::new(CLOCK, Timestamp::from_ms(CLOCK.as_ms() + 2_000));
    let sessions = SessionCounts {
        active: 1,
        created: 2,
        destroyed: 3,
        expired: 4,
        rejected: 5,
        bytes: 6,
    };
    let blocks = vec![vec![0xaa, 0xbb], vec![]];
    let pulse = Pulse {
        window,
        blocks,
        sessions: Some(sessions),
        health: "ok".to_owned(),
    };
    // length | variant | from | to | blocks | sessions | health
    check(
        Up::Pulse(pulse),
        "0000001c 02 80a0abfef962 a0bfabfef962 02 02aabb 00 01 010203040506 02 6f6b",
    );
}

#[test]
fn welcome_and_acknowledgement() {
    let welcome = Welcome {
        version: 1,
        acked_through: 0x1_0000_0000,
        clock: CLOCK,
    };
    // length | variant | version | acked through | clock
    check(
        Down::Welcome(welcome),
        "0000000d 00 01 8080808010 80a0abfef962",
    );
    check(Down::Ack { through: 127 }, "00000002 01 7f");
}

#[test]
fn every_refusal() {
    for (number, code) in RefusalCode::ALL.into_iter().enumerate() {
        // length | variant | code | text
        check(
            Down::Refused(Refusal::new(code, "no")),
            &format!("00000005 02 {number:02x} 02 6e6f"),
        );
    }
}

#[test]
fn payloads() {
    let finding = Finding {
        detector: "d@1".to_owned(),
        kind: "k".to_owned(),
        severity: Severity::Critical,
        app: Some(AppId::new("a").unwrap()),
        window: Window::new(Timestamp::from_ms(1), Timestamp::from_ms(2)),
        subject: "s".to_owned(),
        summary: "t".to_owned(),
        evidence: vec![("n".to_owned(), 1.5)],
    };
    for (payload, golden) in [
        (Payload::RollUps(vec![1, 2, 3]), "0003010203"),
        (Payload::Findings(vec![]), "0100"),
        (
            Payload::Findings(vec![finding]),
            "0101 03644031 016b 02 01 0161 02 04 0173 0174 01 016e 000000000000f83f",
        ),
    ] {
        let bytes = payload.encode().unwrap();
        assert_eq!(hex(&bytes), golden.replace(' ', ""));
        assert_eq!(Payload::decode(&bytes), Ok(payload));
    }
}

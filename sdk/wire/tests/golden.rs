//! Every frame and payload in hexadecimal. A change here is a new protocol version, never an edit.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use bongsu_sdk_model::{AppId, Finding, SessionCounts, Severity, SiteId, Timestamp, Window};
use bongsu_sdk_wire::{
    Ask, Batch, Call, Class, Decoder, Down, End, Ending, Frame, Hello, Join, Joined, Lane,
    MAX_FRAME_BYTES, OrderHead, OrderId, OrderKind, OrderState, OrderStatus, Outcome, Payload,
    PublicKey, Pulse, Record, Refusal, RefusalCode, Reply, Up, Versions, Welcome, encode,
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

fn kind(name: &str) -> OrderKind {
    OrderKind::new(name).unwrap()
}

#[test]
fn a_further_lane() {
    // length | variant | class | oldest
    for (class, number) in [
        (Class::Minutes, "00"),
        (Class::Urgent, "01"),
        (Class::Coarse, "02"),
        (Class::Backfill, "03"),
    ] {
        let lane = Lane { class, oldest: 300 };
        check(Up::Lane(lane), &format!("00000004 03 {number} ac02"));
    }
}

#[test]
fn a_question_and_its_answer() {
    let ask = Ask {
        kind: kind("sessions.live"),
        body: b"{}".to_vec(),
        within_ms: 2_000,
        max_bytes: 65_536,
    };
    // length | variant | kind | body | within | max
    check(
        Call::Ask(ask),
        "00000017 00 0d 73657373696f6e732e6c697665 02 7b7d d00f 808004",
    );
    check(Reply::Part(vec![1, 2]), "00000004 00 02 0102");
    for (number, how) in [
        Ending::Complete,
        Ending::Size,
        Ending::Deadline,
        Ending::UnknownKind,
        Ending::BadQuestion,
        Ending::Busy,
        Ending::Failed,
    ]
    .into_iter()
    .enumerate()
    {
        // length | variant | how | text
        check(
            Reply::End(End::short(how, "no")),
            &format!("00000005 01 {number:02x} 02 6e6f"),
        );
    }
}

#[test]
fn an_order_and_its_report() {
    let id = OrderId::of(&kind("action"), "a1", b"end");
    let digest = "39091b69"; // the id is SHA-256 over the length and bytes of kind, key and body
    let head = OrderHead {
        id,
        kind: kind("action"),
        key: "a1".to_owned(),
        bytes: 3,
        expires_in_ms: 60_000,
    };
    assert_eq!(id.to_string().get(..8), Some(digest));
    // length | variant | id | kind | key | bytes | expires
    check(
        Call::Order(head),
        &format!("0000002f 01 {id} 06 616374696f6e 02 6131 03 e0d403"),
    );
    check(Call::Body(b"end".to_vec()), "00000005 02 03 656e64");
    check(Reply::Want { from: 0 }, "00000002 02 00");
    for (outcome, golden) in [
        (
            Outcome::Applied { note: "1".into() },
            "00000004 03 00 01 31",
        ),
        (
            Outcome::Failed {
                reason: "no".into(),
            },
            "00000005 03 01 02 6e6f",
        ),
        (Outcome::Expired, "00000002 03 02"),
    ] {
        check(Reply::Report(outcome), golden);
    }
}

#[test]
fn a_key_and_its_certificate() {
    check(Call::Renew, "00000001 03");
    let key = PublicKey {
        point: vec![4, 1],
        proof: vec![9],
    };
    check(Reply::Key(key), "00000006 04 02 0401 01 09");
    check(Call::Certificate("pem".to_owned()), "00000005 04 03 70656d");
    check(Reply::Kept, "00000001 05");
}

/// What both ends keep on disk is a format too.
#[test]
fn records_of_orders() {
    let settled = Record::Settled(Outcome::Expired);
    for (record, golden) in [(Record::Begun, "00"), (settled, "0102")] {
        let bytes = record.encode().unwrap();
        assert_eq!(hex(&bytes), golden);
        assert_eq!(Record::decode(&bytes), Ok(record));
    }
    let status = OrderStatus {
        number: 1,
        site: site(),
        id: OrderId::from_bytes([0xab; 32]),
        kind: kind("action"),
        key: "k".to_owned(),
        bytes: 2,
        given: CLOCK,
        expires: CLOCK,
        state: OrderState::Delivered,
        since: CLOCK,
    };
    let bytes = status.encode().unwrap();
    let golden = format!(
        "01 05 627573616e {} 06 616374696f6e 01 6b 02 80a0abfef962 80a0abfef962 01 80a0abfef962",
        "ab".repeat(32)
    );
    assert_eq!(hex(&bytes), golden.replace(' ', ""));
    assert_eq!(OrderStatus::decode(&bytes), Ok(status));
}

#[test]
fn an_enrolment() {
    let join = Join {
        token: [1, 2, 3, 4, 5, 6, 7, 8],
        secret: [0xcc; 24],
        site: site(),
        key: PublicKey {
            point: vec![4, 1],
            proof: vec![9],
        },
    };
    // length | token | secret | site | point | proof
    let golden = format!(
        "0000002b 0102030405060708 {} 05 627573616e 02 0401 01 09",
        "cc".repeat(24)
    );
    check(join, &golden);
    let welcome = Joined::Welcome {
        certificate: "c".to_owned(),
        authority: "a".to_owned(),
    };
    check(welcome, "00000005 00 01 63 01 61");
    let refused = Joined::Refused {
        text: "no".to_owned(),
    };
    check(refused, "00000004 01 02 6e6f");
}

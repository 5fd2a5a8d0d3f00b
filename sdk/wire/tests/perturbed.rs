//! Bytes nobody promised: whatever comes, the decoder and both machines answer and never panic.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use bongsu_sdk_model::{SessionCounts, SiteId, Timestamp, Window};
use bongsu_sdk_wire::{
    Batch, Decoder, Down, Frame, FrameError, Heard, Hello, MAX_FRAME_BYTES, MAX_PAYLOAD_BYTES,
    Payload, Pulse, Receiver, SendWindow, Sender, Up, Versions, Welcome, encode,
};
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::from_ms(1_700_000_000_000);

fn up_frames() -> Vec<Up> {
    let site = SiteId::new("busan").unwrap();
    let pulse = Pulse {
        window: Window::new(NOW, NOW),
        blocks: vec![vec![7; 40]],
        sessions: Some(SessionCounts::default()),
        health: String::new(),
    };
    vec![
        Up::Hello(Hello {
            versions: Versions::SPOKEN,
            site,
            epoch: 1,
            oldest: 1,
            clock: NOW,
        }),
        Up::Batch(Batch {
            sequence: 1,
            payload: Payload::RollUps(vec![9; 50]).encode().unwrap(),
        }),
        Up::Pulse(pulse),
    ]
}

fn down_frames() -> Vec<Down> {
    vec![
        Down::Welcome(Welcome {
            version: 1,
            acked_through: 0,
            clock: NOW,
        }),
        Down::Ack { through: 1 },
        Down::Refused(bongsu_sdk_wire::Refusal::new(
            bongsu_sdk_wire::RefusalCode::Busy,
            "busy",
        )),
    ]
}

fn bytes_of<F: Frame>(frames: &[F]) -> Vec<u8> {
    frames
        .iter()
        .flat_map(|frame| encode(frame).unwrap())
        .collect()
}

/// Feeds `bytes` to a center. Gives the number of frames it read before the end or an error.
fn center_reads(bytes: &[u8], chunk: usize) -> usize {
    let (mut decoder, mut receiver) = (Decoder::<Up>::new(MAX_FRAME_BYTES), Receiver::new());
    let mut frames = 0;
    for piece in bytes.chunks(chunk) {
        decoder.push(piece);
        while let Ok(Some(frame)) = decoder.next() {
            frames += 1;
            if let Up::Batch(batch) = &frame {
                let _ = Payload::decode(&batch.payload);
            }
            if receiver.handle(frame).is_ok() {
                let _ = receiver.open(0, NOW);
            }
        }
    }
    frames
}

/// Feeds `bytes` to an edge.
fn edge_reads(bytes: &[u8]) -> Vec<Heard> {
    let mut sender = Sender::new(SendWindow {
        batches: 4,
        bytes: 400,
    });
    sender.hello(SiteId::new("busan").unwrap(), 1, 1, NOW);
    let mut decoder = Decoder::<Down>::new(MAX_FRAME_BYTES);
    decoder.push(bytes);
    let mut heard = Vec::new();
    while let Ok(Some(frame)) = decoder.next() {
        match sender.handle(frame, NOW) {
            Ok(one) => heard.push(one),
            Err(_) => break,
        }
        let _ = sender.batch(1, vec![0; 3]);
    }
    heard
}

proptest! {
    #[test]
    fn flipped_cut_and_repeated_bytes_never_panic(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
        chunk in 1_usize..64,
    ) {
        for mut bytes in [bytes_of(&up_frames()), bytes_of(&down_frames())] {
            let len = bytes.len();
            for (at, with) in &flips {
                bytes[at.index(len)] ^= with;
            }
            bytes.truncate(cut.index(len + 1));
            center_reads(&bytes, chunk);
            edge_reads(&bytes);
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), chunk in 1_usize..64) {
        center_reads(&bytes, chunk);
        edge_reads(&bytes);
        let _ = Payload::decode(&bytes);
    }

    #[test]
    fn whatever_is_encoded_comes_back(
        sequence in any::<u64>(),
        payload in prop::collection::vec(any::<u8>(), 0..2_000),
        chunk in 1_usize..500,
    ) {
        let frame = Up::Batch(Batch { sequence, payload });
        let mut decoder = Decoder::<Up>::new(MAX_FRAME_BYTES);
        let bytes = encode(&frame).unwrap();
        let mut out = None;
        for piece in bytes.chunks(chunk) {
            decoder.push(piece);
            if let Some(frame) = decoder.next().unwrap() {
                prop_assert!(out.replace(frame).is_none());
            }
        }
        prop_assert_eq!(out, Some(frame));
    }
}

#[test]
fn unharmed_frames_are_all_read() {
    assert_eq!(center_reads(&bytes_of(&up_frames()), 7), 3);
    assert_eq!(edge_reads(&bytes_of(&down_frames())).len(), 3);
}

#[test]
fn lengths_over_the_limit_empty_bodies_and_trailing_bytes_are_errors() {
    let next = |bytes: &[u8]| {
        let mut decoder = Decoder::<Down>::new(16);
        decoder.push(bytes);
        decoder.next()
    };
    assert_eq!(
        next(&[0, 0, 0, 17]),
        Err(FrameError::TooLong { len: 17, limit: 16 })
    );
    assert_eq!(
        next(&[0xff; 8]),
        Err(FrameError::TooLong {
            len: 0xffff_ffff,
            limit: 16
        })
    );
    assert!(matches!(next(&[0, 0, 0, 0]), Err(FrameError::Malformed(_))));
    assert!(matches!(
        next(&[0, 0, 0, 3, 1, 5, 9]),
        Err(FrameError::Malformed(_))
    ));
    assert!(
        matches!(next(&[0, 0, 0, 2, 9, 9]), Err(FrameError::Malformed(_))),
        "no such frame"
    );
}

#[test]
fn what_fits_a_payload_fits_a_frame() {
    let largest = MAX_PAYLOAD_BYTES - 5;
    let payload = Payload::RollUps(vec![0; largest]).encode().unwrap();
    assert_eq!(payload.len(), MAX_PAYLOAD_BYTES);
    assert!(
        encode(&Up::Batch(Batch {
            sequence: u64::MAX,
            payload
        }))
        .is_ok()
    );
    assert!(matches!(
        Payload::RollUps(vec![0; largest + 1]).encode(),
        Err(FrameError::TooLong { .. })
    ));
}

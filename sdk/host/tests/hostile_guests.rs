//! Guests that spin, grow, trap and lie. Each is contained, named for what it did, and replaced; its neighbour on the
//! same engine does not notice.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

use std::{sync::OnceLock, time::Duration};

use bongsu_sdk_host::{
    Detector, Engine, Field, FieldKind, HIDDEN, Limits, Masker, PluginError, Setup, attach_manifest,
};
use bongsu_sdk_model::Timestamp;

const FIXTURE: &str = include_str!("fixtures/masker.wat");

/// A `mask` that finds nothing.
const IDLE: &str = r#"(func (export "mask") (param i32 i32) (result i32) (call $no-edits))"#;

fn engine() -> Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| Engine::new().unwrap()).clone()
}

fn limits() -> Limits {
    Limits {
        deadline: Duration::from_millis(100),
        memory_bytes: 4 << 20,
        answer_bytes: 1 << 20,
        host_calls: 5_000,
        ..Limits::default()
    }
}

/// The manifest of the fixture.
const MANIFEST: &str = r#"{"contract":"bongsu:plugin@1.0.0","name":"fixture","version":"1.0.0","world":"masker",
    "summary":"Tests"}"#;

const NOW: Timestamp = Timestamp::from_ms(1_000);

fn setup() -> Setup {
    Setup {
        limits: limits(),
        ..Setup::new("fixture")
    }
}

/// The bytes of a component written as text, with the fixture's manifest.
fn assemble(component: &str) -> Vec<u8> {
    let bytes = wat::parse_str(component).unwrap();
    attach_manifest("fixture", &bytes, MANIFEST.as_bytes()).unwrap()
}

fn load(component: &str) -> Result<Masker, PluginError> {
    Masker::load(&engine(), &assemble(component), &setup())
}

/// The fixture whose `mask` has this body; it is entered with the batch as two parameters.
fn guest(body: &str) -> Masker {
    let mask = format!(r#"(func (export "mask") (param i32 i32) (result i32) {body})"#);
    load(&FIXTURE.replace(";; @mask", &mask)).unwrap()
}

const BATCH: [Field<'static>; 2] = [
    Field {
        kind: FieldKind::Log,
        text: "secret",
    },
    Field {
        kind: FieldKind::Text,
        text: "봉수",
    },
];

/// Masks a batch with `guest`, expects failure, and checks that everything was hidden and a neighbour still works.
#[track_caller]
fn check(mut guest: Masker) -> PluginError {
    let outcome = guest.mask_or_hide(&BATCH, NOW);
    assert!(
        outcome
            .texts
            .iter()
            .all(|t| t.text == HIDDEN && t.found.is_empty())
    );
    assert_eq!(outcome.texts.len(), BATCH.len());
    assert_eq!(
        (
            guest.loaded().counters.calls,
            guest.loaded().counters.failures()
        ),
        (1, 1)
    );
    let mut neighbour = load(&FIXTURE.replace(";; @mask", IDLE)).unwrap();
    assert_eq!(neighbour.mask(&BATCH, NOW).unwrap()[0].text, "secret");
    outcome.failure.unwrap()
}

#[test]
fn a_guest_that_behaves_is_described_and_answers() {
    let mut guest = guest(
        "(call $edit (i32.const 1) (i32.const 3) (i32.const 6) (i32.const 256) (i32.const 1))",
    );
    assert_eq!(guest.loaded().manifest.name, "fixture");
    assert_eq!(guest.loaded().manifest.version, "1.0.0");
    let texts = guest.mask(&BATCH, NOW).unwrap();
    assert_eq!((&*texts[0].text, &*texts[1].text), ("secret", "봉f"));
    assert_eq!(
        (texts[1].found[0].start, texts[1].found[0].what.as_str()),
        (3, "word")
    );
}

#[test]
fn a_guest_that_spins_is_stopped_at_its_deadline() {
    let error = check(guest("(loop $again (br $again)) (unreachable)"));
    assert_eq!(
        error,
        PluginError::Deadline {
            plugin: "fixture".to_owned(),
            limit: limits().deadline
        }
    );
}

#[test]
fn a_guest_that_grows_is_stopped_at_its_limit() {
    let error = check(guest(
        "(loop $again (br_if $again (i32.ne (memory.grow (i32.const 8)) (i32.const -1)))) (unreachable)",
    ));
    assert_eq!(
        error,
        PluginError::Memory {
            plugin: "fixture".to_owned(),
            limit_bytes: 4 << 20
        }
    );
}

#[test]
fn a_guest_that_recurses_for_ever_traps() {
    let mask = r#"(func $mask (export "mask") (param i32 i32) (result i32)
        (i32.add (call $mask (local.get 0) (local.get 1)) (i32.const 1)))"#;
    let error = check(load(&FIXTURE.replace(";; @mask", mask)).unwrap());
    assert!(
        matches!(&error, PluginError::Trap { reason, .. } if reason.contains("stack")),
        "{error}"
    );
}

#[test]
fn a_panic_arrives_with_its_text() {
    let mask = r#"
        (data (i32.const 1024) "no such thing at lib.rs:7")
        (func (export "mask") (param i32 i32) (result i32)
            (call $panicking (i32.const 1024) (i32.const 25)) (unreachable))"#;
    let error = check(load(&FIXTURE.replace(";; @mask", mask)).unwrap());
    assert_eq!(
        error.to_string(),
        "plugin `fixture` trapped: no such thing at lib.rs:7"
    );
}

#[test]
fn after_a_trap_a_fresh_instance_serves_the_next_call() {
    let mut guest = guest(
        "(global.set $calls (i32.add (global.get $calls) (i32.const 1)))
         (if (i32.eq (global.get $calls) (i32.const 3)) (then (unreachable)))
         (call $no-edits)",
    );
    let outcomes: Vec<bool> = (0..9).map(|_| guest.mask(&BATCH, NOW).is_ok()).collect();
    assert_eq!(
        outcomes,
        [true, true, false, true, true, false, true, true, false]
    );
    let counters = guest.loaded().counters;
    assert_eq!(
        (counters.calls, counters.traps, counters.restarts),
        (9, 3, 2)
    );
}

#[test]
fn edits_that_are_lies_are_refused_as_a_whole() {
    for (field, start, end) in [(0, 0, 7), (0, 3, 3), (1, 1, 3), (2, 0, 1), (-1, -2, -1)] {
        let error = check(guest(&format!(
            "(call $edit (i32.const {field}) (i32.const {start}) (i32.const {end}) (i32.const 256) (i32.const 1))"
        )));
        assert!(
            matches!(error, PluginError::Nonsense { .. }),
            "{field} {start}..{end}: {error}"
        );
    }
}

#[test]
fn an_answer_outside_the_guests_memory_is_refused() {
    let error = check(guest("(call $edits (i32.const 65536) (i32.const 1000000))"));
    assert!(matches!(error, PluginError::Nonsense { .. }), "{error}");
    let error = check(guest("(call $edits (i32.const 512) (i32.const -1))"));
    assert!(matches!(error, PluginError::Nonsense { .. }), "{error}");
}

#[test]
fn an_answer_that_is_not_utf_8_is_refused() {
    let error = check(guest(
        "(i32.store8 (i32.const 1024) (i32.const 255))
         (call $edit (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 1024) (i32.const 1))",
    ));
    assert!(matches!(error, PluginError::Nonsense { .. }), "{error}");
}

/// 1 000 edits that all point at the same 50 000 bytes: small in the guest, 50 MB in the host if it believed them.
#[test]
fn a_small_guest_cannot_make_the_host_allocate_much() {
    let error = check(guest(
        "(local $at i32)
         (local.set $at (i32.const 8192))
         (drop (memory.grow (i32.const 4)))
         (loop $next
            (i32.store offset=20 (local.get $at) (i32.const 0))
            (i32.store offset=24 (local.get $at) (i32.const 50000))
            (local.set $at (i32.add (local.get $at) (i32.const 28)))
            (br_if $next (i32.lt_u (local.get $at) (i32.const 36192))))
         (call $edits (i32.const 8192) (i32.const 1000))",
    ));
    assert!(matches!(&error, PluginError::Nonsense { .. }), "{error}");
}

#[test]
fn a_storm_of_log_lines_is_dropped_and_counted() {
    let mut guest = guest(
        "(local $n i32)
         (loop $next
            (call $log (i32.const 1) (i32.const 256) (i32.const 7))
            (local.set $n (i32.add (local.get $n) (i32.const 1)))
            (br_if $next (i32.lt_u (local.get $n) (i32.const 1000))))
         (call $no-edits)",
    );
    assert!(guest.mask(&BATCH, NOW).is_ok());
    assert_eq!(
        guest.loaded().counters.log_lines_dropped,
        1_000 - u64::from(limits().log_lines)
    );
}

#[test]
fn what_is_not_a_component_is_refused() {
    let module = wat::parse_str("(module)").unwrap();
    for (bytes, says) in [
        (&b""[..], "empty"),
        (b"PK\x03\x04 not a component", "zip archive"),
        (b"\0asm\x0d\0\x01\0\xff\xff", ""),
        (&module, "core module"),
    ] {
        let error = Masker::load(&engine(), bytes, &setup()).err().unwrap();
        assert!(matches!(error, PluginError::NotComponent { .. }), "{error}");
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[test]
fn a_component_of_another_world_is_refused() {
    let masker = assemble(&FIXTURE.replace(";; @mask", IDLE));
    let error = Detector::load(&engine(), &masker, &setup()).err().unwrap();
    assert!(
        matches!(&error, PluginError::Contract { world: "detector", reason, .. } if reason.contains("a masker")),
        "{error}"
    );
    let error = load("(component)").err().unwrap();
    assert!(
        matches!(
            error,
            PluginError::Contract {
                world: "masker",
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn an_import_that_is_not_granted_is_refused_by_name() {
    let wasi = r#"(import "wasi:clocks/wall-clock@0.2.0" (instance))"#;
    let error = load(
        &FIXTURE
            .replace(";; @mask", IDLE)
            .replace(";; @import", wasi),
    )
    .err()
    .unwrap();
    assert!(
        matches!(&error, PluginError::Contract { reason, .. } if reason.contains("wasi:clocks")),
        "{error}"
    );
}

#[test]
fn a_manifest_that_lies_is_refused() {
    // It says that it is a detector, and exports a masker.
    let bytes = wat::parse_str(FIXTURE.replace(";; @mask", IDLE)).unwrap();
    let lie = MANIFEST.replace(r#""masker""#, r#""detector""#);
    let lying = attach_manifest("fixture", &bytes, lie.as_bytes()).unwrap();
    let error = Detector::load(&engine(), &lying, &setup()).err().unwrap();
    assert!(
        matches!(
            error,
            PluginError::Contract {
                world: "detector",
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn a_component_without_a_manifest_or_with_one_for_another_host_is_refused() {
    let bytes = wat::parse_str(FIXTURE.replace(";; @mask", IDLE)).unwrap();
    let bare = Masker::load(&engine(), &bytes, &setup()).err().unwrap();
    assert!(
        matches!(&bare, PluginError::Manifest { reason, .. } if reason.contains("hint")),
        "{bare}"
    );
    let newer = MANIFEST.replace("@1.0.0", "@2.0.0");
    let error = attach_manifest("fixture", &bytes, newer.as_bytes()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("this host speaks `bongsu:plugin@1.0.0`"),
        "{error}"
    );
}

#[test]
fn a_call_to_what_is_not_granted_is_stopped_by_name() {
    let error = check(guest(
        "(drop (call $set (i32.const 256) (i32.const 7) (i32.const 256) (i32.const 7))) (call $no-edits)",
    ));
    assert_eq!(
        error,
        PluginError::Ungranted {
            plugin: "fixture".to_owned(),
            interface: "state"
        }
    );
}

#[test]
fn a_storm_of_host_calls_is_stopped() {
    let error = check(guest(
        "(loop $again (call $log (i32.const 1) (i32.const 256) (i32.const 7)) (br $again)) (unreachable)",
    ));
    assert_eq!(
        error,
        PluginError::HostCalls {
            plugin: "fixture".to_owned(),
            limit: limits().host_calls
        }
    );
}

#[test]
fn an_instance_that_never_finishes_starting_is_refused() {
    let slow = FIXTURE.replace(";; @mask", IDLE).replace(
        "(result i32) (i32.const 96))",
        "(result i32) (loop $again (br $again)) (unreachable))",
    );
    assert!(matches!(
        load(&slow).err().unwrap(),
        PluginError::Deadline { .. }
    ));
}

#[test]
fn memory_beyond_the_limit_from_the_start_is_refused() {
    let fat = FIXTURE.replace(";; @mask", IDLE).replace(
        r#"(memory (export "memory") 1)"#,
        r#"(memory (export "memory") 100)"#,
    );
    assert!(matches!(
        load(&fat).err().unwrap(),
        PluginError::Memory { .. }
    ));
}

//! The plugins of this repository, as `cargo xtask plugins` built them, in the real sandbox.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use std::{env, path::PathBuf, time::Duration};

use bongsu_sdk_host::{
    Detector, Engine, Field, FieldKind, Limits, MaskedTransaction, Masker, PluginError,
};
use bongsu_sdk_model::{AppId, InstanceId, LoginOutcome, Severity, Timestamp, UrlTemplate};

fn built(name: &str) -> Vec<u8> {
    let folder = env::var_os("BONGSU_PLUGINS").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/plugins")),
        PathBuf::from,
    );
    let file = folder.join(name).with_extension("wasm");
    std::fs::read(&file)
        .unwrap_or_else(|e| panic!("{}: {e}; hint: run `cargo xtask plugins`", file.display()))
}

fn settings(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect()
}

fn login(at_ms: i64, client: &str, outcome: LoginOutcome) -> MaskedTransaction {
    MaskedTransaction {
        ended: Timestamp::from_ms(at_ms),
        duration_us: 90_000,
        app: AppId::new("minwon").unwrap(),
        instance: InstanceId::new("was-1").unwrap(),
        url: UrlTemplate::new("/login").unwrap(),
        method: "POST".to_owned(),
        status: 401,
        failed: false,
        client: Some(client.to_owned()),
        session: None,
        user: None,
        login: Some(outcome),
    }
}

#[test]
fn the_masker_masks_and_leaves_clean_text_alone() {
    let engine = Engine::new().unwrap();
    let bytes = built("mask-korean-pii");
    let mut masker = Masker::load(&engine, "pii", &bytes, &Limits::default(), &[]).unwrap();
    assert_eq!(masker.manifest().name, "mask-korean-pii");
    let fields = [
        Field {
            kind: FieldKind::Url,
            text: "/find?tel=010-9876-5432&q=1",
        },
        Field {
            kind: FieldKind::Url,
            text: "/orders/list",
        },
        Field {
            kind: FieldKind::Text,
            text: "박서연 씨 세션",
        },
    ];
    let texts = masker.mask(&fields).unwrap();
    let shown: Vec<&str> = texts.iter().map(|t| &*t.text).collect();
    assert_eq!(
        shown,
        [
            "/find?tel=010-****-5432&q=1",
            "/orders/list",
            "박** 씨 세션"
        ]
    );
    assert_eq!(texts[0].found[0].what, "phone");
    assert_eq!(masker.counters().failures(), 0);
}

#[test]
fn the_detector_finds_guessing_and_signs_what_it_finds() {
    let engine = Engine::new().unwrap();
    let settings = settings(&[("client_failures", "5"), ("window_seconds", "60")]);
    let bytes = built("detect-login-brute-force");
    let mut detector =
        Detector::load(&engine, "guessing", &bytes, &Limits::default(), &settings).unwrap();
    let calm: Vec<_> = (0..50)
        .map(|i| login(i * 10, &format!("c{i}"), LoginOutcome::Failed))
        .collect();
    assert_eq!(
        detector.check(&calm, Timestamp::from_ms(1_000)).unwrap(),
        []
    );
    let burst: Vec<_> = (0..9)
        .map(|i| login(2_000 + i * 100, "bad", LoginOutcome::Failed))
        .collect();
    let findings = detector.check(&burst, Timestamp::from_ms(3_000)).unwrap();
    assert_eq!(findings.len(), 1);
    let finding = &findings[0];
    assert_eq!(
        (finding.kind.as_str(), finding.subject.as_str()),
        ("login-brute-force", "client:bad")
    );
    assert_eq!(
        finding.detector,
        format!("login-brute-force@{}", detector.manifest().version)
    );
    assert_eq!(finding.severity, Severity::Warning);
    assert_eq!(finding.window.from, Timestamp::from_ms(2_000));
    assert!(finding.evidence.contains(&("failures".to_owned(), 5.0)));
}

#[test]
fn settings_a_plugin_does_not_know_are_refused_by_name() {
    let engine = Engine::new().unwrap();
    let bytes = built("detect-login-brute-force");
    let load = |key: &str, value: &str| {
        Detector::load(
            &engine,
            "guessing",
            &bytes,
            &Limits::default(),
            &settings(&[(key, value)]),
        )
        .err()
        .unwrap()
    };
    assert!(
        matches!(load("windw", "3"), PluginError::Settings { reason, .. } if reason.contains("`windw`"))
    );
    assert!(
        matches!(load("client_failures", "x"), PluginError::Settings { reason, .. } if reason.contains("client_failures"))
    );
}

#[test]
fn a_masker_cannot_be_loaded_as_a_detector() {
    let engine = Engine::new().unwrap();
    let error = Detector::load(
        &engine,
        "x",
        &built("mask-korean-pii"),
        &Limits::default(),
        &[],
    )
    .err()
    .unwrap();
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
fn a_damaged_component_is_refused_and_never_crashes_the_host() {
    let engine = Engine::new().unwrap();
    let whole = built("detect-login-brute-force");
    let limits = Limits {
        deadline: Duration::from_millis(200),
        ..Limits::default()
    };
    for cut in [0, 4, 12, whole.len() / 2, whole.len() - 1] {
        let error = Detector::load(&engine, "cut", &whole[..cut], &limits, &[])
            .err()
            .unwrap();
        assert!(
            matches!(error, PluginError::NotComponent { .. }),
            "{cut}: {error}"
        );
    }
    // A flipped bit may leave a valid component that does something else; it must be contained either way.
    for place in (16..whole.len()).step_by(whole.len() / 24) {
        let mut flipped = whole.clone();
        flipped[place] ^= 1;
        if let Ok(mut detector) = Detector::load(&engine, "flipped", &flipped, &limits, &[]) {
            let batch = [login(1, "c", LoginOutcome::Failed)];
            let result = detector.check(&batch, Timestamp::from_ms(1));
            assert_eq!(
                detector.counters().failures(),
                u64::from(result.is_err()),
                "{place}"
            );
        }
    }
}

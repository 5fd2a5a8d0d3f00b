//! The plugins of this repository, as `cargo xtask plugins` built them, in the real sandbox.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use std::{env, path::PathBuf, time::Duration};

use bongsu_sdk_host::{
    Batch, Detector, Engine, Events, Field, FieldKind, Limits, Manifest, MaskedTransaction, Masker,
    PluginError, Setup,
};
use bongsu_sdk_model::{AppId, InstanceId, LoginOutcome, Severity, Timestamp, UrlTemplate, Window};

fn built(name: &str) -> Vec<u8> {
    let folder = env::var_os("BONGSU_PLUGINS").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/plugins")),
        PathBuf::from,
    );
    let file = folder.join(name).with_extension("wasm");
    std::fs::read(&file)
        .unwrap_or_else(|e| panic!("{}: {e}; hint: run `cargo xtask plugins`", file.display()))
}

fn batch(now_ms: i64, transactions: &[MaskedTransaction]) -> Batch {
    let window = Window::new(Timestamp::from_ms(0), Timestamp::from_ms(now_ms));
    Batch::new(window, &Events::Transactions(transactions.to_vec()))
}

fn login(at_ms: i64, client: &str, outcome: LoginOutcome) -> MaskedTransaction {
    MaskedTransaction {
        ended: Timestamp::from_ms(at_ms),
        duration_us: 90_000,
        sql_us: 0,
        external_us: 0,
        release: None,
        target: None,
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
    let mut masker = Masker::load(&engine, &bytes, &Setup::new("pii")).unwrap();
    assert_eq!(masker.loaded().manifest.name, "mask-korean-pii");
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
    let texts = masker.mask(&fields, Timestamp::from_ms(0)).unwrap();
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
    assert_eq!(masker.loaded().counters.failures(), 0);
}

#[test]
fn the_detector_finds_guessing_and_signs_what_it_finds() {
    let engine = Engine::new().unwrap();
    let setup =
        Setup::new("guessing").with_settings(&[("client_failures", "5"), ("window_seconds", "60")]);
    let bytes = built("detect-login-brute-force");
    let mut detector = Detector::load(&engine, &bytes, &setup).unwrap();
    let calm: Vec<_> = (0..50)
        .map(|i| login(i * 10, &format!("c{i}"), LoginOutcome::Failed))
        .collect();
    assert_eq!(detector.check(&batch(1_000, &calm)).unwrap(), []);
    let burst: Vec<_> = (0..9)
        .map(|i| login(2_000 + i * 100, "bad", LoginOutcome::Failed))
        .collect();
    let findings = detector.check(&batch(3_000, &burst)).unwrap();
    assert_eq!(findings.len(), 1);
    let finding = &findings[0];
    assert_eq!(
        (finding.kind.as_str(), finding.subject.as_str()),
        ("login-brute-force", "client:bad")
    );
    assert_eq!(
        finding.detector,
        format!(
            "detect-login-brute-force@{}",
            detector.loaded().manifest.version
        )
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
        let setup = Setup::new("guessing").with_settings(&[(key, value)]);
        Detector::load(&engine, &bytes, &setup).err().unwrap()
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
    let error = Detector::load(&engine, &built("mask-korean-pii"), &Setup::new("x"))
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
    let mut setup = Setup::new("damaged");
    setup.limits = Limits {
        deadline: Duration::from_millis(200),
        ..Limits::default()
    };
    for cut in [0, 4, 12, whole.len() / 2, whole.len() - 1] {
        let error = Detector::load(&engine, &whole[..cut], &setup)
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
        if let Ok(mut detector) = Detector::load(&engine, &flipped, &setup) {
            let result = detector.check(&batch(1, &[login(1, "c", LoginOutcome::Failed)]));
            assert_eq!(
                detector.loaded().counters.failures(),
                u64::from(result.is_err()),
                "{place}"
            );
        }
    }
}

#[test]
fn a_manifest_is_read_without_running_the_plugin() {
    let manifest = Manifest::read("x", &built("detect-login-brute-force")).unwrap();
    assert_eq!(manifest.name, "detect-login-brute-force");
    assert_eq!(manifest.settings.len(), 5);
}
